"""The model, its file, and the import of google/ffn checkpoints against logits of google/ffn's own graph."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.config import ImageSettings, RunConfig
from graphkit_pipeline.context import Context
from graphkit_pipeline.ffn.calls import compiled
from graphkit_pipeline.ffn.checkpoint import FIB25, import_ffn_checkpoint
from graphkit_pipeline.ffn.network import FfnNetwork, build_network, load_network, save_network
from graphkit_pipeline.ffn.settings import NetworkSettings

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

TINY = NetworkSettings(
    field_of_view=(5, 7, 9),
    deltas=(1, 2, 3),
    depth=3,
    features=4,
    voxel_size_nm=(16.0, 16.0, 16.0),
    mean=120.0,
    std=30.0,
    move=0.8,
)


def trained_looking(settings: NetworkSettings = TINY) -> FfnNetwork:
    network = build_network(settings, seed=1)
    rng = np.random.default_rng(0)
    network.model.set_weights([rng.normal(0, 0.2, w.shape).astype(np.float32) for w in network.model.get_weights()])
    return network


@pytest.fixture(scope="module")
def network() -> FfnNetwork:
    return trained_looking()


def views(settings: NetworkSettings = TINY) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    image, seed = (rng.normal(size=settings.field_of_view).astype(np.float32) for _ in range(2))
    return image, seed


def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """[z, y, x, in] with zeros around, by the sum that defines a convolution layer."""
    reach = kernel.shape[0] // 2
    padded = np.pad(x, [(reach, reach)] * 3 + [(0, 0)])
    out = np.zeros((*x.shape[:3], kernel.shape[-1]))
    for dz, dy, dx in np.ndindex(*kernel.shape[:3]):
        out += padded[dz : dz + x.shape[0], dy : dy + x.shape[1], dx : dx + x.shape[2]] @ kernel[dz, dy, dx]
    return out + bias


def test_the_network_is_the_published_one(network: FfnNetwork) -> None:
    """Computed once more with NumPy in float64, from the paper's description."""
    image, seed = views()
    weights = {
        layer.name: [w.astype(np.float64) for w in layer.get_weights()]
        for layer in network.model.layers
        if layer.weights
    }
    x = np.stack([image, seed], axis=-1).astype(np.float64)
    x = convolved(np.maximum(convolved(x, *weights["conv0_a"]), 0), *weights["conv0_b"])
    for k in range(1, TINY.depth):
        y = convolved(np.maximum(x, 0), *weights[f"conv{k}_a"])
        x = x + convolved(np.maximum(y, 0), *weights[f"conv{k}_b"])
    expected = seed + convolved(np.maximum(x, 0), *weights["conv_lom"])[..., 0]
    np.testing.assert_allclose(compiled(network)(image, seed), expected, atol=2e-5)


def test_layer_normalization_is_the_textbook_one_and_travels_in_the_file(tmp_path: Path) -> None:
    """The same network with the mean and variance over the features taken out before each module, in float64."""
    settings = dataclasses.replace(TINY, normalization="layer")
    network = trained_looking(settings)
    image, seed = views()
    weights = {
        layer.name: [w.astype(np.float64) for w in layer.get_weights()]
        for layer in network.model.layers
        if layer.weights
    }

    def normalized(x: np.ndarray, name: str) -> np.ndarray:
        scale, offset = weights[name]
        deviation = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-3)
        return (x - x.mean(axis=-1, keepdims=True)) / deviation * scale + offset

    x = np.stack([image, seed], axis=-1).astype(np.float64)
    x = convolved(np.maximum(convolved(x, *weights["conv0_a"]), 0), *weights["conv0_b"])
    for k in range(1, settings.depth):
        y = convolved(np.maximum(normalized(x, f"norm{k}"), 0), *weights[f"conv{k}_a"])
        x = x + convolved(np.maximum(y, 0), *weights[f"conv{k}_b"])
    expected = seed + convolved(np.maximum(normalized(x, "norm_last"), 0), *weights["conv_lom"])[..., 0]
    np.testing.assert_allclose(compiled(network)(image, seed), expected, atol=5e-5)
    save_network(network, tmp_path / "net.keras")
    back = load_network(tmp_path / "net.keras")
    assert back.settings.normalization == "layer"
    np.testing.assert_array_equal(compiled(back)(image, seed), compiled(network)(image, seed))


