"""Density, reciprocity, clustering, degrees, cores and rich club against networkx on the raw edges, and definitions."""

from __future__ import annotations

import itertools
import math
from math import comb

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from graphkit.algorithms.cores import core_numbers
from graphkit.algorithms.degrees import degrees, distribution, hub_roles
from graphkit.algorithms.reciprocity import clustering, density, directed_clustering, reciprocity
from graphkit.algorithms.rich_club import normalised_rich_club, rich_club, rich_club_against
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.nulls import configuration
from tests.algorithms.oracle import both, random_graph
from tests.strategies import EdgeList, edge_lists


def simple(oracle: nx.DiGraph[int]) -> nx.DiGraph[int]:
    made = oracle.copy()
    made.remove_edges_from(list(nx.selfloop_edges(made)))
    return made


@given(edge_lists())
def test_density_and_reciprocity_equal_networkx(edges: EdgeList) -> None:
    graph, oracle = both(edges)
    without = simple(oracle)
    if len(without) > 1:
        assert density(graph) == pytest.approx(nx.density(without))
    else:
        assert math.isnan(density(graph))
    if without.number_of_edges():
        assert reciprocity(graph) == pytest.approx(nx.overall_reciprocity(without))
    else:
        assert math.isnan(reciprocity(graph))


@given(edge_lists())
def test_clustering_equals_networkx(edges: EdgeList) -> None:
    graph, oracle = both(edges)
    without = simple(oracle)
    undirected = without.to_undirected()
    found = clustering(graph)
    assert found.triangles == sum(nx.triangles(undirected).values()) // 3
    assert found.triples == sum(comb(d, 2) for _, d in undirected.degree())
    if found.triples:
        assert found.coefficient == pytest.approx(nx.transitivity(undirected))
    expected = nx.clustering(without)
    assert directed_clustering(graph).tolist() == pytest.approx([expected[i] for i in graph.ids.tolist()])


def test_larger_graphs_whatever_the_threads() -> None:
    graph, oracle = random_graph(300, 6000, seed=4)
    without = simple(oracle)
    expected = nx.clustering(without)
    for threads in (1, 3):
        assert directed_clustering(graph, threads=threads).tolist() == pytest.approx(list(expected.values()))
    assert clustering(graph).coefficient == pytest.approx(nx.transitivity(without.to_undirected()))
    assert core_numbers(graph).tolist() == list(nx.core_number(without.to_undirected()).values())


@given(edge_lists())
def test_degrees_and_cores_equal_networkx(edges: EdgeList) -> None:
    graph, oracle = both(edges)
    without = simple(oracle)
    found = degrees(graph)
    ids = graph.ids.tolist()
    assert found.ins.tolist() == [without.in_degree(i) for i in ids]
    assert found.outs.tolist() == [without.out_degree(i) for i in ids]
    assert found.totals.tolist() == [without.degree(i) for i in ids]
    assert found.input_synapses.tolist() == [oracle.in_degree(i, weight="weight") for i in ids]
    assert found.output_synapses.tolist() == [oracle.out_degree(i, weight="weight") for i in ids]
    cores = nx.core_number(without.to_undirected())
    assert core_numbers(graph).tolist() == [cores[i] for i in ids]


def test_a_distribution_counts_every_neuron_once() -> None:
    values, neurons = distribution(np.array([5, 0, 5, 2, 0, 5]))
    assert dict(zip(values.tolist(), neurons.tolist(), strict=True)) == {0: 2, 2: 1, 5: 3}


