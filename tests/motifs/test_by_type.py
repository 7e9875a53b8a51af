"""Motifs by type against all triples of neurons, one by one."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs import CONNECTED_TRIADS, DYADS, dyad_census, motifs_by_type, triad_census
from tests.strategies import EdgeList, edge_lists


def brute_force(edges: EdgeList, type_of: dict[int, str | None]) -> Counter[tuple[str, ...]]:
    """Every set of two or three neurons: the first order of its types in which it is exactly the pattern."""
    present = {(a, b) for a, b in zip(edges.pre, edges.post, strict=True) if a != b}
    found: Counter[tuple[str, ...]] = Counter()
    for motif in (*DYADS, *CONNECTED_TRIADS):
        for neurons in itertools.combinations(edges.ids, motif.n_neurons):
            among = {(a, b) for a, b in present if a in neurons and b in neurons}
            orders = []
            for order in itertools.permutations(neurons):
                if among == {(order[a], order[b]) for a, b in motif.edges}:
                    orders.append(tuple(type_of[neuron] or "(no type)" for neuron in order))
            if orders:
                found[(motif.code, *min(orders))] += 1
    return found


@settings(max_examples=60)
@given(edge_lists(max_neurons=7), st.data())
def test_equals_brute_force(edges: EdgeList, data: st.DataObject) -> None:
    kind = st.one_of(st.none(), st.sampled_from(["ER4d", "EPG", "b", "a"]))
    type_of = {neuron: data.draw(kind) for neuron in edges.ids}
    graph = Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)
    rows = list(motifs_by_type(graph, [type_of[neuron] for neuron in graph.ids.tolist()]))
    found = {(code, a, b) if c is None else (code, a, b, c): count for code, a, b, c, count in rows}
    assert len(found) == len(rows)
    assert found == brute_force(edges, type_of)


def typed_graph(n_types: int) -> tuple[Graph, np.ndarray]:
    rng = np.random.default_rng(3)
    pre, post = rng.integers(0, 2000, 70_000), (rng.random(70_000) ** 2 * 2000).astype(int)
    types = np.array([f"t{k}" for k in range(n_types - 1)] + [None], dtype=object)[rng.integers(0, n_types, 2000)]
    return Graph.from_edges(pre, post, ids=np.arange(2000)), types


@pytest.mark.parametrize("n_types", [1, 2, 40])
def test_adds_up_to_the_censuses(n_types: int) -> None:
    graph, types = typed_graph(n_types)
    totals: Counter[str] = Counter()
    for code, *_, count in motifs_by_type(graph, types):
        assert count > 0
        totals[code] += count
    pairs, triads = dyad_census(graph), triad_census(graph)
    assert (totals["M"], totals["A"]) == (pairs.mutual, pairs.asymmetric)
    assert all(totals[motif.code] == triads[motif.code] for motif in CONNECTED_TRIADS)


def test_threads_do_not_matter() -> None:
    graph, types = typed_graph(5)
    assert list(motifs_by_type(graph, types, threads=3)) == list(motifs_by_type(graph, types, threads=1))


def test_a_hub_is_a_matter_of_its_groups() -> None:
    """200,000 partners of two types make 2e10 pairs; counted in closed form they take no time."""
    partners = np.arange(1, 200_001)
    graph = Graph.from_edges(np.zeros_like(partners), partners)
    types = ["hub", *(["a", "b"] * 100_000)]
    assert list(motifs_by_type(graph, types)) == [
        ("A", "hub", "a", None, 100_000),
        ("A", "hub", "b", None, 100_000),
        ("021D", "hub", "a", "a", 100_000 * 99_999 // 2),
        ("021D", "hub", "a", "b", 100_000**2),
        ("021D", "hub", "b", "b", 100_000 * 99_999 // 2),
    ]


def test_types_have_to_fit() -> None:
    with pytest.raises(GraphError, match="types has 1 rows, but there are 2 neurons"):
        motifs_by_type(Graph.from_edges([1], [2]), ["a"])
    assert len(motifs_by_type(Graph.from_edges([], []), [])) == 0
    assert len(motifs_by_type(Graph.from_edges([], [], ids=[1]), [None])) == 0
