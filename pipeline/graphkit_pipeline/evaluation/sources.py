"""What an evaluation compares: the truth of a piece of tissue, and a reconstruction of it. Each part is optional.

The truth is a folder as ``tissue.files`` writes it (or a ``Tissue`` in memory):

    FOLDER/image                the image
    FOLDER/truth/segmentation   every neuron's voxels carry its id; 0 = nothing
    FOLDER/truth/dataset        a dataset: synapses (pre_id and post_id are those ids), skeletons, neurons

or a volume of labels alone, in any format that is read (``em.h5:bodies``).

Datasets are read through ``graphkit.dataset``, which checks each file against its snapshot; nothing is written to them.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.distinct import distinct
from graphkit_pipeline.evaluation.places import ArrayVolume, LabelVolume
from graphkit_pipeline.evaluation.synapses import partners_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Reconstruction", "Truth", "dataset_tables", "said_of_run"]

_TABLES = ("synapses", "skeletons", "neurons", "segment_to_neuron")


@dataclass(frozen=True, eq=False)
class Truth:
    """The truth of one piece of tissue."""

    name: str
    image: LabelVolume | None = None
    segments: LabelVolume | None = None
    synapses: pa.Table | None = None
    skeletons: pa.Table | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Any, like: LabelVolume | None = None) -> Truth:
        """From a folder, a volume of labels, a ``Tissue``, or a ``Truth``.

        A volume of labels whose file does not say its voxel size has that of ``like``, and its offset where the shapes agree.

        Raises:
            GraphkitError: the folder holds neither a true segmentation nor a true dataset, and is no volume of whole numbers.
        """
        if isinstance(source, Truth):
            return source
        if isinstance(source, str | os.PathLike):
            return cls._from_folder(Path(source)) or cls._from_labels(os.fspath(source), like)
        grid = (tuple(source.voxel_size_nm), tuple(source.offset))
        return cls(
            name="tissue",
            image=ArrayVolume(source.image, *grid),
            segments=ArrayVolume(source.segments, *grid),
            synapses=source.synapses,
            skeletons=source.skeletons,
        )

    @classmethod
    def _from_labels(cls, location: str, like: LabelVolume | None) -> Truth:
        from graphkit_pipeline.volume import open_volume

        try:
            try:
                segments = open_volume(location)
            except GraphkitError:
                if like is None:
                    raise
                segments = open_volume(location, voxel_size_nm=like.voxel_size_nm)
                if segments.bounds.shape == like.bounds.shape:
                    segments = open_volume(location, voxel_size_nm=like.voxel_size_nm, offset=like.bounds.start)
        except GraphkitError as error:
            raise GraphkitError(
                f"No truth to evaluate against at {location!r}: it holds no truth/segmentation and no truth/dataset, and is not "
                f"a volume of labels. {error}",
                hint="Name the folder that `graphkit simulate-tissue` wrote, or the true labels, for example em.h5:bodies.",
            ) from None
        if not np.issubdtype(segments.dtype, np.integer):
            raise GraphkitError(f"The truth {location!r} is of {segments.dtype}; labels are whole numbers.")
        return cls(name=Path(location).name, segments=segments, provenance={"labels": location})

    @classmethod
    def _from_folder(cls, folder: Path) -> Truth | None:
        """None where there is no folder of a tissue."""
        from graphkit_pipeline.volume import open_volume

        segmentation, dataset = folder / "truth" / "segmentation", folder / "truth" / "dataset"
        if not segmentation.exists() and not dataset.exists():
            return None
        tables, said = dataset_tables(dataset) if dataset.exists() else ({}, {})
        return cls(
            name=str(said.get("name", folder.name)),
            image=open_volume(folder / "image") if (folder / "image").exists() else None,
            segments=open_volume(segmentation) if segmentation.exists() else None,
            synapses=tables.get("synapses"),
            skeletons=tables.get("skeletons"),
            provenance={"folder": str(folder), **said},
        )

    def pictured(self, image: LabelVolume | None) -> Truth:
        """With ``image`` for the pictures, where there is none and it lies on the same voxels and covers them."""
        grid = self.segments
        if self.image is not None or image is None or grid is None:
            return self
        same = np.allclose(image.voxel_size_nm, grid.voxel_size_nm, rtol=1e-3)
        return replace(self, image=_Part(image, grid.bounds)) if same and image.bounds.covers(grid.bounds) else self

    def within(self, box: Box) -> Truth:
        """The truth of a part of the volume: voxels, synapses with both ends and skeleton nodes in ``box``."""
        import pyarrow as pa

        grid = self.segments or self.image
        if grid is None or box == grid.bounds or not grid.bounds.covers(box):
            return self
        low, high = (np.multiply(corner, grid.voxel_size_nm) for corner in (box.start, box.stop))

        def inside(table: pa.Table, *ends: str) -> np.ndarray:
            points = [np.column_stack([table[f"{end}{a}_nm"].to_numpy() for a in "zyx"]) for end in ends]
            kept: np.ndarray = np.logical_and.reduce([((p >= low) & (p < high)).all(axis=1) for p in points])
            return kept

        synapses, skeletons = self.synapses, self.skeletons
        return replace(
            self,
            image=None if self.image is None else _Part(self.image, box),
            segments=None if self.segments is None else _Part(self.segments, box),
            synapses=None if synapses is None else synapses.filter(pa.array(inside(synapses, "pre_", "post_"))),
            skeletons=None if skeletons is None else _rooted(skeletons.filter(pa.array(inside(skeletons, "")))),
        )


@dataclass(frozen=True, eq=False)
class _Part:
    """A box of a volume."""

    whole: LabelVolume
    bounds: Box

    @property
    def voxel_size_nm(self) -> tuple[float, float, float]:
        return self.whole.voxel_size_nm

    def read(self, box: Box | None = None) -> np.ndarray:
        return self.whole.read(self.bounds if box is None else box)


def _rooted(skeletons: pa.Table) -> pa.Table:
    """Nodes whose parent is gone become roots."""
    import pyarrow as pa

    owner, node, parent = (skeletons[c].to_pylist() for c in ("neuron_id", "node", "parent"))
    there = set(zip(owner, node, strict=True))
    mended = [p if (n, p) in there else -1 for n, p in zip(owner, parent, strict=True)]
    return skeletons.set_column(
        skeletons.schema.get_field_index("parent"), skeletons.schema.field("parent"), pa.array(mended, pa.int64())
    )


def said_of_run(folder: str | os.PathLike[str]) -> tuple[str | None, LabelVolume | None]:
    """The name and the image of a run, as far as its run.json says them and the image is still there."""
    from graphkit_pipeline.volume import open_volume

    try:
        about = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))
        name = str(about["name"])
        locations, size, offset = [str(about["image"])], about["voxel_size_nm"], about["offset"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
    if moved := about.get("image_from_here"):  # the run and its image together
        locations.append(os.path.normpath(Path(folder) / str(moved)))
    for location in locations:
        with contextlib.suppress(GraphkitError):
            return name, open_volume(location, voxel_size_nm=size, offset=offset)
    return name, None


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What was found: label volumes hold neurons, and the synapses' pre_id and post_id are among their labels."""

    name: str
    segments: LabelVolume | None = None
    synapses: pa.Table | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *,
        segmentation: Any = None,
        synapses: pa.Table | None = None,
        dataset: str | os.PathLike[str] | None = None,
        truth: Truth,
    ) -> Reconstruction:
        """From a segmentation (location, volume, or array on the truth's grid), synapses, and a dataset.

        The dataset gives the synapses, if none are given, and the neuron of each segment (segment_to_neuron).

        Raises:
            GraphkitError: neither a segmentation nor synapses; an array whose grid nobody knows.
        """
        tables, said = dataset_tables(dataset) if dataset is not None else ({}, {})
        synapses = tables.get("synapses") if synapses is None else synapses
        if segmentation is None and synapses is None:
            raise GraphkitError(
                "There is nothing to evaluate: neither a segmentation nor synapses were given.",
                hint="Name the run's segmentation, its dataset, or both.",
            )
        volume = None if segmentation is None else _as_volume(segmentation, truth)
        mapping = tables.get("segment_to_neuron")
        if mapping is not None:
            table = _Mapping.of(mapping)
            volume = None if volume is None else _Agglomerated(volume, table)
            synapses = None if synapses is None else _with_neurons(synapses, table)
        if dataset is not None:
            said = {"dataset": os.fspath(dataset), **said}
        if location := getattr(volume, "location", None):
            said = {**said, "segmentation": str(location)}
        return cls(str(said.get("name", "reconstruction")), volume, synapses, said)


