"""Connection probability against all pairs, one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.algorithms.distance import connection_probability
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import random_graph


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 25), st.sampled_from([1.0, 7.0, 49.0, 100.0, 1000.0]))
def test_every_pair_is_counted_in_its_bin(seed: int, n: int, bin_nm: float) -> None:
    graph, oracle = random_graph(n, 3 * n, seed=seed)
    points = np.random.default_rng(seed).integers(0, 300, (n, 3)).astype(float)
    points[::7, 1] = np.nan
    found = connection_probability(graph, points, bin_nm=bin_nm)
    pairs, connected = [0] * len(found.pairs), [0] * len(found.pairs)
    for i in range(n):
        for j in range(n):
            if i != j and not np.isnan(points[[i, j]]).any():
                at = int(math.dist(points[i], points[j]) / bin_nm + 1e-12)
                pairs[at] += 1
                connected[at] += oracle.has_edge(i, j)
    assert found.pairs.tolist() == pairs
    assert found.connected.tolist() == connected
    assert found.left_out == len(points[::7])
    assert len(found.edges_nm) == len(pairs) + 1 or not sum(pairs)


def test_a_distance_of_whole_bins_is_in_the_bin_that_begins_there() -> None:
    graph = Graph.from_edges([1], [2])
    for bin_nm in range(1, 200):  # 49 * (1 / 49) is below 1
        for bins in (1, 3, 1000):
            found = connection_probability(graph, [[0, 0, 0], [bins * bin_nm, 0, 0]], bin_nm=bin_nm)
            assert (len(found.pairs), found.pairs[-1], found.connected[-1]) == (bins + 1, 2, 1)


def test_threads_pieces_and_errors() -> None:
    graph, _ = random_graph(1500, 9000, seed=1)
    points = np.random.default_rng(1).normal(size=(1500, 3)) * 1e5
    one, three = (connection_probability(graph, points, threads=t) for t in (1, 3))
    assert one.pairs.sum() == 1500 * 1499
    assert one.connected.sum() == graph.without_autapses().n_connections
    assert np.array_equal(one.pairs, three.pairs)
    with pytest.raises(GraphError, match=r"shape \(3, 3\); expected \(1500, 3\)"):
        connection_probability(graph, np.zeros((3, 3)))
    with pytest.raises(GraphError, match="bin_nm is 0"):
        connection_probability(graph, points, bin_nm=0)
    assert connection_probability(Graph.from_edges([], []), np.zeros((0, 3))).pairs.tolist() == []
