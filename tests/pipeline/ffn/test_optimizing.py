"""Learning rates by their formulas, optimizers and clipping by what they do to the weights, figures by their definitions."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphkit_pipeline.ffn.optimizing import learning_rate
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from graphkit_pipeline.ffn.stepping import StepFigures, Stepper, _KerasStepper, build_stepper
from graphkit_pipeline.ffn.training import LabelledVolume, train_ffn
from graphkit_pipeline.ffn.training_settings import TrainingSettings

from graphkit.errors import GraphkitError

NET = NetworkSettings(field_of_view=(5, 5, 5), deltas=(1, 1, 1), depth=2, features=4, mean=0.0, std=1.0)
ONE = TrainingSettings(network=NET, batch=2, examples=4, steps=100, warmup=10, learning_rate=0.1)


def test_cosine_is_keras_own_schedule() -> None:
    import keras

    expected = keras.optimizers.schedules.CosineDecay(0.0, 90, warmup_target=0.1, warmup_steps=10)
    for step in (0, 1, 9, 10, 11, 55, 99, 100):
        assert learning_rate(ONE, step) == pytest.approx(float(expected(step)), abs=1e-7)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [("linear", {0: 0.0, 5: 0.05, 10: 0.1, 55: 0.05, 100: 0.0}), ("constant", {0: 0.0, 5: 0.05, 10: 0.1, 100: 0.1})],
)
def test_the_other_schedules(schedule: Any, rates: dict[int, float]) -> None:
    settings = dataclasses.replace(ONE, schedule=schedule)
    assert {step: learning_rate(settings, step) for step in rates} == pytest.approx(rates)


def test_scaling_with_replicas() -> None:
    """Linear and square root grow rate and batch; with none both are what they were."""
    rates = {}
    for scaling in ("none", "linear", "square-root"):
        settings = dataclasses.replace(ONE, scaling=scaling, batch=16, examples=32)
        rates[scaling] = (learning_rate(settings, 10, replicas=16), settings.of_all(16))
    assert rates == {
        "none": (0.1, (16, 32)),
        "linear": (pytest.approx(1.6), (256, 512)),
        "square-root": (pytest.approx(0.4), (256, 512)),
    }
    with pytest.raises(GraphkitError, match="A batch of 2 cannot be shared among 16 replicas"):
        ONE.of_all(16)


def views(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    image, canvas = (rng.normal(size=(2, 5, 5, 5, 1)).astype(np.float32) for _ in range(2))
    return image, canvas, np.where(rng.random(image.shape) < 0.5, np.float32(0.95), np.float32(0.05))


def weights(stepper: Stepper) -> np.ndarray:
    return np.concatenate([w.ravel() for w in stepper.network.model.get_weights()])


def with_noise(stepper: Stepper) -> Stepper:
    """Weights that are not 0, the last layer's among them."""
    rng = np.random.default_rng(3)
    model = stepper.network.model
    model.set_weights([rng.normal(0, 0.3, w.shape).astype(np.float32) for w in model.get_weights()])
    return stepper


def one_step(**changes: Any) -> tuple[np.ndarray, StepFigures]:
    """What a step of plain gradient descent at a rate of 1 takes from the weights: the gradient, as it was clipped."""
    settings = dataclasses.replace(ONE, **{"optimizer": "sgd", "momentum": 0.0, "clip_value": 1e9, **changes})
    stepper = with_noise(build_stepper(settings))
    before = weights(stepper)
    _, figures = stepper.step(*views(), rate=1.0)
    return before - weights(stepper), figures


def test_gradients_and_their_figures() -> None:
    """Against central differences of the loss, computed from the network's logits in float64."""
    gradient, figures = one_step()
    stepper = with_noise(build_stepper(ONE))
    model, (image, canvas, target) = stepper.network.model, views()

    def loss() -> float:
        x = np.asarray(model([image, canvas])).astype(np.float64)
        return float(np.mean(np.logaddexp(0, x) - target * x))

    assert figures.loss == pytest.approx(loss(), rel=1e-5)
    own = model.get_weights()
    offsets = np.cumsum([0, *(w.size for w in own)])
    for k, place in ((0, (1, 1, 1, 0, 2)), (3, (1,)), (4, (0, 1, 2, 3, 1)), (8, (0, 0, 0, 1, 0))):
        sides = []
        for by in (1e-2, -1e-2):
            moved = [w.copy() for w in own]
            moved[k][place] += by
            model.set_weights(moved)
            sides.append(loss())
        flat = offsets[k] + np.ravel_multi_index(place, own[k].shape)
        assert gradient[flat] == pytest.approx((sides[0] - sides[1]) / 2e-2, rel=0.02, abs=1e-5)
    assert figures.norm == pytest.approx(np.linalg.norm(gradient), rel=1e-4)
    assert figures.largest == pytest.approx(np.abs(gradient).max(), rel=1e-4)
    assert figures.clipped is False


