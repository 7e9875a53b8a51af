"""Average linkage over touching segments: the pair with the highest mean score is joined, its scores pooled, and so on.

Every pair carries a sum of scores and how many observations it is of, so the mean of a pair of clusters is that of all the
observations between them: a single bright spot in a long wall joins nothing. Sums are integers and add up exactly, so the
result hangs on the pairs alone, not on their order.

The whole sequence of joins is returned. A threshold is chosen afterwards, and `clusters` cuts there without scoring anew.

Average linkage: Sokal & Michener 1958; on the graph of touching segments as in Funke et al. 2019 (large scale image
segmentation with structured loss based deep learning) and Bailoni et al. 2022 (GASP).
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import pyarrow as pa
from numba import types
from numba.typed import Dict
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.errors import GraphkitError

__all__ = ["JOINS", "clusters", "link"]

JOINS = pa.schema(
    [
        pa.field("a", pa.int64(), False, {"description": "least segment id of the one cluster"}),
        pa.field("b", pa.int64(), False, {"description": "least segment id of the other; a < b"}),
        pa.field("score", pa.float64(), False, {"description": "mean score of the pair when it was joined"}),
        pa.field("level", pa.float64(), False, {"description": "least score up to and with this join: cut here"}),
        pa.field("observations", pa.int64(), False, {"description": "how many scores the mean is of"}),
    ]
)
"""One row a join, in the order in which they are made."""


def link(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    total: NDArray[np.int64],
    observations: NDArray[np.int64],
    *,
    scale: float = 1.0,
) -> pa.Table:
    """The joins (`JOINS`) down to the last pair that touches.

    ``a``, ``b`` int64 [n]: ids of the two segments of each pair, in any order, a pair once. ``total`` int64 [n] is the sum of
    its ``observations``, in units of 1 / ``scale``: 255 for scores kept as bytes. Of equal means the pair with the lower ids
    as given is joined first.

    Raises GraphkitError for a pair of a segment with itself, a pair twice, or one without observations.
    """
    a, b = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    total, observations = (np.ascontiguousarray(v[order], np.int64) for v in (total, observations))
    _check(a, b, observations)
    ids, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    first, second = ends[: len(a)].astype(np.int64), ends[len(a) :].astype(np.int64)
    one, other, score, seen = _link(len(ids), first, second, total, observations)
    score = score / scale
    columns: list[Any] = [ids[one], ids[other], score, np.minimum.accumulate(score), seen]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, JOINS, strict=True)], schema=JOINS)


def clusters(joins: pa.Table, threshold: float, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 [n]: for each segment of ``ids`` the least id of its cluster when joins of at least ``threshold`` are made.

    A segment that no join names is a cluster of its own. A join counts if all joins before it do (its ``level``).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    made = joins["level"].to_numpy() >= threshold
    a, b = joins["a"].to_numpy()[made], joins["b"].to_numpy()[made]
    every, ends = np.unique(np.concatenate([ids, a, b]), return_inverse=True)
    at = ends[len(ids) :]
    graph = coo_array((np.ones(len(a), np.int8), (at[: len(a)], at[len(a) :])), shape=(len(every),) * 2)
    _, label = connected_components(graph, directed=False)
    least = np.full(label.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, label, every)
    return np.asarray(least[label][ends[: len(ids)]], np.int64)


def _check(a: NDArray[np.int64], b: NDArray[np.int64], observations: NDArray[np.int64]) -> None:
    if (a == b).any():
        raise GraphkitError(f"Segment {a[a == b][0]} is paired with itself; a pair is of two segments.")
    twice = (a[1:] == a[:-1]) & (b[1:] == b[:-1])
    if twice.any():
        at = int(np.flatnonzero(twice)[0])
        raise GraphkitError(f"The pair {a[at]}, {b[at]} stands twice.", hint="Add up the scores of a pair first.")
    if (observations < 1).any():
        at = int(np.flatnonzero(observations < 1)[0])
        raise GraphkitError(f"The pair {a[at]}, {b[at]} has no observations, and so no mean.")


@compiled
def _link(n: int, first: Any, second: Any, total: Any, observations: Any) -> tuple[Any, Any, Any, Any]:
    """Ends (the least node of each cluster), score and observations of each join, in order."""
    m = len(first)
    ends = np.empty((m, 2), np.int64)
    total, observations = total.copy(), observations.copy()
    version = np.zeros(m, np.int64)
    alive = np.ones(m, np.bool_)
    head, tail = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    after = np.full(2 * m, -1, np.int64)  # the list of a node's pairs: 2 e + side of the node in pair e
    degree = np.zeros(n, np.int64)
    least = np.arange(n)
    pair_of = Dict.empty(types.int64, types.int64)
    heap = [(-(total[e] / observations[e]), e, 0) for e in range(m)]
    for e in range(m):
        for side in range(2):
            node = first[e] if side == 0 else second[e]
            ends[e, side] = node
            h = 2 * e + side
            if tail[node] < 0:
                head[node] = h
            else:
                after[tail[node]] = h
            tail[node] = h
            degree[node] += 1
        pair_of[_key(first[e], second[e], n)] = e
    heapq.heapify(heap)
    one, other = np.empty(max(n - 1, 0), np.int64), np.empty(max(n - 1, 0), np.int64)
    score, seen = np.empty(max(n - 1, 0)), np.empty(max(n - 1, 0), np.int64)
    joins = 0
    while len(heap):
        negative, e, stamp = heapq.heappop(heap)
        if not alive[e] or version[e] != stamp:
            continue
        i, j = ends[e, 0], ends[e, 1]
        if degree[i] < degree[j] or (degree[i] == degree[j] and i > j):
            i, j = j, i
        one[joins], other[joins] = min(least[i], least[j]), max(least[i], least[j])
        score[joins], seen[joins] = -negative, observations[e]
        joins += 1
        least[i] = min(least[i], least[j])
        alive[e] = False
        degree[i] -= 1
        h = head[j]
        while h >= 0:
            onward = after[h]
            f, side = h // 2, h % 2
            if alive[f] and ends[f, side] == j:
                k = ends[f, 1 - side]
                del pair_of[_key(j, k, n)]
                key = _key(i, k, n)
                if key in pair_of:
                    g = pair_of[key]
                    total[g] += total[f]
                    observations[g] += observations[f]
                    version[g] += 1
                    heapq.heappush(heap, (-(total[g] / observations[g]), g, version[g]))
                    alive[f] = False
                    degree[k] -= 1
                else:
                    ends[f, side] = i
                    pair_of[key] = f
                    after[h] = head[i]
                    head[i] = h
                    degree[i] += 1
            h = onward
    return one[:joins], other[:joins], score[:joins], seen[:joins]


@compiled
def _key(i: int, j: int, n: int) -> int:
    return min(i, j) * n + max(i, j)
