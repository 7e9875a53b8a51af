"""Volumes as a Zarr array (format 2 or 3), [z, y, x], with the voxel size of OME-NGFF or of plain attributes.

What is written is Zarr 3 with OME-NGFF 0.5 metadata: a group with one scale, ``0``, in nanometres. OME-NGFF gives an offset as a
translation in physical units; it must be a whole number of voxels.

Zarr leaves out chunks that hold nothing but the fill value, so a chunk that is not there is that value. In an image that graphkit
made every chunk is written, and one that is not there is an error. A chunk is replaced atomically, by Zarr itself.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.formats.disk import said_plainly
from graphkit_pipeline.formats.store import Geometry, Kind, checked_size, from_attributes, in_voxels, kind_of, settled

if TYPE_CHECKING:
    import zarr

__all__ = ["ZarrStore"]

_NM = {"angstrom": 0.1, "nanometer": 1.0, "micrometer": 1e3, "millimeter": 1e6, "meter": 1e9}


class ZarrStore:
    """One array of a Zarr hierarchy in a local folder."""

    def __init__(
        self,
        path: str,
        inner: str | None = None,
        voxel_size_nm: Sequence[float] | float | None = None,
        offset: Sequence[int] | None = None,
    ) -> None:
        import zarr

        node = _opened(path, (inner or "").strip("/"))
        found = Geometry()
        marks: Mapping[str, Any] = {}
        if isinstance(node, zarr.Group):
            scale, found, marks = _finest_scale(node, path)
            inner = f"{(inner or '').strip('/')}/{scale}".strip("/")
            node = _opened(path, inner)
        elif inner and "/" in f"/{inner.strip('/')}":
            found, marks = _said_by_parent(path, inner.strip("/"))
        if not isinstance(node, zarr.Array):
            raise GraphkitError(f"{path} has no array {inner!r}.")
        self._path, self._inner = path, (inner or "").strip("/")
        self.location = f"{path}/{self._inner}" if self._inner else path
        if any(n != 1 for n in node.shape[:-3]) or node.ndim < 3:
            raise GraphkitError(f"{self.location} has the shape {node.shape}; a volume has three axes, [z, y, x].")
        self._lead = node.ndim - 3
        names = _axis_names(node)
        if names is not None and names[-3:] not in (("z", "y", "x"), (None, None, None)):
            raise GraphkitError(
                f"{self.location} has the axes {names}; the last three must be z, y, x.",
                hint="Turn the array round first.",
            )
        attributes: dict[str, Any] = dict(node.attrs)
        if found.voxel_size_nm is None:
            found = from_attributes(self.location, attributes)
        mark: dict[str, Any] = {**marks, **attributes.get("graphkit", {})}
        self.dtype = np.dtype(node.dtype)
        self.kind: Kind = kind_of(self.dtype, mark.get("kind"))
        self._ours = "kind" in mark
        self.voxel_size_nm, begin = settled(self.location, found, voxel_size_nm, offset)
        self.bounds = Box.of_shape(node.shape[-3:], begin)
        z, y, x = (node.shards or node.chunks)[-3:]  # a shard is one file: what is replaced as a whole
        self.chunk = (int(z), int(y), int(x))

    @classmethod
    def create(
        cls,
        path: str,
        bounds: Box,
        dtype: np.dtype[Any],
        voxel_size_nm: tuple[float, float, float],
        chunk: tuple[int, int, int],
        kind: Kind,
    ) -> ZarrStore:
        """A group with one array and no chunks yet."""
        import zarr

        begin = [o * s for o, s in zip(bounds.start, voxel_size_nm, strict=True)]
        scale = {
            "axes": [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"],
            "datasets": [
                {
                    "path": "0",
                    "coordinateTransformations": [
                        {"type": "scale", "scale": list(voxel_size_nm)},
                        {"type": "translation", "translation": begin},
                    ],
                }
            ],
        }
        attributes = {"ome": {"version": "0.5", "multiscales": [scale]}, "graphkit": {"kind": kind}}
        with said_plainly(path):
            group = zarr.create_group(path, zarr_format=3, attributes=attributes)
            group.create_array(
                "0",
                shape=bounds.shape,
                chunks=tuple(min(c, s) for c, s in zip(chunk, bounds.shape, strict=True)),
                dtype=dtype,
                fill_value=0,
                dimension_names=("z", "y", "x"),
            )
        return cls(path)

    def read(self, box: Box) -> np.ndarray:
        array = self._array()
        self._refuse_holes(array, box)
        try:
            return np.ascontiguousarray(array[self._within(box)])
        except Exception as error:  # whatever a codec raises; the chunk's name is what helps
            raise self._unreadable(array, box, error) from error

    def write(self, box: Box, array: np.ndarray) -> None:
        with said_plainly(self._path):
            self._array()[self._within(box)] = array

    def _array(self) -> zarr.Array[Any]:
        import zarr

        node = _opened(self._path, self._inner)
        assert isinstance(node, zarr.Array)
        # zeros are written like any other value: a chunk that is not there has not been written
        return node.with_config({"write_empty_chunks": True})

    def _within(self, box: Box) -> tuple[int | slice, ...]:
        return (0,) * self._lead + box.slices(self.bounds.start)

    def _chunks(self, box: Box) -> list[tuple[Box, tuple[int, ...]]]:
        """The chunks that ``box`` touches, in global voxels, with their places in the grid."""
        local = box.slices(self.bounds.start)
        grid = itertools.product(
            *(range(s.start // c, -(-s.stop // c)) for s, c in zip(local, self.chunk, strict=True))
        )
        found = []
        for place in grid:
            start = tuple(p * c + o for p, c, o in zip(place, self.chunk, self.bounds.start, strict=True))
            found.append((Box.of_shape(self.chunk, start).intersection(self.bounds), (0,) * self._lead + place))
        return found

    def _file(self, array: zarr.Array[Any], place: tuple[int, ...]) -> Path:
        return Path(self._path) / self._inner / array.metadata.encode_chunk_key(place)

    def _refuse_holes(self, array: zarr.Array[Any], box: Box) -> None:
        if not self._ours or self.kind != "image":
            return
        for chunk, place in self._chunks(box):
            file = self._file(array, place)
            if not file.exists():
                raise GraphkitError(
                    f"The chunk {file.relative_to(self._path)} of {self._path} ({chunk} in voxels) is missing. "
                    f"It was wanted for the box {box}."
                )

    def _unreadable(self, array: zarr.Array[Any], box: Box, error: Exception) -> GraphkitError:
        for chunk, place in self._chunks(box):
            try:
                array[self._within(chunk)]
            except Exception as cause:
                file = self._file(array, place).relative_to(self._path)
                return GraphkitError(
                    f"The chunk {file} of {self._path} ({chunk} in voxels) cannot be read: {cause}. "
                    f"It was wanted for the box {box}."
                )
        return GraphkitError(f"Cannot read {self.location}, {box}: {error}.")


def _opened(path: str, inner: str) -> zarr.Array[Any] | zarr.Group:
    import zarr

    try:
        return zarr.open(path, path=inner, mode="r+" if _writable(path) else "r")
    except Exception as error:
        where = f"{path}/{inner}" if inner else path
        raise GraphkitError(f"Cannot open {where} as Zarr: {str(error) or type(error).__name__}.") from error


def _writable(path: str) -> bool:
    import os

    return os.access(path, os.W_OK)


def _multiscales(group: zarr.Group) -> list[dict[str, Any]]:
    attributes: dict[str, Any] = json.loads(json.dumps(dict(group.attrs)))
    found: list[dict[str, Any]] = attributes.get("ome", attributes).get("multiscales") or []
    return found


def _finest_scale(group: zarr.Group, path: str) -> tuple[str, Geometry, Mapping[str, Any]]:
    """The first array of an OME-NGFF image, where it lies, and graphkit's own attributes."""
    scales = _multiscales(group)
    if not scales or not scales[0].get("datasets"):
        arrays = sorted(name for name, _ in group.arrays())
        raise GraphkitError(
            f"{path} is a Zarr group and no OME-NGFF image; which array is meant?",
            hint=f"Name it: {path}/{arrays[0]}" if arrays else "Give the path within: NAME.zarr/inner/path.",
        )
    name = str(scales[0]["datasets"][0]["path"])
    return name, _geometry(scales[0], name, path), dict(group.attrs).get("graphkit", {})  # type: ignore[return-value]


