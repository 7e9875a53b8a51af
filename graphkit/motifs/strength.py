"""How strong the connections of a motif are: synapses per connection, over all instances of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.census import in_ranges, packable
from graphkit.motifs.names import CLASS_OF_CODE, CONNECTED_TRIADS, DYADS, TRIADS, wedges_of

__all__ = ["MotifStrength", "motif_strengths"]


@dataclass(frozen=True, slots=True)
class MotifStrength:
    """Synapses per connection of a motif's instances; None where it has none."""

    instances: int
    mean: float | None
    sd: float | None
    """Over the instances, which are all there are: divided by their number."""


def motif_strengths(graph: Graph, *, threads: int | None = None) -> dict[str, MotifStrength]:
    """The strength of the two connected dyads and 13 connected triads, by code, in the order of the literature.

    An instance is a set of neurons with exactly the connections of the motif (induced); its strength is its synapses divided by
    its connections. Autapses have no part. From exact integer sums, so the answer does not depend on ``threads``.

    Lin et al., Nature 634 (2024).

    >>> strengths = motif_strengths(Graph.from_edges([1, 2, 1], [2, 3, 3], [1, 2, 6]))
    >>> strengths["030T"]
    MotifStrength(instances=1, mean=3.0, sd=0.0)

    Raises:
        GraphError: too many neurons, or so many synapses that the sums do not fit into 64 bits.
    """
    packable(graph)
    motifs = (*DYADS, *CONNECTED_TRIADS)
    if graph.n_connections == 0:
        return {motif.code: MotifStrength(0, None, None) for motif in motifs}
    from graphkit.motifs import kernels
    from graphkit.motifs.strength_kernel import forward_weights, pair_weights, triangle_sums, wedge_sums

    out, into = (graph.indptr, graph.indices), (graph.in_indptr, graph.in_indices)
    starts, packed, _ = kernels.support(*out, *into)
    weights = pair_weights(*out, graph.synapses, *into, graph.in_synapses)
    _check(starts, weights)
    order, forward_starts, forward = kernels.forward_pairs(starts, packed)
    heavy = forward_weights(starts, packed, weights, order)
    parts = in_ranges(
        lambda begin, end: triangle_sums(begin, end, forward_starts, forward, heavy), forward_starts, threads
    )
    dyad = forward & 3
    found: dict[str, tuple[int, ...]] = {"A": _sums(heavy[dyad != 3]), "M": _sums(heavy[dyad == 3])}
    found |= _triads(np.stack(parts).sum(axis=0).tolist(), wedge_sums(starts, packed, weights).tolist())
    return {motif.code: _strength(found[motif.code], len(motif.edges)) for motif in motifs}


def _check(starts: NDArray[np.int64], weights: NDArray[np.int64]) -> None:
    """Raises where a sum of squares over all wedges, which no other sum exceeds, could reach 2**62."""
    weight = weights.astype(np.float64)
    degree = np.diff(starts)
    rows = np.repeat(np.arange(len(degree)), degree)
    first = np.bincount(rows, weight, minlength=len(degree))
    second = np.bincount(rows, weight**2, minlength=len(degree))
    if float((degree * second + first**2).sum()) >= 2.0**62:
        raise GraphError(
            f"The connections have too many synapses (up to {weights.max():,} a pair) for the strength of motifs.",
            hint="Divide the counts, or leave the strength out.",
        )


def _sums(weights: NDArray[np.int64]) -> tuple[int, int, int]:
    return len(weights), int(weights.sum()), int((weights**2).sum())


def _triads(triangles: list[list[int]], wedges: list[list[list[int]]]) -> dict[str, tuple[int, ...]]:
    """Sums by class: wedges of which the ends are not connected are all wedges without those in triangles."""
    found = [[0, 0, 0] for _ in TRIADS]
    for i in (1, 2, 3):
        for j in range(i, 4):
            _add(found[CLASS_OF_CODE[i << 4 | j << 2]], wedges[i][j], 1)
    for code, sums in enumerate(triangles):
        _add(found[CLASS_OF_CODE[code]], sums[:3], 1)
        for place, (wedge, _) in enumerate(wedges_of(code)):
            _add(found[CLASS_OF_CODE[wedge]], [sums[0], *sums[3 + 2 * place : 5 + 2 * place]], -1)
    return {motif.code: tuple(sums) for motif, sums in zip(TRIADS, found, strict=True)}


def _add(total: list[int], sums: list[int], sign: int) -> None:
    for k in range(3):
        total[k] += sign * sums[k]


def _strength(sums: tuple[int, ...], connections: int) -> MotifStrength:
    count, first, second = sums
    if not count:
        return MotifStrength(0, None, None)
    variance = count * second - first * first  # an exact integer, so never below 0
    return MotifStrength(count, first / (count * connections), math.sqrt(variance) / (count * connections))
