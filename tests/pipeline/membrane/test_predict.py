"""The inside of cells as bytes, against the plain network; mirror images; blocks through the engine."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from graphkit_pipeline.block_files import read_block
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.engine import EngineSettings, run_blocks
from graphkit_pipeline.ffn.labelled import LabelledVolume
from graphkit_pipeline.membrane.job import MembraneJob
from graphkit_pipeline.membrane.predict import predict_array, seen_volumes
from graphkit_pipeline.membrane.settings import NetworkSettings, PredictSettings
from graphkit_pipeline.unet.network import build_network, save_network
from graphkit_pipeline.volume import create_volume

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(
    # Keras 3.15 turns TensorFlow's variables into NumPy 2 arrays in a way that NumPy warns about.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SETTINGS = NetworkSettings(
    features=(4, 6),
    pooling=((2, 2, 2),),
    kernels=((3, 3, 3),) * 2,
    convolutions=(1, 2),
    patch=(8, 8, 8),
    spread=20.0,
    offsets=((1, 0, 0), (0, 0, 3)),
)
TILE = (40, 44, 48)


@pytest.fixture(scope="module")
def network():
    return build_network(SETTINGS, seed=4)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (18, 24, 28), np.uint8)


def _plain(network, image):
    """Probabilities of both heads of the mirrored image in one piece, from Keras alone."""
    halo = [-(-h // 2) * 2 for h in SETTINGS.halo]
    seen = np.pad(image, [(h, h) for h in halo], mode="symmetric")
    scaled = (seen.astype(np.float32) - SETTINGS.mean) / SETTINGS.spread
    logits = network.model.predict_on_batch(scaled[None, ..., None])
    inner = tuple(slice(h, h + n) for h, n in zip(halo, image.shape, strict=True))
    return [1 / (1 + np.exp(-logit[0][inner])) for logit in logits]


def test_bytes_are_the_networks_probabilities(network, image):
    cell, same = _plain(network, image)
    found = predict_array(image, network, PredictSettings(tile=TILE), affinities=True)
    assert found.inside.dtype == found.affinities.dtype == np.uint8
    assert found.affinities.shape == (2, *image.shape)
    assert np.ptp(found.inside) > 20
    np.testing.assert_allclose(found.inside, 255 * cell[..., 0], atol=0.501)
    np.testing.assert_allclose(np.moveaxis(found.affinities, 0, -1), 255 * same, atol=0.501)
    assert predict_array(image, network, PredictSettings(tile=TILE)).affinities is None


@pytest.mark.parametrize(("mirrors", "axes"), [(2, [(), (2,)]), (4, [(), (1,), (2,), (1, 2)])])
def test_mirror_images_are_averaged(network, image, mirrors, axes):
    """All sides are even here, so the plain network's grid is the one of each mirror image."""
    turned = [np.flip(_plain(network, np.flip(image, a))[0][..., 0], a) for a in axes]
    found = predict_array(image, network, PredictSettings(tile=TILE, mirrors=mirrors))
    np.testing.assert_allclose(found.inside, 255 * np.mean(turned, axis=0), atol=0.502)


def test_all_mirror_images_of_a_mirror_image_are_the_same_ones(network, image):
    chosen = PredictSettings(tile=TILE, mirrors=8)
    found = predict_array(image, network, chosen, origin=(0, 2, 4)).inside
    again = predict_array(np.flip(image), network, chosen, origin=(-18, -26, -32)).inside
    assert np.abs(found.astype(int) - np.flip(again)).max() <= 1
    with pytest.raises(GraphkitError, match="The membrane setting mirrors is 3; expected 1, 2, 4 or 8"):
        PredictSettings(mirrors=3)


def test_volumes_to_train_on_are_what_it_sees(network, image):
    labels = np.arange(image.size).reshape(image.shape)
    (seen,) = seen_volumes([LabelledVolume(image, labels, (16.0, 16.0, 16.0))], network)
    np.testing.assert_array_equal(seen.image, predict_array(image, network).inside)
    assert seen.labels is labels
    with pytest.raises(GraphkitError, match="Volume 0 has voxels of 8 x 8 x 8"):
        seen_volumes([LabelledVolume(image, labels, (8.0, 8.0, 8.0))], network)


START = (5, -4, 31)


@pytest.fixture
def job(network, image, tmp_path):
    bounds = Box.of_shape(image.shape, START)
    create_volume(tmp_path / "image.zarr", bounds, np.uint8, (16, 16, 16), chunk=(16, 16, 16)).write(bounds, image)
    save_network(network, tmp_path / "net.keras")
    chosen = PredictSettings(tile=TILE, mirrors=2)
    return MembraneJob(str(tmp_path / "image.zarr"), str(tmp_path / "net.keras"), chosen, affinities=True)


def test_in_blocks_as_in_one_piece(network, image, job, tmp_path):
    """Odd starts and sizes, mirrored and not: a grey value may be rounded the other way, no more."""
    whole = predict_array(image, network, job.predict, origin=START, affinities=True)
    blocks = make_blocks(Box.of_shape(image.shape, START), (11, 24, 13))
    report = run_blocks(job, blocks, tmp_path / "blocks", engine=EngineSettings(workers=0, retries=0))
    assert (report.done, report.failed) == (len(blocks), ())
    for block in blocks:
        arrays, at = read_block(tmp_path / "blocks", block), block.core.slices(START)
        for name, expected in (("inside", whole.inside[at]), ("affinities", whole.affinities[(slice(None), *at)])):
            assert arrays[name].dtype == np.uint8
            apart = np.abs(arrays[name].astype(int) - expected)
            assert apart.max() <= 1
            assert (apart > 0).mean() < 0.001


def test_what_the_result_depends_on_is_in_the_settings(job):
    assert json.loads(json.dumps(job.settings())) == job.settings()
    assert replace(job, predict=PredictSettings(tile=(64, 64, 64), mirrors=2)).settings() == job.settings()
    assert replace(job, predict=PredictSettings(mirrors=4)).settings() != job.settings()
    with pytest.raises(GraphkitError, match=r"8 x 8 x 8 nm \[z, y, x\]; the membrane network was trained on 16"):
        replace(job, voxel_size_nm=(8.0, 8.0, 8.0), image=_of_sections(job)).setup()


def _of_sections(job):
    """A stack of PNG sections, which says no voxel size."""
    from pathlib import Path

    from PIL import Image

    folder = Path(job.image).with_name("sections")
    folder.mkdir()
    for z in range(3):
        Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / f"{z}.png")
    return str(folder)
