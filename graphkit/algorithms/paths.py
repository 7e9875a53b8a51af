"""Shortest paths, counted in connections (hops)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from graphkit.graph import Graph

__all__ = ["PathLengths", "path_lengths"]

_MAX_MATRIX_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class PathLengths:
    """Shortest paths between ordered pairs of different neurons."""

    n_pairs: int
    """Pairs of which the first reaches the second."""
    total: int
    """Their lengths, in connections, added up."""
    longest: int
    """The longest of them; 0 without any."""

    @property
    def mean(self) -> float:
        """The mean length over the pairs that are reachable; NaN without any."""
        return self.total / self.n_pairs if self.n_pairs else math.nan


def path_lengths(graph: Graph) -> PathLengths:
    """Lengths of the shortest paths between all pairs, exact: one breadth-first search from each neuron.

    Takes n times the connections; for a strongly connected graph ``.mean`` is its characteristic path length. Watts &
    Strogatz, Nature 393 (1998).

    >>> path_lengths(Graph.from_edges([1, 2], [2, 3])).mean
    1.3333333333333333
    """
    n = len(graph)
    if graph.n_connections == 0:
        return PathLengths(0, 0, 0)
    from scipy.sparse.csgraph import dijkstra

    matrix = graph.to_scipy()
    n_pairs, total, longest = 0, 0, 0
    rows_at_once = max(1, _MAX_MATRIX_BYTES // (8 * n))
    for begin in range(0, n, rows_at_once):
        rows = np.arange(begin, min(n, begin + rows_at_once))
        hops = dijkstra(matrix, directed=True, indices=rows, unweighted=True)
        reached = hops[np.isfinite(hops) & (hops > 0)].astype(np.int64)
        n_pairs += len(reached)
        total += int(reached.sum())
        longest = max(longest, int(reached.max(initial=0)))
    return PathLengths(n_pairs, total, longest)
