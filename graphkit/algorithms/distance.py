"""How likely a connection is at a distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.shares import shares_of
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import in_threads
from graphkit.progress import Progress, silent

__all__ = ["ConnectionDistances", "connected_by_distance", "connection_probability"]

_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class ConnectionDistances:
    """Ordered pairs of different neurons by distance; bin i holds distances of ``edges_nm[i]`` up to ``edges_nm[i + 1]``."""

    edges_nm: NDArray[np.float64]
    """float64 of shape (bins + 1,)."""
    pairs: NDArray[np.int64]
    connected: NDArray[np.int64]
    left_out: int
    """Neurons without a position, whose pairs are not counted."""

    @property
    def probability(self) -> NDArray[np.float64]:
        """Connected pairs over pairs; NaN in an empty bin."""
        return shares_of(self.connected, self.pairs)


def connection_probability(
    graph: Graph,
    positions_nm: ArrayLike,
    *,
    bin_nm: float = 10_000.0,
    threads: int | None = None,
    progress: Progress = silent,
) -> ConnectionDistances:
    """The probability that one neuron connects to another, by the distance of their positions, over all pairs.

    ``positions_nm`` (x, y, z; shape (n, 3), nm) are of somata or of centroids, in the order of ``graph.ids``; a row with a NaN
    leaves its neuron out. Every pair is looked at, none is sampled: 139,255 neurons are 9.7 billion pairs. As figure 1 of Lin
    et al., Nature 634 (2024), which had to sample.

    Raises:
        GraphError: another shape; ``bin_nm`` is not positive.

    >>> found = connection_probability(Graph.from_edges([1, 2], [2, 1]), [[0, 0, 0], [3, 4, 0]], bin_nm=10)
    >>> found.pairs.tolist(), found.probability.tolist()
    ([2], [1.0])
    """
    points = np.asarray(positions_nm, dtype=np.float64)
    if points.shape != (graph.n_neurons, 3):
        raise GraphError(f"positions_nm has the shape {points.shape}; expected ({graph.n_neurons}, 3): x, y, z in nm.")
    if not (np.isfinite(bin_nm) and bin_nm > 0):
        raise GraphError(f"bin_nm is {bin_nm!r}; expected a positive width in nm.")
    placed: NDArray[np.bool_] = np.all(np.isfinite(points), axis=1)
    known = np.flatnonzero(placed)
    x, y, z = (np.ascontiguousarray(points[known, axis]) for axis in range(3))
    spans = [float(np.ptp(axis)) if len(axis) else 0.0 for axis in (x, y, z)]
    n_bins = int(np.sqrt(sum(s * s for s in spans)) / bin_nm) + 2
    from graphkit.algorithms.distance_kernels import count_pairs

    pieces = [(i, min(i + _AT_ONCE, len(known))) for i in range(0, len(known), _AT_ONCE)]
    pairs = np.zeros(n_bins, dtype=np.int64)
    counted = in_threads(
        lambda piece: count_pairs(piece[0], piece[1], x, y, z, _per_nm(bin_nm), n_bins), pieces, threads
    )
    for done, part in enumerate(counted, start=1):
        pairs += part
        progress("pairs of neurons", done / len(pieces))
    connected = connected_by_distance(graph, points, bin_nm=bin_nm, n_bins=n_bins)
    used = int(np.flatnonzero(pairs).max(initial=-1)) + 1
    return ConnectionDistances(
        bin_nm * np.arange(used + 1, dtype=np.float64), 2 * pairs[:used], connected[:used], graph.n_neurons - len(known)
    )


def connected_by_distance(
    graph: Graph, positions_nm: NDArray[np.float64], *, bin_nm: float, n_bins: int
) -> NDArray[np.int64]:
    """Connections between different neurons in each bin of distance, int64 of shape (n_bins or more,); as above."""
    placed: NDArray[np.bool_] = np.all(np.isfinite(positions_nm), axis=1)
    row = np.repeat(np.arange(graph.n_neurons), np.diff(graph.indptr))
    real = (row != graph.indices) & placed[row] & placed[graph.indices]
    apart = positions_nm[row[real]] - positions_nm[graph.indices[real]]
    d2 = apart[:, 0] ** 2 + apart[:, 1] ** 2 + apart[:, 2] ** 2
    at = (np.sqrt(d2) * _per_nm(bin_nm)).astype(np.int64)
    return np.bincount(at, minlength=n_bins).astype(np.int64)


def _per_nm(bin_nm: float) -> float:
    """One over the width, rounded up: a distance of whole bins falls into the bin that it begins."""
    return float(np.nextafter(1.0 / bin_nm, np.inf))
