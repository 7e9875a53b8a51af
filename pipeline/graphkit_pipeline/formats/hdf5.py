"""Volumes as a dataset of an HDF5 file, [z, y, x].

Attributes ``voxel_size_nm``, ``offset_vox`` and ``kind`` of the dataset are ours; those of CREMI and funlib are read too
(`formats.store.from_attributes`). HDF5 lets one process write at a time and has no atomic writes: a crash in the middle of one,
or a disk that fills up, can leave the file unreadable. The space is checked before a write; what a run writes block by block goes
to precomputed or Zarr.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.formats.disk import said_plainly
from graphkit_pipeline.formats.store import Kind, from_attributes, kind_of, settled

if TYPE_CHECKING:
    import h5py

__all__ = ["DEFAULT_DATASET", "Hdf5Store"]

DEFAULT_DATASET = "volume"


class Hdf5Store:
    """One dataset of an HDF5 file. The file is opened for each read and write, and closed after it."""

    def __init__(
        self,
        path: str,
        dataset: str | None = None,
        voxel_size_nm: Sequence[float] | float | None = None,
        offset: Sequence[int] | None = None,
    ) -> None:
        self._path = path
        with self._file("r") as file:
            self._dataset = _only_volume(file, path) if dataset is None else dataset.strip("/")
            self.location = f"{path}:{self._dataset}"
            found = _dataset(file, path, self._dataset)
            attributes = {name: _plain(found.attrs[name]) for name in found.attrs}
            self.dtype = np.dtype(found.dtype)
            shape = found.shape
            z, y, x = found.chunks or shape
        self.chunk = (int(z), int(y), int(x))
        self._ours = attributes.get("kind") is not None
        self.kind: Kind = kind_of(self.dtype, attributes.get("kind"))
        geometry = from_attributes(self.location, attributes)
        self.voxel_size_nm, begin = settled(self.location, geometry, voxel_size_nm, offset)
        self.bounds = Box.of_shape(shape, begin)

    @classmethod
    def create(
        cls,
        path: str,
        dataset: str | None,
        bounds: Box,
        dtype: np.dtype[Any],
        voxel_size_nm: tuple[float, float, float],
        chunk: tuple[int, int, int],
        kind: Kind,
        overwrite: bool,
    ) -> Hdf5Store:
        """A dataset without data yet, in a new file or beside the other datasets of one that exists."""
        import h5py

        name = (dataset or DEFAULT_DATASET).strip("/")
        target = Path(path)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        fresh = not target.exists()
        with said_plainly(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with h5py.File(temporary if fresh else target, "w" if fresh else "r+") as file:
                    if name in file and not overwrite:
                        raise GraphkitError(
                            f"There is something at {path}:{name} already.",
                            hint="Choose another place, or say overwrite.",
                        )
                    if name in file:
                        del file[name]
                    shape = tuple(min(c, s) for c, s in zip(chunk, bounds.shape, strict=True))
                    made = file.create_dataset(
                        name, bounds.shape, dtype, chunks=shape, compression="gzip", compression_opts=1, shuffle=True
                    )
                    made.attrs["voxel_size_nm"] = voxel_size_nm
                    made.attrs["offset_vox"] = bounds.start
                    made.attrs["kind"] = kind
                    made.attrs["axes"] = "zyx"
                if fresh:
                    temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
        return cls(path, name)

    def read(self, box: Box) -> np.ndarray:
        with self._file("r") as file:
            found = _dataset(file, self._path, self._dataset)
            self._refuse_holes(found, box)
            try:
                return np.ascontiguousarray(found[box.slices(self.bounds.start)])
            except OSError as error:
                raise GraphkitError(
                    f"Cannot read {self.location}, the box {box}: {_first_line(error)}.",
                    hint="A chunk of the file is damaged; restore the file.",
                ) from error

    def write(self, box: Box, array: np.ndarray) -> None:
        self._refuse_full_disk(array.nbytes)
        with said_plainly(self._path), self._file("r+") as file:
            _dataset(file, self._path, self._dataset)[box.slices(self.bounds.start)] = array
            file.flush()

    def _refuse_full_disk(self, needed: int) -> None:
        """Before the file is touched: HDF5 cannot close a file on a full disk, and leaves it broken."""
        folder = Path(self._path).absolute().parent
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise GraphkitError(
                f"No space left while writing {self._path}: {free} bytes are free, and up to {needed} are needed.",
                hint="Free some space, or write to another disk, and run again.",
            )

    def _refuse_holes(self, found: h5py.Dataset, box: Box) -> None:
        """In an image that graphkit made, a chunk that nobody wrote is an error and not black tissue."""
        if not self._ours or self.kind != "image" or found.chunks is None:
            return
        local = [(a - o, b - o) for a, b, o in zip(box.start, box.stop, self.bounds.start, strict=True)]
        for z in range(local[0][0] // self.chunk[0] * self.chunk[0], local[0][1], self.chunk[0]):
            for y in range(local[1][0] // self.chunk[1] * self.chunk[1], local[1][1], self.chunk[1]):
                for x in range(local[2][0] // self.chunk[2] * self.chunk[2], local[2][1], self.chunk[2]):
                    if found.id.get_chunk_info_by_coord((z, y, x)).byte_offset is None:
                        hole = Box.of_shape(self.chunk, (z, y, x))
                        raise GraphkitError(
                            f"The chunk at [{z}, {y}, {x}] of {self.location} ({hole} in its own voxels) is missing: nobody has "
                            f"written it. It was wanted for the box {box}."
                        )

    @contextlib.contextmanager
    def _file(self, mode: str) -> Iterator[h5py.File]:
        import h5py

        try:
            file = h5py.File(self._path, mode)
        except OSError as error:
            raise GraphkitError(f"Cannot open {self._path} as an HDF5 file: {_first_line(error)}.") from error
        with file:
            yield file


def _dataset(file: h5py.File, path: str, name: str) -> h5py.Dataset:
    import h5py

    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        raise GraphkitError(f"{path} has no dataset {name!r}; it has {_listed(_volumes(file))}.")
    if found.ndim != 3:
        raise GraphkitError(f"{path}:{name} has {found.ndim} axes; a volume has three, [z, y, x].")
    return found


def _only_volume(file: h5py.File, path: str) -> str:
    names = _volumes(file)
    if len(names) == 1:
        return names[0]
    raise GraphkitError(
        f"{path} holds {len(names)} volumes ({_listed(names)}); which one is meant?",
        hint=f"Name it: {path}:{names[0]}" if names else "A volume is a dataset with three axes, [z, y, x].",
    )


def _volumes(file: h5py.File) -> list[str]:
    import h5py

    names: list[str] = []

    def look(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim == 3:
            names.append(name)

    file.visititems(look)
    return sorted(names)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value.tolist() if isinstance(value, np.ndarray) else value


def _first_line(error: OSError) -> str:
    return str(error).splitlines()[0]
