"""Fields of view of many fills in one call of the network, for a device on which one alone is a waste.

    fill of a block ──┐  a place of its own, answered       ┌─ the device takes what is ready when it is free,
    fill of a block ──┼─ when its turn comes: ── queue ─────┤  up to ``batch`` of them, and waits for nobody;
    fill of a block ──┘                                     └─ a full batch it is given while still at work on another

Each fill runs in a thread and waits for its own answer only; there is no step that all take together. What a fill gets does not
depend on who shares its call, so the labels are those of a call for each, as long as the backend computes the rows of a batch
independently (TensorFlow on a CPU does, to the bit, in the tests; elsewhere measure it). A call always has the same shape:
what is missing is filled up.

Only fills of different blocks may share calls: an object may not enter those before it, so within a block one follows the other.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.calls import IN_FLIGHT, Fetch, Start, prepared
from graphkit_pipeline.ffn.inference import FfnResult, segment_array
from graphkit_pipeline.ffn.network import FfnNetwork
from graphkit_pipeline.ffn.settings import FillPolicy

__all__ = ["BatchedPredict", "segment_arrays"]

_Views = NDArray[np.float32]
_Waiting = tuple[_Views, _Views, "Future[_Views]"]


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """Calls of the network, and the fields of view in them."""

    calls: int
    views: int


class BatchedPredict:
    """A network as a function of one field of view, as `compiled` gives it, that may be called from many threads at once.

    ``start`` begins a call of the network (see `calls`); it is the network's own where left out. While the device is at work on
    one call the next is begun if it is full, so that the device need not wait for what is done between two calls.
    """

    def __init__(self, network: FfnNetwork, batch: int, start: Start | None = None) -> None:
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise GraphkitError(f"batch must be a whole number of fields of view, 1 or more, not {batch!r}.")
        self._start = start or prepared(network, batch)
        shape = (batch, *network.settings.field_of_view)
        self._views = deque((np.zeros(shape, np.float32), np.zeros(shape, np.float32)) for _ in range(IN_FLIGHT))
        self._batch = batch
        self._ready: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._calls = self._asked = 0
        threading.Thread(target=self._serve, name="network", daemon=True).start()

    @property
    def counts(self) -> BatchCounts:
        """What was asked of the network so far."""
        return BatchCounts(self._calls, self._asked)

    def __call__(self, image: _Views, seed: _Views) -> _Views:
        answer: Future[_Views] = Future()
        self._ready.put((image, seed, answer))
        return answer.result()

    def _serve(self) -> None:
        waiting: list[_Waiting] = []
        flying: deque[tuple[Fetch, list[_Waiting]]] = deque()

        def begin() -> None:
            nonlocal waiting
            full = self._top_up(waiting)
            if waiting and (not flying or (full and len(flying) < IN_FLIGHT)):
                flying.append((self._begin(waiting), waiting))
                waiting = []

        while True:
            if not waiting and not flying:
                waiting.append(self._ready.get())
            begin()
            begin()
            fetch, together = flying.popleft()
            try:
                logits = fetch()
            except BaseException as error:  # whoever waits must hear of it
                for _, _, answer in together:
                    answer.set_exception(error)
                continue
            begin()
            self._calls += 1
            self._asked += len(together)
            for row, (_, _, answer) in enumerate(together):
                answer.set_result(logits[row])

    def _top_up(self, waiting: list[_Waiting]) -> bool:
        """Takes what is ready, up to a batch; whether that is full."""
        while len(waiting) < self._batch:
            try:
                waiting.append(self._ready.get_nowait())
            except queue.Empty:
                return False
        return True

    def _begin(self, together: list[_Waiting]) -> Fetch:
        images, seeds = self._views[0]
        self._views.rotate(1)
        for row, (image, seed, _) in enumerate(together):
            images[row], seeds[row] = image, seed
        try:
            return self._start(images, seeds)
        except BaseException as error:  # heard of where the answer is fetched
            failed = error

            def fetch() -> _Views:
                raise failed

            return fetch


def segment_arrays(
    images: Sequence[NDArray[np.uint8]],
    network: FfnNetwork,
    policy: FillPolicy | None = None,
    *,
    batch: int = 8,
    at_once: int | None = None,
    origins: Sequence[tuple[int, int, int]] | None = None,
    predict: BatchedPredict | None = None,
) -> list[FfnResult]:
    """`segment_array` of each image, ``at_once`` of them under way (three times the batch where it is not said).

    One batch is with the device, one waits for it, and one is between two places. Raises what `segment_array` does.
    """
    shared = predict or BatchedPredict(network, batch)
    begins = origins or [(0, 0, 0)] * len(images)

    def one(image: NDArray[np.uint8], origin: tuple[int, int, int]) -> FfnResult:
        return segment_array(image, network, policy, origin=origin, predict=shared)

    with ThreadPoolExecutor(at_once or 3 * batch) as pool:
        return list(pool.map(one, images, begins))
