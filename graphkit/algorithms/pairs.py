"""The synapses of certain pairs of neurons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph

__all__ = ["synapses_of_pairs"]


def synapses_of_pairs(graph: Graph, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The synapses from each of the rows ``sources`` to the row ``targets`` beside it, int64 of their shape; 0 where it has none.

    All pairs at once, each by halving its source's list of targets.

    >>> graph = Graph.from_edges([1, 1, 2], [2, 3, 3], [9, 4, 2])
    >>> synapses_of_pairs(graph, np.array([0, 1, 2]), np.array([2, 0, 1])).tolist()
    [4, 0, 0]
    """
    low, high = graph.indptr[sources], graph.indptr[sources + 1]
    ends = high.copy()
    while (low < high).any():
        middle = (low + high) >> 1
        open_ = low < high
        before = open_ & (graph.indices[np.where(open_, middle, 0)] < targets)
        low, high = np.where(before, middle + 1, low), np.where(open_ & ~before, middle, high)
    there = low < ends
    there[there] = graph.indices[low[there]] == targets[there]
    found = np.zeros(len(low), dtype=np.int64)
    found[there] = graph.synapses[low[there]]
    return found
