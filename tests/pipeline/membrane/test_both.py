"""Flood filling and the membrane network's affinities together, in a run: where only one of the two sees a wall."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from graphkit_pipeline.agglomeration.joined import LinkSettings
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.config import SHIPPED, ImageSettings, MembraneStage, RunConfig, SegmentStage, SynapseStage
from graphkit_pipeline.context import Context
from graphkit_pipeline.engine import EngineSettings
from graphkit_pipeline.ffn.settings import FillPolicy
from graphkit_pipeline.membrane.fragments import FragmentSettings
from graphkit_pipeline.plan import plan_run
from graphkit_pipeline.run import reconstruct, run_status
from graphkit_pipeline.stages import segmentation
from graphkit_pipeline.volume import create_volume, open_volume

from graphkit.errors import GraphkitError
from tests.pipeline.networks import threshold_ffn, threshold_membrane

pytestmark = pytest.mark.filterwarnings(
    # Keras 3.15 turns TensorFlow's variables into NumPy 2 arrays in a way that NumPy warns about.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SHAPE = (24, 24, 176)
FAR = ((0, 0, 1), (0, 0, 12))


def places() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which pair of cells a voxel belongs to, how far along it, and whether it lies in one; faces of blocks of 64 cut two."""
    z, y, x = np.indices(SHAPE)
    along = (x + 44) % 64
    return (x + 44) // 64, along, (along >= 14) & (along < 61) & (z >= 2) & (z < 22) & (y >= 2) & (y < 22)


def cells() -> np.ndarray:
    """Six cells along x, walls of nine voxels between the two of a pair."""
    pair, along, within = places()
    return np.where(within & ((along < 33) | (along >= 42)), 2 * pair + (along >= 42) + 1, 0)


def grey() -> np.ndarray:
    """Cells 170, outside 80, walls 125: flood filling asks for 140 and sees them, the membrane network for 110."""
    within = places()[2]
    found = np.where(cells() > 0, 170, np.where(within, 125, 80))
    return (found + np.random.default_rng(0).integers(-5, 6, SHAPE)).astype(np.uint8)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("both")
    image = create_volume(folder / "image", Box.of_shape(SHAPE), np.uint8, (16, 16, 16))
    image.write(image.bounds, grey())
    threshold_membrane(folder / "membrane.keras", level=110.0, offsets=FAR)
    threshold_ffn(folder / "ffn.keras", level=140.0)
    return folder


def config_of(place: Path, output: Path, block: int = 64, **change: Any) -> RunConfig:
    given = RunConfig(
        image=ImageSettings(str(place / "image")),
        output=str(output),
        membrane=MembraneStage(str(place / "membrane.keras"), (64, 64, block)),
        segment=SegmentStage(
            str(place / "ffn.keras"),
            (64, 64, block),
            (8, 8, 8),
            FillPolicy(min_segment_voxels=300),
            FragmentSettings(sigma_nm=0.0, spacing_nm=160.0),
            "both",
        ),
        synapses=SynapseStage(str(SHIPPED / "synapse-tissue.keras")),
        link=LinkSettings(threshold=0.75, votes=2),
        engine=EngineSettings(workers=0, retries=0),
    )
    return replace(given, **change)


def labels_of(config: RunConfig) -> np.ndarray:
    return np.asarray(open_volume(Path(config.output) / "segmentation").read())


def files(config: RunConfig, stage: str) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in (Path(config.output) / "blocks" / stage).glob("*.npz")}


def same_cells(labels: np.ndarray) -> bool:
    """Whether labels are the cells, wherever both have one, and few voxels of cells have none."""
    truth = cells()
    both = (labels > 0) & (truth > 0)
    pairs = np.unique(np.stack([labels[both], truth[both]]), axis=1)
    return len(pairs.T) == 6 == len(set(pairs[0])) and np.count_nonzero(both) > 0.95 * np.count_nonzero(truth)


