"""How alike many neurons connect, all against all, and what they cluster into."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.edges import argsort, row_starts
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import in_threads

__all__ = ["SimilarityMeasure", "clusters", "features_of", "leaf_order", "similarity_matrix"]

SimilarityMeasure = Literal["cosine", "jaccard", "ruzicka"]

_Side = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], int]  # indptr, indices, synapses, first feature
_AT_ONCE = 64
_MOST = 50_000


def similarity_matrix(
    graph: Graph,
    ids: ArrayLike,
    *,
    measure: SimilarityMeasure = "cosine",
    direction: Literal["inputs", "outputs", "partners"] = "partners",
    groups: ArrayLike | None = None,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """The similarity of the neurons ``ids`` (k of them), float64 of shape (k, k), between 0 and 1, in their order.

    What is compared is the number of synapses with each partner: inputs, outputs, or both, of which each direction counts by
    itself. With ``groups`` (a whole number for each neuron of the graph, such as codes of types) partners of a group are one; -1
    leaves a partner out.

    - "cosine": of the two vectors.
    - "jaccard": partners that both have over those that either has.
    - "ruzicka": sum of the smaller over sum of the larger numbers, the weighted Jaccard index.

    A neuron without partners is 0 to all, itself included.

    Raises:
        GraphError: an id is not in the graph or stands twice; ``groups`` has another shape; too many neurons for a matrix.

    >>> graph = Graph.from_edges([1, 1, 2, 2], [3, 4, 3, 4], [1, 3, 1, 1])
    >>> similarity_matrix(graph, [1, 2], measure="ruzicka").tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    k, cosine = np.size(ids), measure == "cosine"
    if k > _MOST:
        raise GraphError(
            f"The similarity of {k:,} neurons is a matrix of {8 * k**2 / 1e9:.0f} GB.",
            hint=f"Choose up to {_MOST:,}, or take the most similar pairs (graphkit.algorithms.most_similar).",
        )
    starts, features, weights, sizes = features_of(graph, ids, measure, direction, groups)
    from graphkit.algorithms.similarity_kernels import similarities

    owners = np.repeat(np.arange(k, dtype=np.int32), np.diff(starts))
    order = argsort(features, stable=True)
    own = np.empty(len(order), dtype=np.int64)
    own[order] = np.arange(len(order))
    ends = row_starts(features, int(features.max(initial=-1)) + 1)[features + 1]
    counted = weights.astype(np.float64)
    found = np.zeros((k, k))
    by_feature = owners[order], counted[order]

    def fill(begin: int) -> None:
        end = min(begin + _AT_ONCE, k)
        similarities(begin, end, starts, counted, own, ends, *by_feature, sizes, cosine, found)

    for _ in in_threads(fill, range(0, k, _AT_ONCE), threads):
        pass
    return found


