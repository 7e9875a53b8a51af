"""Circuits by forces: the places against Kamada & Kawai's of networkx, and that arrows and names keep clear of discs."""

from __future__ import annotations

import math
from itertools import combinations, product

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, NotAnswerableError
from graphkit.query.result import Result
from graphkit.views.arrangement import circle_order
from graphkit.views.arrows import DISC_IN, clear_bend, curve_points
from graphkit.views.circuit import circuit_diagram
from graphkit.views.figure import figure_bytes, own_style
from graphkit.views.force import force_places, wished_distances
from graphkit.views.labels import Box, best_boxes, box_beside

Edges = dict[tuple[str, str], int]


def random_edges(seed: int, n: int = 12, count: int = 22) -> Edges:
    rng = np.random.default_rng(seed)
    ends = [(f"n{a}", f"n{b}") for a, b in rng.integers(0, n, (count, 2)).tolist()]
    ends += [(f"n{k}", f"n{k + 1}") for k in range(n - 1)]  # so that all hangs together
    return {pair: int(w) for pair, w in zip(ends, rng.integers(1, 300, len(ends)), strict=True)}


def names_of(edges: Edges) -> list[str]:
    return sorted({n for pair in edges for n in pair})


def as_lengths(edges: Edges) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(names_of(edges))
    for a, b in edges:
        if a != b:
            graph.add_edge(a, b, n=edges.get((a, b), 0) + edges.get((b, a), 0))
    most = max(n for *_, n in graph.edges(data="n"))
    for _, _, data in graph.edges(data=True):
        data["length"] = 2 - math.sqrt(data["n"] / most)
    return graph


# -- the places


@pytest.mark.parametrize("seed", range(4))
def test_wished_distances_are_shortest_paths(seed: int) -> None:
    edges = random_edges(seed)
    names = names_of(edges)
    paths = dict(nx.all_pairs_dijkstra_path_length(as_lengths(edges), weight="length"))
    assert wished_distances(edges, names) == pytest.approx(np.array([[paths[a][b] for b in names] for a in names]))


@pytest.mark.parametrize("seed", range(4))
def test_the_stress_is_no_more_than_that_of_kamada_and_kawai(seed: int) -> None:
    edges = random_edges(seed)
    names, graph = names_of(edges), as_lengths(edges)
    paths = dict(nx.all_pairs_dijkstra_path_length(graph, weight="length"))

    def stress(places: dict[str, tuple[float, float]]) -> float:
        """The least for any size of the drawing."""
        far = np.array([math.dist(places[a], places[b]) for a, b in combinations(names, 2)])
        wish = np.array([paths[a][b] for a, b in combinations(names, 2)])
        scale = (far / wish).sum() / np.square(far / wish).sum()
        return float(np.square(scale * far / wish - 1).sum())

    theirs = nx.kamada_kawai_layout(graph, dist=paths)
    ours = force_places(edges, names, apart=0)
    assert stress(ours) <= 1.01 * stress({n: tuple(p) for n, p in theirs.items()})


def test_places_depend_on_the_connections_alone() -> None:
    edges = random_edges(1)
    order = circle_order(edges, names_of(edges))
    backwards = dict(reversed(list(edges.items())))
    assert force_places(edges, order) == force_places(backwards, circle_order(backwards, names_of(edges)))


def test_no_two_discs_are_too_near_and_signals_go_to_the_right() -> None:
    edges = random_edges(2, n=30, count=200)
    places = force_places(edges, names_of(edges), apart=0.6)
    assert min(math.dist(places[a], places[b]) for a, b in combinations(places, 2)) >= 0.6 - 1e-3
    chain = force_places({("a", "b"): 9, ("b", "c"): 9}, ["a", "b", "c"])
    assert chain["a"][0] < chain["b"][0] < chain["c"][0]
    assert chain["c"][0] - chain["a"][0] == pytest.approx(2, abs=0.02)


def test_parts_that_nothing_joins_stand_by_themselves() -> None:
    large = random_edges(3)
    parts = [{("x", "y"): 5, ("y", "z"): 3, ("z", "x"): 1}, {("lone", "lone"): 4}, {("p", "q"): 2}]
    edges = large | parts[0] | parts[1] | parts[2]
    places = force_places(edges, names_of(edges))

    def box(of: Edges) -> Box:
        points = [places[n] for n in names_of(of)]
        return Box(*(f(p[k] for p in points) for f in (min, max) for k in (0, 1)))

    boxes = [box(of) for of in (large, *parts)]
    for one, other in combinations(boxes, 2):
        apart = (other.left - one.right, one.left - other.right, other.bottom - one.top, one.bottom - other.top)
        assert max(apart) >= 1 - 1e-3
    assert all(other.top < boxes[0].bottom for other in boxes[1:])


# -- arrows and names


@pytest.mark.parametrize("bend", [0.0, 0.2, -0.3])
def test_curves_are_those_that_matplotlib_draws(bend: float) -> None:
    start, end = (0.0, 0.0), (3.0, 1.0)
    arrow = FancyArrowPatch(start, end, arrowstyle="-", connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0)
    middle = arrow.get_path().interpolated(1).vertices[1]
    assert arrow.get_path().vertices[1] == pytest.approx(middle)
    x0, control, x1 = np.array(start), arrow.get_path().vertices[1], np.array(end)
    halfway = x0 / 4 + control / 2 + x1 / 4
    assert curve_points(start, end, bend)[8] == pytest.approx(halfway)


