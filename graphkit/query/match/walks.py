"""Which neurons a walk of so many connections leads to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.graph import Graph

__all__ = ["MOST_PAIRS", "walks"]

MOST_PAIRS = 50_000_000
"""Of neurons joined by walks; more would not fit into a laptop's memory."""


def walks(graph: Graph, least: int, most: int) -> Graph:
    """The graph of pairs (a, b) with a walk from a to b of ``least`` to ``most`` connections; each pair has weight 1.

    A walk may pass a neuron more than once, and a neuron has a walk to itself where it lies on a cycle.

    Raises:
        NotAnswerableError: there are more than `MOST_PAIRS` such pairs.
    """
    import scipy.sparse as sp

    n = len(graph)
    ones = np.ones(graph.n_connections, dtype=bool)
    step = sp.csr_array((ones, graph.indices, graph.indptr), shape=(n, n))
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    found = 0
    size = 256
    for begin in range(0, n, size):  # by ranges of neurons, so that no more is held than the answer
        walked = step[begin : begin + size]
        reached = walked if least == 1 else None
        for hop in range(2, most + 1):
            walked = walked @ step
            if hop >= least:
                reached = walked if reached is None else reached + walked
        assert reached is not None
        places = reached.tocoo()
        rows.append(places.row.astype(np.int64) + begin)
        columns.append(places.col.astype(np.int64))
        found += len(places.row)
        if found > MOST_PAIRS:
            raise NotAnswerableError(
                f"Walks of up to {most} connections join more than {MOST_PAIRS:,} pairs of neurons.",
                hint="Ask for fewer connections, or for more synapses each: -[synapses >= 10]->{1,3}.",
            )
    return Graph.from_edges(
        graph.ids[np.concatenate([*rows, np.empty(0, np.int64)])],
        graph.ids[np.concatenate([*columns, np.empty(0, np.int64)])],
        ids=graph.ids,
    )
