"""Components while neurons go, against networkx on what is left."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.algorithms.percolation import percolation
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import both, random_graph
from tests.strategies import EdgeList, edge_lists


@settings(max_examples=60)
@given(edge_lists(), st.sampled_from(["most connected", "least connected"]))
def test_every_step_equals_networkx(edges: EdgeList, first: str) -> None:
    graph, oracle = both(edges)
    found = percolation(graph, first=first)  # type: ignore[arg-type]
    simple = oracle.copy()
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    sign = -1 if first == "most connected" else 1
    order = sorted(simple, key=lambda i: (sign * simple.degree(i), i))
    assert graph.ids[found.order].tolist() == order
    for step in range(len(order) + 1):
        left = simple.subgraph(order[step:])
        sizes = [*sorted((len(c) for c in nx.weakly_connected_components(left)), reverse=True), 0, 0]
        assert (found.largest[step], found.second[step]) == tuple(sizes[:2]), step
        assert found.components[step] == len(sizes) - 2


def test_a_larger_graph_at_some_steps() -> None:
    graph, oracle = random_graph(400, 700, seed=3)
    found = percolation(graph)
    for step in (0, 10, 50, 120, 200, 399):
        left = oracle.subgraph(graph.ids[found.order[step:]].tolist())
        sizes = [*sorted((len(c) for c in nx.weakly_connected_components(left)), reverse=True), 0]
        assert (found.largest[step], found.second[step]) == tuple(sizes[:2])
    assert np.all(np.diff(found.largest) <= 0)


def test_what_cannot_be() -> None:
    with pytest.raises(GraphError, match="no order 'random'"):
        percolation(Graph.from_edges([1], [2]), first="random")  # type: ignore[arg-type]
    assert percolation(Graph.from_edges([], [])).largest.tolist() == [0]
