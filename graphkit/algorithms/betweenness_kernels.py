"""The compiled loop of betweenness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["through"]


@compiled
def through(
    sources: NDArray[np.int64], indptr: NDArray[np.int64], indices: NDArray[np.int32]
) -> NDArray[np.float64]:  # pragma: no cover - compiled
    """Dependencies of the searches from ``sources`` on each neuron, added up, shape (n,).

    Breadth first from the source with the number of shortest paths to each neuron; then back, farthest first: a neuron passes
    on its own share and those of the neurons behind it.
    """
    n = len(indptr) - 1
    total = np.zeros(n, dtype=np.float64)
    hops = np.full(n, -1, dtype=np.int32)
    paths = np.zeros(n, dtype=np.float64)
    share = np.zeros(n, dtype=np.float64)
    queue = np.empty(n, dtype=np.int32)
    for source in sources:
        queue[0], n_queued, at = source, 1, 0
        hops[source], paths[source] = 0, 1.0
        while at < n_queued:
            u = queue[at]
            at += 1
            for k in range(indptr[u], indptr[u + 1]):
                v = indices[k]
                if hops[v] < 0:
                    hops[v] = hops[u] + 1
                    queue[n_queued] = v
                    n_queued += 1
                if hops[v] == hops[u] + 1:
                    paths[v] += paths[u]
        for i in range(n_queued - 1, -1, -1):
            u = queue[i]
            for k in range(indptr[u], indptr[u + 1]):
                v = indices[k]
                if hops[v] == hops[u] + 1:
                    share[u] += paths[u] / paths[v] * (1.0 + share[v])
            if u != source:
                total[u] += share[u]
        for i in range(n_queued):
            u = queue[i]
            hops[u], paths[u], share[u] = -1, 0.0, 0.0
    return total
