"""Connections from group to group, such as from type to type: sums, means, input fractions, with signs of transmitters.

Which transmitters excite depends on the animal. ``INSECT_SIGNS`` are those of insects, in whose central brain glutamate inhibits
through GluCl channels (Liu & Wilson, PNAS 110, 10294 (2013)); whole-brain models of the fly take them so (Shiu et al., Nature
634, 210 (2024)). Amines and what is unknown have no sign. In vertebrates glutamate excites: ``{**INSECT_SIGNS, "glutamate": 1}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.shares import shares_of
from graphkit.edges import argsort, row_starts
from graphkit.errors import GraphError
from graphkit.graph import Graph

__all__ = ["INSECT_SIGNS", "Figure", "GroupMatrix", "group_matrix", "signs_of"]

INSECT_SIGNS: Mapping[str, int] = {"acetylcholine": 1, "gaba": -1, "glutamate": -1}

_ROOM = 1 << 22
"""Pairs of groups that there is room for at first."""

Figure = Literal["synapses", "mean", "input fraction"]


@dataclass(frozen=True, slots=True, eq=False)
class GroupMatrix:
    """A row a pair of groups that are connected, by pre and then post group; int64 of shape (rows,)."""

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    pre_neurons: NDArray[np.int64]
    """Neurons of the pre group that connect to the post group."""
    post_neurons: NDArray[np.int64]
    connections: NDArray[np.int64]
    synapses: NDArray[np.int64]
    """Their sum; where signs were given, those that excite less those that inhibit."""
    sizes: NDArray[np.int64]
    """Neurons of each group in the graph, int64 of shape (groups,)."""
    inputs: NDArray[np.int64]
    """Synapses onto each group, from any neuron and whatever their sign, int64 of shape (groups,)."""

    def figure(self, name: Figure) -> NDArray[np.float64]:
        """By row, float64.

        - "synapses": their sum.
        - "mean": synapses onto a neuron of the post group, over all its neurons in the graph.
        - "input fraction": over the post group's inputs; they add up to 1 for it, without signs and where no neuron is left out.

        Raises:
            GraphError: another figure.
        """
        match name:
            case "synapses":
                return self.synapses.astype(np.float64)
            case "mean":
                return shares_of(self.synapses, self.sizes[self.post])
            case "input fraction":
                return shares_of(self.synapses, self.inputs[self.post])
        raise GraphError(f"There is no figure {name!r}; expected 'synapses', 'mean' or 'input fraction'.")

    def dense(self, name: Figure = "synapses") -> NDArray[np.float64]:
        """The figure as a matrix, float64 of shape (groups, groups), pre groups down; 0 where there is no connection."""
        found = np.zeros((len(self.sizes), len(self.sizes)))
        found[self.pre, self.post] = self.figure(name)
        return found


def group_matrix(graph: Graph, groups: ArrayLike, *, signs: ArrayLike | None = None) -> GroupMatrix:
    """The connections of a graph by group.

    Args:
        groups: a whole number from 0 for each neuron, such as the code of its type; -1 leaves a neuron out as one of a group.
        signs: 1, -1 or 0 for each neuron, by its transmitter (`signs_of`): what its synapses count as.

    Takes time in proportion to the connections, and no room for pairs of groups that are not connected.

    >>> graph = Graph.from_edges([1, 2, 3], [3, 3, 2], [4, 2, 5])
    >>> found = group_matrix(graph, [0, 0, 1], signs=[1, -1, 1])
    >>> found.dense().tolist(), found.dense("input fraction").tolist()
    ([[0.0, 2.0], [5.0, 0.0]], [[0.0, 0.3333333333333333], [1.0, 0.0]])

    Raises:
        GraphError: groups or signs that are not one a neuron, or are none.
    """
    n = graph.n_neurons
    group = np.asarray(groups)
    if group.shape != (n,) or not np.issubdtype(group.dtype, np.integer) or (group < -1).any():
        raise GraphError(
            f"groups has the shape {group.shape}; expected {n:,} whole numbers of -1 or more, one a neuron of the graph."
        )
    group = group.astype(np.int64)
    n_groups = int(group.max(initial=-1)) + 1
    weights = graph.synapses if signs is None else _signed(graph, np.asarray(signs))
    known = group >= 0
    rows = np.argsort(group, kind="stable")[np.count_nonzero(~known) :]
    sums = np.zeros(n_groups, dtype=np.int64)
    totals = _sums(graph.in_indptr, graph.in_synapses)
    np.add.at(sums, group[known], totals[known])
    found = np.empty((6, 0), dtype=np.int64)
    if graph.n_connections:
        from graphkit.algorithms.group_kernels import sums_by_group

        starts = row_starts(group[known], n_groups)
        room = min(graph.n_connections, _ROOM)
        while True:
            found = np.empty((6, room), dtype=np.int64)
            held = sums_by_group(graph.indptr, graph.indices, weights, rows, starts, group, found)
            if held <= room:
                break
            room = held
        found = found[:, :held]
        found = found[:, argsort(found[0] * n_groups + found[1])]
    sizes = np.bincount(group[known], minlength=n_groups).astype(np.int64)
    return GroupMatrix(found[0], found[1], found[2], found[3], found[4], found[5], sizes, sums)


def signs_of(transmitters: Iterable[str | None], signs: Mapping[str, int] = INSECT_SIGNS) -> NDArray[np.int8]:
    """1, -1 or 0 for each transmitter, regardless of case; 0 for one that ``signs`` does not have.

    >>> signs_of(["GABA", "acetylcholine", None, "dopamine"]).tolist()
    [-1, 1, 0, 0]

    Raises:
        GraphError: a sign is not 1, -1 or 0.
    """
    if wrong := {name: sign for name, sign in signs.items() if sign not in (-1, 0, 1)}:
        raise GraphError(f"The sign of {next(iter(wrong))!r} is {next(iter(wrong.values()))!r}; expected 1, -1 or 0.")
    folded = {name.casefold(): sign for name, sign in signs.items()}
    return np.array([0 if t is None else folded.get(t.casefold(), 0) for t in transmitters], dtype=np.int8)


def _signed(graph: Graph, signs: NDArray[np.generic]) -> NDArray[np.int64]:
    if signs.shape != (graph.n_neurons,) or not np.isin(signs, (-1, 0, 1)).all():
        raise GraphError(
            f"signs has the shape {signs.shape}; expected {graph.n_neurons:,} of 1, -1 or 0, one a neuron."
        )
    weights: NDArray[np.int64] = graph.synapses * np.repeat(signs.astype(np.int64), np.diff(graph.indptr))
    return weights


def _sums(indptr: NDArray[np.int64], synapses: NDArray[np.int64]) -> NDArray[np.int64]:
    running = np.zeros(len(synapses) + 1, dtype=np.int64)
    np.cumsum(synapses, out=running[1:])
    sums: NDArray[np.int64] = running[indptr[1:]] - running[indptr[:-1]]
    return sums
