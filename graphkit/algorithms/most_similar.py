"""The most similar pairs of many neurons without a matrix of all: memory is for the pairs that are given, and some rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.similarity_matrix import SimilarityMeasure, features_of
from graphkit.edges import argsort, distinct, row_starts
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import cores_available, in_threads
from graphkit.progress import Progress, silent

__all__ = ["SimilarPairs", "most_similar_pairs", "most_similar_partners", "similarity_of_pairs"]

_STAGE = "comparing neurons"
_RANGES_A_THREAD = 32
_PAIRS_AT_ONCE = 1 << 16
_WAITING = 1 << 20
"""Pairs that a thread holds beside the best ones before it chooses among them."""


_Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class SimilarPairs:
    """Pairs of neurons, the most alike first (of all, or of each neuron); arrays of shape (pairs,)."""

    first: NDArray[np.int64]
    """Places among the ids."""
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
    progress: Progress = silent,
) -> SimilarPairs:
    """The ``count`` pairs of the neurons ``ids`` that are most alike, the most alike first, equal ones in the order of the ids.

    Pairs without a common partner are never among them, and ``first`` is before ``second`` among the ids.

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
    lists, ranges = _lists(features_of(graph, ids, measure, direction, groups), measure == "cosine", threads)
    starts, n = lists[0], len(lists[0]) - 1
    similar_pairs: Callable[..., tuple[int, int]] = kernels.similar_pairs
    least = [0.0]  # what a pair needs at least, as far as is known

    def best_of(bounds: tuple[int, int]) -> _Pairs:
        begin, end = bounds
        size = 2 * count + _WAITING + n
        found = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size)
        places = kernels.first_places(begin, lists[3], lists[4])
        held, own_least = 0, 0.0
        while begin < end:
            begin, held = similar_pairs(begin, end, *lists, places, max(least[0], own_least), held, *found)
            if held > count:
                kept = _best((found[0][:held], found[1][:held], found[2][:held]), count)
                held, own_least = count, float(kept[2].min())
                found[0][:held], found[1][:held], found[2][:held] = kept
        return found[0][:held].copy(), found[1][:held].copy(), found[2][:held].copy()

    best: _Pairs = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    for done, part in enumerate(in_threads(best_of, ranges, threads), start=1):
        progress(_STAGE, done / len(ranges))
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


def most_similar_partners(
    graph: Graph,
    ids: ArrayLike,
    each: int,
    *,
    measure: SimilarityMeasure = "cosine",
    direction: Literal["inputs", "outputs", "partners"] = "partners",
    groups: ArrayLike | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> SimilarPairs:
    """For each of the neurons ``ids`` the ``each`` others among them that are most like it, by neuron, the most alike first.

    Others than `most_similar_pairs`, whose arguments these are, it gives a pair to each of its neurons: ``first`` is the neuron,
    ``second`` one like it. Equal ones come in the order of the ids; those without a common partner never.

    >>> graph = Graph.from_edges([1, 1, 2, 2, 5], [3, 4, 3, 4, 4], [1, 3, 1, 1, 9])
    >>> found = most_similar_partners(graph, [1, 2, 5], 1, direction="outputs")
    >>> found.first.tolist(), found.second.tolist()
    ([0, 1, 2], [2, 0, 0])
    """
    from graphkit.algorithms import similarity_kernels as kernels

    if each < 1:
        raise GraphError(f"each is {each}; expected 1 neuron or more.")
    lists, ranges = _lists(features_of(graph, ids, measure, direction, groups), measure == "cosine", threads)
    n = len(lists[0]) - 1
    each = min(each, max(n - 1, 1))
    second, values = np.full((n, each), -1, dtype=np.int32), np.zeros((n, each))
    fill: Callable[..., None] = kernels.most_similar
    parts = in_threads(lambda rows: fill(*rows, *lists, second[slice(*rows)], values[slice(*rows)]), ranges, threads)
    for done, _ in enumerate(parts, start=1):
        progress(_STAGE, done / len(ranges))
    first, place = np.nonzero(second >= 0)
    return SimilarPairs(first, second[first, place].astype(np.int64), values[first, place], np.diff(lists[0]))


def similarity_of_pairs(
    graph: Graph,
    ids: ArrayLike,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    measure: SimilarityMeasure = "cosine",
    direction: Literal["inputs", "outputs", "partners"] = "partners",
    groups: ArrayLike | None = None,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """How alike the pairs are whose places among ``ids`` are ``first`` and ``second``, float64 of shape (pairs,).

    To the last digit what `most_similar_partners`, whose other arguments these are, says of them.

    >>> graph = Graph.from_edges([1, 1, 2, 2, 5], [3, 4, 3, 4, 4], [1, 3, 1, 1, 9])
    >>> similarity_of_pairs(graph, [1, 2, 5], np.array([0]), np.array([2]), direction="outputs").round(3).tolist()
    [0.949]
    """
    from graphkit.algorithms import similarity_kernels as kernels

    lists, found = features_of(graph, ids, measure, direction, groups), np.zeros(len(first))
    fill: Callable[..., None] = kernels.pair_similarities
    ranges = [(k, min(k + _PAIRS_AT_ONCE, len(first))) for k in range(0, len(first), _PAIRS_AT_ONCE)]
    for _ in in_threads(lambda rows: fill(*rows, *lists, measure == "cosine", first, second, found), ranges, threads):
        pass
    return found


def _lists(
    compared: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    cosine: bool,
    threads: int | None,
) -> tuple[tuple[Any, ...], list[tuple[int, int]]]:
    """What the loops read, and ranges of rows with about as much to do each."""
    starts, features, weights, sizes = compared
    del compared
    n, n_features = len(starts) - 1, int(features.max(initial=-1)) + 1
    kind = np.float32 if weights.max(initial=0) < 2**24 else np.float64  # whole numbers, which either holds exactly
    of_weights = weights.astype(kind)
    del weights
    feature_starts = row_starts(features, n_features)
    order = argsort(features, stable=True)
    of_features = features.astype(np.int32)
    del features
    owners = np.repeat(np.arange(n, dtype=np.int32), np.diff(starts))
    lists = starts, of_features, of_weights, feature_starts, owners[order], of_weights[order], sizes, cosine
    del owners, order
    steps = np.concatenate([[0], np.cumsum(np.diff(feature_starts)[of_features])])[starts]
    n_ranges = (threads or cores_available()) * _RANGES_A_THREAD
    bounds = distinct(np.searchsorted(steps, np.linspace(0, steps[-1], n_ranges + 1))[1:-1]).tolist()
    return lists, list(zip([0, *bounds], [*bounds, n], strict=True))


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
