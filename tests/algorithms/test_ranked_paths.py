"""The k strongest and the k shortest paths, against every simple path that networkx lists."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.algorithms.logarithms import UNIT, whole_logarithms
from graphkit.algorithms.ranked_paths import Strength, input_fractions, k_shortest_paths, strongest_paths
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import both, random_graph
from tests.strategies import EdgeList, edge_lists

_FAINT = 2**40
"""Counts so large that two products can differ by less than is told apart (docs/decisions.md)."""


@st.composite
def _asked(draw: st.DrawFn) -> tuple[EdgeList, list[int], list[int]]:
    """A small graph with few different strengths, so that ties are many; two sets of its neurons, which may overlap."""
    edges = draw(edge_lists(max_neurons=7, max_edges=24).filter(lambda e: len(e.ids) > 1))
    weights = draw(st.sampled_from([1, 3, 12, 1000, _FAINT]))
    edges = edges._replace(synapses=[1 + n % weights for n in edges.synapses])
    some = st.lists(st.sampled_from(edges.ids), min_size=1, max_size=3, unique=True)
    return edges, draw(some), draw(some)


class _Every:
    """All simple paths of at most so many hops, and what they are ranked by."""

    def __init__(self, graph: nx.DiGraph[int], sources: list[int], targets: list[int], hops: int | None) -> None:
        self._weight = {(a, b): n for a, b, n in graph.edges(data="weight")}
        self._inputs = dict(graph.in_degree(weight="weight"))
        self.paths = [
            tuple(path)
            for source, target in itertools.product(set(sources), set(targets))
            if source != target
            for path in nx.all_simple_paths(graph, source, target, cutoff=hops)
        ]

    def weakest(self, path: tuple[int, ...]) -> int:
        return min(self._weight[pair] for pair in pairwise(path))

    def product(self, path: tuple[int, ...]) -> Fraction:
        return math.prod((Fraction(self._weight[a, b], self._inputs[b]) for a, b in pairwise(path)), start=Fraction(1))

    def _rank(self, path: tuple[int, ...], by: Strength) -> int | Fraction:
        return -self.weakest(path) if by == "synapses" else -self.product(path)

    def strongest(self, by: Strength) -> list[tuple[int, ...]]:
        return sorted(self.paths, key=lambda p: (self._rank(p, by), len(p), p))

    def shortest(self, by: Strength) -> list[tuple[int, ...]]:
        return sorted(self.paths, key=lambda p: (len(p), self._rank(p, by), p))


@pytest.mark.parametrize("by", ["synapses", "input fraction"])
@given(asked=_asked(), count=st.integers(1, 12), hops=st.none() | st.integers(1, 4))
def test_the_best_of_all_paths(
    by: Strength, asked: tuple[EdgeList, list[int], list[int]], count: int, hops: int | None
) -> None:
    edges, sources, targets = asked
    graph, oracle = both(edges)
    every = _Every(oracle, sources, targets, hops)
    strong = strongest_paths(graph, sources, targets, count, by=by, hops=hops)
    short = k_shortest_paths(graph, sources, targets, count, by=by, hops=hops)
    if by == "synapses" or max(edges.synapses, default=0) <= 1000:
        assert [p.ids for p in strong] == every.strongest(by)[:count]
        assert [p.ids for p in short] == every.shortest(by)[:count]
    assert sorted(len(p.ids) for p in short) == sorted(map(len, every.paths))[: len(short)]
    assert len(strong) == len(short) == min(count, len(every.paths))
    for path in (*strong, *short):
        expected = every.weakest(path.ids) if by == "synapses" else float(every.product(path.ids))
        assert path.strength == pytest.approx(expected, rel=1e-12)
    if by == "input fraction":  # no product that was left out is larger
        best = sorted(map(every.product, every.paths), reverse=True)[:count]
        assert [p.strength for p in strong] == pytest.approx(list(map(float, best)), rel=1e-9)


def test_of_equal_products_the_one_of_fewer_connections_comes_first() -> None:
    """a/b of c/d and their product at once, over all small counts: 1/2 of 1/2 beside 1/4, 9/12 of 4/12 beside 3/12, ..."""
    for a, b, c, d in itertools.product(range(1, 12), repeat=4):
        direct = Fraction(a, b) * Fraction(c, d) * d
        if a > b or direct.denominator > 1 or c + direct > d:
            continue
        edges = [(1, 2, a), (2, 3, c), (1, 3, int(direct)), (4, 2, b - a), (4, 3, d - c - int(direct))]
        graph = Graph.from_edges(*zip(*(edge for edge in edges if edge[2]), strict=True))
        found = strongest_paths(graph, [1], [3], 2, by="input fraction")
        assert [path.ids for path in found] == [(1, 3), (1, 2, 3)], (a, b, c, d)


def test_logarithms_of_products_are_sums() -> None:
    counts = np.random.default_rng(1).integers(1, 4096, (2, 5_000))
    assert np.array_equal(
        whole_logarithms(counts[0]) + whole_logarithms(counts[1]), whole_logarithms(counts.prod(axis=0))
    )
    for numbers in (counts.prod(axis=0), np.array([1, 2**62, 2**63 - 1, 997 * 4093]), np.arange(1, 5_000)):
        logarithms = [math.log(count) for count in numbers.tolist()]
        assert (whole_logarithms(numbers) / UNIT).tolist() == pytest.approx(logarithms, rel=1e-12, abs=1e-12)
    assert len(whole_logarithms(np.empty(0, np.int64))) == 0


@pytest.mark.parametrize("hops", [None, 4])
def test_a_larger_graph_beside_networkx(hops: int | None) -> None:
    graph, oracle = random_graph(80, 500, 3)
    inputs = dict(oracle.in_degree(weight="weight"))
    for a, b, synapses in oracle.edges(data="weight"):
        oracle.edges[a, b]["cost"] = -math.log(synapses / inputs[b])
    theirs = []
    for path in nx.shortest_simple_paths(oracle, 3, 60, weight="cost"):
        if hops is None or len(path) - 1 <= hops:
            theirs.append(tuple(path))
        if len(theirs) == 8:
            break
    found = strongest_paths(graph, [3], [60], 8, by="input fraction", hops=hops)
    assert [p.ids for p in found] == theirs
    lengths = [len(p) for p in itertools.islice(nx.shortest_simple_paths(oracle, 3, 60), 300)]
    for by in ("synapses", "input fraction"):
        assert [len(p.ids) for p in k_shortest_paths(graph, [3], [60], 300, by=by)] == lengths


def _widest_of(graph: nx.DiGraph[int], source: int, target: int, count: int) -> list[tuple[int, ...]]:
    """By networkx's list of the shortest simple paths over connections of at least so many synapses, the strongest first."""
    found: list[tuple[int, ...]] = []
    for least in sorted({n for _, _, n in graph.edges(data="weight")}, reverse=True):
        strong = graph.edge_subgraph([(a, b) for a, b, n in graph.edges(data="weight") if n >= least])
        if not (source in strong and target in strong and nx.has_path(strong, source, target)):
            continue
        here: list[tuple[int, ...]] = []
        for path in nx.shortest_simple_paths(strong, source, target):
            if len(found) + len(here) >= count and len(path) > len(here[-1]):
                break
            if min(graph.edges[pair]["weight"] for pair in pairwise(path)) == least:
                here.append(tuple(path))
        found += sorted(here, key=lambda p: (len(p), p))
        if len(found) >= count:
            break
    return found[:count]


