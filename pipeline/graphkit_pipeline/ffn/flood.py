"""The flood itself: one canvas on which object after object is filled, place after place.

    for each seed:  canvas := NaN, init at the seed
                    for each place of the moves: predict the field of view from image and canvas, write it back
                    where the canvas is >= segment and free: the segment, if it is large enough

All that a flood knows is a handful of arrays, so that it can be put away in the middle of an object and taken up again
(``state``, ``restore``). Arrays are [z, y, x] and include the frame; labels are int32 here: above 0 a segment, 0 free, below 0
closed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.calls import Predict
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings, logit

__all__ = ["Flood", "FloodCounts", "check_move"]

Place = tuple[int, int, int]


def check_move(settings: NetworkSettings, policy: FillPolicy) -> float:
    """The probability from which a fill moves. Raises GraphkitError where no seed reaches it."""
    move = settings.move if policy.move is None else policy.move
    if settings.init < move:
        raise GraphkitError(
            f"move is {move}, above the seed's own value init = {settings.init}: no fill could begin.",
            hint="Give the fill a lower move; that of the network, where it is left out, is one that its seeds reach.",
        )
    return move


@dataclass(slots=True)
class FloodCounts:
    """What a flood took; see ``inference.FillCounts``."""

    begun: int = 0
    weak: int = 0
    small: int = 0
    moves: int = 0
    network_s: float = 0.0


class Flood:
    """Fills ``image`` (uint8, C-contiguous) from one seed after another.

    ``labels`` int32 says what is taken already; it is changed in place. ``frame`` voxels on every side are looked at, and never
    part of a segment. The first segment has the label ``before`` + 1.

    Raises GraphkitError for a threshold of moves that no seed reaches.
    """

    def __init__(
        self,
        image: NDArray[np.uint8],
        labels: NDArray[np.int32],
        frame: Place,
        settings: NetworkSettings,
        policy: FillPolicy,
        predict: Predict,
        *,
        before: int = 0,
    ) -> None:
        from graphkit_pipeline.ffn import kernels

        move = check_move(settings, policy)
        self._kernels = kernels
        self._predict = predict
        self._image, self.labels = image, labels
        self._frame = np.array(frame, np.int64)
        self._grey = ((np.arange(256) - settings.mean) / settings.std).astype(np.float32)
        self._init, self._pad, self._move = (float(np.float32(logit(p))) for p in (settings.init, settings.pad, move))
        self._segment = float(np.float32(logit(settings.segment if policy.segment is None else policy.segment)))
        self._share = -1.0 if policy.disconnected_share is None else policy.disconnected_share
        self._distance = np.array(policy.min_boundary_distance, np.int64)
        self._unseen = policy.min_unseen_share * math.prod(settings.field_of_view)
        self._least = policy.min_segment_voxels
        self._margin = np.array(settings.field_of_view, np.int64) // 2
        deltas = policy.deltas_of(settings)
        self._deltas = np.array(deltas, np.int64)
        self._canvas = np.full(image.shape, np.nan, np.float32)
        self._image_view = np.empty(settings.field_of_view, np.float32)
        self._seed_view = np.empty(settings.field_of_view, np.float32)
        self._visited = np.zeros(
            [(n - 1) // d + 2 if d else 1 for n, d in zip(image.shape, deltas, strict=True)], np.uint8
        )
        self._queue = np.empty((1024, 3), np.int32)
        self._ends = np.zeros(2, np.int64)
        self._start, self._place, self._low, self._high = (np.zeros(3, np.int64) for _ in range(4))
        self._made = 0  # moves of the object at hand
        self._at_work = False
        self._before = before
        self.rows: list[tuple[int, int, float, Place]] = []
        """Of each segment: voxels, moves, mean probability, and the seed in the framed array."""
        self.counts = FloodCounts()

    def fill(self, start: Place, look: Callable[[], None] = lambda: None) -> None:
        """Fills from ``start`` if it may, and keeps the segment if it is one; ``look`` is called after each move."""
        if not self._may_begin(start):
            return
        self._begin(start)
        self.go_on(look)

    def go_on(self, look: Callable[[], None] = lambda: None) -> None:
        """Goes on with the object at hand to its end; nothing where there is none."""
        if self._at_work:
            while self._next():
                self._update()
                look()
            self._end()
            self._at_work = False

    def state(self) -> dict[str, NDArray[Any]]:
        """All that is needed to go on from here, as arrays."""
        counts, rows = self.counts, self.rows
        found: dict[str, NDArray[Any]] = {
            "labels": self.labels,
            "rows": np.array([(v, m, *place) for v, m, _, place in rows], np.int64).reshape(-1, 5),
            "probability": np.array([p for _, _, p, _ in rows], np.float64),
            "counts": np.array([counts.begun, counts.weak, counts.small, counts.moves], np.int64),
            "network_s": np.array(counts.network_s),
            "at_work": np.array(self._at_work),
        }
        if self._at_work:
            first, last = self._ends
            found |= {
                "object": np.array([self._start, self._low, self._high]),
                "made": np.array(self._made),
                "canvas": self._canvas[self._touched()],
                "visited": self._visited,
                "queue": self._queue[first:last],
            }
        return found

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Takes up what ``state`` gave, in a flood made from the same image, settings and policy."""
        self.labels[:] = state["labels"]
        self.rows = [
            (int(v), int(m), float(p), (int(z), int(y), int(x)))
            for (v, m, z, y, x), p in zip(state["rows"], state["probability"], strict=True)
        ]
        begun, weak, small, moves = state["counts"].tolist()
        self.counts = FloodCounts(begun, weak, small, moves, float(state["network_s"]))
        self._at_work = bool(state["at_work"])
        if self._at_work:
            self._start[:], self._low[:], self._high[:] = state["object"]
            self._made = int(state["made"])
            self._canvas[self._touched()] = state["canvas"]
            self._visited[:] = state["visited"]
            waiting = len(state["queue"])
            self._queue = np.empty((max(1024, 2 * waiting), 3), np.int32)
            self._queue[:waiting] = state["queue"]
            self._ends[:] = 0, waiting

    def _may_begin(self, place: Place) -> bool:
        inside = all(m <= p < n - m for p, m, n in zip(place, self._margin, self._image.shape, strict=True))
        if not inside or self.labels[place] != 0:
            return False
        return not self._kernels.any_segment(self.labels, np.array(place, np.int64), self._distance)

    def _begin(self, start: Place) -> None:
        self.counts.begun += 1
        for where in (self._start, self._low, self._high):
            where[:] = start
        self._canvas[start] = self._init
        self._visited[:] = 0
        self._queue[0] = start
        self._ends[:] = 0, 1
        self._made, self._at_work = 0, True

    def _next(self) -> bool:
        """Whether there is a place to move to; it is in ``_place``."""
        found = self._kernels.next_place(
            self._canvas,
            self.labels,
            self._visited,
            self._queue,
            self._ends,
            self._start,
            self._deltas,
            self._margin,
            self._frame,
            self._move,
            self._unseen if self._made else 0.0,
            self._place,
        )
        return found == 1

    def _update(self) -> NDArray[np.float32]:
        """One call of the network around ``_place``, and what follows from it for the queue; the logits now on the canvas."""
        z, y, x = (int(v) for v in self._place - self._margin)
        self._kernels.take(self._image, self._grey, self._canvas, z, y, x, self._pad, self._image_view, self._seed_view)
        before = perf_counter()
        answer = self._predict(self._image_view, self._seed_view)
        self.counts.network_s += perf_counter() - before
        self.counts.moves += 1
        logits = np.array(answer, dtype=np.float32, order="C")  # a backend's array may be read-only
        self._kernels.merge(self._canvas, z, y, x, logits, self._move, self._share)
        if self._ends[1] + 6 > len(self._queue):
            self._queue = np.concatenate([self._queue, np.empty_like(self._queue)])
        self._kernels.note_move(
            logits, self._visited, self._queue, self._ends, self._start, self._deltas, self._move, self._place
        )
        self._made += 1
        np.minimum(self._low, self._place, out=self._low)
        np.maximum(self._high, self._place, out=self._high)
        return logits

    def _end(self) -> None:
        """Keeps the segment, or counts why it is none, and clears the canvas."""
        z, y, x = self._start.tolist()
        start: Place = (z, y, x)
        low = np.maximum(self._low - self._margin, self._frame)
        high = np.minimum(self._high + self._margin + 1, np.array(self._image.shape) - self._frame)
        if self._made == 0 or self._canvas[start] < self._move:
            self.counts.weak += 1
        else:
            voxels, probability = self._kernels.weigh(self._canvas, self.labels, low, high, self._segment)
            if voxels < self._least:
                self.counts.small += 1
            else:
                self.rows.append((voxels, self._made, probability, start))
                label = self._before + len(self.rows)
                self._kernels.paint(self._canvas, self.labels, low, high, self._segment, label)
        self._canvas[self._touched()] = np.nan

    def _touched(self) -> tuple[slice, slice, slice]:
        """The box of all fields of view of the object at hand."""
        z, y, x = (slice(a - m, b + m + 1) for a, b, m in zip(self._low, self._high, self._margin, strict=True))
        return z, y, x
