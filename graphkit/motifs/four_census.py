"""How many sets of four neurons hang together in each of the 199 possible ways, exactly.

Copies of six shapes are counted by the dyads on them (`graphkit.motifs.four_kernels`), and what the larger shapes contain of the
smaller is taken away: 4-cliques are counted at once, sets with five connected pairs are the diamonds that are in no
clique, and so on down to stars and paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.motifs.census import MotifCount, in_ranges, packable
from graphkit.motifs.four_nodes import four_nodes

__all__ = ["Support", "degrees_by_dyad", "four_node_census", "four_node_counts", "support_of"]


def four_node_census(graph: Graph, *, threads: int | None = None) -> dict[str, int]:
    """The number of sets of four neurons of each connected class, by code, in the order of the codes.

    Autapses have no part in it. ``threads`` (all cores if not given) changes the time and not the answer.

    >>> census = four_node_census(Graph.from_edges([1, 1, 2, 2], [3, 4, 3, 4]))
    >>> {code: count for code, count in census.items() if count}
    {'204': 1}
    """
    tables = four_nodes()
    copies = [0] * len(tables.motifs)  # of each class's shape and dyads, whatever else joins its neurons
    for code, count in _by_code(graph, threads):
        copies[int(tables.class_of_code[code])] += count if _is_tailed_triangle(code) else 2 * count
    copies = [count // 2 for count in copies]  # the kernel meets tailed triangles twice
    induced = [0] * len(tables.motifs)
    for p in np.argsort(-tables.n_pairs, kind="stable").tolist():
        within = np.flatnonzero((tables.spanning[p] > 0) & (tables.n_pairs > tables.n_pairs[p])).tolist()
        induced[p] = copies[p] - sum(int(tables.spanning[p, t]) * induced[t] for t in within)
    return dict(zip((motif.code for motif in tables.motifs), induced, strict=True))


def four_node_counts(graph: Graph, *, threads: int | None = None) -> list[MotifCount]:
    """A row for each of the 199 connected classes, in the order of their codes."""
    tables = four_nodes()
    induced = list(four_node_census(graph, threads=threads).values())
    rows = []
    for p, motif in enumerate(tables.motifs):
        count = sum(int(tables.copies[p, t]) * induced[t] for t in np.flatnonzero(tables.copies[p]).tolist())
        rows.append(MotifCount(motif.name, motif.code, motif.pattern, 4, count, induced[p]))
    return rows


@dataclass(frozen=True, slots=True)
class Support:
    """The support with neurons renamed by rank; ``forward`` has the neighbours of higher rank only."""

    order: NDArray[np.int64]  # the row of each rank
    starts: NDArray[np.int64]
    packed: NDArray[np.int32]
    forward_starts: NDArray[np.int64]
    forward: NDArray[np.int32]


def support_of(graph: Graph) -> Support:
    """The support of a graph.

    Raises:
        GraphError: it has too many neurons.
    """
    from graphkit.motifs import four_kernels, kernels

    packable(graph)
    starts, packed, _ = kernels.support(graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    order, starts, packed = four_kernels.ranked(starts, packed)
    higher = (packed >> 2) > np.repeat(np.arange(len(graph)), np.diff(starts))
    forward_starts = np.concatenate([[0], np.cumsum(higher)])[starts]
    return Support(order, starts, packed, forward_starts, packed[higher])


def _by_code(graph: Graph, threads: int | None) -> list[tuple[int, int]]:
    """(code, count) of all copies of the six shapes, by the dyads on them."""
    from graphkit.motifs import four_kernels

    support = support_of(graph)
    degrees = degrees_by_dyad(support.starts, support.packed)
    of_pairs = in_ranges(
        lambda begin, end: four_kernels.pairs(begin, end, support.starts, support.packed, degrees),
        support.starts,
        threads,
    )
    of_cliques = in_ranges(
        lambda begin, end: four_kernels.cliques(begin, end, support.forward_starts, support.forward),
        support.forward_starts,
        threads,
    )
    counts = np.sum([*of_pairs, *of_cliques], axis=0)
    found = [(code, int(counts[code])) for code in np.flatnonzero(counts).tolist()]
    return found + _stars(degrees)


def _is_tailed_triangle(code: int) -> bool:
    """Whether a code has the dyads uv, uw, ux and vw, as the kernel's tailed triangles do, and no others."""
    return all(code >> shift & 3 for shift in (10, 8, 6, 4)) and code & 15 == 0


def degrees_by_dyad(starts: NDArray[np.int64], packed: NDArray[np.int32]) -> NDArray[np.int64]:
    """Neighbours of each neuron by dyad, int64 of shape (n, 4)."""
    n = len(starts) - 1
    rows = np.repeat(np.arange(n), np.diff(starts))
    return np.bincount(rows * 4 + (packed & 3), minlength=4 * n).reshape(n, 4)


def _stars(degrees: NDArray[np.int64]) -> list[tuple[int, int]]:
    """(code, count) of the stars, in Python's integers: a hub of 100,000 neighbours makes more than 10**14."""
    found: dict[int, int] = {}
    distinct, how_often = np.unique(degrees, axis=0, return_counts=True)
    for row, times in zip(distinct.tolist(), how_often.tolist(), strict=True):
        for leaves in combinations_with_replacement((1, 2, 3), 3):
            ways = 1
            for dyad in (1, 2, 3):
                ways *= comb(row[dyad], leaves.count(dyad))
            code = leaves[0] << 10 | leaves[1] << 8 | leaves[2] << 6
            found[code] = found.get(code, 0) + ways * times
    return list(found.items())
