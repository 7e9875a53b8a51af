"""Volumes with labels, to train on and to validate with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.settings import Triple

__all__ = ["LabelledVolume", "check_volumes", "compact_labels"]


@dataclass(frozen=True, slots=True)
class LabelledVolume:
    """An image (uint8) with the true labels (integers, 0 = background), both [z, y, x], and its voxel size."""

    image: NDArray[np.uint8]
    labels: NDArray[Any]
    voxel_size_nm: tuple[float, float, float] | None = None


def check_volumes(
    volumes: Sequence[LabelledVolume],
    canvas: Triple,
    voxel_size_nm: tuple[float, float, float] | None,
    *,
    what: str = "Volume",
) -> None:
    """Raises GraphkitError for a volume of another type, smaller than ``canvas``, or of another voxel size; called ``what``."""
    for k, v in enumerate(volumes):
        if v.image.dtype != np.uint8 or v.labels.dtype.kind not in "iu":
            raise GraphkitError(
                f"{what} {k} has an image of {v.image.dtype} and labels of {v.labels.dtype}; expected uint8 and integers.",
                hint="Convert the image to grey values from 0 to 255, the labels to whole numbers (0 for no object).",
            )
        if v.image.ndim != 3 or v.image.shape != v.labels.shape:
            raise GraphkitError(
                f"{what} {k} has an image of shape {v.image.shape} and labels of shape {v.labels.shape}; "
                "expected the same [z, y, x]."
            )
        if any(n < c for n, c in zip(v.image.shape, canvas, strict=True)):
            raise GraphkitError(
                f"{what} {k} has the shape {v.image.shape}, smaller than the training canvas {canvas}.",
                hint="Give a larger volume, or a network with a smaller field of view or deltas.",
            )
        if v.voxel_size_nm and voxel_size_nm and not np.allclose(v.voxel_size_nm, voxel_size_nm, rtol=1e-3):
            raise GraphkitError(
                f"{what} {k} has voxels of {v.voxel_size_nm} nm, the network's are {voxel_size_nm} nm (z, y, x).",
                hint="Resample the volume, or set the network's voxel_size_nm.",
            )


def compact_labels(labels: NDArray[Any]) -> NDArray[np.int32]:
    """The same objects under small ids, 0 kept: a quarter of the memory."""
    ids, where = np.unique(labels, return_inverse=True)
    new = np.zeros(len(ids), dtype=np.int32)
    new[ids != 0] = np.arange(1, np.count_nonzero(ids) + 1)
    return np.ascontiguousarray(new[where.reshape(labels.shape)])