def test_hubs_that_broadcast_integrate_or_do_both() -> None:
    """Neuron 1 has 40 outputs and 8 inputs (5 to 1), 2 the reverse, 3 as many of both; the others have few of either."""
    partners = np.arange(100, 140)
    pre = [*[1] * 40, *partners[:8], *[2] * 8, *partners, *[3] * 40, *partners]
    post = [*partners, *[1] * 8, *partners[:8], *[2] * 40, *partners, *[3] * 40]
    graph = Graph.from_edges(pre, post)
    roles = hub_roles(graph)
    assert [graph.ids[part].tolist() for part in (roles.broadcasters, roles.integrators, roles.balanced)] == [
        [1],
        [2],
        [3],
    ]
    assert graph.ids[roles.club].tolist() == [1, 2, 3]
    assert hub_roles(graph, min_degree=49).club.tolist() == [2]  # rows: only neuron 3 has 80 partners
    with pytest.raises(GraphError, match="ratio is 1; expected more than 1"):
        hub_roles(graph, ratio=1)


@pytest.mark.parametrize("by", ["total", "in", "out"])
@given(edge_lists())
def test_rich_club_from_its_definition(by: str, edges: EdgeList) -> None:
    graph, oracle = both(edges)
    without = simple(oracle)
    degree = dict({"total": without.degree, "in": without.in_degree, "out": without.out_degree}[by])
    found = rich_club(graph, by=by)  # type: ignore[arg-type]
    assert found.k.tolist() == list(range(max(degree.values(), default=0) + 1))
    for k, neurons, connections, phi in zip(found.k, found.neurons, found.connections, found.phi, strict=True):
        club = {i for i, d in degree.items() if d >= k}
        inside = sum(a in club and b in club for a, b in without.edges)
        assert (neurons, connections) == (len(club), inside)
        assert math.isnan(phi) if len(club) < 2 else phi == inside / (len(club) * (len(club) - 1))


def test_a_rich_club_over_the_mean_of_null_graphs() -> None:
    graph, _ = random_graph(40, 300, seed=1)
    nulls = [random_graph(40, 300, seed=s)[0] for s in (2, 3, 4)]
    found = normalised_rich_club(graph, iter(nulls))
    assert found.samples == 3
    k = 8
    expected = [
        len([1 for a, b in zip(*null.edges()[:2], strict=True) if a != b and {a, b} <= club])
        / (len(club) * (len(club) - 1))
        for null in nulls
        for club in [set(null.ids[degrees(null).totals >= k].tolist())]
    ]
    assert found.null_mean[k] == pytest.approx(np.mean(expected))
    assert found.null_sd[k] == pytest.approx(np.std(expected, ddof=1))
    assert found.ratio[k] == pytest.approx(rich_club(graph).phi[k] / np.mean(expected))
    assert np.isnan(normalised_rich_club(graph, []).ratio).all()
    with pytest.raises(GraphError, match="'total', 'in' or 'out', not 'both'"):
        rich_club(graph, by="both")  # type: ignore[arg-type]


def test_closed_forms() -> None:
    n = 7
    clique = Graph.from_edges(*zip(*itertools.permutations(range(n), 2), strict=True))
    assert (density(clique), reciprocity(clique), clustering(clique).coefficient) == (1.0, 1.0, 1.0)
    assert directed_clustering(clique).tolist() == [1.0] * n
    assert core_numbers(clique).tolist() == [n - 1] * n
    ring = Graph.from_edges(range(n), [(i + 1) % n for i in range(n)])
    assert (density(ring), reciprocity(ring), clustering(ring).coefficient) == (1 / (n - 1), 0.0, 0.0)
    assert core_numbers(ring).tolist() == [2] * n


def test_a_rich_club_against_a_null_model_is_that_over_its_graphs() -> None:
    graph, _ = random_graph(60, 400, 5)
    expected = normalised_rich_club(graph, configuration(graph, 4, seed=9), by="in")
    for threads in (1, 2):
        found = rich_club_against(graph, samples=4, seed=9, by="in", threads=threads)
        assert found.samples == 4
        assert found.mixing is not None
        assert np.array_equal(found.null_mean, expected.null_mean)
        assert np.array_equal(found.null_sd, expected.null_sd)
        differ = expected.null_sd > 0
        z = (expected.observed.phi - expected.null_mean)[differ] / expected.null_sd[differ]
        assert found.z[differ] == pytest.approx(z, nan_ok=True)
