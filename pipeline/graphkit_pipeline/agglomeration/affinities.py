"""How sure the membrane network is that two segments are one: its affinities, summed over the contact.

An affinity at a voxel says whether it and the voxel an offset further lie in the same cell. Of two segments, all pairs of
voxels count of which one lies in each: short offsets see the wall itself, long ones see across it. Sums over blocks add
up to those of the whole, exactly, where each voxel is in the core of one block and blocks see ``reach`` voxels further.

A flood-filled segmentation can be heard as well: of two voxels that both have a label in it, it says surely the same cell or
surely not. `weighed` makes one score of both.

Arrays are [z, y, x], affinities [offset, z, y, x] as bytes, 255 = surely the same cell.

Affinities: Turaga et al. 2010; at long offsets Lee et al. 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit_pipeline.blocks import Box

__all__ = ["HEARD", "PAIRS", "add_up", "pair_scores", "reach", "weighed"]

Triple = tuple[int, int, int]

PAIRS = pa.schema(
    [
        pa.field("a", pa.int64(), False, {"description": "segment id, the lower of the two"}),
        pa.field("b", pa.int64(), False, {"description": "segment id, the higher of the two"}),
        pa.field("total", pa.int64(), False, {"description": "sum of affinities, 255 for each that is sure"}),
        pa.field("observations", pa.int64(), False, {"description": "pairs of voxels that the sum is of"}),
    ]
)

HEARD = pa.schema(
    [
        *PAIRS,
        pa.field("filled", pa.int64(), False, {"description": "pairs of voxels of which both are flood-filled"}),
        pa.field("agreed", pa.int64(), False, {"description": "those of them that are in one flood-filled segment"}),
    ]
)
"""`PAIRS` where there is a flood-filled segmentation as well."""

_PARTS = 100


def reach(offsets: Sequence[Triple]) -> Triple:
    """How many voxels beyond its core a block must see."""
    z, y, x = (max(abs(offset[axis]) for offset in offsets) for axis in range(3))
    return z, y, x


def pair_scores(
    labels: NDArray[Any],
    affinities: NDArray[np.uint8],
    offsets: Sequence[Triple],
    *,
    core: Box | None = None,
    filled: NDArray[Any] | None = None,
) -> pa.Table:
    """`PAIRS` of the segments whose voxels lie an offset apart, the first of the two in ``core`` (indices of the array).

    ``offsets`` are of at least 0 along each axis; ``affinities`` [offset, z, y, x] belong to the first voxel of a pair. With
    ``filled`` [z, y, x], flood-filled segments or 0, it is `HEARD`.
    """
    low, high = (core.start, core.stop) if core else ((0, 0, 0), labels.shape)
    ids, codes = np.unique(labels, return_inverse=True)
    codes = codes.reshape(labels.shape).astype(np.int64)
    none = int(np.searchsorted(ids, 0)) if (ids == 0).any() else -1
    keys, found = [], []
    for offset, affinity in zip(offsets, affinities, strict=True):
        ends = [min(h, n - o) for h, n, o in zip(high, labels.shape, offset, strict=True)]
        here = tuple(slice(lo, max(lo, e)) for lo, e in zip(low, ends, strict=True))
        there = tuple(slice(s.start + o, s.stop + o) for s, o in zip(here, offset, strict=True))
        one, other = codes[here], codes[there]
        differ = (one != other) & (one != none) & (other != none)
        one, other = one[differ], other[differ]
        keys.append(np.minimum(one, other) * len(ids) + np.maximum(one, other))
        values = [affinity[here][differ].astype(np.int64), np.ones(len(one), np.int64)]
        if filled is not None:
            a, b = filled[here][differ], filled[there][differ]
            values += [((a > 0) & (b > 0)).astype(np.int64), ((a > 0) & (a == b)).astype(np.int64)]
        found.append(np.stack(values))
    pairs, at = np.unique(np.concatenate(keys), return_inverse=True)
    every = np.concatenate(found, axis=1)
    sums = np.zeros((len(every), len(pairs)), np.int64)
    for total, values in zip(sums, every, strict=True):
        np.add.at(total, at, values)
    columns = (ids[pairs // max(len(ids), 1)], ids[pairs % max(len(ids), 1)], *sums)
    schema = PAIRS if filled is None else HEARD
    return pa.table([pa.array(c.astype(np.int64), pa.int64()) for c in columns], schema=schema)


def add_up(tables: Sequence[pa.Table], schema: pa.Schema = PAIRS) -> pa.Table:
    """`PAIRS` (or `HEARD`) of all blocks in one, each pair once, sorted by (a, b)."""
    every = pa.concat_tables([schema.empty_table(), *tables])
    summed = every.group_by(["a", "b"]).aggregate([(name, "sum") for name in schema.names[2:]])
    summed = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names]).select(schema.names)
    return summed.sort_by([("a", "ascending"), ("b", "ascending")]).cast(schema)


def weighed(heard: pa.Table, votes: float) -> pa.Table:
    """`PAIRS` of `HEARD`: what flood filling says of two voxels counts as ``votes`` affinities of 255 or 0.

    Totals and observations are in hundredths, so that they stay whole numbers; ``votes`` is rounded to those.
    """
    share = round(votes * _PARTS)
    column = {name: heard[name].to_numpy() for name in heard.column_names}
    total = _PARTS * column["total"] + share * 255 * column["agreed"]
    observations = _PARTS * column["observations"] + share * column["filled"]
    return pa.table([heard["a"], heard["b"], total, observations], schema=PAIRS)
