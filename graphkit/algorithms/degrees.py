"""Numbers of partners and of synapses of each neuron, their distributions, hubs, and what hubs do.

Autapses have no part in degrees; they count in strengths, which are synapses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph

__all__ = ["Degrees", "Roles", "degrees", "distribution", "hub_roles"]


@dataclass(frozen=True, slots=True)
class Degrees:
    """Of each neuron, int64 of shape (n,), in the order of ``graph.ids``."""

    ins: NDArray[np.int64]
    """Neurons that connect to it."""
    outs: NDArray[np.int64]
    """Neurons that it connects to."""
    input_synapses: NDArray[np.int64]
    output_synapses: NDArray[np.int64]

    @property
    def totals(self) -> NDArray[np.int64]:
        """In-degree and out-degree together: a reciprocal partner counts twice."""
        return self.ins + self.outs


@dataclass(frozen=True, slots=True)
class Roles:
    """Neurons of the rich club by what they do, each as rows of the graph, ascending."""

    club: NDArray[np.int64]
    broadcasters: NDArray[np.int64]
    integrators: NDArray[np.int64]
    balanced: NDArray[np.int64]


def degrees(graph: Graph) -> Degrees:
    """In- and out-degrees and the synapses behind them.

    >>> degrees(Graph.from_edges([1, 1, 2], [2, 3, 2], [5, 2, 9])).outs.tolist()
    [2, 0, 0]
    """
    n = graph.n_neurons
    rows = np.arange(n)
    from_itself = np.bincount(
        graph.indices[np.repeat(rows, np.diff(graph.indptr)) == graph.indices], minlength=n
    ).astype(np.int64)
    return Degrees(
        np.diff(graph.in_indptr) - from_itself,
        np.diff(graph.indptr) - from_itself,
        _sums(graph.in_indptr, graph.in_synapses),
        _sums(graph.indptr, graph.synapses),
    )


def distribution(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(values, neurons with that value), both int64, ascending by value: a histogram without bins.

    >>> distribution(np.array([3, 1, 3]))
    (array([1, 3]), array([1, 2]))
    """
    found, counts = np.unique(np.asarray(values, dtype=np.int64), return_counts=True)
    return found, counts.astype(np.int64)


def hub_roles(graph: Graph, *, min_degree: int = 37, ratio: float = 5.0) -> Roles:
    """Broadcasters and integrators among the neurons of a total degree of at least ``min_degree``.

    A broadcaster's out-degree is at least ``ratio`` times its in-degree, an integrator's in-degree at least ``ratio`` times its
    out-degree. The defaults are those of Lin et al., Nature 634 (2024) for connections of 5 or more synapses; the paper asks
    it of intrinsic neurons only, so select these first.

    Raises:
        GraphError: ``ratio`` is not above 1.
    """
    if not ratio > 1:
        raise GraphError(f"ratio is {ratio!r}; expected more than 1, for example 5.")
    found = degrees(graph)
    club = found.totals >= min_degree
    broadcasts = club & (found.outs >= ratio * found.ins)
    integrates = club & (found.ins >= ratio * found.outs)
    parts = (club, broadcasts, integrates, club & ~broadcasts & ~integrates)
    return Roles(*(np.flatnonzero(part) for part in parts))


def _sums(indptr: NDArray[np.int64], synapses: NDArray[np.int64]) -> NDArray[np.int64]:
    running = np.zeros(len(synapses) + 1, dtype=np.int64)
    np.cumsum(synapses, out=running[1:])
    sums: NDArray[np.int64] = running[indptr[1:]] - running[indptr[:-1]]
    return sums


Which = Literal["total", "in", "out"]


def by_degree(found: Degrees, which: Which) -> NDArray[np.int64]:
    """The degrees that ``which`` names.

    Raises:
        GraphError: it names none.
    """
    match which:
        case "total":
            return found.totals
        case "in":
            return found.ins
        case "out":
            return found.outs
    raise GraphError(f"A degree is 'total', 'in' or 'out', not {which!r}.")
