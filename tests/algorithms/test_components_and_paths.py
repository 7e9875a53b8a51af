"""Components and path lengths against networkx on the raw edges, and against published figures."""

from __future__ import annotations

import math
import os

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from graphkit.algorithms.components import (
    largest_component,
    strongly_connected_components,
    weakly_connected_components,
)
from graphkit.algorithms.hop_kernels import count_hops
from graphkit.algorithms.paths import path_lengths, small_world
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import both, random_graph
from tests.strategies import EdgeList, edge_lists


@given(edge_lists())
def test_components_equal_networkx(edges: EdgeList) -> None:
    graph, oracle = both(edges)
    for found, expected in (
        (strongly_connected_components(graph), nx.strongly_connected_components(oracle)),
        (weakly_connected_components(graph), nx.weakly_connected_components(oracle)),
    ):
        ordered = sorted((sorted(component) for component in expected), key=lambda ids: (-len(ids), ids[0]))
        assert [graph.ids[found == number].tolist() for number in range(len(ordered))] == ordered
        assert len(found) == len(graph)


@given(edge_lists())
def test_path_lengths_equal_networkx(edges: EdgeList) -> None:
    graph, oracle = both(edges)
    hops = [
        length
        for source, lengths in nx.all_pairs_shortest_path_length(oracle)
        for target, length in lengths.items()
        if source != target
    ]
    found = path_lengths(graph)
    assert (found.n_pairs, found.total, found.longest) == (len(hops), sum(hops), max(hops, default=0))


def test_path_lengths_in_closed_form() -> None:
    """A ring of n: every distance 1 ... n - 1 once from each neuron."""
    ring = np.arange(50)
    found = path_lengths(Graph.from_edges(ring, (ring + 1) % 50))
    assert (found.mean, found.longest, found.n_pairs) == (25.0, 49, 50 * 49)
    assert math.isnan(path_lengths(Graph.from_edges([1], [1])).mean)


def test_largest_component_of_nothing() -> None:
    assert len(largest_component(Graph.from_edges([], []))) == 0
    assert largest_component(Graph.from_edges([7, 3], [8, 4]), strong=False).ids.tolist() == [3, 4]


def test_c_elegans() -> None:
    """Varshney et al., PLoS Comput. Biol. 7 (2011): a largest strong component of 237, its mean path 3.48."""
    folder = os.environ.get("GRAPHKIT_REAL_DATA")
    if not folder:
        pytest.skip("needs real data: set GRAPHKIT_REAL_DATA to the folder that has c_elegans/NeuronConnect.xls")
    xlrd = pytest.importorskip("xlrd")
    sheet = xlrd.open_workbook(f"{folder}/c_elegans/NeuronConnect.xls").sheet_by_index(0)
    rows = map(sheet.row_values, range(1, sheet.nrows))
    sent = [row for row in rows if row[2] in ("S", "Sp") and row[3] > 0]  # two Sp rows have 0
    number = {name: index for index, name in enumerate(sorted({name for row in sent for name in row[:2]}))}
    graph = Graph.from_edges(
        [number[row[0]] for row in sent], [number[row[1]] for row in sent], [int(row[3]) for row in sent]
    )
    core = largest_component(graph)
    assert len(core) == 237
    assert round(path_lengths(core).mean, 2) == 3.48


def test_sampled_path_lengths() -> None:
    """All neurons sampled is exact; single sources are those of networkx; the threads change nothing."""
    graph, oracle = random_graph(150, 500, seed=3)
    exact = path_lengths(graph)
    assert path_lengths(graph, samples=150) == exact
    assert exact.by_length.sum() == exact.n_pairs
    estimates = [path_lengths(graph, samples=30, seed=s).mean for s in range(60)]
    assert np.mean(estimates) == pytest.approx(exact.mean, rel=0.03)
    assert path_lengths(graph, samples=140, seed=1, threads=1) == path_lengths(graph, samples=140, seed=1, threads=3)
    with pytest.raises(GraphError, match="samples is 151; expected 1 to the 150 neurons"):
        path_lengths(graph, samples=151)
    lengths = [h for _, reached in nx.all_pairs_shortest_path_length(oracle) for h in reached.values() if h]
    assert exact.by_length.tolist() == np.bincount(lengths).tolist()


@pytest.mark.parametrize("searches", [1, 5, 63, 64])
def test_searches_at_once_are_those_one_by_one(searches: int) -> None:
    """Few and many of them, so that levels are gone both ways: along connections, and back from what is not reached yet."""
    graph, oracle = random_graph(400, 1200, seed=searches)
    sources = np.random.default_rng(searches).choice(400, searches, replace=False)
    found = count_hops(sources, graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    hops = [h for s in sources for h in nx.single_source_shortest_path_length(oracle, int(s)).values() if h]
    assert found.tolist() == np.bincount(hops, minlength=400).tolist()


def test_a_ring_lattice_is_a_small_world_and_a_random_graph_is_none() -> None:
    """Watts and Strogatz: neighbours of neighbours are neighbours; at random they are not."""
    n, k = 400, 5
    ring = np.arange(n)
    rng = np.random.default_rng(1)
    pre, post = np.repeat(ring, k), np.concatenate([(i + 1 + np.arange(k)) % n for i in ring])
    rewired = rng.random(n * k) < 0.05
    watts = Graph.from_edges(pre, np.where(rewired, rng.integers(0, n, n * k), post))
    random = Graph.from_edges(pre, rng.integers(0, n, n * k))
    assert small_world(watts).sigma > 5
    assert small_world(random).sigma == pytest.approx(1, abs=0.3)
    found = small_world(watts, samples=100)
    assert found.path_length == pytest.approx(small_world(watts).path_length, rel=0.05)
