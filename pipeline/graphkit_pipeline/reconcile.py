"""One segmentation from overlapping blocks that were segmented one by one.

                 core of A          core of B
    A's box ├────────────────┼────┤
    B's box             ├────┼─────────────────┤
                        └────────┘  the overlap: both have an opinion here

Where two boxes overlap, the pieces of A's and of B's segments vote. A *piece* is a connected part (26 neighbours) of one
segment within the overlap. Two pieces are joined when, over the voxels that both blocks labelled, their intersection is
more than ``min_iou`` of their union, when it has at least ``min_voxels`` voxels, and when it is at least ``min_cover`` of
the smaller of the two (voxels that the other block left empty counted in). Joined pieces join their segments.

Why this rule:
- With ``min_iou`` of a half or more a piece has at most one partner, and is that partner's only one: the order of looking
  cannot matter, and a segment that runs over three of its neighbours in the other block joins none of them. A false
  merge therefore costs what it covers in its own block and pulls nothing else together; one block's split stays a split
  for its smaller part. A merge is what cannot be mended by agglomeration later, a split can.
- Only voxels that both labelled count, because a network that moves by fields of view stays away from the border of its
  box, where segments end early. ``min_cover`` keeps that from turning a mere touch into agreement.
- Pieces, and not whole segments: one neurite that leaves a box and comes back is two segments there and one in the
  neighbour. Both of its crossings vote on their own.
- A segment without a voxel in its block's core has no say: it was seen from the edge only.

Where all blocks see the truth and differ in nothing but their ids, the result with ``min_voxels=1`` is exactly the truth.

The result does not depend on the order of the blocks, nor on who computed them when: segments are numbered 1, 2, ... by
their first voxel in the order z, y, x. Labels are int64, 0 is background. A block that failed is a hole of zeros.
Memory: two blocks at a time and a few numbers a segment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit.schema import TABLES
from graphkit_pipeline import provenance

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from graphkit_pipeline.blocks import Block, Box
    from graphkit_pipeline.volume import Volume

    Labels = NDArray[np.int64]

__all__ = ["ReconcileSettings", "Reconciliation", "reconcile_blocks", "votes"]

_STAGE = "reconciling blocks"


@dataclass(frozen=True, slots=True)
class ReconcileSettings:
    """When two segments of neighbouring blocks are one.

    Attributes:
        min_iou: intersection over union of two pieces, over the voxels that both blocks labelled; 0.5 or more.
        min_voxels: voxels that the two pieces share.
        min_cover: the same voxels over all voxels of the smaller piece.
        min_segment_voxels: smaller segments of the result become background.
    """

    min_iou: float = 0.5
    min_voxels: int = 16
    min_cover: float = 0.2
    min_segment_voxels: int = 1

    def __post_init__(self) -> None:
        if not 0.5 <= self.min_iou < 1:
            raise GraphkitError(
                f"reconcile min_iou must be from 0.5 up to and without 1, got {self.min_iou!r}.",
                hint="Below a half a piece could have two partners, and false merges would spread from block to block.",
            )
        if not 0 <= self.min_cover <= 1:
            raise GraphkitError(f"reconcile min_cover must be from 0 to 1, got {self.min_cover!r}.")
        for name in ("min_voxels", "min_segment_voxels"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise GraphkitError(f"reconcile {name} must be a whole number of 1 or more, got {value!r}.")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What became of the blocks.

    Attributes:
        segments: the table ``segments`` of a dataset, sorted by id: voxels and bounding box of each; and where the blocks say so
            how it was made (see `provenance`).
        joins: one row a pair of pieces that both blocks labelled somewhere together by at least ``min_voxels``: block_a,
            label_a, block_b, label_b, voxels, iou, cover, joined. The rows with joined=false are where blocks disagree.
        holes: blocks that failed; their cores are 0.
    """

    segments: pa.Table
    joins: pa.Table
    holes: tuple[Block, ...]


