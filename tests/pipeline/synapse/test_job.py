"""Through the block engine and volumes on disk: what one array gives, for any blocks."""

from __future__ import annotations

import json

import numpy as np
import pytest
from graphkit_pipeline.block_files import write_block
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.engine import EngineSettings, run_blocks
from graphkit_pipeline.synapse.assign import SYNAPSES, assign
from graphkit_pipeline.synapse.job import AssignJob, PredictJob, assign_halo, gather_synapses, read_prediction
from graphkit_pipeline.synapse.predict import predict_array
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, PredictSettings
from graphkit_pipeline.unet.network import build_network, save_network
from graphkit_pipeline.volume import create_volume

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(
    # Keras 3.15 turns TensorFlow's variables into NumPy 2 arrays in a way that NumPy warns about.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

HERE = EngineSettings(workers=0, retries=0)
NETWORK = NetworkSettings(
    features=(4, 4), pooling=((2, 2, 2),), kernels=((3, 3, 3),) * 2, convolutions=(1, 1), patch=(8, 8, 8)
)
START = (5, -4, 30)


def _stored(path, array, size, kind):
    bounds = Box.of_shape(array.shape, START)
    volume = create_volume(path, bounds, array.dtype, size, chunk=(16, 16, 16), kind=kind)
    volume.write(bounds, array)
    return str(path)


@pytest.fixture
def network_file(tmp_path):
    save_network(build_network(NETWORK, seed=1), tmp_path / "net.keras")
    return str(tmp_path / "net.keras")


def test_predicted_in_blocks_as_in_one_piece(tmp_path, network_file):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 28), np.uint8)
    location = _stored(tmp_path / "image.zarr", image, (16, 16, 16), "image")
    cleft, direction = predict_array(image, build_network(NETWORK, seed=1), origin=START)
    bounds = Box.of_shape(image.shape, START)
    job = PredictJob(location, network_file, PredictSettings(tile=(32, 32, 32)))
    for number, size in enumerate(((20, 30, 28), (11, 16, 13))):
        blocks = make_blocks(bounds, size)
        report = run_blocks(job, blocks, tmp_path / f"blocks{number}", engine=HERE)
        assert (report.done, report.failed) == (len(blocks), ())
        found, vectors = read_prediction(tmp_path / f"blocks{number}", blocks, bounds)
        np.testing.assert_allclose(found, cleft, atol=0.5 / 255 + 2e-5)
        np.testing.assert_allclose(vectors / 127, direction, atol=0.5 / 127 + 2e-3)
    # A box of one's own, across blocks; where no block is given there is no cleft.
    box = Box((8, 0, 33), (17, 20, 50))
    np.testing.assert_array_equal(read_prediction(tmp_path / "blocks1", blocks, box)[0], found[box.slices(START)])
    some, _ = read_prediction(tmp_path / "blocks1", blocks[:1], bounds)
    assert some[blocks[0].core.slices(START)].any()
    assert np.count_nonzero(some) <= blocks[0].core.voxels


@pytest.fixture
def crossed(make_scene):
    """A lattice of cells of 14 voxels with gaps of 2, and synapses across many of the gaps."""
    shape = (32, 48, 48)
    index = np.indices(shape) // 16
    segments = 1 + index[0] * 9 + index[1] * 3 + index[2]
    segments[(np.indices(shape) % 16 >= 14).any(0)] = 0
    scene = make_scene(segments, offset=START)
    site = 0
    for z in (7, 23):
        for y in (7, 23, 39):
            for x in (14, 30):
                site += 1
                wide = (slice(z - 4, z + 4), slice(y - 4, y + 4), slice(x, x + 2))
                scene.add(wide, site, (0, 0, -1 if site % 3 else 1))
    return scene


def _predicted(scene, folder, blocks):
    """What a PredictJob that found the truth would have left."""
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps({"made": "by hand"}))
    for block in blocks:
        cut = block.core.slices(START)
        arrays = {
            "cleft": np.rint(scene.cleft[cut] * 255).astype(np.uint8),
            "direction": (scene.direction[(slice(None), *cut)] * 127).astype(np.int8),
        }
        write_block(folder, block, arrays)
    return str(folder)


