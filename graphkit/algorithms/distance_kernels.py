"""The compiled loop over all pairs of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["count_pairs"]


@compiled
def count_pairs(
    begin: int,
    end: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    scale: float,
    n_cells: int,
    squared: bool,
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Unordered pairs (i, j), i in [begin, end), j > i, by floor(distance * scale), int64 of shape (n_cells,).

    If ``squared``, by floor(distance squared * scale), which needs no root. Distances are worked out in runs that fit the cache,
    which compilers turn into vector instructions, then counted.
    """
    n = len(x)
    counts = np.zeros(n_cells, dtype=np.int64)
    run = np.empty(1024, dtype=np.int32)
    for i in range(begin, end):
        a, b, c = x[i], y[i], z[i]
        for first in range(i + 1, n, 1024):
            last = min(first + 1024, n)
            if squared:
                for j in range(first, last):
                    dx, dy, dz = a - x[j], b - y[j], c - z[j]
                    run[j - first] = np.int32((dx * dx + dy * dy + dz * dz) * scale)
            else:
                for j in range(first, last):
                    dx, dy, dz = a - x[j], b - y[j], c - z[j]
                    run[j - first] = np.int32(np.sqrt(dx * dx + dy * dy + dz * dz) * scale)
            for j in range(last - first):
                counts[run[j]] += 1
    return counts
