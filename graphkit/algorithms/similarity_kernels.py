"""The compiled loop of similarities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["overlaps"]


@compiled
def overlaps(
    begin: int,
    end: int,
    starts: NDArray[np.int64],
    features: NDArray[np.int64],
    weights: NDArray[np.int64],
    back: NDArray[np.int64],
    owners: NDArray[np.int32],
    back_weights: NDArray[np.int64],
    products: bool,
    shared: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    """Rows [begin, end) of ``shared``: sums over common features of products, or of the smaller weights.

    Rows have features (``starts``), features have rows (``back``); only pairs with a common feature are met. Sums are of whole
    numbers, exact in a double up to 2**53.
    """
    for i in range(begin, end):
        row = shared[i]
        row[:] = 0.0
        for k in range(starts[i], starts[i + 1]):
            mine = weights[k]
            feature = features[k]
            for other in range(back[feature], back[feature + 1]):
                theirs = back_weights[other]
                if products:
                    row[owners[other]] += np.float64(mine) * np.float64(theirs)
                else:
                    row[owners[other]] += min(mine, theirs)
