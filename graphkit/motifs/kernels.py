"""Compiled loops of the censuses. Importing this module costs Numba's import.

All work on the *support*: the undirected graph without autapses in which u and v are neighbours if either connects to
the other. Each neighbour is packed with the dyad as seen from u into one int32::

    packed = v << 2 | dyad         dyad = 1 only u -> v, 2 only v -> u, 3 both

Only triangles have to be walked. Neurons are ranked by their number of neighbours and every pair points from the lower
to the higher rank (*forward*), so each triangle is met once, and no neuron has more than sqrt(2 pairs) forward
neighbours: hubs cost little. Triads with two connected pairs follow from the neighbours of each centre in closed form.
Chiba & Nishizeki, SIAM J. Computing 14 (1985); Batagelj & Mrvar, Social Networks 23 (2001).

The kernels run without the interpreter's lock over ranges of neurons, and return integers to be added: the answer does
not depend on the number of threads. They are serial by themselves, because Numba's parallel ones load several times
more slowly from its cache.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = [
    "closed_ways",
    "forward_pairs",
    "forward_part",
    "ranks",
    "support",
    "support_part",
    "triangle_codes",
    "triangle_types",
    "wedge_types",
]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]


@compiled
def support_part(
    first: int, last: int, indptr: _Int64, indices: _Int32, in_indptr: _Int64, in_indices: _Int32
) -> tuple[_Int64, _Int32, _Int64]:  # pragma: no cover - compiled
    """The support of the rows in [first, last), whose starts begin with 0.

    Both sorted lists of a neuron are merged without a branch that depends on which comes next: the processor would guess
    it wrong as often as right.
    """
    starts = np.zeros(last - first + 1, dtype=np.int64)
    largest = indptr[last] - indptr[first] + in_indptr[last] - in_indptr[first]
    packed = np.empty(largest + 1, dtype=np.int32)  # what is not kept is written too, and then over
    wedges = np.zeros((4, 4), dtype=np.int64)
    at = 0
    for u in range(first, last):
        i, end_i = indptr[u], indptr[u + 1]
        j, end_j = in_indptr[u], in_indptr[u + 1]
        n_out, n_in, n_both, n_itself = end_i - i, end_j - j, 0, 0
        while i < end_i and j < end_j:
            target, source = indices[np.uint64(i)], in_indices[np.uint64(j)]  # unsigned: no test for negative ones
            out, into = int(target <= source), int(source <= target)
            v = min(target, source)
            packed[np.uint64(at)] = v << 2 | into << 1 | out
            at += v != u
            n_itself += v == u
            n_both += out & into
            i += out
            j += into
        while i < end_i:
            packed[np.uint64(at)] = indices[np.uint64(i)] << 2 | 1
            at += indices[np.uint64(i)] != u
            n_itself += indices[np.uint64(i)] == u
            i += 1
        while j < end_j:
            packed[np.uint64(at)] = in_indices[np.uint64(j)] << 2 | 2
            at += in_indices[np.uint64(j)] != u
            n_itself += in_indices[np.uint64(j)] == u
            j += 1
        starts[u - first + 1] = at
        n_both -= n_itself  # an autapse stands in both lists
        n_out -= n_both + n_itself
        n_in -= n_both + n_itself
        if n_out + n_in + n_both < 2:
            continue
        wedges[1, 1] += n_out * (n_out - 1) // 2
        wedges[1, 2] += n_out * n_in
        wedges[1, 3] += n_out * n_both
        wedges[2, 2] += n_in * (n_in - 1) // 2
        wedges[2, 3] += n_in * n_both
        wedges[3, 3] += n_both * (n_both - 1) // 2
    return starts, packed[:at].copy(), wedges


@compiled
def support(
    indptr: _Int64, indices: _Int32, in_indptr: _Int64, in_indices: _Int32
) -> tuple[_Int64, _Int32, _Int64]:  # pragma: no cover - compiled
    """(starts (n + 1,), packed neighbours, wedges (4, 4)): wedges[i, j] centres with neighbours by dyads i <= j."""
    return support_part(0, len(indptr) - 1, indptr, indices, in_indptr, in_indices)


@compiled
def ranks(starts: _Int64) -> tuple[_Int64, _Int32]:  # pragma: no cover - compiled
    """(the neuron of each rank, the rank of each neuron), by number of neighbours; ties by row."""
    n = len(starts) - 1
    largest = 0
    for u in range(n):
        largest = max(largest, starts[u + 1] - starts[u])
    place = np.zeros(largest + 2, dtype=np.int64)  # counting sort
    for u in range(n):
        place[starts[u + 1] - starts[u] + 1] += 1
    for degree in range(largest + 1):
        place[degree + 1] += place[degree]
    order = np.empty(n, dtype=np.int64)
    rank = np.empty(n, dtype=np.int32)
    for u in range(n):
        degree = starts[u + 1] - starts[u]
        rank[u] = place[degree]
        order[place[degree]] = u
        place[degree] += 1
    return order, rank


@compiled
def forward_part(
    first: int, last: int, order: _Int64, rank: _Int32, starts: _Int64, packed: _Int32
) -> tuple[_Int64, _Int32]:  # pragma: no cover - compiled
    """Forward neighbours of the ranks in [first, last), whose starts begin with 0."""
    largest = len(packed)
    if last - first < len(order):
        largest = 0
        for r in range(first, last):
            largest += starts[order[r] + 1] - starts[order[r]]
    forward_starts = np.zeros(last - first + 1, dtype=np.int64)
    forward = np.empty(largest + 1, dtype=np.int32)  # what is not kept is written too, and then over
    at = 0
    for r in range(first, last):
        u = order[r]
        for k in range(starts[u], starts[u + 1]):
            other = rank[np.uint32(packed[k]) >> np.uint32(2)]
            forward[np.uint64(at)] = other << 2 | packed[k] & 3
            at += other > r
        forward_starts[r - first + 1] = at
    return forward_starts, forward[:at].copy()


@compiled
def forward_pairs(starts: _Int64, packed: _Int32) -> tuple[_Int64, _Int64, _Int32]:  # pragma: no cover - compiled
    """(order, starts, packed): the neuron of each rank, and its forward neighbours, as ranks."""
    order, rank = ranks(starts)
    forward_starts, forward = forward_part(0, len(order), order, rank, starts, packed)
    return order, forward_starts, forward


@compiled
def triangle_codes(begin: int, end: int, starts: _Int64, forward: _Int32) -> _Int64:  # pragma: no cover - compiled
    """Triangles by code, shape (64,), whose lowest rank is in [begin, end)."""
    codes = np.zeros(64, dtype=np.int64)
    dyad_to = np.zeros(len(starts) - 1, dtype=np.uint8)
    for u in range(begin, end):
        row = forward[starts[u] : starts[u + 1]]
        if len(row) < 2:
            continue
        for pair in row:
            dyad_to[pair >> 2] = pair & 3
        for pair in row:
            v, uv = pair >> 2, pair & 3
            for other in forward[starts[v] : starts[v + 1]]:
                # an unsigned index spares the test for negative ones: a fifth of the time
                uw = dyad_to[np.uint32(other) >> np.uint32(2)]
                if uw:
                    codes[uv << 4 | np.intp(uw) << 2 | other & 3] += 1
        for pair in row:
            dyad_to[pair >> 2] = 0
    return codes


@compiled
def closed_ways(
    indptr: _Int64, indices: _Int32, closing_indptr: _Int64, closing_indices: _Int32
) -> int:  # pragma: no cover - compiled
    """Ways u -> v -> w over three neurons, of which u has w in its ``closing`` list; for graphs with few such ways."""
    found = 0
    closes = np.zeros(len(indptr) - 1, dtype=np.uint8)
    for u in range(len(indptr) - 1):
        begin, end = closing_indptr[u], closing_indptr[u + 1]
        if indptr[u] == indptr[u + 1] or begin == end:
            continue
        for k in range(begin, end):
            closes[closing_indices[k]] = 1
        closes[u] = 0
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if v != u:
                for j in range(indptr[v], indptr[v + 1]):
                    found += closes[indices[j]] & (indices[j] != v)
        for k in range(begin, end):
            closes[closing_indices[k]] = 0
    return found


@compiled
def triangle_types(
    begin: int, end: int, starts: _Int64, forward: _Int32, types: _Int32, n_types: int
) -> tuple[_Int64, _Int64]:  # pragma: no cover - compiled
    """(keys, counts) of the triangles whose lowest rank is in [begin, end), by code and by the types of u, v, w.

    key = ((code * n_types + type of u) * n_types + type of v) * n_types + type of w
    """
    keys, counts, n_used = _empty_table(1024)
    dyad_to = np.zeros(len(starts) - 1, dtype=np.uint8)
    for u in range(begin, end):
        row = forward[starts[u] : starts[u + 1]]
        if len(row) < 2:
            continue
        for pair in row:
            dyad_to[pair >> 2] = pair & 3
        for pair in row:
            v, uv = pair >> 2, pair & 3
            for other in forward[starts[v] : starts[v + 1]]:
                w = other >> 2
                uw = np.intp(dyad_to[w])
                if uw:
                    code = uv << 4 | uw << 2 | other & 3
                    key = ((code * n_types + types[u]) * n_types + types[v]) * n_types + types[w]
                    if 2 * n_used >= len(keys):
                        keys, counts = _doubled(keys, counts)
                    n_used += _add(keys, counts, key, 1)
        for pair in row:
            dyad_to[pair >> 2] = 0
    used = keys >= 0
    return keys[used], counts[used]


@compiled
def wedge_types(
    begin: int, end: int, starts: _Int64, packed: _Int32, types: _Int32, n_types: int
) -> tuple[_Int64, _Int64]:  # pragma: no cover - compiled
    """(keys, counts) of all pairs of neighbours of the centres [begin, end), closed or not; keys as `triangle_types`.

    The centre is u, and its neighbours are counted by (dyad, type) first, so that a hub with ten thousand neighbours
    of fifty types is a matter of pairs of (dyad, type) groups and not of fifty million pairs of neurons.
    """
    keys, counts, n_used = _empty_table(1024)
    size_of_group = np.zeros(4 * n_types, dtype=np.int64)
    groups = np.empty(4 * n_types, dtype=np.int64)
    for u in range(begin, end):
        n_groups = 0
        for pair in packed[starts[u] : starts[u + 1]]:
            group = (pair & 3) * n_types + types[pair >> 2]
            if size_of_group[group] == 0:
                groups[n_groups] = group
                n_groups += 1
            size_of_group[group] += 1
        for i in range(n_groups):
            for j in range(i, n_groups):
                first, second = min(groups[i], groups[j]), max(groups[i], groups[j])
                if i == j:
                    n_pairs = size_of_group[first] * (size_of_group[first] - 1) // 2
                else:
                    n_pairs = size_of_group[first] * size_of_group[second]
                if n_pairs == 0:
                    continue
                code = (first // n_types) << 4 | (second // n_types) << 2
                key = ((code * n_types + types[u]) * n_types + first % n_types) * n_types + second % n_types
                if 2 * n_used >= len(keys):
                    keys, counts = _doubled(keys, counts)
                n_used += _add(keys, counts, key, n_pairs)
        for i in range(n_groups):
            size_of_group[groups[i]] = 0
    used = keys >= 0
    return keys[used], counts[used]


@numba.njit(nogil=True)
def _empty_table(size: int) -> tuple[_Int64, _Int64, int]:  # pragma: no cover - compiled
    """A hash table with open addressing, at most half full; its size is a power of two."""
    return np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=np.int64), 0


@numba.njit(nogil=True)
def _add(keys: _Int64, counts: _Int64, key: int, amount: int) -> int:  # pragma: no cover - compiled
    """Add to the count of ``key``; 1 if it is new, else 0."""
    mask = len(keys) - 1
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing; Knuth, TAOCP 3, 6.4
    slot = np.int64(mixed >> np.uint64(32)) & mask
    while keys[slot] != key:
        if keys[slot] == -1:
            keys[slot] = key
            counts[slot] = amount
            return 1
        slot = (slot + 1) & mask
    counts[slot] += amount
    return 0


@numba.njit(nogil=True)
def _doubled(keys: _Int64, counts: _Int64) -> tuple[_Int64, _Int64]:  # pragma: no cover - compiled
    larger, larger_counts, _ = _empty_table(2 * len(keys))
    for slot in range(len(keys)):
        if keys[slot] >= 0:
            _add(larger, larger_counts, keys[slot], counts[slot])
    return larger, larger_counts