def test_a_file_from_before_layer_normalization_has_none(network: FfnNetwork, tmp_path: Path) -> None:
    save_network(network, tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    settings = json.loads(entries["graphkit.json"])
    del settings["normalization"]
    entries["graphkit.json"] = json.dumps(settings).encode()
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    assert load_network(tmp_path / "net.keras").settings == TINY
    with pytest.raises(GraphkitError, match="normalization"):
        dataclasses.replace(TINY, normalization="batch")


def test_an_untrained_network_returns_its_seed() -> None:
    image, seed = views()
    np.testing.assert_array_equal(compiled(build_network(TINY))(image, seed), seed)


def test_the_same_seed_gives_the_same_weights() -> None:
    first, same, other = (build_network(TINY, seed=s).model.get_weights() for s in (4, 4, 5))
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_parameters_of_the_published_network() -> None:
    assert build_network(FIB25).parameters == 638_433


def test_there_and_back(network: FfnNetwork, tmp_path: Path) -> None:
    save_network(network, tmp_path / "net.keras")
    back = load_network(tmp_path / "net.keras")
    assert back.settings == network.settings
    np.testing.assert_array_equal(compiled(back)(*views()), compiled(network)(*views()))
    assert [p.name for p in tmp_path.iterdir()] == ["net.keras"]


@pytest.mark.slow
def test_keras_alone_opens_the_file(network: FfnNetwork, tmp_path: Path) -> None:
    save_network(network, tmp_path / "net.keras")
    code = (
        "import sys, numpy as np, keras; m = keras.saving.load_model(sys.argv[1]); a = np.load(sys.argv[2]);"
        "v = [a[k][None, ..., None] for k in ('image', 'seed')];"
        "assert 'graphkit_pipeline' not in sys.modules;"
        "np.save(sys.argv[3], keras.ops.convert_to_numpy(m(v))[0, ..., 0])"
    )
    image, seed = views()
    np.savez(tmp_path / "in.npz", image=image, seed=seed)
    arguments = [str(tmp_path / name) for name in ("net.keras", "in.npz", "out.npy")]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), compiled(network)(image, seed), atol=1e-5)


def test_bfloat16_is_close_and_keeps_the_weights(network: FfnNetwork, tmp_path: Path) -> None:
    save_network(network, tmp_path / "net.keras")
    half = load_network(tmp_path / "net.keras", precision="bfloat16")
    difference = np.abs(compiled(half)(*views()) - compiled(network)(*views()))
    assert 0 < difference.max() < 0.1  # 8 bits of mantissa through seven layers
    assert all(np.array_equal(a, b) for a, b in zip(half.model.get_weights(), network.model.get_weights(), strict=True))


def test_mixed_precision_is_closer_than_bfloat16(network: FfnNetwork, tmp_path: Path) -> None:
    save_network(network, tmp_path / "net.keras")
    exact = compiled(network)(*views())
    away = {
        precision: np.abs(compiled(load_network(tmp_path / "net.keras", precision=precision))(*views()) - exact).mean()
        for precision in ("mixed", "bfloat16")
    }
    assert 0 < away["mixed"] < 0.9 * away["bfloat16"]


def test_float16_is_closer_than_bfloat16(network: FfnNetwork, tmp_path: Path) -> None:
    """11 bits of mantissa beside 8: an eighth of the rounding."""
    save_network(network, tmp_path / "net.keras")
    exact = compiled(network)(*views())
    away = {
        precision: np.abs(compiled(load_network(tmp_path / "net.keras", precision=precision))(*views()) - exact).mean()
        for precision in ("float16", "bfloat16")
    }
    assert 0 < away["float16"] < 0.5 * away["bfloat16"], away


