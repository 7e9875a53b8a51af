"""One array over another where the other is not 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["shares_of"]


def shares_of(part: NDArray[Any], whole: NDArray[Any], *, none: float = math.nan) -> NDArray[np.float64]:
    """``part / whole`` element by element, float64; ``none`` where there is nothing to share.

    >>> shares_of(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, nan]
    """
    found: NDArray[np.float64] = np.full(np.shape(part), none)
    np.divide(part, whole, out=found, where=np.broadcast_to(np.asarray(whole) > 0, found.shape))
    return found
