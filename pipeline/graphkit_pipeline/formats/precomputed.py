"""Neuroglancer's precomputed volumes, through CloudVolume.

On disk: [x, y, z], voxel size in nm, the offset in voxels, chunks as ``SCALE/x0-x1_y0-y1_z0-z1`` (with ``.gz``), an ``info``
file. Here the axes are turned round, both ways; nowhere else.

A chunk that is not there means 0 in a segmentation, which is written block by block and whose empty chunks other writers
leave out. In an image it is an error that names the chunk: a hole is not black tissue. A chunk that cannot be decoded is
an error in both.

A local chunk is written under a temporary name and renamed, so that a reader sees the old or the new one.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.formats.disk import said_plainly
from graphkit_pipeline.formats.store import Geometry, Kind, checked_size, settled

if TYPE_CHECKING:
    from cloudvolume import CloudVolume

__all__ = ["PrecomputedStore"]

_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float32")
_ASIDE = ".writing-"
_LEFT_S = 3600
_COMPRESSIONS = ("", ".gz", ".br", ".zstd", ".xz", ".bz2")


class PrecomputedStore:
    """One scale of a precomputed volume, in a local folder or at a cloud address."""

    def __init__(
        self,
        location: str,
        scale: str | None = None,
        voxel_size_nm: Sequence[float] | float | None = None,
        offset: Sequence[int] | None = None,
    ) -> None:
        self.location = location
        self._folder = None if "://" in location else Path(location).absolute()
        self._cloudpath = location if self._folder is None else self._folder.as_uri()
        self._volume: CloudVolume | None = None
        self._tidied = False
        with _named(f"Cannot open {location} as a precomputed volume"):
            self._info = self._read_info()
            if not self._info["scales"]:
                raise ValueError("its info has no scales")
            self._mip = self._find_scale(scale)
            found = self._info["scales"][self._mip]
            self._key = str(found["key"])
            self._sharded = bool(found.get("sharding"))
            self.kind: Kind = self._info["type"]
            self.dtype = np.dtype(str(self._info["data_type"]))
            channels = int(self._info["num_channels"])
            start = _turned(found.get("voxel_offset", (0, 0, 0)))
            shape = _turned(found["size"])
            self.chunk = _turned(found["chunk_sizes"][0])
            size = checked_size(found["resolution"][::-1], location)
        if channels != 1:
            raise GraphkitError(f"{location} has {channels} channels; a volume here has one.")
        self.voxel_size_nm, begin = settled(location, Geometry(size, start), voxel_size_nm, offset)
        self.bounds = Box.of_shape(shape, begin)

    @classmethod
    def create(
        cls,
        location: str,
        bounds: Box,
        dtype: np.dtype[Any],
        voxel_size_nm: tuple[float, float, float],
        chunk: tuple[int, int, int],
        kind: Kind,
    ) -> PrecomputedStore:
        """A volume without chunks yet: its ``info``, written atomically."""
        if dtype.name not in _DTYPES:
            raise GraphkitError(
                f"A precomputed volume cannot hold {dtype.name}; it holds {', '.join(_DTYPES)}.",
                hint="Convert the array, or write to .zarr or .h5.",
            )
        sizes = [int(v) if float(v).is_integer() else float(v) for v in voxel_size_nm[::-1]]
        segments = kind == "segmentation"
        scale: dict[str, Any] = {
            "key": "_".join(str(v) for v in sizes),
            "size": list(bounds.shape[::-1]),
            "resolution": sizes,
            "voxel_offset": list(bounds.start[::-1]),
            "chunk_sizes": [list(chunk[::-1])],
            "encoding": "compressed_segmentation" if segments else "raw",
        }
        if segments:
            scale["compressed_segmentation_block_size"] = [8, 8, 8]
        info = {"type": kind, "data_type": dtype.name, "num_channels": 1, "scales": [scale]}
        if "://" in location:
            with _named(f"Cannot create {location}"):
                _cloud_volume(location, info=info).commit_info()
            return cls(location)
        folder = Path(location)
        with said_plainly(folder):
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / f".info.{os.getpid()}.tmp"
            temporary.write_text(json.dumps({"@type": "neuroglancer_multiscale_volume", **info}, indent=1))
            temporary.replace(folder / "info")
        return cls(location)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_volume": None}

    def read(self, box: Box) -> np.ndarray:
        volume = self._opened()
        try:
            self._refuse_empty_files(box)
            return _from_disk(volume.download(_bbox(box), mip=self._mip))
        except GraphkitError:
            raise
        except Exception as error:  # whatever a codec or a cloud raises; the chunk's name is what helps
            raise self._unreadable(volume, box, error) from error

    def write(self, box: Box, array: np.ndarray) -> None:
        if self._sharded:
            raise GraphkitError(
                f"{self.location} is sharded, and a shard cannot be written in part.", hint="Write to a new volume."
            )
        turned = np.asfortranarray(array.T)[..., np.newaxis]
        if self._folder is None:
            with _named(f"Cannot write {self.location}, {box}"):
                self._opened()[_slices(box)] = turned
            return
        with said_plainly(self._folder):
            self._write_aside(self._folder, box, turned)

    def _write_aside(self, folder: Path, box: Box, turned: np.ndarray) -> None:
        """CloudVolume writes files in place; written beside and renamed, a killed write leaves no torn chunk."""
        self._remove_leftovers(folder)
        aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder))
        try:
            volume = _cloud_volume(aside.as_uri(), mip=self._mip, info=self._info)
            volume[_slices(box)] = turned
            target = folder / self._key
            target.mkdir(exist_ok=True)
            for file in sorted((aside / self._key).iterdir()):
                bare = _bare(file.name)
                file.replace(target / file.name)
                for suffix in _COMPRESSIONS:  # the same chunk under another compression would be read in its place
                    if bare + suffix != file.name:
                        (target / (bare + suffix)).unlink(missing_ok=True)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _remove_leftovers(self, folder: Path) -> None:
        """Once a store: what writers that were killed have left. A write takes seconds, so none under way is that old."""
        if self._tidied:
            return
        self._tidied = True
        for leftover in folder.glob(f"{_ASIDE}*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - leftover.stat().st_mtime > _LEFT_S:
                    shutil.rmtree(leftover, ignore_errors=True)

    def _opened(self) -> CloudVolume:
        if self._volume is None:
            self._volume = _cloud_volume(
                self._cloudpath,
                mip=self._mip,
                info=self._info,
                fill_missing=self.kind == "segmentation",
            )
        return self._volume

    def _read_info(self) -> dict[str, Any]:
        if self._folder is not None:
            info: dict[str, Any] = json.loads((self._folder / "info").read_text())
            return info
        return dict(_cloud_volume(self._cloudpath).info)

    def _find_scale(self, key: str | None) -> int:
        keys = [str(scale["key"]) for scale in self._info["scales"]]
        if key is None:
            return 0
        if key not in keys:
            raise GraphkitError(f"{self.location} has no scale {key!r}; it has {', '.join(keys)}.")
        return keys.index(key)

    def _chunks(self, box: Box) -> Iterator[tuple[Box, str]]:
        """The chunks that ``box`` touches, with their file names without a compression's suffix."""
        starts = []
        for a, b, origin, step in zip(box.start, box.stop, self.bounds.start, self.chunk, strict=True):
            starts.append(range(a - (a - origin) % step, b, step))
        for start in itertools.product(*starts):
            chunk = Box.of_shape(self.chunk, start).intersection(self.bounds)
            ranges = zip(chunk.start[::-1], chunk.stop[::-1], strict=True)
            yield chunk, f"{self._key}/" + "_".join(f"{a}-{b}" for a, b in ranges)

    def _refuse_empty_files(self, box: Box) -> None:
        """CloudVolume takes a file of no bytes for a chunk that is not there; it is the mark of a crash."""
        if self._folder is None or self.kind != "segmentation" or self._sharded:
            return
        for chunk, name in self._chunks(box):
            for suffix in _COMPRESSIONS[:2]:
                with contextlib.suppress(FileNotFoundError):
                    if (self._folder / (name + suffix)).stat().st_size == 0:
                        raise _chunk_error(self.location, name, chunk, box, "cannot be read: it is empty")

    def _unreadable(self, volume: CloudVolume, box: Box, error: Exception) -> GraphkitError:
        for chunk, name in self._chunks(box):
            try:
                volume.download(_bbox(chunk), mip=self._mip)
            except Exception as cause:
                missing = type(cause).__name__ == "EmptyVolumeException"
                why = "is missing" if missing else f"cannot be read: {_said(cause)}"
                return _chunk_error(self.location, name, chunk, box, why)
        return GraphkitError(f"Cannot read {self.location}, {box}: {_said(error)}.")