def rewritten(path: Path, change: dict[str, object]) -> None:
    """The same archive with other settings beside the weights."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["graphkit.json"] = json.dumps(json.loads(entries["graphkit.json"]) | change).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"depth": 4}, "not those of a network of depth 4 with 4 features"),
        ({"features": 5}, "not those of a network of depth 3 with 5 features"),
        ({"kind": "U-Net"}, "not the file of a flood-filling network"),
        ({"version": 2}, "version 2; this graphkit reads version 1"),
        ({"colour": "red"}, "Unknown network settings: colour"),
        ({"field_of_view": [4, 7, 9]}, "field_of_view must be odd"),
    ],
)
def test_a_file_of_another_shape_or_kind(
    network: FfnNetwork, tmp_path: Path, change: dict[str, object], says: str
) -> None:
    path = tmp_path / "net.keras"
    save_network(network, path)
    rewritten(path, change)
    with pytest.raises(GraphkitError, match=says):
        load_network(path)


def test_files_that_are_no_networks(network: FfnNetwork, tmp_path: Path) -> None:
    with pytest.raises(GraphkitError, match="There is no network at"):
        load_network(tmp_path / "absent.keras")
    (tmp_path / "text.keras").write_text("not a zip")
    with pytest.raises(GraphkitError, match="not the file of a flood-filling network"):
        load_network(tmp_path / "text.keras")
    network.model.save(tmp_path / "plain.keras")
    with pytest.raises(GraphkitError, match="not the file of a flood-filling network"):
        load_network(tmp_path / "plain.keras")
    save_network(network, tmp_path / "cut.keras")
    whole = (tmp_path / "cut.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GraphkitError, match="not the file of a flood-filling network"):
        load_network(tmp_path / "cut.keras")
    with pytest.raises(GraphkitError, match=r"ends in \.keras"):
        save_network(network, tmp_path / "net.h5")


@pytest.fixture(scope="module")
def published(real_data: Path) -> FfnNetwork:
    return import_ffn_checkpoint(real_data / "ffn_fib25" / "model.ckpt-27465036")


def test_golden_logits_of_three_steps(published: FfnNetwork, real_data: Path) -> None:
    with np.load(real_data / "ffn_fib25" / "golden_fib25_onefov.npz") as golden:
        image, logits = golden["image"][0, ..., 0], golden["seed"][0, ..., 0]
        predict = compiled(published)
        for step in (1, 2, 3):
            logits = predict(image, logits)
            np.testing.assert_allclose(logits, golden[f"logits_step{step}"][0, ..., 0], atol=1e-5, rtol=0)


def test_an_imported_network_is_saved_like_any_other(published: FfnNetwork, tmp_path: Path) -> None:
    save_network(published, tmp_path / "fib25.keras")
    back = load_network(tmp_path / "fib25.keras")
    assert back.settings == FIB25
    assert all(
        np.array_equal(a, b) for a, b in zip(back.model.get_weights(), published.model.get_weights(), strict=True)
    )


def test_another_depth_than_the_checkpoint(real_data: Path) -> None:
    with pytest.raises(GraphkitError, match="depth 12 and 32 features; the settings say depth 9 and 16 features"):
        import_ffn_checkpoint(real_data / "ffn_fib25" / "model.ckpt-27465036", NetworkSettings())


def test_checkpoints_that_are_none(tmp_path: Path) -> None:
    import tensorflow as tf

    with pytest.raises(GraphkitError, match="There is no network at"):
        import_ffn_checkpoint(tmp_path / "model.ckpt-1")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(GraphkitError, match=r"notes\.txt is no network"):
        import_ffn_checkpoint(tmp_path / "notes.txt")
    tf.train.Checkpoint(v=tf.Variable([1.0])).write(str(tmp_path / "other"))
    with pytest.raises(GraphkitError, match="not one of a three-dimensional flood-filling network"):
        import_ffn_checkpoint(tmp_path / "other")
    (tmp_path / "broken.index").write_bytes(b"nothing of the kind")
    with pytest.raises(GraphkitError, match="cannot be read"):
        import_ffn_checkpoint(tmp_path / "broken.index")


def write_checkpoint(prefix: Path, bias: float) -> None:
    """A checkpoint as google/ffn names its arrays, of the published network's shape; only the last bias is not 0."""
    import tensorflow as tf

    names, tensors = [], []
    for layer in build_network(FIB25).model.layers:
        for part, variable in zip(("weights", "biases"), layer.weights, strict=False):
            names.append(f"seed_update/{layer.name}/{part}")
            value = bias if names[-1].endswith("conv_lom/biases") else 0.0
            tensors.append(tf.fill(variable.shape, tf.constant(value, tf.float32)))
    prefix.parent.mkdir(parents=True, exist_ok=True)
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)


