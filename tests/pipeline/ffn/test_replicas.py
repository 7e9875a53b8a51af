"""Replicas that train one network in several processes: the same losses as one process, and the same end after one was lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.ffn.network import load_network
from graphkit_pipeline.ffn.training import LabelledVolume, TrainingSettings, train_ffn
from graphkit_pipeline.settings_table import settings_from

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

TOML = """
steps = {steps}
examples = 8
warmup = 2
centres = 2000
log_every = 1
checkpoint_every = 4
validate_every = 6
[network]
field_of_view = [9, 9, 9]
deltas = [3, 3, 3]
depth = 2
features = 8
mean = 120.0
std = 40.0
voxel_size_nm = [16.0, 16.0, 16.0]
[policy]
min_segment_voxels = 100
"""


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bright bodies, as an HDF5 file with `image` and `labels`."""
    import h5py

    labels = np.zeros((32, 32, 32), np.int64)
    labels[3:29, 3:14, 3:29] = 2**53 + 1
    labels[3:29, 18:29, 3:29] = 7
    noise = np.random.default_rng(0).normal(0, 8, labels.shape)
    path = tmp_path_factory.mktemp("volume") / "blobs.h5"
    with h5py.File(path, "w") as file:
        for name, data in (("image", (np.where(labels > 0, 170, 70) + noise).astype(np.uint8)), ("labels", labels)):
            file[name] = data
            file[name].attrs["resolution"] = [16.0, 16.0, 16.0]
    return path


def command(volume: Path, folder: Path, *more: str, steps: int = 6) -> list[str]:
    settings = volume.with_name(f"{steps}.toml")
    settings.write_text(TOML.format(steps=steps))
    image, labels = (f"{volume}:{name}" for name in ("image", "labels"))
    start = [sys.executable, "-c", "from graphkit.cli import main; main()", "train", "ffn", "-o", str(folder)]
    return [*start, "--image", image, "--labels", labels, "--settings", str(settings), *more]


def log_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def weights_of(folder: Path) -> list[np.ndarray]:
    with np.load(folder / "checkpoint.npz") as stored:
        return [stored[name] for name in sorted(stored.files) if name.startswith("weight")]


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(volume: Path, tmp_path: Path) -> None:
    """The command on two replicas, with validation, beside the function in this process: the same batches, the same network."""
    import h5py

    held_out = ["--validation-image", f"{volume}:image", "--validation-labels", f"{volume}:labels"]
    subprocess.run(command(volume, tmp_path / "two", "--replicas", "2", *held_out), check=True, capture_output=True)
    settings = settings_from(TrainingSettings, __import__("tomllib").loads(TOML.format(steps=6)))
    with h5py.File(volume) as file:
        one = LabelledVolume(file["image"][:], file["labels"][:])
    train_ffn([one], settings, tmp_path / "one", validation=[one])
    both = log_of(tmp_path / "one"), log_of(tmp_path / "two")
    assert len(both[0]) == len(both[1]) == 6
    for alone, shared in zip(*both, strict=True):
        for name in ("loss", "gradient_norm", "f1", "learning_rate"):
            assert shared[name] == pytest.approx(alone[name], rel=1e-5), name
    assert both[1][-1]["vi_sum"] == pytest.approx(both[0][-1]["vi_sum"], abs=0.05)
    for alone, shared in zip(weights_of(tmp_path / "one"), weights_of(tmp_path / "two"), strict=True):
        np.testing.assert_allclose(shared, alone, atol=1e-3)
    assert load_network(tmp_path / "two" / "network.keras").settings == settings.network
    assert json.loads((tmp_path / "two" / "record.json").read_text())["replicas"] == 2


@pytest.mark.slow
def test_two_processes_on_what_a_membrane_network_sees(volume: Path, tmp_path: Path) -> None:
    """TensorFlow's replicas must not have used it before; the membrane network does."""
    seen = ["--replicas", "2", "--membrane", "membrane-tissue"]
    done = subprocess.run(command(volume, tmp_path / "two", *seen, steps=2), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert load_network(tmp_path / "two" / "network.keras").settings.input == "membrane"
    done = subprocess.run(
        command(volume, tmp_path / "no", *seen[:-1], "other", steps=2), capture_output=True, text=True
    )
    assert done.stderr.count("Error: There is no membrane network") == 1


@pytest.mark.soak
@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_replica_is_said_and_resumed_to_the_same_network(volume: Path, tmp_path: Path, lost: int) -> None:
    subprocess.run(command(volume, tmp_path / "whole", "--replicas", "2", steps=60), check=True, capture_output=True)
    process = subprocess.Popen(
        command(volume, tmp_path / "run", "--replicas", "2", steps=60), stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "run" / "checkpoint.npz").exists():
        assert process.poll() is None
        time.sleep(0.01)
    replicas = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(replicas[lost]), signal.SIGKILL)
    killed = time.monotonic()
    said = process.communicate(timeout=60)[1]
    assert time.monotonic() - killed < 15
    assert process.returncode == 1
    errors = [line for line in said.splitlines() if line.startswith("Error")]
    assert len(errors) == 1
    assert f"Replica {lost} " in errors[0]
    assert "was lost" in errors[0]
    assert "Traceback" not in said
    assert log_of(tmp_path / "run")[-1]["step"] < 60
    resumed = command(volume, tmp_path / "run", "--replicas", "2", "--resume", steps=60)
    subprocess.run(resumed, check=True, capture_output=True)
    for name in ("step", "loss", "gradient_norm"):
        assert [line[name] for line in log_of(tmp_path / "run")] == [line[name] for line in log_of(tmp_path / "whole")]
    for one, other in zip(weights_of(tmp_path / "run"), weights_of(tmp_path / "whole"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.soak
def test_two_hosts_and_one_that_is_lost(volume: Path, tmp_path: Path) -> None:
    """Two commands with --cluster, as on two machines; the folder of rank 1 is never made."""
    from graphkit_pipeline.ffn.launch import free_addresses

    cluster = ",".join(free_addresses(2))
    runs = [
        subprocess.Popen(
            command(volume, tmp_path / f"run{rank}", "--cluster", cluster, "--rank", str(rank), steps=4000),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    while not (tmp_path / "run0" / "checkpoint.npz").exists():
        assert runs[0].poll() is None
        time.sleep(0.05)
    (child,) = Path(f"/proc/{runs[1].pid}/task/{runs[1].pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)
    threads = [threading.Timer(60, run.kill) for run in runs]
    for thread in threads:
        thread.start()
    said = [run.communicate()[1] for run in runs]
    for thread in threads:
        thread.cancel()
    assert [run.returncode for run in runs] == [1, 1]
    assert all("Error: Replica 1 " in text and "was lost" in text for text in said)
    assert not (tmp_path / "run1").exists()
