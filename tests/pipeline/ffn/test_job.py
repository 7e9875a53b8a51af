"""Blocks of a volume through the engine: what a block gives, and that nothing else has a say in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.engine import EngineSettings, read_block, run_blocks
from graphkit_pipeline.ffn.consensus import consensus
from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.job import SegmentJob
from graphkit_pipeline.ffn.network import build_network, load_network, save_network
from graphkit_pipeline.ffn.passes import SeedPolicy
from graphkit_pipeline.ffn.seeds import peak_seeds
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from graphkit_pipeline.volume import create_volume

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

START = (10, 200, 3000)
POLICY = FillPolicy(min_segment_voxels=20)


@pytest.fixture(scope="module")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = NetworkSettings(
        field_of_view=(7, 7, 7), deltas=(2, 2, 2), depth=1, features=4, voxel_size_nm=(16.0, 16.0, 16.0)
    )
    network = build_network(settings, seed=3)
    rng = np.random.default_rng(0)
    last = network.model.get_layer("conv_lom")
    last.set_weights([rng.normal(0.3, 0.5, w.shape).astype(np.float32) for w in last.get_weights()])
    path = tmp_path_factory.mktemp("network") / "net.keras"
    save_network(network, path)
    return path


def make_image(
    folder: Path, voxel_size_nm: tuple[float, float, float] = (16.0, 16.0, 16.0)
) -> tuple[Path, np.ndarray, Box]:
    image = np.random.default_rng(1).integers(0, 256, (20, 24, 22), dtype=np.uint8)
    bounds = Box.of_shape(image.shape, START)
    volume = create_volume(folder / "image", bounds, np.uint8, voxel_size_nm)
    volume.write(bounds, image)
    return folder / "image", image, bounds


def test_a_block_is_the_fill_of_its_box_at_its_place(network_file: Path, tmp_path: Path) -> None:
    location, image, bounds = make_image(tmp_path)
    job = SegmentJob(str(location), str(network_file), POLICY)
    blocks = make_blocks(bounds, (20, 12, 22), halo=4)
    report = run_blocks(job, blocks, tmp_path / "blocks", engine=EngineSettings(workers=0))
    assert (report.done, report.failed) == (2, ())
    network = load_network(network_file)
    for block in blocks:
        arrays = read_block(tmp_path / "blocks", block)
        alone = segment_array(image[block.box.slices(origin=START)], network, POLICY, origin=block.box.start)
        np.testing.assert_array_equal(arrays["labels"], alone.labels)
        assert arrays["labels"].dtype == np.int64
        np.testing.assert_array_equal(arrays["voxels"], np.bincount(alone.labels.ravel())[1:])
        np.testing.assert_array_equal(arrays["moves"], alone.moves)
        np.testing.assert_array_equal(arrays["probability"], alone.probability)
        assert (arrays["passes"] == 1).all()
        assert len(arrays["seeds"]) > 0
        assert all(block.box.contains(seed) for seed in arrays["seeds"].tolist())
        assert arrays["counts"].tolist() == [
            alone.counts.begun,
            alone.counts.weak,
            alone.counts.small,
            alone.counts.moves,
        ]


@pytest.mark.slow
def test_blocks_at_once_that_share_calls_give_the_same_files(network_file: Path, tmp_path: Path) -> None:
    location, _, bounds = make_image(tmp_path)
    blocks = make_blocks(bounds, (20, 12, 11), halo=4)
    job = SegmentJob(str(location), str(network_file), POLICY)
    run_blocks(job, blocks, tmp_path / "alone", engine=EngineSettings(workers=0))
    together = dataclasses.replace(job, batch=3)
    report = run_blocks(together, blocks, tmp_path / "together", engine=EngineSettings(workers=0, at_once=4))
    assert (report.done, report.failed) == (4, ())
    for block in blocks:
        one, other = ((tmp_path / where / f"{block.name}.npz").read_bytes() for where in ("alone", "together"))
        assert one == other
    with pytest.raises(GraphkitError, match="blocks in this process"):
        EngineSettings(workers=2, at_once=2)


def test_a_consensus_of_two_orders(network_file: Path, tmp_path: Path) -> None:
    """A block is the consensus of the fills with its seeds forward and backward, however it is stopped."""
    location, image, bounds = make_image(tmp_path)
    job = SegmentJob(str(location), str(network_file), POLICY, consensus=("reverse",))
    (block,) = blocks = make_blocks(bounds, (20, 24, 22), halo=4)
    run_blocks(job, blocks, tmp_path / "blocks", engine=EngineSettings(workers=0))
    arrays = read_block(tmp_path / "blocks", block)
    network, seeds = load_network(network_file), peak_seeds(image, POLICY, origin=START)
    fills = [segment_array(image, network, POLICY, origin=START, seeds=seeds[::turn]) for turn in (1, -1)]
    assert not np.array_equal(fills[0].labels, fills[1].labels)
    np.testing.assert_array_equal(arrays["labels"], consensus([f.labels for f in fills], min_voxels=20))
    assert arrays["counts"].tolist()[3] == sum(f.counts.moves for f in fills)
    assert {len(arrays[name]) for name in ("voxels", "moves", "seeds", "probability", "passes")} == {
        int(arrays["labels"].max())
    }
    kept = dataclasses.replace(job, unfinished=str(tmp_path / "kept"), checkpoint_s=1e-9)
    run_blocks(kept, blocks, tmp_path / "kept", engine=EngineSettings(workers=0))
    assert (tmp_path / "kept" / f"{block.name}.npz").read_bytes() == (
        tmp_path / "blocks" / f"{block.name}.npz"
    ).read_bytes()
    assert job.settings() != dataclasses.replace(job, consensus=()).settings()


@pytest.mark.parametrize(
    ("orders", "seeds", "says"),
    [
        (("reverse", "reverse"), SeedPolicy(), "the same order twice"),
        (("position",), SeedPolicy(), "in which the seeds are tried anyway"),
        (("strongest",), SeedPolicy(source="grid"), "needs seeds with a strength"),
        (("backwards",), SeedPolicy(), "expected position, reverse"),
    ],
)
def test_a_consensus_of_orders_that_are_none(
    network_file: Path, orders: tuple[str, ...], seeds: SeedPolicy, says: str
) -> None:
    with pytest.raises(GraphkitError, match=says):
        SegmentJob("image", str(network_file), POLICY, seeds=seeds, consensus=orders).setup()


def test_settings_change_with_the_network_and_the_policy(network_file: Path, tmp_path: Path) -> None:
    job = SegmentJob("image", str(network_file), POLICY)
    copy = tmp_path / "copy.keras"
    copy.write_bytes(network_file.read_bytes())
    assert dataclasses.replace(job, network=str(copy)).settings() == job.settings()
    copy.write_bytes(network_file.read_bytes() + b"\0")
    assert dataclasses.replace(job, network=str(copy)).settings() != job.settings()
    assert dataclasses.replace(job, policy=FillPolicy(min_segment_voxels=21)).settings() != job.settings()
    with pytest.raises(GraphkitError, match="cannot be read"):
        dataclasses.replace(job, network=str(tmp_path / "absent.keras")).settings()


def test_an_image_that_the_network_was_not_made_for(network_file: Path, tmp_path: Path) -> None:
    location, _, _ = make_image(tmp_path, (32.0, 16.0, 16.0))
    with pytest.raises(GraphkitError, match=r"32.*the network was trained on \(16"):
        SegmentJob(str(location), str(network_file), POLICY).setup()
    bounds = Box.of_shape((5, 24, 22))
    small = create_volume(tmp_path / "small", bounds, np.uint8, (16, 16, 16))
    small.write(bounds, np.zeros(bounds.shape, np.uint8))
    with pytest.raises(GraphkitError, match="field of view"):
        SegmentJob(str(tmp_path / "small"), str(network_file), POLICY).setup()
