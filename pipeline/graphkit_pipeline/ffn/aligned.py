"""Values of one volume at the voxels of another: masks of the tissue and probabilities are often coarser than the image.

The voxel of the other volume that the centre of a voxel lies in counts; nothing is interpolated.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.ffn.passes import MaskSettings
from graphkit_pipeline.volume import Volume, open_volume

__all__ = ["TissueMask", "check_covers", "open_beside", "read_at"]


class TissueMask:
    """Where there is tissue of ``image``, as the settings say.

    Raises GraphkitError where they name no volume that can be opened.
    """

    def __init__(self, settings: MaskSettings, image: Volume) -> None:
        m = settings
        self._tissue = m.tissue == "nonzero"
        self._volume = open_beside(image, "The mask", m.location, m.dataset, m.voxel_size_nm, m.offset)

    def check_covers(self, box: Box, voxel_size_nm: Sequence[float]) -> None:
        """Raises GraphkitError where the mask does not say of every voxel of ``box`` whether it is tissue."""
        check_covers(self._volume, box, voxel_size_nm, "The mask")

    def closed(self, box: Box, voxel_size_nm: Sequence[float]) -> NDArray[np.bool_]:
        """Whether a voxel of ``box`` lies outside of the tissue; see ``read_at``."""
        return np.asarray((read_at(self._volume, box, voxel_size_nm, "The mask") != 0) != self._tissue)


def open_beside(
    image: Volume,
    what: str,
    location: str,
    dataset: str | None = None,
    voxel_size_nm: Sequence[float] | None = None,
    offset: Sequence[int] | None = None,
) -> Volume:
    """A volume that goes with ``image``. Where its file says no voxel size and it is as large, its voxels are the image's.

    Raises GraphkitError where there is no such volume; it is called ``what``.
    """
    try:
        return open_volume(location, dataset=dataset, voxel_size_nm=voxel_size_nm, offset=offset)
    except GraphkitError as error:
        guessed = None
        if voxel_size_nm is None:  # two sizes that do not agree are an error for good
            with contextlib.suppress(GraphkitError):
                guessed = open_volume(location, dataset=dataset, voxel_size_nm=image.voxel_size_nm, offset=offset)
        if guessed is None:
            raise GraphkitError(f"{what} cannot be opened: {error.message}", hint=error.hint) from None
    if guessed.shape != image.shape:
        raise GraphkitError(
            f"{what} {location} does not say its voxel size, and has {guessed.shape} voxels [z, y, x] where the image has "
            f"{image.shape}.",
            hint="Write the voxel size to its file; only where its voxels are the image's it need not be said.",
        )
    begin = image.bounds.start if offset is None else offset
    return open_volume(location, dataset=dataset, voxel_size_nm=image.voxel_size_nm, offset=begin)


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
