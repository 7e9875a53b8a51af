"""The bidegree-preserving model: each neuron's partners by kind, reciprocal ones apart."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from graphkit.graph import Graph
from graphkit.motifs.census import packable
from graphkit.motifs.nulls.sampling import Draw, Sampler, graphs
from graphkit.motifs.nulls.swap_chain import ATTEMPTS_PER_CONNECTION, in_two_halves, number_of_attempts

__all__ = ["KEEPS", "bidegree", "sampler"]

KEEPS = "each neuron's numbers of reciprocal partners, of partners that are only inputs and of partners that are only outputs"


def bidegree(
    graph: Graph,
    samples: int = 100,
    *,
    seed: int = 0,
    attempts_per_connection: float = ATTEMPTS_PER_CONNECTION,
    threads: int | None = None,
) -> Iterator[Graph]:
    """Random graphs in which each neuron has as many reciprocal, input-only and output-only partners as in ``graph``.

    The model of Milo et al. (Science 298, 2002) for motifs of three neurons: these are compared with what pairs alone lead one to
    expect. Swaps between pairs of the same kind, reversals of 3-cycles, and paths led the other way through two neurons. Not
    every graph of this kind can always be reached: among all graphs of up to four neurons every one is; of the 6,585
    sequences of such numbers for five neurons there are 247 for which it is not so. Autapses of ``graph`` are left out.

    Raises:
        GraphError: an argument is out of range.
    """
    return graphs(sampler(graph, attempts_per_connection=attempts_per_connection), samples, seed, threads)


def sampler(graph: Graph, *, attempts_per_connection: float = ATTEMPTS_PER_CONNECTION) -> Sampler:
    """What draws the samples of `bidegree`."""
    packable(graph)
    graph = graph.without_autapses()
    attempts = number_of_attempts(graph, attempts_per_connection)

    @functools.cache
    def start() -> tuple[Any, ...]:
        from graphkit.motifs.kernels import support
        from graphkit.motifs.nulls.bidegree_kernel import pair_table, twins
        from graphkit.motifs.nulls.rows import row_owners

        starts, packed, _ = support(graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
        rows = row_owners(starts)
        order = np.lexsort((packed & 3, rows))  # in a row: outputs only, inputs only, both
        output = np.cumsum(packed & 1) - 1  # the place among the graph's connections, of slots that are one
        packed, output = packed[order], output[order]
        synapses = graph.synapses[output[packed & 1 == 1]]
        partners, kinds = packed >> 2, (packed & 3).astype(np.uint8)
        outputs_only = np.bincount(rows[kinds == 1], minlength=len(graph))
        movable = np.concatenate([np.flatnonzero(kinds == 1), np.flatnonzero(kinds == 3)]).astype(np.int32)
        table, shift = pair_table(rows, partners, kinds)
        shape = (starts, outputs_only, rows)
        return shape, partners, twins(starts, rows, partners), kinds, synapses, movable, table, np.uint64(shift)

    def draw(rng: np.random.Generator, go_on: Callable[[], None]) -> Draw:
        from graphkit.motifs.nulls.bidegree_kernel import bidegree_swaps
        from graphkit.motifs.nulls.rows import graph_of_rows, shared

        if not graph.n_connections:
            return Draw(graph)
        shape, partners, twin, kinds, synapses, movable, table, shift = start()
        partners, twin, table = partners.copy(), twin.copy(), table.copy()
        state = rng.integers(2**64, size=2, dtype=np.uint64)
        n_one_way = int(np.count_nonzero(kinds == 1))
        outputs = kinds != 2

        def go(steps: int) -> int:
            slots = (*shape, partners, twin, movable, n_one_way, table, shift)
            return int(bidegree_swaps(steps, state, *slots))

        def left() -> float:
            return int(shared(graph.indptr, graph.indices, graph.indptr, partners[outputs])) / graph.n_connections

        chain = in_two_halves(attempts, go, left, go_on)
        return Draw(graph_of_rows(graph, graph.indptr, partners[outputs], synapses), chain)

    return draw
