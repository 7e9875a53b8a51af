"""The chain of swaps within groups of neurons: by region, and by place. Importing this module costs Numba's import.

As in `swap_kernel`, but the second connection of a swap is drawn among those whose source is in the same group as the first
one's source, or those whose target is in the group of its target. How many slots have their source, or their target, in
a group never changes, so a swap is as likely as the one that undoes it. The slots by group of their target are kept in
order as they change places.

Without bins of distance, groups are blocks: only such swaps are tried, and of 3-cycles those with two neurons in one block are
turned around, so the number of connections from block to block never changes. With bins, groups only make it
likely that distances stay the same: every swap is tried, and carried out if the two connections fall into the same two
bins after it as before. A 3-cycle turned around keeps every pair of neurons, hence every distance.

As there, attempts are drawn in blocks. Where connections are many, memory is asked for ahead, as it will be wanted if no
move of the block changes it.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.motifs.nulls.edge_set import Form, touch_home
from graphkit.motifs.nulls.hashing import below, drawn
from graphkit.motifs.nulls.prefetch import touch
from graphkit.motifs.nulls.swap_kernel import NONE, cycle_from, swap, turn

__all__ = ["bins_of", "grouped_swaps"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]
_UInt8 = NDArray[np.uint8]
_UInt64 = NDArray[np.uint64]
_Float64 = NDArray[np.float64]

_UNKNOWN = 255
_BLOCK = 32
_MANY = 50_000
"""Fewer connections, with all that belongs to them, fit the processor's cache."""
_OF_SOURCE, _OF_TARGET, _FREELY = np.uint64(0), np.uint64(1), np.uint64(3)


@compiled
def bins_of(
    sources: _Int32, targets: _Int32, positions: _Float64, squared_edges: _Float64
) -> _UInt8:  # pragma: no cover - compiled
    """The bin of distance of each connection; 255 where a position is unknown."""
    found = np.empty(len(sources), dtype=np.uint8)
    for slot in range(len(sources)):
        found[slot] = _bin(positions, squared_edges, sources[slot], targets[slot])
    return found


@compiled
def grouped_swaps(
    attempts: int,
    state: _UInt64,
    indptr: _Int64,
    keys: _UInt64,
    table: NDArray[Any],
    form: Form,
    group: _Int32,
    by_source: _Int32,
    source_starts: _Int64,
    by_target: _Int32,
    target_starts: _Int64,
    at_target: _Int32,
    bins: _UInt8,
    positions: _Float64,
    squared_edges: _Float64,
) -> Any:  # pragma: no cover - compiled
    """Goes ``attempts`` steps on, in place; the number of moves carried out. Without bins (an empty array), by blocks."""
    has_bins = len(bins) > 0
    low = (np.uint64(1) << form.bits) - np.uint64(1)
    moves = 0
    words, others = np.empty(_BLOCK, dtype=np.uint64), np.empty(_BLOCK, dtype=np.uint64)
    first, second = np.empty(_BLOCK, dtype=np.uint64), np.empty(_BLOCK, dtype=np.uint64)
    for start in range(0, attempts, _BLOCK):
        size = min(_BLOCK, attempts - start)
        for k in range(size):
            words[k], others[k] = drawn(state), drawn(state)
            first[k] = below(words[k], len(keys))
        if len(keys) > _MANY:
            _ask(
                size,
                first,
                second,
                words,
                others,
                keys,
                table,
                form,
                group,
                by_source,
                source_starts,
                by_target,
                target_starts,
                at_target,
                has_bins,
            )
        for k in range(size):
            i = first[k]
            a, b = keys[i] >> form.bits, keys[i] & low
            if words[k] & np.uint64(15) == np.uint64(0):
                bc, ca = cycle_from(state, i, indptr, keys, table, form)
                if bc == NONE:
                    continue
                ga, gb, gc = group[a], group[b], group[keys[ca] >> form.bits]
                if not has_bins and ga != gb and gb != gc and gc != ga:
                    continue
                turn(i, bc, ca, keys, table, form)
                at_b, at_c, at_a = at_target[i], at_target[bc], at_target[ca]
                at_target[i], at_target[bc], at_target[ca] = at_c, at_a, at_b
                by_target[at_c], by_target[at_a], by_target[at_b] = i, bc, ca
                if has_bins:
                    bins[i], bins[bc], bins[ca] = bins[ca], bins[i], bins[bc]
                moves += 1
                continue
            way = _way(words[k], has_bins)
            begin, end = _range(way, group[a], group[b], source_starts, target_starts, len(keys))
            j = _slot(way, np.uint64(begin + below(others[k], end - begin)), by_source, by_target)
            if has_bins:
                c, d = keys[j] >> form.bits, keys[j] & low
                ad, cb = _bin(positions, squared_edges, a, d), _bin(positions, squared_edges, c, b)
                if not ((ad == bins[i] and cb == bins[j]) or (ad == bins[j] and cb == bins[i])):
                    continue
                if not swap(i, j, keys, table, form):
                    continue
                bins[i], bins[j] = ad, cb
            elif not swap(i, j, keys, table, form):
                continue
            at_b, at_d = at_target[i], at_target[j]
            at_target[i], at_target[j] = at_d, at_b
            by_target[at_d], by_target[at_b] = i, j
            moves += 1
    return moves


