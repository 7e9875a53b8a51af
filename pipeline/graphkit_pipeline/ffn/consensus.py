"""The oversegmentation consensus: of several segmentations of the same voxels, one that merges nothing that any of them splits.

    a     11111222        each pair of ids is a segment of its own, and each connected
    b     11333330        part (26 neighbours) of one
    ----------------
          11222333        the last voxel has no label in b, and goes to the neighbour that a joins it with

A merge that one fill makes and another does not is undone by it; a split of either stays, for agglomeration to mend. Good
inputs err in different places: fills in forward and in reverse order of the seeds, or with the noise of other seeds.

Januszewski et al. 2018, High-precision automated reconstruction of neurons with flood-filling networks (consensus).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.inference import FfnResult, FillCounts

__all__ = ["consensus", "consensus_of_fills"]

Labels = NDArray[np.int64]


def consensus(segmentations: Sequence[NDArray[Any]], *, min_voxels: int = 1, one_is_enough: bool = True) -> Labels:
    """One segmentation int64 [z, y, x] of several of the same shape; ids 1 .. n by first voxel, 0 is background.

    No segment of it holds two different ids (other than 0) of any input, and each is connected.

    Args:
        segmentations: one or more integer arrays [z, y, x], 0 for nothing.
        min_voxels: smaller pieces become background.
        one_is_enough: a voxel that some inputs leave unlabelled is kept. It joins a touching piece that all inputs that label it
            agree with, that of the longest contact where there are several; else it is a piece. False: it becomes background.

    Raises:
        GraphkitError: no segmentation, or arrays of different shapes, of floats, or with negative ids.
    """
    import cc3d

    if not segmentations:
        raise GraphkitError("A consensus needs at least one segmentation.")
    if min_voxels < 1:
        raise GraphkitError(f"min_voxels must be 1 or more, not {min_voxels!r}.")
    shape = segmentations[0].shape
    for labels in segmentations:
        _check(labels, shape)
    if not segmentations[0].size:
        return np.zeros(shape, np.int64)
    columns, pairs = [], np.zeros(shape, np.int64).ravel()
    for labels in segmentations:
        _, codes = np.unique(labels, return_inverse=True)
        _, pairs = np.unique(pairs * (int(codes.max()) + 1) + codes.ravel(), return_inverse=True)
    whole = np.ones(shape, bool)
    some = np.zeros(shape, bool)
    for labels in segmentations:
        whole &= labels != 0
        some |= labels != 0
    kept = some if one_is_enough else whole
    numbered = np.where(kept, pairs.reshape(shape) + 1, 0)
    pieces = np.asarray(cc3d.connected_components(numbered.astype(np.uint32), connectivity=26)).astype(np.int64)
    if one_is_enough and not np.array_equal(whole, some):
        count = int(pieces.max())
        for labels in segmentations:
            ids = np.zeros(count + 1, np.int64)
            ids[pieces.ravel()] = labels.ravel()
            columns.append(ids)
        pieces = _given_back(pieces, np.stack(columns, axis=1))[pieces]
    return _numbered(pieces, min_voxels)


def consensus_of_fills(fills: Sequence[FfnResult], *, min_voxels: int = 1) -> FfnResult:
    """The consensus of fills of one image, with what it took to make them all.

    A segment's seed, moves, probability and pass are those of the segment that it was cut from: in the first fill, or where that
    has nothing there, in the next.
    """
    labels = consensus([fill.labels for fill in fills], min_voxels=min_voxels)
    ids = np.arange(1, int(labels.max(initial=0)) + 1, dtype=np.int64)
    told: dict[str, NDArray[Any]] = {
        name: np.zeros((len(ids), *getattr(fills[0], name).shape[1:]), getattr(fills[0], name).dtype)
        for name in ("moves", "seeds", "probability", "passes")
    }
    unknown = np.ones(len(ids), bool)
    for fill in fills:
        source = np.zeros(len(ids) + 1, np.int64)
        both = (labels > 0) & (fill.labels > 0)
        source[labels[both]] = fill.labels[both]  # no segment of a consensus holds two of a fill
        heard = unknown & (source[1:] > 0)
        for name, values in told.items():
            values[heard] = getattr(fill, name)[source[1:][heard] - 1]
        unknown &= ~heard
    counts = [fill.counts for fill in fills]
    summed = {name: sum(getattr(c, name) for c in counts) for name in ("seeds", "begun", "weak", "small", "moves")}
    taken = {name: sum(getattr(c, name) for c in counts) for name in ("network_s", "total_s")}
    voxels = np.bincount(labels.ravel(), minlength=len(ids) + 1)[1:].astype(np.int64)
    return FfnResult(labels=labels, ids=ids, voxels=voxels, counts=FillCounts(**summed, **taken), **told)


def _given_back(pieces: Labels, ids: Labels) -> Labels:
    """int64 [n + 1]: the piece that each piece becomes part of, which is itself where it has an id in every input.

    A piece with a gap goes to the touching whole piece with the same ids where both have one; whole pieces are never joined with
    each other, so nothing is joined that an input keeps apart.
    """
    from graphkit_pipeline.ffn.contacts import touching

    to = np.arange(len(ids))
    gap = (ids == 0).any(axis=1)
    one, other, neighbours = touching(pieces)
    a, b = np.concatenate([one, other]), np.concatenate([other, one])
    size = np.concatenate([neighbours, neighbours])
    fits = gap[a] & ~gap[b] & ((ids[a] == ids[b]) | (ids[a] == 0)).all(axis=1)
    a, b, size = a[fits], b[fits], size[fits]
    order = np.lexsort((b, -size, a))
    a, b = a[order], b[order]
    first = np.append(True, a[1:] != a[:-1]) if len(a) else np.zeros(0, bool)
    to[a[first]] = b[first]
    return to


def _numbered(pieces: Labels, min_voxels: int) -> Labels:
    """Ids 1 .. n by first voxel, without those of fewer voxels."""
    found, first, inverse, voxels = np.unique(pieces, return_index=True, return_inverse=True, return_counts=True)
    kept = np.flatnonzero((found != 0) & (voxels >= min_voxels))
    kept = kept[np.argsort(first[kept])]
    ids = np.zeros(len(found), np.int64)
    ids[kept] = np.arange(1, len(kept) + 1)
    return ids[inverse].reshape(pieces.shape)


def _check(labels: NDArray[Any], shape: tuple[int, ...]) -> None:
    if labels.ndim != 3 or labels.shape != shape:
        raise GraphkitError(
            f"The segmentations have the shapes {shape} and {labels.shape}; expected one shape [z, y, x].",
            hint="Cut them to the same box first.",
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise GraphkitError(f"Labels must be integers, got {labels.dtype}.")
    if labels.size and int(labels.min()) < 0:
        raise GraphkitError(f"Labels must be 0 or positive, got {int(labels.min())}.")