def reconcile_blocks(
    blocks: Sequence[Block],
    read: Callable[[Block], Mapping[str, NDArray[Any]]],
    output: Volume,
    *,
    settings: ReconcileSettings | None = None,
    failed: Sequence[Block] = (),
    progress: Progress = silent,
) -> Reconciliation:
    """Joins the blocks' segments and writes the whole segmentation to ``output``, core by core.

    Args:
        blocks: all of the blocks, those of ``failed`` among them or not; their cores tile ``output.bounds``.
        read: a block's arrays, e.g. ``functools.partial(read_block, folder)``: "labels" int64 [z, y, x] of its box, ids
            1..n, 0 for nothing. Called several times a block.
        output: a segmentation volume that can be written.

    Raises:
        GraphkitError: the blocks do not tile the volume or do not overlap, or a block's labels are not its box's.
    """
    settings = settings or ReconcileSettings()
    lost = {b.index for b in failed}
    whole = sorted({b.index: b for b in (*blocks, *failed)}.values(), key=lambda b: b.index)
    done = [b for b in whole if b.index not in lost]
    _check_tiles(whole, output.bounds)
    _check_chunks(whole, output)

    @lru_cache(maxsize=2)
    def labels_of(at: int) -> Labels:
        return _labels(read(done[at]), done[at])

    parts: list[_Parts] = []
    made: list[provenance.Made | None] = []
    joins: list[dict[str, NDArray[Any]]] = []
    neighbours = [[j for j in range(i + 1, len(done)) if _meet(done[i], done[j])] for i in range(len(done))]
    for i, block in enumerate(done):
        progress(_STAGE, 0.75 * i / len(done))
        made.append(provenance.of_block(read(block)))
        parts.append(_parts(labels_of(i), block, output.bounds))
        for j in neighbours[i]:
            overlap = block.box.intersection(done[j].box)
            mine = labels_of(i)[overlap.slices(block.box.start)]
            its = labels_of(j)[overlap.slices(done[j].box.start)]
            found = votes(mine, its, settings)
            n = len(found["voxels"])
            joins.append({"a": np.full(n, i), "b": np.full(n, j), **found})
    table = _joined(parts, joins)
    ids, segments = _number(parts, table, output, settings)
    segments = provenance.added(segments, ids, [p.voxels for p in parts], made, output.voxel_size_nm)
    number = {block.index: i for i, block in enumerate(done)}
    for i, block in enumerate(whole):
        progress(_STAGE, 0.75 + 0.25 * i / len(whole))
        at = number.get(block.index)
        if at is None:
            output.write(block.core, np.zeros(block.core.shape, np.int64))
        else:
            output.write(block.core, ids[at][labels_of(at)[block.core.slices(block.box.start)]])
    progress(_STAGE, 1.0)
    return Reconciliation(segments, _joins_table(done, table), tuple(b for b in whole if b.index in lost))


def votes(mine: Labels, its: Labels, settings: ReconcileSettings | None = None) -> dict[str, NDArray[Any]]:
    """The pairs of pieces in an overlap, and which are joined.

    Args:
        mine, its: the two blocks' labels of the same voxels, int64 [z, y, x].

    Returns:
        Columns "label_a", "label_b" (int64), "voxels" (shared, at least ``min_voxels``), "iou", "cover" (float64),
        "joined" (bool): one row a pair of pieces, ordered by the pieces' first voxels.
    """
    import cc3d

    settings = settings or ReconcileSettings()
    a, b = (np.asarray(cc3d.connected_components(np.ascontiguousarray(x), connectivity=26)) for x in (mine, its))
    na, nb = int(a.max(initial=0)) + 1, int(b.max(initial=0)) + 1
    both = (a > 0) & (b > 0)
    pa_, pb = a[both].astype(np.int64), b[both].astype(np.int64)
    pairs, shared = np.unique(pa_ * nb + pb, return_counts=True)
    left, right = pairs // nb, pairs % nb
    union = np.bincount(pa_, minlength=na)[left] + np.bincount(pb, minlength=nb)[right] - shared
    smaller = np.minimum(np.bincount(a.ravel(), minlength=na)[left], np.bincount(b.ravel(), minlength=nb)[right])
    label_a, label_b = np.zeros(na, np.int64), np.zeros(nb, np.int64)
    label_a[a.ravel()] = mine.ravel()  # any voxel of a piece has its label
    label_b[b.ravel()] = its.ravel()
    iou, cover = shared / union, shared / smaller
    enough = shared >= settings.min_voxels
    columns = {
        "label_a": label_a[left],
        "label_b": label_b[right],
        "voxels": shared,
        "iou": iou,
        "cover": cover,
        "joined": (iou > settings.min_iou) & (cover >= settings.min_cover) & enough,
    }
    return {name: values[enough] for name, values in columns.items()}


