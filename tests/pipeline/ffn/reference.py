"""The fill once more, written slowly from its definition: NaN canvas, FaceMax, guard, thresholds. An oracle for the tests."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from numpy.typing import NDArray

Place = tuple[int, int, int]


def logit(p: float) -> float:
    return float(np.float32(math.log(p / (1 - p))))


def face_max(logits: NDArray[np.float32], deltas: Place, threshold: float) -> list[tuple[float, Place]]:
    """All voxels of each face at +-delta are looked at; (score, offset) from the surest down."""
    centre = [n // 2 for n in logits.shape]
    found = set()
    for axis in range(3):
        if deltas[axis] == 0:
            continue
        for side in (-deltas[axis], deltas[axis]):
            ranges = [range(-d, d + 1) for d in deltas]
            ranges[axis] = range(side, side + 1)
            best: tuple[float, Place] | None = None
            for offset in itertools.product(*ranges):
                value = float(logits[tuple(c + o for c, o in zip(centre, offset, strict=True))])
                if best is None or value > best[0]:
                    best = (value, offset)
            if best is not None and best[0] >= threshold:
                found.add(best)
    return sorted(found, reverse=True)


def fill(
    image: NDArray[np.uint8],
    network: NetworkSettings,
    policy: FillPolicy,
    seeds: list[Place],
    predict: Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]],
) -> tuple[NDArray[np.int64], list[int], int]:
    """Labels, the moves of each segment, and all calls of the network."""
    margin = [v // 2 for v in network.field_of_view]
    normal = ((image.astype(np.float64) - network.mean) / network.std).astype(np.float32)
    deltas = network.deltas if policy.deltas is None else policy.deltas
    move = logit(network.move if policy.move is None else policy.move)
    segment = logit(network.segment if policy.segment is None else policy.segment)
    labels = np.zeros(image.shape, dtype=np.int64)
    rows: list[int] = []
    calls = 0

    def fits(place: Place) -> bool:
        return all(p - m >= 0 and p + m < n for p, m, n in zip(place, margin, image.shape, strict=True))

    for start in seeds:
        if not fits(start) or labels[start] > 0:
            continue
        reach = [range(-d, d + 1) for d in policy.min_boundary_distance]
        around = [tuple(s + o for s, o in zip(start, offset, strict=True)) for offset in itertools.product(*reach)]
        if any(labels[p] > 0 for p in around if all(0 <= q < n for q, n in zip(p, image.shape, strict=True))):
            labels[start] = -1
            continue
        canvas = np.full(image.shape, np.nan, dtype=np.float32)
        canvas[start] = logit(network.init)
        queue, visited, moves = [start], set(), 0
        while queue:
            place = queue.pop(0)
            cell = tuple(
                math.floor((p - s + d // 2) / d) if d else p - s for p, s, d in zip(place, start, deltas, strict=True)
            )
            if cell in visited or not canvas[place] >= move or not fits(place) or labels[place] > 0:
                continue
            if canvas[start] < move:
                break
            reached = tuple(slice(p - m, p + m + 1) for p, m in zip(place, margin, strict=True))
            new = np.isnan(canvas[reached]) & (labels[reached] <= 0)
            if moves and new.sum() < policy.min_unseen_share * new.size:
                visited.add(cell)
                continue
            box = tuple(slice(p - m, p + m + 1) for p, m in zip(place, margin, strict=True))
            old = canvas[box].copy()
            seen = np.where(np.isnan(old), np.float32(logit(network.pad)), old)
            new = predict(normal[box].copy(), seen).copy()
            calls += 1
            if policy.disconnected_share is not None and np.mean(new >= move) > policy.disconnected_share:
                kept = ~np.isnan(old) & (np.nan_to_num(old) < 0) & (new > np.nan_to_num(old))
                new = np.where(kept, old, new)
            canvas[box] = new
            visited.add(cell)
            moves += 1
            queue += [tuple(p + o for p, o in zip(place, off, strict=True)) for _, off in face_max(new, deltas, move)]
        mask = np.nan_to_num(canvas, nan=-np.inf) >= segment
        mask &= labels <= 0
        if moves == 0 or canvas[start] < move or mask.sum() < policy.min_segment_voxels:
            labels[start] = -1
            continue
        rows.append(moves)
        labels[mask] = len(rows)
    return np.maximum(labels, 0), rows, calls
