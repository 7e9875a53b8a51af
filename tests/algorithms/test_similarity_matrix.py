"""Similarities against their definitions pair by pair, and clusters that were planted."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.algorithms import most_similar
from graphkit.algorithms.most_similar import most_similar_pairs, most_similar_partners
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


@pytest.mark.parametrize("measure", ["cosine", "jaccard", "ruzicka"])
@pytest.mark.parametrize("grouped", [False, True])
def test_the_most_similar_pairs_are_those_of_the_matrix(
    measure: str, grouped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many pairs are equally alike, and no more than one row's pairs find room beside the best."""
    monkeypatch.setattr(most_similar, "_WAITING", 0)
    rng = np.random.default_rng(7)
    pre, post = rng.integers(0, 90, 700), rng.integers(0, 60, 700)
    graph = Graph.from_edges(pre, post, rng.integers(1, 4, 700), ids=np.arange(100))
    ids = rng.permutation(100)[:80]
    groups = rng.integers(-1, 9, 100) if grouped else None
    options = {"measure": measure, "groups": groups}
    matrix = similarity_matrix(graph, ids, **options)  # type: ignore[arg-type]
    first, second = np.triu_indices(len(ids), 1)
    values = matrix[first, second]
    ranked = np.lexsort((second, first, -values))
    ranked = ranked[values[ranked] > 0]
    for count in (1, 7, 100, 10_000):
        for threads in (1, 3):
            found = most_similar_pairs(graph, ids, count, threads=threads, **options)  # type: ignore[arg-type]
            assert found.first.tolist() == first[ranked[:count]].tolist()
            assert found.second.tolist() == second[ranked[:count]].tolist()
            assert (found.similarity == values[ranked[:count]]).all()
            assert ((found.partners > 0) == (np.diagonal(matrix) > 0)).all()
    np.fill_diagonal(matrix, 0)
    for each, threads in ((1, 3), (4, 1), (100, 2)):
        near = most_similar_partners(graph, ids, each, threads=threads, **options)  # type: ignore[arg-type]
        wanted = [(i, j) for i in range(80) for j in np.argsort(-matrix[i], kind="stable")[:each] if matrix[i, j] > 0]
        assert list(zip(near.first.tolist(), near.second.tolist(), strict=True)) == wanted
        assert near.similarity.tolist() == [matrix[pair] for pair in wanted]


def test_the_most_similar_pairs_of_nearly_nothing() -> None:
    graph = Graph.from_edges([1, 2], [3, 3], [2**24, 2**24 + 1], ids=[1, 2, 3, 4])
    assert most_similar_pairs(graph, np.empty(0, dtype=np.int64), 3).first.tolist() == []
    assert most_similar_pairs(graph, [4], 3).partners.tolist() == [0]
    found = most_similar_pairs(graph, [1, 2, 4], 3, measure="ruzicka")
    assert (found.first.tolist(), found.second.tolist()) == ([0], [1])
    assert found.similarity.tolist() == [2**24 / (2**24 + 1)]  # which a float of 32 bits would round to 1
    near = most_similar_partners(graph, [1, 2, 4], 3, measure="ruzicka")
    assert (near.first.tolist(), near.second.tolist()) == ([0, 1], [1, 0])
    assert most_similar_partners(graph, [4], 3).first.tolist() == []
    assert most_similar_partners(graph, np.empty(0, dtype=np.int64), 3).first.tolist() == []
    with pytest.raises(GraphError, match="each is 0"):
        most_similar_partners(graph, [1, 2], 0)
    with pytest.raises(GraphError, match="count is 0"):
        most_similar_pairs(graph, [1, 2], 0)
    with pytest.raises(GraphError, match="stands twice"):
        most_similar_pairs(graph, [1, 1], 1)
