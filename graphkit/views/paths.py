"""Paths: from left to right, a column a step, an arrow a connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.views.colours import LINE, UNKNOWN, colour_legend, colours_of
from graphkit.views.figure import GREY, INK, halo, new_figure, titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MOST_IN_A_COLUMN", "path_diagram"]

MOST_IN_A_COLUMN = 40
_LABELLED_ARROWS = 14

Step = tuple[int, str]
"""A place in the diagram: how many steps from the left, and who."""


def path_diagram(
    paths: Sequence[Sequence[str]],
    weights: Sequence[Sequence[int]],
    title: str,
    *,
    kinds: Mapping[str, str | None] | None = None,
    kinds_are: str = "transmitter",
    unit: str = "synapses",
    added: bool = False,
    note: str = "",
) -> Figure:
    """Paths that share a neuron at a step share its disc; the last ones stand at the right, however short their path.

    Args:
        paths: names along each path.
        weights: of each path's connections, one fewer than its names.
        kinds: transmitter (or what ``kinds_are`` says) by name, which gives the colours.
        added: weights of paths that share a connection are added up; else they are the same, its synapses.

    Raises:
        NotAnswerableError: no path, or more discs in a column than can be read.
    """
    if not paths:
        raise NotAnswerableError("There is no path to draw.", hint="Ask for more hops, or for fewer synapses.")
    last = max(len(p) for p in paths) - 1
    edges: dict[tuple[Step, Step], int] = {}
    for names, along in zip(paths, weights, strict=True):
        steps = [(last if i == len(names) - 1 else i, name) for i, name in enumerate(names)]
        for pair, weight in zip(pairwise(steps), along, strict=True):
            edges[pair] = weight + edges.get(pair, 0) if added else weight
    columns: dict[int, set[str]] = defaultdict(set)
    for pair in edges:
        for step, name in pair:
            columns[step].add(name)
    tallest = max(map(len, columns.values()))
    if tallest > MOST_IN_A_COLUMN:
        raise NotAnswerableError(
            f"A diagram with {tallest:,} neurons in a column cannot be read; {MOST_IN_A_COLUMN} is the most.",
            hint="Ask `by type`, for more synapses, for fewer hops, or with a limit: `limit 20`.",
        )
    places = _places(edges, columns)
    kinds = kinds or {}
    colour = colours_of(kinds.values())
    longest = max(len(name) for names in columns.values() for name in names)
    figure = new_figure(max(6.0, 1.5 + last * (1.4 + 0.08 * longest)), max(2.6, 1.2 + 0.42 * tallest))
    axes = figure.add_subplot()
    axes.set_axis_off()
    _draw_arrows(axes, edges, places, colour, kinds)
    for (step, name), at in places.items():
        axes.plot(
            [at[0]],
            [at[1]],
            marker="o",
            markersize=13,
            color=colour.get(kinds.get(name) or UNKNOWN, GREY),
            markeredgecolor=INK,
            markeredgewidth=0.7,
            zorder=4,
            gid=f"{step} {name}",
        )
        axes.annotate(
            name,
            at,
            (0, 9),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8.5,
            zorder=6,
            path_effects=halo(),
        )
    axes.set_xlim(-0.35, last + 0.35)
    axes.set_ylim(-0.6, tallest - 0.2)
    colour_legend(axes, colour, [kinds.get(n) or UNKNOWN for _, n in places] if kinds else [], kinds_are)
    drawn = "Numbers" if len(edges) <= _LABELLED_ARROWS else "Width of an arrow"
    titled(figure, title, f"{drawn}: {unit}. {note}".strip())
    return figure


def _places(edges: Mapping[tuple[Step, Step], int], columns: Mapping[int, set[str]]) -> dict[Step, tuple[float, float]]:
    """Columns from the left; within one, by the mean height of those before, so that few arrows cross."""
    tallest = max(map(len, columns.values()))
    places: dict[Step, tuple[float, float]] = {}
    for step in sorted(columns):
        before = {name: [places[a][1] for a, b in edges if b == (step, name) and a in places] for name in columns[step]}
        strength = {name: sum(w for pair, w in edges.items() if (step, name) in pair) for name in columns[step]}

        def rank(
            name: str, before: dict[str, list[float]] = before, strength: dict[str, int] = strength
        ) -> tuple[float, int, str]:
            heights = before[name]
            return (-sum(heights) / len(heights) if heights else 0.0, -strength[name], name)

        order = sorted(columns[step], key=rank)
        for i, name in enumerate(order):
            places[step, name] = (float(step), (tallest - 1) * (0.5 if len(order) == 1 else 1 - i / (len(order) - 1)))
    return places


def _draw_arrows(axes, edges, places, colour, kinds) -> None:  # type: ignore[no-untyped-def]
    from matplotlib.patches import FancyArrowPatch

    heaviest = max(edges.values())
    for (a, b), weight in sorted(edges.items(), key=lambda item: (item[1], item[0])):
        width = 0.5 + 4.5 * weight / heaviest
        head = f"-|>,head_length={max(5.0, 1.4 * width):g},head_width={max(2.2, 0.8 * width):g}"
        shade = colour.get(kinds.get(a[1]) or UNKNOWN, GREY)
        axes.add_patch(
            FancyArrowPatch(
                places[a],
                places[b],
                arrowstyle=head,
                linewidth=width,
                color=LINE if shade == GREY else shade,
                alpha=0.4 + 0.45 * weight / heaviest,
                shrinkA=9,
                shrinkB=10,
                zorder=2,
                gid=f"{a[1]}->{b[1]}",
            )
        )
        if len(edges) <= _LABELLED_ARROWS:
            (x0, y0), (x1, y1) = places[a], places[b]
            at = (x0 + 0.4 * (x1 - x0), y0 + 0.4 * (y1 - y0))
            box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
            axes.text(*at, f"{weight:,}", fontsize=7.5, ha="center", va="center", color=INK, bbox=box, zorder=5)