def _cloud_volume(path: str, **options: Any) -> CloudVolume:
    """A CloudVolume that asks nothing, shows nothing and starts no process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own imports warn of optional packages
        from tqdm import tqdm

        tqdm.set_lock(threading.RLock())  # its own is a semaphore, which outlives a worker that is killed
        from cloudvolume import CloudVolume
    return CloudVolume(path, progress=False, parallel=1, bounded=True, **options)


def _chunk_error(location: str, name: str, chunk: Box, box: Box, why: str) -> GraphkitError:
    return GraphkitError(f"The chunk {name} of {location} ({chunk} in voxels) {why}. It was wanted for the box {box}.")


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Whatever the file or the library says, as one error that begins with ``what``."""
    try:
        yield
    except GraphkitError:
        raise
    except KeyError as error:
        raise GraphkitError(f"{what}: its info has no {error}.") from error
    except Exception as error:
        raise GraphkitError(f"{what}: {_said(error)}.") from error


def _said(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _bare(name: str) -> str:
    for suffix in _COMPRESSIONS[1:]:
        name = name.removesuffix(suffix)
    return name


def _turned(xyz: Sequence[int]) -> tuple[int, int, int]:
    x, y, z = (int(v) for v in xyz)
    return z, y, x


def _slices(box: Box) -> tuple[slice, slice, slice]:
    z, y, x = (slice(a, b) for a, b in zip(box.start, box.stop, strict=True))
    return x, y, z


def _bbox(box: Box) -> Any:
    from cloudvolume import Bbox

    return Bbox(box.start[::-1], box.stop[::-1])


def _from_disk(cutout: np.ndarray) -> np.ndarray:
    return np.array(np.asarray(cutout)[..., 0].T, order="C")
