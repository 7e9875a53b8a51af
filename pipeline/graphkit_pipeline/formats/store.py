"""What every format offers to `graphkit_pipeline.volume`, and what the formats share: how a volume lies in space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box

__all__ = ["Geometry", "Kind", "Store", "kind_of", "settled"]

Kind = Literal["image", "segmentation"]
_SIZE_TOLERANCE = 1e-4
_WHOLE_TOLERANCE = 1e-2


class Store(Protocol):
    """A volume as it lies on disk, without checks of boxes and types: `graphkit_pipeline.volume.Volume` makes those.

    Arrays are [z, y, x] of the type on disk; boxes lie in ``bounds`` and, for a write, on chunk borders. A store can be
    pickled: it holds no open file.
    """

    location: str
    bounds: Box
    dtype: np.dtype[Any]
    kind: Kind
    voxel_size_nm: tuple[float, float, float]
    chunk: tuple[int, int, int]

    def read(self, box: Box) -> np.ndarray: ...

    def write(self, box: Box, array: np.ndarray) -> None: ...


@dataclass(frozen=True)
class Geometry:
    """The voxel size in nm and the offset in voxels, both [z, y, x]; None where a file does not say."""

    voxel_size_nm: tuple[float, float, float] | None = None
    offset: tuple[int, int, int] | None = None


def kind_of(dtype: np.dtype[Any], said: object = None) -> Kind:
    """What a file says it holds, else what its type suggests: whole numbers of 32 bits and more are labels."""
    if said in ("image", "segmentation"):
        return said
    return "segmentation" if dtype.kind in "iu" and dtype.itemsize >= 4 else "image"


def settled(
    location: str, found: Geometry, voxel_size_nm: Sequence[float] | float | None, offset: Sequence[int] | None
) -> tuple[tuple[float, float, float], tuple[int, int, int]]:
    """The voxel size and offset that the file and the caller agree on.

    Raises GraphkitError where neither knows the voxel size, or the two differ: which of them is wrong cannot be guessed.
    """
    size = found.voxel_size_nm
    if voxel_size_nm is not None:
        given = checked_size(voxel_size_nm, location)
        if size is not None and not all(
            math.isclose(a, b, rel_tol=_SIZE_TOLERANCE) for a, b in zip(size, given, strict=True)
        ):
            raise GraphkitError(
                f"{location} says its voxels are {size} nm [z, y, x], but {given} nm was given.",
                hint="Leave the voxel size out to take the file's, or correct the one that is wrong.",
            )
        size = size or given
    if size is None:
        raise GraphkitError(
            f"The voxel size of {location} is not known: the file does not say it.",
            hint="Give it in nm in the order z, y, x: voxel_size_nm = [40, 4, 4].",
        )
    begin = found.offset
    if offset is not None:
        wanted = tuple(int(v) for v in offset)
        if len(wanted) != 3 or any(a != b for a, b in zip(wanted, offset, strict=True)):
            raise GraphkitError(f"Expected an offset of three whole voxels [z, y, x] for {location}, not {offset!r}.")
        if begin is not None and begin != wanted:
            raise GraphkitError(
                f"{location} says that it begins at voxel {begin} [z, y, x], but the offset {wanted} was given.",
                hint="Leave the offset out to take the file's, or correct the one that is wrong.",
            )
        begin = wanted
    return size, begin or (0, 0, 0)


def checked_size(value: object, location: str) -> tuple[float, float, float]:
    """Three positive lengths in nm; a single number counts for all axes."""
    try:
        z, y, x = np.broadcast_to(np.asarray(value, dtype=float), 3).tolist()
    except (TypeError, ValueError):
        z = y = x = math.nan
    if not all(math.isfinite(v) and v > 0 for v in (z, y, x)):
        raise GraphkitError(
            f"Expected a voxel size of three positive lengths in nm [z, y, x] for {location}, not {value!r}."
        )
    return z, y, x


def in_voxels(location: str, nm: Sequence[float], voxel_size_nm: tuple[float, float, float]) -> tuple[int, int, int]:
    """An offset in nm as whole voxels.

    Raises GraphkitError where it falls between voxels.
    """
    exact = [a / b for a, b in zip(nm, voxel_size_nm, strict=True)]
    if any(abs(v - round(v)) > _WHOLE_TOLERANCE for v in exact):
        raise GraphkitError(
            f"{location} begins at {tuple(nm)} nm [z, y, x], which is not a whole number of its voxels of {voxel_size_nm} nm.",
            hint="Correct the offset (or translation) that the file states.",
        )
    z, y, x = (round(v) for v in exact)
    return z, y, x


def from_attributes(location: str, attributes: dict[str, Any]) -> Geometry:
    """Geometry by the names in use: our own, and those of CREMI and funlib (both in nm, in the array's order).

    ==================  =======================================
    ``voxel_size_nm``   ours; ``offset_vox`` beside it is in voxels
    ``resolution``      CREMI and older funlib; ``offset`` beside it is in nm
    ``voxel_size``      funlib; ``offset`` beside it is in nm
    ==================  =======================================
    """
    if "voxel_size_nm" in attributes:
        size = checked_size(attributes["voxel_size_nm"], location)
        offset = attributes.get("offset_vox")
        return Geometry(size, None if offset is None else in_voxels(location, list(offset), (1.0, 1.0, 1.0)))
    for name in ("resolution", "voxel_size"):
        if name in attributes and attributes.get("unit", "nm") in ("nm", "nanometer"):
            size = checked_size(attributes[name], location)
            offset = attributes.get("offset")
            return Geometry(size, None if offset is None else in_voxels(location, [float(v) for v in offset], size))
    return Geometry()
