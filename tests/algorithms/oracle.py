"""The same raw edges as a Graph and as a networkx graph."""

from __future__ import annotations

import networkx as nx
import numpy as np

from graphkit.graph import Graph
from tests.strategies import EdgeList

__all__ = ["both", "random_graph"]


def both(edges: EdgeList, *, autapses: bool = True) -> tuple[Graph, nx.DiGraph[int]]:
    oracle = nx.DiGraph()
    oracle.add_nodes_from(edges.ids)
    pairs = edges.summed().items()
    oracle.add_weighted_edges_from((a, b, n) for (a, b), n in pairs if autapses or a != b)
    return Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids, autapses=autapses), oracle


def random_graph(n: int, m: int, seed: int) -> tuple[Graph, nx.DiGraph[int]]:
    """Heavy-tailed inputs, some reciprocal pairs and autapses; weights of 1 to 20."""
    rng = np.random.default_rng(seed)
    pre, post = rng.integers(0, n, m), (rng.random(m) ** 2 * n).astype(int)
    pre, post = np.concatenate([pre, post[: m // 5]]), np.concatenate([post, pre[: m // 5]])
    edges = EdgeList(pre.tolist(), post.tolist(), rng.integers(1, 20, len(pre)).tolist(), list(range(n)))
    return both(edges)
