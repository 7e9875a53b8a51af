"""Neurons with similar partners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.reach import edges_of
from graphkit.graph import Graph

__all__ = ["Similarity", "similar_partners"]


@dataclass(frozen=True, slots=True)
class Similarity:
    """How alike each neuron's partners are to those of one neuron; arrays of shape (n,), in the order of the graph's ids."""

    inputs: NDArray[np.float64]
    """Cosine of the synapse counts by presynaptic partner, 0 to 1."""
    outputs: NDArray[np.float64]
    """Cosine of the synapse counts by postsynaptic partner, 0 to 1."""
    partners: NDArray[np.float64]
    """Cosine of both together: a partner counts by itself in each direction."""
    common_inputs: NDArray[np.int64]
    """Presynaptic partners that both have."""
    common_outputs: NDArray[np.int64]
    """Postsynaptic partners that both have."""


def similar_partners(graph: Graph, neuron_id: int) -> Similarity:
    """The cosine similarity of every neuron's synapse counts to those of ``neuron_id``; 0 where one has none.

    Only neurons that share a partner are looked at, so the cost is the connections of the partners of ``neuron_id``.

    >>> similar_partners(Graph.from_edges([1, 2], [3, 3], [4, 7]), 1).outputs.tolist()
    [1.0, 1.0, 0.0]

    Raises:
        GraphError: the neuron is not in the graph.
    """
    row = int(graph.index_of(neuron_id))
    out, in_ = "out", "in"
    dot_out, common_out = _products(graph, row, out)
    dot_in, common_in = _products(graph, row, in_)
    squares_out, squares_in = _squares(graph, out), _squares(graph, in_)
    return Similarity(
        inputs=_cosine(dot_in, squares_in, row),
        outputs=_cosine(dot_out, squares_out, row),
        partners=_cosine(dot_in + dot_out, squares_in + squares_out, row),
        common_inputs=common_in,
        common_outputs=common_out,
    )


def _side(
    graph: Graph, side: Literal["out", "in"] | str
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    if side == "out":
        return graph.indptr, graph.indices, graph.synapses
    return graph.in_indptr, graph.in_indices, graph.in_synapses


def _products(graph: Graph, row: int, side: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sums of products of synapse counts over the partners shared with ``row``, and how many those are."""
    indptr, indices, synapses = _side(graph, side)
    back_indptr, back_indices, back_synapses = _side(graph, "in" if side == "out" else "out")
    mine = slice(indptr[row], indptr[row + 1])
    partners, weights = indices[mine].astype(np.int64), synapses[mine].astype(np.float64)
    edges = edges_of(back_indptr, partners)
    per_edge = np.repeat(weights, back_indptr[partners + 1] - back_indptr[partners])
    others = back_indices[edges]
    # Whole numbers below 2**53 stay exact in a double: the order of summing does not matter.
    dots = np.bincount(others, weights=per_edge * back_synapses[edges], minlength=len(graph))
    return dots.astype(np.float64), np.bincount(others, minlength=len(graph)).astype(np.int64)


def _squares(graph: Graph, side: str) -> NDArray[np.float64]:
    """Sums of squares of each neuron's synapse counts; each by itself, as differences of running sums lose small ones."""
    indptr, _, synapses = _side(graph, side)
    rows = np.repeat(np.arange(len(graph)), np.diff(indptr))
    return np.bincount(rows, weights=np.square(synapses.astype(np.float64)), minlength=len(graph)).astype(np.float64)


def _cosine(dots: NDArray[np.float64], squares: NDArray[np.float64], row: int) -> NDArray[np.float64]:
    norms = np.sqrt(squares) * np.sqrt(squares[row])
    cosine: NDArray[np.float64] = np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0)
    np.minimum(cosine, 1.0, out=cosine)
    return cosine