def dataset_tables(location: str | os.PathLike[str]) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """The tables that an evaluation reads, and what the dataset says of itself: name, snapshot, provenance."""
    from graphkit.dataset import open_dataset

    dataset = open_dataset(location)
    tables = {name: dataset.table(name) for name in _TABLES if dataset.has(name)}
    snapshot = dataset.snapshot
    said = {
        "name": snapshot.name,
        "snapshot": snapshot.number,
        "digest": snapshot.digest,
        "steps": [dict(step) for step in snapshot.provenance],
    }
    return tables, said


def _as_volume(segmentation: Any, truth: Truth) -> LabelVolume:
    if isinstance(segmentation, str | os.PathLike):
        from graphkit_pipeline.volume import open_volume

        volume: LabelVolume = open_volume(Path(segmentation))
        return volume
    if not isinstance(segmentation, np.ndarray):
        given: LabelVolume = segmentation
        return given
    grid = truth.segments or truth.image
    if grid is None:
        raise GraphkitError(
            "A segmentation in memory has no voxel size, and the truth has no volume to take it from.",
            hint="Give the segmentation as a volume.",
        )
    start = grid.bounds.start
    return ArrayVolume(segmentation, grid.voxel_size_nm, (start[0], start[1], start[2]))


# -- segments to neurons --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Mapping:
    """segment_to_neuron. A segment that it does not list is a neuron of its own, under its own id."""

    segments: np.ndarray
    neurons: np.ndarray

    @classmethod
    def of(cls, table: pa.Table) -> _Mapping:
        segments = table["segment_id"].to_numpy().astype(np.int64)
        neurons = table["neuron_id"].to_numpy().astype(np.int64)
        order = np.argsort(segments)
        return cls(segments[order], neurons[order])

    def apply(self, ids: np.ndarray) -> np.ndarray:
        if not len(self.segments):
            return ids
        place = np.minimum(np.searchsorted(self.segments, ids), len(self.segments) - 1)
        listed = self.segments[place] == ids
        unlisted = distinct(ids[~listed])
        strangers = np.intersect1d(unlisted[unlisted != 0], distinct(self.neurons), assume_unique=True)
        if len(strangers):
            raise GraphkitError(
                f"Segment {strangers[0]} is not in segment_to_neuron, and a neuron of other segments has the same id: "
                "they would be taken for one.",
                hint="List every segment of the segmentation in segment_to_neuron.",
            )
        return np.where(listed, self.neurons[place], ids)


