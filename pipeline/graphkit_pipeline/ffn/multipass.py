"""A block filled in passes, each into what the ones before it left empty, at the image's resolution or at a coarser one.

    image ── pass 1 ──> labels ── pass 2 ──> labels ── ...
      └ averaged over downsample voxels ─ fill ─ repeated ┘

Coarse voxels begin at global multiples of ``downsample``, so that blocks which overlap see the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.ffn.calls import Predict
from graphkit_pipeline.ffn.inference import FfnResult, FillCounts, segment_array
from graphkit_pipeline.ffn.network import FfnNetwork
from graphkit_pipeline.ffn.passes import FillPass, SeedPolicy
from graphkit_pipeline.ffn.seeds import find_seeds
from graphkit_pipeline.ffn.settings import FillPolicy
from graphkit_pipeline.ffn.unfinished import Unfinished

__all__ = ["LoadedPass", "fill_in_passes"]

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class LoadedPass:
    """A pass with its network, and where its seeds come from: ``given`` is what `find_seeds` takes, on the image's voxels."""

    settings: FillPass
    network: FfnNetwork
    predict: Predict
    fill: FillPolicy
    seeds: SeedPolicy
    given: NDArray[Any] | None = None


def fill_in_passes(
    image: NDArray[np.uint8],
    passes: Sequence[LoadedPass],
    *,
    origin: Triple = (0, 0, 0),
    closed: NDArray[np.bool_] | None = None,
    unfinished: Callable[[int], Unfinished] | None = None,
    progress: Progress = silent,
) -> FfnResult:
    """The segments of all passes, numbered in the order in which they were made; ``passes`` of the result says by which (from 1).

    ``origin`` and ``closed`` are those of `segment_array`; ``unfinished`` gives the file of a pass by its number.

    Raises GraphkitError for an image that cannot be segmented with one of the networks.
    """
    begin = perf_counter()
    labels = np.zeros(image.shape, np.int64)
    found: list[FfnResult] = []
    first = np.zeros((0, 3), np.int64)
    for number, one in enumerate(passes, start=1):
        result, seeds = _one_pass(
            image,
            one,
            origin,
            labels if number > 1 else None,
            closed,
            first,
            None if unfinished is None else unfinished(number),
            progress,
        )
        first = seeds if one.settings.leaves == "seeds" else first[:0]
        if one.settings.leaves == "seeds":
            result = _nothing_of(result)
        labels[result.labels > 0] = result.labels[result.labels > 0] + sum(len(r.ids) for r in found)
        found.append(replace(result, passes=np.full(len(result.ids), number, np.int16)))
    return _together(labels, found, perf_counter() - begin)


def _one_pass(
    image: NDArray[np.uint8],
    one: LoadedPass,
    origin: Triple,
    filled: NDArray[np.int64] | None,
    closed: NDArray[np.bool_] | None,
    first: NDArray[np.int64],
    unfinished: Unfinished | None,
    progress: Progress,
) -> tuple[FfnResult, NDArray[np.int64]]:
    """The pass's segments on the image's voxels, and where they began, in the order of the fills."""
    grid = _Grid(image.shape, origin, one.settings.downsample)
    taken = None if filled is None else grid.most(filled > 0)
    shut = None if closed is None else grid.most(closed)
    either = taken if shut is None else shut if taken is None else taken | shut
    given = one.given
    if given is not None:
        given = given // np.array(grid.step) if one.seeds.source == "points" else grid.mean(given)
    picture = grid.mean(image)
    seeds = find_seeds(picture, one.seeds, one.fill, origin=grid.origin, taken=either, given=given)
    result = segment_array(
        picture,
        one.network,
        one.fill,
        origin=grid.origin,
        seeds=np.concatenate([grid.to_coarse(first), seeds]),
        predict=one.predict,
        filled=taken,
        closed=shut,
        unfinished=unfinished,
        progress=progress,
    )
    if grid.step == (1, 1, 1):
        return result, result.seeds
    labels = grid.repeated(result.labels)
    if filled is not None:
        labels[filled > 0] = 0
    if closed is not None:
        labels[closed] = 0
    starts = grid.to_fine(result.seeds)
    return replace(
        result, labels=labels, voxels=np.bincount(labels.ravel(), minlength=len(result.ids) + 1)[1:], seeds=starts
    ), starts


class _Grid:
    """Coarse voxels of ``step`` voxels each, on global multiples of it; those that a block holds only in part are left out."""

    def __init__(self, shape: tuple[int, ...], origin: Triple, step: Triple) -> None:
        self.step, self._shape = step, shape
        self._lead = np.array([(-o) % s for o, s in zip(origin, step, strict=True)], np.int64)
        self._size = [int(n - lead) // s for n, lead, s in zip(shape, self._lead, step, strict=True)]
        if min(self._size) < 1:
            raise GraphkitError(f"A block of {shape} voxels is too small to be averaged over {step} [z, y, x].")
        z, y, x = ((o + int(lead)) // s for o, lead, s in zip(origin, self._lead, step, strict=True))
        self.origin: Triple = (z, y, x)

    def mean(self, array: NDArray[Any]) -> NDArray[Any]:
        """The mean over each coarse voxel, rounded where the array is of whole numbers."""
        if self.step == (1, 1, 1):
            return array
        inside = tuple(
            slice(lead, lead + n * s) for lead, n, s in zip(self._lead.tolist(), self._size, self.step, strict=True)
        )
        (a, b, c), (i, j, k) = self._size, self.step
        means = array[inside].reshape(a, i, b, j, c, k).mean(axis=(1, 3, 5), dtype=np.float32)
        return np.asarray(np.rint(means).astype(array.dtype) if np.issubdtype(array.dtype, np.integer) else means)

    def most(self, array: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether at least half of a coarse voxel is true."""
        return array if self.step == (1, 1, 1) else np.asarray(self.mean(array.astype(np.float32)) >= 0.5)

    def repeated(self, array: NDArray[Any]) -> NDArray[Any]:
        """A coarse array on the fine voxels; those of no coarse voxel have the value of the nearest."""
        z, y, x = (
            np.clip((np.arange(n) - lead) // s, 0, size - 1)
            for n, lead, s, size in zip(self._shape, self._lead, self.step, self._size, strict=True)
        )
        return np.ascontiguousarray(array[np.ix_(z, y, x)])

    def to_coarse(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(np.clip((places - self._lead) // np.array(self.step), 0, np.array(self._size) - 1), np.int64)

    def to_fine(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The voxel in the middle of each coarse one."""
        return np.asarray(places * np.array(self.step) + np.array(self.step) // 2 + self._lead, np.int64)


def _nothing_of(result: FfnResult) -> FfnResult:
    """Only what the fills took."""
    return replace(
        result,
        labels=np.zeros_like(result.labels),
        **{name: getattr(result, name)[:0] for name in ("ids", "voxels", "moves", "seeds", "probability", "passes")},
    )


def _together(labels: NDArray[np.int64], found: Sequence[FfnResult], total_s: float) -> FfnResult:
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(r, name) for r in found])
        for name in ("voxels", "moves", "seeds", "probability", "passes")
    }
    counts = [r.counts for r in found]
    summed = {name: sum(getattr(c, name) for c in counts) for name in ("seeds", "begun", "weak", "small", "moves")}
    total = FillCounts(**summed, network_s=sum(c.network_s for c in counts), total_s=total_s)
    return FfnResult(labels=labels, ids=np.arange(1, len(joined["voxels"]) + 1, dtype=np.int64), counts=total, **joined)
