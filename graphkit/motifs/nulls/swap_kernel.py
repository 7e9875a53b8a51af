"""The chain of directed edge swaps and 3-cycle reversals. Importing this module costs Numba's import.

Every connection is a slot; the slots of a neuron's outputs follow each other, as in the rows of a `Graph`, and a slot keeps
its source for ever. Only targets move, so a neuron's row is always at the same place::

    swap       slots i: a -> b, j: c -> d          become  a -> d, c -> b
    reversal   slots a -> b, b -> c, c -> a        become  a -> c, b -> a, c -> b

A move that would make an autapse or a second connection of a pair is not carried out, and counts as a step. Each move is
as likely as the one that undoes it: of a swap both slots are drawn uniformly; of a reversal the slot a -> b uniformly and
then an output of b uniformly, and out-degrees never change. So the chain's stationary distribution is uniform over what
it can reach, which is every simple digraph of the degrees (Rao, Jana & Bandyopadhyay, Sankhya A 58 (1996); Berger &
Müller-Hannemann, WG 2010). Swaps alone do not reach all of them: they cannot turn a directed 3-cycle around.

Attempts are drawn in blocks, and what they will read is asked for first: reads of memory that do not wait for each other
take a fraction of the time. The moves themselves go one after the other, on the state that the one before has left.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.motifs.nulls.edge_set import Form, added, exchanged, holds, key_of, removed, touch_home
from graphkit.motifs.nulls.hashing import below, drawn
from graphkit.motifs.nulls.prefetch import touch

__all__ = ["NONE", "cycle_from", "swap", "swaps", "turn"]

_Int64 = NDArray[np.int64]
_UInt64 = NDArray[np.uint64]
_Table = NDArray[Any]

_BLOCK = 32
_REVERSALS = np.uint64(15)
"""One attempt in 16 is of a reversal."""
NONE = np.uint64(2**64 - 1)
"""No slot."""


@compiled
def swaps(
    attempts: int, state: _UInt64, indptr: _Int64, keys: _UInt64, table: _Table, form: Form
) -> Any:  # pragma: no cover - compiled
    """Goes ``attempts`` steps on, in ``keys`` (a slot each), ``table`` and ``state``; the number of moves carried out."""
    low = (np.uint64(1) << form.bits) - np.uint64(1)
    moves = 0
    first, second = np.empty(_BLOCK, dtype=np.uint64), np.empty(_BLOCK, dtype=np.uint64)
    reversal = np.empty(_BLOCK, dtype=np.bool_)
    for begin in range(0, attempts, _BLOCK):
        size = min(_BLOCK, attempts - begin)
        for k in range(size):
            bits = drawn(state)
            reversal[k] = bits & _REVERSALS == np.uint64(0)
            first[k] = below(bits, len(keys))
            second[k] = below(drawn(state), len(keys))
            touch(keys, first[k])
            touch(keys, second[k])
        for k in range(size):
            if not reversal[k]:
                ab, cd = keys[first[k]], keys[second[k]]
                crossed = (ab ^ cd) & low
                touch_home(table, form, ab ^ crossed)
                touch_home(table, form, cd ^ crossed)
                touch_home(table, form, ab)
                touch_home(table, form, cd)
        for k in range(size):
            i = first[k]
            if reversal[k]:
                bc, ca = cycle_from(state, i, indptr, keys, table, form)
                if bc != NONE:
                    turn(i, bc, ca, keys, table, form)
                    moves += 1
            elif swap(i, second[k], keys, table, form):
                moves += 1
    return moves


@numba.njit(nogil=True, forceinline=True)
def swap(i: Any, j: Any, keys: _UInt64, table: _Table, form: Form) -> Any:  # pragma: no cover - compiled
    """Exchanges the targets of two slots, a -> b and c -> d, if a -> d and c -> b are none yet; whether it did."""
    low = (np.uint64(1) << form.bits) - np.uint64(1)
    ab, cd = keys[i], keys[j]
    crossed = (ab ^ cd) & low
    ad, cb = ab ^ crossed, cd ^ crossed
    if ad >> form.bits == ad & low or cb >> form.bits == cb & low:
        return False
    if not exchanged(table, form, ab, cd, ad, cb):  # also where a = c or b = d
        return False
    keys[i], keys[j] = ad, cb
    return True


@numba.njit(nogil=True)
def cycle_from(
    state: _UInt64, i: Any, indptr: _Int64, keys: _UInt64, table: _Table, form: Form
) -> tuple[Any, Any]:  # pragma: no cover - compiled
    """The slots b -> c, c -> a of a 3-cycle without a reciprocal pair, c drawn among b's targets; `NONE` if it is none."""
    low = (np.uint64(1) << form.bits) - np.uint64(1)
    a, b = keys[i] >> form.bits, keys[i] & low
    begin, end = indptr[b], indptr[b + np.uint64(1)]
    if begin == end:
        return NONE, NONE
    bc = np.uint64(begin + below(drawn(state), end - begin))
    c = keys[bc] & low
    if c == a or not holds(table, form, key_of(c, a, form)):
        return NONE, NONE
    if (
        holds(table, form, key_of(b, a, form))
        or holds(table, form, key_of(c, b, form))
        or holds(table, form, key_of(a, c, form))
    ):
        return NONE, NONE
    ca = np.uint64(indptr[c])
    while keys[ca] & low != a:
        ca += np.uint64(1)
    return bc, ca


@numba.njit(nogil=True)
def turn(i: Any, bc: Any, ca: Any, keys: _UInt64, table: _Table, form: Form) -> None:  # pragma: no cover - compiled
    """Turns a 3-cycle around: its slots become a -> c, b -> a, c -> b."""
    a, b, c = keys[i] >> form.bits, keys[bc] >> form.bits, keys[ca] >> form.bits
    for slot, target in ((i, c), (bc, a), (ca, b)):
        removed(table, form, keys[slot])
        keys[slot] = key_of(keys[slot] >> form.bits, target, form)
        added(table, form, keys[slot])
