"""The network's file: what goes in comes out, and what is no network is refused in one line."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from graphkit_pipeline.synapse.settings import NetworkSettings
from graphkit_pipeline.unet import settings as unet
from graphkit_pipeline.unet.network import build_network, load_network, read_settings, save_network

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(
    # Keras 3.15 turns TensorFlow's variables into NumPy 2 arrays in a way that NumPy warns about.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SETTINGS = NetworkSettings(
    voxel_size_nm=(40, 8, 8),
    features=(3, 5),
    pooling=((1, 2, 2),),
    kernels=((1, 3, 3), (3, 3, 3)),
    convolutions=(1, 2),
    patch=(8, 16, 16),
    mean=100.0,
)


@pytest.fixture(scope="module")
def network():
    return build_network(SETTINGS, seed=5)


@pytest.fixture
def saved(network, tmp_path):
    save_network(network, tmp_path / "net.keras")
    return tmp_path / "net.keras"


def _outputs(model):
    image = np.random.default_rng(0).normal(size=(1, 8, 16, 16, 1)).astype(np.float32)
    return model.predict_on_batch(image)


def test_saved_and_loaded_is_the_same(network, saved):
    loaded = load_network(saved, NetworkSettings)
    assert loaded.settings == SETTINGS
    for a, b in zip(_outputs(network.model), _outputs(loaded.model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_plain_keras_reads_the_file(network, saved):
    import keras

    for a, b in zip(_outputs(network.model), _outputs(keras.saving.load_model(saved)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_same_network_has_the_same_bytes(network, saved, tmp_path):
    save_network(build_network(SETTINGS, seed=5), tmp_path / "again.keras")
    assert (tmp_path / "again.keras").read_bytes() == saved.read_bytes()
    save_network(build_network(SETTINGS, seed=6), tmp_path / "other.keras")
    assert (tmp_path / "other.keras").read_bytes() != saved.read_bytes()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_parameters_by_hand(network):
    """A convolution has inputs x kernel x outputs weights and a bias an output."""
    top, low = (1 * 9 * 3 + 3) + (3 * 9 * 3 + 3), (3 * 27 * 5 + 5) + (5 * 27 * 5 + 5)
    up, heads = (5 * 1 * 3 + 3), (3 * 1 + 1) + (3 * 3 + 3)
    assert network.model.count_params() == top + low + up + heads


class Nucleus(unet.NetworkSettings):
    """Of a purpose of its own, with one head."""

    about = "nucleus"
    command = "graphkit train nuclei"

    @property
    def heads(self):
        return (unet.Head("inside", 2, 0.5),)


def test_a_network_of_another_purpose(saved, tmp_path):
    """Its file says which one it is; either is refused in place of the other, and the message says how to make the right one."""
    other = build_network(Nucleus.from_dict(SETTINGS.to_dict()))
    save_network(other, tmp_path / "other.keras")
    assert read_settings(tmp_path / "other.keras", Nucleus) == other.settings
    assert load_network(tmp_path / "other.keras", Nucleus).model.layers[-1].bias.numpy().tolist() == [0.5, 0.5]
    for path, wrong, right in ((tmp_path / "other.keras", NetworkSettings, Nucleus), (saved, Nucleus, NetworkSettings)):
        with pytest.raises(
            GraphkitError, match=f"'graphkit {right.about} U-Net', not a 'graphkit {wrong.about} U-Net'"
        ) as e:
            read_settings(path, wrong)
        assert wrong.command in str(e.value.hint)
    with pytest.raises(GraphkitError, match="The nucleus setting features is"):
        Nucleus(features=(0,))


def _rewritten(path, **changes):
    """The archive with its graphkit.json changed; a None removes it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    about = {**json.loads(members["graphkit.json"]), **changes}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, json.dumps(about) if name == "graphkit.json" else data)
    return path


def test_another_shape_is_refused(saved):
    wider = NetworkSettings.from_dict({**SETTINGS.to_dict(), "features": (3, 6)})
    with pytest.raises(GraphkitError, match=r"weights are not those of a U-Net with features \(3, 6\)"):
        load_network(_rewritten(saved, settings=wider.to_dict()), NetworkSettings)


def test_what_is_no_network_is_refused(saved, tmp_path):
    with pytest.raises(GraphkitError, match="There is no synapse network"):
        load_network(tmp_path / "none.keras", NetworkSettings)
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(GraphkitError, match="is not a synapse network of graphkit"):
        load_network(tmp_path / "text.keras", NetworkSettings)
    with zipfile.ZipFile(tmp_path / "plain.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(GraphkitError, match="is not a synapse network of graphkit"):
        load_network(tmp_path / "plain.keras", NetworkSettings)
    (tmp_path / "cut.keras").write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(GraphkitError, match="is not a synapse network of graphkit"):
        load_network(tmp_path / "cut.keras", NetworkSettings)
    with pytest.raises(GraphkitError, match="format version 9"):
        load_network(_rewritten(saved, version=9), NetworkSettings)
    with pytest.raises(GraphkitError, match="holds a 'flood filling'"):
        load_network(_rewritten(saved, kind="flood filling"), NetworkSettings)


def test_saved_under_another_name_is_refused(network, tmp_path):
    with pytest.raises(GraphkitError, match=r"FILE\.keras"):
        save_network(network, tmp_path / "net.h5")
