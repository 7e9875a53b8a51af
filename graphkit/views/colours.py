"""Colours of transmitters and of classes, always the same ones."""

from __future__ import annotations

from collections.abc import Iterable

from graphkit.views.figure import GREY, PALETTE

__all__ = ["UNKNOWN", "colours_of", "transmitter_colour"]

UNKNOWN = "unknown"

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
    """A colour for each name: those of transmitters where they are known ones, else the palette in order of the names."""
    found = sorted({n for n in names if n is not None})
    if any(transmitter_colour(n) != GREY for n in found):
        return {**{n: transmitter_colour(n) for n in found}, UNKNOWN: GREY}
    return {**{n: PALETTE[i] if i < len(PALETTE) else GREY for i, n in enumerate(found)}, UNKNOWN: GREY}
