"""Circuit diagrams: discs are types (or single neurons), arrows connections, as wide as they have synapses.

Where two groups are connected only with each other, they stand at the left and at the right; else all stand on a circle, with
those that are strongly connected beside each other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.views.colours import UNKNOWN, colour_legend, colours_of
from graphkit.views.figure import GREY, INK, halo, new_figure, plain_axes, titled
from graphkit.views.layers import layer_places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["MOST_DISCS", "check_discs", "circle_order", "circuit_diagram"]

MOST_DISCS = 40
_LABELLED_ARROWS = 14
_WIDEST, _THINNEST = 6.0, 0.4
_DISC = 0.06
"""Radius; the circle that the discs stand on has radius 1."""

Place = tuple[float, float]


def circuit_diagram(
    edges: Mapping[tuple[str, str], int],
    title: str,
    *,
    kinds: Mapping[str, str | None] | None = None,
    kinds_are: str = "transmitter",
    layers: bool = False,
    coupled: bool = False,
) -> Figure:
    """The diagram of connections (from, to) with their synapses.

    Args:
        kinds: transmitter (or class) of each disc, which gives the colours; ``kinds_are`` says what it is.
        layers: columns from who sends to who receives (``graphkit.views.layers``), in place of a circle.
        coupled: gap junctions, given both ways: one line each, without a head.

    Raises:
        NotAnswerableError: no connection, or more discs than can be read.
    """
    names = sorted({n for pair in edges for n in pair})
    if not edges:
        raise NotAnswerableError(
            "There is no connection to draw.", hint="Ask for fewer synapses, or in a larger region."
        )
    check_discs(len(names))
    sources, targets = (set(), set()) if layers else _two_groups(edges, names) or (set(), set())
    apart = bool(sources)
    places = (
        layer_places(edges, names) if layers else _columns(edges, sources, targets) if apart else _circle(edges, names)
    )
    kinds = kinds or {}
    colour = colours_of([kinds.get(n) for n in names])
    tall = max(4.6, 1.6 + 0.36 * max(len(sources), len(targets))) if apart else 6.6
    wide = 8.4
    if layers:
        columns = Counter(x for x, _ in places.values())
        tall, wide = max(3.6, 1.4 + 0.75 * max(columns.values())), max(7.0, 3.0 + 1.5 * len(columns))
    figure = new_figure(wide, tall)
    axes = figure.add_subplot()
    plain_axes(axes)
    if apart or layers:
        axes.set_aspect("auto")
    heaviest = max(edges.values())
    for pair, synapses in sorted(edges.items(), key=lambda item: item[1]):  # the strongest lie on top
        if coupled and pair[0] > pair[1]:
            continue
        shade = GREY if coupled else colour.get(kinds.get(pair[0]) or UNKNOWN, GREY)
        if layers and pair[0] == pair[1]:
            _ring(axes, places[pair[0]], _width(synapses, heaviest), shade)
            continue
        near = layers and places[pair[0]][0] == places[pair[1]][0]
        bend = 0.4 if near else 0.14 if not apart else 0.06 if pair[::-1] in edges and not coupled else 0.0
        _arrow(axes, places, pair, _width(synapses, heaviest), shade, 0.35 + 0.5 * synapses / heaviest, bend, coupled)
        if len(edges) <= _LABELLED_ARROWS:
            part = _roomy(pair, sources, targets) if apart else 0.42
            _number(axes, places, pair, synapses, bend, part, 5.4 / (tall - 1) if apart else 1.0)
    for name in names:
        side = "above" if layers else ("left" if name in sources else "right") if apart else ""
        _disc(
            axes,
            name,
            places[name],
            colour.get(kinds.get(name) or UNKNOWN, GREY),
            side,
            25 if (name, name) in edges else 15,
        )
    if layers:
        axes.set_xlim(-0.5, max(x for x, _ in places.values()) + 0.5)
        axes.set_ylim(-0.08, 1.08)
    else:
        _limits(axes, names, apart)
    drawn = [kinds.get(n) or UNKNOWN for n in names] if kinds else []
    colour_legend(axes, colour, drawn, kinds_are, _widths(heaviest, min(edges.values())))
    rings = layers and any(a == b for a, b in edges)
    notes = ["From left to right by signal flow. A ring: connections within."] if rings else []
    titled(figure, title, " ".join([*notes, *(["Gap junctions: no direction."] if coupled else [])]))
    return figure


def check_discs(count: int) -> None:
    """Raises NotAnswerableError where there are more discs than can be read."""
    if count > MOST_DISCS:
        raise NotAnswerableError(
            f"A circuit of {count:,} discs cannot be read; {MOST_DISCS} is the most.",
            hint="Ask `by type`, for more synapses (`with at least 10 synapses`), or in a smaller region.",
        )


def _width(synapses: float, heaviest: float) -> float:
    return _THINNEST + (_WIDEST - _THINNEST) * synapses / heaviest


def circle_order(edges: Mapping[tuple[str, str], float], names: list[str]) -> list[str]:
    """Names in an order in which each stands beside the one that it is most connected with, greedily from the strongest."""
    weight = {frozenset(p): edges.get(p, 0) + edges.get((p[1], p[0]), 0) for p in edges if p[0] != p[1]}

    def between(a: str, b: str) -> float:
        return weight.get(frozenset((a, b)), 0)

    total = {n: sum(w for p, w in weight.items() if n in p) for n in names}
    order = [min(names, key=lambda n: (-total[n], n))]
    left = set(names) - set(order)
    while left:
        end, begin = order[-1], order[0]
        after = min(left, key=lambda n: (-between(end, n), -total[n], n))
        before = min(left, key=lambda n: (-between(begin, n), -total[n], n))
        if between(begin, before) > between(end, after):
            order.insert(0, before)
            left.remove(before)
        else:
            order.append(after)
            left.remove(after)
    return order


def _circle(edges: Mapping[tuple[str, str], int], names: list[str]) -> dict[str, Place]:
    order = circle_order(edges, names)
    turn = 2 * math.pi / len(order)
    return {n: (math.sin(i * turn), math.cos(i * turn)) for i, n in enumerate(order)}


def _two_groups(edges: Mapping[tuple[str, str], int], names: list[str]) -> tuple[set[str], set[str]] | None:
    """Names in two groups without a connection within either, the one that gives more first; None where there are none."""
    around: dict[str, set[str]] = {n: set() for n in names}
    for a, b in edges:
        around[a].add(b)
        around[b].add(a)
    group: dict[str, int] = {}
    for first in names:
        if first in group:
            continue
        gives = sum(w for (a, _), w in edges.items() if a == first) - sum(
            w for (_, b), w in edges.items() if b == first
        )
        group[first], waiting = int(gives < 0), [first]
        while waiting:
            name = waiting.pop()
            for other in sorted(around[name]):
                if other not in group:
                    group[other] = 1 - group[name]
                    waiting.append(other)
                elif group[other] == group[name]:
                    return None
    return {n for n in names if group[n] == 0}, {n for n in names if group[n] == 1}


def _columns(edges: Mapping[tuple[str, str], int], sources: set[str], targets: set[str]) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for x, side in ((0.0, sources), (1.0, targets)):
        total = {n: sum(w for pair, w in edges.items() if n in pair) for n in side}
        order = sorted(side, key=lambda n: (-total[n], n))
        for i, name in enumerate(order):
            places[name] = (x, 1 - (i + 0.5) / len(order))
    return places


def _arrow(
    axes: Axes,
    places: Mapping[str, Place],
    pair: tuple[str, str],
    width: float,
    colour: str,
    alpha: float,
    bend: float,
    coupled: bool,
) -> None:
    from matplotlib.patches import FancyArrowPatch

    (x0, y0), (x1, y1) = places[pair[0]], places[pair[1]]
    head = "-" if coupled else f"-|>,head_length={max(5.0, 1.3 * width):g},head_width={max(2.2, 0.75 * width):g}"
    if pair[0] == pair[1]:  # a loop, outwards
        side = 0.9 * _DISC
        axes.add_patch(
            FancyArrowPatch(
                (x0 - y0 * side, y0 + x0 * side),
                (x0 + y0 * side, y0 - x0 * side),
                connectionstyle="arc3,rad=-2.2",
                arrowstyle=head,
                linewidth=width * 0.7,
                color=colour,
                alpha=alpha,
                shrinkA=6,
                shrinkB=6,
                zorder=2,
                gid=f"{pair[0]}->{pair[1]}",
            )
        )
        return
    axes.add_patch(
        FancyArrowPatch(
            (x0, y0),
            (x1, y1),
            connectionstyle=f"arc3,rad={bend:g}",
            arrowstyle=head,
            linewidth=width,
            color=colour,
            alpha=alpha,
            shrinkA=11,
            shrinkB=11 if coupled else 13,
            zorder=2,
            capstyle="butt",
            joinstyle="miter",
            gid=f"{pair[0]}->{pair[1]}",
        )
    )


def _ring(axes: Axes, place: Place, width: float, colour: str) -> None:
    """Around a disc that connects with itself."""
    (x, y), size = place, 21 + width
    axes.plot(
        [x], [y], marker="o", markersize=size, fillstyle="none", color=colour, markeredgewidth=0.6 * width, zorder=3
    )


def _roomy(pair: tuple[str, str], sources: set[str], targets: set[str]) -> float:
    """How far along an arrow its number has room: on the side of the longer column, and not where the arrow back has its."""
    near_source = (len(sources) >= len(targets)) == (pair[0] in sources)
    return 0.24 if near_source else 0.6


def _number(
    axes: Axes, places: Mapping[str, Place], pair: tuple[str, str], synapses: int, bend: float, part: float, wide: float
) -> None:
    """The synapses on the arrow; ``wide``: of a unit of x, in units of y."""
    (x0, y0), (x1, y1) = places[pair[0]], places[pair[1]]
    if pair[0] == pair[1]:
        at = (x0 * 1.17 + 0.10 * y0, y0 * 1.17 - 0.10 * x0)
    else:
        off = 2 * part * (1 - part) * bend  # of the curve from the straight line
        at = (x0 + part * (x1 - x0) + off * (y1 - y0) / wide, y0 + part * (y1 - y0) - off * (x1 - x0) * wide)
    box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    axes.text(*at, f"{synapses:,}", fontsize=7.5, ha="center", va="center", color=INK, bbox=box, zorder=5)


def _disc(axes: Axes, name: str, place: Place, colour: str, column: str, room: float) -> None:
    """``room``: points from the middle to the name."""
    x, y = place
    axes.plot(
        [x], [y], marker="o", markersize=15, color=colour, markeredgecolor=INK, markeredgewidth=0.7, zorder=4, gid=name
    )
    aside: tuple[float, float]
    if column == "above":
        aside, side, height = (0.0, 13.0), "center", "bottom"
    elif column:
        aside = (-12.0 if column == "left" else 12.0, 0.0)
        side, height = ("right" if column == "left" else "left"), "center"
    else:
        angle = math.atan2(y, x)
        aside = (room * math.cos(angle), room * math.sin(angle))
        side = "left" if x > 0.15 else "right" if x < -0.15 else "center"
        height = "center" if side != "center" else "bottom" if y > 0 else "top"
    axes.annotate(
        name, place, aside, textcoords="offset points", ha=side, va=height, fontsize=9, zorder=6, path_effects=halo()
    )


def _limits(axes: Axes, names: list[str], apart: bool) -> None:
    longest = max(len(n) for n in names)
    if apart:
        room = 0.06 + 0.012 * longest
        axes.set_xlim(-room, 1 + room)
        axes.set_ylim(-0.02, 1.02)
    else:
        room = 1.18 + 0.028 * longest
        axes.set_xlim(-room, room)
        axes.set_ylim(-1.25, 1.25)


def _widths(heaviest: int, lightest: int) -> list[Line2D]:
    """Lines of a legend that say how wide a connection is drawn."""
    from matplotlib.lines import Line2D

    steps = sorted({heaviest, max(lightest, round(heaviest / 3)), lightest}, reverse=True)
    return [
        Line2D([], [], color="#666666", linewidth=_width(s, heaviest), label=f"{s:,} synapse{'' if s == 1 else 's'}")
        for s in steps
    ]
