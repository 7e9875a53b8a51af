"""A set of connections with a bit for each pair of neurons: `edge_set` where it is small. Importing this costs Numba's import.

Where it fits the processor's cache nothing is quicker: no search, nothing for the processor to guess. Bit ``key & 31`` of
word ``key >> 5`` is the connection of the key.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.motifs.nulls.prefetch import touch

__all__ = ["Bits", "exchanged_bits", "flip", "holds_bit", "new_bits", "touch_bit"]

_Table = NDArray[Any]

_WORD = np.uint64(5)
_PLACE = np.uint64(31)
_ONE = np.uint64(1)


class Bits(NamedTuple):
    """How a key is read: the bits of a neuron."""

    bits: np.uint64


def new_bits(bits: int) -> tuple[_Table, Bits]:
    """An empty set for neurons of so many bits, and its form."""
    return np.zeros(max((1 << 2 * bits) // 32, 1), dtype=np.uint32), Bits(np.uint64(bits))


def holds_bit(table: _Table, form: Bits, key: Any) -> Any:  # pragma: no cover - compiled
    """Whether a key is in the set."""
    return _is_set(table, key)


def flip(table: _Table, form: Bits, key: Any) -> None:  # pragma: no cover - compiled
    """Adds a key that is not there, takes out one that is."""
    _flipped(table, key)


def touch_bit(table: _Table, form: Bits, key: Any) -> None:  # pragma: no cover - compiled
    """Asks for the memory of a key's bit."""
    touch(table, key >> _WORD)


def exchanged_bits(table: _Table, form: Bits, ab: Any, cd: Any, ad: Any, cb: Any) -> Any:  # pragma: no cover - compiled
    """Puts two different keys, ad and cb, in the place of two others if both are new; whether it did."""
    if _is_set(table, ad) | _is_set(table, cb):
        return False
    _flipped(table, ad)
    _flipped(table, cb)
    _flipped(table, ab)
    _flipped(table, cd)
    return True


@numba.njit(nogil=True, forceinline=True)
def _is_set(table: _Table, key: Any) -> Any:  # pragma: no cover - compiled
    return np.uint64(table[key >> _WORD]) >> (key & _PLACE) & _ONE != np.uint64(0)


@numba.njit(nogil=True, forceinline=True)
def _flipped(table: _Table, key: Any) -> None:  # pragma: no cover - compiled
    table[key >> _WORD] ^= np.uint32(1) << np.uint32(key & _PLACE)
