"""From the slots of a chain to a Graph, and how many connections two graphs share. Importing this costs Numba's import."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.graph import Graph

__all__ = ["graph_of_rows", "row_owners", "shared"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]


def graph_of_rows(start: Graph, indptr: _Int64, targets: _Int32, synapses: _Int64) -> Graph:
    """The graph of the neurons of ``start`` whose row i goes to ``targets[indptr[i]:indptr[i + 1]]``, in any order.

    Turned around twice by counting: that sorts the rows in linear time.
    """
    n = len(indptr) - 1
    in_indptr, in_indices, in_synapses = _transposed(n, indptr, targets, synapses)
    out = _transposed(n, in_indptr, in_indices, in_synapses)
    return Graph(start.ids, *out, in_indptr, in_indices, in_synapses, start.attributes)


def row_owners(indptr: _Int64) -> _Int32:
    """The row of each slot."""
    return np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))


@compiled
def _transposed(
    n: int, indptr: _Int64, indices: _Int32, synapses: _Int64
) -> tuple[_Int64, _Int32, _Int64]:  # pragma: no cover - compiled
    starts = np.zeros(n + 1, dtype=np.int64)
    for target in indices:
        starts[target + 1] += 1
    for row in range(n):
        starts[row + 1] += starts[row]
    at = starts.copy()
    rows = np.empty(len(indices), dtype=np.int32)
    counts = np.empty(len(indices), dtype=np.int64)
    for row in range(n):
        for slot in range(indptr[row], indptr[row + 1]):
            to = at[indices[slot]]
            rows[to] = row
            counts[to] = synapses[slot]
            at[indices[slot]] += 1
    return starts, rows, counts


@compiled
def shared(indptr: _Int64, indices: _Int32, other_indptr: _Int64, others: _Int32) -> int:  # pragma: no cover - compiled
    """Connections in both; the rows of the first are ascending, those of the second may be in any order."""
    found = 0
    for row in range(len(indptr) - 1):
        begin, end = indptr[row], indptr[row + 1]
        for target in others[other_indptr[row] : other_indptr[row + 1]]:
            low, high = begin, end
            while low < high:
                middle = (low + high) // 2
                if indices[middle] < target:
                    low = middle + 1
                else:
                    high = middle
            found += low < end and indices[low] == target
    return found