def test_an_arrow_goes_around_a_disc() -> None:
    bends = (0.0, 0.12, -0.12, 0.3)
    assert clear_bend((0, 0), (4, 0), [], bends) == 0.0
    bend = clear_bend((0, 0), (4, 0), [(2.0, 0.0)], bends)
    assert bend != 0
    assert min(math.dist(p, (2.0, 0.0)) for p in curve_points((0, 0), (4, 0), bend)) >= 2 * DISC_IN


def test_a_name_stands_where_nothing_is() -> None:
    turns = (0.0, 0.25, 0.5, 0.75)
    choices = {n: [box_beside(p, t, 0.2, 0.6, 0.15) for t in turns] for n, p in {"a": (0, 0), "b": (0.7, 0)}.items()}
    discs = {"a": Box(-0.1, -0.1, 0.1, 0.1), "b": Box(0.6, -0.1, 0.8, 0.1)}
    line = [(0.0, k / 10) for k in range(10)]
    found = best_boxes(choices, discs, [line])
    assert found["a"] == choices["a"][2], "at the right is b, above a line"
    assert found["b"] == choices["b"][0]


def pieces(figure: Figure) -> tuple[dict[str, Circle], list[FancyArrowPatch]]:
    patches = figure.axes[0].patches
    circles = {str(p.get_gid()): p for p in patches if isinstance(p, Circle)}
    return circles, [p for p in patches if isinstance(p, FancyArrowPatch)]


@pytest.mark.parametrize("shape", ["force", "circuit", "layers"])
def test_names_cover_neither_discs_nor_each_other(shape: str) -> None:
    edges = random_edges(5, n=14, count=10)
    with own_style():
        figure = circuit_diagram(edges, "a circuit", shape=shape)  # type: ignore[arg-type]
        figure.canvas.draw()
    circles, arrows = pieces(figure)
    loops = {f"{a}->{b}" for a, b in edges if a == b}
    assert {str(p.get_gid()) for p in arrows} | loops == {f"{a}->{b}" for a, b in edges}
    assert set(circles) == set(names_of(edges)) | loops
    texts = [t for t in figure.axes[0].texts if t.get_text() in circles]
    assert len(texts) == len(names_of(edges))
    boxes = [t.get_window_extent() for t in texts]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    for text, (name, disc) in product(texts, circles.items()):
        centre = figure.axes[0].transData.transform(disc.center)
        assert name == text.get_text() or "->" in name or not text.get_window_extent().contains(*centre)
    for text in (*texts, *figure.axes[0].get_legend().get_texts()):
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


def test_an_inch_of_the_drawing_is_one() -> None:
    with own_style():
        figure = circuit_diagram({("a", "b"): 3, ("b", "a"): 9, ("b", "b"): 1}, "t", shape="force")
        figure.canvas.draw()
    circles, arrows = pieces(figure)
    (ax, ay), (bx, by) = (figure.axes[0].transData.transform(circles[n].center) for n in "ab")
    assert math.hypot(bx - ax, by - ay) / figure.dpi == pytest.approx(1.15, abs=0.01)
    bends = [arrow.get_connectionstyle().rad for arrow in arrows]
    assert bends == [0.14, 0.14], "each to its own side"
    assert circles["b->b"].radius > circles["b"].radius == DISC_IN
    assert "A ring: connections within." in figure.get_supxlabel()


def test_types_are_drawn_by_forces_where_it_is_asked(ring: Dataset) -> None:
    answer = ring.query("connections in EB with at least 5 synapses by type")
    figure = answer.plot("force", colour_by="class")
    assert figure.axes[0].get_legend().get_title().get_text() == "class"
    assert figure_bytes(figure, "svg") == figure_bytes(answer.plot("force", colour_by="class"), "svg")
    with pytest.raises(GraphkitError, match="no kind of picture 'froce'") as caught:
        answer.plot("froce")
    assert caught.value.hint == "Did you mean 'force'?"
    with pytest.raises(NotAnswerableError, match="kind 'force' fits"):
        ring.query("types in EB").plot("force")
    with pytest.raises(NotAnswerableError, match="discs cannot be read"):
        ring.query("connections").plot("force")


def test_two_groups_are_columns_also_where_they_are_many(ring: Dataset) -> None:
    rows = {"pre_type": ["A"] * 20, "post_type": [f"B{k}" for k in range(20)], "synapses": list(range(1, 21))}
    figure = Result(pa.table(rows), "connections", complete=True, dataset=ring).plot()
    assert {str(arrow.get_gid()) for arrow in pieces(figure)[1]} == {f"A->B{k}" for k in range(20)}
    circle = {"pre_type": [f"B{k}" for k in range(21)], "post_type": [f"B{(k + 1) % 21}" for k in range(21)]}
    odd = Result(
        pa.table({**circle, "synapses": list(range(1, 22))}), "connections", complete=True, dataset=ring
    ).plot()
    assert odd.axes[0].images


def test_long_names_on_a_circle_stand_in_rows() -> None:
    names = [f"MBON{k:02}(y3B'1)(AVM17)_L ({1016835041 + k})" for k in range(30)]
    edges = {(names[k], names[(k + 1) % 30]): 10 + k for k in range(30)} | {(names[0], names[7]): 5}
    with own_style():
        figure = circuit_diagram(edges, "long names")
        figure.canvas.draw()
    boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text() in names]
    assert len(boxes) == 30
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
