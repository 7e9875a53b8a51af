"""Types of two sides, or of two datasets: how many neurons each has on either."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from graphkit.views.figure import (
    GREY,
    INK,
    PALETTE,
    halo,
    new_figure,
    powers_of_ten,
    text_width_in,
    thousands,
    title_height,
    titled,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter, FuncFormatter

__all__ = ["compared_types", "type_chart"]

_MOST_ROWS = 40
_NAMED = 12
_FACTOR = 2
"""Types with this many times as many neurons on one side as on the other stand out."""

_FIRST, _SECOND, _APART = PALETTE[0], PALETTE[1], PALETTE[3]


class Compared(NamedTuple):
    """The columns of such an answer: the name, and the neurons on both sides."""

    name: str
    first: str
    second: str


def compared_types(columns: Sequence[str]) -> Compared | None:
    """What an answer with these columns compares, or None."""
    sides = [c for c in columns if c.startswith("neurons_")]
    inputs = [c for c in columns if c.startswith("inputs_")]
    if len(sides) != 2 or [c.removeprefix("neurons") for c in sides] != [c.removeprefix("inputs") for c in inputs]:
        return None
    return Compared(columns[0], *sides)


def type_chart(table: pa.Table, title: str) -> Figure:
    """Of up to 40 types a row each, its two numbers joined by a line; of more a disc for all types of the same two numbers."""
    of = compared_types(table.column_names)
    assert of is not None, "it fits"
    rows = list(zip(*(table[c].to_pylist() for c in of), strict=True))
    named = [("(none)" if name is None else str(name), int(a or 0), int(b or 0)) for name, a, b in rows]
    sides = (of.first.removeprefix("neurons_"), of.second.removeprefix("neurons_"))
    figure = _rows(named, sides) if len(named) <= _MOST_ROWS else _plane(named, sides, of.name, title)
    both = sum(1 for _, a, b in named if a and b)
    alone = [sum(1 for row in named if row[1 + k] and not row[2 - k]) for k in (0, 1)]
    said = [f"{both:,} on both sides" if set(sides) == {"left", "right"} else f"{both:,} in both"]
    said += [f"{n:,} only in {side}" for n, side in zip(alone, sides, strict=True)]
    titled(figure, title, f"{of.name.capitalize()}s: {', '.join(said)}.")
    return figure


def _apart(a: int, b: int) -> bool:
    return max(a, b) >= _FACTOR * min(a, b)


def _rows(rows: list[tuple[str, int, int]], sides: tuple[str, str]) -> Figure:
    figure = new_figure(8.0, 1.4 + max(0.24 * len(rows), 0.8))
    axes = figure.add_subplot()
    for y, (_, a, b) in enumerate(rows):
        apart = _apart(a, b)
        axes.plot([a, b], [y, y], color=_APART if apart else GREY, linewidth=2.2 if apart else 1.4, zorder=2)
    look: dict[str, Any] = {
        "linestyle": "",
        "markeredgecolor": INK,
        "markeredgewidth": 0.6,
        "zorder": 3,
        "clip_on": False,
    }
    places = range(len(rows))
    axes.plot([a for _, a, _ in rows], places, marker="o", markersize=7, color=_FIRST, label=sides[0], **look)
    axes.plot([b for *_, b in rows], places, marker="D", markersize=4.5, color=_SECOND, label=sides[1], **look)
    axes.plot([], [], color=_APART, linewidth=2.2, label=f"{_FACTOR} times as many or more")
    axes.set_yticks(places, [name for name, *_ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.04 * max(1, *(n for _, a, b in rows for n in (a, b))))
    axes.set_xlabel("neurons")
    axes.tick_params(left=False)
    thousands(axes.xaxis, whole=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=8, borderaxespad=0.2)
    return figure


def _plane(rows: list[tuple[str, int, int]], sides: tuple[str, str], called: str, title: str) -> Figure:
    """What one side lacks stands in a strip at its edge, where its number is 0."""
    wide, tall = _SIDE_IN + 1.2, _SIDE_IN + 1.5 + title_height(title, _SIDE_IN + 1.2)
    figure = new_figure(wide, tall, by_hand=True)  # so that names can be placed
    axes = figure.add_axes((0.9 / wide, 0.8 / tall, _SIDE_IN / wide, _SIDE_IN / tall))
    most = max(n for _, a, b in rows for n in (a, b))
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        powers_of_ten(axis)
    ends = (0.3, 1.6 * most)
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    for line in (axes.axvspan, axes.axhspan):
        line(ends[0], 0.7, color=GREY, alpha=0.15, linewidth=0, zorder=0)
    axes.plot([0.7, ends[1]], [0.7, ends[1]], color=GREY, linewidth=0.9, zorder=1)
    at = Counter((max(a, _NONE), max(b, _NONE)) for _, a, b in rows)
    look: dict[str, Any] = {"alpha": 0.65, "linewidth": 0.4, "edgecolor": "white"}
    kinds = ((False, PALETTE[0], "alike"), (True, _APART, f"{_FACTOR} times as many or more, or in one alone"))
    for apart, colour, label in kinds:
        places = [
            (place, n) for place, n in at.items() if _apart(*(0 if x == _NONE else int(x) for x in place)) == apart
        ]
        x, y = ([place[k] for place, _ in places] for k in (0, 1))
        area = [_area(n) for _, n in places]
        axes.scatter(x, y, s=area, color=colour, zorder=3, **look)
        axes.scatter([], [], s=_area(10), color=colour, label=label, **look)
    several = sorted({n for n in (1, 10, 100) if n <= max(at.values())} | {1})
    for n in several:
        label = f"{n:,} {called}{'s' * (n > 1)} at one place"
        axes.scatter([], [], s=_area(n), color=GREY, label=label, **look)
    _name(axes, rows)
    axes.set_xlabel(f"neurons in {sides[0]}")
    axes.set_ylabel(f"neurons in {sides[1]}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([_NONE, *(10.0**k for k in range(10) if 10.0**k < ends[1])])
        axis.set_major_formatter(_or_none(axis.get_major_formatter()))
    axes.minorticks_off()
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=8, borderaxespad=0.2)
    return figure


_SIDE_IN = 5.4
_NONE = 0.45
"""Where none is drawn on a logarithmic axis."""


def _area(types: int) -> float:
    return 14.0 * math.sqrt(types)


def _or_none(said: Formatter) -> FuncFormatter:
    """Numbers of the axis, and "none" in the strip."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, place: "none" if value < 1 else said(value, place))


def _name(axes: Axes, rows: list[tuple[str, int, int]]) -> None:
    """Names of the types that differ most, where there is room."""
    most = sorted(rows, key=lambda row: (-abs(row[1] - row[2]), row[0]))
    boxes: list[tuple[float, float, float, float]] = []
    for name, a, b in most[: 4 * _NAMED]:
        if not _apart(a, b) or len(boxes) == _NAMED:
            continue
        x, y = (axes.transData.transform((max(a, _NONE), max(b, _NONE))) / axes.figure.dpi).tolist()
        wide = text_width_in(name, 7.5)
        right = a < b  # towards the middle of the picture
        left = x + 0.08 if right else x - 0.08 - wide
        box = (left, y - 0.02, left + wide, y + 0.13)
        if any(box[0] - 0.08 < u1 and u0 < box[2] + 0.08 and box[1] < v1 and v0 < box[3] for u0, v0, u1, v1 in boxes):
            continue
        boxes.append(box)
        axes.annotate(
            name,
            (max(a, _NONE), max(b, _NONE)),
            (5.5 if right else -5.5, 1),
            textcoords="offset points",
            ha="left" if right else "right",
            fontsize=7.5,
            path_effects=halo(),
            zorder=5,
        )
