"""The censuses against networkx and igraph on the raw edges, and against their symmetries."""

from __future__ import annotations

import itertools
import os
from math import comb

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs import CONNECTED_TRIADS, DYADS, TRIADS, dyad_census, motif_counts, triad_census
from graphkit.motifs.census import in_ranges
from tests.strategies import EdgeList, edge_lists

UPSIDE_DOWN = {"021D": "021U", "111D": "111U", "120D": "120U"}
UPSIDE_DOWN |= {up: down for down, up in UPSIDE_DOWN.items()}


def graph_of(edges: EdgeList) -> Graph:
    return Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)


def networkx_of(edges: EdgeList) -> nx.DiGraph[int]:
    made = nx.DiGraph()
    made.add_nodes_from(edges.ids)
    made.add_edges_from((a, b) for a, b in zip(edges.pre, edges.post, strict=True) if a != b)
    return made


def igraph_of(edges: EdgeList) -> igraph.Graph:
    row = {neuron: index for index, neuron in enumerate(edges.ids)}
    pairs = {(row[a], row[b]) for a, b in zip(edges.pre, edges.post, strict=True) if a != b}
    return igraph.Graph(n=len(row), edges=sorted(pairs), directed=True)


def random_edges(n: int, m: int, seed: int) -> EdgeList:
    rng = np.random.default_rng(seed)
    pre, post = rng.integers(0, n, m), (rng.random(m) ** 2 * n).astype(int)
    return EdgeList(pre.tolist(), post.tolist(), [1] * m, list(range(n)))


@given(edge_lists())
def test_triad_census_equals_networkx_and_igraph(edges: EdgeList) -> None:
    census = triad_census(graph_of(edges))
    assert list(census) == [motif.code for motif in TRIADS]
    if len(edges.ids) >= 3:  # networkx refuses fewer
        assert census == nx.triadic_census(networkx_of(edges))
        theirs = igraph_of(edges).triad_census()
        assert {code: getattr(theirs, f"t{code}") for code in census} == census
    else:
        assert not any(census.values())


@given(edge_lists())
def test_dyad_census_equals_igraph(edges: EdgeList) -> None:
    census = dyad_census(graph_of(edges))
    theirs = igraph_of(edges).dyad_census()
    assert (census.mutual, census.asymmetric, census.null) == (theirs.mutual, theirs.asymmetric, theirs.null)


@pytest.mark.parametrize(("n", "m"), [(60, 300), (60, 2500), (300, 3000)])
def test_larger_graphs_equal_networkx_and_igraph(n: int, m: int) -> None:
    edges = random_edges(n, m, seed=n + m)
    census = triad_census(graph_of(edges))
    assert census == nx.triadic_census(networkx_of(edges))
    theirs = igraph_of(edges).triad_census()
    assert {code: getattr(theirs, f"t{code}") for code in census} == census


@pytest.mark.parametrize("n", [0, 1, 2, 3, 139_255])
def test_without_connections(n: int) -> None:
    graph = Graph.from_edges([], [], ids=np.arange(n))
    assert triad_census(graph)["003"] == comb(n, 3) == sum(triad_census(graph).values())
    assert dyad_census(graph).null == comb(n, 2)
    assert all(row.count == row.induced == 0 for row in motif_counts(graph))


def test_only_autapses() -> None:
    graph = Graph.from_edges([1, 2, 3], [1, 2, 3])
    assert triad_census(graph)["003"] == 1
    assert dyad_census(graph).null == 3


@pytest.mark.parametrize("both_ways", [False, True])
def test_star_in_closed_form(both_ways: bool) -> None:
    """A hub with 100,000 partners; every pair of them makes a triad with it, and no other triad has two connections."""
    partners = np.arange(1, 100_001)
    hub = np.zeros_like(partners)
    graph = Graph.from_edges(hub, partners)
    if both_ways:
        graph = Graph.from_edges(np.concatenate([hub, partners]), np.concatenate([partners, hub]))
    census = triad_census(graph)
    assert census.pop("201" if both_ways else "021D") == comb(100_000, 2)
    assert census.pop("003") == comb(100_000, 3)
    assert not any(census.values())


@pytest.mark.parametrize("n", [3, 4, 40])
def test_clique_in_closed_form(n: int) -> None:
    pre, post = np.nonzero(~np.eye(n, dtype=bool))
    counts = {row.code: row for row in motif_counts(Graph.from_edges(pre, post))}
    assert counts["300"].induced == counts["300"].count == comb(n, 3)
    assert counts["030T"].count == 6 * comb(n, 3)  # an order of three neurons each
    assert counts["030C"].count == 2 * comb(n, 3)  # two ways around
    assert counts["M"].count == comb(n, 2)
    assert counts["A"].count == n * (n - 1)
    assert counts["030T"].induced == counts["A"].induced == 0


