"""Similarities against their definitions pair by pair, and clusters that were planted."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.algorithms.similarity_matrix import clusters, leaf_order, similarity_matrix
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import both, random_graph
from tests.strategies import EdgeList, edge_lists


def expected(a: Counter[object], b: Counter[object], measure: str) -> float:
    keys = a.keys() | b.keys()
    if measure == "cosine":
        norm = math.sqrt(sum(v * v for v in a.values())) * math.sqrt(sum(v * v for v in b.values()))
        return sum(a[k] * b[k] for k in keys) / norm if norm else 0.0
    if measure == "jaccard":
        return len(a.keys() & b.keys()) / len(keys) if keys else 0.0
    return sum(min(a[k], b[k]) for k in keys) / sum(max(a[k], b[k]) for k in keys) if keys else 0.0


@given(
    edge_lists(),
    st.sampled_from(["cosine", "jaccard", "ruzicka"]),
    st.sampled_from(["inputs", "outputs", "partners"]),
    st.booleans(),
    st.data(),
)
def test_every_pair_from_the_definition(
    edges: EdgeList, measure: str, direction: str, grouped: bool, data: st.DataObject
) -> None:
    graph, oracle = both(edges)
    chosen = data.draw(st.lists(st.sampled_from(edges.ids), unique=True)) if edges.ids else []
    group = {i: data.draw(st.integers(-1, 2)) for i in graph.ids.tolist()} if grouped else None
    vectors = []
    for neuron in chosen:
        vector: Counter[object] = Counter()
        for way, partners in (("outputs", oracle.succ), ("inputs", oracle.pred)):
            for partner, edge in partners[neuron].items():
                if direction in (way, "partners") and (group is None or group[partner] >= 0):
                    vector[way, partner if group is None else group[partner]] += edge["weight"]
        vectors.append(vector)
    codes = None if group is None else [group[i] for i in graph.ids.tolist()]
    if codes == []:
        codes = np.empty(0, dtype=np.int64)
    found = similarity_matrix(
        graph, np.array(chosen, dtype=np.int64), measure=measure, direction=direction, groups=codes
    )  # type: ignore[arg-type]
    wanted = [[expected(a, b, measure) for b in vectors] for a in vectors]
    assert found.shape == (len(chosen), len(chosen))
    assert found == pytest.approx(np.array(wanted).reshape(found.shape), abs=1e-9)


def test_threads_change_nothing_and_clusters_are_found() -> None:
    rng = np.random.default_rng(1)
    home = np.repeat([0, 1, 2], [50, 40, 30])
    rng.shuffle(home)
    partners = 200 + home[:, None] * 50 + rng.integers(0, 50, (120, 20))
    graph = Graph.from_edges(np.repeat(np.arange(120), 20), partners.ravel(), rng.integers(1, 9, 2400))
    one, three = (similarity_matrix(graph, np.arange(120), threads=t) for t in (1, 3))
    assert np.array_equal(one, three)
    assert np.allclose(one, one.T)
    assert clusters(one, 3).tolist() == [{0: 0, 1: 1, 2: 2}[h] for h in home.tolist()]
    order = home[leaf_order(one)]
    assert np.count_nonzero(order[1:] != order[:-1]) == 2


def test_what_cannot_be() -> None:
    graph, _ = random_graph(30, 90, seed=1)
    with pytest.raises(GraphError, match="stands twice"):
        similarity_matrix(graph, [1, 1])
    with pytest.raises(GraphError, match="no similarity 'euclid'"):
        similarity_matrix(graph, [1, 2], measure="euclid")  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="expected 30 whole numbers"):
        similarity_matrix(graph, [1, 2], groups=[0])
    with pytest.raises(GraphError, match="count is 0"):
        clusters(np.eye(3), 0)
    with pytest.raises(GraphError, match="expected a square matrix"):
        leaf_order(np.zeros((2, 3)))
    assert clusters(np.ones((1, 1)), 4).tolist() == [0]
