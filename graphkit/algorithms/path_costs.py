"""Compiled searches for the path of least cost. Importing this module costs Numba's import.

Costs are whole numbers, one a connection, so that sums are exact and no order of adding matters. A path is compared by (cost,
hops) or, where the shortest are wanted, by (hops, cost); equal ones by their rows from the first on. A binary heap holds labels;
``place`` says where in it each is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["ENDLESS", "cheapest_path", "costs_to_targets", "work_space"]

ENDLESS = 2**62
"""The cost of what cannot be reached."""

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]
_Bool = NDArray[np.bool_]


@compiled
def _sift(
    heap: _Int64, place: _Int64, size: int, at: int, first: _Int64, second: _Int64, third: _Int64
) -> None:  # pragma: no cover - compiled
    """Moves the label at ``at`` of the heap to where it belongs: up, or else down."""
    label = heap[at]
    a, b, c = first[label], second[label], third[label]
    while at > 0:
        up = (at - 1) // 2
        other = heap[up]
        x, y, z = first[other], second[other], third[other]
        if a > x or (a == x and (b > y or (b == y and c >= z))):
            break
        heap[at] = other
        place[other] = at
        at = up
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        other = heap[down]
        if down + 1 < size:
            right = heap[down + 1]
            x, y, z = first[right], second[right], third[right]
            u, v, w = first[other], second[other], third[other]
            if x < u or (x == u and (y < v or (y == v and z < w))):
                down += 1
                other = right
        x, y, z = first[other], second[other], third[other]
        if a < x or (a == x and (b < y or (b == y and c <= z))):
            break
        heap[at] = other
        place[other] = at
        at = down
    heap[at] = label
    place[label] = at


@compiled
def costs_to_targets(
    in_indptr: _Int64,
    in_indices: _Int32,
    in_costs: _Int64,
    is_target: _Bool,
    shortest: bool,
    cost: _Int64,
    hops: _Int64,
) -> None:  # pragma: no cover - compiled
    """Fills ``cost`` and ``hops`` (n,): of the best path from each row to a target, ENDLESS without one (Dijkstra 1959)."""
    n = len(is_target)
    heap, place = np.empty(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    first, second = (hops, cost) if shortest else (cost, hops)
    size = 0
    for row in range(n):
        cost[row], hops[row] = ENDLESS, ENDLESS
        if is_target[row]:
            cost[row], hops[row] = 0, 0
            heap[size], place[row] = row, size
            size += 1
    while size:
        here = heap[0]
        size -= 1
        place[here] = -2
        if size:
            last = heap[size]
            heap[0], place[last] = last, 0
            _sift(heap, place, size, 0, first, second, second)
        for edge in range(in_indptr[here], in_indptr[here + 1]):
            there = in_indices[edge]
            if place[there] == -2:
                continue
            now, far = cost[here] + in_costs[edge], hops[here] + 1
            a, b = (far, now) if shortest else (now, far)
            if a < first[there] or (a == first[there] and b < second[there]):
                cost[there], hops[there] = now, far
                if place[there] < 0:
                    heap[size], place[there] = there, size
                    size += 1
                _sift(heap, place, size, place[there], first, second, second)


@compiled
def _earlier(one: int, other: int, parent: _Int64, n: int) -> bool:  # pragma: no cover - compiled
    """Whether the path to the label ``one`` comes before that to ``other``, as long a one, in the order of rows."""
    before = False
    while one != other and one >= 0 and other >= 0:
        if one % n != other % n:
            before = one % n < other % n
        one, other = parent[one], parent[other]
    return before


@compiled
def cheapest_path(
    indptr: _Int64,
    indices: _Int32,
    costs: _Int64,
    starts: _Int64,
    blocked: _Bool,
    banned: _Bool,
    is_target: _Bool,
    to_cost: _Int64,
    to_hops: _Int64,
    fewest: _Int64,
    most_hops: int,
    shortest: bool,
    limit: int,
    work: _Int64,
) -> tuple[int, int, _Int64]:  # pragma: no cover - compiled
    """(cost, hops, rows) of the best path from ``starts`` to a target, at most ``most_hops`` long; hops 0 if there is none.

    Starts are not arrived at, ``blocked`` rows neither, ``banned`` ones not by the first connection. ``to_cost`` and ``to_hops``
    are those of ``costs_to_targets``: what is still to come at least, which leads the search (Hart, Nilsson & Raphael 1968).
    ``fewest`` (n,) is the fewest hops to a target. With a limit of hops that is no matter of the order, a label is a row with the
    hops so far (label = hops * n + row), so that a dearer but shorter way is kept too. No path of a cost (or, where the shortest
    are wanted, of hops) above ``limit`` is looked for. ``work`` is that of ``work_space``, and is left as it was found.
    """
    n = len(blocked)
    layered = most_hops < ENDLESS and not shortest
    place, best, touched = work[0], work[1], work[2]  # best: the fewest hops with which a row was left
    cost, hops, parent, heap, first, second = work[3], work[4], work[5], work[6], work[7], work[8]
    size, met = 0, 0
    for start in starts:
        if to_cost[start] >= ENDLESS or (to_hops[start] if shortest else to_cost[start]) > limit:
            continue
        cost[start], hops[start], parent[start] = 0, 0, -1
        first[start], second[start] = (to_hops[start], to_cost[start]) if shortest else (to_cost[start], to_hops[start])
        heap[size], place[start] = start, size
        size += 1
        touched[met] = start
        met += 1
        _sift(heap, place, size, size - 1, first, second, hops)
    found = -1
    while size:
        label = heap[0]
        if found >= 0 and (first[label] > first[found] or second[label] > second[found]):
            break  # what follows is worse than what was found
        size -= 1
        place[label] = -2
        if size:
            last = heap[size]
            heap[0], place[last] = last, 0
            _sift(heap, place, size, 0, first, second, hops)
        here = label % n
        if hops[label] >= best[here]:
            continue
        best[here] = hops[label]
        if is_target[here] and hops[label] > 0:
            if found < 0 or _earlier(label, found, parent, n):
                found = label
            continue
        far = hops[label] + 1
        for edge in range(indptr[here], indptr[here + 1]):
            there = indices[edge]
            if blocked[there] or to_cost[there] >= ENDLESS or (far == 1 and banned[there]):
                continue
            if far + fewest[there] > most_hops or best[there] == 0:
                continue
            next_label = there + (far * n if layered else 0)
            if place[next_label] == -2:
                continue
            now = cost[label] + costs[edge]
            a, b = now + to_cost[there], far + to_hops[there]
            if shortest:
                a, b = b, a
            if a > limit:
                continue
            known = place[next_label] >= 0
            if known and (a > first[next_label] or (a == first[next_label] and b > second[next_label])):
                continue
            if known and a == first[next_label] and b == second[next_label]:
                if _earlier(label, parent[next_label], parent, n):
                    parent[next_label] = label
                continue
            cost[next_label], hops[next_label], parent[next_label] = now, far, label
            first[next_label], second[next_label] = a, b
            if not known:
                heap[size], place[next_label] = next_label, size
                size += 1
                touched[met] = next_label
                met += 1
            _sift(heap, place, size, place[next_label], first, second, hops)
    for i in range(met):
        place[touched[i]] = -1
        best[touched[i] % n] = ENDLESS
    if found < 0:
        return 0, 0, np.empty(0, dtype=np.int64)
    length = hops[found]
    path = np.empty(length + 1, dtype=np.int64)
    label = found
    for i in range(length, -1, -1):
        path[i] = label % n
        label = parent[label]
    return cost[found], length, path


def work_space(n: int, most_hops: int, shortest: bool) -> _Int64:
    """What ``cheapest_path`` works in, int64."""
    layered = most_hops < ENDLESS and not shortest
    work = np.empty((9, n * (most_hops + 1) if layered else n), dtype=np.int64)
    work[0] = -1
    work[1] = ENDLESS
    return work
