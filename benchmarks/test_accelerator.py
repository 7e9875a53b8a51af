"""`benchmarks.accelerator` in little, on a processor, so that it runs when an accelerator is at hand."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from benchmarks.accelerator import main, volume_size
from benchmarks.accelerator_work import by_kind, continued, of_events
from tests.pipeline.networks import threshold_ffn


def test_all_of_it_in_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two bright blobs in the dark, one in each block."""
    network = threshold_ffn(tmp_path / "ffn.keras", level=110.0)
    grey = np.full((32, 64, 64), 40, np.uint8)
    grey[:, 4:28, 4:28] = grey[:, 4:28, 36:60] = 200
    noise = np.random.default_rng(0).integers(0, 12, grey.shape).astype(np.uint8)
    labels = np.where(grey > 100, 1 + (np.arange(64) >= 32), 0)
    (tmp_path / "fib25").mkdir()
    with h5py.File(tmp_path / "fib25" / "fib25_gray_520.h5", "w") as file:
        file["raw"] = grey + noise
    with h5py.File(tmp_path / "fib25" / "fib25_train.h5", "w") as file:
        file["raw"], file["bodies"] = grey + noise, labels.astype(np.uint32)
    monkeypatch.setenv("GRAPHKIT_REAL_DATA", str(tmp_path))
    main([str(network), "--small", "--precision", "float32", "--batch", "2", "--at-once", "2"])
    said = capsys.readouterr().out
    found = re.search(r"([\d.]+) M voxels in 2 blocks \(([\d.]+) M with their halos\), (\d+) % filled", said)
    assert found is not None, said
    assert float(found[1]) == round(32 * 32 * 64 / 1e6, 1)
    assert float(found[2]) == round(2 * 32 * 32 * 40 / 1e6, 1)  # half a field of view of 17 beyond the core
    blobs = 100 * 24 * 24 / 32 / 32
    assert 0.9 * blobs < int(found[3]) <= blobs + 0.5  # a corner may stay empty
    for line in (
        r"peak: [\d.e-]+ TFLOP/s",
        r"2 fields of view: .* moves/s",
        "not told by this backend",
        r"steps/s alone",
    ):
        assert re.search(line, said), said


def test_a_volume_is_continued_by_its_mirror_images() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (3, 4, 5), dtype=np.uint8)
    whole = np.pad(grey, ((0, 6), (0, 7), (0, 8)), mode="symmetric")
    assert np.array_equal(continued(grey, whole.shape), whole)
    assert np.array_equal(continued(grey, (2, 2, 2)), grey[:2, :2, :2])


def test_the_volume_takes_about_the_time_that_is_given() -> None:
    z, y, x = volume_size(2000, 96, 128, (33, 33, 33), 120)
    seconds = z * y * x * 160**3 / (0.9 * 2000 * 1500)
    assert z * y * x >= 192
    assert abs(seconds - max(120, 192 * 160**3 / (0.9 * 2000 * 1500))) < 50


def test_a_trace_is_added_up_by_kernel() -> None:
    """Of the device's streams alone, where there is a device."""

    def named(kind: str, pid: int, tid: int, name: str) -> dict[str, object]:
        return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "args": {"name": name}}

    events = [
        named("process_name", 1, 0, "/device:GPU:0"),
        named("process_name", 2, 0, "/host:CPU"),
        named("thread_name", 1, 5, "Stream #17(Compute)"),
        named("thread_name", 1, 6, "XLA Ops"),
        named("thread_name", 2, 7, "tf_XLAEigen/3"),
        {"ph": "X", "pid": 1, "tid": 5, "name": "sm90_xmma_fprop_implicit_gemm", "dur": 3e6},
        {"ph": "X", "pid": 1, "tid": 5, "name": "loop_add_fusion", "dur": 1e6},
        {"ph": "X", "pid": 1, "tid": 5, "name": "sm90_xmma_fprop_implicit_gemm", "dur": 3e6},
        {"ph": "X", "pid": 1, "tid": 5, "name": "MemcpyH2D", "dur": 1e6},
        {"ph": "X", "pid": 1, "tid": 6, "name": "conv.3", "dur": 9e6},  # the same once more, by operation
        {"ph": "X", "pid": 2, "tid": 7, "name": "conv.9", "dur": 5e6},
    ]
    spent = of_events(events)  # type: ignore[arg-type]
    assert spent == {"sm90_xmma_fprop_implicit_gemm": 6.0, "loop_add_fusion": 1.0, "MemcpyH2D": 1.0}
    assert by_kind(spent) == {"convolutions": 0.75, "sums, ReLUs and the like": 0.125, "copies": 0.125}
    assert of_events([e for e in events if e["pid"] == 2]) == {"conv.9": 5.0}  # type: ignore[arg-type]
