"""Compiled loops over paths. Importing this module costs Numba's import.

Rows, not ids: neurons are numbered 0 ... n - 1 in the order of their ids, so the order of rows is the order of ids.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["count_paths", "search_paths"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]
_Bool = NDArray[np.bool_]


@compiled
def search_paths(
    indptr: _Int64,
    indices: _Int32,
    synapses: _Int64,
    sources: _Int64,
    is_target: _Bool,
    distance: _Int64,
    hops: int,
    paths: _Int32,
    weakest: _Int64,
    numbers: _Int64,
    heap: _Int64,
    held: int,
    seen: int,
    most_steps: int,
) -> tuple[int, int, int]:  # pragma: no cover - compiled
    """All simple paths of exactly ``hops`` connections from ``sources`` (ascending) to targets; the best are kept.

    ``distance`` (n,) is the fewest connections from a neuron to a target, -1 where there is no way: branches that cannot
    arrive are not entered. The best are those with the largest weakest connection, then the first in the order of rows. They
    stand in ``paths`` (capacity, hops + 1) with ``weakest`` and ``numbers`` (when each was met); ``heap`` orders them,
    the worst on top, and once it is full, branches that cannot beat the worst are cut.

    Returns how many are held, how many were met (all there are, if never full), and the steps taken, most_steps at most.
    """
    capacity = len(weakest)
    place = np.zeros(hops + 1, dtype=np.int64)
    path = np.zeros(hops + 1, dtype=np.int64)
    width = np.zeros(hops + 1, dtype=np.int64)
    steps = 0
    for source in sources:
        path[0], width[0], place[0], depth = source, np.iinfo(np.int64).max, indptr[source], 0
        while depth >= 0:
            if place[depth] >= indptr[path[depth] + 1]:
                depth -= 1
                continue
            edge = place[depth]
            place[depth] += 1
            steps += 1
            if steps > most_steps:
                return held, seen, steps
            there = indices[edge]
            left = hops - depth - 1
            if distance[there] < 0 or distance[there] > left or (left == 0 and not is_target[there]):
                continue
            least = min(width[depth], synapses[edge])
            if held == capacity and least <= weakest[heap[0]]:
                continue
            met = False
            for i in range(depth + 1):
                if path[i] == there:
                    met = True
                    break
            if met:
                continue
            if left:
                depth += 1
                path[depth], width[depth], place[depth] = there, least, indptr[there]
                continue
            seen += 1
            if held < capacity:
                slot = held
                held += 1
                at = slot
                heap[at] = slot
            else:
                slot = heap[0]
                at = 0
            for i in range(depth + 1):
                paths[slot, i] = path[i]
            paths[slot, depth + 1] = there
            weakest[slot], numbers[slot] = least, seen
            # the worst (the smallest weakest, then the last met) on top
            while at > 0:
                up = (at - 1) // 2
                a, b = heap[at], heap[up]
                if weakest[a] < weakest[b] or (weakest[a] == weakest[b] and numbers[a] > numbers[b]):
                    heap[at], heap[up] = b, a
                    at = up
                else:
                    break
            while True:
                worst = at
                for down in (2 * at + 1, 2 * at + 2):
                    if down < held:
                        a, b = heap[down], heap[worst]
                        if weakest[a] < weakest[b] or (weakest[a] == weakest[b] and numbers[a] > numbers[b]):
                            worst = down
                if worst == at:
                    break
                heap[at], heap[worst] = heap[worst], heap[at]
                at = worst
    return held, seen, steps


@compiled
def count_paths(
    indptr: _Int64,
    indices: _Int32,
    sources: _Int64,
    is_target: _Bool,
    distance: _Int64,
    targets_after: _Int64,
    hops: int,
    most_steps: int,
) -> tuple[int, int]:  # pragma: no cover - compiled
    """How many paths ``search_paths`` would meet, and the steps taken; ``targets_after`` (n,) are targets after each row.

    The last connection is not walked: a row's targets are known, and those on the path already are taken off.
    """
    place = np.zeros(hops + 1, dtype=np.int64)
    path = np.zeros(hops + 1, dtype=np.int64)
    steps, count = 0, 0
    for source in sources:
        path[0], place[0], depth = source, indptr[source], 0
        while depth >= 0:
            here = path[depth]
            if depth == hops - 1:
                count += targets_after[here]
                for i in range(depth + 1):
                    if is_target[path[i]]:
                        low, high = indptr[here], indptr[here + 1]
                        while low < high:
                            middle = (low + high) // 2
                            if indices[middle] < path[i]:
                                low = middle + 1
                            else:
                                high = middle
                        if low < indptr[here + 1] and indices[low] == path[i]:
                            count -= 1
                depth -= 1
                continue
            if place[depth] >= indptr[here + 1]:
                depth -= 1
                continue
            there = indices[place[depth]]
            place[depth] += 1
            steps += 1
            if steps > most_steps:
                return count, steps
            if distance[there] < 0 or distance[there] > hops - depth - 1:
                continue
            met = False
            for i in range(depth + 1):
                if path[i] == there:
                    met = True
                    break
            if not met:
                depth += 1
                path[depth], place[depth] = there, indptr[there]
    return count, steps
