"""Values of one volume at the voxels of another: masks of the tissue and probabilities are often coarser than the image.

The voxel of the other volume that the centre of a voxel lies in counts; nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.ffn.passes import MaskSettings
from graphkit_pipeline.volume import Volume, open_volume

__all__ = ["TissueMask", "check_covers", "read_at"]


class TissueMask:
    """Where there is tissue, as the settings say. Raises GraphkitError where they name no volume that can be opened."""

    def __init__(self, settings: MaskSettings) -> None:
        m = settings
        self._tissue = m.tissue == "nonzero"
        self._volume = open_volume(m.location, dataset=m.dataset, voxel_size_nm=m.voxel_size_nm, offset=m.offset)

    def check_covers(self, box: Box, voxel_size_nm: Sequence[float]) -> None:
        """Raises GraphkitError where the mask does not say of every voxel of ``box`` whether it is tissue."""
        check_covers(self._volume, box, voxel_size_nm, "The mask")

    def closed(self, box: Box, voxel_size_nm: Sequence[float]) -> NDArray[np.bool_]:
        """Whether a voxel of ``box`` lies outside of the tissue; see ``read_at``."""
        return np.asarray((read_at(self._volume, box, voxel_size_nm, "The mask") != 0) != self._tissue)


def check_covers(volume: Volume, box: Box, voxel_size_nm: Sequence[float], what: str) -> Box:
    """The voxels of the volume that are needed for ``box``. Raises GraphkitError where it has not all of them."""
    z, y, x = ((int(p[0]), int(p[-1]) + 1) for p in _places(volume, box, voxel_size_nm))
    needed = Box((z[0], y[0], x[0]), (z[1], y[1], x[1]))
    if not volume.bounds.covers(needed):
        raise GraphkitError(
            f"{what} {volume.location} does not cover the image: it has the voxels {volume.bounds}, and {needed} are "
            f"needed for {box} of the image [z, y, x].",
            hint="Give it an offset, or take a part of the image ([image] box).",
        )
    return needed


def _places(volume: Volume, box: Box, voxel_size_nm: Sequence[float]) -> list[np.ndarray]:
    """Along each axis the volume's voxel that each voxel of the box lies in."""
    return [
        np.floor((np.arange(a, b) + 0.5) * size / own + 1e-6).astype(np.int64)
        for a, b, size, own in zip(box.start, box.stop, voxel_size_nm, volume.voxel_size_nm, strict=True)
    ]


def read_at(volume: Volume, box: Box, voxel_size_nm: Sequence[float], what: str) -> np.ndarray:
    """The volume's values [z, y, x] at the voxels of ``box``, which are ``voxel_size_nm`` (z, y, x) long.

    Raises GraphkitError where the volume, called ``what``, does not cover the box.
    """
    places = _places(volume, box, voxel_size_nm)
    needed = check_covers(volume, box, voxel_size_nm, what)
    found = volume.read(needed)
    if found.shape == box.shape:
        return found
    return np.ascontiguousarray(found[np.ix_(*(p - p[0] for p in places))])