def _said_by_parent(path: str, inner: str) -> tuple[Geometry, Mapping[str, Any]]:
    """What an OME-NGFF group says of the array that was named in it."""
    import zarr

    parent, _, name = inner.rpartition("/")
    try:
        group = _opened(path, parent)
    except GraphkitError:
        return Geometry(), {}
    if isinstance(group, zarr.Group):
        for scale in _multiscales(group):
            if any(str(dataset["path"]) == name for dataset in scale.get("datasets", [])):
                return _geometry(scale, name, path), dict(group.attrs).get("graphkit", {})  # type: ignore[return-value]
    return Geometry(), {}


def _geometry(scale: Mapping[str, Any], name: str, path: str) -> Geometry:
    """The voxel size and offset of one array, from the transformations of the array and then of the whole image."""
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in scale.get("axes", [])]
    if [axis["name"] for axis in axes[-3:]] != ["z", "y", "x"]:
        names = [axis.get("name") for axis in axes]
        raise GraphkitError(
            f"{path} has the axes {names}; the last three must be z, y, x.", hint="Turn the array round."
        )
    if any(axis.get("unit") not in _NM for axis in axes[-3:]):
        return Geometry()  # a length without a unit is not a length
    unit = np.array([_NM[axis["unit"]] for axis in axes[-3:]])
    size, begin = np.ones(len(axes)), np.zeros(len(axes))
    (dataset,) = (d for d in scale["datasets"] if str(d["path"]) == name)
    for step in [*dataset.get("coordinateTransformations", []), *scale.get("coordinateTransformations", [])]:
        if step["type"] == "scale":
            size, begin = size * step["scale"], begin * step["scale"]
        elif step["type"] == "translation":
            begin = begin + step["translation"]
    size_nm = checked_size((size[-3:] * unit).round(9), path)
    return Geometry(size_nm, in_voxels(path, (begin[-3:] * unit).tolist(), size_nm))


def _axis_names(array: zarr.Array[Any]) -> tuple[Any, ...] | None:
    names = getattr(array.metadata, "dimension_names", None) or dict(array.attrs).get("_ARRAY_DIMENSIONS")
    return tuple(names) if names else None  # type: ignore[arg-type]
