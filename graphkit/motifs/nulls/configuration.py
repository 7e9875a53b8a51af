"""The configuration model: every simple digraph of the same degrees is as likely as another."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.motifs.nulls.sampling import Draw, Sampler, graphs
from graphkit.motifs.nulls.swap_chain import ATTEMPTS_PER_CONNECTION, in_two_halves, number_of_attempts

if TYPE_CHECKING:
    from graphkit.motifs.nulls.edge_set import Form

__all__ = ["KEEPS", "configuration", "sampler"]

KEEPS = "each neuron's numbers of input and output partners"


def configuration(
    graph: Graph,
    samples: int = 100,
    *,
    seed: int = 0,
    attempts_per_connection: float = ATTEMPTS_PER_CONNECTION,
    threads: int | None = None,
) -> Iterator[Graph]:
    """Random graphs in which each neuron has as many input and output partners as in ``graph``.

    Drawn uniformly among all such graphs without autapses and without double connections, as far as the chains are long
    enough: directed edge swaps, and reversals of 3-cycles, without which some of these graphs could not be reached. Autapses
    of ``graph`` are left out. Each neuron keeps the synapse counts of its outputs, on other targets.

    Sample i depends on ``seed`` and i only, not on ``threads``.

    Rao, Jana & Bandyopadhyay, Sankhya A 58 (1996); Milo et al., Science 298 (2002) for its use on connectomes.

    >>> ring = Graph.from_edges([1, 2, 3], [2, 3, 1])
    >>> sorted({graph.has_edge(1, 2) for graph in configuration(ring, 20)})  # a swap cannot turn it around
    [False, True]

    Raises:
        GraphError: an argument is out of range.
    """
    return graphs(sampler(graph, attempts_per_connection=attempts_per_connection), samples, seed, threads)


def sampler(graph: Graph, *, attempts_per_connection: float = ATTEMPTS_PER_CONNECTION) -> Sampler:
    """What draws the samples of `configuration`."""
    graph = graph.without_autapses()
    attempts = number_of_attempts(graph, attempts_per_connection)

    @functools.cache
    def start() -> tuple[NDArray[np.uint64], NDArray[Any], Form]:
        from graphkit.motifs.nulls.edge_set import edge_set
        from graphkit.motifs.nulls.rows import row_owners

        return edge_set(graph.n_neurons, row_owners(graph.indptr), graph.indices)

    def draw(rng: np.random.Generator, go_on: Callable[[], None]) -> Draw:
        from graphkit.motifs.nulls.edge_set import targets_of
        from graphkit.motifs.nulls.rows import graph_of_rows, shared
        from graphkit.motifs.nulls.swap_kernel import swaps

        if not graph.n_connections:
            return Draw(graph)
        keys, table, form = start()
        keys, table = keys.copy(), table.copy()
        state = rng.integers(2**64, size=2, dtype=np.uint64)

        def go(steps: int) -> int:
            return int(swaps(steps, state, graph.indptr, keys, table, form))

        def left() -> float:
            return int(shared(graph.indptr, graph.indices, graph.indptr, targets_of(keys, form))) / graph.n_connections

        chain = in_two_halves(attempts, go, left, go_on)
        return Draw(graph_of_rows(graph, graph.indptr, targets_of(keys, form), graph.synapses), chain)

    return draw
