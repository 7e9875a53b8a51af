"""Fragments joined to segments: the joins of `linkage` that reach the threshold, and the volume written anew.

No network is asked: another threshold is another relabelling. Segments are numbered 1, 2, ... in the order of their least
fragments, which is that of their first voxels. What flood filling found beyond the fragments can be given to them, and where
cells are to touch, segments are grown into what is empty between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit.schema import TABLES
from graphkit_pipeline.agglomeration.linkage import clusters
from graphkit_pipeline.blocks import Block

if TYPE_CHECKING:
    from graphkit_pipeline.volume import Volume

__all__ = [
    "FRAGMENTS",
    "LinkSettings",
    "grown",
    "segments_of_fragments",
    "segments_of_volume",
    "spread",
    "write_joined",
]

FRAGMENTS = pa.schema(
    [
        pa.field("fragment_id", pa.int64(), False, {"description": "fragment of the reconciled blocks"}),
        pa.field("segment_id", pa.int64(), False, {"description": "its segment; 0 where that was too small to keep"}),
    ]
)


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Which fragments are one segment: those joined at a mean affinity of at least ``threshold``.

    Segments of fewer than ``min_segment_voxels`` are left out. Where there are flood-filled segments, what they say of two voxels
    counts as ``votes`` affinities, and with ``spread`` their voxels that are in no fragment join the nearest segment within the
    same flood-filled one. In the end empty voxels within ``grow_nm`` of a segment join the nearest one: for a truth in which
    cells touch, without membranes between them.
    """

    threshold: float = 0.3
    min_segment_voxels: int = 100
    votes: float = 1.0
    spread: bool = True
    grow_nm: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.threshold) and 0 < self.threshold <= 1):
            raise GraphkitError(f"link threshold is {self.threshold!r}; expected a mean affinity above 0 and up to 1.")
        voxels = self.min_segment_voxels
        if isinstance(voxels, bool) or not isinstance(voxels, int) or voxels < 1:
            raise GraphkitError(f"link min_segment_voxels is {voxels!r}; expected a whole number of at least 1.")
        if not isinstance(self.spread, bool):
            raise GraphkitError(f"link spread is {self.spread!r}; expected true or false.")
        for name, kind in (("votes", "number"), ("grow_nm", "length in nm")):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise GraphkitError(f"link {name} is {value!r}; expected a {kind}, 0 or more.")


def segments_of_fragments(fragments: pa.Table, joins: pa.Table, settings: LinkSettings) -> tuple[pa.Table, pa.Table]:
    """(segments, mapping): the table ``segments`` after the joins, and `FRAGMENTS`.

    ``fragments`` is the table ``segments`` before them; ``joins`` is `linkage.JOINS`.
    """
    ids = fragments["segment_id"].to_numpy().astype(np.int64)
    least = clusters(joins, settings.threshold, ids)
    groups, of = np.unique(least, return_inverse=True)
    voxels = np.zeros(len(groups), np.int64)
    np.add.at(voxels, of, fragments["voxels"].to_numpy().astype(np.int64))
    kept = voxels >= settings.min_segment_voxels
    number = np.where(kept, np.cumsum(kept), 0)
    mapping = pa.table([ids, number[of]], schema=FRAGMENTS)
    columns = {"segment_id": number[kept], "voxels": voxels[kept]}
    for axis in "zyx":
        low, high = (fragments[f"{end}_{axis}_nm"].to_numpy() for end in ("min", "max"))
        lowest, highest = np.full(len(groups), np.iinfo(np.int32).max), np.full(len(groups), np.iinfo(np.int32).min)
        np.minimum.at(lowest, of, low)
        np.maximum.at(highest, of, high)
        columns[f"min_{axis}_nm"], columns[f"max_{axis}_nm"] = lowest[kept], highest[kept]
    schema = TABLES["segments"].schema
    return pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema), mapping


