"""The chain of the bidegree-preserving model. Importing this module costs Numba's import.

Each connected pair of neurons is two slots, one in the row of each, with the kind of the pair as seen from the row's
neuron: 1 only an output, 2 only an input, 3 both. A neuron's numbers of partners of each kind never change, so a slot keeps its
row and its kind for ever, and only the partner in it changes. ``twin`` is the slot of the same pair in the other row::

    swap       a -X- b, c -X- d, with a -Y- d and c -Y- b      become  a -Y- b, c -Y- d, a -X- d, c -X- b
    reversal   a -> b -> c -> a, one way each                  becomes a -> c -> b -> a
    path       a -> b -> c -> d, with c -Y- a and b -Y- d      becomes a -> c -> b -> d, with b -Y- a and c -Y- d

X is "output only" or "both", as seen from a and c; Y is any other kind, mostly none. Where Y is none, the swap is that of the
configuration model that leaves no new reciprocal pair behind. As there, each move is as likely as the one that undoes it: of a
path, the slot a -> b is drawn uniformly, then an output of b, then one of c, and the numbers of these never change.

Among all graphs of up to four neurons these moves join any two of the same numbers (without the path they do not). Among those of
five, 247 of the 6,585 sequences of such numbers fall into parts that they do not join.

In the table a pair u < v is ``(u << 31 | v) << 2 | kind as seen from u``.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.motifs.nulls.hashing import below, drawn, home, new_table, place, put, taken_out

__all__ = ["bidegree_swaps", "pair_table", "twins"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]
_UInt8 = NDArray[np.uint8]
_UInt64 = NDArray[np.uint64]

_SPARE = 2
_BLOCK = 32


@compiled
def pair_table(
    rows: _Int32, partners: _Int32, kinds: _UInt8
) -> tuple[_Int64, np.uint64]:  # pragma: no cover - compiled
    """The connected pairs and their kinds, and the table's shift."""
    table, shift = new_table(len(rows) // 2)
    for slot in range(len(rows)):
        if rows[slot] < partners[slot]:
            _set_kind(table, shift, rows[slot], partners[slot], kinds[slot])
    return table, shift


@compiled
def twins(starts: _Int64, rows: _Int32, partners: _Int32) -> _Int32:  # pragma: no cover - compiled
    """The slot of the same pair in the partner's row; slots are sorted by row, in a row by anything."""
    n = len(starts) - 1
    by_partner = np.empty(len(rows), dtype=np.int32)
    at = starts[:-1].copy()
    for slot in range(len(rows)):
        by_partner[at[partners[slot]]] = slot
        at[partners[slot]] += 1
    # by_partner, in the places of row v, holds the slots that point to v, by ascending row; match them with v's own
    found = np.empty(len(rows), dtype=np.int32)
    slot_of = np.full(n, -1, dtype=np.int32)
    for v in range(n):
        for slot in range(starts[v], starts[v + 1]):
            slot_of[partners[slot]] = slot
        for k in range(starts[v], starts[v + 1]):
            found[by_partner[k]] = slot_of[rows[by_partner[k]]]
    return found


@compiled
def bidegree_swaps(
    attempts: int,
    state: _UInt64,
    starts: _Int64,
    n_outputs_only: _Int64,
    rows: _Int32,
    partners: _Int32,
    twin: _Int32,
    movable: _Int32,
    n_one_way: int,
    table: _Int64,
    shift: np.uint64,
) -> Any:  # pragma: no cover - compiled
    """Goes ``attempts`` steps on, in place; the number of moves carried out.

    The slots of row u are ``starts[u]:starts[u + 1]``, its ``n_outputs_only[u]`` of kind 1 first. ``movable`` are all slots of
    kind 1, which are ``n_one_way``, and after them all of kind 3.
    """
    moves = 0
    first, second = np.empty(_BLOCK, dtype=np.int64), np.empty(_BLOCK, dtype=np.int64)
    kind = np.empty(_BLOCK, dtype=np.int64)
    touched = np.int64(0)
    for begin in range(0, attempts, _BLOCK):
        size = min(_BLOCK, attempts - begin)
        for k in range(size):
            bits = drawn(state)
            at = below(bits, len(movable))
            if at >= n_one_way:
                kind[k] = 3
                other = n_one_way + below(drawn(state), len(movable) - n_one_way)
            else:
                kind[k] = 0 if bits & np.uint64(15) == np.uint64(0) else 1  # 0: a reversal
                other = below(drawn(state), n_one_way)
            first[k], second[k] = movable[at], movable[other]
            touched ^= np.int64(partners[first[k]]) ^ np.int64(partners[second[k]])
        for k in range(size):
            i, j = first[k], second[k]
            if kind[k] != 0:
                touched ^= table[home(_pair(rows[i], partners[j]), shift)]
                touched ^= table[home(_pair(rows[j], partners[i]), shift)]
        for k in range(size):
            i = first[k]
            if kind[k] == 0:
                moves += _reverse(state, i, starts, n_outputs_only, rows, partners, twin, table, shift)
                continue
            j = second[k]
            a, b, c, d = rows[i], partners[i], rows[j], partners[j]
            if a == c or b == d or a == d or c == b:  # noqa: SIM109
                continue
            across = _kind(table, shift, a, d)
            if across == kind[k] or _kind(table, shift, c, b) != across:
                continue
            back_i, back_j = twin[i], twin[j]
            if across != 0:
                p, q = _slot_of(starts, partners, a, d), _slot_of(starts, partners, c, b)
                back_p, back_q = twin[p], twin[q]
                partners[p], partners[back_q], twin[p], twin[back_q] = b, a, back_q, p
                partners[q], partners[back_p], twin[q], twin[back_p] = d, c, back_p, q
            partners[i], partners[back_j], twin[i], twin[back_j] = d, a, back_j, i
            partners[j], partners[back_i], twin[j], twin[back_i] = b, c, back_i, j
            _set_kind(table, shift, a, b, across)
            _set_kind(table, shift, c, d, across)
            _set_kind(table, shift, a, d, kind[k])
            _set_kind(table, shift, c, b, kind[k])
            moves += 1
    state[1] = np.uint64(touched)  # of no use, but without it the compiler leaves the reads out
    return moves


@numba.njit(nogil=True)
def _reverse(
    state: _UInt64,
    ab: Any,
    starts: _Int64,
    n_outputs_only: _Int64,
    rows: _Int32,
    partners: _Int32,
    twin: _Int32,
    table: _Int64,
    shift: np.uint64,
) -> Any:  # pragma: no cover - compiled
    """Tries to turn a 3-cycle of one-way pairs around that begins with the slot ``ab``, or a path; 1 if it did."""
    a, b = rows[ab], partners[ab]
    if n_outputs_only[b] == 0:
        return 0
    bc = starts[b] + below(drawn(state), n_outputs_only[b])
    c = partners[bc]
    across = _kind(table, shift, c, a)
    if across != 1:
        return _reroute(state, ab, bc, across, starts, n_outputs_only, rows, partners, twin, table, shift)
    ca = starts[c]
    while partners[ca] != a:
        ca += 1
    ba, cb, ac = twin[ab], twin[bc], twin[ca]
    partners[ab], partners[cb], twin[ab], twin[cb] = c, a, cb, ab
    partners[bc], partners[ac], twin[bc], twin[ac] = a, b, ac, bc
    partners[ca], partners[ba], twin[ca], twin[ba] = b, c, ba, ca
    _set_kind(table, shift, a, c, 1)
    _set_kind(table, shift, b, a, 1)
    _set_kind(table, shift, c, b, 1)
    return 1


@numba.njit(nogil=True)
def _reroute(
    state: _UInt64,
    ab: Any,
    bc: Any,
    across: Any,
    starts: _Int64,
    n_outputs_only: _Int64,
    rows: _Int32,
    partners: _Int32,
    twin: _Int32,
    table: _Int64,
    shift: np.uint64,
) -> Any:  # pragma: no cover - compiled
    """Tries to lead a path a -> b -> c -> d the other way through b and c; 1 if it did. ``across`` is c's kind to a."""
    a, b, c = rows[ab], rows[bc], partners[bc]
    if n_outputs_only[c] == 0:
        return 0
    cd = starts[c] + below(drawn(state), n_outputs_only[c])
    d = partners[cd]
    if _kind(table, shift, b, d) != across:
        return 0
    ba, cb, dc = twin[ab], twin[bc], twin[cd]
    if across != 0:
        p, q = _slot_of(starts, partners, c, a), _slot_of(starts, partners, b, d)
        back_p, back_q = twin[p], twin[q]
        partners[q], partners[back_p], twin[q], twin[back_p] = a, b, back_p, q
        partners[p], partners[back_q], twin[p], twin[back_q] = d, c, back_q, p
    partners[ab], partners[cb], twin[ab], twin[cb] = c, a, cb, ab
    partners[cd], partners[ba], twin[cd], twin[ba] = b, c, ba, cd
    partners[bc], partners[dc], twin[bc], twin[dc] = d, b, dc, bc
    _set_kind(table, shift, b, a, across)
    _set_kind(table, shift, c, d, across)
    _set_kind(table, shift, a, c, 1)
    _set_kind(table, shift, c, b, 1)
    _set_kind(table, shift, b, d, 1)
    return 1


@numba.njit(nogil=True)
def _slot_of(starts: _Int64, partners: _Int32, u: Any, v: Any) -> Any:  # pragma: no cover - compiled
    slot = starts[u]
    while partners[slot] != v:
        slot += 1
    return slot


@numba.njit(nogil=True)
def _pair(u: Any, v: Any) -> Any:  # pragma: no cover - compiled
    return np.int64(min(u, v)) << 31 | np.int64(max(u, v))


@numba.njit(nogil=True)
def _kind(table: _Int64, shift: np.uint64, u: Any, v: Any) -> Any:  # pragma: no cover - compiled
    """0 not connected, 1 only u -> v, 2 only v -> u, 3 both."""
    entry = table[place(table, shift, _pair(u, v), _SPARE)]
    if entry < 0:
        return np.int64(0)
    kind = entry & 3
    return _turned(kind) if u > v else kind


@numba.njit(nogil=True)
def _set_kind(table: _Int64, shift: np.uint64, u: Any, v: Any, kind: Any) -> None:  # pragma: no cover - compiled
    if kind == 0:
        taken_out(table, shift, _pair(u, v), _SPARE)
    else:
        put(table, shift, _pair(u, v) << _SPARE | np.int64(_turned(kind) if u > v else kind), _SPARE)


@numba.njit(nogil=True)
def _turned(kind: Any) -> Any:  # pragma: no cover - compiled
    """The kind of a pair as seen from the other neuron."""
    return np.int64((kind >> 1) | (kind & 1) << 1)
