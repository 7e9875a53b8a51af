"""Effective connectivity: how much of the input of some neurons comes from others by way of several connections.

A connection counts as the share that it makes of its target's input synapses, a walk as the product of the shares along it, and
two groups as the sum over all walks of so many connections: the power of the matrix of input fractions. Walks go through any
neurons of the graph, the same one more than once too. Li et al., eLife 9, e62576 (2020); Hulse et al., eLife 10, e66039 (2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.shares import shares_of
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.progress import Progress, silent
from graphkit.stopping import check

if TYPE_CHECKING:
    import scipy.sparse as sp

__all__ = ["effective_connectivity"]

_AT_ONCE = 32
"""Groups that are followed together; 8 bytes for each of them and each neuron."""


def effective_connectivity(
    graph: Graph,
    pre: NDArray[np.int64],
    post: NDArray[np.int64],
    hops: int,
    *,
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """Of shape (hops, groups of ``pre``, groups of ``post``): at [h, i, j] the share, 0 to 1, of the input of a neuron of the
    group j that comes from the group i over walks of h + 1 connections; summed over the neurons of i, the mean over those of j
    that have inputs.

    ``pre`` and ``post`` are the group of each neuron, int64 of shape (n,), numbered from 0, or -1 for those of none. Over all
    neurons as ``pre`` the shares of a neuron add up to 1 at the first hop, and to less further back where walks end at neurons
    without inputs.

    Raises:
        GraphError: ``hops`` is below 1, or groups are not one whole number a neuron.

    >>> chain = Graph.from_edges([1, 2, 9], [2, 3, 3], [5, 1, 3])
    >>> effective_connectivity(chain, np.array([0, -1, -1, -1]), np.array([-1, -1, 0, -1]), 2)[:, 0, 0].tolist()
    [0.0, 0.25]
    """
    n = graph.n_neurons
    for name, groups in (("pre", pre), ("post", post)):
        if np.shape(groups) != (n,) or not np.issubdtype(np.asarray(groups).dtype, np.integer):
            raise GraphError(f"{name} has the shape {np.shape(groups)}; expected {n} whole numbers, one a neuron.")
    if hops < 1:
        raise GraphError(f"hops must be at least 1, got {hops}.")
    senders, receivers = _indicator(pre), _indicator(post)
    sizes = receivers @ (np.diff(graph.in_indptr) > 0)
    found = np.zeros((hops, senders.shape[0], receivers.shape[0]))
    if not found.size:
        return found
    matrix = _input_fractions(graph)
    forward = senders.shape[0] <= receivers.shape[0]  # from the side of fewer groups
    step, begin, end = (matrix.T.tocsr(), senders, receivers) if forward else (matrix, receivers, senders)
    blocks = range(0, begin.shape[0], _AT_ONCE)
    for number, first in enumerate(blocks):
        progress("following walks", number / len(blocks))
        here = begin[first : first + _AT_ONCE].T.toarray()
        for hop in range(hops):
            check()
            here = step @ here
            summed = end @ here
            if forward:
                found[hop, first : first + _AT_ONCE] = summed.T
            else:
                found[hop, :, first : first + _AT_ONCE] = summed
    found /= np.maximum(sizes, 1)
    return found


def _indicator(groups: NDArray[np.int64]) -> sp.csr_array:
    """1.0 where a neuron (column) is in a group (row)."""
    import scipy.sparse as sp

    inside = np.flatnonzero(groups >= 0)
    shape = (int(groups.max(initial=-1)) + 1, len(groups))
    return sp.csr_array((np.ones(len(inside)), (groups[inside], inside)), shape=shape)


def _input_fractions(graph: Graph) -> sp.csr_array:
    """The share of its target's inputs that each connection makes."""
    import scipy.sparse as sp

    n = graph.n_neurons
    inputs = np.bincount(graph.indices, weights=graph.synapses, minlength=n)
    shares = shares_of(graph.synapses, inputs[graph.indices])
    return sp.csr_array((shares, graph.indices, graph.indptr), shape=(n, n))
