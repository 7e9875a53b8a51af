"""The most similar pairs of many neurons without a matrix of all: memory is for the pairs that are given, and some rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.similarity_matrix import SimilarityMeasure, features_of
from graphkit.edges import argsort, row_starts
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import cores_available, in_threads

__all__ = ["SimilarPairs", "most_similar_pairs"]

_RANGES_A_THREAD = 32
_WAITING = 1 << 20
"""Pairs that a thread holds beside the best ones before it chooses among them."""


_Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class SimilarPairs:
    """Pairs by similarity, the most alike first, equal ones in the order of the ids; arrays of shape (pairs,)."""

    first: NDArray[np.int64]
    """Places among the ids, each below that of ``second``."""
    second: NDArray[np.int64]
    similarity: NDArray[np.float64]
    partners: NDArray[np.int64]
    """How many partners (or groups of them) each of the ids has, shape (ids,)."""


def most_similar_pairs(
    graph: Graph,
    ids: ArrayLike,
    count: int,
    *,
    measure: SimilarityMeasure = "cosine",
    direction: Literal["inputs", "outputs", "partners"] = "partners",
    groups: ArrayLike | None = None,
    threads: int | None = None,
) -> SimilarPairs:
    """The ``count`` pairs of the neurons ``ids`` that are most alike; pairs without a common partner are never among them.

    What is compared, and how, is said of `graphkit.algorithms.similarity_matrix.similarity_matrix`, whose values these are. The
    time is in proportion to the pairs of neurons with a common partner, each as often as they have one; the answer does not
    depend on the number of threads.

    Raises:
        GraphError: as `similarity_matrix`; ``count`` is below 1.

    >>> graph = Graph.from_edges([1, 1, 2, 2, 5], [3, 4, 3, 4, 4], [1, 3, 1, 1, 9])
    >>> found = most_similar_pairs(graph, [1, 2, 5], 2, direction="outputs")
    >>> found.first.tolist(), found.second.tolist(), found.similarity.round(3).tolist()
    ([0, 0], [2, 1], [0.949, 0.894])
    """
    from graphkit.algorithms import similarity_kernels as kernels

    if count < 1:
        raise GraphError(f"count is {count}; expected 1 pair or more.")
    starts, features, weights, sizes = features_of(graph, ids, measure, direction, groups)
    n, n_features = len(starts) - 1, int(features.max(initial=-1)) + 1
    kind = np.float32 if weights.max(initial=0) < 2**24 else np.float64  # whole numbers, which either holds exactly
    of_weights = weights.astype(kind)
    del weights
    feature_starts = row_starts(features, n_features)
    order = argsort(features, stable=True)
    of_features = features.astype(np.int32)
    del features
    owners = np.repeat(np.arange(n, dtype=np.int32), np.diff(starts))
    by_feature = feature_starts, owners[order], of_weights[order]
    lists: tuple[Any, ...] = starts, of_features, of_weights, *by_feature, sizes, measure == "cosine"
    del owners, order
    work = np.concatenate([[0], np.cumsum(np.diff(feature_starts)[of_features])])[
        starts
    ]  # too much for late rows: no matter
    n_ranges = (threads or cores_available()) * _RANGES_A_THREAD
    bounds = np.unique(np.searchsorted(work, np.linspace(0, work[-1], n_ranges + 1))[1:-1]).tolist()
    similar_pairs: Callable[..., tuple[int, int]] = kernels.similar_pairs
    least = [0.0]  # what a pair needs at least, as far as is known

    def best_of(bounds: tuple[int, int]) -> _Pairs:
        begin, end = bounds
        size = 2 * count + _WAITING + n
        found = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size)
        places = kernels.first_places(begin, *by_feature[:2])
        held, own_least = 0, 0.0
        while begin < end:
            begin, held = similar_pairs(begin, end, *lists, places, max(least[0], own_least), held, *found)
            if held > count:
                kept = _best((found[0][:held], found[1][:held], found[2][:held]), count)
                held, own_least = count, float(kept[2].min())
                found[0][:held], found[1][:held], found[2][:held] = kept
        return found[0][:held].copy(), found[1][:held].copy(), found[2][:held].copy()

    best: _Pairs = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    for part in in_threads(best_of, list(zip([0, *bounds], [*bounds, n], strict=True)), threads):
        both = (
            np.concatenate([best[0], part[0]]),
            np.concatenate([best[1], part[1]]),
            np.concatenate([best[2], part[2]]),
        )
        best = _best(both, count)
        if len(best[2]) == count:
            least[0] = float(best[2].min())
    ranked = np.lexsort((best[1], best[0], -best[2]))
    pairs = best[0][ranked].astype(np.int64), best[1][ranked].astype(np.int64)
    return SimilarPairs(*pairs, best[2][ranked], np.diff(starts))


def _best(pairs: _Pairs, count: int) -> _Pairs:
    """The ``count`` pairs of the largest values; of equal ones those whose places come first."""
    first, second, values = pairs
    if len(values) <= count:
        return pairs
    last = np.partition(values, len(values) - count)[len(values) - count]
    above, equal = np.flatnonzero(values > last), np.flatnonzero(values == last)
    equal = equal[np.lexsort((second[equal], first[equal]))][: count - len(above)]
    chosen = np.concatenate([above, equal])
    return first[chosen], second[chosen], values[chosen]
