"""A set of pairs and their kinds, for `bidegree`: open addressing, at most half full. Importing this costs Numba's import.

An entry is a non-negative int64: the key, and below it ``spare`` bits that are not compared (the state of a pair of neurons).
Deleting moves later entries back instead of leaving a mark, so that a chain of any length finds as quickly as at its
start (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).

Random numbers, of all chains, are SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): one multiplication chain, state in one word.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["below", "drawn", "home", "new_table", "place", "put", "taken_out"]

_Int64 = NDArray[np.int64]
_UInt64 = NDArray[np.uint64]

_SCALE = 2.0**-53


@numba.njit(nogil=True, forceinline=True)
def drawn(state: _UInt64) -> Any:  # pragma: no cover - compiled
    """The next 64 random bits."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@numba.njit(nogil=True, forceinline=True)
def below(bits: np.uint64, n: Any) -> Any:  # pragma: no cover - compiled
    """0 ... n - 1 from the upper 53 bits; each as likely as another to 1 part in 2**53 / n. The lowest 11 bits stay free."""
    return np.int64(np.float64(np.int64(bits >> np.uint64(11))) * _SCALE * n)


@numba.njit(nogil=True)
def new_table(n_entries: int) -> tuple[_Int64, np.uint64]:  # pragma: no cover - compiled
    """An empty table with room for ``n_entries``, and the shift that goes with its size."""
    bits = 3
    while (1 << bits) < 2 * n_entries:
        bits += 1
    return np.full(1 << bits, -1, dtype=np.int64), np.uint64(64 - bits)


@numba.njit(nogil=True)
def home(key: Any, shift: np.uint64) -> np.uint64:  # pragma: no cover - compiled
    """Where the search for ``key`` begins (Fibonacci hashing)."""
    return (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> shift


@numba.njit(nogil=True)
def place(table: _Int64, shift: np.uint64, key: Any, spare: int) -> np.uint64:  # pragma: no cover - compiled
    """The slot that holds ``key``, or the empty one where it would go: ``table[place(...)] < 0`` says that it is not there."""
    mask = np.uint64(len(table) - 1)
    slot = home(key, shift)
    while True:
        found = table[slot]
        if found < 0 or found >> spare == key:
            return slot
        slot = (slot + np.uint64(1)) & mask


@numba.njit(nogil=True)
def put(table: _Int64, shift: np.uint64, entry: Any, spare: int) -> None:  # pragma: no cover - compiled
    """Writes an entry, over the one of the same key where there is one."""
    table[place(table, shift, entry >> spare, spare)] = entry


@numba.njit(nogil=True)
def taken_out(table: _Int64, shift: np.uint64, key: Any, spare: int) -> None:  # pragma: no cover - compiled
    """Removes the entry of ``key``, which is there."""
    mask = np.uint64(len(table) - 1)
    hole = place(table, shift, key, spare)
    slot = (hole + np.uint64(1)) & mask
    while table[slot] >= 0:
        # an entry may move to the hole unless its search begins behind the hole
        if ((slot - home(table[slot] >> spare, shift)) & mask) >= ((slot - hole) & mask):
            table[hole] = table[slot]
            hole = slot
        slot = (slot + np.uint64(1)) & mask
    table[hole] = -1