@pytest.mark.parametrize("strengths", [1, 2, 5, 1000])
def test_the_strongest_beside_networkx_where_many_are_as_strong(strengths: int) -> None:
    for seed in range(6):
        graph, _ = random_graph(60, 240, seed)
        oracle: nx.DiGraph[int] = nx.DiGraph()
        pre, post, synapses = (column.tolist() for column in graph.edges())
        oracle.add_weighted_edges_from((a, b, 1 + n % strengths) for a, b, n in zip(pre, post, synapses, strict=True))
        tied = Graph.from_edges(pre, post, [1 + n % strengths for n in synapses], ids=graph.ids)
        found = strongest_paths(tied, [3], [50], 25)
        assert [p.ids for p in found] == _widest_of(oracle, 3, 50, 25)


def test_input_fractions() -> None:
    graph = Graph.from_edges([1, 2, 3], [3, 3, 3], [1, 2, 5])  # an autapse counts
    assert input_fractions(graph).tolist() == [0.125, 0.25, 0.625]


def test_what_makes_no_sense_is_refused() -> None:
    graph = Graph.from_edges([1], [2])
    for wrong in (
        lambda: strongest_paths(graph, [1], [2], 0),
        lambda: k_shortest_paths(graph, [1], [2], 1001),
        lambda: strongest_paths(graph, [1], [2], hops=0),
        lambda: k_shortest_paths(graph, [1], [3]),
        lambda: strongest_paths(graph, [1], [2], by="weight"),  # type: ignore[arg-type]
    ):
        with pytest.raises(GraphError):
            wrong()