@pytest.fixture(scope="module")
def whole(place: Path, tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    config = config_of(place, tmp_path_factory.mktemp("run"))
    reconstruct(config, last="link")
    return config


def test_a_wall_that_only_flood_filling_sees(whole: RunConfig) -> None:
    assert same_cells(labels_of(whole))
    reconstruct(replace(whole, link=LinkSettings(threshold=0.75, votes=0)), first="link", last="link")
    assert len(np.unique(labels_of(whole))) == 1 + 4, "the membrane network alone was to join the pairs"
    filled = files(whole, "segment"), files(whole, "cut")
    reconstruct(whole, first="link", last="link")
    assert (files(whole, "segment"), files(whole, "cut")) == filled
    assert same_cells(labels_of(whole))


def test_what_was_filled_beyond_the_fragments_joins_them(place: Path, tmp_path: Path) -> None:
    """Rims of 170 are inside for flood filling, and not for a membrane network that asks for 200."""
    y = np.indices(SHAPE)[1]
    rim = (cells() > 0) & ((y < 5) | (y >= 19))
    image = create_volume(tmp_path / "image", Box.of_shape(SHAPE), np.uint8, (16, 16, 16))
    image.write(image.bounds, (grey() + np.where((cells() > 0) & ~rim, 70, 0)).astype(np.uint8))
    threshold_membrane(tmp_path / "dim.keras", level=200.0, offsets=FAR)
    config = config_of(place, tmp_path / "run", image=ImageSettings(str(tmp_path / "image")))
    config = replace(config, membrane=replace(config.membrane, network=str(tmp_path / "dim.keras")))
    bare = replace(config, link=replace(config.link, spread=False))
    reconstruct(bare, last="link")
    before = labels_of(bare)
    assert not before[rim].any()
    reconstruct(config, first="link", last="link")
    after = labels_of(config)
    np.testing.assert_array_equal(after[before > 0], before[before > 0])
    assert np.mean(after[rim] > 0) > 0.95
    assert same_cells(after)
    table = pq.read_table(Path(config.output) / "tables" / "segments.parquet")
    assert table["voxels"].to_pylist() == np.bincount(after.ravel())[1:].tolist()


def test_in_one_block_the_same(place: Path, whole: RunConfig, tmp_path: Path) -> None:
    config = config_of(place, tmp_path / "run", block=192)
    reconstruct(config, last="link")
    assert same_cells(labels_of(config))


def test_its_stages_plan_and_tables(whole: RunConfig) -> None:
    names = [(s.name, s.state, s.blocks_done) for s in run_status(whole)][:5]
    assert names == [
        (n, "done", 0 if n == "reconcile" else 3) for n in ("membrane", "segment", "cut", "reconcile", "link")
    ]
    planned = {stage.name: stage for stage in plan_run(whole, Context(whole, Path(whole.output)))}
    assert planned["cut"].blocks == 3
    folder = Path(whole.output) / "tables"
    segments, mapping = (pq.read_table(folder / f"{name}.parquet") for name in ("segments", "fragment_to_segment"))
    assert segments["voxels"].to_pylist() == np.bincount(labels_of(whole).ravel())[1:].tolist()
    assert set(mapping["segment_id"].to_pylist()) - {0} == set(segments["segment_id"].to_pylist())


@pytest.mark.parametrize("stage", ["cutting fragments", "scoring fragments"])
def test_stopped_between_blocks_it_goes_on_to_the_same_bytes(
    place: Path, whole: RunConfig, tmp_path: Path, stage: str
) -> None:
    config = config_of(place, tmp_path / "run")

    class Stopped(BaseException):
        pass

    def stop(said: str, fraction: float) -> None:
        if said == stage and fraction > 0:
            raise Stopped

    with pytest.raises(Stopped):
        reconstruct(config, last="link", progress=stop)
    done = files(config, "cut")
    assert done
    reconstruct(config, last="link")
    assert done.items() <= files(config, "cut").items()
    np.testing.assert_array_equal(labels_of(config), labels_of(whole))
    for table in ("segments", "linkage", "affinities"):
        one, other = (pq.read_table(Path(c.output) / "tables" / f"{table}.parquet") for c in (config, whole))
        assert one.equals(other)


def test_another_membrane_network_leaves_what_was_filled(place: Path, whole: RunConfig, tmp_path: Path) -> None:
    """And flood filling alone is gone on from."""
    config = config_of(place, tmp_path / "run")
    alone = replace(config, membrane=MembraneStage(), segment=replace(config.segment, method="flood"))
    reconstruct(alone, last="reconcile")
    assert len(np.unique(labels_of(alone))) > 1
    filled = files(alone, "segment")
    reconstruct(config, last="link")
    np.testing.assert_array_equal(labels_of(config), labels_of(whole))
    threshold_membrane(tmp_path / "sharp.keras", level=125.0, offsets=FAR)
    other = replace(config, membrane=replace(config.membrane, network=str(tmp_path / "sharp.keras")))
    with pytest.raises(GraphkitError, match="'membrane' changed"):
        reconstruct(other, last="link")
    reconstruct(other, first="membrane", last="link")
    assert files(other, "segment") == filled
    assert [s.state for s in run_status(other)][:5] == ["done"] * 5


def test_a_block_that_could_not_be_filled_is_not_heard(place: Path, whole: RunConfig, tmp_path: Path) -> None:
    """The pair of cells whose wall lies in it is joined; once it is filled, they are apart again."""
    config = config_of(place, tmp_path / "run")
    reconstruct(config, last="segment")
    block = next((tmp_path / "run" / "blocks" / "segment").glob("*x0-64.npz"))
    good = block.read_bytes()
    block.write_bytes(good[: len(good) // 2])
    with pytest.raises(GraphkitError, match=r"1 of 3 blocks could not be scored.* is damaged"):
        reconstruct(config, last="link")
    segmentation.link(Context(config, tmp_path / "run", restart=True, failed={"segment": (block.stem,)}))
    assert len(np.unique(labels_of(config))) == 1 + 5
    block.write_bytes(good)
    reconstruct(config, first="link", last="link")
    np.testing.assert_array_equal(labels_of(config), labels_of(whole))


def test_what_is_missing_is_said(place: Path, tmp_path: Path) -> None:
    with pytest.raises(GraphkitError, match='"both", which cuts what a membrane network sees, and the run has none'):
        config_of(place, tmp_path, membrane=MembraneStage())
    threshold_ffn(tmp_path / "seen.keras", level=128.0, sees="membrane")
    config = config_of(place, tmp_path / "run")
    config = replace(config, segment=replace(config.segment, network=str(tmp_path / "seen.keras")))
    with pytest.raises(GraphkitError, match=r"seen\.keras was trained on what a membrane network sees; with"):
        reconstruct(config)
    with pytest.raises(GraphkitError, match="link votes is -1"):
        LinkSettings(votes=-1)
    with pytest.raises(GraphkitError, match="link spread is 'yes'; expected true or false"):
        LinkSettings(spread="yes")  # type: ignore[arg-type]
