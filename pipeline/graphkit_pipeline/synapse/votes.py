"""Rays from cleft voxels into the segments on either side.

    cleft voxel ●──── start_nm ────┼─ ─ ─ 0 ─ ─ 0 ─ ─ 7   the first labelled voxel at or beyond start_nm: a vote for 7
                                   └───────── up to reach_nm ─────────┘

Points are voxels [n, 3], vectors (z, y, x) in nm space. A ray's steps are half the smallest voxel edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

__all__ = ["Votes", "cast_votes"]


@dataclass(frozen=True, eq=False)
class Votes:
    """``labels`` int64 [n], the segment hit, 0 where none was; ``places`` int64 [n, 3], the voxel where (0 if none)."""

    labels: np.ndarray
    places: np.ndarray


def cast_votes(
    points: np.ndarray,
    vectors: np.ndarray,
    labels: np.ndarray,
    voxel_size_nm: np.ndarray,
    start_nm: float,
    reach_nm: float,
) -> Votes:
    """What a ray from each of ``points`` along its vector hits first. A vector of no length hits nothing."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.where(length > 0, vectors / np.where(length > 0, length, 1), 0)
    found = np.zeros(len(points), np.int64)
    places = np.zeros((len(points), 3), np.int64)
    step_nm = float(voxel_size_nm.min()) / 2
    _kernel()(points, unit / voxel_size_nm, labels, start_nm, reach_nm, step_nm, found, places)
    return Votes(found, places)


@cache
def _kernel() -> Any:
    from graphkit.compiled import compiled

    @compiled
    def cast(points, slopes, labels, start_nm, reach_nm, step_nm, found, places):  # type: ignore[no-untyped-def]
        steps = int((reach_nm - start_nm) / step_nm) + 1
        for i in range(len(points)):
            dz, dy, dx = slopes[i]
            if dz == 0 and dy == 0 and dx == 0:
                continue
            for k in range(steps):
                t = start_nm + k * step_nm
                # Rounded before the point is added: the same whatever the array's first voxel is.
                z = points[i, 0] + int(np.floor(t * dz + 0.5))
                y = points[i, 1] + int(np.floor(t * dy + 0.5))
                x = points[i, 2] + int(np.floor(t * dx + 0.5))
                if z < 0 or y < 0 or x < 0 or z >= labels.shape[0] or y >= labels.shape[1] or x >= labels.shape[2]:
                    break
                if labels[z, y, x] != 0:
                    found[i] = labels[z, y, x]
                    places[i, 0], places[i, 1], places[i, 2] = z, y, x
                    break

    return cast
