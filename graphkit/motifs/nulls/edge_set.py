"""A compact set of connections for chains of swaps: a cache line holds sixteen. Importing this module costs Numba's import.

A connection is a key, ``source << bits | target``. Keys are scrambled by multiplications that can be undone, so that two of
them are never scrambled alike. The upper bits of the scrambled key are its home, where a search begins, and only the lower
ones, the rest, have to be stored: ``rest << 12 | d + 1`` stands d places behind the home (linear probing), and 0 in a free
place. Up to two million neurons that fits 32 bits, half of what a key takes.

All is inlined: a call that passes an array costs more than most of what is done here.

Deleting moves later entries back instead of leaving a mark, so that a chain of any length finds as quickly as at its
start (Knuth, The Art of Computer Programming 3, 6.4, algorithm R). The table is at most half full.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.motifs.nulls.prefetch import touch

__all__ = [
    "Form",
    "edge_set",
    "holds",
    "key_of",
    "place",
    "put",
    "removed",
    "scrambled",
    "targets_of",
    "touch_home",
]

_Int32 = NDArray[np.int32]
_UInt64 = NDArray[np.uint64]
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


class Form(NamedTuple):
    """How a key is read: bits of a neuron, of half a key rounded up, below the home; and the masks of a key and of a rest."""

    bits: np.uint64
    half: np.uint64
    rest_bits: np.uint64
    key_mask: np.uint64
    rest_mask: np.uint64


def edge_set(n_neurons: int, sources: _Int32, targets: _Int32) -> tuple[_UInt64, _Table, Form]:
    """The keys of connections in the order given, the set of them, and its form."""
    bits = max(n_neurons - 1, 1).bit_length()
    home_bits = max((2 * len(sources)).bit_length(), 3)
    home_bits = max(home_bits, min(2 * bits - _NARROW_REST, _LARGE))
    key_bits = max(2 * bits, home_bits)
    rest_bits = key_bits - home_bits
    form = Form(
        *(np.uint64(n) for n in (bits, (key_bits + 1) // 2, rest_bits, (1 << key_bits) - 1, (1 << rest_bits) - 1))
    )
    keys = sources.astype(np.uint64) << form.bits | targets.astype(np.uint64)
    # numpy's own memory, which the kernel backs with huge pages: places are read at random
    table = np.zeros(1 << home_bits, dtype=np.uint32 if rest_bits <= _NARROW_REST else np.uint64)
    _fill(keys, table, form)
    return keys, table, form


def targets_of(keys: _UInt64, form: Form) -> _Int32:
    """The targets of connections."""
    return (keys & ((_ONE << form.bits) - _ONE)).astype(np.int32)


@compiled
def _fill(keys: _UInt64, table: _Table, form: Form) -> None:  # pragma: no cover - compiled
    for key in keys:
        put(table, form, scrambled(key, form))


@numba.njit(nogil=True, forceinline=True)
def key_of(source: Any, target: Any, form: Form) -> Any:  # pragma: no cover - compiled
    """The key of a connection."""
    return np.uint64(source) << form.bits | np.uint64(target)


@numba.njit(nogil=True, forceinline=True)
def scrambled(key: Any, form: Form) -> Any:  # pragma: no cover - compiled
    """A permutation of the keys; odd multipliers have an inverse modulo a power of two."""
    mixed = (key * _FIRST_MULTIPLIER) & form.key_mask
    mixed ^= mixed >> form.half
    return (mixed * _SECOND_MULTIPLIER) & form.key_mask


@numba.njit(nogil=True, forceinline=True)
def place(table: _Table, form: Form, mixed: Any) -> tuple[Any, Any]:  # pragma: no cover - compiled
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
def holds(table: _Table, form: Form, key: Any) -> Any:  # pragma: no cover - compiled
    """Whether a key is in the set."""
    return table[place(table, form, scrambled(key, form))[0]] != 0


@numba.njit(nogil=True, forceinline=True)
def put(table: _Table, form: Form, mixed: Any) -> None:  # pragma: no cover - compiled
    """Adds a scrambled key."""
    at, entry = place(table, form, mixed)
    table[at] = entry


@numba.njit(nogil=True, forceinline=True)
def removed(table: _Table, form: Form, mixed: Any) -> None:  # pragma: no cover - compiled
    """Takes out a scrambled key, which is there."""
    mask = np.uint64(len(table) - 1)
    hole, _ = place(table, form, mixed)
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


@numba.njit(nogil=True, forceinline=True)
def touch_home(table: _Table, form: Form, key: Any) -> None:  # pragma: no cover - compiled
    """Asks for the memory where the search for a key begins."""
    touch(table, scrambled(key, form) >> form.rest_bits)
