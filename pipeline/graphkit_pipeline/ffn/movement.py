"""Where a fill goes next: the maxima of the faces of what was just predicted, breadth first.

After each move the largest logit on each of the six faces at +-delta from the centre is looked up; those of at least the
threshold of moves join the queue, the surest first. A place is not visited twice: places are told apart on a grid of cells of
the size of delta, whose cell 0 has the start in its middle.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

__all__ = ["FaceMaxMoves"]

Place = tuple[int, int, int]


class FaceMaxMoves:
    """The queue of one fill after another; ``begin`` starts a new one."""

    def __init__(self, deltas: Place, threshold: float) -> None:
        from graphkit_pipeline.ffn.kernels import face_maxima

        self._face_maxima = face_maxima
        self._deltas = deltas
        self._delta_array = np.array(deltas, dtype=np.int64)
        self._threshold = threshold
        self._scores = np.empty(6, dtype=np.float32)
        self._offsets = np.empty((6, 3), dtype=np.int64)
        self._queue: deque[Place] = deque()
        self._visited: set[Place] = set()
        self._start: Place = (0, 0, 0)

    def begin(self, start: Place) -> None:
        """Forgets everything; the first place is ``start``."""
        self._queue = deque([start])
        self._visited = set()
        self._start = start

    def next(self) -> Place | None:
        """The next place whose cell has not been visited, or None at the end."""
        while self._queue:
            place = self._queue.popleft()
            if self.cell(place) not in self._visited:
                return place
        return None

    def cell(self, place: Place) -> Place:
        """The cell of the grid that the place lies in."""
        z, y, x = ((p - s + d // 2) // max(d, 1) for p, s, d in zip(place, self._start, self._deltas, strict=True))
        return z, y, x

    def moved(self, place: Place, logits: NDArray[np.float32]) -> None:
        """Takes note of a visit and of the places that its prediction points to."""
        self._visited.add(self.cell(place))
        count = self._face_maxima(logits, self._delta_array, self._threshold, self._scores, self._offsets)
        ranked = sorted(zip(self._scores[:count].tolist(), self._offsets[:count].tolist(), strict=True), reverse=True)
        z, y, x = place
        self._queue.extend((z + dz, y + dy, x + dx) for _, (dz, dy, dx) in ranked)
