"""Communities that were planted are found; their modularity is that of networkx, and no worse than igraph's Leiden."""

from __future__ import annotations

import math

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.algorithms.communities import communities, modularity
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import both, random_graph
from tests.strategies import EdgeList, edge_lists


def undirected(oracle: nx.DiGraph[int]) -> nx.Graph[int]:
    made = nx.Graph()
    made.add_nodes_from(oracle)
    for a, b, data in oracle.edges(data=True):
        made.add_edge(a, b, weight=data["weight"] + (made[a][b]["weight"] if made.has_edge(a, b) else 0))
    return made


@given(edge_lists(), st.data())
def test_modularity_equals_networkx(edges: EdgeList, data: st.DataObject) -> None:
    graph, oracle = both(edges)
    labels = data.draw(st.lists(st.integers(-3, 3), min_size=len(graph), max_size=len(graph)))
    if not edges.pre:
        assert math.isnan(modularity(graph, np.array(labels, dtype=np.int64)))
        return
    groups = [{int(i) for i, at in zip(graph.ids, labels, strict=True) if at == label} for label in set(labels)]
    expected = nx.community.modularity(undirected(oracle), groups, weight="weight", resolution=0.7)
    assert modularity(graph, np.array(labels), resolution=0.7) == pytest.approx(expected, abs=1e-9)


def test_planted_communities_are_found() -> None:
    rng = np.random.default_rng(1)
    sizes = [60, 40, 30]
    home = np.repeat([0, 1, 2], sizes)
    chance = np.where(home[:, None] == home[None, :], 0.25, 0.01)
    pre, post = np.nonzero(rng.random(chance.shape) < chance)
    graph = Graph.from_edges(pre, post, rng.integers(1, 9, len(pre)), ids=[*range(130), 500])
    assert communities(graph).tolist() == [*home.tolist(), 3]
    many = communities(graph, resolution=30.0)
    assert many.max() > 10


def test_as_good_as_igraph_and_the_same_each_time() -> None:
    graph, oracle = random_graph(300, 2000, seed=2)
    found = communities(graph)
    assert np.array_equal(found, communities(graph))
    assert np.bincount(found).tolist() == sorted(np.bincount(found).tolist(), reverse=True)
    plain = undirected(oracle)
    theirs = igraph.Graph.TupleList(((a, b, d["weight"]) for a, b, d in plain.edges(data=True)), weights=True)
    best = theirs.community_leiden(objective_function="modularity", weights="weight", n_iterations=10).modularity
    assert modularity(graph, found) > 0.97 * best


def test_what_cannot_be() -> None:
    graph = Graph.from_edges([1], [2])
    with pytest.raises(GraphError, match="resolution is 0"):
        communities(graph, resolution=0)
    with pytest.raises(GraphError, match=r"shape \(1,\); expected 2 whole numbers"):
        modularity(graph, [1])
    assert communities(Graph.from_edges([], [], ids=[5, 6])).tolist() == [0, 1]
