"""Small drawings of motifs: a disc a neuron, an arrow a connection.

Neurons stand on a circle, the first at the top left, clockwise (two: beside each other; three: a triangle with `a` and `b`
above `c`; four: a square). A reciprocal connection is two arrows side by side.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphkitError
from graphkit.views.figure import GREY, INK, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_motif", "motif_places", "pattern_edges"]

_LARGEST = 8
_RADIUS = 0.36
"""Of the circle that the neurons stand on, in a drawing that is 1 wide."""

_GAP = 0.022
"""Half of the distance between the two arrows of a reciprocal connection, in the same unit."""


def pattern_edges(pattern: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Neurons (by name) and connections of a pattern like that of ``graphkit.motifs.TRIADS``.

    >>> pattern_edges("(a)->(b), (c)")
    (['a', 'b', 'c'], [('a', 'b')])
    """
    nodes = sorted(set(re.findall(r"\((\w+)\)", pattern)))
    return nodes, re.findall(r"\((\w+)\)\s*->\s*\((\w+)\)", pattern)


def motif_places(nodes: Sequence[Hashable]) -> dict[Hashable, tuple[float, float]]:
    """Where each neuron stands: x, y within -0.5 ... 0.5, y upwards.

    Raises:
        GraphkitError: no neuron, or more than can be told apart in a small drawing.
    """
    count = len(nodes)
    if not 1 <= count <= _LARGEST:
        raise GraphkitError(f"A motif of {count} neurons cannot be drawn.", hint=f"Draw 1 to {_LARGEST}.")
    if count == 1:
        return {nodes[0]: (0.0, 0.0)}
    first = {2: math.pi, 3: 5 / 6 * math.pi}.get(count, math.pi / 2 + math.pi / count)
    turn = 2 * math.pi / count
    lift = _RADIUS / 4 if count == 3 else 0.0  # a triangle's middle is not that of its circle
    return {
        node: (_RADIUS * math.cos(first - i * turn), _RADIUS * math.sin(first - i * turn) + lift)
        for i, node in enumerate(nodes)
    }


def draw_motif(
    axes: Axes,
    edges: Iterable[tuple[Hashable, Hashable]],
    *,
    nodes: Sequence[Hashable] | None = None,
    absent: Iterable[tuple[Hashable, Hashable]] = (),
    labels: Mapping[Any, str] | None = None,
    colours: Mapping[Any, str] | None = None,
    at: tuple[float, float] = (0.0, 0.0),
    size: float = 1.0,
    line_width: float = 1.2,
    apart: float = 1.0,
    downwards: bool = False,
) -> None:
    """Draws a motif on ``axes`` in their data coordinates, in the square of width ``size`` around ``at``.

    Args:
        edges: (pre, post) pairs; both ways for a reciprocal connection, (a, a) for an autapse.
        nodes: the neurons in the order of their places, also those without a connection; else those of the edges, sorted.
        absent: connections that must not be there: dashed and grey.
        labels: text within the discs; they are larger then.
        colours: of the discs.
        apart: distance of the two arrows of a reciprocal connection, larger for a smaller drawing.
        downwards: the axes' y grows downwards, as in a list of bars.

    The axes' aspect should be equal (``graphkit.views.figure.plain_axes``), or the drawing is squeezed.

    Raises:
        GraphkitError: no neuron, too many, or a connection of a neuron that is not among ``nodes``.
    """
    present, missing = list(dict.fromkeys(edges)), list(dict.fromkeys(absent))
    ends = {end for edge in (*present, *missing) for end in edge}
    named = list(nodes) if nodes is not None else sorted(ends, key=str)
    if unknown := ends - set(named):
        raise GraphkitError(f"The connections name neurons that are not in the motif: {sorted(map(str, unknown))}.")
    up = -size if downwards else size
    places = {n: (at[0] + size * x, at[1] + up * y) for n, (x, y) in motif_places(named).items()}
    disc = size * (0.13 if labels else 0.085)
    for pre, post in (*present, *missing):
        there = (pre, post) in present
        aside = apart * size * _GAP if pre != post and (post, pre) in (*present, *missing) else 0.0
        _arrow(axes, places[pre], places[post], disc, aside, line_width, there)
    _discs(axes, places, disc, labels or {}, colours or {}, line_width)


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    disc: float,
    aside: float,
    line_width: float,
    there: bool,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    colour, style = (INK, "-") if there else (GREY, (0, (2, 1.5)))
    head = f"-|>,head_length={2.2 * line_width:g},head_width={1.2 * line_width:g}"
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    if length == 0:  # an autapse: a loop above the disc
        left, right = (x0 - 0.7 * disc, y0 + 0.7 * disc), (x0 + 0.7 * disc, y0 + 0.8 * disc)
        bend = "arc3,rad=-1.6"
    else:
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        off = (-dy * aside, dx * aside)
        room = disc * 1.12
        left = (x0 + dx * room + off[0], y0 + dy * room + off[1])
        right = (x1 - dx * room + off[0], y1 - dy * room + off[1])
        bend = "arc3,rad=0"
    axes.add_patch(
        FancyArrowPatch(
            left,
            right,
            arrowstyle=head,
            connectionstyle=bend,
            shrinkA=0,
            shrinkB=0,
            linewidth=line_width,
            linestyle=style,
            color=colour,
            zorder=2,
        )
    )


def _discs(
    axes: Axes,
    places: Mapping[Hashable, tuple[float, float]],
    radius: float,
    labels: Mapping[Hashable, str],
    colours: Mapping[Hashable, str],
    line_width: float,
) -> None:
    from matplotlib.patches import Circle

    for node, place in places.items():
        colour = colours.get(node, PALETTE[5] if labels else PALETTE[0])
        axes.add_patch(Circle(place, radius, facecolor=colour, edgecolor=INK, linewidth=0.6 * line_width, zorder=3))
        if node in labels:
            axes.text(*place, labels[node], ha="center", va="center", fontsize=8, color=INK, zorder=4)