@dataclass(frozen=True, eq=False)
class _Agglomerated:
    """A volume of segments, read as neurons."""

    inner: LabelVolume
    mapping: _Mapping

    @property
    def location(self) -> str | None:
        return getattr(self.inner, "location", None)

    @property
    def bounds(self) -> Box:
        return self.inner.bounds

    @property
    def voxel_size_nm(self) -> tuple[float, float, float]:
        return self.inner.voxel_size_nm

    def read(self, box: Box | None = None) -> np.ndarray:
        labels = self.inner.read(box)
        ids, inverse = np.unique(labels, return_inverse=True)
        return self.mapping.apply(ids.astype(np.int64))[inverse].reshape(labels.shape)


def _with_neurons(synapses: pa.Table, mapping: _Mapping) -> pa.Table:
    """Where a row has no neuron but a segment, the segment's neuron."""

    for side, ids in zip(("pre", "post"), partners_of(synapses), strict=True):
        name = f"{side}_id"
        if name in synapses.column_names and not synapses[name].null_count:
            continue
        known = synapses[name].is_valid().to_numpy() if name in synapses.column_names else np.zeros(len(ids), bool)
        column = pa.array(np.where(known, ids, mapping.apply(ids)), pa.int64())
        names: Sequence[str] = synapses.column_names
        synapses = (
            synapses.set_column(names.index(name), name, column)
            if name in names
            else synapses.append_column(name, column)
        )
    return synapses
