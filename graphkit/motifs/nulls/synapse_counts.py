"""Synapse-count shuffles: the same connections, with each other's numbers of synapses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.nulls.sampling import Draw, Sampler, graphs

__all__ = ["KEEPS", "Within", "sampler", "synapse_counts"]

KEEPS = "every connection, and all numbers of synapses; which connection has which is shuffled"

Within = Literal["all", "outputs", "inputs"]


def synapse_counts(
    graph: Graph, samples: int = 100, *, within: Within = "all", seed: int = 0, threads: int | None = None
) -> Iterator[Graph]:
    """The connections of ``graph`` (autapses left out) with their synapse counts permuted, each permutation as likely.

    ``within`` "outputs" permutes among the outputs of each neuron, which keeps its number of output synapses; "inputs"
    among its inputs. The numbers of motifs do not change; how strong their connections are does.

    Raises:
        GraphError: an argument is out of range.
    """
    return graphs(sampler(graph, within=within), samples, seed, threads)


def sampler(graph: Graph, *, within: Within = "all") -> Sampler:
    """What draws the samples of `synapse_counts`."""
    if within not in get_args(Within):
        raise GraphError(f"within is {within!r}; expected one of {', '.join(get_args(Within))}.")
    graph = graph.without_autapses()

    def draw(rng: np.random.Generator, go_on: Callable[[], None]) -> Draw:
        from graphkit.motifs.nulls.rows import graph_of_rows

        go_on()
        if within == "inputs":
            shuffled = _within_rows(graph.in_indptr, graph.in_synapses, rng)
            return Draw(graph_of_rows(graph.reversed(), graph.in_indptr, graph.in_indices, shuffled).reversed())
        rows = within == "outputs"
        shuffled = (
            _within_rows(graph.indptr, graph.synapses, rng)
            if rows
            else graph.synapses[rng.permutation(graph.n_connections)]
        )
        return Draw(graph_of_rows(graph, graph.indptr, graph.indices, shuffled))

    return draw


def _within_rows(indptr: NDArray[np.int64], counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """``counts`` permuted within each row."""
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return counts[np.lexsort((rng.random(len(counts)), rows))]
