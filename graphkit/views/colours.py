"""Colours of transmitters and of classes, always the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from graphkit.views.figure import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["LINE", "UNKNOWN", "colour_legend", "colours_of", "transmitter_colour"]

UNKNOWN = "unknown"

LINE = "#6B6B6B"
"""Of an arrow from what has no colour: darker than its disc, as it is thin."""

_TRANSMITTERS = {
    "acetylcholine": "#D55E00",
    "gaba": "#0072B2",
    "glutamate": "#009E73",
    "dopamine": "#CC79A7",
    "serotonin": "#E69F00",
    "octopamine": "#56B4E9",
    "histamine": "#F0E442",
}
_SHORT = {
    "ach": "acetylcholine",
    "glut": "glutamate",
    "da": "dopamine",
    "ser": "serotonin",
    "5-ht": "serotonin",
    "oct": "octopamine",
}


def transmitter_colour(name: str | None) -> str:
    """Of a transmitter, by any of its usual spellings; grey for others."""
    folded = (name or "").casefold()
    return _TRANSMITTERS.get(_SHORT.get(folded, folded), GREY)


def colours_of(names: Iterable[str | None]) -> dict[str, str]:
    """A colour for each name: those of transmitters where they are known ones, else the palette in order of the names, the most
    frequent ones where it has not enough; others are grey."""
    counts = Counter(n for n in names if n is not None)
    found = sorted(counts)
    if any(transmitter_colour(n) != GREY for n in found):
        return {**{n: transmitter_colour(n) for n in found}, UNKNOWN: GREY}
    shown = sorted(sorted(found, key=lambda n: -counts[n])[: len(PALETTE)])
    return {**dict(zip(shown, PALETTE, strict=False)), **{n: GREY for n in found if n not in shown}, UNKNOWN: GREY}


def colour_legend(
    axes: Axes, colour: Mapping[str, str], drawn: Iterable[str], title: str, more: Sequence[Line2D] = ()
) -> None:
    """A legend beside the picture: a disc for each colour that is ``drawn``, under ``title``, and then ``more``."""
    from matplotlib.lines import Line2D

    used = set(drawn)
    disc = {"marker": "o", "linestyle": "", "markersize": 8, "markeredgecolor": INK, "markeredgewidth": 0.5}
    others = [k for k in colour if k in used and colour[k] == GREY and k != UNKNOWN]
    named = {k: colour[k] for k in colour if k in used and (k not in others or len(others) == 1)}
    if len(others) > 1:
        named[f"{len(others):,} others"] = GREY
    if set(named) == {UNKNOWN}:  # nothing to tell apart
        named = {}
    handles = [Line2D([], [], color=c, label=k, **disc) for k, c in named.items()]  # type: ignore[arg-type]
    if handles or more:
        axes.legend(
            handles=[*handles, *more],
            title=title if handles else None,
            frameon=False,
            fontsize=8,
            title_fontsize=8,
            alignment="left",
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
        )
