"""Compiled loops of the fill. Importing this module costs Numba's import; it is imported where a fill begins.

A canvas holds logits, NaN where the network has not been yet; labels are above 0 in a segment, 0 where nothing is, below 0 where
nothing may be. All arrays are [z, y, x] and C-contiguous.

A fill goes breadth first over the maxima of the faces of what was just predicted (google/ffn's FaceMax). Places are told apart by
cells of the size of delta, cell 0 with the start in its middle; ``visited`` is the grid of those cells, ``queue`` the places to
come, between ``ends[0]`` and ``ends[1]``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = [
    "any_segment",
    "equal_in_window",
    "face_maxima",
    "merge",
    "next_place",
    "note_move",
    "paint",
    "take",
    "weigh",
]

_Float32 = NDArray[np.float32]
_Int32 = NDArray[np.int32]
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
def next_place(
    canvas: _Float32,
    labels: _Int32,
    visited: NDArray[np.uint8],
    queue: _Int32,
    ends: _Int64,
    start: _Int64,
    deltas: _Int64,
    margin: _Int64,
    frame: _Int64,
    move: float,
    unseen: float,
    place: _Int64,
) -> int:  # pragma: no cover - compiled
    """Takes the next place that may be moved to from the queue to ``place``: 1; 0: none is left; 2: the seed is lost.

    A place counts where its cell was not visited, its logit is at least ``move``, its field of view lies in the array, no
    segment has it, and at least ``unseen`` voxels of its field of view are new: NaN, free, and not in the frame.
    """
    while ends[0] < ends[1]:
        for axis in range(3):
            place[axis] = queue[ends[0], axis]
        z, y, x = place[0], place[1], place[2]
        ends[0] += 1
        if visited[_cell(z, start[0], deltas[0]), _cell(y, start[1], deltas[1]), _cell(x, start[2], deltas[2])] or not (
            canvas[z, y, x] >= move
        ):
            continue
        if (
            z < margin[0]
            or y < margin[1]
            or x < margin[2]
            or z >= canvas.shape[0] - margin[0]
            or y >= canvas.shape[1] - margin[1]
            or x >= canvas.shape[2] - margin[2]
            or labels[z, y, x] != 0
        ):
            continue
        if not (canvas[start[0], start[1], start[2]] >= move):
            return 2
        if unseen > 0 and not _has_unseen(canvas, labels, z, y, x, margin, frame, unseen):
            visited[_cell(z, start[0], deltas[0]), _cell(y, start[1], deltas[1]), _cell(x, start[2], deltas[2])] = 1
            continue
        return 1
    return 0


@compiled
def _has_unseen(
    canvas: _Float32, labels: _Int32, z0: int, y0: int, x0: int, margin: _Int64, frame: _Int64, least: float
) -> bool:  # pragma: no cover - compiled
    """Whether at least ``least`` voxels of the field of view around a place are NaN, free, and not in the frame."""
    found = 0
    for z in range(max(z0 - margin[0], frame[0]), min(z0 + margin[0] + 1, labels.shape[0] - frame[0])):
        for y in range(max(y0 - margin[1], frame[1]), min(y0 + margin[1] + 1, labels.shape[1] - frame[1])):
            for x in range(max(x0 - margin[2], frame[2]), min(x0 + margin[2] + 1, labels.shape[2] - frame[2])):
                if np.isnan(canvas[z, y, x]) and labels[z, y, x] == 0:
                    found += 1
                    if found >= least:
                        return True
    return False


@compiled
def note_move(
    logits: _Float32,
    visited: NDArray[np.uint8],
    queue: _Int32,
    ends: _Int64,
    start: _Int64,
    deltas: _Int64,
    move: float,
    place: _Int64,
) -> None:  # pragma: no cover - compiled
    """Marks the cell of ``place`` and queues the maxima of the faces, the surest first, of cells that were not visited."""
    z, y, x = place[0], place[1], place[2]
    visited[_cell(z, start[0], deltas[0]), _cell(y, start[1], deltas[1]), _cell(x, start[2], deltas[2])] = 1
    scores = np.empty(6, np.float32)
    offsets = np.empty((6, 3), np.int64)
    found = face_maxima(logits, deltas, move, scores, offsets)
    used = np.zeros(6, np.uint8)
    for _ in range(found):
        best = -1
        for k in range(found):
            if used[k]:
                continue
            if best < 0 or scores[k] > scores[best]:
                best = k
            elif scores[k] == scores[best]:
                for axis in range(3):
                    if offsets[k, axis] != offsets[best, axis]:
                        if offsets[k, axis] > offsets[best, axis]:
                            best = k
                        break
        used[best] = 1
        a, b, c = z + offsets[best, 0], y + offsets[best, 1], x + offsets[best, 2]
        if not visited[_cell(a, start[0], deltas[0]), _cell(b, start[1], deltas[1]), _cell(c, start[2], deltas[2])]:
            queue[ends[1], 0], queue[ends[1], 1], queue[ends[1], 2] = a, b, c
            ends[1] += 1


@compiled
def _cell(place: int, start: int, delta: int) -> int:  # pragma: no cover - compiled
    """The cell of a place along one axis, counted from that of voxel 0."""
    step = max(delta, 1)
    return (place - start + delta // 2) // step - (delta // 2 - start) // step if delta > 0 else 0


@compiled
def any_segment(labels: _Int32, place: _Int64, distance: _Int64) -> bool:  # pragma: no cover - compiled
    """Whether a segment comes within ``distance`` of the place."""
    for z in range(max(place[0] - distance[0], 0), min(place[0] + distance[0] + 1, labels.shape[0])):
        for y in range(max(place[1] - distance[1], 0), min(place[1] + distance[1] + 1, labels.shape[1])):
            for x in range(max(place[2] - distance[2], 0), min(place[2] + distance[2] + 1, labels.shape[2])):
                if labels[z, y, x] > 0:
                    return True
    return False


@compiled
def weigh(
    canvas: _Float32, labels: _Int32, low: _Int64, high: _Int64, segment: float
) -> tuple[int, float]:  # pragma: no cover - compiled
    """In the box from ``low`` up to ``high``: how many free voxels are at least ``segment``, and their mean probability."""
    voxels, total = 0, 0.0
    for z in range(low[0], high[0]):
        for y in range(low[1], high[1]):
            for x in range(low[2], high[2]):
                value = canvas[z, y, x]
                if value >= segment and labels[z, y, x] == 0:
                    voxels += 1
                    total += 1.0 / (1.0 + np.exp(-np.float64(value)))
    return voxels, total / max(voxels, 1)


@compiled
def paint(
    canvas: _Float32, labels: _Int32, low: _Int64, high: _Int64, segment: float, label: int
) -> None:  # pragma: no cover - compiled
    """Gives those voxels the label."""
    for z in range(low[0], high[0]):
        for y in range(low[1], high[1]):
            for x in range(low[2], high[2]):
                if canvas[z, y, x] >= segment and labels[z, y, x] == 0:
                    labels[z, y, x] = label


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
