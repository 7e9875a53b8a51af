"""What holds a graph together: its components while neurons are taken away, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.degrees import degrees
from graphkit.errors import GraphError
from graphkit.graph import Graph

__all__ = ["Percolation", "percolation"]

Order = Literal["most connected", "least connected"]


@dataclass(frozen=True, slots=True)
class Percolation:
    """After each number of neurons taken away, 0 to n; int64 of shape (n + 1,), but ``order``."""

    order: NDArray[np.int64]
    """Rows of the neurons as they were taken away, shape (n,)."""
    largest: NDArray[np.int64]
    """Neurons of the largest weakly connected component of what is left."""
    second: NDArray[np.int64]
    """Neurons of the second largest."""
    components: NDArray[np.int64]
    """How many components there are."""


def percolation(graph: Graph, *, first: Order = "most connected") -> Percolation:
    """Weak components while neurons go in the order of their total degree; of the same degree, the smaller id first.

    One pass, whatever the number of steps: neurons are put back in the reverse order and their components joined (Newman & Ziff,
    Phys. Rev. Lett. 85, 4104, 2000). As in Lin et al., Nature 634 (2024).

    Raises:
        GraphError: no such order.

    >>> found = percolation(Graph.from_edges([1, 1, 1], [2, 3, 4]))
    >>> found.largest.tolist(), found.components.tolist()
    ([4, 1, 1, 1, 0], [1, 3, 2, 1, 0])
    """
    if first not in ("most connected", "least connected"):
        raise GraphError(f"There is no order {first!r}; expected 'most connected' or 'least connected' first.")
    total = degrees(graph).totals
    order = np.argsort(-total if first == "most connected" else total, kind="stable").astype(np.int64)
    n = graph.n_neurons
    if n == 0:
        zero = np.zeros(1, dtype=np.int64)
        return Percolation(order, zero, zero, zero)
    from graphkit.algorithms.percolation_kernels import components_backwards

    largest, second, count = components_backwards(order, graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    return Percolation(order, largest, second, count)