def write_joined(
    source: Volume,
    mapping: pa.Table,
    output: Volume,
    blocks: Sequence[Block],
    *,
    filled: Callable[[Block], NDArray[np.int64] | None] = lambda block: None,
    grow_nm: float = 0.0,
    progress: Progress = silent,
) -> None:
    """Writes ``source`` (fragment ids) to ``output`` as segment ids, core by core of ``blocks``, which tile both.

    ``filled`` gives the flood-filled labels of a block's box, within which segments `spread`, or None. Then they grow by
    ``grow_nm``, see `grown`; where they spread, no further than the block's halo lets them see.

    Raises GraphkitError for a fragment that ``mapping`` does not name.
    """
    ids = mapping["fragment_id"].to_numpy()
    order = np.argsort(ids)
    ids, segments = ids[order], mapping["segment_id"].to_numpy()[order]
    halo = [math.ceil(grow_nm / size) for size in source.voxel_size_nm]
    for at, block in enumerate(blocks, start=1):
        labelled = filled(block)
        box = block.core.grown(halo, within=source.bounds) if labelled is None else block.box
        found = np.asarray(source.read(box)).astype(np.int64)
        here, inverse = np.unique(found, return_inverse=True)
        place = np.searchsorted(ids, here).clip(0, max(len(ids) - 1, 0))
        known = (ids[place] == here) if len(ids) else np.zeros(len(here), bool)
        if not known[here != 0].all():
            raise GraphkitError(
                f"The fragment {here[(here != 0) & ~known][0]} is not in the table of fragments.",
                hint="The fragments were made anew since: do the stage link again.",
            )
        new = np.where(known & (here != 0), segments[place] if len(ids) else 0, 0)
        labels = new[inverse].reshape(found.shape)
        if labelled is not None:
            labels = spread(labels, labelled)
        labels = grown(labels, source.voxel_size_nm, grow_nm)
        output.write(block.core, labels[block.core.slices(origin=box.start)])
        progress("writing segments", at / len(blocks))


def spread(labels: NDArray[np.int64], filled: NDArray[np.int64]) -> NDArray[np.int64]:
    """``labels`` [z, y, x] with the empty voxels of each flood-filled segment given to the label that is nearest within it.

    Nearest in steps through faces of voxels of that segment. A segment in which nothing is labelled stays empty.
    """
    from graphkit_pipeline.agglomeration.spread_kernel import spread_within

    out = np.array(labels, np.int64, order="C")
    spread_within(out, np.ascontiguousarray(filled, np.int64))
    return out


def grown(labels: NDArray[np.int64], voxel_size_nm: Sequence[float], grow_nm: float) -> NDArray[np.int64]:
    """``labels`` [z, y, x] with the empty voxels within ``grow_nm`` of a segment (centre to centre) given to the nearest one."""
    from scipy import ndimage

    if not grow_nm or not labels.any():
        return labels
    far, nearest = ndimage.distance_transform_edt(labels == 0, sampling=voxel_size_nm, return_indices=True)
    return np.where(far <= grow_nm, labels[tuple(nearest)], 0)


def segments_of_volume(volume: Volume, blocks: Sequence[Block]) -> pa.Table:
    """The table ``segments`` of a volume, counted core by core of ``blocks``, which tile it."""
    from scipy import ndimage

    parts: dict[str, list[NDArray[np.int64]]] = {"ids": [], "voxels": [], "low": [], "high": []}
    for block in blocks:
        ids, codes = np.unique(np.asarray(volume.read(block.core)).astype(np.int64), return_inverse=True)
        codes = codes.reshape(block.core.shape)
        boxes = ndimage.find_objects(codes + 1)
        parts["ids"].append(ids)
        parts["voxels"].append(np.bincount(codes.ravel()))
        for name, end in (("low", "start"), ("high", "stop")):
            edges = np.array([[getattr(side, end) for side in box] for box in boxes], np.int64)
            parts[name].append(edges + np.array(block.core.start))
    every = {name: np.concatenate(found) for name, found in parts.items()}
    ids, of = np.unique(every["ids"], return_inverse=True)
    voxels = np.zeros(len(ids), np.int64)
    low, high = np.full((len(ids), 3), np.iinfo(np.int64).max), np.full((len(ids), 3), np.iinfo(np.int64).min)
    np.add.at(voxels, of, every["voxels"])
    np.minimum.at(low, of, every["low"])
    np.maximum.at(high, of, every["high"])
    kept = ids != 0
    columns = {"segment_id": ids[kept], "voxels": voxels[kept]}
    for i, (axis, size) in enumerate(zip("zyx", volume.voxel_size_nm, strict=True)):
        columns[f"min_{axis}_nm"] = np.floor(low[kept, i] * size)
        columns[f"max_{axis}_nm"] = np.ceil(high[kept, i] * size)
    schema = TABLES["segments"].schema
    return pa.table([pa.array(columns[f.name].astype(np.int64), f.type) for f in schema], schema=schema)
