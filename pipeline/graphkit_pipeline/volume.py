"""Image and label volumes on disk, behind one small interface; the only place where axis orders are converted.

===================  =========================================  ==============================================
format               location                                   dataset
===================  =========================================  ==============================================
precomputed          a folder with an ``info`` file, or a URL   a scale's key (the finest one where not given)
Zarr 2 and 3         ``NAME.zarr``, ``NAME.zarr/inner/path``    the path within
HDF5                 ``FILE.h5``, ``FILE.h5:dataset``           the path within (may be left out where there is one)
PNG or TIFF stack    a folder of sections, or a ``.tif`` file   (read only)
===================  =========================================  ==============================================

Arrays are [z, y, x]. Boxes and offsets are global voxels, so a volume's first voxel is ``bounds.start`` and not 0. The centre of
voxel v lies at (v + 0.5) * voxel_size_nm.

Labels are int64 in memory, with 0 for background, and uint64 on disk; ids from 2^63 on are refused. Whole numbers of 32 bits and
more are labels where the file does not say.

A write begins and ends on chunk borders or the volume's own: two workers never share a chunk, so neither undoes the other's work.
Any other write is refused; nothing is read, changed and written back. A chunk is replaced as a whole (but for HDF5: see there).

A chunk that nobody wrote is 0 in a segmentation and an error in an image; see the formats.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.formats.store import Kind, Store, checked_size

__all__ = ["Volume", "check_block", "check_image", "create_volume", "open_volume"]

_SIZE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Volume:
    """A volume on disk. It holds no open file, can be sent to another process, and reads what is there at the time."""

    store: Store

    def __repr__(self) -> str:
        return f"Volume({self.location!r}, {self.bounds}, {self.dtype}, {self.voxel_size_nm} nm)"

    @property
    def location(self) -> str:
        """Where it lies: what `open_volume` takes."""
        return self.store.location

    @property
    def bounds(self) -> Box:
        """Its voxels, in global coordinates."""
        return self.store.bounds

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y and x."""
        return self.store.bounds.shape

    @property
    def kind(self) -> Kind:
        """``image`` or ``segmentation``."""
        return self.store.kind

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the arrays that `read` returns: int64 for a segmentation."""
        return np.dtype(np.int64) if self.kind == "segmentation" else self.store.dtype

    @property
    def voxel_size_nm(self) -> tuple[float, float, float]:
        """The lengths of a voxel along z, y and x."""
        return self.store.voxel_size_nm

    @property
    def chunk(self) -> tuple[int, int, int]:
        """The grid on which writes begin and end, in voxels from ``bounds.start``."""
        return self.store.chunk

    def read(self, box: Box | None = None) -> np.ndarray:
        """The voxels of ``box`` (of the whole volume where it is left out) as an array [z, y, x] of its own.

        Raises GraphkitError where the box leaves the volume, a chunk is missing from an image or cannot be read (it names
        the chunk), or a label is not an id from 0 to 2^63 - 1.
        """
        box = self.bounds if box is None else box
        self._refuse_outside(box, "read")
        if box.voxels == 0:
            return np.zeros(box.shape, self.dtype)
        array = self.store.read(box)
        if self.kind == "image":
            return array
        return self._as_ids(array, f"{self.location}, the box {box},")

    def write(self, box: Box, array: np.ndarray) -> None:
        """Replaces the voxels of ``box`` by ``array`` [z, y, x].

        Raises GraphkitError where the box leaves the volume or does not lie on chunk borders, the array has another shape, or its
        type or values do not fit, and where the disk is full.
        """
        self._refuse_outside(box, "write")
        self._refuse_unaligned(box)
        array = np.asarray(array)
        if array.shape != box.shape:
            raise GraphkitError(
                f"An array of shape {array.shape} does not fit the box {box}, whose shape is {box.shape} [z, y, x]."
            )
        if box.voxels:
            self.store.write(box, self._for_disk(array))

    def _as_ids(self, array: np.ndarray, where: str) -> np.ndarray:
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= 2**63:
            raise GraphkitError(
                f"{where} holds the label {low if low < 0 else high}; ids go from 0 (background) to 2^63 - 1.",
                hint="Renumber the labels. A mark for 'unknown' such as 2^64 - 1 or -1 becomes 0.",
            )
        return array.view(np.int64) if array.dtype == np.uint64 else array.astype(np.int64, copy=False)

    def _for_disk(self, array: np.ndarray) -> np.ndarray:
        disk = self.store.dtype
        if self.kind == "image":
            if not np.can_cast(array.dtype, disk, "safe"):
                raise GraphkitError(
                    f"An array of {array.dtype} does not fit {self.location}, which holds {disk}.",
                    hint=f"Convert it first, knowing what is lost: array.astype('{disk}').",
                )
            return array.astype(disk, copy=False)
        if array.dtype.kind not in "iub":
            raise GraphkitError(f"Labels are whole numbers; an array of {array.dtype} does not fit {self.location}.")
        ids = self._as_ids(array, "The array to write")
        if int(ids.max()) > np.iinfo(disk).max:
            raise GraphkitError(f"The label {int(ids.max())} does not fit {self.location}, which holds {disk}.")
        return ids.astype(disk)

    def _refuse_outside(self, box: Box, what: str) -> None:
        if not self.bounds.covers(box):
            raise GraphkitError(
                f"Cannot {what} the box {box} of {self.location}: the volume is {self.bounds}.",
                hint="Boxes are in global voxels [z, y, x], the volume's offset included.",
            )

    def _refuse_unaligned(self, box: Box) -> None:
        axes = zip("zyx", box.start, box.stop, self.bounds.start, self.bounds.stop, self.chunk, strict=True)
        for axis, start, stop, low, high, step in axes:
            for edge in (start, stop):
                if (edge - low) % step and edge != high:
                    below = edge - (edge - low) % step
                    raise GraphkitError(
                        f"Cannot write the box {box} to {self.location}: {axis} = {edge} lies inside a chunk "
                        f"({axis} {below}..{min(below + step, high)}).",
                        hint=f"Write whole chunks of {self.chunk} voxels [z, y, x], counted from {self.bounds.start}: choose the "
                        "size of blocks as a multiple of them.",
                    )


def open_volume(
    location: str | Path,
    *,
    dataset: str | None = None,
    voxel_size_nm: Sequence[float] | float | None = None,
    offset: Sequence[int] | None = None,
) -> Volume:
    """The volume at ``location``, whose format is known by its name or by what lies there.

    ``voxel_size_nm`` and ``offset`` (voxels), both [z, y, x], say what the file does not; the offset is 0 where neither says it.

    Raises GraphkitError where there is no volume, it is damaged, its voxel size is not known, or the file says another voxel size
    or offset than was given.
    """
    text = _local(location)
    if hdf5 := _HDF5.fullmatch(text):
        from graphkit_pipeline.formats.hdf5 import Hdf5Store

        _refuse_absent(Path(hdf5[1]))
        return Volume(Hdf5Store(hdf5[1], dataset or hdf5[2], voxel_size_nm, offset))
    if "://" in text or (Path(text) / "info").is_file():
        from graphkit_pipeline.formats.precomputed import PrecomputedStore

        return Volume(PrecomputedStore(text, dataset, voxel_size_nm, offset))
    if zarr := _ZARR.fullmatch(text):
        from graphkit_pipeline.formats.zarr import ZarrStore

        _refuse_absent(Path(zarr[1]))
        return Volume(ZarrStore(zarr[1], dataset or zarr[2], voxel_size_nm, offset))
    path = Path(text)
    _refuse_absent(path)
    if any((path / name).is_file() for name in ("zarr.json", ".zarray", ".zgroup")):
        from graphkit_pipeline.formats.zarr import ZarrStore

        return Volume(ZarrStore(text, dataset, voxel_size_nm, offset))
    if _is_stack(path):
        from graphkit_pipeline.formats.stack import StackStore

        return Volume(StackStore(text, voxel_size_nm, offset))
    raise GraphkitError(
        f"{text} is not a volume.",
        hint="Expected a precomputed folder (with an info file), NAME.zarr, FILE.h5, a folder of PNG or TIFF sections, or a TIFF "
        "file.",
    )


def create_volume(
    location: str | Path,
    bounds: Box,
    dtype: np.dtype[Any] | type | str,
    voxel_size_nm: Sequence[float] | float,
    *,
    chunk: Sequence[int] = (64, 64, 64),
    kind: Kind = "image",
    overwrite: bool = False,
) -> Volume:
    """A new volume without voxels yet: Zarr for ``.zarr``, HDF5 for ``.h5`` and ``.hdf5``, else Neuroglancer's precomputed.

    A segmentation is uint64 on disk, whatever whole-number ``dtype`` says. ``overwrite`` removes a volume that is there, and
    nothing that is not a volume.

    Raises GraphkitError where something is there already, or the format cannot hold ``dtype``.
    """
    text = _local(location)
    size = checked_size(voxel_size_nm, text)
    z, y, x = Box.of_shape(tuple(chunk)).shape
    disk = np.dtype(dtype)
    if kind == "segmentation":
        if disk.kind not in "iu":
            raise GraphkitError(f"Labels are whole numbers, not {disk}: {text} cannot be a segmentation of it.")
        disk = np.dtype(np.uint64)
    if bounds.voxels == 0 or min(z, y, x) < 1:
        raise GraphkitError(
            f"A volume needs at least one voxel and one voxel a chunk, not {bounds.shape} and {(z, y, x)}."
        )
    if hdf5 := _HDF5.fullmatch(text):
        from graphkit_pipeline.formats.hdf5 import Hdf5Store

        return Volume(Hdf5Store.create(hdf5[1], hdf5[2], bounds, disk, size, (z, y, x), kind, overwrite))
    if Path(text).suffix.lower() in _STACK:
        raise GraphkitError(
            f"{text} would be an image stack, which is read only.", hint="Name a folder, a .zarr or an .h5."
        )
    if text.rstrip("/").endswith(".zarr"):
        from graphkit_pipeline.formats.zarr import ZarrStore

        _clear(Path(text), ("zarr.json", ".zgroup", ".zarray"), overwrite)
        return Volume(ZarrStore.create(text.rstrip("/"), bounds, disk, size, (z, y, x), kind))
    from graphkit_pipeline.formats.precomputed import PrecomputedStore

    if "://" not in text:
        _clear(Path(text), ("info",), overwrite)
    return Volume(PrecomputedStore.create(text, bounds, disk, size, (z, y, x), kind))


_HDF5 = re.compile(r"(.+\.(?:h5|hdf5|hdf))(?::(.+))?", re.IGNORECASE)
_ZARR = re.compile(r"(.+?\.zarr)(?:/(.+?))?/?")
_STACK = (".png", ".tif", ".tiff")


def _local(location: str | Path) -> str:
    text = str(location).removeprefix("precomputed://").removeprefix("file://")
    if not text:
        raise GraphkitError("A volume's location is empty.")
    return text


def _refuse_absent(path: Path) -> None:
    if not path.exists():
        raise GraphkitError(
            f"There is no volume at {path}: nothing is there.",
            hint="Check the path; in a RUN.TOML paths are relative to that file.",
        )


def _is_stack(path: Path) -> bool:
    if path.is_file():
        return path.suffix.lower() in (".tif", ".tiff")
    return any(file.suffix.lower() in _STACK for file in path.iterdir())


def _clear(path: Path, marks: tuple[str, ...], overwrite: bool) -> None:
    """Makes room for a new volume; removes nothing but a volume of the same format, which its ``marks`` show."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not overwrite:
        raise GraphkitError(f"There is something at {path} already.", hint="Choose another place, or say overwrite.")
    if not any((path / mark).is_file() for mark in marks):
        raise GraphkitError(f"{path} is not such a volume, so it is not overwritten.", hint="Choose another place.")
    shutil.rmtree(path)


