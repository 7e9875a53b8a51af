"""Training: it learns, it goes on to the bit, and it refuses what it cannot learn from."""

from __future__ import annotations

import json

import numpy as np
import pytest
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, PredictSettings, TrainingSettings
from graphkit_pipeline.synapse.training import Sampler, train_synapses
from graphkit_pipeline.synapse.validation import validate_synapses
from graphkit_pipeline.unet.network import load_network

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(
    # Keras 3.15 turns TensorFlow's variables into NumPy 2 arrays in a way that NumPy warns about.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

NETWORK = NetworkSettings(
    features=(8, 12), pooling=((2, 2, 2),), kernels=((3, 3, 3),) * 2, convolutions=(2, 1), patch=(24, 24, 24)
)
SMALL = NetworkSettings(features=(4,), pooling=(), kernels=((3, 3, 3),), convolutions=(1,), patch=(12, 12, 12))
QUICK = TrainingSettings(steps=6, checkpoint_every=2, validate_every=100, warmup_steps=2, margin=1)


@pytest.fixture
def painted(make_scene):
    """Four cells around the middle of a cube, a synapse from each to the next; the image shows which side is pre.

    Cells are 180, gaps 90; at a cleft the gap is 20, the presynaptic side 130 three voxels deep.
    """
    segments = np.zeros((32, 32, 32), np.int64)
    for number, (y, x) in enumerate(((0, 0), (0, 17), (17, 17), (17, 0)), start=1):
        segments[:, y : y + 15, x : x + 15] = number
    scene = make_scene(segments)
    scene.image[:] = np.where(segments > 0, 180, 90)
    wide, gap = slice(8, 24), slice(15, 17)
    near, far, before, behind = slice(2, 12), slice(20, 30), slice(12, 15), slice(17, 20)
    drawn = [
        ((wide, near, gap), (wide, near, before), (0, 0, -1), 1, 2),
        ((wide, gap, far), (wide, before, far), (0, -1, 0), 2, 3),
        ((wide, far, gap), (wide, far, behind), (0, 0, 1), 3, 4),
        ((wide, gap, near), (wide, behind, near), (0, 1, 0), 4, 1),
    ]
    for site, (cleft, side, towards, pre, post) in enumerate(drawn, start=1):
        scene.add(cleft, site, towards)
        scene.image[cleft], scene.image[side] = 20, 130
        centre = np.array([(s.start + s.stop) // 2 for s in cleft])
        ends = [tuple(int(v) for v in centre + 4 * sign * np.array(towards)) for sign in (1, -1)]
        scene.pair(site, pre, post, ends[0], ends[1])
    return scene


@pytest.mark.slow
def test_it_learns_four_synapses_by_heart(painted, tmp_path):
    settings = TrainingSettings(
        steps=60, learning_rate=4e-3, warmup_steps=5, checkpoint_every=60, validate_every=60, margin=1
    )
    report = train_synapses([painted], settings, tmp_path / "net.keras", network=NETWORK, validation=[painted])
    scores = [line for line in report.log if "f1" in line]
    assert [line["step"] for line in scores] == [60]
    assert scores[0]["f1"] == 1.0
    assert scores[0]["true"] == 4
    losses = [line["loss"] for line in report.log if "loss" in line]
    assert losses[-1] < losses[0]
    # The file predicts what was scored.
    again = validate_synapses(
        load_network(tmp_path / "net.keras", NetworkSettings),
        painted,
        assign_settings=AssignSettings(),
        predict_settings=PredictSettings(tile=(48, 48, 48)),
    )
    assert again.f1 == 1.0
    written = [json.loads(line) for line in (tmp_path / "net.log.jsonl").read_text().splitlines()]
    assert written == list(report.log)


@pytest.mark.slow
def test_killed_and_resumed_is_as_if_never_killed(painted, tmp_path):
    """To the byte; the second run ends in step 5, after the checkpoint of step 4."""
    straight, broken = tmp_path / "straight.keras", tmp_path / "broken.keras"
    train_synapses([painted], QUICK, straight, network=SMALL)

    class Killed(BaseException):
        pass

    def kill(stage, fraction):
        if stage == "training the synapse network" and fraction > 4.5 / 6:
            raise Killed

    with pytest.raises(Killed):
        train_synapses([painted], QUICK, broken, network=SMALL, progress=kill)
    assert not broken.exists()
    with pytest.raises(GraphkitError, match="holds an earlier training"):
        train_synapses([painted], QUICK, broken, network=SMALL)
    report = train_synapses([painted], QUICK, broken, network=SMALL, resume=True)
    assert report.first_step == 4
    assert broken.read_bytes() == straight.read_bytes()
    assert broken.with_suffix(".log.jsonl").read_text() == straight.with_suffix(".log.jsonl").read_text()
    # Resuming what is done changes nothing.
    assert train_synapses([painted], QUICK, broken, network=SMALL, resume=True).first_step == 6
    assert broken.read_bytes() == straight.read_bytes()
    # Another training is not gone on with.
    with pytest.raises(GraphkitError, match=r"other training settings: seed 0, now 1"):
        train_synapses(
            [painted], TrainingSettings(**{**QUICK.to_dict(), "seed": 1}), broken, network=SMALL, resume=True
        )
    painted.image[0, 0, 0] ^= 1
    with pytest.raises(GraphkitError, match="other volumes"):
        train_synapses([painted], QUICK, broken, network=SMALL, resume=True)
    broken.with_suffix(".checkpoint.npz").write_bytes(b"PK torn")
    with pytest.raises(GraphkitError, match="cannot be read as a checkpoint"):
        train_synapses([painted], QUICK, broken, network=SMALL, resume=True)


def test_patches_are_cut_right_and_hold_synapses(painted):
    settings = TrainingSettings(near_synapses=1.0, contrast=0, brightness=0, noise=0, batch=2)
    sampler = Sampler([painted], settings, NETWORK)
    for step in range(20):
        image, (mask, direction) = sampler.batch(step)
        assert image.shape == mask.shape == (2, 24, 24, 24, 1)
        assert direction.shape == (2, 24, 24, 24, 3)
        grey = np.rint(image * np.float32(NETWORK.spread) + np.float32(NETWORK.mean))
        np.testing.assert_array_equal(mask[..., 0] == 1, grey[..., 0] == 20)  # clefts are what is 20
        assert (mask.sum(axis=(1, 2, 3, 4)) > 0).all()
        # From any cleft voxel, three steps along its direction is the painted presynaptic side.
        for sample, z, y, x in np.argwhere(mask[..., 0] == 1)[::37]:
            place = np.array([z, y, x]) + np.rint(3 * direction[sample, z, y, x]).astype(int)
            if (place >= 0).all() and (place < 24).all() and np.abs(direction[sample, z, y, x]).max() > 0.99:
                assert grey[(sample, *place, 0)] == 130
    again = Sampler([painted], settings, NETWORK).batch(7)
    for a, b in zip(sampler.batch(7)[1], again[1], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(sampler.batch(7)[0], again[0])


def test_what_cannot_be_learned_from_is_refused(painted, tmp_path):
    out = tmp_path / "net.keras"
    with pytest.raises(GraphkitError, match="no volume to train on"):
        train_synapses([], QUICK, out, network=NETWORK)
    with pytest.raises(GraphkitError, match=r"FILE\.keras"):
        train_synapses([painted], QUICK, tmp_path / "net.h5", network=NETWORK)
    large = NetworkSettings.from_dict({**NETWORK.to_dict(), "patch": (64, 24, 24)})
    with pytest.raises(GraphkitError, match=r"smaller than the patch \(64, 24, 24\)"):
        train_synapses([painted], QUICK, out, network=large)
    painted.voxel_size_nm = (8.0, 8.0, 8.0)
    with pytest.raises(GraphkitError, match="Training volume 0 has voxels of 8 x 8 x 8"):
        train_synapses([painted], QUICK, out, network=NETWORK)
    painted.voxel_size_nm = (16.0, 16.0, 16.0)
    painted.image = painted.image.astype(np.float32)
    with pytest.raises(GraphkitError, match="float32"):
        train_synapses([painted], QUICK, out, network=NETWORK)
    painted.image = painted.image.astype(np.uint8)
    painted.clefts[:] = 0
    with pytest.raises(GraphkitError, match="No training volume holds a cleft"):
        train_synapses([painted], QUICK, out, network=NETWORK)
    assert not out.exists()
