"""Arrows of a circuit diagram, in inches: which way they bend so that they pass no disc, and how they are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from graphkit.views.figure import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DISC_IN", "clear_bend", "curve_points", "draw_arrow", "draw_number", "draw_ring", "ring_in", "width_of"]

DISC_IN = 0.105
"""Radius of a disc."""

_WIDEST, _THINNEST = 6.0, 0.4
_STEPS = 16

Place = tuple[float, float]


def width_of(synapses: float, heaviest: float) -> float:
    """Of an arrow, in points."""
    return _THINNEST + (_WIDEST - _THINNEST) * synapses / heaviest


def ring_in(width: float) -> float:
    """The outer radius of the ring around a disc that connects with itself."""
    return DISC_IN + 0.045 + 0.6 * width / 72


def curve_points(start: Place, end: Place, bend: float) -> list[Place]:
    """Along an arrow from its start to its end: the curve that matplotlib's ``arc3`` draws."""
    (x0, y0), (x1, y1) = start, end
    middle = ((x0 + x1) / 2 + bend * (y1 - y0), (y0 + y1) / 2 - bend * (x1 - x0))
    steps = [k / _STEPS for k in range(_STEPS + 1)]
    return [
        (
            (1 - t) ** 2 * x0 + 2 * t * (1 - t) * middle[0] + t * t * x1,
            (1 - t) ** 2 * y0 + 2 * t * (1 - t) * middle[1] + t * t * y1,
        )
        for t in steps
    ]


def clear_bend(start: Place, end: Place, others: Iterable[Place], bends: Sequence[float]) -> float:
    """The first of the bends with which an arrow passes the fewest discs of ``others``."""
    near = list(others)

    def passed(bend: float) -> int:
        points = curve_points(start, end, bend)
        return sum(any(math.hypot(x - u, y - v) < 2 * DISC_IN for x, y in points) for u, v in near)

    return min(bends, key=lambda bend: (passed(bend), bends.index(bend)))


def draw_arrow(
    axes: Axes,
    start: Place,
    end: Place,
    *,
    width: float,
    colour: str,
    alpha: float,
    bend: float,
    headless: bool,
    rooms: tuple[float, float],
    gid: str,
) -> None:
    """``rooms``: the radii of what stands at both ends, in inches."""
    from matplotlib.patches import FancyArrowPatch

    head = "-" if headless else f"-|>,head_length={max(5.0, 1.3 * width):g},head_width={max(2.2, 0.75 * width):g}"
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle=f"arc3,rad={bend:g}",
            arrowstyle=head,
            linewidth=width,
            color=colour,
            alpha=alpha,
            shrinkA=72 * rooms[0] + 3,
            shrinkB=72 * rooms[1] + (3 if headless else 5),
            zorder=2,
            capstyle="butt",
            joinstyle="miter",
            gid=gid,
        )
    )


def draw_ring(axes: Axes, place: Place, width: float, colour: str, gid: str) -> None:
    """Around a disc that connects with itself."""
    from matplotlib.patches import Circle

    line = 0.6 * width
    radius = ring_in(width) - line / 72 / 2
    axes.add_patch(Circle(place, radius, fill=False, edgecolor=colour, linewidth=line, zorder=3, gid=gid))


def draw_number(axes: Axes, at: Place, synapses: int) -> None:
    """The synapses, on an arrow."""
    box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    axes.text(*at, f"{synapses:,}", fontsize=7.5, ha="center", va="center", color=INK, bbox=box, zorder=5)
