"""The compiled loop of breadth-first searches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["SEARCHES_AT_ONCE", "count_hops"]

SEARCHES_AT_ONCE = 64
"""Bits of a word: one a search."""

_NONE = np.uint64(0)
_ONE = np.uint64(1)
_TWO = np.uint64(2)
_FOUR = np.uint64(4)
_TOP = np.uint64(56)
_ODD = np.uint64(0x5555555555555555)
_PAIRS = np.uint64(0x3333333333333333)
_NIBBLES = np.uint64(0x0F0F0F0F0F0F0F0F)
_BYTES = np.uint64(0x0101010101010101)


@compiled
def _ones(bits: np.uint64) -> np.int64:  # pragma: no cover - compiled
    """How many bits are set (Warren, Hacker's Delight)."""
    bits = bits - ((bits >> _ONE) & _ODD)
    bits = (bits & _PAIRS) + ((bits >> _TWO) & _PAIRS)
    bits = (bits + (bits >> _FOUR)) & _NIBBLES
    return np.int64((bits * _BYTES) >> _TOP)


@compiled
def count_hops(
    sources: NDArray[np.int64],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    in_indptr: NDArray[np.int64],
    in_indices: NDArray[np.int32],
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """How many neurons lie at each distance from the sources, int64 of shape (n,): index h counts pairs h connections apart.

    All of the (at most 64) searches go at once, a bit each, so that a connection that several pass is looked at once: Then et
    al., PVLDB 8, 449 (2014). Where most connections lead on from what was reached last, each neuron looks instead among those
    that connect to it, until every search has come by: Beamer, Asanovic & Patterson, SC12.
    """
    n, m = len(indptr) - 1, len(indices)
    counts = np.zeros(n, dtype=np.int64)
    seen, here, coming = np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64)
    reached, arriving = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    every = _NONE
    n_reached, to_look, hops = 0, 0, 0
    for i in range(len(sources)):
        bit, source = _ONE << np.uint64(i), sources[i]
        if here[source] == _NONE:
            reached[n_reached] = source
            n_reached += 1
            to_look += indptr[source + 1] - indptr[source]
        every |= bit
        here[source] |= bit
        seen[source] |= bit
    while n_reached:
        n_arriving = 0
        if 8 * to_look < m:
            for i in range(n_reached):
                u = reached[i]
                bits = here[u]
                for edge in range(indptr[u], indptr[u + 1]):
                    v = indices[edge]
                    new = bits & ~seen[v]
                    if new != _NONE:
                        if coming[v] == _NONE:
                            arriving[n_arriving] = v
                            n_arriving += 1
                        coming[v] |= new
        else:
            for v in range(n):
                missing = every & ~seen[v]
                if missing == _NONE:
                    continue
                new = _NONE
                for edge in range(in_indptr[v], in_indptr[v + 1]):
                    new |= here[in_indices[edge]] & missing
                    if new == missing:
                        break
                if new != _NONE:
                    coming[v] = new
                    arriving[n_arriving] = v
                    n_arriving += 1
        for i in range(n_reached):
            here[reached[i]] = _NONE
        hops += 1
        to_look = 0
        for i in range(n_arriving):
            v = arriving[i]
            here[v] = coming[v]
            seen[v] |= coming[v]
            counts[hops] += _ones(coming[v])
            coming[v] = _NONE
            to_look += indptr[v + 1] - indptr[v]
        reached, arriving = arriving, reached
        n_reached = n_arriving
    return counts
