"""Where random walks along the connections spend their time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.components import strongly_connected_components
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.stopping import check

__all__ = ["pagerank", "stationary"]

_TOLERANCE = 1e-12
_STILL_TO_GO = 1e-9
"""At most. Where parts of the graph hardly connect a step changes less than the tolerance, and all steps to come as little."""
_NOISE = 1e-14
"""What a step changes by rounding alone."""
_MOST_STEPS = 100_000
_SOLVED_AFTER = 5_000
"""Steps after which a walk that has not settled is solved for, where its neurons are at most ``_SOLVED``: parts of the graph
hardly connect, and the shares between them move slowly."""
_SOLVED = 5_000
_LAZY = 0.1
"""The share of time that a walk stays where it is: so it has no period, and the same shares. Staying longer, it settles later."""


def pagerank(
    graph: Graph, *, damping: float = 0.85, start: ArrayLike | None = None, weighted: bool = True
) -> NDArray[np.float64]:
    """PageRank of each neuron, float64 of shape (n,), adding up to 1.

    A walk goes on with the probability ``damping`` along a connection, chosen in proportion to its synapses (``weighted``) or
    evenly, and else jumps to a neuron drawn in proportion to ``start`` (shape (n,); evenly if not given), as it does from a
    neuron without outputs. Brin & Page, Computer Networks 30 (1998).

    Raises:
        GraphError: ``damping`` is not in [0, 1); ``start`` has another shape, is negative or all 0.

    >>> pagerank(Graph.from_edges([1, 2, 3], [2, 3, 1])).round(6).tolist()
    [0.333333, 0.333333, 0.333333]
    """
    if not 0 <= damping < 1:
        raise GraphError(f"damping is {damping!r}; expected at least 0 and below 1.")
    n = graph.n_neurons
    if n == 0:
        return np.zeros(0)
    jump = _start(start, n)
    steps, dead = _steps(graph, weighted)
    rank: NDArray[np.float64] = jump
    for _ in range(_MOST_STEPS):
        moved = damping * (steps @ rank + rank[dead].sum() * jump) + (1 - damping) * jump
        done = np.abs(moved - rank).sum() < _TOLERANCE
        rank = moved / moved.sum()
        if done:
            return rank
    raise GraphError(f"PageRank has not settled after {_MOST_STEPS:,} steps; use a damping below {damping}.")


def stationary(graph: Graph, *, reverse: bool = False, weighted: bool = True) -> NDArray[np.float64]:
    """The share of time that an endless walk spends at each neuron, float64 of shape (n,).

    The walk follows connections in proportion to their synapses (``weighted``), or the inputs with ``reverse``, inside the
    largest strongly connected component; neurons outside it have NaN. Neurons where a forward walk lingers are the attractors,
    those of a reverse walk the repellers of Lin et al., Nature 634 (2024).

    >>> stationary(Graph.from_edges([1, 2, 2], [2, 1, 9])).tolist()
    [0.5, 0.5, nan]
    """
    shares: NDArray[np.float64] = np.full(graph.n_neurons, np.nan)
    inside = np.flatnonzero(strongly_connected_components(graph) == 0)
    if len(inside) == 0:
        return shares
    part = graph.subgraph(graph.ids[inside])
    steps, dead = _steps(part.reversed() if reverse else part, weighted)
    if dead.any():  # a single neuron without an autapse
        shares[inside] = 1.0
        return shares
    share: NDArray[np.float64] = np.full(len(inside), 1 / len(inside))
    before = 0.0
    for step in range(_MOST_STEPS):
        check()
        moved = _LAZY * share + (1 - _LAZY) * (steps @ share)
        change = float(np.abs(moved - share).sum())
        slows = change * change < _STILL_TO_GO * (before - change)  # of a geometric series, all that is still to come
        done = change < _TOLERANCE and (slows or change < _NOISE)
        before = change
        share = moved / moved.sum()
        if done or (step == _SOLVED_AFTER and len(inside) <= _SOLVED):
            shares[inside] = share if done else _solved(steps, int(share.argmax()))
            return shares
    raise GraphError(
        f"The walk has not settled after {_MOST_STEPS:,} steps: parts of the graph hardly connect.",
        hint="Ask about fewer neurons, or about connections of more synapses.",
    )


def _solved(steps: Any, fixed: int) -> NDArray[np.float64]:
    """The shares by elimination: those of all others in terms of the one of ``fixed``, a neuron that a walk is often at."""
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    n = steps.shape[0]
    others = np.flatnonzero(np.arange(n) != fixed)
    left = (eye_array(n, format="csc") - steps.tocsc())[others][:, others]
    onto = steps[others][:, [fixed]].toarray().ravel()
    share: NDArray[np.float64] = np.ones(n)
    share[others] = splu(left.tocsc(), diag_pivot_thresh=0.0).solve(onto)
    share /= share.sum()
    return share


def _start(start: ArrayLike | None, n: int) -> NDArray[np.float64]:
    if start is None:
        return np.full(n, 1 / n)
    weights = np.asarray(start, dtype=np.float64)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise GraphError(
            f"start has the shape {weights.shape}; expected ({n},) numbers of 0 or more, not all 0.",
            hint="One weight a neuron, in the order of graph.ids.",
        )
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _steps(graph: Graph, weighted: bool) -> tuple[Any, NDArray[np.bool_]]:
    """(matrix P with P[j, i] the probability of a step from i to j, neurons without outputs)."""
    from scipy.sparse import csr_array

    n = graph.n_neurons
    weights = graph.in_synapses.astype(np.float64) if weighted else np.ones(graph.n_connections)
    out = np.bincount(graph.in_indices, weights=weights, minlength=n)
    shares = weights / out[graph.in_indices]
    return csr_array((shares, graph.in_indices, graph.in_indptr), shape=(n, n)), out == 0
