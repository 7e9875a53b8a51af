"""The obvious kernels, some thirty lines each, that a motif engine has to beat. They count what graphkit counts."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["bifans", "feedforward_loops", "four_cycles", "triads"]

_Array = NDArray[Any]


@numba.njit(cache=True)
def feedforward_loops(indptr: _Array, indices: _Array) -> int:  # pragma: no cover - compiled
    n, found = len(indptr) - 1, 0
    mark = np.zeros(n, dtype=np.bool_)
    for a in range(n):
        targets = indices[indptr[a] : indptr[a + 1]]
        for b in targets:
            mark[b] = True
        for b in targets:
            for k in range(indptr[b], indptr[b + 1]):
                found += mark[indices[k]]
        for b in targets:
            mark[b] = False
    return found


@numba.njit(cache=True)
def bifans(indptr: _Array, indices: _Array, in_indptr: _Array, in_indices: _Array) -> int:  # pragma: no cover
    n, found = len(indptr) - 1, 0
    shared = np.zeros(n, dtype=np.int64)
    met = np.zeros(n, dtype=np.int64)
    for a in range(n):
        n_met = 0
        for c in indices[indptr[a] : indptr[a + 1]]:
            for b in in_indices[in_indptr[c] : in_indptr[c + 1]]:
                if b >= a:
                    break
                if shared[b] == 0:
                    met[n_met] = b
                    n_met += 1
                shared[b] += 1
        for k in range(n_met):
            found += shared[met[k]] * (shared[met[k]] - 1) // 2
            shared[met[k]] = 0
    return found


@numba.njit(cache=True)
def four_cycles(indptr: _Array, indices: _Array, in_indptr: _Array, in_indices: _Array) -> int:  # pragma: no cover
    n, found = len(indptr) - 1, 0
    ways = np.zeros(n, dtype=np.int64)  # a -> b -> c
    to = np.zeros(n, dtype=np.bool_)
    onto = np.zeros(n, dtype=np.bool_)
    for a in range(n):
        for b in indices[indptr[a] : indptr[a + 1]]:
            to[b] = True
            if b > a:
                for c in indices[indptr[b] : indptr[b + 1]]:
                    ways[c] += c > a
        for d in in_indices[in_indptr[a] : in_indptr[a + 1]]:
            if d > a:
                for c in in_indices[in_indptr[d] : in_indptr[d + 1]]:
                    if c > a:
                        found += ways[c]
                if to[d]:  # a -> d -> c -> d -> a is none
                    for c in indices[indptr[d] : indptr[d + 1]]:
                        onto[c] = True
                    for c in in_indices[in_indptr[d] : in_indptr[d + 1]]:
                        found -= c > a and onto[c]
                    for c in indices[indptr[d] : indptr[d + 1]]:
                        onto[c] = False
        for b in indices[indptr[a] : indptr[a + 1]]:
            to[b] = False
            for c in indices[indptr[b] : indptr[b + 1]]:
                ways[c] = 0
    return found


@numba.njit(cache=True)
def triads(starts: _Array, neighbours: _Array, dyads: _Array) -> tuple[_Array, _Array]:  # pragma: no cover
    """Batagelj & Mrvar 2001: for each pair u < v every w that is joined to either, once; by code, with u, v first.

    ``neighbours`` are those to or from a neuron, ascending, and ``dyads`` how they are joined. The pairs that no third
    neuron is joined to are counted in the second answer by the dyad.
    """
    n = len(starts) - 1
    codes = np.zeros(64, dtype=np.int64)
    alone = np.zeros(4, dtype=np.int64)
    for u in range(n):
        for k in range(starts[u], starts[u + 1]):
            v, uv = neighbours[k], dyads[k]
            if v < u:
                continue
            i, j, n_joined = starts[u], starts[v], 0
            while i < starts[u + 1] or j < starts[v + 1]:
                at_u = neighbours[i] if i < starts[u + 1] else n
                at_v = neighbours[j] if j < starts[v + 1] else n
                w = min(at_u, at_v)
                uw, vw = 0, 0
                if at_u == w:
                    uw = dyads[i]
                    i += 1
                if at_v == w:
                    vw = dyads[j]
                    j += 1
                if w != u and w != v:
                    n_joined += 1
                    if v < w or (u < w < v and uw == 0):
                        codes[uv << 4 | uw << 2 | vw] += 1
            alone[uv] += n - 2 - n_joined
    return codes, alone
