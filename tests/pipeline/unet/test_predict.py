"""Prediction: no seams, the stated reach, the stated rules."""

from __future__ import annotations

import numpy as np
import pytest
from graphkit_pipeline.synapse.job import PredictJob
from graphkit_pipeline.synapse.predict import predict_array
from graphkit_pipeline.synapse.settings import NetworkSettings, PredictSettings
from graphkit_pipeline.unet.network import build_network, load_network, save_network
from graphkit_pipeline.unet.predict import check_voxel_size

from graphkit.errors import GraphkitError

SETTINGS = NetworkSettings(
    features=(4, 6, 8),
    pooling=((1, 2, 2), (2, 2, 2)),
    kernels=((1, 3, 3), (3, 3, 3), (3, 3, 3)),
    convolutions=(1, 1, 1),
    patch=(8, 16, 16),
)
CLOSE = {"atol": 2e-5, "rtol": 0}  # float32 sums in another order


@pytest.fixture(scope="module")
def network():
    return build_network(SETTINGS, seed=3)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (21, 34, 43), np.uint8)


@pytest.fixture(scope="module")
def whole(network, image):
    return predict_array(image, network, PredictSettings(tile=(64, 104, 104)))


def _same(a, b):
    np.testing.assert_allclose(a[0], b[0], **CLOSE)
    # Directions matter up to their angle; a vector that is nearly zero has none to speak of.
    np.testing.assert_allclose(a[1], b[1], atol=2e-3)


def test_shapes_and_ranges(whole, image):
    cleft, direction = whole
    assert cleft.dtype == direction.dtype == np.float32
    assert cleft.shape == image.shape
    assert direction.shape == (3, *image.shape)
    assert cleft.min() >= 0
    assert cleft.max() <= 1
    assert cleft.std() > 0
    length = np.linalg.norm(direction, axis=0)
    # A head of a new network, with no bias yet, can be silent: then there is no direction. (Trained ones are not.)
    np.testing.assert_allclose(length[length > 0], 1, atol=1e-5)
    assert (length > 0).mean() > 0.5


def test_tiles_leave_no_seams(network, image, whole):
    _same(predict_array(image, network, PredictSettings(tile=(16, 40, 44))), whole)


@pytest.mark.parametrize("origin", [(0, 0, 0), (-5, 7, 1001)])
def test_a_block_with_its_halo_gives_what_the_whole_gives(network, image, origin):
    """Wherever the array lies in the volume: blocks begin on any voxel, the pooling grid does not move."""
    settings = PredictSettings(tile=(16, 40, 44))
    whole = predict_array(image, network, settings, origin=origin)
    halo = SETTINGS.halo
    core = (slice(9, 14), slice(13, 22), slice(17, 30))
    low = [max(s.start - h, 0) for s, h in zip(core, halo, strict=True)]
    seen = tuple(slice(a, min(s.stop + h, n)) for a, s, h, n in zip(low, core, halo, image.shape, strict=True))
    block = predict_array(image[seen], network, settings, origin=[o + a for o, a in zip(origin, low, strict=True)])
    inner = tuple(slice(s.start - a, s.stop - a) for s, a in zip(core, low, strict=True))
    _same((block[0][inner], block[1][(slice(None), *inner)]), (whole[0][core], whole[1][(slice(None), *core)]))


