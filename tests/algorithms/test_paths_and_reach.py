"""Paths, reach and similarity against networkx and the definitions, on graphs made of raw edges."""

from __future__ import annotations

import itertools
import math
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.algorithms.reach import hops_from
from graphkit.algorithms.similarity import similar_partners
from graphkit.algorithms.simple_paths import paths_within, shortest_paths
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.strategies import EdgeList, edge_lists


def _nx(edges: EdgeList) -> nx.DiGraph[int]:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(edges.ids)
    for (pre, post), n in edges.summed().items():
        graph.add_edge(pre, post, synapses=n)
    return graph


def _ours(edges: EdgeList) -> Graph:
    return Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)


@st.composite
def _asked(draw: st.DrawFn) -> tuple[EdgeList, list[int], list[int]]:
    """A small graph with few different strengths, so that ties are many; two sets of its neurons, which may overlap."""
    edges = draw(edge_lists(max_neurons=7, max_edges=24).filter(lambda e: len(e.ids) > 1))
    weights = draw(st.sampled_from([3, 2**40]))
    edges = edges._replace(synapses=[1 + n % weights for n in edges.synapses])
    some = st.lists(st.sampled_from(edges.ids), min_size=1, max_size=3, unique=True)
    return edges, draw(some), draw(some)


def _every_path(
    edges: EdgeList, sources: list[int], targets: list[int], hops: int
) -> list[tuple[int, tuple[int, ...]]]:
    """(weakest, path) of all simple paths, from networkx."""
    graph = _nx(edges)
    found = []
    for source, target in itertools.product(set(sources), set(targets)):
        if source != target:
            for path in nx.all_simple_paths(graph, source, target, cutoff=hops):
                found.append((min(graph.edges[e]["synapses"] for e in pairwise(path)), tuple(path)))
    return found


def _as_listed(found: list[tuple[int, tuple[int, ...]]]) -> list[tuple[int, ...]]:
    return [path for _, path in sorted(found, key=lambda f: (len(f[1]), -f[0], f[1]))]


@given(_asked(), st.integers(1, 5), st.integers(1, 12))
def test_all_paths(asked: tuple[EdgeList, list[int], list[int]], hops: int, most: int) -> None:
    edges, sources, targets = asked
    expected = _every_path(edges, sources, targets, hops)
    found = paths_within(_ours(edges), sources, targets, hops)
    assert list(found) == _as_listed(expected)
    assert (found.count, found.complete) == (len(expected), True)
    assert found.weakest.tolist() == [{path: w for w, path in expected}[p] for p in found]
    few = paths_within(_ours(edges), sources, targets, hops, most=most)
    assert list(few) == _as_listed(expected)[:most]
    assert few.count == len(expected)


@given(_asked(), st.none() | st.integers(1, 4))
def test_shortest_paths(asked: tuple[EdgeList, list[int], list[int]], hops: int | None) -> None:
    edges, sources, targets = asked
    every = _every_path(edges, sources, targets, len(edges.ids))
    fewest = min((len(p) for _, p in every), default=0)
    expected = [f for f in every if len(f[1]) == fewest and (hops is None or fewest - 1 <= hops)]
    found = shortest_paths(_ours(edges), sources, targets, hops=hops)
    assert list(found) == _as_listed(expected)
    assert found.count == len(expected)


@given(_asked(), st.none() | st.integers(0, 3))
def test_reach(asked: tuple[EdgeList, list[int], list[int]], hops: int | None) -> None:
    edges, sources, _ = asked
    graph = _nx(edges)
    graphs = {"out": graph, "in": graph.reverse(), "both": graph.to_undirected()}
    for direction, directed in graphs.items():
        expected = nx.multi_source_dijkstra_path_length(directed, set(sources), weight=None)
        found = hops_from(_ours(edges), sources, hops=hops, direction=direction)  # type: ignore[arg-type]
        within = {n: d for n, d in expected.items() if hops is None or d <= hops}
        assert {n: d for n, d in zip(sorted(edges.ids), found.tolist(), strict=True) if d >= 0} == within


@given(_asked())
def test_similarity_is_the_cosine(asked: tuple[EdgeList, list[int], list[int]]) -> None:
    edges, (one, *_), _ = asked
    edges = edges._replace(synapses=[1 + n % 1000 for n in edges.synapses])
    weights = edges.summed()
    found = similar_partners(_ours(edges), one)
    for at, other in enumerate(sorted(edges.ids)):
        sums: dict[str, float] = {}
        for side in ("outputs", "inputs"):
            u, v = ([weights.get((n, w) if side == "outputs" else (w, n), 0) for w in edges.ids] for n in (one, other))
            dot, squares = sum(a * b for a, b in zip(u, v, strict=True)), (sum(a * a for a in u), sum(a * a for a in v))
            assert getattr(found, side)[at] == pytest.approx(dot / math.sqrt(math.prod(squares)) if all(squares) else 0)
            common = sum(1 for a, b in zip(u, v, strict=True) if a and b)
            assert getattr(found, f"common_{side}")[at] == common
            for name, value in (("dot", dot), ("u", squares[0]), ("v", squares[1])):
                sums[name] = sums.get(name, 0) + value
        both = sums["dot"] / math.sqrt(sums["u"] * sums["v"]) if sums["u"] and sums["v"] else 0
        assert found.partners[at] == pytest.approx(both)


def test_a_few_synapses_beside_neurons_of_very_many() -> None:
    """Squares of counts such as 2**31 are past what a double tells apart from its neighbours."""
    edges = [(1, 9, 2**31), (2, 9, 3), (2, 8, 1), (3, 9, 1), (3, 8, 3), (4, 7, 2**40)]
    found = similar_partners(Graph.from_edges(*zip(*edges, strict=True)), 3)
    assert found.outputs[:4] == pytest.approx([1 / math.sqrt(10), 0.6, 1, 0])


def test_a_search_that_takes_too_long_says_so() -> None:
    n = 12
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    graph = Graph.from_edges([a for a, _ in pairs], [b for _, b in pairs])
    found = paths_within(graph, [0], [1], 6, most_steps=1000)
    assert not found.complete
    assert found.count is None
    whole = paths_within(graph, [0], [1], 6, most=10)
    # choose the neurons in between, in order: 1 + 10 + 10*9 + ...
    assert whole.count == sum(math.perm(n - 2, k) for k in range(6))
    assert len(whole) == 10
    assert whole.complete


def test_what_makes_no_sense_is_refused() -> None:
    graph = Graph.from_edges([1], [2])
    for wrong in (
        lambda: paths_within(graph, [1], [2], 0),
        lambda: paths_within(graph, [1], [2], 1, most=0),
        lambda: shortest_paths(graph, [1], [3]),
        lambda: shortest_paths(graph, [1], [2], hops=0),
        lambda: hops_from(graph, [1], hops=-1),
        lambda: similar_partners(graph, 3),
    ):
        with pytest.raises(GraphError):
            wrong()
