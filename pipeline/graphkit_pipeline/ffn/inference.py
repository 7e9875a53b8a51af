"""Filling a volume, object after object.

    for each seed:  canvas := NaN, init at the seed
                    for each place of the moves: predict the field of view from image and canvas, write it back
                    where the canvas is >= segment and free: the segment, if it is large enough

Arrays are [z, y, x]; labels are int64, 0 where no segment was made. The same image, network, policy and backend give the same
labels. A place whose field of view would leave the array (with its mirrored frame, where the policy has one) is not visited.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.ffn.movement import FaceMaxMoves, Place
from graphkit_pipeline.ffn.network import FfnNetwork, Predict, compiled
from graphkit_pipeline.ffn.seeds import peak_seeds
from graphkit_pipeline.ffn.settings import FillPolicy, logit

__all__ = ["FfnResult", "FillCounts", "segment_array"]


@dataclass(frozen=True, slots=True)
class FillCounts:
    """What a fill took: places looked at, calls of the network, time."""

    seeds: int
    """Seeds that were found."""
    begun: int
    """Seeds from which a fill was begun; the others lay in or near a segment, or too near the border."""
    weak: int
    """Fills given up because the network took the seed back."""
    small: int
    """Fills given up because they were smaller than the least size."""
    moves: int
    """Calls of the network, those of given-up fills included."""
    network_s: float
    total_s: float

    @property
    def moves_per_s(self) -> float:
        """Calls of the network a second of the whole."""
        return self.moves / self.total_s if self.total_s else 0.0


@dataclass(frozen=True, slots=True)
class FfnResult:
    """Labels int64 [z, y, x] and, for the ids 1 .. n in them: voxels [n], moves [n] and the seed's place [n, 3]."""

    labels: NDArray[np.int64]
    ids: NDArray[np.int64]
    voxels: NDArray[np.int64]
    moves: NDArray[np.int64]
    seeds: NDArray[np.int64]
    counts: FillCounts


