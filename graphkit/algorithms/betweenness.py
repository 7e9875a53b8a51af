"""How many shortest paths lead through each neuron."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import in_threads

__all__ = ["betweenness"]

_AT_ONCE = 16  # sources a piece of work; fixed, so that sums of floats have one order whatever the threads


def betweenness(
    graph: Graph, *, samples: int | None = None, seed: int = 0, threads: int | None = None
) -> NDArray[np.float64]:
    """Betweenness of each neuron, float64 of shape (n,), not normalised: pairs of other neurons whose shortest paths (in
    connections) lead through it, each pair shared among its shortest paths.

    With ``samples`` the searches start at that many neurons, drawn with ``seed``, and the sum is scaled to all: an unbiased
    estimate. Exact, it takes a search from each neuron. Brandes, J. Math. Sociology 25 (2001); Brandes & Pich, Int. J.
    Bifurcation and Chaos 17 (2007).

    Raises:
        GraphError: ``samples`` is not between 1 and n.

    >>> betweenness(Graph.from_edges([1, 2], [2, 3])).tolist()
    [0.0, 1.0, 0.0]
    """
    n = graph.n_neurons
    if samples is not None and not 1 <= samples <= n:
        raise GraphError(f"samples is {samples}; expected 1 to the {n:,} neurons of the graph.")
    if graph.n_connections == 0:
        return np.zeros(n)
    from graphkit.algorithms.betweenness_kernels import through

    sources = (
        np.arange(n) if samples is None else np.sort(np.random.default_rng(seed).choice(n, samples, replace=False))
    )
    pieces = [sources[i : i + _AT_ONCE] for i in range(0, len(sources), _AT_ONCE)]
    total = np.zeros(n)
    for part in in_threads(lambda piece: through(piece, graph.indptr, graph.indices), pieces, threads):
        total += part
    return total * (n / len(sources))
