"""Samples by swaps within groups of neurons: what the region-block and the distance-preserving model share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.motifs.nulls.sampling import Draw, Sampler
from graphkit.motifs.nulls.swap_chain import in_two_halves

__all__ = ["grouped_sampler"]

_Arrays = tuple[NDArray[np.float64], NDArray[np.float64]]


def grouped_sampler(graph: Graph, group: NDArray[np.int32], attempts: int, distances: _Arrays | None = None) -> Sampler:
    """Draws graphs with the degrees of ``graph``, which has no autapses; see `grouped_kernel` for what else they keep.

    ``group`` is 0, 1, 2 ... for each neuron; ``distances`` are positions (n, 3) and the squared edges between bins.
    """
    positions, edges = distances or (np.empty((0, 3)), np.empty(0))

    @functools.cache
    def start() -> tuple[Any, ...]:
        from graphkit.motifs.nulls.edge_set import edge_set
        from graphkit.motifs.nulls.grouped_kernel import bins_of
        from graphkit.motifs.nulls.rows import row_owners

        sources = row_owners(graph.indptr)
        bins = np.empty(0, np.uint8)
        if distances is not None:
            bins = bins_of(sources, graph.indices, positions, edges)
        groups = (*_grouped(group[sources]), *_grouped(group[graph.indices]))
        return edge_set(graph.n_neurons, sources, graph.indices), bins, *groups

    def draw(rng: np.random.Generator, go_on: Callable[[], None]) -> Draw:
        from graphkit.motifs.nulls.edge_set import targets_of
        from graphkit.motifs.nulls.grouped_kernel import grouped_swaps
        from graphkit.motifs.nulls.rows import graph_of_rows, shared

        if not graph.n_connections:
            return Draw(graph)
        (keys, table, form), bins, by_source, source_starts, by_target, target_starts = start()
        keys, table, by_target, bins = keys.copy(), table.copy(), by_target.copy(), bins.copy()
        at_target = np.empty_like(by_target)
        at_target[by_target] = np.arange(len(by_target), dtype=np.int32)
        state = rng.integers(2**64, size=2, dtype=np.uint64)
        by_group = (group, by_source, source_starts, by_target, target_starts, at_target)
        chain_of: tuple[Any, ...] = (graph.indptr, keys, table, form, *by_group, bins, positions, edges)

        def go(steps: int) -> int:
            return int(grouped_swaps(steps, state, *chain_of))

        def left() -> float:
            return int(shared(graph.indptr, graph.indices, graph.indptr, targets_of(keys, form))) / graph.n_connections

        chain = in_two_halves(attempts, go, left, go_on)
        return Draw(graph_of_rows(graph, graph.indptr, targets_of(keys, form), graph.synapses), chain)

    return draw


def _grouped(group: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Slots by group, and where each group begins."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(group))]).astype(np.int64)
    return np.argsort(group, kind="stable").astype(np.int32), starts
