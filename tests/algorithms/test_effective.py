"""Effective connectivity against powers of a dense matrix, walks that are listed one by one, and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.algorithms.effective import effective_connectivity
from graphkit.errors import GraphError
from graphkit.graph import Graph

BIG = 720575940621039145
_EDGES = st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(1, 9), max_size=16)
_GROUPS = st.lists(st.integers(-1, 2), min_size=6, max_size=6).map(np.array)


def made(edges: dict[tuple[int, int], int]) -> Graph:
    pre, post = ([BIG + end for end in ends] for ends in zip(*edges, strict=True)) if edges else ([], [])
    return Graph.from_edges(pre, post, list(edges.values()), ids=[BIG + i for i in range(6)])


def by_walks(edges: dict[tuple[int, int], int], pre: np.ndarray, post: np.ndarray, hops: int) -> np.ndarray:  # type: ignore[type-arg]
    """The definition: every walk by itself."""
    inputs = {j: sum(w for (_, b), w in edges.items() if b == j) for j in range(6)}
    found = np.zeros((hops, pre.max() + 1, post.max() + 1))
    for hop in range(1, hops + 1):
        for walk in itertools.product(range(6), repeat=hop + 1):
            steps = list(itertools.pairwise(walk))
            if pre[walk[0]] >= 0 and post[walk[-1]] >= 0 and all(step in edges for step in steps):
                found[hop - 1, pre[walk[0]], post[walk[-1]]] += np.prod([edges[s] / inputs[s[1]] for s in steps])
    sizes = [sum(1 for j in range(6) if post[j] == g and inputs[j]) for g in range(post.max() + 1)]
    return found / np.maximum(sizes, 1)


@given(_EDGES, _GROUPS, _GROUPS)
def test_every_walk_by_itself(edges: dict[tuple[int, int], int], pre: np.ndarray, post: np.ndarray) -> None:  # type: ignore[type-arg]
    np.testing.assert_allclose(
        effective_connectivity(made(edges), pre, post, 3), by_walks(edges, pre, post, 3), atol=1e-12
    )


@pytest.mark.parametrize(("senders", "receivers"), [(3, 70), (70, 3), (70, 70)])
def test_powers_of_the_matrix_of_input_fractions(senders: int, receivers: int) -> None:
    """From either side, and in more than one block of groups."""
    rng = np.random.default_rng(5)
    synapses = rng.poisson(0.3, (70, 70))
    pre, post = np.nonzero(synapses)
    graph = Graph.from_edges(pre + BIG, post + BIG, synapses[pre, post], ids=np.arange(70) + BIG)
    inputs = synapses.sum(axis=0)
    fractions = synapses / np.where(inputs, inputs, 1)
    groups = np.arange(70) % senders, np.arange(70) % receivers
    sums = np.eye(senders)[:, groups[0]]
    means = np.eye(receivers)[:, groups[1]] * (inputs > 0)
    means /= means.sum(axis=1, keepdims=True)
    found = effective_connectivity(graph, *groups, 4)
    for hop in range(4):
        np.testing.assert_allclose(found[hop], sums @ np.linalg.matrix_power(fractions, hop + 1) @ means.T, atol=1e-12)
    np.testing.assert_allclose(found[0].sum(axis=0), 1)  # all inputs are from someone


def test_a_ring_and_a_chain() -> None:
    ring = Graph.from_edges([1, 2, 3], [2, 3, 1], [7, 1, 4])
    one, two = np.array([0, -1, -1]), np.array([-1, 0, -1])
    assert effective_connectivity(ring, one, two, 5)[:, 0, 0].tolist() == [1, 0, 0, 1, 0]
    half = Graph.from_edges([1, 2, 9, 9], [2, 3, 2, 3], [5, 1, 5, 1])
    ends = np.array([0, -1, -1, -1]), np.array([-1, -1, 0, -1])
    assert effective_connectivity(half, *ends, 3)[:, 0, 0].tolist() == [0, 0.25, 0]


def test_who_is_asked_about() -> None:
    graph = Graph.from_edges([1], [2], [3])
    nobody = np.array([-1, -1])
    assert effective_connectivity(graph, nobody, np.array([0, 1]), 2).shape == (2, 0, 2)
    with pytest.raises(GraphError, match="hops must be at least 1, got 0"):
        effective_connectivity(graph, nobody, nobody, 0)
    with pytest.raises(GraphError, match=r"post has the shape \(1,\); expected 2 whole numbers"):
        effective_connectivity(graph, nobody, np.array([0]), 2)
