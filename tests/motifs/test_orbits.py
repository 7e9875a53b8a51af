"""Orbit counts against brute force, and against the censuses."""

from __future__ import annotations

import itertools
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs import CONNECTED_TRIADS, triad_census
from graphkit.motifs import orbits as module
from graphkit.motifs.four_census import four_node_census
from graphkit.motifs.four_nodes import four_nodes
from graphkit.motifs.names import Motif
from graphkit.motifs.orbits import Orbits, four_node_orbits, triad_orbits
from tests.strategies import EdgeList, edge_lists


def brute_orbits(edges: EdgeList, motifs: tuple[Motif, ...]) -> Counter[tuple[int, str, int]]:
    """How often a neuron has the place of a letter: sets of neurons that can be put into a motif's pattern with it there."""
    pairs = {(a, b) for a, b in zip(edges.pre, edges.post, strict=True) if a != b}
    wanted = {frozenset(motif.edges): motif.code for motif in motifs}
    size = motifs[0].n_neurons
    found: Counter[tuple[int, str, int]] = Counter()
    for neurons in itertools.combinations(edges.ids, size):
        seen = set()
        for order in itertools.permutations(neurons):
            present = frozenset((a, b) for a in range(size) for b in range(size) if (order[a], order[b]) in pairs)
            if present in wanted:
                seen |= {(neuron, wanted[present], place) for place, neuron in enumerate(order)}
        found.update(seen)
    return found


def equal_brute_force(edges: EdgeList, orbits: Orbits, motifs: tuple[Motif, ...], ids: list[int]) -> None:
    truth = brute_orbits(edges, motifs)
    ours = {
        (ids[row], orbits.roles[column].motif, "abcd".index(letter)): int(orbits.counts[row, column])
        for row, column in zip(*np.nonzero(orbits.counts), strict=True)
        for letter in orbits.roles[column].nodes
    }
    assert ours == truth


@settings(max_examples=40)
@given(edge_lists())
def test_triad_orbits_equal_brute_force(edges: EdgeList) -> None:
    graph = Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)
    equal_brute_force(edges, triad_orbits(graph), CONNECTED_TRIADS, graph.ids.tolist())


@settings(max_examples=25)
@given(edge_lists(max_neurons=7))
def test_four_node_orbits_equal_brute_force(edges: EdgeList) -> None:
    graph = Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)
    equal_brute_force(edges, four_node_orbits(graph), four_nodes().motifs, graph.ids.tolist())


@pytest.mark.parametrize(("n", "m"), [(30, 400), (400, 6000), (3000, 60_000)])
def test_orbits_add_up_to_the_census(n: int, m: int) -> None:
    """Each motif has each role as often as the role has letters."""
    rng = np.random.default_rng(m)
    graph = Graph.from_edges(rng.integers(0, n, m), (rng.random(m) ** 2 * n).astype(int), ids=np.arange(n))
    three, four = triad_census(graph), four_node_census(graph)
    for orbits, census in ((triad_orbits(graph), three), (four_node_orbits(graph), four)):
        for role, total in zip(orbits.roles, orbits.counts.sum(axis=0).tolist(), strict=True):
            assert total == len(role.nodes) * census[role.motif], role


def test_threads_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    graph = Graph.from_edges(rng.integers(0, 1500, 60_000), (rng.random(60_000) ** 2 * 1500).astype(int))
    for orbits in (triad_orbits, four_node_orbits):
        once = orbits(graph, threads=1).counts
        assert np.array_equal(orbits(graph, threads=3).counts, once)


@pytest.mark.parametrize(("room", "most"), [(0, 1), (3, 3), (100, 6)])
def test_no_more_tables_than_there_is_room_for(room: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (10, 697)
    monkeypatch.setattr(module, "_BYTES_FOR_THREADS", room * 8 * shape[0] * shape[1])
    tables = set()

    def add(begin: int, end: int, table: NDArray[np.int64]) -> None:
        tables.add(id(table))
        table[0, 0] += end - begin
        time.sleep(0.002)  # so that others begin

    total = module._added(add, np.arange(60_001), shape, 6)
    assert (len(tables), total[0, 0]) == (most, 60_000)


def test_there_are_30_roles_in_triads() -> None:
    orbits = triad_orbits(Graph.from_edges([1], [1], ids=[1, 2]))
    assert len(orbits.roles) == 30
    assert orbits.counts.shape == (2, 30)
    assert not orbits.counts.any()


def test_what_is_not_there_is_refused() -> None:
    orbits = triad_orbits(Graph.from_edges([1, 1], [2, 3]))
    assert orbits.of("021D", "bc").tolist() == [0, 1, 1]
    with pytest.raises(GraphError, match="There is no role 'ab' in the motif '021D'") as error:
        orbits.of("021D", "ab")
    assert error.value.hint == "Its roles are a, bc."
    with pytest.raises(GraphError, match=r"The roles of 2,000,000 neurons in motifs of four take 11\.2 GB"):
        four_node_orbits(Graph.from_edges([1], [2], ids=np.arange(2_000_000)))
