"""Which neurons can be reached along connections, and in how many (hops)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.edges import distinct
from graphkit.errors import GraphError
from graphkit.graph import Graph

__all__ = ["edges_of", "hops_from", "neighbours"]


def hops_from(
    graph: Graph,
    ids: ArrayLike,
    *,
    hops: int | None = None,
    direction: Literal["out", "in", "both"] = "out",
    until: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """The fewest connections from any of the neurons ``ids`` to each neuron, int64 of shape (n,); -1 beyond ``hops``.

    With ``until``, of shape (n,), the search ends with the distance at which the first of these neurons is met.

    ``direction``: "out" along the connections, "in" against them (hops *to* the neurons ``ids``), "both" either way. One
    breadth-first search from all of ``ids`` at once.

    >>> hops_from(Graph.from_edges([1, 2, 3], [2, 3, 1]), [1]).tolist()
    [0, 1, 2]

    Raises:
        GraphError: an id is not in the graph; ``hops`` is negative.
    """
    if hops is not None and hops < 0:
        raise GraphError(f"hops must be 0 or more, got {hops}.")
    sides = {
        "out": [(graph.indptr, graph.indices)],
        "in": [(graph.in_indptr, graph.in_indices)],
        "both": [(graph.indptr, graph.indices), (graph.in_indptr, graph.in_indices)],
    }[direction]
    found = np.full(len(graph), -1, dtype=np.int64)
    frontier = distinct(np.atleast_1d(graph.index_of(ids)))
    found[frontier] = 0
    level = 0
    while len(frontier) and (hops is None or level < hops) and (until is None or not until[frontier].any()):
        level += 1
        for indptr, indices in sides:
            there = neighbours(indptr, indices, frontier)
            found[there[found[there] < 0]] = level
        frontier = np.flatnonzero(found == level)
    return found


def neighbours(indptr: NDArray[np.int64], indices: NDArray[np.int32], rows: NDArray[np.int64]) -> NDArray[np.int32]:
    """The entries of ``indices`` of these rows, one row after the other."""
    return indices[edges_of(indptr, rows)]


def edges_of(indptr: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places in ``indices`` of these rows, one row after the other."""
    lengths = indptr[rows + 1] - indptr[rows]
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    places: NDArray[np.int64] = np.arange(total, dtype=np.int64) + np.repeat(indptr[rows] - (ends - lengths), lengths)
    return places
