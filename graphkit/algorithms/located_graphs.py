"""The graphs that synapses make in each place where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.located_errors import Located
from graphkit.edges import csr_of_rows, distinct
from graphkit.graph import Graph

__all__ = ["graphs_by_place"]


def graphs_by_place(located: Located, stays: Mapping[int, NDArray[np.int64]]) -> Iterator[tuple[int, Graph]]:
    """(place, graph) of each place with synapses, and of those named in ``stays``, ascending.

    A graph has the neurons with a synapse in its place, and those in the rows of ``located.ids`` that ``stays`` says.

    >>> two = Located(np.array([5, 7, 9]), *(np.array(c, np.int32) for c in ([0, 1], [1, 2])), np.array([4, 3]), np.array([2, 6]))
    >>> [(place, graph.ids.tolist(), graph.synapses.tolist()) for place, graph in graphs_by_place(two, {4: np.array([2])})]
    [(3, [7, 9], [6]), (4, [5, 7, 9], [2])]
    """
    order = np.argsort(located.place, kind="stable")
    places = located.place[order]
    nothing = np.empty(0, dtype=np.int64)
    for place in sorted({*np.unique(places).tolist(), *stays}):
        rows = order[np.searchsorted(places, place) : np.searchsorted(places, place, side="right")]
        pre, post = located.pre[rows].astype(np.int64), located.post[rows].astype(np.int64)
        held = distinct(np.sort(np.concatenate([pre, post, stays.get(place, nothing)])))
        columns = [np.searchsorted(held, pre), np.searchsorted(held, post), located.synapses[rows]]
        yield place, Graph(located.ids[held], *csr_of_rows(columns, len(held)))
