"""Training: it learns drawn cells by heart, is scored as it should be, and refuses what it cannot learn from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline import commands_train
from graphkit_pipeline.ffn.labelled import LabelledVolume
from graphkit_pipeline.membrane import shipped
from graphkit_pipeline.membrane.settings import NetworkSettings, TrainingSettings
from graphkit_pipeline.membrane.training import Sampler, train_membrane
from graphkit_pipeline.membrane.validation import cells_of, validate_membrane
from graphkit_pipeline.unet.network import load_network, read_settings

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(
    # Keras 3.15 turns TensorFlow's variables into NumPy 2 arrays in a way that NumPy warns about.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

NETWORK = NetworkSettings(
    features=(6,),
    pooling=(),
    kernels=((3, 3, 3),),
    convolutions=(1,),
    patch=(16, 16, 16),
    offsets=((0, 0, 1), (3, 0, 0)),
)
QUICK = TrainingSettings(steps=60, learning_rate=2e-2, warmup_steps=5, validate_every=60)


@pytest.fixture
def cells():
    """A lattice of 2 x 2 x 3 cells with walls of three voxels: bright cells, dark walls, and noise."""
    shape = (26, 26, 39)
    index = np.indices(shape)
    labels = 1 + index[0] // 13 * 6 + index[1] // 13 * 3 + index[2] // 13
    labels[(index % 13 >= 10).any(0)] = 0
    noise = np.random.default_rng(0).integers(-20, 20, shape)
    return LabelledVolume((np.where(labels > 0, 150, 90) + noise).astype(np.uint8), labels * 2**40, (16.0, 16.0, 16.0))


def test_it_learns_cells_by_heart(cells, tmp_path):
    report = train_membrane([cells], QUICK, tmp_path / "net.keras", network=NETWORK, validation=[cells])
    scores = report.log[-1]
    assert scores["validation"] == 0
    assert scores["vi_sum"] < 0.15  # nothing found: log2(12) = 3.6 bits
    assert scores["cells"] == 12
    assert scores["accuracy"] > 0.98
    assert {"loss", "inside_loss", "affinities_loss"} <= set(report.log[0])
    again = load_network(tmp_path / "net.keras", NetworkSettings)
    assert again.settings == NETWORK
    assert validate_membrane(again, cells).to_dict() == {
        name: scores[name] for name in ("vi_split", "vi_merge", "vi_sum", "accuracy", "cells")
    }
    assert [json.loads(line) for line in (tmp_path / "net.log.jsonl").read_text().splitlines()] == list(report.log)


def test_patches_are_cut_and_turned_with_their_labels(cells):
    """Cells are the bright voxels, before and after; no two cells touch, so short affinities follow from the inside."""
    sampler = Sampler([cells], TrainingSettings(contrast=0, brightness=0, noise=0, batch=2), NETWORK)
    for step in range(10):
        image, (inside, same) = sampler.batch(step)
        assert image.shape == inside.shape == (2, 16, 16, 16, 1)
        assert same.shape == (2, 16, 16, 16, 2)
        grey = image * NETWORK.spread + NETWORK.mean
        np.testing.assert_array_equal(inside == 1, grey > 120)
        both = (inside[:, :, :, :-1] * inside[:, :, :, 1:])[..., 0]
        np.testing.assert_array_equal(same[:, :, :, :-1, 0], both)
        assert (same[:, :, :, -1, 0] == -1).all()
    for a, b in zip(sampler.batch(7)[1], Sampler([cells], sampler._settings, NETWORK).batch(7)[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_cells_grow_to_where_they_meet():
    inside = np.zeros((9, 9, 20), np.uint8)
    inside[1:8, 1:8, 1:7] = 250
    inside[1:8, 1:8, 7:12] = 100  # between the two: less and less sure, to the middle
    inside[:, :, 9] = np.minimum(inside[:, :, 9], 90)
    inside[1:8, 1:8, 12:19] = 250
    inside[0, 0, 0] = 255  # too small to be a cell
    found = cells_of(inside)
    assert found.dtype == np.int64
    assert sorted(np.unique(found)) == [0, 1, 2]
    left, right = found[4, 4, 3], found[4, 4, 15]
    assert (found[1:8, 1:8, 1:9] == left).all()
    assert (found[1:8, 1:8, 10:19] == right).all()
    assert (found[1:8, 1:8, 9] > 0).all()
    assert found[0, 0, 0] == 0
    assert not found[inside <= 76].any()
    assert not cells_of(np.zeros((4, 4, 4), np.uint8)).any()


def test_the_shipped_recipe_small(tmp_path, monkeypatch):
    """As `--shipped` makes it, from smaller tissue and with a smaller network; what is written is what was done."""
    monkeypatch.setattr(shipped, "TRAINING_SEEDS", (1, 2))
    monkeypatch.setattr(shipped, "VALIDATION_SEEDS", (1001,))
    monkeypatch.setattr(shipped, "TRAINING_EDGE_VOX", 48)
    monkeypatch.setattr(shipped, "VALIDATION_EDGE_VOX", 40)
    monkeypatch.setattr(shipped, "NETWORK", NETWORK)
    monkeypatch.setattr(shipped, "TRAINING", TrainingSettings(steps=8, warmup_steps=2))
    out = tmp_path / "membrane.keras"
    report = shipped.train_shipped_membrane(out)
    made = json.loads(out.with_suffix(".json").read_text())
    assert made["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert made["data"]["training_seeds"] == [1, 2]
    assert made["data"]["training_shape"] == [48] * 3
    assert NetworkSettings.from_dict(made["network"]) == NETWORK
    assert TrainingSettings.from_dict(made["training"]).steps == report.steps == 8
    assert made["validation"][0] == {"seed": 1001, **{k: report.log[-1][k] for k in list(made["validation"][0])[1:]}}
    assert shipped.shipped_network().name == "membrane-tissue.keras"


def test_what_cannot_be_learned_from_is_refused(cells, tmp_path):
    out, nothing = tmp_path / "net.keras", np.zeros_like(cells.labels)
    for volumes, says in (
        ([], "no volume to train on"),
        ([LabelledVolume(cells.image, nothing, (16.0,) * 3)], "volume 0 has no cell in its labels"),
        ([cells, LabelledVolume(cells.image, nothing + 1, (16.0,) * 3)], "volume 1 has only cells"),
        ([LabelledVolume(cells.image, cells.labels[:-1], (16.0,) * 3)], r"labels of shape \(25, 26, 39\)"),
        ([LabelledVolume(cells.image, cells.labels * 1.0, (16.0,) * 3)], "type float64"),
        ([LabelledVolume(cells.image * 1.0, cells.labels, (16.0,) * 3)], "float64; the membrane network takes uint8"),
        ([LabelledVolume(cells.image, cells.labels, (8.0,) * 3)], "Training volume 0 has voxels of 8 x 8 x 8"),
        ([LabelledVolume(cells.image[:9], cells.labels[:9], (16.0,) * 3)], r"smaller than the patch \(16, 16, 16\)"),
    ):
        with pytest.raises(GraphkitError, match=says):
            train_membrane(volumes, QUICK, out, network=NETWORK)
    with pytest.raises(GraphkitError, match="There is no folder"):
        shipped.train_shipped_membrane(tmp_path / "none" / "net.keras")
    assert not list(tmp_path.iterdir())


def test_a_file_that_does_not_say_its_voxel_size_takes_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """HDF5 says nothing by itself: [network] voxel_size_nm does, and one that the file says must agree with it."""
    import h5py

    labels = np.zeros((16, 16, 16), np.uint32)
    labels[2:7], labels[9:14] = 1, 2
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["raw"] = np.where(labels > 0, 150, 90).astype(np.uint8)
        file["bodies"] = labels
    settings = tmp_path / "train.toml"
    settings.write_text(
        "steps = 1\n[network]\nvoxel_size_nm = [10, 10, 10]\nfeatures = [2]\npooling = []\nkernels = [[1, 1, 1]]\n"
        "convolutions = [1]\npatch = [8, 8, 8]\noffsets = [[0, 0, 1]]\n"
    )

    def train() -> None:
        commands_train.membrane(
            tmp_path / "net.keras",
            image=[f"{tmp_path}/v.h5:raw"],
            labels=[f"{tmp_path}/v.h5:bodies"],
            settings=settings,
        )

    train()
    assert read_settings(tmp_path / "net.keras", NetworkSettings).voxel_size_nm == (10.0, 10.0, 10.0)
    with h5py.File(tmp_path / "v.h5", "a") as file:
        file["raw"].attrs["voxel_size_nm"] = (8.0, 8.0, 8.0)
    with pytest.raises(SystemExit):
        train()
    assert "says its voxels are (8.0, 8.0, 8.0) nm" in capsys.readouterr().err