@settings(max_examples=40)
@given(edge_lists(max_neurons=6))
def test_motif_counts_equal_brute_force(edges: EdgeList) -> None:
    """Every set of connections among every three neurons, from the definition."""
    present = set(networkx_of(edges).edges)
    rows = motif_counts(graph_of(edges))
    assert [row.code for row in rows] == [motif.code for motif in (*DYADS, *CONNECTED_TRIADS)]
    for row, motif in zip(rows, (*DYADS, *CONNECTED_TRIADS), strict=True):
        copies, induced = set(), set()
        for neurons in itertools.permutations(edges.ids, motif.n_neurons):
            wanted = frozenset((neurons[a], neurons[b]) for a, b in motif.edges)
            if wanted <= present:
                copies.add(wanted)
                among = {(a, b) for a, b in present if a in neurons and b in neurons}
                if among == wanted:
                    induced.add(frozenset(neurons))
        assert (row.count, row.induced) == (len(copies), len(induced)), motif


@given(edge_lists())
def test_reversal_turns_down_into_up(edges: EdgeList) -> None:
    graph = graph_of(edges)
    turned = triad_census(graph.reversed())
    assert turned == {code: triad_census(graph)[UPSIDE_DOWN.get(code, code)] for code in turned}
    assert dyad_census(graph.reversed()) == dyad_census(graph)


@given(edge_lists(), st.randoms(use_true_random=False))
def test_names_do_not_matter(edges: EdgeList, random: object) -> None:
    names = list(range(len(edges.ids)))
    random.shuffle(names)  # type: ignore[attr-defined]
    new = dict(zip(edges.ids, names, strict=True))
    renamed = Graph.from_edges([new[a] for a in edges.pre], [new[b] for b in edges.post], ids=names)
    assert triad_census(renamed) == triad_census(graph_of(edges))


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_do_not_matter(threads: int) -> None:
    graph = graph_of(random_edges(3000, 80_000, seed=1))
    assert triad_census(graph, threads=threads) == triad_census(graph, threads=1)


def test_ranges_cover_every_row_once() -> None:
    pairs = np.random.default_rng(0).integers(0, 400, 1000)
    starts = np.concatenate([[0], np.cumsum(pairs)])
    for threads in (1, 2, 7):
        rows = [row for begin, end in in_ranges(lambda b, e: (b, e), starts, threads) for row in range(begin, end)]
        assert rows == list(range(1000))


def test_threads_are_one_or_more() -> None:
    with pytest.raises(GraphError, match="threads is 0; expected 1 or more"):
        triad_census(Graph.from_edges([1], [2]), threads=0)


def test_c_elegans() -> None:
    """Varshney et al., PLoS Comput. Biol. 7 (2011): 279 neurons, 2,194 directed chemical connections."""
    edges = c_elegans()
    graph = graph_of(edges)
    assert (graph.n_neurons, graph.n_connections) == (279, 2194)
    assert triad_census(graph) == nx.triadic_census(networkx_of(edges))
    theirs = igraph_of(edges).triad_census()
    assert triad_census(graph) == {code: getattr(theirs, f"t{code}") for code in triad_census(graph)}


def c_elegans() -> EdgeList:
    """Synapses sent (rows S and Sp) of NeuronConnect.xls; neurons are numbered in the order of their names."""
    folder = os.environ.get("GRAPHKIT_REAL_DATA")
    if not folder:
        pytest.skip("needs real data: set GRAPHKIT_REAL_DATA to the folder that has c_elegans/NeuronConnect.xls")
    xlrd = pytest.importorskip("xlrd")
    sheet = xlrd.open_workbook(f"{folder}/c_elegans/NeuronConnect.xls").sheet_by_index(0)
    rows = [sheet.row_values(row) for row in range(1, sheet.nrows)]
    sent = [row for row in rows if row[2] in ("S", "Sp") and row[3] > 0]  # two Sp rows have 0
    names = sorted({name for row in sent for name in row[:2]})
    number = {name: index for index, name in enumerate(names)}
    return EdgeList(
        [number[row[0]] for row in sent],
        [number[row[1]] for row in sent],
        [int(row[3]) for row in sent],
        list(range(len(names))),
    )
