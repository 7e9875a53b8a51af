"""The compiled loop of similarities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["similarities"]


@compiled
def similarities(
    begin: int,
    end: int,
    starts: NDArray[np.int64],
    features: NDArray[np.int64],
    weights: NDArray[np.int64],
    back: NDArray[np.int64],
    owners: NDArray[np.int32],
    back_weights: NDArray[np.int64],
    sizes: NDArray[np.float64],
    cosine: bool,
    found: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    """Fills rows [begin, end) of ``found``, which holds zeros: cosines, or sums of the smaller over sums of the larger weights.

    Rows have features (``starts``), features have rows (``back``); only pairs with a common feature are met, and only these are
    written. ``sizes`` are of each row the sum of its weights, or 1 over the root of the sum of their squares. Sums are of whole
    numbers, exact in a double up to 2**53.
    """
    met = np.empty(found.shape[1], dtype=np.int32)
    for i in range(begin, end):
        row = found[i]
        n_met = 0
        for k in range(starts[i], starts[i + 1]):
            mine = weights[k]
            feature = features[k]
            for other in range(back[feature], back[feature + 1]):
                theirs = back_weights[other]
                j = owners[other]
                if row[j] == 0.0:
                    met[n_met] = j
                    n_met += 1
                if cosine:
                    row[j] += np.float64(mine) * np.float64(theirs)
                else:
                    row[j] += min(mine, theirs)
        for k in range(n_met):
            j = met[k]
            if cosine:
                row[j] = min(row[j] * sizes[i] * sizes[j], 1.0)
            else:
                row[j] /= sizes[i] + sizes[j] - row[j]
