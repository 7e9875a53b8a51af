"""Label volumes as the evaluation reads them, and the labels at given points.

Points are float64 [n, 3] in the order (z, y, x), in nm; a point lies in the voxel ``floor(point / voxel size)`` of the
global grid. Volumes are anything with ``bounds``, ``voxel_size_nm`` and ``read(box)``, as ``volume.Volume``; an array in
memory becomes one with ``ArrayVolume``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box

__all__ = ["ArrayVolume", "LabelVolume", "check_same_grid", "labels_at", "slabs"]

_SLAB_VOXELS = 16_000_000


class LabelVolume(Protocol):
    """A volume [z, y, x] on the global voxel grid."""

    @property
    def bounds(self) -> Box: ...
    @property
    def voxel_size_nm(self) -> tuple[float, float, float]: ...
    def read(self, box: Box | None = None) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class ArrayVolume:
    """An array [z, y, x] in memory whose first voxel is ``offset`` of the global grid."""

    array: np.ndarray
    voxel_size_nm: tuple[float, float, float]
    offset: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        if self.array.ndim != 3:
            raise GraphkitError(f"A volume has three axes [z, y, x], got an array of shape {self.array.shape}.")

    @property
    def bounds(self) -> Box:
        """Where it lies."""
        return Box.of_shape(self.array.shape, self.offset)

    def read(self, box: Box | None = None) -> np.ndarray:
        """The voxels of ``box`` (all of them without one)."""
        return self.array if box is None else self.array[box.slices(self.offset)]


def check_same_grid(found: LabelVolume, true: LabelVolume, what: str = "segmentation") -> None:
    """Raises GraphkitError unless both lie on the same voxels: voxel size, offset and shape."""
    differences = []
    if not np.allclose(found.voxel_size_nm, true.voxel_size_nm, rtol=1e-6):
        differences.append(f"voxel size {_triple(found.voxel_size_nm)} nm against {_triple(true.voxel_size_nm)} nm")
    if found.bounds.start != true.bounds.start:
        differences.append(f"offset {found.bounds.start} against {true.bounds.start} voxels")
    if found.bounds.shape != true.bounds.shape:
        differences.append(f"shape {found.bounds.shape} against {true.bounds.shape} voxels")
    if differences:
        raise GraphkitError(
            f"The found {what} and the true one do not lie on the same voxels [z, y, x]: {'; '.join(differences)}.",
            hint="Evaluate against the truth of exactly the volume that was reconstructed, at the same resolution.",
        )


def _triple(values: tuple[float, float, float]) -> str:
    return "(" + ", ".join(f"{v:g}" for v in values) + ")"


def slabs(bounds: Box, *, voxels: int = _SLAB_VOXELS) -> Iterator[Box]:
    """Boxes of at most about ``voxels`` voxels that tile ``bounds`` along z."""
    depth, height, width = bounds.shape
    step = max(1, voxels // max(1, height * width))
    for z in range(0, depth, step):
        start = (bounds.start[0] + z, *bounds.start[1:])
        yield Box(start, (bounds.start[0] + min(depth, z + step), *bounds.stop[1:]))


def labels_at(volume: LabelVolume, points_nm: np.ndarray, *, reach_nm: float = 0.0) -> np.ndarray:
    """int64 [n]: the label at each point; 0 outside the volume.

    With ``reach_nm``, a point on label 0 (a membrane gap) takes the nearest label whose voxel centre is at most that far
    away, the smaller id on a tie.
    """
    size = np.asarray(volume.voxel_size_nm, dtype=np.float64)
    voxels = np.floor(points_nm / size).astype(np.int64)
    bounds = volume.bounds
    inside = ((voxels >= bounds.start) & (voxels < bounds.stop)).all(axis=1)
    labels = np.zeros(len(points_nm), np.int64)
    halo = tuple(int(h) for h in np.ceil(reach_nm / size))
    order = np.flatnonzero(inside)
    order = order[np.argsort(voxels[order, 0], kind="stable")]
    for slab in slabs(bounds):
        here = order[slice(*np.searchsorted(voxels[order, 0], (slab.start[0], slab.stop[0])))]
        if not len(here):
            continue
        box = _around(voxels[here], bounds).grown(halo, within=bounds)
        array = volume.read(box)
        local = voxels[here] - box.start
        labels[here] = array[tuple(local.T)]
        if reach_nm > 0:
            gaps = here[labels[here] == 0]
            labels[gaps] = _nearest_labels(
                array, voxels[gaps] - box.start, points_nm[gaps] / size - box.start, size, reach_nm
            )
    return labels


def _around(voxels: np.ndarray, bounds: Box) -> Box:
    low, high = voxels.min(axis=0), voxels.max(axis=0) + 1
    return Box(tuple(int(v) for v in low), tuple(int(v) for v in high)).intersection(bounds)  # type: ignore[arg-type]


def _nearest_labels(
    array: np.ndarray, voxels: np.ndarray, points: np.ndarray, size: np.ndarray, reach_nm: float
) -> np.ndarray:
    out = np.zeros(len(voxels), np.int64)
    reach = np.ceil(reach_nm / size).astype(int)
    for k, (voxel, point) in enumerate(zip(voxels, points, strict=True)):
        low = np.maximum(voxel - reach, 0)
        window = array[tuple(slice(a, b) for a, b in zip(low, voxel + reach + 1, strict=True))]
        there = np.argwhere(window != 0)
        if not len(there):
            continue
        distance = np.linalg.norm((there + low + 0.5 - point) * size, axis=1)
        ids = window[tuple(there.T)]
        best = np.lexsort((ids, distance))[0]
        out[k] = ids[best] if distance[best] <= reach_nm else 0
    return out
