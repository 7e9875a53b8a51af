"""Fields of view of many fills in one call of the network, for a device on which one alone is a waste.

    fill of a block ──┐  a place of its own, answered       ┌─ the device takes what is ready when it is free,
    fill of a block ──┼─ when its turn comes: ── queue ─────┤  up to ``batch`` of them, and waits for nobody
    fill of a block ──┘                                     └─ answers

Each fill runs in a thread and waits for its own answer only; there is no step that all take together. What a fill gets does not
depend on who shares its call, so the labels are those of a call for each, as long as the backend computes the rows of a batch
independently (TensorFlow on a CPU does, to the bit, in the tests; elsewhere measure it). A call always has the same shape:
what is missing is filled up.

Only fills of different blocks may share calls: an object may not enter those before it, so within a block one follows the other.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.backend import import_keras
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

    ``call`` takes images and seed logits [batch, z, y, x] and gives logits of that shape; it is the network's own where left out.
    """

    def __init__(self, network: FfnNetwork, batch: int, call: Callable[[_Views, _Views], _Views] | None = None) -> None:
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise GraphkitError(f"batch must be a whole number of fields of view, 1 or more, not {batch!r}.")
        self._call = call or _compiled(network, batch)
        self._images = np.zeros((batch, *network.settings.field_of_view), np.float32)
        self._seeds = np.zeros_like(self._images)
        self._ready: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._calls = self._views = 0
        threading.Thread(target=self._serve, name="network", daemon=True).start()

    @property
    def counts(self) -> BatchCounts:
        """What was asked of the network so far."""
        return BatchCounts(self._calls, self._views)

    def __call__(self, image: _Views, seed: _Views) -> _Views:
        answer: Future[_Views] = Future()
        self._ready.put((image, seed, answer))
        return answer.result()

    def _serve(self) -> None:
        while True:
            together = [self._ready.get()]
            while len(together) < len(self._images):
                try:
                    together.append(self._ready.get_nowait())
                except queue.Empty:
                    break
            for row, (image, seed, _) in enumerate(together):
                self._images[row], self._seeds[row] = image, seed
            try:
                logits = self._call(self._images, self._seeds)
            except BaseException as error:  # whoever waits must hear of it
                for _, _, answer in together:
                    answer.set_exception(error)
                continue
            self._calls += 1
            self._views += len(together)
            for row, (_, _, answer) in enumerate(together):
                answer.set_result(logits[row])


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
    """`segment_array` of each image, ``at_once`` of them under way (twice the batch where it is not said).

    More under way than fit a call keep the device busy while the others are between two places. Raises what `segment_array` does.
    """
    shared = predict or BatchedPredict(network, batch)
    begins = origins or [(0, 0, 0)] * len(images)

    def one(image: NDArray[np.uint8], origin: tuple[int, int, int]) -> FfnResult:
        return segment_array(image, network, policy, origin=origin, predict=shared)

    with ThreadPoolExecutor(at_once or 2 * batch) as pool:
        return list(pool.map(one, images, begins))


def _compiled(network: FfnNetwork, batch: int) -> Callable[[_Views, _Views], _Views]:
    """The network on ``batch`` fields of view; on TensorFlow a graph of this shape."""
    keras = import_keras()

    def plain(images: _Views, seeds: _Views) -> _Views:
        logits = network.model([images[..., None], seeds[..., None]], training=False)
        return np.asarray(keras.ops.convert_to_numpy(logits))[..., 0]

    if keras.backend.backend() != "tensorflow":
        return plain
    import tensorflow as tf

    shape = (batch, *network.settings.field_of_view, 1)
    graph = tf.function(
        lambda image, seed: network.model([image, seed], training=False),
        input_signature=[tf.TensorSpec(shape, tf.float32)] * 2,
        autograph=False,
    ).get_concrete_function()

    def run(images: _Views, seeds: _Views) -> _Views:
        logits = graph(tf.constant(images.reshape(shape)), tf.constant(seeds.reshape(shape)))
        return np.asarray(logits.numpy())[..., 0]

    return run
