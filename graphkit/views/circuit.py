"""Circuit diagrams: discs are types (or single neurons), arrows connections, as wide as they have synapses.

Where two groups are connected only with each other, they stand at the left and at the right; else all stand on a circle, with
those that are strongly connected beside each other; or in layers, or by forces, where that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.views.arrangement import Shape, arranged
from graphkit.views.arrows import (
    DISC_IN,
    clear_bend,
    curve_points,
    draw_arrow,
    draw_number,
    draw_ring,
    ring_in,
    width_of,
)
from graphkit.views.colours import LINE, UNKNOWN, colour_legend, colours_of
from graphkit.views.figure import (
    GREY,
    INK,
    halo,
    new_figure,
    note_height,
    plain_axes,
    text_width_in,
    title_height,
    titled,
)
from graphkit.views.labels import Box, best_boxes, box_at, box_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["MOST_DISCS", "check_discs", "circuit_diagram"]

MOST_DISCS = 40
_LABELLED_ARROWS = 14
_NAME_PT, _NAME_IN = 9.0, 0.155
_NUMBER_PT, _NUMBER_IN = 7.5, 0.13
_STRAIGHT_FIRST = (0.0, 0.12, -0.12, 0.24, -0.24, 0.38, -0.38)
_BOTH_WAYS = (0.14, 0.26, 0.4)
"""How far arrows may bend; those of a reciprocal pair to one side, which is another for each of them."""

Place = tuple[float, float]


def circuit_diagram(
    edges: Mapping[tuple[str, str], int],
    title: str,
    *,
    kinds: Mapping[str, str | None] | None = None,
    kinds_are: str = "transmitter",
    shape: Shape = "circuit",
    coupled: bool = False,
    note: str = "",
) -> Figure:
    """The diagram of connections (from, to) with their synapses.

    Args:
        kinds: transmitter (or class) of each disc, which gives the colours; ``kinds_are`` says what it is.
        shape: "layers": from who sends to who receives (``graphkit.views.layers``); "force": what is strongly connected stands
            together (``graphkit.views.force``); else two columns, or a circle.
        coupled: gap junctions, given both ways: one line each, without a head.

    Raises:
        NotAnswerableError: no connection, or more discs than can be read.
    """
    if not edges:
        raise NotAnswerableError(
            "There is no connection to draw.", hint="Ask for fewer synapses, or in a larger region."
        )
    names = sorted({n for pair in edges for n in pair})
    check_discs(len(names))
    kinds = kinds or {}
    places, sides, columns = arranged(edges, names, shape)
    colour = colours_of([kinds.get(n) for n in names])
    heaviest = max(edges.values())
    figure = new_figure(6, 4, by_hand=True)  # its size follows from what is drawn
    axes = figure.add_axes((0, 0, 1, 1))
    plain_axes(axes)

    rooms = dict.fromkeys(names, DISC_IN) | {a: ring_in(width_of(w, heaviest)) for (a, b), w in edges.items() if a == b}
    lines: dict[tuple[str, str], list[Place]] = {}
    for pair, synapses in sorted(edges.items(), key=lambda item: (item[1], item[0])):  # the strongest lie on top
        if coupled and pair[0] > pair[1]:
            continue
        shade = colour.get(kinds.get(pair[0]) or UNKNOWN, GREY)
        shade = LINE if coupled or shade == GREY else shade
        width, gid = width_of(synapses, heaviest), f"{pair[0]}->{pair[1]}"
        start, end = places[pair[0]], places[pair[1]]
        if pair[0] == pair[1]:
            draw_ring(axes, start, width, shade, gid)
            continue
        bend = _bend(pair, places, both=pair[::-1] in edges and not coupled, shape=shape, apart=columns is not None)
        lines[pair] = curve_points(start, end, bend)
        alpha = 0.45 + 0.45 * synapses / heaviest
        ends = (rooms[pair[0]], rooms[pair[1]])
        look = {"width": width, "colour": shade, "alpha": alpha, "bend": bend, "headless": coupled}
        draw_arrow(axes, start, end, **look, rooms=ends, gid=gid)  # type: ignore[arg-type]
    for name in names:
        _disc(axes, name, places[name], colour.get(kinds.get(name) or UNKNOWN, GREY))
    boxes = _texts(axes, edges, places, sides, rooms, lines)
    drawn = [kinds.get(n) or UNKNOWN for n in names] if kinds else []
    colour_legend(axes, colour, drawn, kinds_are, _widths(heaviest, min(edges.values())))
    notes = [
        *(["From left to right by signal flow."] if shape == "layers" else []),
        *(["What is strongly connected stands together."] if shape == "force" and len(names) > 2 else []),
        *(["A ring: connections within."] if any(a == b for a, b in edges) else []),
        *(["Gap junctions: no direction."] if coupled else []),
        *([note] if note else []),
    ]
    _fit(figure, axes, [*boxes, *_extent(places, rooms, lines)], title, " ".join(notes))
    titled(figure, title, " ".join(notes))
    return figure


def check_discs(count: int) -> None:
    """Raises NotAnswerableError where there are more discs than can be read."""
    if count > MOST_DISCS:
        raise NotAnswerableError(
            f"A circuit of {count:,} discs cannot be read; {MOST_DISCS} is the most.",
            hint="Ask `by type`, for more synapses (`with at least 10 synapses`), or in a smaller region.",
        )


def _bend(pair: tuple[str, str], places: Mapping[str, Place], *, both: bool, shape: Shape, apart: bool) -> float:
    """How far the arrow bends: as little as it can without passing a disc, and to its own side where another comes back."""
    if apart:
        return 0.06 if both else 0.0
    others = [place for name, place in places.items() if name not in pair]
    if both:
        bends: tuple[float, ...] = _BOTH_WAYS
    else:
        bends = _STRAIGHT_FIRST if shape != "circuit" else _STRAIGHT_FIRST[1:]
    return clear_bend(places[pair[0]], places[pair[1]], others, bends)


def _texts(
    axes: Axes,
    edges: Mapping[tuple[str, str], int],
    places: Mapping[str, Place],
    sides: Mapping[str, list[float]],
    rooms: Mapping[str, float],
    lines: Mapping[tuple[str, str], list[Place]],
) -> list[Box]:
    """Writes the names beside the discs and, where there are few, the numbers on the arrows; the boxes that they take."""
    choices: dict[str, list[Box]] = {}
    crowded = len(places) > _CROWDED and any(turn not in (0.0, 0.25, 0.5) for turns in sides.values() for turn in turns)
    for name, place in places.items():
        wide = text_width_in(name, _NAME_PT)
        turns = sides[name] or _away(name, places, edges)
        off = [rooms[name] + 0.06 + row * (_NAME_IN + 0.02) for row in (range(4) if crowded else range(1))]
        choices[f"name {name}"] = [box_beside(place, t, r, wide, _NAME_IN) for r in off for t in turns]
    if len(edges) <= _LABELLED_ARROWS:
        for pair, line in lines.items():
            wide = text_width_in(f"{edges[pair]:,}", _NUMBER_PT) + 0.05
            at = sorted(range(3, len(line) - 3), key=lambda k: (abs(k - 7), k))
            choices[f"number {pair}"] = [box_at(line[k], wide, _NUMBER_IN) for k in at]
        for (a, b), synapses in edges.items():
            if a == b:
                wide = text_width_in(f"{synapses:,}", _NUMBER_PT) + 0.05
                around = [box_beside(places[a], t, rooms[a] + 0.02, wide, _NUMBER_IN) for t in _ROUND]
                choices[f"number {(a, b)}"] = around
    discs = {f"name {n}": box_at(p, 2 * rooms[n], 2 * rooms[n]) for n, p in places.items()}
    boxes = best_boxes(choices, discs, list(lines.values()))
    for name in places:
        axes.text(
            *boxes[f"name {name}"].middle,
            name,
            ha="center",
            va="center",
            fontsize=_NAME_PT,
            zorder=6,
            path_effects=halo(),
        )
    for pair, synapses in edges.items():
        if (key := f"number {pair}") in boxes:
            draw_number(axes, boxes[key].middle, synapses)
    return list(boxes.values())


_CROWDED = 10
"""Discs of a circle beyond which names may stand further out."""

_ROUND = (0.875, 0.625, 0.125, 0.375, 0.75, 0.25, 0.0, 0.5)


def _away(name: str, places: Mapping[str, Place], edges: Mapping[tuple[str, str], int]) -> list[float]:
    """The eight directions, those first that lead away from what a disc is connected with."""
    x, y = places[name]
    near = [places[b if a == name else a] for a, b in edges if name in (a, b) and a != b]
    dx, dy = (sum(p[k] - (x, y)[k] for p in near) for k in (0, 1))
    away = (math.atan2(-dy, -dx) / (2 * math.pi)) % 1 if math.hypot(dx, dy) > 1e-9 else 0.0

    def off(turn: float) -> float:
        apart = abs(turn - away) % 1
        return min(apart, 1 - apart)

    return sorted(_ROUND, key=lambda t: (round(off(t), 6), t))


def _disc(axes: Axes, name: str, place: Place, colour: str) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(Circle(place, DISC_IN, facecolor=colour, edgecolor=INK, linewidth=0.7, zorder=4, gid=name))


def _extent(
    places: Mapping[str, Place], rooms: Mapping[str, float], lines: Mapping[tuple[str, str], list[Place]]
) -> list[Box]:
    discs = [box_at(place, 2 * rooms[name] + 0.1, 2 * rooms[name] + 0.1) for name, place in places.items()]
    return [*discs, *(box_at(point, 0.1, 0.1) for line in lines.values() for point in line)]


def _fit(figure: Figure, axes: Axes, boxes: list[Box], title: str, note: str) -> None:
    """The size of the figure, so that an inch of the drawing is one: what is drawn, the legend at its right, the title above."""
    left, bottom = (min(getattr(b, end) for b in boxes) - 0.1 for end in ("left", "bottom"))
    right, top = (max(getattr(b, end) for b in boxes) + 0.1 for end in ("right", "top"))
    beside = beneath = 0.0
    if (legend := axes.get_legend()) is not None:
        said = [legend.get_title().get_text(), *(t.get_text() for t in legend.get_texts())]
        beside = 0.65 + max(text_width_in(line, 8) for line in said)
        beneath = 0.2 + 0.17 * len(said)
    wide, tall = right - left, max(top - bottom, beneath)
    across = max(wide + beside + 0.2, 5.0)
    above, below = 0.1 + title_height(title, across), 0.1 + note_height(note, across)
    down = tall + above + below
    figure.set_size_inches(across, down)
    middle = (bottom + top) / 2
    axes.set_position((0.1 / across, below / down, wide / across, tall / down))
    axes.set_xlim(left, right)
    axes.set_ylim(middle - tall / 2, middle + tall / 2)


def _widths(heaviest: int, lightest: int) -> list[Line2D]:
    """Lines of a legend that say how wide a connection is drawn."""
    from matplotlib.lines import Line2D

    steps = sorted({heaviest, max(lightest, round(heaviest / 3)), lightest}, reverse=True)
    return [
        Line2D([], [], color="#666666", linewidth=width_of(s, heaviest), label=f"{s:,} synapse{'' if s == 1 else 's'}")
        for s in steps
    ]
