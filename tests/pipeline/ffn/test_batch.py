"""Many fills that share calls of the network: the labels of each alone, whatever shares a call with what."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from graphkit_pipeline.ffn.batch import BatchedPredict, segment_arrays
from graphkit_pipeline.ffn.calls import compiled
from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.network import FfnNetwork, build_network
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SMALL = NetworkSettings(field_of_view=(7, 5, 7), deltas=(2, 1, 2), depth=2, features=4)
POLICY = FillPolicy(min_segment_voxels=20, mirror=False)


@pytest.fixture(scope="module")
def network() -> FfnNetwork:
    network = build_network(SMALL, seed=3)
    rng = np.random.default_rng(0)
    last = network.model.get_layer("conv_lom")
    last.set_weights([rng.normal(0.3, 0.5, w.shape).astype(np.float32) for w in last.get_weights()])
    return network


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 4])
def test_each_is_filled_as_if_alone(network: FfnNetwork, batch: int) -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (12 + i, 14, 15), dtype=np.uint8) for i in range(6)]
    origins = [(i, 2 * i, 100) for i in range(6)]
    predict = BatchedPredict(network, batch)
    found = segment_arrays(images, network, POLICY, batch=batch, at_once=6, origins=origins, predict=predict)
    one_by_one = compiled(network)
    for image, origin, together in zip(images, origins, found, strict=True):
        alone = segment_array(image, network, POLICY, origin=origin, predict=one_by_one)
        assert together.labels.tobytes() == alone.labels.tobytes()
        assert together.moves.tolist() == alone.moves.tolist()
    counts = predict.counts
    assert counts.views == sum(f.counts.moves for f in found) > 100
    assert counts.calls == counts.views if batch == 1 else counts.calls < counts.views


def test_what_is_ready_goes_and_nobody_is_waited_for(network: FfnNetwork) -> None:
    """While the device works on the first, three others come: they share the next call; a last one goes alone."""
    sizes, free, began = [], threading.Semaphore(0), threading.Semaphore(0)

    def device(images: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        began.release()
        free.acquire()
        sizes.append(int((images[:, 0, 0, 0] > 0).sum()))
        images[:] = 0
        return seeds + 1

    predict = BatchedPredict(network, 8, lambda images, seeds: lambda: device(images, seeds))
    answers = {}

    def ask(number: int) -> threading.Thread:
        view = np.full(SMALL.field_of_view, float(number), np.float32)
        thread = threading.Thread(target=lambda: answers.update({number: predict(view, view)}))
        thread.start()
        return thread

    first = ask(1)
    began.acquire()
    others = [ask(n) for n in (2, 3, 4)]
    while predict._ready.qsize() < 3:
        pass
    free.release()
    began.acquire()
    free.release()
    for thread in (first, *others):
        thread.join()
    last = ask(5)
    free.release()
    last.join()
    assert sizes == [1, 3, 1]
    assert all((answers[n] == n + 1).all() for n in range(1, 6))


def test_a_full_batch_is_begun_while_the_device_is_at_work(network: FfnNetwork) -> None:
    """Of seven that are ready, in batches of 2: a second call is begun before the first is fetched, and never a third."""
    begun, free, lock = [], threading.Semaphore(0), threading.Lock()
    flying = most = 0

    def start(images: np.ndarray, seeds: np.ndarray) -> Callable[[], np.ndarray]:
        nonlocal flying, most
        with lock:
            flying += 1
            most = max(most, flying)
            begun.append(images[:, 0, 0, 0].tolist())

        def fetch() -> np.ndarray:
            nonlocal flying
            free.acquire()
            with lock:
                flying -= 1
            return images * 10  # the arrays are still those of this call

        return fetch

    predict = BatchedPredict(network, 2, start)
    views = [np.full(SMALL.field_of_view, float(n), np.float32) for n in range(1, 8)]
    with ThreadPoolExecutor(7) as threads:
        asked = [threads.submit(predict, views[0], views[0])]
        while not begun:
            pass
        asked += [threads.submit(predict, view, view) for view in views[1:]]
        while predict._ready.qsize() < 6:
            pass
        for _ in range(7):
            free.release()
        answers = [a.result() for a in asked]
    assert all((answer == 10 * n).all() for n, answer in enumerate(answers, 1))
    assert begun[0][0] == 1
    assert most == 2
    assert len(begun) == 4


def test_what_goes_wrong_is_heard_by_all_who_wait(network: FfnNetwork) -> None:
    def broken(images: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        raise GraphkitError("The device is gone.")

    images = [np.random.default_rng(0).integers(0, 256, (20, 20, 20), dtype=np.uint8)] * 3
    with pytest.raises(GraphkitError, match="The device is gone"):
        segment_arrays(images, network, POLICY, predict=BatchedPredict(network, 2, broken))

    def late(images: np.ndarray, seeds: np.ndarray) -> Callable[[], np.ndarray]:
        return lambda: broken(images, seeds)

    with pytest.raises(GraphkitError, match="The device is gone"):
        segment_arrays(images, network, POLICY, predict=BatchedPredict(network, 2, late))
    with pytest.raises(GraphkitError, match="batch must be a whole number"):
        BatchedPredict(network, 0, broken)
