"""Motif strength against the definition, triple by triple."""

from __future__ import annotations

import itertools
import statistics

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs import CONNECTED_TRIADS, DYADS, motif_counts
from graphkit.motifs.strength import motif_strengths
from tests.strategies import EdgeList, edge_lists


def by_definition(edges: EdgeList) -> dict[str, list[float]]:
    """Synapses per connection of every instance, by code; classes by networkx."""
    pairs = {pair: count for pair, count in edges.summed().items() if pair[0] != pair[1]}
    found: dict[str, list[float]] = {motif.code: [] for motif in (*DYADS, *CONNECTED_TRIADS)}
    for size in (2, 3):
        for chosen in itertools.combinations(edges.ids, size):
            inside = {pair: n for pair, n in pairs.items() if pair[0] in chosen and pair[1] in chosen}
            if not inside:
                continue
            if size == 2:
                code = "M" if len(inside) == 2 else "A"
            else:
                graph = nx.DiGraph(list(inside))
                graph.add_nodes_from(chosen)
                code = next(name for name, count in nx.triadic_census(graph).items() if count)
            if code in found:
                found[code].append(sum(inside.values()) / len(inside))
    return found


@given(edge_lists(max_neurons=7))
def test_mean_and_sd_over_all_instances(edges: EdgeList) -> None:
    edges = edges._replace(synapses=[count % 1000 + 1 for count in edges.synapses])
    graph = Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)
    expected = by_definition(edges)
    found = motif_strengths(graph)
    assert list(found) == list(expected)
    for code, values in expected.items():
        assert found[code].instances == len(values)
        if values:
            assert found[code].mean == pytest.approx(statistics.mean(values))
            assert found[code].sd == pytest.approx(statistics.pstdev(values), abs=1e-9)
        else:
            assert (found[code].mean, found[code].sd) == (None, None)


def test_equal_counts_have_no_spread_and_threads_change_nothing() -> None:
    rng = np.random.default_rng(0)
    pre, post = rng.integers(0, 3000, 90_000), (rng.random(90_000) ** 2 * 3000).astype(int)
    graph = Graph.from_edges(pre, post, rng.integers(1, 50, 90_000), autapses=False)
    assert motif_strengths(graph, threads=1) == motif_strengths(graph, threads=3)
    induced = {row.code: row.induced for row in motif_counts(graph)}
    assert {code: found.instances for code, found in motif_strengths(graph).items()} == induced
    pre_ids, post_ids, _ = graph.edges()
    even = motif_strengths(Graph.from_edges(pre_ids, post_ids, np.full(len(pre_ids), 7)))
    assert {(found.mean, found.sd) for found in even.values() if found.instances} == {(7.0, 0.0)}


def test_counts_that_do_not_fit() -> None:
    with pytest.raises(GraphError, match="too many synapses"):
        motif_strengths(Graph.from_edges([1, 2], [2, 3], [2**40, 1]))
