"""The published FIB-25 network on an accelerator: moves a second of its calls, and of many fills that share them.

    GRAPHKIT_REAL_DATA=FOLDER KERAS_BACKEND=jax python -m benchmarks.accelerator NETWORK.keras

NETWORK.keras is google/ffn's checkpoint once it was imported (`import_ffn_checkpoint`, `save_network`), which needs TensorFlow,
as the machine with the accelerator does not. With JAX, XLA_PYTHON_CLIENT_PREALLOCATE=false leaves memory to others.

First the rate of a large product of bfloat16 matrices, the measure of what the device can do; then calls of 1, 8, 32 and 128
fields of view, two of them under way, as shares of it; then ``--fills`` pieces of 128^3 voxels of FIB-25, filled at once for
``--seconds``: each second's moves, how full the calls were, and the processor's cores at work.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

EDGE = 128
SIDE = 8192


class Over(Exception):
    """The time is up."""


def seconds_of(work: Callable[[], object], rounds: int) -> float:
    """The median of several."""
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return float(np.median(taken))


def peak_flops() -> float:
    """Of products of matrices of bfloat16, a second."""
    import keras

    ops = keras.ops
    a, b = (ops.cast(np.random.default_rng(k).normal(size=(SIDE, SIDE)).astype(np.float32), "bfloat16") for k in (0, 1))

    def products(count: int) -> None:
        c = a
        for _ in range(count):
            c = ops.matmul(c, b)
        ops.convert_to_numpy(c[0, :1])

    products(2)
    return 20 * 2 * SIDE**3 / (seconds_of(lambda: products(22), 5) - seconds_of(lambda: products(2), 5))


def calls(network_file: Path, precision: str, peak: float) -> None:
    """A line for each size of a call."""
    from graphkit_pipeline.ffn.calls import prepared
    from graphkit_pipeline.ffn.network import load_network

    network = load_network(network_file, precision=precision)
    s = network.settings
    weights = sum(int(np.prod(w.shape)) for w in network.model.weights if len(w.shape) > 1)
    flops = 2 * weights * int(np.prod(s.field_of_view))
    print(f"{precision}, {flops / 1e9:.1f} GFLOP a move")
    rng = np.random.default_rng(0)
    for batch in (1, 8, 32, 128):
        views = [rng.normal(size=(batch, *s.field_of_view)).astype(np.float32) for _ in range(2)]
        start = prepared(network, batch)
        start(*views)()
        alone = seconds_of(lambda start=start, views=views: start(*views)(), 10)

        def in_flight(start=start, views=views) -> None:
            flying = deque([start(*views)])
            for _ in range(20):
                flying.append(start(*views))
                flying.popleft()()
            flying.popleft()()

        rate = 21 * batch / seconds_of(in_flight, 3)
        print(
            f"  {batch:4d} fields of view: {1000 * alone:7.2f} ms alone; {rate:6.0f} moves/s, "
            f"{100 * rate * flops / peak:.1f} % of the peak",
            flush=True,
        )


def fills(network_file: Path, precision: str, batch: int, count: int, seconds: float) -> None:
    """Fills of pieces under way at once, for a while."""
    import h5py
    from graphkit_pipeline.ffn.batch import BatchedPredict
    from graphkit_pipeline.ffn.calls import Fetch, Views, prepared
    from graphkit_pipeline.ffn.checkpoint import FIB25_POLICY
    from graphkit_pipeline.ffn.inference import segment_array
    from graphkit_pipeline.ffn.network import load_network

    with h5py.File(Path(os.environ["GRAPHKIT_REAL_DATA"]) / "fib25" / "fib25_gray_520.h5") as file:
        grey = file["raw"][()]
    starts = [(y, x) for y in range(0, 391, 130) for x in range(0, 391, 130)]
    turns = [(a, b, c) for a in (1, -1) for b in (1, -1) for c in (1, -1)]
    pieces = [
        np.ascontiguousarray(grey[::a, y : y + EDGE, x : x + EDGE][:, ::b, ::c]) for a, b, c in turns for y, x in starts
    ]
    network = load_network(network_file, precision=precision)
    policy = replace(FIB25_POLICY, precision=precision, min_unseen_share=0.01)
    start = prepared(network, batch)
    nothing = np.zeros((batch, *network.settings.field_of_view), np.float32)
    start(nothing, nothing)()
    end = time.monotonic() + seconds

    def until(images: Views, seeds: Views) -> Fetch:
        if time.monotonic() > end:
            raise Over
        return start(images, seeds)

    predict, done, seen = BatchedPredict(network, batch, until), [], []

    def one(piece: np.ndarray) -> None:
        try:
            found = segment_array(piece, network, policy, predict=predict)
            done.append((piece.size, found.counts.moves))
        except Over:
            pass

    def watch() -> None:
        while time.monotonic() < end:
            seen.append((time.monotonic(), predict.counts.views, predict.counts.calls, time.process_time()))
            time.sleep(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, pieces))
    watcher.join()
    print(f"{precision}, {batch} a call, {count} fills at once: second by second")
    for (t, views, asked, cpu), (t1, views1, asked1, cpu1) in pairwise(seen):
        full = (views1 - views) / max(1, asked1 - asked)
        print(f"  {(views1 - views) / (t1 - t):6.0f} moves/s, {full:5.1f} a call, {(cpu1 - cpu) / (t1 - t):4.1f} cores")
    if done:
        voxels, moves = (sum(d[k] for d in done) for k in (0, 1))
        print(f"  {len(done)} pieces done, {voxels / moves:.0f} voxels a move")


def main() -> None:
    """The peak, the calls, the fills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("--precision", default="float16")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--fills", type=int, default=96)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    peak = peak_flops()
    print(f"peak: {peak / 1e12:.0f} TFLOP/s in bfloat16", flush=True)
    calls(given.network, given.precision, peak)
    fills(given.network, given.precision, given.batch, given.fills, given.seconds)


if __name__ == "__main__":
    main()
