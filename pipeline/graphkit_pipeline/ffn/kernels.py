"""Compiled loops of the fill. Importing this module costs Numba's import; it is imported where a fill begins.

A canvas holds logits, NaN where the network has not been yet. All arrays are [z, y, x] and C-contiguous.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["equal_in_window", "face_maxima", "merge", "take"]

_Float32 = NDArray[np.float32]
_Int64 = NDArray[np.int64]


@compiled
def take(
    image: NDArray[np.uint8],
    grey: _Float32,
    canvas: _Float32,
    z0: int,
    y0: int,
    x0: int,
    pad: float,
    image_out: _Float32,
    seed_out: _Float32,
) -> None:  # pragma: no cover - compiled
    """Copies one field of view: grey values through the table ``grey``, logits with ``pad`` for NaN."""
    depth, height, width = seed_out.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                image_out[z, y, x] = grey[image[z0 + z, y0 + y, x0 + x]]
                value = canvas[z0 + z, y0 + y, x0 + x]
                seed_out[z, y, x] = pad if np.isnan(value) else value


@compiled
def merge(
    canvas: _Float32, z0: int, y0: int, x0: int, logits: _Float32, move: float, share: float
) -> None:  # pragma: no cover - compiled
    """Writes a prediction to the canvas and, after the guard, back to ``logits`` itself.

    Where more than ``share`` of the prediction is at least ``move``, a voxel that was below 0.5 (logit 0) keeps its value if
    the prediction would raise it. A negative ``share`` turns this guard off.
    """
    depth, height, width = logits.shape
    sure = 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                sure += logits[z, y, x] >= move
    guarded = share >= 0 and sure > share * logits.size
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                old = canvas[z0 + z, y0 + y, x0 + x]
                if guarded and old < 0 and logits[z, y, x] > old:  # never true for NaN
                    logits[z, y, x] = old
                else:
                    canvas[z0 + z, y0 + y, x0 + x] = logits[z, y, x]


@compiled
def face_maxima(
    logits: _Float32, deltas: _Int64, move: float, scores: _Float32, offsets: _Int64
) -> int:  # pragma: no cover - compiled
    """The largest logit on each of the six faces at +-delta from the centre, where it is at least ``move``.

    Fills ``scores`` and ``offsets`` (from the centre) and returns how many. The first of equal maxima in [z, y, x] order
    counts, and a place that is the maximum of two faces counts once.
    """
    found = 0
    centre = (logits.shape[0] // 2, logits.shape[1] // 2, logits.shape[2] // 2)
    for axis in range(3):
        if deltas[axis] == 0:
            continue
        for sign in (-1, 1):
            low = (-deltas[0], -deltas[1], -deltas[2])
            high = (deltas[0], deltas[1], deltas[2])
            best = np.float32(-np.inf)
            bz, by, bx = 0, 0, 0
            face = sign * deltas[axis]
            for z in range(face if axis == 0 else low[0], (face if axis == 0 else high[0]) + 1):
                for y in range(face if axis == 1 else low[1], (face if axis == 1 else high[1]) + 1):
                    for x in range(face if axis == 2 else low[2], (face if axis == 2 else high[2]) + 1):
                        value = logits[centre[0] + z, centre[1] + y, centre[2] + x]
                        if value > best:
                            best, bz, by, bx = value, z, y, x
            if not best >= move:
                continue
            known = False
            for k in range(found):
                if offsets[k, 0] == bz and offsets[k, 1] == by and offsets[k, 2] == bx:
                    known = True
            if not known:
                scores[found] = best
                offsets[found, 0], offsets[found, 1], offsets[found, 2] = bz, by, bx
                found += 1
    return found


@compiled
def equal_in_window(labels: _Int64, points: _Int64, radius: _Int64, out: _Int64) -> None:  # pragma: no cover - compiled
    """For each point, how many voxels of the window of ``radius`` around it carry the point's label."""
    for k in range(points.shape[0]):
        z, y, x = points[k, 0], points[k, 1], points[k, 2]
        label = labels[z, y, x]
        count = 0
        for i in range(max(z - radius[0], 0), min(z + radius[0] + 1, labels.shape[0])):
            for j in range(max(y - radius[1], 0), min(y + radius[1] + 1, labels.shape[1])):
                for h in range(max(x - radius[2], 0), min(x + radius[2] + 1, labels.shape[2])):
                    count += labels[i, j, h] == label
        out[k] = count
