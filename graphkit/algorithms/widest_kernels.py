"""Compiled searches for the path whose weakest connection is strongest. Importing this module costs Numba's import.

Rows, not ids: neurons are numbered 0 ... n - 1 in the order of their ids, so the order of rows is the order of ids.

Paths go from ``starts`` to ``targets``, both int64. ``starts`` are not arrived at, ``blocked`` rows neither, and ``banned`` ones
not by the first connection. A search goes from both ends, always where fewer connections are to be looked at next, until they
meet or one has nowhere to go: in a brain most neurons lie a few hops from any, so that either end alone would look at all of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["fewest_hops", "weakest_of", "widest_path", "work_space"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]
_Bool = NDArray[np.bool_]


@compiled
def _meet(
    indptr: _Int64,
    indices: _Int32,
    synapses: _Int64,
    in_indptr: _Int64,
    in_indices: _Int32,
    in_synapses: _Int64,
    starts: _Int64,
    targets: _Int64,
    blocked: _Bool,
    banned: _Bool,
    least: int,
    hops: int,
    whole: bool,
    work: _Int32,
    held: _Int64,
) -> tuple[int, int]:  # pragma: no cover - compiled
    """The fewest connections of at least ``least`` synapses from a start to a target, in two parts; 0, 0 if more than ``hops``.

    The first part was gone from the starts, the second from the targets. With ``whole`` the hops of the two parts are known of
    all rows, otherwise it ends where they meet first. See ``work_space``.
    """
    ahead, behind, first, last = work[0], work[1], work[2], work[3]
    for i in range(held[0]):  # of the search before this one
        ahead[first[i]] = -1
    for i in range(held[1]):
        behind[last[i]] = -1
    n_first, n_last, at_first, at_last, to_look_first, to_look_last = 0, 0, 0, 0, 0, 0
    for start in starts:
        ahead[start] = 0
        first[n_first] = start
        n_first += 1
        to_look_first += indptr[start + 1] - indptr[start]
    for target in targets:
        if not blocked[target] and ahead[target] < 0:
            behind[target] = 0
            last[n_last] = target
            n_last += 1
            to_look_last += in_indptr[target + 1] - in_indptr[target]
    gone, back = 0, 0
    while at_first < n_first and at_last < n_last and gone + back < hops:
        met = False
        if to_look_first <= to_look_last:
            end, to_look_first = n_first, 0
            while at_first < end:
                here = first[at_first]
                at_first += 1
                for edge in range(indptr[here], indptr[here + 1]):
                    there = indices[edge]
                    if synapses[edge] < least or ahead[there] >= 0 or blocked[there] or (gone == 0 and banned[there]):
                        continue
                    ahead[there] = gone + 1
                    first[n_first] = there
                    n_first += 1
                    to_look_first += indptr[there + 1] - indptr[there]
                    if behind[there] >= 0:
                        met = True
                        if not whole:
                            held[0], held[1] = n_first, n_last
                            return gone + 1, back
            gone += 1
        else:
            end, to_look_last = n_last, 0
            while at_last < end:
                here = last[at_last]
                at_last += 1
                for edge in range(in_indptr[here], in_indptr[here + 1]):
                    there = in_indices[edge]
                    if in_synapses[edge] < least or behind[there] >= 0:
                        continue
                    if banned[here] if ahead[there] == 0 else blocked[there]:
                        continue
                    behind[there] = back + 1
                    last[n_last] = there
                    n_last += 1
                    to_look_last += in_indptr[there + 1] - in_indptr[there]
                    if ahead[there] >= 0:
                        met = True
                        if not whole:
                            held[0], held[1] = n_first, n_last
                            return gone, back + 1
            back += 1
        if met:
            held[0], held[1] = n_first, n_last
            return gone, back
    held[0], held[1] = n_first, n_last
    return 0, 0


@compiled
def weakest_of(indptr: _Int64, indices: _Int32, synapses: _Int64, rows: _Int64) -> int:  # pragma: no cover - compiled
    """Synapses of the weakest connection along a path of at least two rows."""
    weakest = 2**62
    for i in range(len(rows) - 1):
        low, high = indptr[rows[i]], indptr[rows[i] + 1]
        while low < high:
            middle = (low + high) // 2
            if indices[middle] < rows[i + 1]:
                low = middle + 1
            else:
                high = middle
        weakest = min(weakest, synapses[low])
    return weakest


@compiled
def fewest_hops(
    indptr: _Int64,
    indices: _Int32,
    synapses: _Int64,
    in_indptr: _Int64,
    in_indices: _Int32,
    in_synapses: _Int64,
    starts: _Int64,
    targets: _Int64,
    blocked: _Bool,
    banned: _Bool,
    hops: int,
    work: _Int32,
    held: _Int64,
) -> int:  # pragma: no cover - compiled
    """The connections of the shortest path, 0 if there is none of at most ``hops``."""
    gone, back = _meet(
        indptr, indices, synapses, in_indptr, in_indices, in_synapses, starts, targets, blocked, banned,
        1, hops, False, work, held,
    )  # fmt: skip
    return gone + back


@compiled
def widest_path(
    indptr: _Int64,
    indices: _Int32,
    synapses: _Int64,
    in_indptr: _Int64,
    in_indices: _Int32,
    in_synapses: _Int64,
    starts: _Int64,
    targets: _Int64,
    blocked: _Bool,
    banned: _Bool,
    floor: int,
    most: int,
    hops: int,
    hops_at_floor: int,
    work: _Int32,
    held: _Int64,
) -> tuple[int, _Int64]:  # pragma: no cover - compiled
    """The strongest path of at most ``hops`` connections: (synapses of its weakest connection, its rows).

    0 if there is none of ``floor`` (1 or more) or more synapses; of just as many, those of at most ``hops_at_floor`` connections
    are wanted only. A path stronger than ``most`` counts as strong as that. Of equally strong paths the one of the fewest
    connections, of these the first in the order of rows. The strength is found by bisection: a search over the connections of at
    least so many synapses.
    """
    strongest = 0
    for start in starts:
        for edge in range(indptr[start], indptr[start + 1]):
            if synapses[edge] > strongest and not blocked[indices[edge]] and not banned[indices[edge]]:
                strongest = synapses[edge]
    most = min(most, strongest)
    if most < floor:
        return 0, np.empty(0, dtype=np.int64)
    if most == floor:
        hops = min(hops, hops_at_floor)
    least, high = 0, most + 1  # `least` is feasible (or 0), `high` is not
    if floor > 1:
        gone, back = _meet(
            indptr, indices, synapses, in_indptr, in_indices, in_synapses, starts, targets, blocked, banned,
            floor, hops, False, work, held,
        )  # fmt: skip
        if gone + back == 0:
            return 0, np.empty(0, dtype=np.int64)
        least = floor
    middle = most  # mostly as strong as the best that this is a part of
    while high - least > 1:
        gone, back = _meet(
            indptr, indices, synapses, in_indptr, in_indices, in_synapses, starts, targets, blocked, banned,
            middle, hops, False, work, held,
        )  # fmt: skip
        if gone + back:
            least = middle
        else:
            high = middle
        middle = least + (high - least) // 2
    if least == 0:
        return 0, np.empty(0, dtype=np.int64)
    gone, back = _meet(
        indptr, indices, synapses, in_indptr, in_indices, in_synapses, starts, targets, blocked, banned,
        least, hops, True, work, held,
    )  # fmt: skip
    ahead, behind, first, marked = work[0], work[1], work[2], work[4]
    # What lies on a shortest path is marked by -2 - hops: from where both parts meet, back to the starts.
    n_marked, at = 0, 0
    for i in range(held[0]):
        row = first[i]
        if ahead[row] == gone and behind[row] == back:
            ahead[row] = -2 - gone
            marked[n_marked] = row
            n_marked += 1
    while at < n_marked:
        here = marked[at]
        at += 1
        now = -2 - ahead[here]
        if now == 0:
            continue
        for edge in range(in_indptr[here], in_indptr[here + 1]):
            there = in_indices[edge]
            if in_synapses[edge] >= least and ahead[there] == now - 1 and not (now == 1 and banned[here]):
                ahead[there] = -2 - ahead[there]
                marked[n_marked] = there
                n_marked += 1
    length = gone + back
    path = np.empty(length + 1, dtype=np.int64)
    path[0] = -1
    for start in starts:
        if ahead[start] == -2 and (path[0] < 0 or start < path[0]):
            path[0] = start
    for i in range(1, length + 1):
        for edge in range(indptr[path[i - 1]], indptr[path[i - 1] + 1]):
            there = indices[edge]
            on = ahead[there] == -2 - i if i <= gone else behind[there] == length - i
            if on and synapses[edge] >= least and not (i == 1 and banned[there]):
                path[i] = there
                break
    return least, path


def work_space(n: int) -> tuple[_Int32, _Int64]:
    """What the searches work in: ``work``, int32 of shape (5, n), and ``held``, int64 of shape (2,).

    work[0] and work[1] are each row's hops from the starts and to the targets, -1 where not gone to; work[2] and work[3] the rows
    gone to, in that order, held[0] and held[1] of them; work[4] is room.
    """
    return np.full((5, n), -1, dtype=np.int32), np.zeros(2, dtype=np.int64)
