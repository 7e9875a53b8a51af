"""What `benchmarks.accelerator` measures beside the calls: a whole volume, training, and the kernels that a call is made of."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Triple = tuple[int, int, int]

_WAITING = "wait for the network"
_PLACES = {"find_seeds": "seek seeds", "write_block": "write blocks", "read": "read the image"}
_KINDS = {
    "convolutions": r"conv|xmma|cudnn|cutlass|gemm|implicit|winograd|sm\d\d",
    "copies": r"memcpy|copy|transpose|bitcast",
    "sums, ReLUs and the like": r"fusion|add|maximum|relu|elementwise|reduce|wrapped|broadcast|convert",
}


def continued(grey: NDArray[np.uint8], shape: Sequence[int]) -> NDArray[np.uint8]:
    """The image [z, y, x] continued by its mirror images to ``shape``: as large as is wanted, and without seams."""
    places = []
    for size, own in zip(shape, grey.shape, strict=True):
        at = np.arange(size) % (2 * own)
        places.append(np.where(at < own, at, 2 * own - 1 - at))
    return np.ascontiguousarray(grey[np.ix_(*places)])


def whole_volume(
    network: Path, grey: NDArray[np.uint8], *, precision: str, batch: int, at_once: int, blocks: Triple, block: int
) -> dict[str, Any]:
    """The stage "segment" of a volume of so many ``blocks`` along z, y and x, from the first seed to the last block's file.

    It is what `graphkit reconstruct` does with ``[engine] workers = 0, at_once = ...`` and ``[segment] batch = ...``: the same
    job on the same engine.
    """
    import h5py
    from graphkit_pipeline.blocks import Box, make_blocks
    from graphkit_pipeline.engine import EngineSettings, read_block, run_blocks
    from graphkit_pipeline.ffn.job import SegmentJob
    from graphkit_pipeline.ffn.network import read_settings
    from graphkit_pipeline.ffn.settings import FillPolicy

    s = read_settings(network)
    halo = max(s.field_of_view) // 2
    shape: Triple = (blocks[0] * block, blocks[1] * block, blocks[2] * block)
    states: list[Any] = []

    class Watched(SegmentJob):
        def setup(self) -> Any:
            states.append(super().setup())
            return states[-1]

    with tempfile.TemporaryDirectory() as place:
        with h5py.File(Path(place) / "grey.h5", "w") as file:
            made = file.create_dataset("raw", data=continued(grey, shape), chunks=(min(64, block),) * 3)
            made.attrs["voxel_size_nm"] = s.voxel_size_nm or (10.0, 10.0, 10.0)
        every = make_blocks(Box.of_shape(shape), (block,) * 3, (halo,) * 3, least=s.field_of_view)
        policy = FillPolicy(precision=precision, min_unseen_share=0.02)  # type: ignore[arg-type]
        job = Watched(f"{place}/grey.h5:raw", str(network), policy, batch=batch)
        watch = _Watch(states)
        begin, cpu = time.perf_counter(), time.process_time()
        with watch:
            report = run_blocks(job, every, Path(place) / "blocks", engine=EngineSettings(workers=0, at_once=at_once))
        took, cpu = time.perf_counter() - begin, time.process_time() - cpu
        assert report.done == len(every), report
        arrays = [read_block(Path(place) / "blocks", b) for b in every]
    views, calls = watch.counted()
    return {
        "voxels": int(np.prod(shape)),
        "seen": sum(b.box.voxels for b in every),
        "blocks": len(every),
        "filled": float(
            np.mean([a["labels"][b.core.slices(b.box.start)] > 0 for a, b in zip(arrays, every, strict=True)])
        ),
        "seconds": took,
        "cores": cpu / took,
        "moves": int(sum(a["counts"][3] for a in arrays)),
        "views": views,
        "calls": calls,
        "rows": watch.rows,
        "threads": dict(watch.places),
    }


class _Watch:
    """Looks at the fills every second: moves so far, and what their threads are at."""

    def __init__(self, states: list[Any]) -> None:
        self._states, self._over = states, threading.Event()
        self.rows: list[tuple[float, int, int]] = []
        self.places: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def counted(self) -> tuple[int, int]:
        """Fields of view, and calls."""
        counts = [one.predict.counts for state in self._states for one in state.passes]
        return sum(c.views for c in counts), sum(c.calls for c in counts)

    def _look(self) -> None:
        while not self._over.wait(0.2):
            if len(self.rows) == 0 or time.perf_counter() - self.rows[-1][0] >= 1.0:
                self.rows.append((time.perf_counter(), *self.counted()))
            names = {t.ident: t.name for t in threading.enumerate()}
            for ident, frame in sys._current_frames().items():
                if re.match(r"z-?\d", names.get(ident, "")):  # a thread of a block has its name
                    self.places[_doing(frame)] += 1

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.rows.append((time.perf_counter(), *self.counted()))


def _doing(frame: FrameType | None) -> str:
    while frame is not None:
        if frame.f_code.co_name == "__call__" and frame.f_code.co_filename.endswith("batch.py"):
            return _WAITING
        if frame.f_code.co_name in _PLACES:
            return _PLACES[frame.f_code.co_name]
        frame = frame.f_back
    return "are between two places"


def training(
    network: Path,
    grey: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    batches: Sequence[int],
    precisions: Sequence[str],
    seconds: float,
) -> list[dict[str, Any]]:
    """Steps a second of a network of this shape: of the step alone, and with the examples made meanwhile."""
    from graphkit_pipeline.ffn.labelled import LabelledVolume
    from graphkit_pipeline.ffn.network import read_settings
    from graphkit_pipeline.ffn.pool import ExamplePool
    from graphkit_pipeline.ffn.stepping import build_stepper
    from graphkit_pipeline.ffn.training_settings import TrainingSettings

    own = read_settings(network)
    size = own.voxel_size_nm or (10.0, 10.0, 10.0)
    volume = LabelledVolume(grey, labels, size)
    found = []
    for precision in precisions:
        for batch in batches:
            settings = TrainingSettings(
                network=replace(own, voxel_size_nm=size),
                batch=batch,
                examples=max(32 - 32 % batch, batch),
                precision=precision,  # type: ignore[arg-type]
                centres=20_000,
            )
            stepper, pool, count = build_stepper(settings), ExamplePool([volume], settings), itertools.count(1)
            try:
                image, seed, target = pool.batch(0)
                stepper.step(image, seed, target, 1e-4)

                def alone(stepper=stepper, image=image, seed=seed, target=target) -> None:
                    stepper.step(image, seed, target, 1e-4)

                def whole(stepper=stepper, pool=pool, count=count) -> None:
                    views = pool.batch(next(count))
                    pool.put_back(stepper.step(*views, 1e-4)[0])

                pool.put_back(stepper.step(image, seed, target, 1e-4)[0])
                rates = [_rate(alone, seconds), _rate(whole, seconds)]
            finally:
                pool.close()
            found.append({"precision": precision, "batch": batch, "alone": rates[0], "whole": rates[1]})
    return found


def _rate(work: Any, seconds: float) -> float:
    """Times a second, over about so many seconds and five times at least."""
    work()
    begin, times = time.perf_counter(), 0
    while times < 5 or time.perf_counter() - begin < seconds:
        work()
        times += 1
    return times / (time.perf_counter() - begin)


def kernels(network: Path, *, precision: str, batch: int, calls: int = 10) -> dict[str, float] | None:
    """Seconds of the device in each kernel over some calls; None where the backend does not tell (JAX does)."""
    from graphkit_pipeline.backend import import_keras
    from graphkit_pipeline.ffn.calls import prepared
    from graphkit_pipeline.ffn.network import load_network

    if import_keras().backend.backend() != "jax":
        return None
    import jax

    loaded = load_network(network, precision=precision)  # type: ignore[arg-type]
    start = prepared(loaded, batch)
    views = np.zeros((batch, *loaded.settings.field_of_view), np.float32)
    start(views, views)()
    with tempfile.TemporaryDirectory() as place:
        with jax.profiler.trace(place):
            for _ in range(calls):
                start(views, views)()
        files = Path(place).rglob("*.trace.json.gz")
        traces = [json.loads(gzip.decompress(name.read_bytes())) for name in files]
        events = [event for trace in traces for event in trace.get("traceEvents", [])]
    return of_events(events)


def of_events(events: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Seconds by kernel of a trace: of the device's streams, or of XLA's threads where there is none but the processor."""
    names = {e["pid"]: str(e["args"].get("name", "")) for e in events if e.get("name") == "process_name"}
    threads = {(e["pid"], e["tid"]): str(e["args"].get("name", "")) for e in events if e.get("name") == "thread_name"}
    on_device = any("/device:" in name for name in names.values())
    spent: Counter[str] = Counter()
    for e in events:
        if e.get("ph") != "X" or "dur" not in e:
            continue
        thread = threads.get((e["pid"], e.get("tid")), "")
        counts = "/device:" in names.get(e["pid"], "") and "Stream" in thread if on_device else "XLA" in thread
        if counts and not str(e["name"]).startswith(("ThreadpoolListener", "ThunkExecutor", "Executable")):
            spent[str(e["name"])] += float(e["dur"]) / 1e6
    return dict(spent.most_common())


def by_kind(spent: dict[str, float]) -> dict[str, float]:
    """The same, by what the kernels do, as shares; by their names."""
    found: Counter[str] = Counter()
    for name, seconds in spent.items():
        kind = next((k for k, pattern in _KINDS.items() if re.search(pattern, name, re.IGNORECASE)), "others")
        found[kind] += seconds
    total = sum(found.values())
    return {kind: seconds / total for kind, seconds in found.most_common()} if total else {}
