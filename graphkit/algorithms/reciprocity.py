"""How dense a graph is, how often connections go both ways, and how often partners of a neuron are partners too.

Autapses have no part in any of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.shares import shares_of
from graphkit.graph import Graph
from graphkit.motifs.census import dyad_census, in_ranges, packable, triad_census

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Clustering", "clustering", "density", "directed_clustering", "reciprocity"]

_CLOSED = ("030T", "030C", "120D", "120U", "120C", "210", "300")
_OPEN = ("021D", "021U", "021C", "111D", "111U", "201")


@dataclass(frozen=True, slots=True)
class Clustering:
    """Triangles and connected triples of neurons, directions left aside."""

    triangles: int
    """Sets of three neurons that are connected pair by pair."""
    triples: int
    """Pairs of partners of a neuron: a triangle holds three."""

    @property
    def coefficient(self) -> float:
        """3 triangles / triples, between 0 and 1; NaN without any triple."""
        return 3 * self.triangles / self.triples if self.triples else math.nan


def density(graph: Graph) -> float:
    """Connections over ordered pairs of different neurons, between 0 and 1; NaN for fewer than two neurons.

    >>> density(Graph.from_edges([1, 2], [2, 3]))
    0.3333333333333333
    """
    n = graph.n_neurons
    pairs = dyad_census(graph)
    return (pairs.asymmetric + 2 * pairs.mutual) / (n * (n - 1)) if n > 1 else math.nan


def reciprocity(graph: Graph) -> float:
    """The share of connections whose reverse is a connection too, between 0 and 1; NaN without any connection.

    Garlaschelli & Loffredo, Phys. Rev. Lett. 93, 268701 (2004), their r. In a random graph it is the density.

    >>> reciprocity(Graph.from_edges([1, 2, 2], [2, 1, 3]))
    0.6666666666666666
    """
    pairs = dyad_census(graph)
    connections = pairs.asymmetric + 2 * pairs.mutual
    return 2 * pairs.mutual / connections if connections else math.nan


def clustering(graph: Graph, *, threads: int | None = None) -> Clustering:
    """The global clustering of the graph with its directions left aside (Newman, SIAM Review 45, 2003, eq. 3).

    >>> clustering(Graph.from_edges([1, 2, 3, 3], [2, 3, 1, 4])).coefficient
    0.6
    """
    return clustering_of(triad_census(graph, threads=threads))


def clustering_of(census: Mapping[str, int]) -> Clustering:
    """The same from a triad census that is already there."""
    triangles = sum(census[code] for code in _CLOSED)
    return Clustering(triangles, 3 * triangles + sum(census[code] for code in _OPEN))


def directed_clustering(graph: Graph, *, threads: int | None = None) -> NDArray[np.float64]:
    """The directed clustering coefficient of each neuron, float64 of shape (n,); 0 where no triangle is possible.

    Directed triangles through the neuron over those that its partners make possible: Fagiolo, Phys. Rev. E 76, 026107
    (2007), the unweighted case.

    >>> directed_clustering(Graph.from_edges([1, 2, 3], [2, 3, 1])).tolist()
    [0.5, 0.5, 0.5]
    """
    n = graph.n_neurons
    if graph.n_connections == 0:
        return np.zeros(n)
    packable(graph)
    from graphkit.algorithms.triangle_kernels import directed_triangles
    from graphkit.motifs import kernels

    starts, packed, _ = kernels.support(graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    order, forward_starts, forward = kernels.forward_pairs(starts, packed)
    parts = in_ranges(
        lambda begin, end: directed_triangles(begin, end, forward_starts, forward), forward_starts, threads
    )
    triangles = np.empty(n, dtype=np.int64)
    triangles[order] = np.sum(parts, axis=0)
    dyads = packed & 3
    row = np.repeat(np.arange(n), np.diff(starts))
    total = np.bincount(row, weights=np.where(dyads == 3, 2, 1), minlength=n)
    both = np.bincount(row[dyads == 3], minlength=n)
    possible = total * (total - 1) - 2 * both
    return shares_of(triangles, possible, none=0.0)
