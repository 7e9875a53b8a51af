"""The compiled loop of percolation."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["components_backwards"]

_Int64 = NDArray[np.int64]


@numba.njit(nogil=True)
def _root(parent: _Int64, u: Any) -> Any:  # pragma: no cover - compiled
    while parent[u] != u:
        parent[u] = parent[parent[u]]
        u = parent[u]
    return u


@compiled
def components_backwards(
    order: _Int64,
    indptr: _Int64,
    indices: NDArray[np.int32],
    in_indptr: _Int64,
    in_indices: NDArray[np.int32],
) -> tuple[_Int64, _Int64, _Int64]:  # pragma: no cover - compiled
    """(largest, second largest, number) of the components after each number of removals, int64 of shape (n + 1,) each.

    ``sizes[s]`` counts components of s neurons. The second largest rises only to the size of a component that is there, and is
    looked for from there downwards when that has become part of another.
    """
    n = len(order)
    largest, second = np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
    count = np.zeros(n + 1, dtype=np.int64)
    parent = np.full(n, -1, dtype=np.int64)
    size = np.ones(n, dtype=np.int64)
    sizes = np.zeros(n + 1, dtype=np.int64)
    best, runner, there = 0, 0, 0
    for step in range(n - 1, -1, -1):
        u = order[step]
        parent[u] = u
        there += 1
        sizes[1] += 1
        joined = 1
        for side in range(2):
            starts = indptr if side == 0 else in_indptr
            others = indices if side == 0 else in_indices
            for k in range(starts[u], starts[u + 1]):
                v = np.int64(others[k])
                if parent[v] < 0:
                    continue
                a, b = _root(parent, u), _root(parent, v)
                if a == b:
                    continue
                if size[a] < size[b]:
                    a, b = b, a
                sizes[size[a]] -= 1
                sizes[size[b]] -= 1
                parent[b] = a
                size[a] += size[b]
                sizes[size[a]] += 1
                there -= 1
                joined = size[a]
        before = best
        best = max(best, joined)
        if joined < best:
            runner = max(runner, joined)
        if best > before and sizes[before]:
            runner = max(runner, before)
        if sizes[best] > 1:
            runner = best
        while runner > 0 and (sizes[runner] == 0 or (runner == best and sizes[best] == 1)):
            runner -= 1
        largest[step], second[step], count[step] = best, runner, there
    return largest, second, count