def check_image(
    volume: Volume,
    *,
    dtype: Any,
    voxel_size_nm: Sequence[float] | float,
    field_of_view: Sequence[int],
    network: str = "network",
) -> None:
    """Refuses an image that a network was not made for; an error calls it ``network``.

    ``voxel_size_nm`` and ``field_of_view`` (voxels) are the network's, [z, y, x].

    Raises GraphkitError for another type or voxel size than the network's, and a volume smaller than its field of view.
    """
    expected = np.dtype(dtype)
    if volume.dtype != expected:
        raise GraphkitError(
            f"{volume.location} holds {volume.store.dtype}; the {network} takes {expected}.",
            hint="These look like labels: name the image, for example FILE.h5:raw."
            if volume.kind == "segmentation"
            else f"Convert the image to {expected}, or use a network trained on such images.",
        )
    size = checked_size(voxel_size_nm, "the network")
    if not np.allclose(volume.voxel_size_nm, size, rtol=_SIZE_TOLERANCE, atol=0):
        raise GraphkitError(
            f"{volume.location} has voxels of {volume.voxel_size_nm} nm [z, y, x]; the {network} was trained on {size} nm.",
            hint="Resample the image to the network's voxels, or use a network trained at this size.",
        )
    if any(have < need for have, need in zip(volume.shape, field_of_view, strict=True)):
        raise GraphkitError(
            f"{volume.location} has {volume.shape} voxels [z, y, x]; the {network}'s field of view is {tuple(field_of_view)}.",
            hint="The volume must be at least as large as the field of view along each axis.",
        )


def check_block(image: np.ndarray, box: Box) -> None:
    """Refuses an image block with NaN or infinite voxels, naming the first of them in global voxels."""
    if image.dtype.kind != "f" or bool(np.isfinite(image).all()):
        return
    bad = np.argwhere(~np.isfinite(image))
    first = tuple(int(v) + o for v, o in zip(bad[0], box.start, strict=True))
    raise GraphkitError(
        f"{len(bad)} of {image.size} voxels of the image block {box} are not numbers; the first is {first} [z, y, x].",
        hint="Mend the image: give voxels without data a grey value (0 or the mean).",
    )
