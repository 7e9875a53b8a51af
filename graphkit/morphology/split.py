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
from graphkit.morphology.skeleton import Skeleton

__all__ = ["Split", "flow_centrality", "segregation_index", "split_axon_dendrite"]

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
    far_post, far_pre = skeleton.summed_outward(post), skeleton.summed_outward(pre)
    root = np.arange(n)
    for row in skeleton.outward.tolist():
        if (parent := skeleton.parent_row[row]) >= 0:
            root[row] = root[parent]
    all_post, all_pre = far_post[root], far_pre[root]
    flow = np.zeros(n, dtype=np.int64)
    if direction != "centripetal":
        flow += (all_post - far_post) * far_pre
    if direction != "centrifugal":
        flow += far_post * (all_pre - far_pre)
    across = np.full(n, -1, dtype=np.int64)
    inner = np.flatnonzero(skeleton.parent_row >= 0)
    np.maximum.at(across, skeleton.parent_row[inner], flow[inner])
    branches = skeleton.branch_points
    flow[branches] = across[branches]
    return flow


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
    piece = _pieces(skeleton, linker)
    compartment = np.where(linker, "linker", "").astype("<U8")
    kept = ~linker
    n_pieces = int(piece.max(initial=-1)) + 1
    share_in = np.bincount(piece[kept], weights=post[kept], minlength=n_pieces) / post.sum()
    share_out = np.bincount(piece[kept], weights=pre[kept], minlength=n_pieces) / pre.sum()
    for number in range(n_pieces):
        if max(share_in[number], share_out[number]) >= _LEAST_SHARE:
            compartment[piece == number] = "axon" if share_out[number] > share_in[number] else "dendrite"
    neighbours = _neighbours(skeleton)
    for name in ("axon", "dendrite"):
        _join(neighbours, compartment, name)
    _spread(neighbours, compartment)
    parts = [(int(post[at].sum()), int(pre[at].sum())) for at in (compartment == "axon", compartment == "dendrite")]
    return Split(compartment, flow, segregation_index(parts))


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


def _pieces(skeleton: Skeleton, cut: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number of the connected piece of each node that is left without those of ``cut``; -1 for these."""
    piece = np.full(len(skeleton), -1, dtype=np.int64)
    count = 0
    for row in skeleton.outward.tolist():
        if cut[row]:
            continue
        parent = skeleton.parent_row[row]
        if parent >= 0 and not cut[parent]:
            piece[row] = piece[parent]
        else:
            piece[row] = count
            count += 1
    return piece


def _neighbours(skeleton: Skeleton) -> list[list[int]]:
    """The rows next to each row, its parent first."""
    neighbours: list[list[int]] = [[] for _ in range(len(skeleton))]
    for row, parent in enumerate(skeleton.parent_row.tolist()):
        if parent >= 0:
            neighbours[row].insert(0, parent)
            neighbours[parent].append(row)
    return neighbours


def _join(neighbours: list[list[int]], compartment: NDArray[np.str_], name: str) -> None:
    """Linker nodes between pieces of one compartment belong to it: those that are left when loose ends are taken off."""
    among = {row for row, c in enumerate(compartment.tolist()) if c in (name, "linker")}
    beside = {row: sum(other in among for other in neighbours[row]) for row in among}
    loose = [row for row in sorted(among) if beside[row] < 2 and compartment[row] == "linker"]
    for row in loose:  # it grows while it is walked through
        among.discard(row)
        for other in neighbours[row]:
            if other in among:
                beside[other] -= 1
                if beside[other] == 1 and compartment[other] == "linker":
                    loose.append(other)
    compartment[sorted(among)] = name


def _spread(neighbours: list[list[int]], compartment: NDArray[np.str_]) -> None:
    """Names the nodes without a compartment after the nearest one (in edges) that has one."""
    queue = np.flatnonzero(compartment != "").tolist()
    for row in queue:  # it grows while it is walked through
        for other in neighbours[row]:
            if compartment[other] == "":
                compartment[other] = compartment[row]
                queue.append(other)
