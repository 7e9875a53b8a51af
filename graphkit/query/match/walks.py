"""Which neurons a walk of so many connections leads to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.graph import Graph
from graphkit.stopping import current

__all__ = ["MOST_PAIRS", "walks"]

MOST_PAIRS = 50_000_000
"""Of neurons joined by walks; more would not fit into a laptop's memory."""

_TOGETHER = 256
"""Neurons from which walks are followed at a time, so that little more is held than the answer."""


def walks(
    graph: Graph,
    least: int,
    most: int,
    sources: NDArray[np.bool_] | None = None,
    targets: NDArray[np.bool_] | None = None,
) -> Graph:
    """The graph of pairs (a, b) with a walk from a to b of ``least`` to ``most`` connections; each pair has weight 1.

    ``sources`` and ``targets`` say which neurons a and b may be, shape (n_neurons,), or None for all.

    A walk may pass a neuron more than once, and a neuron has a walk to itself where it lies on a cycle.

    Raises:
        NotAnswerableError: there are more than `MOST_PAIRS` such pairs.
    """
    import scipy.sparse as sp

    n = len(graph)
    ones = np.ones(graph.n_connections, dtype=bool)
    step = sp.csr_array((ones, graph.indices, graph.indptr), shape=(n, n))
    begins = np.arange(n) if sources is None else np.flatnonzero(sources)
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    found = 0
    stop = current()
    for at in range(0, len(begins), _TOGETHER):
        stop.check()
        block = begins[at : at + _TOGETHER]
        walked = step[block]
        reached = walked if least == 1 else None
        for hop in range(2, most + 1):
            walked = walked @ step
            if hop >= least:
                reached = walked if reached is None else reached + walked
        assert reached is not None
        places = reached.tocoo()
        keep = slice(None) if targets is None else targets[places.col]
        rows.append(block[places.row[keep]])
        columns.append(places.col[keep].astype(np.int64))
        found += len(rows[-1])
        if found > MOST_PAIRS:
            raise NotAnswerableError(
                f"Walks of up to {most} connections join more than {MOST_PAIRS:,} pairs of neurons.",
                hint="Say more about the neurons at both ends, or ask for more synapses each: -[synapses >= 10]->{1,3}.",
            )
    return Graph.from_edges(
        graph.ids[np.concatenate([*rows, np.empty(0, np.int64)])],
        graph.ids[np.concatenate([*columns, np.empty(0, np.int64)])],
        ids=graph.ids,
    )
