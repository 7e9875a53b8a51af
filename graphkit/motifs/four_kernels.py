"""Compiled loops of the censuses of four neurons.

They work on the support (see `graphkit.motifs.kernels`) with neurons renamed by rank, so that hubs come last. Lists of
neighbours ascend, and each neighbour is packed with its dyad. What is counted are copies of the six connected shapes, by
the dyads on them, whatever else joins their neurons::

    star   path     tailed     square   diamond  clique
                    triangle
    x      u-v-w-x  u-v        u-v      u-v      u-v
    |               |\\         | |      |\\|      |X|
    u-v             w u-x      x-w      w-x      w-x        (diamond: u-v is the diagonal)
    |
    w

Stars and paths follow from degrees. For every pair u > v all neighbours of v are walked once; those that are neighbours of
u too make the triangles on that pair, and two of these a diamond; those below u are second neighbours of u, and two
ways to reach one a square. This takes time in proportion to the sum over pairs of the smaller degree. Cliques are
listed. Chiba & Nishizeki, SIAM J. Computing 14 (1985); Pinar, Seshadhri & Vishal, WWW 2017.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["autapses", "cliques", "codes_of", "folded", "pairs", "ranked", "ranked_lists", "squares"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]


@compiled
def ranked(starts: _Int64, packed: _Int32) -> tuple[_Int64, _Int64, _Int32]:  # pragma: no cover - compiled
    """(order, starts, packed): the neuron of each rank, by number of neighbours, and the support among ranks."""
    n = len(starts) - 1
    order = np.argsort(starts[1:] - starts[:-1], kind="mergesort")
    rank = np.empty(n, dtype=np.int64)
    for r in range(n):
        rank[order[r]] = r
    new_starts = np.zeros(n + 1, dtype=np.int64)
    for r in range(n):
        new_starts[r + 1] = new_starts[r] + starts[order[r] + 1] - starts[order[r]]
    at = new_starts[:-1].copy()
    new_packed = np.empty(len(packed), dtype=np.int32)
    for r in range(n):  # each neuron in turn enters the lists of its neighbours, which so ascend
        u = order[r]
        for k in range(starts[u], starts[u + 1]):
            v, dyad = rank[packed[k] >> 2], packed[k] & 3
            turned = dyad if dyad == 3 else 3 - dyad
            new_packed[at[v]] = r << 2 | turned
            at[v] += 1
    return order, new_starts, new_packed


@numba.njit(nogil=True)
def _turned(dyad: int) -> int:  # pragma: no cover - compiled
    return dyad if dyad == 3 else 3 - dyad


@compiled
def pairs(
    begin: int, end: int, starts: _Int64, packed: _Int32, degrees: _Int64
) -> _Int64:  # pragma: no cover - compiled
    """Paths, tailed triangles (each twice), squares and diamonds by code, shape (4096,), whose u is in [begin, end).

    ``degrees`` (n, 4): neighbours of each neuron by dyad.
    """
    counts = np.zeros(4096, dtype=np.int64)
    n = len(starts) - 1
    to_u = np.zeros(n, dtype=np.uint8)
    often = np.zeros(n, dtype=np.uint8)  # ways to reach a neuron: 0 none, 1 one, 3 several
    ways = np.zeros((n, 9), dtype=np.int32)
    closed = np.zeros(9, dtype=np.int64)
    for u in range(begin, end):
        for k in range(starts[u], starts[u + 1]):
            to_u[packed[k] >> 2] = packed[k] & 3
        for k in range(starts[u], starts[u + 1]):
            v, uv = packed[k] >> 2, packed[k] & 3
            if v > u:
                break
            n_closed = 0
            for j in range(starts[v], starts[v + 1]):
                w = np.uint32(packed[j]) >> np.uint32(2)
                if w < u:
                    often[w] = (often[w] << 1 | 1) & 3
                if to_u[w]:
                    closed[3 * np.int64(to_u[w]) + (packed[j] & 3) - 4] += 1
                    n_closed += 1
            _pair(u, v, uv, closed, n_closed, degrees, counts)
        # most second neighbours are reached in one way, and only the others make squares
        for k in range(starts[u], starts[u + 1]):
            v, uv = packed[k] >> 2, packed[k] & 3
            if v > u:
                break
            for j in range(starts[v], starts[v + 1]):
                w = np.uint32(packed[j]) >> np.uint32(2)
                if w >= u:
                    break
                if often[w] == 3:
                    ways[w, 3 * uv + (packed[j] & 3) - 4] += 1
        for k in range(starts[u], starts[u + 1]):
            v = packed[k] >> 2
            if v > u:
                break
            for j in range(starts[v], starts[v + 1]):
                w = np.uint32(packed[j]) >> np.uint32(2)
                if w >= u:
                    break
                if often[w] == 3:
                    _squares_of(ways[w], counts)
                often[w] = 0
        for k in range(starts[u], starts[u + 1]):
            to_u[packed[k] >> 2] = 0
    return counts


@numba.njit(nogil=True)
def _squares_of(ways: _Int32, counts: _Int64) -> None:  # pragma: no cover - compiled
    """Every two ways from u over v, or over x, to w; clears the ways."""
    for a in range(9):
        if ways[a]:
            uv, vw = a // 3 + 1, a % 3 + 1
            for b in range(a, 9):
                if ways[b]:
                    ux, xw = b // 3 + 1, b % 3 + 1
                    both = np.int64(ways[a]) * ways[b] if a != b else np.int64(ways[a]) * (ways[a] - 1) // 2
                    counts[uv << 10 | ux << 6 | vw << 4 | _turned(xw)] += both
            ways[a] = 0


@numba.njit(nogil=True)
def _pair(
    u: int, v: int, uv: int, closed: _Int64, n_closed: int, degrees: _Int64, counts: _Int64
) -> None:  # pragma: no cover - compiled
    """What is counted on a pair: paths w-u-v-x, tails at u and at v, diamonds across it; clears ``closed``."""
    for a in range(1, 4):
        first = degrees[u, a] - (a == uv)
        for b in range(1, 4):
            second = degrees[v, b] - (b == _turned(uv))
            counts[uv << 10 | a << 8 | b << 2] += first * second - closed[3 * a + b - 4]
    if n_closed == 0:
        return
    for i in range(9):
        if closed[i]:
            uw, vw = i // 3 + 1, i % 3 + 1
            for t in range(1, 4):
                counts[uv << 10 | uw << 8 | t << 6 | vw << 4] += closed[i] * (degrees[u, t] - (t == uv) - (t == uw))
                counts[_turned(uv) << 10 | vw << 8 | t << 6 | uw << 4] += closed[i] * (
                    degrees[v, t] - (t == _turned(uv)) - (t == vw)
                )
            for j in range(i, 9):
                if closed[j]:
                    ux, vx = j // 3 + 1, j % 3 + 1
                    both = closed[i] * closed[j] if i != j else closed[i] * (closed[i] - 1) // 2
                    counts[uv << 10 | uw << 8 | ux << 6 | vw << 4 | vx << 2] += both
    closed[:] = 0


@compiled
def cliques(begin: int, end: int, starts: _Int64, forward: _Int32) -> _Int64:  # pragma: no cover - compiled
    """Cliques by code, shape (4096,), whose lowest neuron is in [begin, end); ``forward`` lists higher neighbours only."""
    counts = np.zeros(4096, dtype=np.int64)
    n = len(starts) - 1
    to_u = np.zeros(n, dtype=np.uint8)
    to_v = np.zeros(n, dtype=np.uint8)
    common = np.empty(n, dtype=np.int32)
    for u in range(begin, end):
        if starts[u + 1] - starts[u] < 3:
            continue
        for pair in forward[starts[u] : starts[u + 1]]:
            to_u[pair >> 2] = pair & 3
        for first in forward[starts[u] : starts[u + 1]]:
            v = first >> 2
            n_common = 0
            for pair in forward[starts[v] : starts[v + 1]]:
                if to_u[pair >> 2]:
                    to_v[pair >> 2] = pair & 3
                    common[n_common] = pair
                    n_common += 1
            if n_common > 1:
                for i in range(n_common):
                    w = common[i] >> 2
                    code = (first & 3) << 10 | np.int64(to_u[w]) << 8 | (common[i] & 3) << 4
                    for pair in forward[starts[w] : starts[w + 1]]:
                        x = pair >> 2
                        if to_v[x]:
                            counts[code | np.int64(to_u[x]) << 6 | np.int64(to_v[x]) << 2 | pair & 3] += 1
            for i in range(n_common):
                to_v[common[i] >> 2] = 0
        for pair in forward[starts[u] : starts[u + 1]]:
            to_u[pair >> 2] = 0
    return counts


@compiled
def ranked_lists(
    rank: _Int32, order: _Int32, indptr: _Int64, indices: _Int32, in_indptr: _Int64, in_indices: _Int32
) -> tuple[_Int64, _Int32]:  # pragma: no cover - compiled
    """(starts, targets) of one direction among ranks; lists ascend."""
    n = len(rank)
    starts = np.zeros(n + 1, dtype=np.int64)
    for r in range(n):
        starts[r + 1] = starts[r] + indptr[order[r] + 1] - indptr[order[r]]
    at = starts[:-1].copy()
    targets = np.empty(len(indices), dtype=np.int32)
    for r in range(n):  # each neuron in turn enters the lists of those that have it as a target
        u = order[r]
        for k in range(in_indptr[u], in_indptr[u + 1]):
            v = rank[in_indices[k]]
            targets[at[v]] = r
            at[v] += 1
    return starts, targets


@compiled
def autapses(indptr: _Int64, indices: _Int32) -> int:  # pragma: no cover - compiled
    """How many neurons connect to themselves."""
    found = 0
    for u in range(len(indptr) - 1):
        for k in range(indptr[u], indptr[u + 1]):
            found += indices[k] == u
    return found


@compiled
def squares(
    begin: int,
    end: int,
    first: tuple[_Int64, _Int32, _Int64, _Int32],
    second: tuple[_Int64, _Int32, _Int64, _Int32],
    alike: bool,
    below: bool,
) -> int:  # pragma: no cover - compiled
    """Ordered pairs of ways u - v - w and u - x - w to a neuron w below u; of v and x below u only, if ``below``.

    The first way follows two lists of neighbours (starts, targets, starts, targets), the second two others; if these are
    the same, they are ``alike``, and v is not x. Otherwise v may be x: see `folded`.
    """
    starts, near, far_starts, far = first
    n = len(starts) - 1
    ways = np.zeros(n, dtype=np.int32)  # above ``before``: of this u; up to it: of those before, so none
    before: Any = np.int32(0)
    found = 0
    for u in range(begin, end):
        for k in range(starts[u], starts[u + 1]):
            v = near[k]
            if below and v >= u:
                break
            for j in range(far_starts[v], far_starts[v + 1]):
                w = np.uint32(far[j])
                if w >= u:
                    break
                so_far = max(ways[w], before)
                if alike:
                    found += 2 * int(so_far - before)
                ways[w] = so_far + np.int32(1)
        if not alike:
            other_starts, other_near, other_far_starts, other_far = second
            for k in range(other_starts[u], other_starts[u + 1]):
                x = other_near[k]
                if below and x >= u:
                    break
                for j in range(other_far_starts[x], other_far_starts[x + 1]):
                    w = np.uint32(other_far[j])
                    if w >= u:
                        break
                    found += max(ways[w] - before, 0)
        before = np.int32(before + starts[u + 1] - starts[u])
    return found


@compiled
def folded(
    back: tuple[_Int64, _Int32, _Int64, _Int32], far: tuple[_Int64, _Int32, _Int64, _Int32], below: bool
) -> int:  # pragma: no cover - compiled
    """Pairs of unlike ways u - v - w over the same v, which `squares` counts but which make no square.

    ``back`` are the two lists in which v has u, ``far`` those in which it has w; u and w have to be in both of theirs.
    """
    found = 0
    n = len(back[0]) - 1
    for v in range(n):
        i, j = back[0][v], back[2][v]
        k, m = far[0][v], far[2][v]
        n_below = 0  # neurons w below the u at hand
        while i < back[0][v + 1] and j < back[2][v + 1]:
            u = back[1][i]
            if u != back[3][j]:
                if u < back[3][j]:
                    i += 1
                else:
                    j += 1
                continue
            while k < far[0][v + 1] and m < far[2][v + 1] and far[1][k] < u and far[3][m] < u:
                if far[1][k] == far[3][m]:
                    n_below += 1
                    k += 1
                    m += 1
                elif far[1][k] < far[3][m]:
                    k += 1
                else:
                    m += 1
            if not below or u > v:
                found += n_below
            i += 1
            j += 1
    return found


@compiled
def codes_of(starts: _Int64, packed: _Int32, neurons: _Int64) -> _Int64:  # pragma: no cover - compiled
    """The code of each four neurons, (k, 4) to (k,); 0 where two of them are the same."""
    codes = np.zeros(len(neurons), dtype=np.int64)
    for row in range(len(neurons)):
        code = 0
        for a in range(4):
            for b in range(a + 1, 4):
                u, v = neurons[row, a], neurons[row, b]
                if u == v:
                    code = -(1 << 20)
                begin, end = starts[u], starts[u + 1]
                while begin < end:
                    middle = (begin + end) >> 1
                    if packed[middle] >> 2 < v:
                        begin = middle + 1
                    else:
                        end = middle
                dyad = packed[begin] & 3 if begin < starts[u + 1] and packed[begin] >> 2 == v else 0
                code = code << 2 | dyad
        codes[row] = max(code, 0)
    return codes