def segment_array(
    image: NDArray[np.uint8],
    network: FfnNetwork,
    policy: FillPolicy | None = None,
    *,
    origin: Place = (0, 0, 0),
    seeds: NDArray[np.int64] | None = None,
    predict: Predict | None = None,
    progress: Progress = silent,
) -> FfnResult:
    """Segments ``image`` (uint8 [z, y, x]); a constant image has no seeds, and so no segments.

    ``origin`` is the image's first voxel in its volume: seeds hang on global places. ``seeds`` [n, 3] replaces the search for
    them; they are tried in their order. ``predict`` is ``compiled(network)`` where the caller already has it.

    Raises GraphkitError for an image that is not uint8, not three-dimensional or smaller than the field of view.

    Januszewski et al. 2018, High-precision automated reconstruction of neurons with flood-filling networks.
    """
    begin = perf_counter()
    policy = policy or FillPolicy()
    check_image(image, network)
    if seeds is None:
        progress("seeds", 0.0)
        seeds = peak_seeds(image, policy, origin=origin)
    border = tuple(v // 2 if policy.mirror else 0 for v in network.settings.field_of_view)
    framed = np.pad(image, [(b, b) for b in border], mode="reflect") if policy.mirror else np.ascontiguousarray(image)
    fill = _Fill(framed, border, network, policy, predict or compiled(network))
    places: list[Place] = [(int(z), int(y), int(x)) for z, y, x in np.asarray(seeds) + np.array(border)]
    for done, place in enumerate(places):
        if fill.may_begin(place):
            fill.segment(place)
        progress("filling", (done + 1) / len(places))
    return fill.result(len(places), perf_counter() - begin)


def check_image(image: NDArray[np.uint8], network: FfnNetwork) -> None:
    """Raises GraphkitError for what cannot be segmented with this network."""
    view = network.settings.field_of_view
    if image.dtype != np.uint8:
        nan = np.issubdtype(image.dtype, np.floating) and bool(np.isnan(image).any())
        raise GraphkitError(
            f"The image is {image.dtype}{' and holds NaN' if nan else ''}; expected uint8 grey values.",
            hint="Convert it to uint8 first, with the contrast that the network was trained on.",
        )
    if image.ndim != 3 or any(n < v for n, v in zip(image.shape, view, strict=True)):
        raise GraphkitError(
            f"The image has the shape {image.shape}; expected [z, y, x] of at least the field of view {view}.",
            hint="Use larger blocks, or a network with a smaller field of view.",
        )


class _Fill:
    """The canvas, the segments so far and the counts of one run; ``frame`` voxels on every side are no part of the answer."""

    def __init__(
        self,
        image: NDArray[np.uint8],
        frame: tuple[int, ...],
        network: FfnNetwork,
        policy: FillPolicy,
        predict: Predict,
    ) -> None:
        from graphkit_pipeline.ffn import kernels

        s = network.settings
        move = s.move if policy.move is None else policy.move
        if s.init < move:
            raise GraphkitError(f"move is {move}, above the seed's own value init = {s.init}: no fill could begin.")
        self._take, self._merge = kernels.take, kernels.merge
        self._predict = predict
        self._image = image
        self._frame = np.array(frame)
        self._inner = tuple(slice(f, n - f) for f, n in zip(frame, image.shape, strict=True))
        self._grey = ((np.arange(256) - s.mean) / s.std).astype(np.float32)
        self._init, self._pad, self._move = (float(np.float32(logit(p))) for p in (s.init, s.pad, move))
        self._segment = float(np.float32(logit(s.segment if policy.segment is None else policy.segment)))
        self._share = -1.0 if policy.disconnected_share is None else policy.disconnected_share
        self._distance = policy.min_boundary_distance
        self._least = policy.min_segment_voxels
        self._margin = tuple(v // 2 for v in s.field_of_view)
        self._moves = FaceMaxMoves(s.deltas, self._move)
        self._canvas = np.full(image.shape, np.nan, dtype=np.float32)
        self._image_view = np.empty(s.field_of_view, dtype=np.float32)
        self._seed_view = np.empty(s.field_of_view, dtype=np.float32)
        self._labels = np.zeros(image.shape, dtype=np.int64)
        self._rows: list[tuple[int, int, Place]] = []
        self._begun = self._weak = self._small = self._calls = 0
        self._network_s = 0.0

    def may_begin(self, place: Place) -> bool:
        """Whether a fill may begin here; a place too near a segment is marked and not asked again."""
        if not self._inside(place) or self._labels[place] > 0:
            return False
        near = tuple(slice(max(p - d, 0), p + d + 1) for p, d in zip(place, self._distance, strict=True))
        if (self._labels[near] > 0).any():
            self._labels[place] = -1
            return False
        return True

    def segment(self, start: Place) -> None:
        """Fills from ``start`` and keeps the segment, or marks the seed as failed."""
        self._begun += 1
        self._canvas[start] = self._init
        moves, touched = self._flood(start)
        inner = tuple(
            slice(max(t.start, i.start), min(t.stop, i.stop)) for t, i in zip(touched, self._inner, strict=True)
        )
        canvas, labels = self._canvas[inner], self._labels[inner]
        if moves == 0 or self._canvas[start] < self._move:
            self._weak += 1
            self._labels[start] = -1
        else:
            mask = (canvas >= self._segment) & (labels <= 0)
            voxels = int(np.count_nonzero(mask))
            if voxels < self._least:
                self._small += 1
                self._labels[start] = -1
            else:
                self._rows.append((voxels, moves, start))
                labels[mask] = len(self._rows)
        self._canvas[touched] = np.nan

    def result(self, seeds: int, total_s: float) -> FfnResult:
        labels = np.ascontiguousarray(np.maximum(self._labels[self._inner], 0))
        voxels, moves, starts = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        counts = FillCounts(seeds, self._begun, self._weak, self._small, self._calls, self._network_s, total_s)
        return FfnResult(
            labels,
            np.arange(1, len(self._rows) + 1, dtype=np.int64),
            np.array(voxels, dtype=np.int64),
            np.array(moves, dtype=np.int64),
            np.array(starts, dtype=np.int64).reshape(-1, 3) - self._frame,
            counts,
        )

    def _inside(self, place: Place) -> bool:
        return all(m <= p < n - m for p, m, n in zip(place, self._margin, self._image.shape, strict=True))

    def _flood(self, start: Place) -> tuple[int, tuple[slice, slice, slice]]:
        """Moves until no place is left or the seed is taken back; how many moves, and the box that they touched."""
        moves = self._moves
        moves.begin(start)
        low, high, count = list(start), list(start), 0
        while (place := moves.next()) is not None:
            if self._canvas[place] < self._move or not self._inside(place) or self._labels[place] > 0:
                continue
            if self._canvas[start] < self._move:
                break
            moves.moved(place, self._update(place))
            count += 1
            for axis, p in enumerate(place):
                low[axis], high[axis] = min(low[axis], p), max(high[axis], p)
        z, y, x = (slice(a - m, b + m + 1) for a, b, m in zip(low, high, self._margin, strict=True))
        return count, (z, y, x)

    def _update(self, place: Place) -> NDArray[np.float32]:
        """One call of the network around ``place``: the logits as they now stand on the canvas."""
        z, y, x = (p - m for p, m in zip(place, self._margin, strict=True))
        self._take(self._image, self._grey, self._canvas, z, y, x, self._pad, self._image_view, self._seed_view)
        before = perf_counter()
        logits = self._predict(self._image_view, self._seed_view)
        self._network_s += perf_counter() - before
        self._calls += 1
        logits = np.array(logits, dtype=np.float32, order="C")  # a backend's array may be read-only
        self._merge(self._canvas, z, y, x, logits, self._move, self._share)
        return logits