def test_a_run_tells_checkpoints_of_one_name_apart(tmp_path: Path) -> None:
    """Two folders of trainings, and a training that went on: what was imported before is of no use for another."""
    run = Context(RunConfig(image=ImageSettings("image"), output=str(tmp_path / "run")), tmp_path / "run")

    def bias_of(checkpoint: Path) -> float:
        return float(load_network(run.keras_file(str(checkpoint))).model.get_layer("conv_lom").get_weights()[1][0])

    one, other = (tmp_path / name / "model.ckpt-7" for name in ("one", "other"))
    for checkpoint, bias in ((one, 0.25), (other, 0.5), (one, 0.75)):
        write_checkpoint(checkpoint, bias)
        assert bias_of(checkpoint) == bias
    assert len(list((tmp_path / "run" / "networks").iterdir())) == 3


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of depth 2 and 3 features; its arrays also in a file of NumPy's beside it."""
    import tensorflow as tf

    rng = np.random.default_rng(4)
    shapes = {"conv0_a": (3, 3, 3, 2, 3), "conv_lom": (1, 1, 1, 3, 1)}
    shapes |= dict.fromkeys(("conv0_b", "conv1_a", "conv1_b"), (3, 3, 3, 3, 3))
    arrays = {}
    for name, shape in shapes.items():
        arrays[f"seed_update/{name}/weights"] = rng.normal(size=shape).astype(np.float32)
        arrays[f"seed_update/{name}/biases"] = rng.normal(size=shape[-1]).astype(np.float32)
    prefix = tmp_path_factory.mktemp("foreign") / "model.ckpt-7"
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=[*arrays], shape_and_slices=[""] * 10, tensors=[*arrays.values()]
    )
    np.savez(prefix.with_suffix(".npz"), **arrays)
    return prefix


def test_a_checkpoint_of_another_network_is_imported_with_its_settings(
    foreign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Depth and features follow from it, the rest from the file of settings; every name of a part of its files will do."""
    from graphkit_pipeline.commands_train import import_ffn

    said = tmp_path / "network.toml"
    said.write_text(
        "[network]\nfield_of_view = [9, 11, 11]\ndeltas = [2, 4, 4]\nvoxel_size_nm = [40, 8, 8]\nmean = 120\n"
    )
    for k, name in enumerate(("model.ckpt-7", "model.ckpt-7.index", "model.ckpt-7.data-00000-of-00001")):
        import_ffn(foreign.with_name(name), tmp_path / f"{k}.keras", said)
    assert "depth 2, 3 features, field of view 9 x 11 x 11" in capsys.readouterr().err
    back = load_network(tmp_path / "2.keras")
    assert back.settings == NetworkSettings((9, 11, 11), (2, 4, 4), 2, 3, voxel_size_nm=(40.0, 8.0, 8.0), mean=120.0)
    with np.load(foreign.with_suffix(".npz")) as arrays:
        for layer in back.model.layers:
            for part, values in zip(("weights", "biases"), layer.get_weights(), strict=False):
                np.testing.assert_array_equal(values, arrays[f"seed_update/{layer.name}/{part}"])


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[network]\ndepth = 9", "has depth 2 and 3 features; the settings say depth 9 and 3 features"),
        ("[network]\nfeild_of_view = [9, 9, 9]", "no setting 'feild_of_view' in [network]"),
        ("[network]\nvoxel_size_nm = 8", "network.voxel_size_nm is 8; expected a list of 3 numbers"),
        ("steps = 3", "says steps; a network that is imported has [network] only"),
    ],
)
def test_wrong_settings_of_an_import(
    foreign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], toml: str, says: str
) -> None:
    from graphkit_pipeline.commands_train import import_ffn

    (tmp_path / "network.toml").write_text(toml)
    with pytest.raises(SystemExit):
        import_ffn(foreign, tmp_path / "net.keras", tmp_path / "network.toml")
    assert says in capsys.readouterr().err
    assert not (tmp_path / "net.keras").exists()


def test_a_checkpoint_with_a_part_missing(foreign: Path, tmp_path: Path) -> None:
    import tensorflow as tf

    with np.load(foreign.with_suffix(".npz")) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "seed_update/conv1_b/weights"}
    prefix = tmp_path / "model.ckpt-8"
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=[*arrays], shape_and_slices=[""] * 9, tensors=[*arrays.values()])
    with pytest.raises(GraphkitError, match=r"conv1_b/weights is missing, expected \(3, 3, 3, 3, 3\)"):
        import_ffn_checkpoint(prefix, NetworkSettings(depth=2, features=3))
    prefix.with_name("model.ckpt-8.data-00000-of-00001").unlink()
    with pytest.raises(GraphkitError, match="cannot be read") as caught:
        import_ffn_checkpoint(prefix, NetworkSettings(depth=2, features=3))
    assert "Copy both" in str(caught.value.hint)
