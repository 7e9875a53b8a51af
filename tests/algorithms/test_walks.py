"""PageRank, stationary walks and betweenness against networkx, eigenvectors and closed forms."""

from __future__ import annotations

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from graphkit.algorithms.betweenness import betweenness
from graphkit.algorithms.walks import pagerank, stationary
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import both, random_graph
from tests.strategies import EdgeList, edge_lists


@settings(max_examples=40)
@given(edge_lists())
def test_pagerank_equals_networkx(edges: EdgeList) -> None:
    graph, oracle = both(edges)
    expected = nx.pagerank(oracle, weight="weight", tol=1e-12, max_iter=1000) if edges.ids else {}
    assert pagerank(graph).tolist() == pytest.approx([expected[i] for i in graph.ids.tolist()], abs=1e-9)


def test_pagerank_from_a_seed_and_without_weights() -> None:
    graph, oracle = random_graph(60, 400, seed=2)
    start = np.zeros(60)
    start[[3, 5]] = 1, 3
    expected = nx.pagerank(oracle, personalization={3: 1, 5: 3}, weight=None, tol=1e-12, max_iter=1000)
    assert pagerank(graph, start=start, weighted=False).tolist() == pytest.approx(list(expected.values()), abs=1e-9)
    with pytest.raises(GraphError, match=r"start has the shape \(2,\)"):
        pagerank(graph, start=[1, 2])
    with pytest.raises(GraphError, match="damping is 1"):
        pagerank(graph, damping=1)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_stationary_walk_is_the_eigenvector(reverse: bool) -> None:
    graph, oracle = random_graph(80, 300, seed=3)
    found = stationary(graph, reverse=reverse)
    inside = sorted(max(nx.strongly_connected_components(oracle), key=len))
    matrix = nx.to_numpy_array(oracle, nodelist=inside, weight="weight")
    matrix = matrix.T if reverse else matrix
    values, vectors = np.linalg.eig((matrix / matrix.sum(axis=1, keepdims=True)).T)
    leading = np.real(vectors[:, np.argmax(np.real(values))])
    assert found[inside] == pytest.approx(leading / leading.sum(), abs=1e-8)
    outside = np.setdiff1d(np.arange(80), inside)
    assert len(outside)
    assert np.isnan(found[outside]).all()


def test_a_ring_has_a_period_and_still_settles() -> None:
    ring = Graph.from_edges([1, 2, 3, 4], [2, 3, 4, 1])
    assert stationary(ring).tolist() == pytest.approx([0.25] * 4)
    assert stationary(Graph.from_edges([1], [2])).tolist() == pytest.approx([1.0, np.nan], nan_ok=True)


def test_a_walk_between_parts_that_hardly_connect_is_solved_for() -> None:
    """Both ways alike, a walk's shares are those of the synapses (a reversible chain): also where it rarely crosses over."""
    left, right = range(1, 5), range(5, 12)
    pairs = [(a, b, 1_000_000) for part in (left, right) for a in part for b in part if a != b] + [(4, 5, 1), (5, 4, 1)]
    pre, post, synapses = zip(*pairs, strict=True)
    graph = Graph.from_edges(pre, post, synapses)
    given_by = np.bincount(pre, weights=synapses)[1:]
    for reverse in (False, True):
        assert stationary(graph, reverse=reverse) == pytest.approx(given_by / given_by.sum(), rel=1e-9)


@pytest.mark.parametrize("strong", [2**10, 2**31, 2**41])
def test_steps_so_small_that_they_seem_to_be_none(strong: int) -> None:
    """Two pairs, from one to the other 1 synapse, back 3: the flows between them are equal, so the shares are 3 to 1."""
    graph = Graph.from_edges([0, 1, 2, 3, 1, 3], [1, 0, 3, 2, 2, 0], [strong] * 4 + [1, 3])
    leaves, returns = Fraction(1, strong + 1), Fraction(3, strong + 3)
    at_1, at_3 = returns / leaves, Fraction(1)
    shares = [at_1 * (1 - leaves) + at_3 * returns, at_1, at_3 * (1 - returns) + at_1 * leaves, at_3]
    expected = [float(share / sum(shares)) for share in shares]
    assert stationary(graph).tolist() == pytest.approx(expected, rel=1e-3)


@settings(max_examples=40)
@given(edge_lists())
def test_betweenness_equals_networkx(edges: EdgeList) -> None:
    graph, oracle = both(edges)
    expected = nx.betweenness_centrality(oracle, normalized=False)
    assert betweenness(graph).tolist() == pytest.approx([expected[i] for i in graph.ids.tolist()])


def test_sampled_betweenness() -> None:
    """All neurons sampled is exact; the mean over every single source is too; and threads change no bit."""
    graph, oracle = random_graph(150, 900, seed=5)
    exact = betweenness(graph)
    assert exact.tolist() == pytest.approx(list(nx.betweenness_centrality(oracle, normalized=False).values()))
    assert betweenness(graph, samples=150).tolist() == pytest.approx(exact.tolist())
    estimates = [betweenness(graph, samples=50, seed=s) for s in range(300)]
    top = np.argsort(exact)[-10:]
    assert np.mean(estimates, axis=0)[top] == pytest.approx(exact[top], rel=0.05)
    one, three = (betweenness(graph, samples=140, seed=1, threads=t) for t in (1, 3))
    assert np.array_equal(one, three)
    with pytest.raises(GraphError, match="samples is 151; expected 1 to the 150 neurons"):
        betweenness(graph, samples=151)
