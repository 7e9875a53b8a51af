"""A compact set of connections: `edge_set` where it is large. Importing this module costs Numba's import.

A cache line holds sixteen. Keys are scrambled by multiplications that can be undone, so that two of them are never scrambled
alike. The upper bits of the scrambled key are its home, where a search begins, and only the lower ones, the rest, have to
be stored: ``rest << 12 | d + 1`` stands d places behind the home (linear probing), and 0 in a free place. Up to two million
neurons that fits 32 bits, half of what a key takes.

Deleting moves later entries back instead of leaving a mark, so that a chain of any length finds as quickly as at its
start (Knuth, The Art of Computer Programming 3, 6.4, algorithm R). The table is at most half full.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.motifs.nulls.prefetch import touch

__all__ = ["Hashed", "exchanged_hashed", "holds_hashed", "new_hashed", "put", "take_out", "touch_hashed"]

_Table = NDArray[Any]

_ONE = np.uint64(1)
_DISTANCE_BITS = np.uint64(12)
_DISTANCES = np.uint64((1 << 12) - 1)
"""A search of this length is an error and never a wrong answer; half full tables need some tens."""
_FIRST_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SECOND_MULTIPLIER = np.uint64(0xD1342543DE82EF95)
_NARROW_REST = 20
_LARGE = 22
"""A table of up to 2**22 places is made larger where its entries then fit 32 bits."""


class Hashed(NamedTuple):
    """The form of keys that are hashed.

    Bits of a neuron, of half a key rounded up, below the home; the masks of a key and of a rest.
    """

    bits: np.uint64
    half: np.uint64
    rest_bits: np.uint64
    key_mask: np.uint64
    rest_mask: np.uint64


def new_hashed(bits: int, n_connections: int) -> tuple[_Table, Hashed]:
    """An empty set for neurons of so many bits, and its form."""
    home_bits = max((2 * n_connections).bit_length(), 3)
    home_bits = max(home_bits, min(2 * bits - _NARROW_REST, _LARGE))
    key_bits = max(2 * bits, home_bits)
    rest_bits = key_bits - home_bits
    masks = (bits, (key_bits + 1) // 2, rest_bits, (1 << key_bits) - 1, (1 << rest_bits) - 1)
    table = np.zeros(1 << home_bits, dtype=np.uint32 if rest_bits <= _NARROW_REST else np.uint64)
    return table, Hashed(*(np.uint64(n) for n in masks))


def holds_hashed(table: _Table, form: Hashed, key: Any) -> Any:  # pragma: no cover - compiled
    """Whether a key is in the set."""
    return table[_place(table, form, _scrambled(key, form))[0]] != 0


def put(table: _Table, form: Hashed, key: Any) -> None:  # pragma: no cover - compiled
    """Adds a key, which is not there."""
    _put(table, form, _scrambled(key, form))


def take_out(table: _Table, form: Hashed, key: Any) -> None:  # pragma: no cover - compiled
    """Takes out a key, which is there."""
    _taken_out(table, form, _scrambled(key, form))


def touch_hashed(table: _Table, form: Hashed, key: Any) -> None:  # pragma: no cover - compiled
    """Asks for the memory where the search for a key begins."""
    touch(table, _scrambled(key, form) >> form.rest_bits)


def exchanged_hashed(
    table: _Table, form: Hashed, ab: Any, cd: Any, ad: Any, cb: Any
) -> Any:  # pragma: no cover - compiled
    """Puts two different keys, ad and cb, in the place of two others if both are new; whether it did."""
    mixed_ad, mixed_cb = _scrambled(ad, form), _scrambled(cb, form)
    at_ad, entry_ad = _place(table, form, mixed_ad)
    if table[at_ad] != 0:
        return False
    at_cb, entry_cb = _place(table, form, mixed_cb)
    if table[at_cb] != 0:
        return False
    table[at_ad] = entry_ad
    if at_cb == at_ad:
        _put(table, form, mixed_cb)
    else:
        table[at_cb] = entry_cb
    _taken_out(table, form, _scrambled(ab, form))
    _taken_out(table, form, _scrambled(cd, form))
    return True


@numba.njit(nogil=True, forceinline=True)
def _scrambled(key: Any, form: Hashed) -> Any:  # pragma: no cover - compiled
    """A permutation of the keys; odd multipliers have an inverse modulo a power of two."""
    mixed = (key * _FIRST_MULTIPLIER) & form.key_mask
    mixed ^= mixed >> form.half
    return (mixed * _SECOND_MULTIPLIER) & form.key_mask


@numba.njit(nogil=True, forceinline=True)
def _place(table: _Table, form: Hashed, mixed: Any) -> tuple[Any, Any]:  # pragma: no cover - compiled
    """Where a scrambled key is, or the free place where it would go, and its entry there."""
    mask = np.uint64(len(table) - 1)
    at = mixed >> form.rest_bits
    entry = (mixed & form.rest_mask) << _DISTANCE_BITS | _ONE
    while True:
        found = np.uint64(table[at])
        if found == np.uint64(0) or found == entry:
            return at, entry
        at = (at + _ONE) & mask
        entry += _ONE
        if entry & _DISTANCES == np.uint64(0):
            raise OverflowError("the set of connections is too full")


@numba.njit(nogil=True, forceinline=True)
def _put(table: _Table, form: Hashed, mixed: Any) -> None:  # pragma: no cover - compiled
    """Adds a scrambled key."""
    at, entry = _place(table, form, mixed)
    table[at] = entry


@numba.njit(nogil=True, forceinline=True)
def _taken_out(table: _Table, form: Hashed, mixed: Any) -> None:  # pragma: no cover - compiled
    """Takes out a scrambled key, which is there."""
    mask = np.uint64(len(table) - 1)
    hole, _ = _place(table, form, mixed)
    at, gap = (hole + _ONE) & mask, _ONE
    while True:
        found = np.uint64(table[at])
        if found == np.uint64(0):
            break
        if found & _DISTANCES > gap:  # its home is not behind the hole
            table[hole] = found - gap
            hole, gap = at, np.uint64(0)
        at = (at + _ONE) & mask
        gap += _ONE
    table[hole] = 0
