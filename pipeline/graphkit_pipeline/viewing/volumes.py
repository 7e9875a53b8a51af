"""A volume to draw: a precomputed folder as it lies, or any other format as precomputed chunks made when asked for.

Neuroglancer's raw encoding has x fastest: the bytes of an array [z, y, x]. Its sizes and resolutions are (x, y, z).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.viewing.contents import read_info
from graphkit_pipeline.viewing.server import FolderSource, Source

__all__ = ["DrawnVolume", "open_drawn"]

_CHUNK = 64
_DRAWABLE = {  # what Neuroglancer draws of what NumPy holds
    "bool": "uint8",
    "float16": "float32",
    "float64": "float32",
    **{name: name for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "uint64")},
    "int64": "uint64",  # ids
}


class DrawnVolume:
    """A volume's ``source`` and what its ``info`` says at full resolution, (x, y, z)."""

    def __init__(self, source: Source, info: dict[str, Any], location: str) -> None:
        self.source, self.info, self.location = source, info, location
        try:
            scale = info["scales"][0]
            self.voxel_size_nm = tuple(float(size) for size in scale["resolution"])
            self.offset = tuple(int(start) for start in scale.get("voxel_offset", (0, 0, 0)))
            self.size = tuple(int(size) for size in scale["size"])
            self.dtype = str(info["data_type"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise GraphkitError(
                f"{location}/info does not describe a precomputed volume: {error!r} is missing or wrong.",
                hint="Expected Neuroglancer's multiscale volume format; write the volume again.",
            ) from error

    def value_range(self) -> tuple[float, float]:
        """The 0.5 and 99.5 percentiles of a cube in the middle."""
        from graphkit_pipeline.blocks import Box
        from graphkit_pipeline.volume import open_volume

        volume = open_volume(self.location, voxel_size_nm=self.voxel_size_nm[::-1], offset=self.offset[::-1])
        middle = [(a + b) // 2 for a, b in zip(volume.bounds.start, volume.bounds.stop, strict=True)]
        cube = Box.of_shape((_CHUNK,) * 3, [m - _CHUNK // 2 for m in middle]).intersection(volume.bounds)
        values = volume.read(cube)
        values = values[np.isfinite(values)]
        low, high = np.percentile(values, (0.5, 99.5)).tolist() if values.size else (0.0, 1.0)
        return (low, high) if low < high else (low, low + 1.0)

    @property
    def is_segmentation(self) -> bool:
        return self.info.get("type") == "segmentation"


def open_drawn(
    location: str, kind: str, voxel_size_nm: Sequence[float] | None = None, offset: Sequence[int] | None = None
) -> DrawnVolume:
    """The volume at ``location``; ``kind`` ("image" or "segmentation") is what it is where its format does not say.

    ``voxel_size_nm`` and ``offset`` [z, y, x] are for formats that may not say them.

    Raises:
        GraphkitError: it cannot be read, or is of a type that cannot be drawn.
    """
    folder = Path(location)
    if (folder / "info").is_file():
        return DrawnVolume(FolderSource(folder), read_info(folder), location)
    source = _VolumeSource(location, kind, voxel_size_nm, offset)
    return DrawnVolume(source, source.info, location)


class _VolumeSource:
    """Serves ``open_volume(location)`` as raw precomputed chunks."""

    def __init__(
        self, location: str, kind: str, voxel_size_nm: Sequence[float] | None, offset: Sequence[int] | None
    ) -> None:
        from graphkit_pipeline.volume import open_volume

        self._volume = open_volume(location, voxel_size_nm=voxel_size_nm, offset=offset)
        self._reading = threading.Lock()  # not every format's reader is safe in threads
        dtype = np.dtype(self._volume.dtype)
        if dtype.name not in _DRAWABLE:
            raise GraphkitError(
                f"{location} holds {dtype.name}, which cannot be drawn.",
                hint="Expected unsigned or signed integers or floats; convert it to uint8 first.",
            )
        if self._volume.kind == "segmentation":
            kind = "segmentation"
        self._dtype = np.dtype(_DRAWABLE[dtype.name] if kind == "image" else "uint64").newbyteorder("<")
        bounds = self._volume.bounds
        self.info = {
            "@type": "neuroglancer_multiscale_volume",
            "type": kind,
            "data_type": self._dtype.name,
            "num_channels": 1,
            "scales": [
                {
                    "key": "full",
                    "size": [int(n) for n in bounds.shape[::-1]],
                    "voxel_offset": [int(n) for n in bounds.start[::-1]],
                    "resolution": [float(size) for size in self._volume.voxel_size_nm[::-1]],
                    "chunk_sizes": [[_CHUNK] * 3],
                    "encoding": "raw",
                }
            ],
        }

    def find(self, key: str) -> bytes | None:
        from graphkit_pipeline.blocks import Box

        if key == "info":
            return json.dumps(self.info).encode()
        folder, _, name = key.partition("/")
        try:
            (x, to_x), (y, to_y), (z, to_z) = (map(int, span.split("-")) for span in name.split("_"))
        except ValueError:
            return None
        bounds = self._volume.bounds
        box = Box((z, y, x), (to_z, to_y, to_x))
        inside = all(a <= s < e <= b for a, s, e, b in zip(bounds.start, box.start, box.stop, bounds.stop, strict=True))
        if folder != "full" or not inside or box.voxels > _CHUNK**3:
            return None
        with self._reading:
            array = self._volume.read(box)
        return np.ascontiguousarray(array, dtype=self._dtype).tobytes()
