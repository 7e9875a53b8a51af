"""The compiled loop that chooses a few of a graph's edges. Importing this module costs Numba's import."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["chosen"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]


@compiled
def chosen(
    indptr: _Int64, indices: _Int32, synapses: _Int64, kept: _Int64
) -> tuple[_Int64, _Int32, _Int64, _Int64, _Int32, _Int64]:  # pragma: no cover - compiled
    """(indptr, indices, synapses, in_indptr, in_indices, in_synapses) of the edges at the ascending places ``kept``."""
    n, m = len(indptr) - 1, len(kept)
    out_indptr, out_indices, out_synapses = np.empty(n + 1, np.int64), np.empty(m, np.int32), np.empty(m, np.int64)
    in_indptr, in_indices, in_synapses = np.zeros(n + 1, np.int64), np.empty(m, np.int32), np.empty(m, np.int64)
    rows = np.empty(m, np.int32)
    row = 0
    out_indptr[0] = 0
    for at in range(m):
        k = kept[at]
        while indptr[row + 1] <= k:
            row += 1
            out_indptr[row] = at
        rows[at] = row
        out_indices[at] = indices[k]
        out_synapses[at] = synapses[k]
        in_indptr[indices[k] + 1] += 1
    out_indptr[row + 1 :] = m
    for v in range(n):
        in_indptr[v + 1] += in_indptr[v]
    place = in_indptr[:-1].copy()
    for at in range(m):
        v = out_indices[at]
        in_indices[place[v]] = rows[at]
        in_synapses[place[v]] = out_synapses[at]
        place[v] += 1
    return out_indptr, out_indices, out_synapses, in_indptr, in_indices, in_synapses
