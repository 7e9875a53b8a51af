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

Attempts are drawn in blocks, and what they will read is touched first: reads of memory that do not wait for each other
take a fraction of the time. The moves themselves go one after the other, on the state that the one before has left.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.motifs.nulls.hashing import below, drawn, home, new_table, place, put, taken_out

__all__ = ["connection_table", "cycle_from", "swap", "swappable", "swaps", "turn"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]
_UInt64 = NDArray[np.uint64]

_BLOCK = 32
_REVERSALS = np.uint64(15)
"""One attempt in 16 is of a reversal."""


@compiled
def connection_table(sources: _Int32, targets: _Int32) -> tuple[_Int64, np.uint64]:  # pragma: no cover - compiled
    """The set of connections, as ``source << 32 | target``, and its shift."""
    table, shift = new_table(len(sources))
    for slot in range(len(sources)):
        put(table, shift, np.int64(sources[slot]) << 32 | np.int64(targets[slot]), 0)
    return table, shift


@compiled
def swaps(
    attempts: int,
    state: _UInt64,
    indptr: _Int64,
    sources: _Int32,
    targets: _Int32,
    table: _Int64,
    shift: np.uint64,
) -> Any:  # pragma: no cover - compiled
    """Goes ``attempts`` steps on, in ``targets``, ``table`` and ``state``; the number of moves carried out."""
    n_slots = len(targets)
    moves = 0
    first, second = np.empty(_BLOCK, dtype=np.int64), np.empty(_BLOCK, dtype=np.int64)
    reversal = np.empty(_BLOCK, dtype=np.bool_)
    touched = np.int64(0)
    for begin in range(0, attempts, _BLOCK):
        size = min(_BLOCK, attempts - begin)
        for k in range(size):
            bits = drawn(state)
            reversal[k] = bits & _REVERSALS == np.uint64(0)
            i = below(bits, n_slots)
            j = below(drawn(state), n_slots)
            first[k], second[k] = i, j
            touched ^= np.int64(targets[i]) ^ np.int64(targets[j]) ^ np.int64(sources[i]) ^ np.int64(sources[j])
        for k in range(size):
            i, j = first[k], second[k]
            if not reversal[k]:
                touched ^= table[home(_key(sources[i], targets[j]), shift)]
                touched ^= table[home(_key(sources[j], targets[i]), shift)]
        for k in range(size):
            i = first[k]
            if reversal[k]:
                bc, ca = cycle_from(state, i, indptr, sources, targets, table, shift)
                if bc >= 0:
                    turn(i, bc, ca, sources, targets, table, shift)
                    moves += 1
                continue
            j = second[k]
            a, b, c, d = sources[i], targets[i], sources[j], targets[j]
            if swappable(a, b, c, d, table, shift):
                swap(i, j, sources, targets, table, shift)
                moves += 1
    state[1] = np.uint64(touched)  # of no use, but without it the compiler leaves the reads out
    return moves


@numba.njit(nogil=True)
def swappable(a: Any, b: Any, c: Any, d: Any, table: _Int64, shift: np.uint64) -> Any:  # pragma: no cover - compiled
    """Whether a -> b, c -> d can become a -> d, c -> b."""
    if a == c or b == d or a == d or c == b:  # noqa: SIM109
        return False
    return table[place(table, shift, _key(a, d), 0)] < 0 and table[place(table, shift, _key(c, b), 0)] < 0


@numba.njit(nogil=True)
def swap(
    i: Any, j: Any, sources: _Int32, targets: _Int32, table: _Int64, shift: np.uint64
) -> None:  # pragma: no cover - compiled
    """Exchanges the targets of two slots."""
    a, b, c, d = sources[i], targets[i], sources[j], targets[j]
    taken_out(table, shift, _key(a, b), 0)
    taken_out(table, shift, _key(c, d), 0)
    put(table, shift, _key(a, d), 0)
    put(table, shift, _key(c, b), 0)
    targets[i], targets[j] = d, b


@numba.njit(nogil=True)
def cycle_from(
    state: _UInt64, ab: Any, indptr: _Int64, sources: _Int32, targets: _Int32, table: _Int64, shift: np.uint64
) -> tuple[Any, Any]:  # pragma: no cover - compiled
    """The slots b -> c, c -> a of a 3-cycle without a reciprocal pair, c drawn among b's targets; (-1, -1) if it is none."""
    a, b = sources[ab], targets[ab]
    begin, end = indptr[b], indptr[b + 1]
    if begin == end:
        return np.int64(-1), np.int64(-1)
    bc = begin + below(drawn(state), end - begin)
    c = targets[bc]
    if c == a or table[place(table, shift, _key(c, a), 0)] < 0:
        return np.int64(-1), np.int64(-1)
    if (
        table[place(table, shift, _key(b, a), 0)] >= 0
        or table[place(table, shift, _key(c, b), 0)] >= 0
        or table[place(table, shift, _key(a, c), 0)] >= 0
    ):
        return np.int64(-1), np.int64(-1)
    ca = indptr[c]
    while targets[ca] != a:
        ca += 1
    return bc, ca


@numba.njit(nogil=True)
def turn(
    ab: Any, bc: Any, ca: Any, sources: _Int32, targets: _Int32, table: _Int64, shift: np.uint64
) -> None:  # pragma: no cover - compiled
    """Turns a 3-cycle around: its slots become a -> c, b -> a, c -> b."""
    a, b, c = sources[ab], sources[bc], sources[ca]
    taken_out(table, shift, _key(a, b), 0)
    taken_out(table, shift, _key(b, c), 0)
    taken_out(table, shift, _key(c, a), 0)
    put(table, shift, _key(a, c), 0)
    put(table, shift, _key(b, a), 0)
    put(table, shift, _key(c, b), 0)
    targets[ab], targets[bc], targets[ca] = c, a, b


@numba.njit(nogil=True)
def _key(source: Any, target: Any) -> Any:  # pragma: no cover - compiled
    return np.int64(source) << 32 | np.int64(target)
