"""The compiled loop of the k-core decomposition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["peel"]


@compiled
def peel(starts: NDArray[np.int64], packed: NDArray[np.int32]) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Core numbers, shape (n,), from undirected neighbour lists (``packed >> 2``), by removing the least connected first.

    ``order`` is sorted by the degree that is left; ``bins[d]`` is where the neurons of degree d begin in it, so that a degree
    goes down by one swap.
    """
    n = len(starts) - 1
    degree = np.empty(n, dtype=np.int64)
    largest = 0
    for u in range(n):
        degree[u] = starts[u + 1] - starts[u]
        largest = max(largest, degree[u])
    bins = np.zeros(largest + 2, dtype=np.int64)
    for u in range(n):
        bins[degree[u] + 1] += 1
    for d in range(largest + 1):
        bins[d + 1] += bins[d]
    order, place = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    at = bins.copy()
    for u in range(n):
        place[u] = at[degree[u]]
        order[place[u]] = u
        at[degree[u]] += 1
    for i in range(n):
        u = order[i]
        for k in range(starts[u], starts[u + 1]):
            v = packed[k] >> 2
            if degree[v] > degree[u]:
                first = bins[degree[v]]
                w = order[first]
                if w != v:
                    order[first], order[place[v]] = v, w
                    place[w], place[v] = place[v], first
                bins[degree[v]] += 1
                degree[v] -= 1
    return degree
