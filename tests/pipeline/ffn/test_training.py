"""Training learns, goes on exactly where it was, and says what is wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.network import load_network
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from graphkit_pipeline.ffn.training import LabelledVolume, TrainingSettings, train_ffn
from graphkit_pipeline.ffn.training_log import cut_log

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SMALL = TrainingSettings(
    network=NetworkSettings(field_of_view=(9, 9, 9), deltas=(3, 3, 3), depth=2, features=8, mean=120.0, std=40.0),
    steps=6,
    examples=8,
    warmup=2,
    centres=2000,
    log_every=2,
    checkpoint_every=2,
    validate_every=3,
    policy=FillPolicy(min_segment_voxels=100),
)


def two_blobs(seed: int = 0) -> LabelledVolume:
    """Two bright bodies, 4 voxels apart, in a dark and noisy surrounding."""
    labels = np.zeros((32, 32, 32), np.int64)
    labels[3:29, 3:14, 3:29] = 2**53 + 1
    labels[3:29, 18:29, 3:29] = 7
    noise = np.random.default_rng(seed).normal(0, 8, labels.shape)
    image = np.where(labels > 0, 170, 70) + noise
    return LabelledVolume(image.astype(np.uint8), labels, (16.0, 16.0, 16.0))


@pytest.mark.slow
def test_a_tiny_network_learns_two_blobs(tmp_path: Path) -> None:
    settings = dataclasses.replace(SMALL, steps=250, warmup=20, learning_rate=1e-2, log_every=50, checkpoint_every=250)
    seen: list[float] = []
    report = train_ffn([two_blobs()], settings, tmp_path, progress=lambda stage, done: seen.append(done))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [50, 100, 150, 200, 250]
    assert lines[-1]["loss"] < 0.5 * lines[0]["loss"]
    assert lines[-1]["f1"] > 0.95
    assert seen[-1] == 1.0
    other = two_blobs(seed=1)
    found = segment_array(other.image, load_network(report.network), FillPolicy(min_segment_voxels=2000))
    assert len(found.ids) == 2
    inside = other.labels > 0
    first, second = (np.bincount(found.labels[other.labels == i]).argmax() for i in (2**53 + 1, 7))
    assert first != second != 0 != first
    right = np.where(other.labels == 7, second, first)
    assert (found.labels == right)[inside].mean() > 0.95
    assert (found.labels[~inside] == 0).mean() > 0.9


def test_the_best_validation_is_kept_and_its_figures_are_real(tmp_path: Path) -> None:
    from skimage.metrics import variation_of_information

    held_out = two_blobs(seed=5)
    report = train_ffn([two_blobs()], SMALL, tmp_path, validation=[held_out])
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    validated = {line["step"]: line["vi_sum"] for line in lines if "vi_sum" in line}
    assert list(validated) == [3, 6]
    assert report.vi_sum == min(validated.values())
    found = segment_array(held_out.image, load_network(report.network), SMALL.policy)
    truth = np.searchsorted([0, 7, 2**53 + 1], held_out.labels)
    expected = variation_of_information(truth, found.labels, ignore_labels=(0,)).sum()
    assert report.vi_sum == pytest.approx(expected, abs=1e-9)


def weights(folder: Path) -> list[np.ndarray]:
    return load_network(folder / "network.keras").model.get_weights()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    train_ffn([two_blobs()], SMALL, folder)
    return folder


class _Stop(Exception):
    pass


def test_resumed_is_bit_for_bit_the_uninterrupted_run(uninterrupted: Path, tmp_path: Path) -> None:
    """Stopped in step 5 of 6, with the last checkpoint after step 4."""

    def stop(stage: str, done: float) -> None:
        if done >= 5 / 6:
            raise _Stop

    with pytest.raises(_Stop):
        train_ffn([two_blobs()], SMALL, tmp_path, progress=stop)
    report = train_ffn([two_blobs()], SMALL, tmp_path, resume=True)
    assert report.steps == 6
    assert all(a.tobytes() == b.tobytes() for a, b in zip(weights(tmp_path), weights(uninterrupted), strict=True))
    logs = [
        [
            {k: v for k, v in json.loads(line).items() if k != "seconds"}
            for line in (f / "log.jsonl").read_text().splitlines()
        ]
        for f in (tmp_path, uninterrupted)
    ]
    assert logs[0] == logs[1]
    assert [line["step"] for line in logs[0]] == [2, 4, 6]


@pytest.mark.slow
def test_a_killed_process_is_resumed(uninterrupted: Path, tmp_path: Path) -> None:
    """kill -9 as soon as there is a checkpoint; nothing half-written stays, and the end is the same."""
    script = tmp_path / "train.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_training import SMALL, train_ffn, two_blobs\n"
        "import dataclasses\n"
        f"train_ffn([two_blobs()], SMALL, {str(tmp_path / 'run')!r})\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not (tmp_path / "run" / "checkpoint.npz").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    train_ffn([two_blobs()], SMALL, tmp_path / "run", resume=True)
    assert all(
        a.tobytes() == b.tobytes() for a, b in zip(weights(tmp_path / "run"), weights(uninterrupted), strict=True)
    )


def test_training_that_begins_from_a_network(uninterrupted: Path, tmp_path: Path) -> None:
    """With a rate of next to nothing the weights stay where they began; another shape is refused."""
    begun = load_network(uninterrupted / "network.keras")
    still = dataclasses.replace(SMALL, steps=1, warmup=0, learning_rate=1e-12, seed=7)
    report = train_ffn([two_blobs()], still, tmp_path / "run", start=begun)
    for found, expected in zip(weights(report.network.parent), begun.model.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)
    deeper = dataclasses.replace(SMALL, network=dataclasses.replace(SMALL.network, depth=3))
    with pytest.raises(GraphkitError, match=r"The network to begin from has depth 2.*the one to be trained depth 3"):
        train_ffn([two_blobs()], deeper, tmp_path / "other", start=begun)
    membrane = dataclasses.replace(SMALL, network=dataclasses.replace(SMALL.network, input="membrane"))
    with pytest.raises(GraphkitError, match="trained on images; this training is on what a membrane network sees"):
        train_ffn([two_blobs()], membrane, tmp_path / "other", start=begun)


def test_a_field_of_view_changes_no_weight(uninterrupted: Path, tmp_path: Path) -> None:
    """A network begins from the file of one with another field of view, other deltas and other thresholds."""
    file = uninterrupted / "network.keras"
    wider = dataclasses.replace(SMALL.network, field_of_view=(11, 9, 9), deltas=(4, 3, 2), move=0.8, mean=100.0)
    still = dataclasses.replace(SMALL, network=wider, steps=2, warmup=0, checkpoint_every=1, learning_rate=1e-12)

    def stop(stage: str, done: float) -> None:
        if done == 1.0:
            raise _Stop

    with pytest.raises(_Stop):
        train_ffn([two_blobs()], still, tmp_path, start=file, progress=stop)
    with pytest.raises(GraphkitError, match=r"that began from .*network.keras, and this one would begin from chance"):
        train_ffn([two_blobs()], still, tmp_path, resume=True)
    report = train_ffn([two_blobs()], still, tmp_path, start=file, resume=True)
    assert load_network(report.network).settings == wider
    for found, expected in zip(weights(tmp_path), weights(uninterrupted), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)
    recorded = json.loads((tmp_path / "record.json").read_text())["start"]
    assert recorded == {"network": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def test_the_command_goes_on_from_a_network(
    uninterrupted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What [network] does not say is as in the network to begin from; what fits neither its weights nor its voxels is refused."""
    import h5py
    from graphkit_pipeline.commands_train import ffn

    volume = two_blobs()
    for name, size in (("blobs", 16.0), ("finer", 8.0)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as store:
            for part, data in (("image", volume.image), ("labels", volume.labels)):
                store[part] = data
                store[part].attrs["resolution"] = [size] * 3
    first = dataclasses.replace(SMALL, network=dataclasses.replace(SMALL.network, voxel_size_nm=(16.0, 16.0, 16.0)))
    report = train_ffn([volume], dataclasses.replace(first, steps=2), tmp_path / "first")

    def train(said: str, name: str = "blobs", out: str = "more") -> str:
        toml = tmp_path / "settings.toml"
        toml.write_text(
            f"steps = 1\nwarmup = 0\nexamples = 4\ncentres = 2000\nlearning_rate = 1e-12\n[network]\n{said}\n"
        )
        image, labels = ([f"{tmp_path / name}.h5:{part}"] for part in ("image", "labels"))
        with contextlib.suppress(SystemExit):
            ffn(tmp_path / out, image=image, labels=labels, settings=toml, start=str(report.network))
        return capsys.readouterr().err

    assert "Trained 1 step." in train("deltas = [2, 2, 2]")
    assert load_network(tmp_path / "more" / "network.keras").settings == dataclasses.replace(
        first.network, deltas=(2, 2, 2)
    )
    for found, expected in zip(weights(tmp_path / "more"), weights(tmp_path / "first"), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)
    assert "Error: The network to begin from has depth 2" in train("depth = 3", out="other")
    assert "Error: Volume 0 has voxels of (8.0, 8.0, 8.0) nm" in train("", "finer", "other")
    report = dataclasses.replace(report, network=tmp_path / "first")
    assert f"Name the file in it: {tmp_path / 'first' / 'network.keras'}" in train("", out="other")


def test_a_folder_that_holds_a_run(uninterrupted: Path) -> None:
    with pytest.raises(GraphkitError, match="already holds a training run"):
        train_ffn([two_blobs()], SMALL, uninterrupted)
    changed = dataclasses.replace(SMALL, learning_rate=0.5, seed=9)
    with pytest.raises(GraphkitError, match="other settings: learning_rate, seed"):
        train_ffn([two_blobs()], changed, uninterrupted, resume=True)


def test_more_steps_are_another_run(uninterrupted: Path) -> None:
    with pytest.raises(GraphkitError, match="other settings: steps") as caught:
        train_ffn([two_blobs()], dataclasses.replace(SMALL, steps=9), uninterrupted, resume=True)
    assert f"--start {uninterrupted / 'network.keras'}" in str(caught.value.hint)


def test_other_volumes_are_not_taken_for_those_of_before(uninterrupted: Path) -> None:
    """Of the same shape and voxels: one grey value is another, or one label, or one more is held out."""
    for change in ("image", "labels"):
        other = two_blobs()
        values = getattr(other, change).copy()
        values[0, 0, 0] ^= 1
        with pytest.raises(GraphkitError, match="a run with other volumes: 1 then, 1 now"):
            train_ffn([dataclasses.replace(other, **{change: values})], SMALL, uninterrupted, resume=True)
    with pytest.raises(GraphkitError, match="other held-out volumes: 0 then, 1 now"):
        train_ffn([two_blobs()], SMALL, uninterrupted, resume=True, validation=[two_blobs()])


def test_a_line_of_the_log_that_was_cut_is_written_again(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n{"step": 3, "lo')
    cut_log(log, 2)
    assert log.read_text() == '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n'


def test_a_run_from_before_a_setting_existed_is_resumed(uninterrupted: Path, tmp_path: Path) -> None:
    """Its checkpoint does not name the setting, which then has its default."""
    with np.load(uninterrupted / "checkpoint.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    state = json.loads(str(arrays["state"]))
    del state["settings"]["augmentation"]["noise"], state["settings"]["connected"]
    np.savez(tmp_path / "checkpoint.npz", **{**arrays, "state": np.array(json.dumps(state))})
    assert train_ffn([two_blobs()], SMALL, tmp_path, resume=True).steps == 6
    noisy = dataclasses.replace(SMALL, augmentation=dataclasses.replace(SMALL.augmentation, noise=0.1))
    with pytest.raises(GraphkitError, match="other settings: augmentation"):
        train_ffn([two_blobs()], noisy, tmp_path, resume=True)


def test_a_damaged_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"cut off")
    with pytest.raises(GraphkitError, match="cannot be read"):
        train_ffn([two_blobs()], SMALL, tmp_path, resume=True)


def test_a_run_that_diverges_says_so(tmp_path: Path) -> None:
    wild = dataclasses.replace(SMALL, learning_rate=1e30, warmup=0, steps=50)
    with pytest.raises(GraphkitError, match="training has diverged"):
        train_ffn([two_blobs()], wild, tmp_path)


@pytest.mark.parametrize(
    ("volume", "says"),
    [
        (LabelledVolume(np.zeros((32, 32, 32), np.float32), np.ones((32, 32, 32), int)), "an image of float32"),
        (LabelledVolume(np.zeros((32, 32, 32), np.uint8), np.ones((32, 32, 32))), "labels of float64"),
        (LabelledVolume(np.zeros((32, 32, 32), np.uint8), np.ones((32, 32, 30), int)), "the same"),
        (
            LabelledVolume(np.zeros((12, 32, 32), np.uint8), np.ones((12, 32, 32), int)),
            "smaller than the training canvas",
        ),
        (LabelledVolume(np.zeros((32, 32, 32), np.uint8), np.zeros((32, 32, 32), int)), "No place to train at"),
    ],
)
def test_volumes_that_do_not_fit(volume: LabelledVolume, says: str, tmp_path: Path) -> None:
    with pytest.raises(GraphkitError, match=says):
        train_ffn([volume], SMALL, tmp_path)


def test_another_voxel_size_and_nothing_at_all(tmp_path: Path) -> None:
    network = dataclasses.replace(SMALL.network, voxel_size_nm=(8.0, 8.0, 8.0))
    with pytest.raises(GraphkitError, match=r"voxels of \(16.0, 16.0, 16.0\) nm, the network's are \(8.0, 8.0, 8.0\)"):
        train_ffn([two_blobs()], dataclasses.replace(SMALL, network=network), tmp_path)
    with pytest.raises(GraphkitError, match="no volume to train on"):
        train_ffn([], SMALL, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("batch", -1),
        ("examples", 7),
        ("learning_rate", 0.0),
        ("learning_rate", np.inf),
        ("least_voxels", -1),
        ("warmup", 100),
        ("visits", 0),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: float) -> None:
    with pytest.raises(GraphkitError, match=name):
        dataclasses.replace(SMALL, **{name: value})


def test_what_only_validation_would_meet_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(
        GraphkitError, match=r"Of the fill, deltas must be from 0 to half the field of view \(4, 4, 4\)"
    ):
        dataclasses.replace(SMALL, policy=FillPolicy(deltas=(5, 5, 5)))
    small = LabelledVolume(np.zeros((12, 32, 32), np.uint8), np.ones((12, 32, 32), int))
    with pytest.raises(GraphkitError, match=r"^Held-out volume 0 has the shape \(12, 32, 32\)"):
        train_ffn([two_blobs()], SMALL, tmp_path, validation=[small])


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GraphkitError, match="file is a file; expected a folder"):
        train_ffn([two_blobs()], SMALL, tmp_path / "file")
    with pytest.raises(GraphkitError, match="file is a file; expected a folder"):
        train_ffn([two_blobs()], SMALL, tmp_path / "run", tensorboard=tmp_path / "file")


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("network = 5", "Error: network is 5; expected a table of settings"),
        (None, "Error: There is no "),
        ("", "and its labels"),
    ],
)
def test_the_commands_say_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: str | None, says: str
) -> None:
    """A file of settings that is none, and labels in another order of axes than the image's."""
    import h5py
    from graphkit_pipeline import commands_train

    with h5py.File(tmp_path / "v.h5", "w") as store:
        store["image"], store["labels"] = np.zeros((32, 36, 40), np.uint8), np.zeros((40, 36, 32), np.int64)
        for part in store.values():
            part.attrs["resolution"] = [16.0] * 3
    settings = tmp_path / "settings.toml"
    if said is not None:
        settings.write_text(said)
    for command, out in ((commands_train.ffn, "net"), (commands_train.membrane, "net.keras")):
        with pytest.raises(SystemExit):
            command(
                tmp_path / out, image=[f"{tmp_path}/v.h5:image"], labels=[f"{tmp_path}/v.h5:labels"], settings=settings
            )
        error = capsys.readouterr().err
        assert says in error
        assert said != "" or "must be z, y, x" in error