def test_clipping_by_value_and_by_norm() -> None:
    whole, figures = one_step()
    limit = 0.5 * figures.largest
    by_value, clipped = one_step(clip_value=limit)
    np.testing.assert_allclose(by_value, np.clip(whole, -limit, limit), atol=1e-6)
    assert clipped.clipped
    assert clipped.largest == figures.largest  # as they were before
    by_norm, clipped = one_step(clip_norm=0.25 * figures.norm)
    np.testing.assert_allclose(by_norm, 0.25 * whole, atol=1e-6)
    assert clipped.clipped


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [{}, {"optimizer": "adamw"}, {"optimizer": "sgd"}, {"clip_norm": 0.01}],
    ids=["adam", "adamw", "sgd", "norm"],
)
def test_the_compiled_step_is_keras_own_step(changes: dict[str, Any]) -> None:
    """Losses, logits and weights of three steps, by the graph and by ``train_on_batch``."""
    settings = dataclasses.replace(ONE, **changes)
    ours, keras_own = with_noise(build_stepper(settings)), with_noise(_KerasStepper(settings))
    for k in range(3):
        rate = learning_rate(settings, 7 + k)
        (logits, figures), (expected, others) = (s.step(*views(k), rate=rate) for s in (ours, keras_own))
        np.testing.assert_allclose(logits, expected, atol=1e-4)
        assert figures.loss == pytest.approx(others.loss, rel=1e-5)
        assert (figures.true_positive, figures.voxels) == (others.true_positive, others.voxels)
    np.testing.assert_allclose(weights(ours), weights(keras_own), atol=2e-4)


def test_training_in_bfloat16_is_close_to_float32_and_keeps_its_weights_in_32_bits() -> None:
    half, full = (with_noise(build_stepper(dataclasses.replace(ONE, precision=p))) for p in ("bfloat16", "float32"))
    losses = [[s.step(*views(), rate=0.01)[1].loss for _ in range(10)] for s in (half, full)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    assert losses[0] != losses[1]
    assert losses[0][-1] < losses[0][0]
    assert {w.dtype for w in half.network.model.get_weights()} == {np.dtype(np.float32)}


def striped() -> LabelledVolume:
    labels = np.repeat(np.arange(1, 4), 8)[:, None, None] * np.ones((24, 24, 24), np.int64)
    image = np.where(np.arange(24) % 8 == 0, 60, 160)[:, None, None] + np.zeros(labels.shape)
    return LabelledVolume(image.astype(np.uint8), labels)


def test_what_is_logged_recorded_and_shown_by_tensorboard(tmp_path: Path) -> None:
    import tensorflow as tf
    from graphkit_pipeline.ffn.inference import segment_array
    from graphkit_pipeline.ffn.network import load_network
    from skimage.metrics import adapted_rand_error

    settings = dataclasses.replace(
        ONE,
        steps=6,
        warmup=2,
        log_every=2,
        checkpoint_every=3,
        validate_every=3,
        keep="rand_error",
        least_voxels=1,
        network=dataclasses.replace(NET, mean=110.0, std=50.0),
        policy=FillPolicy(min_segment_voxels=10, mirror=False),
    )
    held_out = LabelledVolume(striped().image[:, :9, :9], striped().labels[:, :9, :9])
    train_ffn([striped()], settings, tmp_path / "run", validation=[held_out], tensorboard=tmp_path / "board")
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 3, 4, 6]
    assert lines[0]["learning_rate"] == pytest.approx(0.1)
    assert lines[0]["gradient_norm"] >= lines[0]["gradient_largest"] / 2 > 0
    kept = min((line for line in lines if "rand_error" in line), key=lambda line: line["rand_error"])
    with zipfile.ZipFile(tmp_path / "run" / "network.keras") as archive:
        record = json.loads(archive.read("training.json"))
    assert record == json.loads((tmp_path / "run" / "record.json").read_text())
    assert (record["kept"]["step"], record["kept"]["rand_error"]) == (kept["step"], kept["rand_error"])
    assert record["augmentations"] == ["mirror", "turn", "contrast", "brightness", "section"]
    assert record["settings"]["keep"] == "rand_error"
    found = segment_array(held_out.image, load_network(tmp_path / "run" / "network.keras"), settings.policy)
    expected, *_ = adapted_rand_error(held_out.labels, found.labels + 1)
    assert kept["rand_error"] == pytest.approx(expected, abs=1e-6)

    (file,) = (tmp_path / "board").iterdir()
    shown: dict[int, dict[str, float]] = {}
    for data in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(data.numpy())
        for value in event.summary.value:
            shown.setdefault(event.step, {})[value.tag] = value.simple_value
    assert sorted(shown) == [2, 3, 4, 6]
    assert shown[6]["validation/vi_sum"] == pytest.approx(lines[3]["vi_sum"], rel=1e-6)
    assert shown[2]["training/loss"] == pytest.approx(lines[0]["loss"], rel=1e-6)
    assert {"training/accuracy", "training/learning_rate", "gradients/norm"} <= set(shown[2])
    moves = [line["moves_per_example"] for line in lines if "moves_per_example" in line]
    assert moves
    assert all(1 <= m <= settings.visits for m in moves)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "lamb"),
        ("schedule", "steps"),
        ("scaling", "cubic"),
        ("precision", "float16"),
        ("keep", "loss"),
        ("clip_norm", 0.0),
        ("momentum", 1.0),
        ("weight_decay", -1.0),
        ("seed", -1),
        ("network", dataclasses.replace(NET, init=0.6)),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: Any) -> None:
    with pytest.raises(GraphkitError, match="init" if name == "network" else name):
        dataclasses.replace(ONE, **{name: value})
