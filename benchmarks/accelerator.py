"""The published FIB-25 network on an accelerator, by one command of under five minutes:

    GRAPHKIT_REAL_DATA=FOLDER KERAS_BACKEND=jax python -m benchmarks.accelerator NETWORK.keras

NETWORK.keras is google/ffn's checkpoint once it was imported: `graphkit train import-ffn model.ckpt-27465036 -o NETWORK.keras`,
where TensorFlow is. The machine with the accelerator need not have that, nor all of graphkit's extras: Keras, JAX, numba, scipy,
edt, h5py and threadpoolctl will do, with the repository and its folder pipeline/ on PYTHONPATH.
XLA_PYTHON_CLIENT_PREALLOCATE=false leaves memory to others. On a machine without an accelerator ``--small`` goes through all of
it in little.

1. The rate of a large product of bfloat16 matrices, the measure of what the device can do; calls of 1, 8, 32 and 128 fields of
   view, two of them under way, as shares of it.
2. The device's time by kernel (JAX).
3. A whole volume, FIB-25 continued by its mirror images, by the job and the engine of `graphkit reconstruct`: from the first
   seed to the last block's file, as large as takes about ``--seconds``. How full the calls were, second by second, and what the
   threads of the blocks were at.
4. Training: steps a second alone, and with the examples made meanwhile.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.accelerator_work import Triple, by_kind, kernels, training, whole_volume

PARTS = ("calls", "kernels", "volume", "training")
_VOXELS_A_MOVE = 1500  # of FIB-25 with the published network, halos included; only the size of the volume hangs on it


def seconds_of(work: Callable[[], object], rounds: int) -> float:
    """The median of several."""
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return float(np.median(taken))


def peak_flops(side: int) -> float:
    """Of products of ``side`` x ``side`` matrices of bfloat16, a second."""
    import keras

    ops = keras.ops
    a, b = (ops.cast(np.random.default_rng(k).normal(size=(side, side)).astype(np.float32), "bfloat16") for k in (0, 1))

    def products(count: int) -> None:
        c = a
        for _ in range(count):
            c = ops.matmul(c, b)
        ops.convert_to_numpy(c[0, :1])

    products(2)
    return 20 * 2 * side**3 / (seconds_of(lambda: products(22), 5) - seconds_of(lambda: products(2), 5))


def calls(network_file: Path, precision: str, peak: float, batches: Sequence[int], rounds: int) -> dict[int, float]:
    """A line for each size of a call; moves a second."""
    from graphkit_pipeline.ffn.calls import prepared
    from graphkit_pipeline.ffn.network import load_network

    network = load_network(network_file, precision=precision)
    s = network.settings
    weights = sum(int(np.prod(w.shape)) for w in network.model.weights if len(w.shape) > 1)
    flops = 2 * weights * int(np.prod(s.field_of_view))
    print(f"{precision}, {flops / 1e9:.1f} GFLOP a move")
    rng = np.random.default_rng(0)
    rates = {}
    for batch in batches:
        views = [rng.normal(size=(batch, *s.field_of_view)).astype(np.float32) for _ in range(2)]
        start = prepared(network, batch)
        start(*views)()
        alone = seconds_of(lambda start=start, views=views: start(*views)(), rounds)

        def in_flight(start=start, views=views) -> None:
            flying = deque([start(*views)])
            for _ in range(2 * rounds):
                flying.append(start(*views))
                flying.popleft()()
            flying.popleft()()

        rates[batch] = rate = (2 * rounds + 1) * batch / seconds_of(in_flight, 3)
        print(
            f"  {batch:4d} fields of view: {1000 * alone:7.2f} ms alone; {rate:6.0f} moves/s, "
            f"{100 * rate * flops / peak:.1f} % of the peak",
            flush=True,
        )
    return rates


def volume_size(rate: float, at_once: int, block: int, view: Sequence[int], seconds: float) -> Triple:
    """Blocks along z, y and x: about so many as ``rate`` moves a second fill in that time, and at least two rounds of them."""
    seen = math.prod(block + 2 * (max(view) // 2) for _ in range(3))
    wanted = max(2 * at_once, round(0.9 * rate * _VOXELS_A_MOVE * seconds / seen))
    side = max(1, round(wanted ** (1 / 3)))
    return side, side, -(-wanted // side**2)


def said_of_volume(found: dict[str, object], rate: float) -> list[str]:
    """What `whole_volume` found, in lines; ``rate`` is that of the calls alone."""
    v: dict[str, float] = found  # type: ignore[assignment]
    rows: list[tuple[float, int, int]] = found["rows"]  # type: ignore[assignment]
    threads: dict[str, int] = found["threads"]  # type: ignore[assignment]
    moves_s = v["views"] / v["seconds"]
    lines = [
        f"  {v['voxels'] / 1e6:.1f} M voxels in {v['blocks']:.0f} blocks ({v['seen'] / 1e6:.1f} M with their halos), "
        f"{100 * v['filled']:.0f} % filled, in {v['seconds']:.1f} s with {v['cores']:.1f} cores",
        f"  {v['voxels'] / v['seconds'] / 1e6:.3f} M voxels/s of the volume, {v['seen'] / v['seconds'] / 1e6:.3f} M with halos",
        f"  {moves_s:.1f} moves/s, {100 * moves_s / rate:.0f} % of the calls alone; {v['views'] / v['calls']:.1f} a call; "
        f"{v['seen'] / v['moves']:.0f} voxels a move",
    ]
    total = sum(threads.values())
    if total:
        shares = sorted(threads.items(), key=lambda item: -item[1])
        lines.append("  blocks under way " + ", ".join(f"{what} {100 * n / total:.0f} %" for what, n in shares))
    steady = [
        ((views1 - views) / (t1 - t), (views1 - views) / max(1, asked1 - asked))
        for (t, views, asked), (t1, views1, asked1) in pairwise(rows)
    ]
    step = max(1, len(steady) // 12)
    for k in range(0, len(steady), step):
        rates, full = zip(*steady[k : k + step], strict=True)
        lines.append(
            f"    from {rows[k][0] - rows[0][0]:5.0f} s: {np.mean(rates):7.1f} moves/s, {np.mean(full):5.1f} a call"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """The parts that are asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("--precision", default="float16")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--at-once", type=int, help="blocks under way; three times the batch")
    parser.add_argument("--block", type=int, default=128, help="the edge of a block's core")
    parser.add_argument("--seconds", type=float, default=120.0, help="that the volume should take about")
    parser.add_argument("--part", choices=PARTS, action="append", help="this part alone; repeatable")
    parser.add_argument("--small", action="store_true", help="in little, for a processor")
    given = parser.parse_args(arguments)
    parts, at_once = given.part or PARTS, given.at_once or 3 * given.batch
    begin = time.perf_counter()
    peak = peak_flops(256 if given.small else 8192)
    print(f"peak: {peak / 1e12:.3g} TFLOP/s in bfloat16", flush=True)
    batches = (1, given.batch) if given.small or parts == ["volume"] else (1, 8, 32, 128)
    rates = calls(given.network, given.precision, peak, batches, 1 if given.small else 10)
    rate = rates.get(given.batch) or max(rates.values())
    if "kernels" in parts:
        print("the device's time by kernel")
        spent = kernels(given.network, precision=given.precision, batch=given.batch)
        total = sum(spent.values()) if spent else 0.0
        if not spent or not total:
            print("  not told by this backend")
        else:
            print("  " + ", ".join(f"{100 * share:.0f} % {kind}" for kind, share in by_kind(spent).items()))
            for name, seconds in list(spent.items())[:8]:
                print(f"    {100 * seconds / total:5.1f} %  {name[:100]}")
    if "volume" in parts:
        import h5py
        from graphkit_pipeline.ffn.network import read_settings

        with h5py.File(_data("fib25_gray_520.h5")) as file:
            grey = file["raw"][()]
        view = read_settings(given.network).field_of_view
        blocks = (1, 1, 2) if given.small else volume_size(rate, at_once, given.block, view, given.seconds)
        block = max(64, max(view)) // 2 if given.small else given.block
        print(f"a whole volume: {given.precision}, {given.batch} a call, {at_once} blocks at once", flush=True)
        found = whole_volume(
            given.network,
            grey,
            precision=given.precision,
            batch=given.batch,
            at_once=at_once,
            blocks=blocks,
            block=block,
        )
        print("\n".join(said_of_volume(found, rate)), flush=True)
    if "training" in parts:
        import h5py

        with h5py.File(_data("fib25_train.h5")) as file:
            grey, labels = file["raw"][()], file["bodies"][()].astype(np.int64)
        print("training")
        for row in training(
            given.network,
            grey,
            labels,
            batches=(1,) if given.small else (4, 32),
            precisions=("float32",) if given.small else ("float32", "bfloat16"),
            seconds=0.1 if given.small else 5.0,
        ):
            print(
                f"  {row['precision']}, batch {row['batch']}: {row['alone']:.2f} steps/s alone, {row['whole']:.2f} with the "
                f"examples made meanwhile ({row['batch'] * row['whole']:.1f} fields of view/s)",
                flush=True,
            )
    print(f"{time.perf_counter() - begin:.0f} s in all")


def _data(name: str) -> Path:
    return Path(os.environ["GRAPHKIT_REAL_DATA"]) / "fib25" / name


if __name__ == "__main__":
    main()