def test_nothing_beyond_the_halo_matters_and_something_at_it_does(network, image, whole):
    voxel, halo = np.array([10, 17, 20]), np.array(SETTINGS.halo)
    low, high = np.maximum(voxel - halo, 0), voxel + halo + 1
    changed = 255 - image
    changed[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = image[
        tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    ]
    cleft, _ = predict_array(changed, network)
    assert abs(cleft[tuple(voxel)] - whole[0][tuple(voxel)]) < 2e-5
    assert np.abs(cleft - whole[0]).max() > 1e-2
    # The stated halo is reached: some voxel feels a change exactly that far away along x, and none one farther.
    far = image.copy()
    far[:, :, 20] = 255 - far[:, :, 20]
    felt = np.flatnonzero(np.abs(predict_array(far, network)[0] - whole[0]).max(axis=(0, 1)) > 2e-5)
    assert max(abs(felt - 20)) <= SETTINGS.halo[2]


def test_the_faces_are_mirrored(network, image):
    pad = [(h, h) for h in SETTINGS.halo]
    padded = np.pad(image, pad, mode="symmetric")
    origin = [-h for h in SETTINGS.halo]
    wide = predict_array(padded, network, origin=origin)
    inner = tuple(slice(h, h + n) for h, n in zip(SETTINGS.halo, image.shape, strict=True))
    _same(predict_array(image, network), (wide[0][inner], wide[1][(slice(None), *inner)]))


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 2), (1, 40, 40)])
def test_smaller_than_a_tile_or_the_halo_is_mirrored(network, shape):
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    cleft, direction = predict_array(image, network)
    assert cleft.shape == shape
    assert np.isfinite(cleft).all()
    assert np.isfinite(direction).all()


def test_a_constant_image_is_predicted(network):
    cleft, _ = predict_array(np.full((12, 20, 20), 7, np.uint8), network)
    assert np.ptp(cleft) < 2e-5


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((8, 8, 8), np.nan, np.float32), "float32 and holds NaN"),
        (np.zeros((8, 8, 8), np.float32), "float32; the synapse network takes uint8"),
        (np.zeros((8, 8, 8), np.uint16), "uint16"),
        (np.zeros((8, 8), np.uint8), "shape"),
        (np.zeros((0, 8, 8), np.uint8), "shape"),
    ],
)
def test_other_images_are_refused(network, image, message):
    with pytest.raises(GraphkitError, match=message):
        predict_array(image, network)


def test_in_bfloat16_it_is_the_same_network(network, image, whole, tmp_path):
    """A mantissa of 8 bits: off by some thousandths and by hundredths at most; a wrong weight would be off by tenths."""
    save_network(network, tmp_path / "net.keras")
    halved = load_network(tmp_path / "net.keras", NetworkSettings, precision="bfloat16")
    assert {layer.compute_dtype for layer in halved.model.layers if layer.name.startswith("conv")} == {"bfloat16"}
    assert {a.dtype for a in halved.model.predict_on_batch(np.zeros((1, 8, 16, 16, 1)))} == {np.dtype(np.float32)}
    cleft, _ = predict_array(image, halved)
    apart = np.abs(cleft - whole[0])
    assert 0 < apart.mean() < 0.005
    assert apart.max() < 0.1
    assert np.corrcoef(cleft.ravel(), whole[0].ravel())[0, 1] > 0.999


def test_what_was_predicted_hangs_on_the_precision(network, tmp_path):
    save_network(network, tmp_path / "net.keras")
    jobs = [
        PredictJob("image", str(tmp_path / "net.keras"), settings)
        for settings in (PredictSettings(), PredictSettings(tile=(64, 64, 64)), PredictSettings(precision="bfloat16"))
    ]
    assert jobs[0].settings() == jobs[1].settings() != jobs[2].settings()
    with pytest.raises(
        GraphkitError, match='The synapse setting precision is \'mixed\'; expected "float32" or "bfloat16"'
    ):
        PredictSettings(precision="mixed")


def test_a_tile_too_small_for_the_halo_is_refused(network, image):
    with pytest.raises(GraphkitError, match=r"tile is .* at least"):
        predict_array(image, network, PredictSettings(tile=(8, 8, 8)))


def test_another_voxel_size_is_refused(network):
    check_voxel_size(network.settings, (16.1, 16, 16))
    with pytest.raises(GraphkitError, match=r"8 x 8 x 8 nm .* the synapse network was trained on 16 x 16 x 16 nm"):
        check_voxel_size(network.settings, (8, 8, 8))
