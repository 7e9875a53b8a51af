"""The compiled loop of breadth-first searches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["count_hops"]


@compiled
def count_hops(
    sources: NDArray[np.int64], indptr: NDArray[np.int64], indices: NDArray[np.int32]
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """How many neurons lie at each distance from the sources, int64 of shape (n,): index h counts pairs h connections apart."""
    n = len(indptr) - 1
    counts = np.zeros(n, dtype=np.int64)
    hops = np.full(n, -1, dtype=np.int32)
    queue = np.empty(n, dtype=np.int32)
    for source in sources:
        queue[0], n_queued, at = source, 1, 0
        hops[source] = 0
        while at < n_queued:
            u = queue[at]
            at += 1
            for k in range(indptr[u], indptr[u + 1]):
                v = indices[k]
                if hops[v] < 0:
                    hops[v] = hops[u] + 1
                    queue[n_queued] = v
                    n_queued += 1
        for i in range(n_queued):
            counts[hops[queue[i]]] += 1
            hops[queue[i]] = -1
    return counts
