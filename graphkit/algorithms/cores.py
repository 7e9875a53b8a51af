"""The k-core decomposition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.motifs.census import packable

__all__ = ["core_numbers"]


def core_numbers(graph: Graph) -> NDArray[np.int64]:
    """The core number of each neuron, int64 of shape (n,): the largest k such that it is in the k-core.

    The k-core is the largest set of neurons of which each has at least k partners in it; a partner is connected in either
    direction and counts once. Autapses have no part. Batagelj & Zaversnik (2003): time in proportion to the connections.

    >>> core_numbers(Graph.from_edges([1, 2, 3, 3], [2, 3, 1, 4])).tolist()
    [2, 2, 2, 1]
    """
    if graph.n_connections == 0:
        return np.zeros(graph.n_neurons, dtype=np.int64)
    packable(graph)
    from graphkit.algorithms.core_kernels import peel
    from graphkit.motifs import kernels

    starts, packed, _ = kernels.support(graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    cores: NDArray[np.int64] = peel(starts, packed)
    return cores