def test_assigned_in_blocks_as_in_one_piece(tmp_path, crossed):
    chosen = AssignSettings(site_nm=160)
    whole = assign(
        np.rint(crossed.cleft * 255).astype(np.uint8) / np.float32(255),
        crossed.direction,
        crossed.segments,
        settings=chosen,
        voxel_size_nm=crossed.voxel_size_nm,
        offset=START,
    )
    assert len(whole) == 12
    bounds = Box.of_shape(crossed.segments.shape, START)
    labels = _stored(tmp_path / "labels.zarr", crossed.segments, crossed.voxel_size_nm, "segmentation")
    cut = make_blocks(bounds, (13, 20, 17))
    job = AssignJob(_predicted(crossed, tmp_path / "prediction", cut), cut, labels, chosen)
    halo = assign_halo(chosen, crossed.voxel_size_nm)
    assert halo == (17, 17, 17)  # (160 + 112) / 16
    for number, size in enumerate(((32, 48, 48), (16, 24, 24))):
        blocks = make_blocks(bounds, size, halo)
        report = run_blocks(job, blocks, tmp_path / f"tables{number}", engine=HERE)
        assert (report.done, report.failed) == (len(blocks), ())
        assert gather_synapses(tmp_path / f"tables{number}", blocks).equals(whole)
    assert len(blocks) == 8


def test_nothing_found_is_an_empty_table(tmp_path, crossed):
    crossed.clefts[:] = 0
    bounds = Box.of_shape(crossed.segments.shape, START)
    labels = _stored(tmp_path / "labels.zarr", crossed.segments, crossed.voxel_size_nm, "segmentation")
    blocks = make_blocks(bounds, (32, 24, 48), 4)
    job = AssignJob(_predicted(crossed, tmp_path / "prediction", blocks), blocks, labels)
    run_blocks(job, blocks, tmp_path / "tables", engine=HERE)
    table = gather_synapses(tmp_path / "tables", blocks)
    assert table.schema == SYNAPSES
    assert len(table) == 0


def test_what_the_result_depends_on_is_in_the_settings(tmp_path, network_file):
    job = PredictJob("image.zarr", network_file)
    assert json.loads(json.dumps(job.settings())) == job.settings()
    assert job.settings() == PredictJob("image.zarr", network_file, PredictSettings(tile=(64, 64, 64))).settings()
    save_network(build_network(NETWORK, seed=2), tmp_path / "other.keras")
    assert job.settings() != PredictJob("image.zarr", str(tmp_path / "other.keras")).settings()
    with pytest.raises(GraphkitError, match=r"none\.keras cannot be read"):
        PredictJob("image.zarr", str(tmp_path / "none.keras")).settings()


def test_an_image_of_another_voxel_size_stops_the_run(tmp_path, network_file):
    image = np.zeros((16, 16, 16), np.uint8)
    location = _stored(tmp_path / "image.zarr", image, (30, 8, 8), "image")
    blocks = make_blocks(Box.of_shape(image.shape, START), 16)
    with pytest.raises(GraphkitError, match=r"30 x 8 x 8 nm .* trained on 16 x 16 x 16 nm"):
        run_blocks(PredictJob(location, network_file), blocks, tmp_path / "blocks", engine=HERE)


def test_a_prediction_that_is_missing_sets_the_block_aside(tmp_path, crossed):
    bounds = Box.of_shape(crossed.segments.shape, START)
    labels = _stored(tmp_path / "labels.zarr", crossed.segments, crossed.voxel_size_nm, "segmentation")
    blocks = make_blocks(bounds, (32, 24, 48), 4)
    job = AssignJob(_predicted(crossed, tmp_path / "prediction", blocks[:1]), blocks, labels)
    report = run_blocks(job, blocks, tmp_path / "tables", engine=HERE)
    assert len(report.failed) == 2  # both see into the second
    assert "is not finished" in report.failed[0][1]
