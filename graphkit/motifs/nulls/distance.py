"""The distance-preserving model: the degrees, and how many connections there are at each distance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.nulls.grouped_chain import grouped_sampler
from graphkit.motifs.nulls.sampling import Sampler, graphs
from graphkit.motifs.nulls.swap_chain import number_of_attempts

__all__ = ["KEEPS", "distance_preserving", "sampler"]

KEEPS = "each neuron's numbers of input and output partners, and the number of connections in each bin of distance"

DISTANCE_ATTEMPTS = 50.0
"""A connection; most find no fitting bins."""

_BINS = 10
_MOST_BINS = 250
_FEW_NEIGHBOURS = 8
_MOST_GROUPS = 1_000


def distance_preserving(
    graph: Graph,
    positions_nm: ArrayLike,
    samples: int = 100,
    *,
    bins: int | Sequence[float] = _BINS,
    seed: int = 0,
    attempts_per_connection: float = DISTANCE_ATTEMPTS,
    threads: int | None = None,
) -> Iterator[Graph]:
    """Random graphs with the degrees of ``graph`` and with as many connections in each bin of distance, exactly.

    Swaps as in the configuration model, mostly of connections that begin or end near each other, and only those after which
    the two fall into the same two bins as before; a reversed 3-cycle keeps all distances. Connections with an unknown position
    (NaN) at an end are a bin of their own. That every graph of this kind can be reached is not proved, and is not so where
    bins are so narrow that hardly a swap fits. Autapses of ``graph`` are left out.

    Args:
        positions_nm: shape (n_neurons, 3), in the order of ``graph.ids``.
        bins: a number of bins, each with the same number of connections; or the distances in nm between the bins.

    Raises:
        GraphError: an argument is out of range, or no position is known.
    """
    draw = sampler(graph, positions_nm, bins=bins, attempts_per_connection=attempts_per_connection)
    return graphs(draw, samples, seed, threads)


def sampler(
    graph: Graph,
    positions_nm: ArrayLike,
    *,
    bins: int | Sequence[float] = _BINS,
    attempts_per_connection: float = DISTANCE_ATTEMPTS,
) -> Sampler:
    """What draws the samples of `distance_preserving`."""
    graph = graph.without_autapses()
    attempts = number_of_attempts(graph, attempts_per_connection)
    positions = np.array(positions_nm, dtype=np.float64)
    if positions.shape != (graph.n_neurons, 3):
        raise GraphError(
            f"positions_nm has the shape {positions.shape}; expected ({graph.n_neurons}, 3): x, y, z in the order of ids."
        )
    positions[~np.isfinite(positions).all(axis=1)] = np.nan
    return grouped_sampler(graph, _near(positions), attempts, (positions, _squared_edges(graph, positions, bins)))


def _squared_edges(graph: Graph, positions: NDArray[np.float64], bins: int | Sequence[float]) -> NDArray[np.float64]:
    """Squares of the distances between the bins."""
    if not isinstance(bins, int):
        edges = np.asarray(bins, dtype=np.float64)
        if edges.ndim != 1 or len(edges) >= _MOST_BINS or not ((edges > 0).all() and (np.diff(edges) > 0).all()):
            raise GraphError(
                f"bins is {bins!r}; expected fewer than {_MOST_BINS} distances in nm, ascending from above 0."
            )
        return edges**2
    if not 1 <= bins <= _MOST_BINS:
        raise GraphError(f"bins is {bins}; expected 1 to {_MOST_BINS}, or the distances between the bins in nm.")
    apart = positions[np.repeat(np.arange(len(graph)), np.diff(graph.indptr))] - positions[graph.indices]
    squared = (apart**2).sum(axis=1)
    squared = squared[~np.isnan(squared)]
    if not len(squared):
        if graph.n_connections:
            raise GraphError("No connection has known positions at both ends, so there are no distances to keep.")
        return np.empty(0)
    return np.unique(np.quantile(squared, np.linspace(0, 1, bins + 1)[1:-1]))


def _near(positions: NDArray[np.float64]) -> NDArray[np.int32]:
    """Neurons in groups of near ones: halved along their widest side until there are few in each. A group for the unplaced."""
    known = np.flatnonzero(~np.isnan(positions[:, 0]))
    few = max(_FEW_NEIGHBOURS, len(known) // _MOST_GROUPS)
    group = np.zeros(len(positions), dtype=np.int32)
    found, waiting = 0, [known]
    while waiting:
        part = waiting.pop()
        if len(part) <= few:
            found += 1
            group[part] = found
            continue
        place = positions[part]
        order = np.argsort(place[:, np.argmax(np.ptp(place, axis=0))], kind="stable")
        waiting += [part[order[: len(part) // 2]], part[order[len(part) // 2 :]]]
    return group