# -- one block -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Parts:
    """What of a block's segments lies in its core, by local id 0..n (row 0 is background and stays empty)."""

    voxels: NDArray[np.int64]  # [n + 1]
    first: NDArray[np.int64]  # [n + 1], number of the first voxel within the bounds, in the order z, y, x
    low: NDArray[np.int64]  # [n + 1, 3], global [z, y, x]
    high: NDArray[np.int64]  # [n + 1, 3], exclusive


def _labels(arrays: Mapping[str, NDArray[Any]], block: Block) -> Labels:
    labels = arrays.get("labels")
    if labels is None:
        raise GraphkitError(f"Block {block.name} has no array 'labels'; it has {', '.join(arrays) or 'nothing'}.")
    if labels.shape != block.box.shape or not np.issubdtype(labels.dtype, np.integer):
        raise GraphkitError(
            f"The labels of block {block.name} are {labels.dtype} of shape {labels.shape}; expected int64 of its box, "
            f"{block.box.shape}.",
            hint="They were made with other settings: delete the folder of blocks and segment again.",
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high > block.box.voxels:
        raise GraphkitError(
            f"The labels of block {block.name} go from {low} to {high}; local ids are 1..n, 0 is nothing."
        )
    return np.asarray(labels, np.int64)


def _parts(labels: Labels, block: Block, bounds: Box) -> _Parts:
    from scipy.ndimage import find_objects

    core = np.ascontiguousarray(labels[block.core.slices(block.box.start)])
    n = int(labels.max(initial=0))
    flat = core.ravel()
    # Assigned from the last voxel to the first, so that the first one stays.
    local = np.zeros(n + 1, np.int64)
    local[flat[::-1]] = np.arange(core.size - 1, -1, -1)
    origin = np.subtract(block.core.start, bounds.start)
    z, y, x = (o + i for o, i in zip(origin, np.unravel_index(local, core.shape), strict=True))
    first = (z * bounds.shape[1] + y) * bounds.shape[2] + x
    low, high = np.zeros((n + 1, 3), np.int64), np.zeros((n + 1, 3), np.int64)
    for i, found in enumerate(find_objects(core.astype(np.int32), max_label=n) if n else (), start=1):
        if found is not None:
            low[i] = [s.start for s in found] + np.asarray(block.core.start)
            high[i] = [s.stop for s in found] + np.asarray(block.core.start)
    voxels = np.bincount(flat, minlength=n + 1)
    voxels[0] = 0
    return _Parts(voxels, first, low, high)


# -- all blocks ------------------------------------------------------------------------------------------------------


def _joined(parts: Sequence[_Parts], joins: Sequence[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """All votes as one table; without those of segments that have no voxel in their block's core."""
    names = ("a", "b", "label_a", "label_b", "voxels", "iou", "cover", "joined")
    empty: dict[str, NDArray[Any]] = dict.fromkeys(names[:5], np.empty(0, np.int64))
    empty |= {"iou": np.empty(0), "cover": np.empty(0), "joined": np.empty(0, bool)}
    table = {name: np.concatenate([empty[name], *(j[name] for j in joins)]) for name in names}
    seen = np.ones(len(table["a"]), bool)
    for side in ("a", "b"):
        for at in np.unique(table[side]):
            rows = table[side] == at
            seen[rows] &= parts[at].voxels[table[f"label_{side}"][rows]] > 0
    return {name: values[seen] for name, values in table.items()}


def _number(
    parts: Sequence[_Parts], table: dict[str, NDArray[Any]], output: Volume, settings: ReconcileSettings
) -> tuple[list[Labels], pa.Table]:
    """Each block's table from local to final ids, and the table of segments."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    starts = np.cumsum([0, *(len(p.voxels) for p in parts)])
    total = int(starts[-1])
    rows = starts[table["a"]] + table["label_a"]
    columns = starts[table["b"]] + table["label_b"]
    edges = coo_array(
        (np.ones(int(table["joined"].sum()), bool), (rows[table["joined"]], columns[table["joined"]])), (total, total)
    )
    group = connected_components(edges, directed=False)[1] if total else np.empty(0, np.int64)
    voxels = np.concatenate([np.empty(0, np.int64), *(p.voxels for p in parts)])
    there = voxels > 0
    groups, of = np.unique(group[there], return_inverse=True)
    n = len(groups)
    size, first = np.zeros(n, np.int64), np.full(n, np.iinfo(np.int64).max)
    low, high = np.full((n, 3), np.iinfo(np.int64).max), np.full((n, 3), np.iinfo(np.int64).min)
    if n:
        np.add.at(size, of, voxels[there])
        np.minimum.at(first, of, np.concatenate([p.first for p in parts])[there])
        np.minimum.at(low, of, np.concatenate([p.low for p in parts])[there])
        np.maximum.at(high, of, np.concatenate([p.high for p in parts])[there])
    kept = np.flatnonzero(size >= settings.min_segment_voxels)
    kept = kept[np.argsort(first[kept])]
    final = np.zeros(n, np.int64)
    final[kept] = np.arange(1, len(kept) + 1)
    ids = np.zeros(total, np.int64)
    ids[there] = final[of]
    return np.split(ids, starts[1:-1]), _segments_table(size[kept], low[kept], high[kept], output)


def _segments_table(size: Labels, low: Labels, high: Labels, output: Volume) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, Any] = {"segment_id": np.arange(1, len(size) + 1, dtype=np.int64), "voxels": size}
    for at, axis in enumerate("zyx"):
        nm = output.voxel_size_nm[at]
        columns[f"min_{axis}_nm"] = np.floor(low[:, at] * nm).astype(np.int32)
        columns[f"max_{axis}_nm"] = np.ceil(high[:, at] * nm).astype(np.int32)
    schema = TABLES["segments"].schema
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _joins_table(done: Sequence[Block], table: dict[str, NDArray[Any]]) -> pa.Table:
    import pyarrow as pa

    index = np.array([b.index for b in done], np.int64)
    return pa.table(
        {
            "block_a": index[table["a"]] if len(index) else table["a"],
            "label_a": table["label_a"],
            "block_b": index[table["b"]] if len(index) else table["b"],
            "label_b": table["label_b"],
            **{name: table[name] for name in ("voxels", "iou", "cover", "joined")},
        }
    )


# -- checks ----------------------------------------------------------------------------------------------------------


def _meet(a: Block, b: Block) -> bool:
    return a.box.intersection(b.box).voxels > 0


def _check_tiles(blocks: Sequence[Block], bounds: Box) -> None:
    covered = sum(b.core.voxels for b in blocks)
    apart = next((b for b in blocks if b.core.intersection(bounds) != b.core), None)
    if apart is not None or covered != bounds.voxels:
        what = f"block {apart.name} lies outside" if apart else f"they cover {covered:,} of {bounds.voxels:,} voxels"
        raise GraphkitError(
            f"The blocks' cores do not tile the volume ({bounds}): {what}.",
            hint="Give all of the blocks that make_blocks made of the volume's bounds, those that failed too.",
        )
    if len(blocks) > 1 and all(b.box == b.core for b in blocks):
        raise GraphkitError(
            f"The {len(blocks)} blocks do not overlap, so that nothing says which of their segments are one.",
            hint="Make the blocks with a halo of 1 voxel or more; half a field of view is a good one.",
        )


def _check_chunks(blocks: Sequence[Block], output: Volume) -> None:
    begin, end = output.bounds.start, output.bounds.stop
    for block in blocks:
        edges = zip(
            (*block.core.start, *block.core.stop), (*begin, *begin), (*end, *end), output.chunk * 2, strict=True
        )
        if any((edge - first) % step and edge != last for edge, first, last, step in edges):
            raise GraphkitError(
                f"Block {block.name} does not begin and end on the chunks of {output.location}, {output.chunk} [z, y, x].",
                hint="Take a block size that is a multiple of the chunk, or a smaller chunk.",
            )
