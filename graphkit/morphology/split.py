"""Axon and dendrite of a skeleton, from where its synapses are.

Flow centrality of a node: paths within the neuron from an input (postsynaptic site) to an output (presynaptic site) that pass
through it. It is high on the cable between dendrite and axon. Schneider-Mizell et al., eLife 5, e12059 (2016).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.errors import GraphError
from graphkit.morphology.kernels import AXON, DENDRITE, LINKER, NOTHING, flows, parts, pieces
from graphkit.morphology.skeleton import Skeleton

__all__ = ["Split", "flow_centrality", "segregation_index", "split_axon_dendrite"]

_NAMES = np.array(["", "dendrite", "linker", "axon"])  # by the numbers of the kernels
_LEAST_SHARE = 0.01  # of the inputs or of the outputs, for a piece to be named by its own synapses


@dataclass(frozen=True, slots=True)
class Split:
    """What each node belongs to, and how well inputs and outputs are kept apart."""

    compartment: NDArray[np.str_]
    """"axon", "dendrite" or "linker" (the cable between them), shape (n,)."""
    flow: NDArray[np.int64]
    segregation: float
    """Segregation index of the axon and the dendrite."""


def flow_centrality(
    skeleton: Skeleton,
    inputs: ArrayLike,
    outputs: ArrayLike,
    *,
    direction: Literal["sum", "centrifugal", "centripetal"] = "sum",
) -> NDArray[np.int64]:
    """Synapse flow centrality of each node, int64 of shape (n,).

    ``inputs`` and ``outputs`` are the synapses at each node, integers of shape (n,). Centrifugal: paths from inputs on the root's
    side to outputs beyond the node; centripetal: from inputs beyond it to outputs on the root's side. A branch point has the
    largest flow of its children, since flow also goes across it. Trees of one skeleton count by themselves.

    Raises:
        GraphError: another shape, or a negative number of synapses.

    >>> line = Skeleton.from_nodes([1, 2, 3], [-1, 1, 2], [[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    >>> flow_centrality(line, inputs=[0, 0, 4], outputs=[3, 0, 0]).tolist()
    [0, 12, 12]
    """
    n = len(skeleton)
    post, pre = _counts(inputs, n, "inputs"), _counts(outputs, n, "outputs")
    return flows(
        skeleton.parent_row, skeleton.outward, post, pre, direction != "centripetal", direction != "centrifugal"
    )


def segregation_index(parts: Iterable[tuple[int, int]]) -> float:
    """How well parts of a neuron keep inputs and outputs apart: 1 entirely, 0 not at all; NaN without synapses.

    ``parts`` are (inputs, outputs) of each. One less the mean entropy of a part (weighted by its synapses) over the entropy of
    the whole; 0 where the whole has inputs or outputs only.

    >>> segregation_index([(10, 0), (0, 5)]), segregation_index([(4, 2), (2, 1)])
    (1.0, 0.0)
    """
    listed = [(int(i), int(o)) for i, o in parts]
    inputs, outputs = (sum(part[k] for part in listed) for k in (0, 1))
    if not inputs + outputs:
        return math.nan
    whole = _entropy(inputs, outputs)
    if not whole:
        return 0.0
    mean = sum((i + o) * _entropy(i, o) for i, o in listed) / (inputs + outputs)
    return 1.0 - mean / whole


def split_axon_dendrite(skeleton: Skeleton, inputs: ArrayLike, outputs: ArrayLike, *, threshold: float = 0.9) -> Split:
    """Splits a neuron at the cable of the highest flow.

    Nodes of at least ``threshold`` of the highest flow centrality are the linker. What falls apart without them is axon or
    dendrite by whether it holds the larger share of the neuron's outputs or of its inputs; pieces with under 1 % of both go with
    their nearest named neighbour along the tree. Linker between two pieces of one compartment belongs to it.

    Raises:
        GraphError: several roots; no input or no output, or all at one node, so that there is nothing to tell apart; a threshold
            out of (0, 1].
    """
    n = len(skeleton)
    post, pre = _counts(inputs, n, "inputs"), _counts(outputs, n, "outputs")
    if not 0 < threshold <= 1:
        raise GraphError(f"threshold is {threshold!r}; expected above 0 and at most 1, for example 0.9.")
    if len(skeleton.roots) != 1:
        raise GraphError(f"The skeleton has {len(skeleton.roots)} roots; a split needs one tree.")
    if not post.sum() or not pre.sum():
        raise GraphError(
            f"The neuron has {post.sum()} inputs and {pre.sum()} outputs; a split needs both.",
            hint="A neuron with outputs only has no dendrite to be found this way.",
        )
    flow = flow_centrality(skeleton, post, pre)
    if not flow.max():
        raise GraphError("All inputs and outputs lie at one node; a split needs some cable between them.")
    linker = flow >= threshold * flow.max()
    piece = pieces(skeleton.parent_row, skeleton.outward, linker)
    n_pieces = int(piece.max(initial=-1)) + 1
    share_in, share_out = (
        np.bincount(piece[~linker], at[~linker], minlength=n_pieces) / at.sum() for at in (post, pre)
    )
    of_piece = np.where(share_out > share_in, AXON, DENDRITE)
    of_piece[np.maximum(share_in, share_out) < _LEAST_SHARE] = NOTHING
    named = np.where(linker, LINKER, of_piece[piece] if n_pieces else NOTHING).astype(np.int8)
    found = parts(skeleton.parent_row, named)
    halves = [(int(post[at].sum()), int(pre[at].sum())) for at in (found == AXON, found == DENDRITE)]
    return Split(_NAMES[found], flow, segregation_index(halves))


def _counts(values: ArrayLike, n: int, name: str) -> NDArray[np.int64]:
    counts = np.asarray(values)
    if counts.shape != (n,) or not np.issubdtype(counts.dtype, np.integer) or (counts < 0).any():
        raise GraphError(
            f"{name} has the shape {counts.shape} of {counts.dtype}; expected {n} whole numbers of 0 or more."
        )
    return counts.astype(np.int64)


def _entropy(inputs: int, outputs: int) -> float:
    if not inputs or not outputs:
        return 0.0
    p = inputs / (inputs + outputs)
    return -(p * math.log(p) + (1 - p) * math.log(1 - p))
