"""The compiled loop over connections by group. Importing this module costs Numba's import."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["sums_by_group"]


@compiled
def sums_by_group(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weights: NDArray[np.int64],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    group: NDArray[np.int64],
    found: NDArray[np.int64],
) -> int:  # pragma: no cover - compiled
    """Fills ``found`` (6, room): pre and post group, different pre and post neurons, connections, weights, by pair of groups.

    ``rows`` are the neurons by group, those of group g at ``starts[g]:starts[g + 1]``; -1 in ``group`` leaves a neuron out.
    Returns how many pairs of groups there are; where they are more than there is room for, ``found`` holds the first.
    """
    n, n_groups, room = len(group), len(starts) - 1, found.shape[1]
    place = np.full(n_groups, -1, dtype=np.int64)
    last_row, last_group = np.full(n_groups, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    held = 0
    for g in range(n_groups):
        begin = held
        for i in range(starts[g], starts[g + 1]):
            row = rows[i]
            for edge in range(indptr[row], indptr[row + 1]):
                there = indices[edge]
                other = group[there]
                if other < 0:
                    continue
                at = place[other]
                if at < begin:
                    at = place[other] = held
                    held += 1
                    if at < room:
                        found[0, at], found[1, at] = g, other
                        found[2, at] = found[3, at] = found[4, at] = found[5, at] = 0
                if at >= room:
                    continue
                if last_row[other] != row:
                    last_row[other] = row
                    found[2, at] += 1
                if last_group[there] != g:
                    last_group[there] = g
                    found[3, at] += 1
                found[4, at] += 1
                found[5, at] += weights[edge]
    return held
