"""The compiled loop of `joined.spread`. Importing this module costs Numba's import."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["spread_within"]


@compiled
def spread_within(labels: NDArray[np.int64], filled: NDArray[np.int64]) -> None:  # pragma: no cover - compiled
    """Breadth first from all labelled voxels at once, by faces, between voxels of the same id other than 0 in ``filled``.

    Both are [z, y, x] and C-contiguous; ``labels`` is changed in place. Of equally near labels the one whose voxel comes first in
    [z, y, x] order reaches furthest.
    """
    depth, height, width = labels.shape
    flat, ids = labels.ravel(), filled.ravel()
    queue = np.empty(labels.size, np.int64)
    first = last = 0
    for at in range(labels.size):
        if flat[at] != 0 and ids[at] != 0:
            queue[last] = at
            last += 1
    while first < last:
        at = queue[first]
        first += 1
        z, y, x = at // (height * width), at // width % height, at % width
        for k in range(6):
            step = 1 if k % 2 else -1
            a, b, c = z, y, x
            if k < 2:
                a += step
            elif k < 4:
                b += step
            else:
                c += step
            if a < 0 or b < 0 or c < 0 or a >= depth or b >= height or c >= width:
                continue
            to = (a * height + b) * width + c
            if flat[to] == 0 and ids[to] == ids[at]:
                flat[to] = flat[at]
                queue[last] = to
                last += 1
