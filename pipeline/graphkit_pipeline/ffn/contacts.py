"""Where segments come close: pairs that touch, and the places where a decision about a pair is made.

Flood-filled segments mostly do not touch: between them lies membrane that no fill claimed. So each segment is grown into the
unlabelled voxels up to ``reach_nm``, every voxel going to the nearest segment, and pairs are counted that then touch (26
neighbours).

Arrays are [z, y, x]; places are voxels of the array.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Contacts", "near_pairs", "touching"]

Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Contacts:
    """One row a pair a < b, sorted by (a, b).

    ``area_nm2`` [n] is the area of the faces between the two grown segments; ``gap_nm`` [n] the least distance between voxels of
    the two; ``places`` int64 [n, 3] a voxel in the contact: of those where the two are nearest, one in the middle.
    """

    a: Labels
    b: Labels
    area_nm2: NDArray[np.float64]
    gap_nm: NDArray[np.float64]
    places: Labels


def touching(labels: NDArray[Any]) -> tuple[Labels, Labels, Labels]:
    """(a, b, neighbours): pairs a < b of ids other than 0 that touch, sorted; how many pairs of neighbouring voxels (26) do."""
    ids, codes = np.unique(labels, return_inverse=True)  # cc3d's own count is off at the faces of the array
    codes = codes.reshape(labels.shape)
    pairs = np.zeros(0, np.int64)
    for step in _HALF:
        here, there = _shifted(step, labels.shape)
        one, other = codes[here], codes[there]
        differ = (one != other) & (labels[here] != 0) & (labels[there] != 0)
        one, other = one[differ], other[differ]
        pairs = np.concatenate([pairs, np.minimum(one, other) * len(ids) + np.maximum(one, other)])
    found, count = np.unique(pairs, return_counts=True)
    a, b = np.divmod(found, max(len(ids), 1))
    return ids[a].astype(np.int64), ids[b].astype(np.int64), count.astype(np.int64)


def near_pairs(
    labels: NDArray[Any],
    voxel_size_nm: tuple[float, float, float],
    *,
    reach_nm: float,
    within: tuple[slice, slice, slice] | None = None,
) -> Contacts:
    """The pairs of segments that come within about twice ``reach_nm`` of each other, with only unlabelled voxels between.

    Only contacts whose first voxel lies ``within`` count: those of the cores of blocks add up to those of all.
    """
    from scipy import ndimage

    size = np.asarray(voxel_size_nm, np.float64)
    distance, nearest = np.zeros(labels.shape), None
    grown = np.asarray(labels, np.int64)
    if (labels == 0).any() and (labels != 0).any():
        distance, nearest = ndimage.distance_transform_edt(labels == 0, sampling=size, return_indices=True)
        grown = np.where(distance <= reach_nm, grown[tuple(nearest)], 0)
    parts = [_across(grown, distance, step, size) for step in _HALF]
    pair_a, pair_b, flat, gap, area = (np.concatenate(column) for column in zip(*parts, strict=True))
    if within is not None:
        counted = np.zeros(labels.shape, bool)
        counted[within] = True
        kept = counted.ravel()[flat]
        pair_a, pair_b, flat, gap, area = (column[kept] for column in (pair_a, pair_b, flat, gap, area))
    if not len(flat):
        none = np.zeros(0, np.int64)
        return Contacts(none, none, np.zeros(0), np.zeros(0), none.reshape(0, 3))
    order = np.lexsort((flat, gap, pair_b, pair_a))
    pair_a, pair_b, flat, gap, area = (column[order] for column in (pair_a, pair_b, flat, gap, area))
    starts = np.flatnonzero(np.append(True, (pair_a[1:] != pair_a[:-1]) | (pair_b[1:] != pair_b[:-1])))
    voxels = np.stack(np.unravel_index(flat, labels.shape), axis=1).astype(np.int64)
    places = [
        _middle(voxels[i:j][gap[i:j] <= gap[i] + size.min()], size)
        for i, j in zip(starts, np.append(starts[1:], len(flat)), strict=True)
    ]
    total = np.add.reduceat(area, starts)
    return Contacts(pair_a[starts], pair_b[starts], total, gap[starts], np.array(places, np.int64))


_HALF = [step for step in itertools.product((-1, 0, 1), repeat=3) if step > (0, 0, 0)]
"""One of each two opposite steps to a neighbour."""


def _across(
    grown: Labels, distance: NDArray[np.float64], step: tuple[int, ...], size: NDArray[np.float64]
) -> tuple[Any, ...]:
    """a < b, flat place, gap in nm and face area in nm^2 of the pairs of different segments one ``step`` apart."""
    here, there = _shifted(step, grown.shape)
    one, other = grown[here], grown[there]
    at = np.nonzero((one != other) & (one != 0) & (other != 0))
    a, b = one[at], other[at]
    flat = np.ravel_multi_index(tuple(i + h.start for i, h in zip(at, here, strict=True)), grown.shape)
    gap = distance[here][at] + distance[there][at] + float(np.linalg.norm(np.asarray(step) * size))
    faces = sum(map(abs, step)) == 1
    area = float(size.prod() / (np.abs(step) @ size)) if faces else 0.0
    return np.minimum(a, b), np.maximum(a, b), flat.astype(np.int64), gap, np.full(len(a), area)


def _shifted(step: tuple[int, ...], shape: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The voxels that have a neighbour one ``step`` on, and those neighbours."""
    here = tuple(slice(max(-s, 0), n - max(s, 0)) for s, n in zip(step, shape, strict=True))
    there = tuple(slice(max(s, 0), n - max(-s, 0)) for s, n in zip(step, shape, strict=True))
    return here, there


def _middle(voxels: Labels, size: NDArray[np.float64]) -> Labels:
    """The voxel nearest the mean of all, the first of several."""
    offset = (voxels - voxels.mean(axis=0)) * size
    return np.asarray(voxels[int(np.argmin(np.einsum("ij,ij->i", offset, offset)))])