@numba.njit(nogil=True, forceinline=True)
def _ask(
    size: Any,
    first: _UInt64,
    second: _UInt64,
    words: _UInt64,
    others: _UInt64,
    keys: _UInt64,
    table: NDArray[Any],
    form: Form,
    group: _Int32,
    by_source: _Int32,
    source_starts: _Int64,
    by_target: _Int32,
    target_starts: _Int64,
    at_target: _Int32,
    has_bins: Any,
) -> None:  # pragma: no cover - compiled
    """Asks for the memory of a block of attempts; ``second`` is for its use."""
    low = (np.uint64(1) << form.bits) - np.uint64(1)
    for k in range(size):
        touch(keys, first[k])
        touch(at_target, first[k])
    for k in range(size):
        key = keys[first[k]]
        way = _way(words[k], has_bins)
        begin, end = _range(way, group[key >> form.bits], group[key & low], source_starts, target_starts, len(keys))
        second[k] = begin + below(others[k], end - begin)
        if way == _OF_SOURCE:
            touch(by_source, second[k])
        elif way == _OF_TARGET:
            touch(by_target, second[k])
    for k in range(size):
        second[k] = _slot(_way(words[k], has_bins), second[k], by_source, by_target)
        touch(keys, second[k])
        touch(at_target, second[k])
    for k in range(size):
        ab, cd = keys[first[k]], keys[second[k]]
        crossed = (ab ^ cd) & low
        touch_home(table, form, ab ^ crossed)
        touch_home(table, form, cd ^ crossed)
        touch_home(table, form, ab)
        touch_home(table, form, cd)


@numba.njit(nogil=True, forceinline=True)
def _way(word: Any, has_bins: Any) -> Any:  # pragma: no cover - compiled
    """How the second connection of a swap is drawn: by the group of the first one's source, or target, or freely."""
    way = word >> np.uint64(4) & np.uint64(3)
    if has_bins and way == _FREELY:
        return way
    return way & np.uint64(1)


@numba.njit(nogil=True, forceinline=True)
def _range(
    way: Any, of_source: Any, of_target: Any, source_starts: _Int64, target_starts: _Int64, n: Any
) -> tuple[Any, Any]:  # pragma: no cover - compiled
    """Among which places it is drawn."""
    if way == _OF_SOURCE:
        return source_starts[of_source], source_starts[of_source + 1]
    if way == _OF_TARGET:
        return target_starts[of_target], target_starts[of_target + 1]
    return np.int64(0), np.int64(n)


@numba.njit(nogil=True, forceinline=True)
def _slot(way: Any, place: Any, by_source: _Int32, by_target: _Int32) -> Any:  # pragma: no cover - compiled
    """The slot at a place."""
    if way == _OF_SOURCE:
        return np.uint64(by_source[place])
    if way == _OF_TARGET:
        return np.uint64(by_target[place])
    return place


@numba.njit(nogil=True)
def _bin(positions: _Float64, squared_edges: _Float64, u: Any, v: Any) -> Any:  # pragma: no cover - compiled
    """The number of edges at or below the distance. The same for (u, v) and (v, u)."""
    squared = 0.0
    for axis in range(3):
        apart = positions[u, axis] - positions[v, axis]
        squared += apart * apart
    if np.isnan(squared):
        return np.uint8(_UNKNOWN)
    low, high = 0, len(squared_edges)
    while low < high:
        middle = (low + high) // 2
        if squared_edges[middle] <= squared:
            low = middle + 1
        else:
            high = middle
    return np.uint8(low)
