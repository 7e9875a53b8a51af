"""Components: which neurons reach each other."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph

__all__ = ["largest_component", "strongly_connected_components", "weakly_connected_components"]


def strongly_connected_components(graph: Graph) -> NDArray[np.int64]:
    """The component of each neuron, int64 of shape (n,): neurons that reach each other along connections share one.

    Components are numbered from 0, the largest first; of the same size, the one with the smaller first id. Pearce, An
    improved algorithm for finding the strongly connected components of a directed graph (2005).

    >>> strongly_connected_components(Graph.from_edges([1, 2, 2], [2, 1, 3])).tolist()
    [0, 0, 1]
    """
    return _components(graph, "strong")


def weakly_connected_components(graph: Graph) -> NDArray[np.int64]:
    """The component of each neuron, int64 of shape (n,): connections taken as going both ways; numbered as above.

    >>> weakly_connected_components(Graph.from_edges([1, 4], [3, 2], ids=[9])).tolist()
    [0, 1, 0, 1, 2]
    """
    return _components(graph, "weak")


def largest_component(graph: Graph, *, strong: bool = True) -> Graph:
    """The largest component (of several, the one with the smallest id) and all connections inside it."""
    component = _components(graph, "strong" if strong else "weak")
    return graph.subgraph(graph.ids[component == 0])


def _components(graph: Graph, connection: Literal["weak", "strong"]) -> NDArray[np.int64]:
    from scipy.sparse.csgraph import connected_components

    if len(graph) == 0:
        return np.empty(0, dtype=np.int64)
    n_found, found = connected_components(graph.to_scipy(), directed=True, connection=connection)
    sizes = np.bincount(found, minlength=n_found)
    _, first_row = np.unique(found, return_index=True)
    number = np.empty(n_found, dtype=np.int64)
    number[np.lexsort((first_row, -sizes))] = np.arange(n_found)
    numbered: NDArray[np.int64] = number[found]
    return numbered
