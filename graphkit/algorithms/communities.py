"""Groups of neurons that connect among themselves more than with others."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.errors import GraphError, MissingExtraError
from graphkit.graph import Graph

__all__ = ["communities", "modularity"]

_ROUNDS = 10


def communities(graph: Graph, *, resolution: float = 1.0) -> NDArray[np.int64]:
    """The community of each neuron, int64 of shape (n,), numbered from 0, the largest first.

    Leiden (Traag, Waltman & van Eck, Scientific Reports 9, 5233, 2019) on the graph with its directions left aside, weighted by
    synapses, as networkit does it: at most 10 rounds on one thread, so that the answer is the same each time. A higher
    ``resolution`` gives smaller communities. Neurons without a connection are communities by themselves.

    Raises:
        GraphError: ``resolution`` is not positive.
        MissingExtraError: networkit is not installed.
    """
    if not (math.isfinite(resolution) and resolution > 0):
        raise GraphError(f"resolution is {resolution!r}; expected a positive number, for example 1.")
    n = graph.n_neurons
    low, high, weight = _undirected(graph)
    if len(low) == 0:
        return np.arange(n, dtype=np.int64)
    try:
        import networkit
    except ModuleNotFoundError as error:
        raise MissingExtraError("networkit", "communities", "Finding communities") from error
    threads = networkit.getMaxNumberOfThreads()
    networkit.setNumberOfThreads(1)
    try:
        networkit.setSeed(1, False)
        made = networkit.GraphFromCoo((weight.astype(np.float64), (low, high)), n=n, weighted=True, directed=False)
        found = networkit.community.ParallelLeiden(made, randomize=False, iterations=_ROUNDS, gamma=float(resolution))
        found.run()
        labels = np.asarray(found.getPartition().getVector(), dtype=np.int64)
    finally:
        networkit.setNumberOfThreads(threads)
    return _by_size(labels)


def modularity(graph: Graph, labels: ArrayLike, *, resolution: float = 1.0) -> float:
    """How much more synapses lie inside the communities than at random; directions left aside. NaN without connections.

    Newman & Girvan, Phys. Rev. E 69, 026113 (2004); ``resolution`` as in Reichardt & Bornholdt (2006).

    Raises:
        GraphError: ``labels`` are not one integer a neuron.
    """
    communities_of = np.asarray(labels)
    if communities_of.shape != (graph.n_neurons,) or not np.issubdtype(communities_of.dtype, np.integer):
        raise GraphError(f"labels have the shape {communities_of.shape}; expected {graph.n_neurons} whole numbers.")
    total = graph.n_synapses
    if not total:
        return math.nan
    _, number = np.unique(communities_of, return_inverse=True)
    row = np.repeat(np.arange(graph.n_neurons), np.diff(graph.indptr))
    inside = graph.synapses[number[row] == number[graph.indices]].sum()
    ends = np.bincount(number[row], weights=graph.synapses) if len(row) else np.zeros(0)
    strength = np.zeros(number.max() + 1)
    strength[: len(ends)] += ends
    into = np.bincount(number[graph.indices], weights=graph.synapses)
    strength[: len(into)] += into
    return float(inside / total - resolution * ((strength / (2 * total)) ** 2).sum())


def _undirected(graph: Graph) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(lower row, higher row, synapses both ways) of each connected pair; an autapse is a pair of its own."""
    n = max(graph.n_neurons, 1)
    row = np.repeat(np.arange(graph.n_neurons), np.diff(graph.indptr))
    key = np.minimum(row, graph.indices) * n + np.maximum(row, graph.indices)
    pairs, at = np.unique(key, return_inverse=True)
    sums = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(sums, at, graph.synapses)
    return pairs // n, pairs % n, sums


def _by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbered from 0, the largest first; of the same size, the one with the smaller first row."""
    _, first, number, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return np.asarray(rank[number], dtype=np.int64)
