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
    on its own share and those of the neurons behind it. On the way back ``behind`` is 0 but for the neurons one hop farther, so
    that nothing has to be asked of a connection.
    """
    n = len(indptr) - 1
    total = np.zeros(n, dtype=np.float64)
    hops = np.full(n, -1, dtype=np.int32)
    paths = np.zeros(n, dtype=np.float64)
    share, behind = np.zeros(n, dtype=np.float64), np.zeros(n, dtype=np.float64)
    queue = np.empty(n, dtype=np.int32)
    first = np.empty(n + 2, dtype=np.int64)  # where in the queue each level begins
    for source in sources:
        queue[0], n_queued, level = source, 1, 0
        hops[source], paths[source] = 0, 1.0
        first[0], first[1] = 0, 1
        while first[level] < first[level + 1]:
            if n_queued < n:  # there may be more
                for at in range(first[level], first[level + 1]):
                    u = queue[at]
                    mine = paths[u]
                    for k in range(indptr[u], indptr[u + 1]):
                        v = indices[k]
                        if hops[v] < 0:
                            hops[v] = level + 1
                            paths[v] = mine
                            queue[n_queued] = v
                            n_queued += 1
                        elif hops[v] == level + 1:
                            paths[v] += mine
            level += 1
            first[level + 1] = n_queued
        for depth in range(level - 2, 0, -1):  # the last level has nothing behind it
            for at in range(first[depth + 1], first[depth + 2]):
                v = queue[at]
                behind[v] = (1.0 + share[v]) / paths[v]
            for at in range(first[depth], first[depth + 1]):
                u = queue[at]
                passed = 0.0
                for k in range(indptr[u], indptr[u + 1]):
                    passed += behind[indices[k]]
                share[u] = passed * paths[u]
                total[u] += share[u]
            for at in range(first[depth + 1], first[depth + 2]):
                behind[queue[at]] = 0.0
        for i in range(n_queued):
            u = queue[i]
            hops[u], paths[u], share[u] = -1, 0.0, 0.0
    return total
