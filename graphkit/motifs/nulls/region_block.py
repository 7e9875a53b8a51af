"""The region-block model: the degrees, and the number of connections from each region to each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.nulls.grouped_chain import grouped_sampler
from graphkit.motifs.nulls.sampling import Sampler, graphs
from graphkit.motifs.nulls.swap_chain import ATTEMPTS_PER_CONNECTION, number_of_attempts

__all__ = ["KEEPS", "region_block", "sampler"]

KEEPS = "each neuron's numbers of input and output partners, and the number of connections from each block to each"


def region_block(
    graph: Graph,
    blocks: ArrayLike,
    samples: int = 100,
    *,
    seed: int = 0,
    attempts_per_connection: float = ATTEMPTS_PER_CONNECTION,
    threads: int | None = None,
) -> Iterator[Graph]:
    """Random graphs with the degrees of ``graph`` and as many connections from each block of neurons to each, exactly.

    A degree-corrected block model in its microcanonical form. ``blocks`` names a block for each neuron, in the order of
    ``graph.ids``: for the NPC model of Lin et al. (Nature 634, 2024) the region where most of its output synapses lie. Swaps as
    in the configuration model, of two connections whose sources, or whose targets, are in the same block; and 3-cycle
    reversals where two of the three are. That every graph of this kind can be reached is not proved. Autapses of ``graph`` are
    left out.

    Raises:
        GraphError: an argument is out of range, or ``blocks`` does not have a value for each neuron.
    """
    return graphs(sampler(graph, blocks, attempts_per_connection=attempts_per_connection), samples, seed, threads)


def sampler(graph: Graph, blocks: ArrayLike, *, attempts_per_connection: float = ATTEMPTS_PER_CONNECTION) -> Sampler:
    """What draws the samples of `region_block`."""
    graph = graph.without_autapses()
    block = _numbered(blocks, graph.n_neurons)
    attempts = number_of_attempts(graph, attempts_per_connection)
    return grouped_sampler(graph, block, attempts)


def _numbered(blocks: ArrayLike, n: int) -> NDArray[np.int32]:
    """Blocks as 0, 1, 2 ...; missing values are a block of their own."""
    given = np.asarray(blocks, dtype=object)
    if given.shape != (n,):
        raise GraphError(
            f"blocks has the shape {given.shape}; expected ({n},), a block for each neuron in the order of ids."
        )
    seen: dict[Any, int] = {}
    keys = (None if value is None or value != value else value for value in given.tolist())
    return np.fromiter((seen.setdefault(key, len(seen)) for key in keys), np.int32, n)
