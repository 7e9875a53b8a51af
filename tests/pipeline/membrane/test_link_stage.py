"""Fragments linked to segments in a run: against the cells of the image, in one block or several, at another threshold."""

from __future__ import annotations

import json
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
from graphkit_pipeline.membrane.fragments import FragmentSettings
from graphkit_pipeline.plan import plan_run
from graphkit_pipeline.run import reconstruct, run_status
from graphkit_pipeline.volume import create_volume, open_volume

from graphkit.errors import GraphkitError
from tests.pipeline.networks import threshold_membrane

SHAPE = (24, 24, 192)
LEVEL = 110.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of bright cells, 20 voxels long, uneven enough that each is several fragments, and the network."""
    folder = tmp_path_factory.mktemp("link")
    grey = np.where(cells() > 0, 140, 80) + np.random.default_rng(0).integers(-12, 12, SHAPE)
    image = create_volume(folder / "image", Box.of_shape(SHAPE), np.uint8, (16, 16, 16))
    image.write(image.bounds, grey.astype(np.uint8))
    threshold_membrane(folder / "membrane.keras", level=LEVEL)
    return folder


def cells() -> np.ndarray:
    """Cells 1 .. 7 along x; the faces of blocks of 64 cut through two of them."""
    z, y, x = np.indices(SHAPE)
    inside = ((x + 8) % 32 < 20) & (z >= 2) & (z < 22) & (y >= 2) & (y < 22)
    return np.where(inside, (x + 8) // 32 + 1, 0)


def config_of(place: Path, output: Path, block: int = 64, **change: Any) -> RunConfig:
    given = RunConfig(
        image=ImageSettings(str(place / "image")),
        output=str(output),
        membrane=MembraneStage(str(place / "membrane.keras"), (64, 64, block)),
        segment=SegmentStage(
            method="watershed",
            block=(64, 64, block),
            halo=(8, 8, 8),
            fragments=FragmentSettings(sigma_nm=0.0, spacing_nm=32.0),
        ),
        synapses=SynapseStage(str(SHIPPED / "synapse-tissue.keras")),
        engine=EngineSettings(workers=0, retries=0),
    )
    return replace(given, **change)


def table(config: RunConfig, name: str) -> Any:
    return pq.read_table(Path(config.output) / "tables" / f"{name}.parquet")


@pytest.fixture(scope="module")
def whole(place: Path, tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    config = config_of(place, tmp_path_factory.mktemp("run"))
    reconstruct(config, last="link")
    return config


def test_the_segments_are_the_cells(whole: RunConfig) -> None:
    labels = open_volume(Path(whole.output) / "segmentation").read()
    np.testing.assert_array_equal(labels, cells())
    segments = table(whole, "segments")
    assert segments["segment_id"].to_pylist() == [1, 2, 3, 4, 5, 6, 7]
    assert segments["voxels"].to_pylist() == np.bincount(cells().ravel())[1:].tolist()
    assert segments["min_x_nm"].to_pylist() == [max(0, 16 * (32 * k - 8)) for k in range(7)]
    fragments = table(whole, "fragment_to_segment")
    assert len(fragments) > 14, "nothing had to be linked"
    assert (table(whole, "affinities")["observations"].to_numpy() > 0).all()


def test_one_block_gives_the_same(place: Path, whole: RunConfig, tmp_path: Path) -> None:
    config = config_of(place, tmp_path / "run", block=192)
    reconstruct(config, last="link")
    labels = [open_volume(Path(c.output) / "segmentation").read() for c in (whole, config)]
    np.testing.assert_array_equal(*labels)


def test_another_threshold_asks_no_network(place: Path, whole: RunConfig) -> None:
    asked = Path(whole.output) / "blocks" / "membrane"
    before = {p.name: p.stat().st_mtime_ns for p in asked.iterdir()}
    changed = replace(whole, link=LinkSettings(threshold=1.0, min_segment_voxels=1))
    with pytest.raises(GraphkitError, match="link"):
        reconstruct(changed, last="link")
    reconstruct(changed, first="link", last="link")
    assert {p.name: p.stat().st_mtime_ns for p in asked.iterdir()} == before
    apart = open_volume(Path(whole.output) / "segmentation").read()
    fragments = open_volume(Path(whole.output) / "fragments").read()
    np.testing.assert_array_equal(apart > 0, fragments > 0)
    assert len(np.unique(apart)) == len(np.unique(fragments)) == len(table(whole, "fragments")) + 1
    reconstruct(whole, first="link", last="link")
    np.testing.assert_array_equal(open_volume(Path(whole.output) / "segmentation").read(), cells())


def test_status_plan_and_record(whole: RunConfig) -> None:
    assert [(s.name, s.state) for s in run_status(whole)][:4] == [
        (name, "done") for name in ("membrane", "segment", "reconcile", "link")
    ]
    planned = {stage.name: stage for stage in plan_run(whole, Context(whole, Path(whole.output)))}
    assert planned["link"].blocks == planned["segment"].blocks == 3
    record = json.loads((Path(whole.output) / "stages" / "segment.json").read_text())
    assert "network" not in record["settings"]
    assert record["settings"]["fragments"]["sure"] == 0.9


def test_a_watershed_without_a_membrane_network(place: Path, tmp_path: Path) -> None:
    with pytest.raises(GraphkitError, match="which cuts what a membrane network sees") as caught:
        config_of(place, tmp_path, membrane=MembraneStage())
    assert "membrane-tissue" in str(caught.value.hint)


def test_a_damaged_block_of_the_membranes_is_an_error_and_no_hole(place: Path, tmp_path: Path) -> None:
    """Left out, its fragments would stay apart without a word in the graph."""
    config = config_of(place, tmp_path / "run")
    reconstruct(config, last="reconcile")
    block = sorted((tmp_path / "run" / "blocks" / "membrane").glob("*.npz"))[1]
    good = block.read_bytes()
    block.write_bytes(good[: len(good) // 2])
    with pytest.raises(GraphkitError, match=r"1 of 3 blocks could not be scored.* is damaged") as caught:
        reconstruct(config, last="link")
    assert "--from membrane" in str(caught.value.hint)
    assert not (tmp_path / "run" / "segmentation").exists()
    block.write_bytes(good)
    reconstruct(config, last="link")
    np.testing.assert_array_equal(open_volume(tmp_path / "run" / "segmentation").read(), cells())