def features_of(
    graph: Graph,
    ids: ArrayLike,
    measure: SimilarityMeasure,
    direction: Literal["inputs", "outputs", "partners"],
    groups: ArrayLike | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(starts, features, weights, sizes): what of each of the neurons is compared, as sparse rows, features ascending.

    ``sizes`` are of each row the sum of its weights or, of "cosine", 1 over the root of the sum of their squares.

    Raises:
        GraphError: as of `similarity_matrix`.
    """
    rows = np.atleast_1d(graph.index_of(ids))
    once = np.sort(rows)
    if (once[1:] == once[:-1]).any():
        raise GraphError("A neuron stands twice among the ids.", hint="Give each once.")
    if measure not in ("cosine", "jaccard", "ruzicka"):
        raise GraphError(f"There is no similarity {measure!r}; expected 'cosine', 'jaccard' or 'ruzicka'.")
    starts, features, weights = _features(graph, rows, direction, groups)
    if measure == "jaccard":
        weights = np.minimum(weights, 1)
    counted = weights.astype(np.float64)
    if measure == "cosine":
        np.square(counted, out=counted)
    owners = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(starts))
    sizes = np.bincount(owners, weights=counted, minlength=len(rows)).astype(np.float64)
    if measure == "cosine":
        sizes = np.divide(1.0, np.sqrt(sizes), out=np.zeros(len(rows)), where=sizes > 0)
    return starts, features, weights, sizes


def clusters(similarity: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """At most ``count`` clusters of the rows of a similarity matrix, int64 of shape (k,), numbered from 0, the largest first.

    Average linkage of 1 - similarity (Sokal & Michener 1958), as scipy does it.

    Raises:
        GraphError: the matrix is not square, or ``count`` is not at least 1.
    """
    from scipy.cluster.hierarchy import fcluster

    if count < 1:
        raise GraphError(f"count is {count}; expected 1 or more clusters.")
    linked = _linked(similarity)
    if linked is None:
        return np.zeros(len(similarity), dtype=np.int64)
    labels = fcluster(linked, count, criterion="maxclust")
    _, first, number, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return np.asarray(rank[number], dtype=np.int64)


def leaf_order(similarity: NDArray[np.float64]) -> NDArray[np.int64]:
    """The rows in the order of the leaves of their tree, for a heat map: alike ones side by side; int64 of shape (k,)."""
    from scipy.cluster.hierarchy import leaves_list

    linked = _linked(similarity)
    if linked is None:
        return np.arange(len(similarity), dtype=np.int64)
    return np.asarray(leaves_list(linked), dtype=np.int64)


def _linked(similarity: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The tree of average linkage; None for fewer than two rows."""
    from scipy.cluster.hierarchy import linkage

    matrix = np.asarray(similarity, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise GraphError(f"The similarity has the shape {matrix.shape}; expected a square matrix.")
    if len(matrix) < 2:
        return None
    upper = np.triu_indices(len(matrix), 1)
    linked: NDArray[np.float64] = linkage(1.0 - matrix[upper], method="average")
    return linked


def _features(
    graph: Graph, rows: NDArray[np.int64], direction: str, groups: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(starts (k + 1,), features, synapses): what each of the rows has of which feature, features ascending within a row."""
    n = graph.n_neurons
    group = np.arange(n, dtype=np.int64) if groups is None else np.asarray(groups)
    if group.shape != (n,) or not np.issubdtype(group.dtype, np.integer) or (group < -1).any():
        raise GraphError(
            f"groups has the shape {group.shape}; expected {n} whole numbers of -1 or more, one a neuron of the graph."
        )
    width = int(group.max(initial=0)) + 1
    sides: list[_Side] = []
    if direction in ("outputs", "partners"):
        sides.append((graph.indptr, graph.indices, graph.synapses, 0))
    if direction in ("inputs", "partners"):
        sides.append((graph.in_indptr, graph.in_indices, graph.in_synapses, width))
    if not sides:
        raise GraphError(f"There is no direction {direction!r}; expected 'inputs', 'outputs' or 'partners'.")
    if groups is None:
        return _of_partners(sides, rows)
    owner, feature, count = [], [], []
    for indptr, indices, synapses, offset in sides:
        lengths = indptr[rows + 1] - indptr[rows]
        at = np.repeat(indptr[rows] - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
        partner = group[indices[at]]
        known = partner >= 0
        owner.append(np.repeat(np.arange(len(rows)), lengths)[known])
        feature.append(partner[known] + offset)
        count.append(synapses[at[known]])
    key = np.concatenate(owner) * (2 * width) + np.concatenate(feature)
    order = argsort(key)
    key, counts = key[order], np.concatenate(count)[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.empty(0, dtype=np.int64)
    pairs, sums = key[first], np.add.reduceat(counts, first) if len(key) else counts
    owners, features = np.divmod(pairs, 2 * width)
    return row_starts(owners, len(rows)), features, sums


def _of_partners(
    sides: list[_Side], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """`_features` where each partner is one: the lists of both sides ascend, so they are put one after the other."""
    lengths = [indptr[rows + 1] - indptr[rows] for indptr, *_ in sides]
    starts = np.concatenate([[0], np.cumsum(np.sum(lengths, axis=0))])
    features, counts = np.empty(starts[-1], dtype=np.int64), np.empty(starts[-1], dtype=np.int64)
    begin = starts[:-1].copy()
    for (indptr, indices, synapses, offset), length in zip(sides, lengths, strict=True):
        n = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        at, to = n + np.repeat(indptr[rows], length), n + np.repeat(begin, length)
        del n
        features[to] = indices[at]
        features[to] += offset
        counts[to] = synapses[at]
        begin += length
    return starts, features, counts
