"""Compiled loops that count, for each neuron, the motifs in which it has each role.

They work as those of `graphkit.motifs.four_kernels`, whose shapes and codes are used here, but every copy of a shape is added
to the row of each of its neurons. `of_degrees` adds to the rows of its own range only; the others add to any row,
so that each thread has a table of its own.

``triangles`` (n, 27) are the triangles at each neuron p, with q and r in either order, at
``9 (pq - 1) + 3 (pr - 1) + (qr - 1)``.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["add_cliques", "add_pairs", "add_triangles", "of_degrees", "second_degrees", "wedge_ends"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]


@numba.njit(nogil=True)
def _turned(dyad: int) -> int:  # pragma: no cover - compiled
    return dyad if dyad == 3 else 3 - dyad


@compiled
def add_triangles(
    begin: int, end: int, starts: _Int64, forward: _Int32, triangles: _Int64
) -> None:  # pragma: no cover - compiled
    """The triangles whose lowest neuron is in [begin, end), at each of their neurons."""
    to_u = np.zeros(len(starts) - 1, dtype=np.uint8)
    for u in range(begin, end):
        row = forward[starts[u] : starts[u + 1]]
        for pair in row:
            to_u[pair >> 2] = pair & 3
        for pair in row:
            v, uv = pair >> 2, int(pair & 3)
            for other in forward[starts[v] : starts[v + 1]]:
                w = other >> 2
                if to_u[w]:
                    uw, vw = int(to_u[w]), int(other & 3)
                    vu, wu, wv = _turned(uv), _turned(uw), _turned(vw)
                    triangles[u, 9 * uv + 3 * uw + vw - 13] += 1
                    triangles[v, 9 * vu + 3 * vw + uw - 13] += 1
                    triangles[w, 9 * wu + 3 * wv + uv - 13] += 1
        for pair in row:
            to_u[pair >> 2] = 0


@compiled
def wedge_ends(starts: _Int64, packed: _Int32, degrees: _Int64) -> _Int64:  # pragma: no cover - compiled
    """(n, 16): ways u - v - w from u, closed or not, at ``4 vu + vw``."""
    n = len(starts) - 1
    found = np.zeros((n, 16), dtype=np.int64)
    for u in range(n):
        for k in range(starts[u], starts[u + 1]):
            v, vu = packed[k] >> 2, _turned(packed[k] & 3)
            for dyad in range(1, 4):
                found[u, 4 * vu + dyad] += degrees[v, dyad] - (dyad == vu)
    return found


@compiled
def second_degrees(starts: _Int64, packed: _Int32, degrees: _Int64) -> _Int64:  # pragma: no cover - compiled
    """(n, 16): ways u - v - x from u, at ``4 uv + vx``."""
    n = len(starts) - 1
    found = np.zeros((n, 16), dtype=np.int64)
    for u in range(n):
        for k in range(starts[u], starts[u + 1]):
            v, uv = packed[k] >> 2, packed[k] & 3
            for dyad in range(1, 4):
                found[u, 4 * uv + dyad] += degrees[v, dyad] - (dyad == _turned(uv))
    return found


@compiled
def of_degrees(
    begin: int,
    end: int,
    starts: _Int64,
    packed: _Int32,
    degrees: _Int64,
    second: _Int64,
    triangles: _Int64,
    role: _Int64,
    counts: _Int64,
) -> None:  # pragma: no cover - compiled
    """Stars, the ends of paths, and tailed triangles at the corner of the tail and at its end, for [begin, end)."""
    left = np.zeros(4, dtype=np.int64)
    for u in range(begin, end):
        row = counts[u]
        left[:] = degrees[u]
        for a in range(1, 4):
            for b in range(a, 4):
                for c in range(b, 4):
                    if a == b == c:
                        ways = left[a] * (left[a] - 1) * (left[a] - 2) // 6
                    elif a == b:
                        ways = left[a] * (left[a] - 1) // 2 * left[c]
                    elif b == c:
                        ways = left[a] * (left[b] * (left[b] - 1) // 2)
                    else:
                        ways = left[a] * left[b] * left[c]
                    row[role[0, a << 10 | b << 8 | c << 6]] += ways
        for i in range(27):
            if triangles[u, i]:
                pq, pr, qr = i // 9 + 1, i // 3 % 3 + 1, i % 3 + 1
                for t in range(1, 4):
                    tails = left[t] - (t == pq) - (t == pr)
                    row[role[0, pq << 10 | pr << 8 | t << 6 | qr << 4]] += triangles[u, i] * tails
                # ways from u around the triangle and back to u are no paths, nor are its sides tails of it
                qp, rp, rq = _turned(pq), _turned(pr), _turned(qr)
                row[role[2, qr << 10 | qp << 8 | rp << 2]] -= triangles[u, i]
                row[role[2, rq << 10 | rp << 8 | qp << 2]] -= triangles[u, i]
                row[role[3, qp << 10 | qr << 8 | qp << 6 | pr << 4]] -= triangles[u, i]
                row[role[3, rp << 10 | rq << 8 | rp << 6 | pq << 4]] -= triangles[u, i]
        for k in range(starts[u], starts[u + 1]):
            v, uv = packed[k] >> 2, packed[k] & 3
            vu = _turned(uv)
            left[:] = degrees[v]
            left[vu] -= 1
            for b in range(1, 4):
                for c in range(b, 4):
                    ways = left[b] * left[c] if b != c else left[b] * (left[b] - 1) // 2
                    row[role[1, vu << 10 | b << 8 | c << 6]] += ways
            for a in range(1, 4):
                for b in range(1, 4):
                    ways = second[v, 4 * a + b] - (a == vu) * (degrees[u, b] - (b == uv))
                    row[role[2, a << 10 | vu << 8 | b << 2]] += ways
            for i in range(27):
                if triangles[v, i]:
                    pq, pr, qr = i // 9 + 1, i // 3 % 3 + 1, i % 3 + 1
                    row[role[3, pq << 10 | pr << 8 | vu << 6 | qr << 4]] += triangles[v, i]


@compiled
def add_pairs(
    begin: int,
    end: int,
    starts: _Int64,
    packed: _Int32,
    degrees: _Int64,
    role: _Int64,
    counts: _Int64,
) -> None:  # pragma: no cover - compiled
    """The middles of paths, tailed triangles at the two corners without the tail, squares and diamonds; u in [begin, end)."""
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
                w = packed[j] >> 2
                if w < u:
                    often[w] = (often[w] << 1 | 1) & 3
                if to_u[w]:
                    closed[3 * np.int64(to_u[w]) + (packed[j] & 3) - 4] += 1
                    n_closed += 1
            _add_pair(u, v, uv, closed, degrees, role, counts)
            if n_closed > 1:
                for j in range(starts[v], starts[v + 1]):
                    w, vw = packed[j] >> 2, packed[j] & 3
                    if to_u[w]:
                        uw = np.int64(to_u[w])
                        for i in range(9):
                            others = closed[i] - (i == 3 * uw + vw - 4)
                            if others:
                                code = uv << 10 | uw << 8 | (i // 3 + 1) << 6 | vw << 4 | (i % 3 + 1) << 2
                                counts[w, role[2, code]] += others
            closed[:] = 0
        for k in range(starts[u], starts[u + 1]):
            v, uv = packed[k] >> 2, packed[k] & 3
            if v > u:
                break
            for j in range(starts[v], starts[v + 1]):
                w = packed[j] >> 2
                if w >= u:
                    break
                if often[w] == 3:
                    ways[w, 3 * uv + (packed[j] & 3) - 4] += 1
        for k in range(starts[u], starts[u + 1]):
            v, uv = packed[k] >> 2, packed[k] & 3
            if v > u:
                break
            for j in range(starts[v], starts[v + 1]):
                w, vw = packed[j] >> 2, packed[j] & 3
                if w >= u:
                    break
                if often[w] == 3:  # the squares with this way, at v; half of them at u and at w, the other half by x
                    for i in range(9):
                        others = np.int64(ways[w, i]) - (i == 3 * uv + vw - 4)
                        if others:
                            code = uv << 10 | (i // 3 + 1) << 6 | vw << 4 | _turned(i % 3 + 1)
                            counts[v, role[1, code]] += 2 * others
                            counts[u, role[0, code]] += others
                            counts[w, role[2, code]] += others
        for k in range(starts[u], starts[u + 1]):
            v = packed[k] >> 2
            to_u[v] = 0
            if v < u:
                for j in range(starts[v], starts[v + 1]):
                    w = packed[j] >> 2
                    if w >= u:
                        break
                    if often[w] == 3:
                        ways[w] = 0
                    often[w] = 0


@numba.njit(nogil=True)
def _add_pair(
    u: int, v: int, uv: int, closed: _Int64, degrees: _Int64, role: _Int64, counts: _Int64
) -> None:  # pragma: no cover - compiled
    """Paths w - u - v - x at u and v; tails at v for u, tails at u for v; diamonds across u - v at both. Twice each square."""
    vu = _turned(uv)
    for a in range(1, 4):
        first = degrees[u, a] - (a == uv)
        for b in range(1, 4):
            n_paths = first * (degrees[v, b] - (b == vu)) - closed[3 * a + b - 4]
            code = uv << 10 | a << 8 | b << 2
            counts[u, role[0, code]] += n_paths
            counts[v, role[1, code]] += n_paths
    for i in range(9):
        if closed[i]:
            uw, vw = i // 3 + 1, i % 3 + 1
            for t in range(1, 4):
                code = uv << 10 | uw << 8 | t << 6 | vw << 4  # the tail at u; v is the second of its triangle
                counts[v, role[1, code]] += closed[i] * (degrees[u, t] - (t == uv) - (t == uw))
                code = vu << 10 | vw << 8 | t << 6 | uw << 4
                counts[u, role[1, code]] += closed[i] * (degrees[v, t] - (t == vu) - (t == vw))
            for j in range(i, 9):
                if closed[j]:
                    both = closed[i] * closed[j] if i != j else closed[i] * (closed[i] - 1) // 2
                    code = uv << 10 | uw << 8 | (j // 3 + 1) << 6 | vw << 4 | (j % 3 + 1) << 2
                    counts[u, role[0, code]] += both
                    counts[v, role[1, code]] += both


@compiled
def add_cliques(
    begin: int, end: int, starts: _Int64, forward: _Int32, role: _Int64, counts: _Int64
) -> None:  # pragma: no cover - compiled
    """Cliques whose lowest neuron is in [begin, end)."""
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
            for i in range(n_common):
                w = common[i] >> 2
                part = (first & 3) << 10 | np.int64(to_u[w]) << 8 | (common[i] & 3) << 4
                for pair in forward[starts[w] : starts[w + 1]]:
                    x = pair >> 2
                    if to_v[x]:
                        code = part | np.int64(to_u[x]) << 6 | np.int64(to_v[x]) << 2 | pair & 3
                        counts[u, role[0, code]] += 1
                        counts[v, role[1, code]] += 1
                        counts[w, role[2, code]] += 1
                        counts[x, role[3, code]] += 1
            for i in range(n_common):
                to_v[common[i] >> 2] = 0
        for pair in forward[starts[u] : starts[u + 1]]:
            to_u[pair >> 2] = 0
