"""Shortest paths, counted in connections (hops)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import in_threads

__all__ = ["PathLengths", "SmallWorld", "path_lengths", "small_world"]


@dataclass(frozen=True, slots=True)
class PathLengths:
    """Shortest paths between ordered pairs of different neurons."""

    n_pairs: int
    """Pairs of which the first reaches the second; with sampling, of those that begin at a sampled neuron."""
    total: int
    """Their lengths, in connections, added up."""
    longest: int
    """The longest of them; 0 without any."""
    by_length: NDArray[np.int64] = field(compare=False, default_factory=lambda: np.zeros(1, dtype=np.int64))
    """How many pairs are so many connections apart, int64 of shape (longest + 1,); index 0 is always 0."""

    @property
    def mean(self) -> float:
        """The mean length over the pairs that are reachable; NaN without any."""
        return self.total / self.n_pairs if self.n_pairs else math.nan


@dataclass(frozen=True, slots=True)
class SmallWorld:
    """Clustering and path length beside those of a random graph with as many neurons and connections."""

    clustering: float
    path_length: float
    random_clustering: float
    random_path_length: float

    @property
    def sigma(self) -> float:
        """(C / C_random) / (L / L_random): a small world is well above 1."""
        return (self.clustering / self.random_clustering) / (self.path_length / self.random_path_length)


def path_lengths(graph: Graph, *, samples: int | None = None, seed: int = 0, threads: int | None = None) -> PathLengths:
    """Lengths of the shortest paths between all pairs, exact: one breadth-first search from each neuron.

    With ``samples`` the searches start at that many neurons only, drawn with ``seed``; ``mean`` then estimates that of all. For a
    strongly connected graph ``mean`` is its characteristic path length. Watts & Strogatz, Nature 393 (1998).

    Raises:
        GraphError: ``samples`` is not between 1 and n.

    >>> path_lengths(Graph.from_edges([1, 2], [2, 3])).mean
    1.3333333333333333
    """
    n = len(graph)
    if samples is not None and not 1 <= samples <= n:
        raise GraphError(f"samples is {samples}; expected 1 to the {n:,} neurons of the graph.")
    if graph.n_connections == 0:
        return PathLengths(0, 0, 0)
    from graphkit.algorithms.hop_kernels import SEARCHES_AT_ONCE, count_hops

    sources = np.arange(n) if samples is None else np.random.default_rng(seed).choice(n, samples, replace=False)
    pieces = [sources[i : i + SEARCHES_AT_ONCE] for i in range(0, len(sources), SEARCHES_AT_ONCE)]
    edges = (graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    counts = np.zeros(n, dtype=np.int64)
    for part in in_threads(lambda piece: count_hops(piece, *edges), pieces, threads):
        counts += part
    longest = int(np.flatnonzero(counts).max(initial=0))
    counts = counts[: longest + 1]
    return PathLengths(int(counts.sum()), int((counts * np.arange(longest + 1)).sum()), longest, counts)


def small_world(graph: Graph, *, samples: int | None = None, seed: int = 0, threads: int | None = None) -> SmallWorld:
    """Whether the graph is a small world: Humphries & Gurney, PLoS ONE 3, e0002051 (2008).

    Directions are kept for paths and left aside for clustering. The random figures are the usual closed forms: clustering is
    the density of its pairs, path length ln n / ln k with k the mean out-degree; NaN where these make no sense (k of 1 or less).
    """
    from graphkit.algorithms.reciprocity import clustering
    from graphkit.motifs.census import dyad_census

    n, pairs = graph.n_neurons, dyad_census(graph)
    possible = n * (n - 1) / 2
    connected = pairs.mutual + pairs.asymmetric
    out = (2 * pairs.mutual + pairs.asymmetric) / n if n else 0.0
    lengths = path_lengths(graph, samples=samples, seed=seed, threads=threads)
    return SmallWorld(
        clustering(graph, threads=threads).coefficient,
        lengths.mean,
        connected / possible if connected else math.nan,
        math.log(n) / math.log(out) if out > 1 else math.nan,
    )
