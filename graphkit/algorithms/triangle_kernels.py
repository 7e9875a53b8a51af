"""Compiled loops over triangles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["directed_triangles"]


@compiled
def directed_triangles(
    begin: int, end: int, starts: NDArray[np.int64], forward: NDArray[np.int32]
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Directed triangles through each rank, shape (n,), of the triangles whose lowest rank is in [begin, end).

    Three neurons make as many as the product of the numbers of connections (1 or 2) of their three pairs, cycles and
    feedforward loops alike. ``forward`` is that of `graphkit.motifs.kernels.forward_pairs`.
    """
    n = len(starts) - 1
    found = np.zeros(n, dtype=np.int64)
    ways_to = np.zeros(n, dtype=np.uint8)
    for u in range(begin, end):
        row = forward[starts[u] : starts[u + 1]]
        if len(row) < 2:
            continue
        for pair in row:
            ways_to[pair >> 2] = 2 if pair & 3 == 3 else 1
        for pair in row:
            v = pair >> 2
            uv = 2 if pair & 3 == 3 else 1
            for other in forward[starts[v] : starts[v + 1]]:
                w = other >> 2
                uw = ways_to[w]
                if uw:
                    ways = uv * uw * (2 if other & 3 == 3 else 1)
                    found[u] += ways
                    found[v] += ways
                    found[w] += ways
        for pair in row:
            ways_to[pair >> 2] = 0
    return found
