"""How many clusters fit a similarity matrix best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError

__all__ = ["best_count", "silhouette"]


def silhouette(similarity: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The mean silhouette of the rows, -1 to 1: how much nearer each is to its own cluster than to the next one.

    Distances are 1 - similarity; a row alone in its cluster has 0. Rousseeuw, J. Comput. Appl. Math. 20 (1987).

    Raises:
        GraphError: fewer than two clusters, or another number of labels.

    >>> silhouette(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array([0, 0, 1]))
    0.6666666666666666
    """
    n = len(similarity)
    if len(labels) != n or len(np.unique(labels)) < 2:
        raise GraphError("A silhouette takes a label for each row, in two clusters or more.")
    _, own, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((n, len(sizes)))  # of distances to each cluster
    for k in range(len(sizes)):
        sums[:, k] = sizes[k] - similarity[:, own == k].sum(axis=1)
    rows = np.arange(n)
    sums[rows, own] -= 1.0 - similarity[rows, rows]
    others = sizes[own] - 1
    inside = np.divide(sums[rows, own], others, out=np.zeros(n), where=others > 0)
    means = sums / sizes
    means[rows, own] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(inside, nearest)
    value = np.divide(nearest - inside, larger, out=np.zeros(n), where=larger > 0)
    return float(np.where(others > 0, value, 0.0).mean())


def best_count(similarity: NDArray[np.float64], *, most: int = 20) -> tuple[int, float]:
    """The number of clusters, from 2 to ``most``, of the largest mean silhouette (of equals the smallest), and that silhouette.

    Clusters are those of `graphkit.algorithms.similarity_matrix.clusters`. Two rows or fewer are one cluster, of silhouette 0.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    best = (1, 0.0)
    if len(similarity) < 3:
        return best
    tree = linkage(1.0 - similarity[np.triu_indices(len(similarity), 1)], method="average")
    for count in range(2, min(most, len(similarity) - 1) + 1):
        labels = fcluster(tree, count, criterion="maxclust").astype(np.int64)
        if labels.max() < 2:  # all are equally alike
            continue
        found = silhouette(similarity, labels)
        if best[0] == 1 or found > best[1] + 1e-12:
            best = (count, found)
    return best
