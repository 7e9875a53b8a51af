"""Motifs as small drawings: what stands where, and which arrows there are."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from matplotlib.patches import Circle, FancyArrowPatch

from graphkit.errors import GraphkitError
from graphkit.motifs import DYADS, TRIADS
from graphkit.views.figure import figure_bytes, new_figure, own_style, plain_axes
from graphkit.views.glyphs import draw_motif, motif_places, pattern_edges


def drawn(edges, **how):  # type: ignore[no-untyped-def]
    with own_style():
        axes = new_figure(1, 1).add_subplot()
        plain_axes(axes)
        draw_motif(axes, edges, **how)
    discs = [p for p in axes.patches if isinstance(p, Circle)]
    arrows = [p for p in axes.patches if isinstance(p, FancyArrowPatch)]
    return axes, discs, arrows


@pytest.mark.parametrize("motif", [*DYADS, *TRIADS], ids=lambda m: m.code)
def test_a_disc_a_neuron_and_an_arrow_a_connection(motif) -> None:  # type: ignore[no-untyped-def]
    nodes, edges = pattern_edges(motif.pattern)
    assert len(nodes) == motif.n_neurons
    _, discs, arrows = drawn(edges, nodes=nodes)
    assert len(discs) == motif.n_neurons
    assert len(arrows) == motif.pattern.count("->")
    centre = dict(zip(nodes, (d.get_center() for d in discs), strict=True))
    for (pre, post), arrow in zip(edges, arrows, strict=True):
        (x0, y0), (x1, y1) = arrow.get_path().vertices[0], arrow._posA_posB[1]
        assert math.dist((x0, y0), centre[pre]) < math.dist((x0, y0), centre[post])
        assert math.dist((x1, y1), centre[post]) < math.dist((x1, y1), centre[pre])


@pytest.mark.parametrize("count", range(1, 9))
def test_places_are_apart_and_within_the_drawing(count: int) -> None:
    places = list(motif_places(list("abcdefgh"[:count])).values())
    assert all(max(map(abs, p)) <= 0.5 for p in places)
    assert all(math.dist(p, q) > 0.2 for i, p in enumerate(places) for q in places[:i])
    if count > 3:  # clockwise: each turn is to the right
        turns = [
            (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
            for (a, b), (_, c) in pairwise(pairwise([*places, *places[:2]]))
        ]
        assert max(turns) < 0


def test_connections_both_ways_do_not_lie_on_each_other() -> None:
    _, _, (there, back) = drawn([("a", "b"), ("b", "a")])
    assert there._posA_posB[0][1] != back._posA_posB[0][1]


def test_an_absent_connection_is_dashed_and_an_autapse_is_a_loop() -> None:
    _, _, (loop, gone) = drawn([("a", "a")], nodes=["a", "b"], absent=[("a", "b")])
    assert loop.get_linestyle() == "-"
    assert gone.get_linestyle() != "-"


def test_the_size_and_place_are_those_asked() -> None:
    _, discs, _ = drawn([("a", "b")], at=(10, -3), size=2, labels={"a": "EPG"}, colours={"a": "#123456"})
    assert [d.get_center() for d in discs] == [(10 - 0.72, pytest.approx(-3)), (10 + 0.72, pytest.approx(-3))]
    assert discs[0].get_facecolor() == pytest.approx((0x12 / 255, 0x34 / 255, 0x56 / 255, 1))


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(GraphkitError, match="9 neurons cannot be drawn"):
        motif_places(range(9))
    with pytest.raises(GraphkitError, match="not in the motif: \\['c'\\]"):
        drawn([("a", "c")], nodes=["a", "b"])


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_figure_is_the_same_bytes(kind: str) -> None:
    def once() -> bytes:
        axes, _, _ = drawn([("a", "b"), ("b", "a")])
        return figure_bytes(axes.figure, kind)

    assert once() == once()


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(GraphkitError, match="no picture format 'gif'"):
        figure_bytes(new_figure(1, 1), "gif")
