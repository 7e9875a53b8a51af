"""Decisions on bright bars: a network that goes by the grey value alone says what is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.agglomeration.job import AgglomerateJob, agglomerate_halo
from graphkit_pipeline.agglomeration.neurons import COLUMNS, decisions_of
from graphkit_pipeline.agglomeration.resegment import Decision, ResegmentSettings, decide
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.engine import EngineSettings, run_blocks
from graphkit_pipeline.ffn.calls import compiled
from graphkit_pipeline.ffn.network import FfnNetwork, load_network
from graphkit_pipeline.ffn.passes import MaskSettings
from graphkit_pipeline.ffn.settings import FillPolicy
from graphkit_pipeline.volume import create_volume

from graphkit.errors import GraphkitError

from ..networks import threshold_ffn

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

POLICY = FillPolicy(min_segment_voxels=20)
SIZE = (16.0, 16.0, 16.0)
SPLIT, APART = (2**53 + 1, 720575940621039145), 7


@pytest.fixture(scope="module")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return threshold_ffn(tmp_path_factory.mktemp("network") / "bright.keras", level=128.0)


@pytest.fixture(scope="module")
def network(network_file: Path) -> FfnNetwork:
    return load_network(network_file)


def bars() -> tuple[np.ndarray, np.ndarray]:
    """Two bars along x; the first is cut into two segments at x = 40, the other lies 10 voxels beside it, out of sight."""
    image, labels = np.full((40, 40, 80), 60, np.uint8), np.zeros((40, 40, 80), np.int64)
    image[15:25, 8:18], image[15:25, 28:38] = 200, 200
    labels[15:25, 8:18, :40], labels[15:25, 8:18, 40:], labels[15:25, 28:38] = *SPLIT, APART
    return image, labels


def asked(network: FfnNetwork, a: int, b: int, place: tuple[int, int, int], **settings: object) -> Decision:
    image, labels = bars()
    given = ResegmentSettings(radius=(16, 16, 16), **settings)  # type: ignore[arg-type]
    return decide(image, labels, a, b, place, network, POLICY, given, compiled(network))


@pytest.mark.slow
def test_a_bar_in_two_segments_is_one(network: FfnNetwork) -> None:
    found = asked(network, *SPLIT, (20, 13, 40))
    # Not quite 1: at the corners of the box no field of view was centred near enough.
    assert min(found.iou, found.own_a, found.own_b, found.a_from_b, found.b_from_a) > 0.98
    assert found.deleted == 0.0
    assert found.score > 0.98
    assert found.moves > 4


def test_two_bars_are_two(network: FfnNetwork) -> None:
    found = asked(network, SPLIT[0], APART, (20, 22, 30))
    assert found.iou == found.a_from_b == found.b_from_a == 0.0
    assert max(found.own_a, found.own_b) == 1.0
    assert found.score == 0.0


def test_other_segments_are_walls(network: FfnNetwork) -> None:
    image, labels = bars()
    labels[15:25, 8:18, 30:50] = 99
    found = decide(
        image, labels, *SPLIT, (20, 13, 40), network, POLICY, ResegmentSettings(radius=(16, 16, 16)), compiled(network)
    )
    assert found.b_from_a == found.a_from_b == 0.0


def in_block(
    folder: Path, network_file: Path, closed: np.ndarray | None = None
) -> dict[tuple[int, int], dict[str, object]]:
    """The rows of one block of the bars by their pairs; the mask, if any, is one of ``closed`` voxels, 2 in each direction."""
    image, labels = bars()
    bounds = Box.of_shape(image.shape, (0, 0, 0))
    given = [("image", image, "image"), ("labels", labels.astype(np.uint64), "segmentation")]
    for name, array, kind in given:
        create_volume(folder / name, bounds, array.dtype, SIZE, chunk=(64, 64, 64), kind=kind).write(bounds, array)
    mask = None
    if closed is not None:
        coarse = Box.of_shape(closed.shape, (0, 0, 0))
        size = (2 * SIZE[0], 2 * SIZE[1], 2 * SIZE[2])
        create_volume(folder / "mask", coarse, closed.dtype, size, chunk=(64, 64, 64)).write(coarse, closed)
        mask = MaskSettings(str(folder / "mask"), tissue="zero")
    settings = ResegmentSettings(reach_nm=96.0, radius=(16, 16, 16))
    job = AgglomerateJob(str(folder / "image"), str(folder / "labels"), str(network_file), POLICY, settings, mask=mask)
    blocks = make_blocks(bounds, 80, agglomerate_halo(settings, load_network(network_file).settings))
    assert not run_blocks(job, blocks, folder / "blocks", engine=EngineSettings(workers=0)).failed
    return {(row["segment_a"], row["segment_b"]): row for row in decisions_of(folder / "blocks", blocks).to_pylist()}


def test_no_fill_leaves_the_tissue(network: FfnNetwork, network_file: Path, tmp_path: Path) -> None:
    """A slab without tissue across the bar, where no label is: what lies beyond it cannot be reached."""
    image, labels = bars()
    labels[:, :, 34:46] = 0
    closed = labels < 0
    closed[:, :, 34:46] = True
    settings = ResegmentSettings(radius=(16, 16, 16))
    given = (image, labels, *SPLIT, (20, 13, 40), network, POLICY, settings, compiled(network))
    assert decide(*given).score > 0.9
    walled = decide(*given, closed=closed)
    assert walled.a_from_b == walled.b_from_a == 0.0
    assert max(walled.own_a, walled.own_b) > 0.95
    # In a block of a volume: a mask of coarser voxels closes all beyond x = 50, where half of one segment lies.
    folders = [tmp_path / name for name in ("open", "shut")]
    for folder in folders:
        folder.mkdir()
    mask = np.zeros((20, 20, 40), np.uint8)
    mask[:, :, 25:] = 1
    free, shut = (in_block(folder, network_file, m)[SPLIT] for folder, m in zip(folders, (None, mask), strict=True))
    assert free["score"] > 0.95
    assert shut["own_b"] < 0.8 < free["own_b"]
    assert shut["own_a"] == free["own_a"]


def test_a_fill_that_loses_its_own_segment_says_nothing() -> None:
    assert Decision(0.9, 0.5, 1.0, 0.9, 0.9, 0.0, 10).score == 0.5
    assert Decision(0.9, 1.0, 1.0, 0.3, 0.9, 0.0, 10).score == 0.3
    assert Decision(0.9, 1.0, 1.0, 0.95, 0.95, 0.0, 10).score == 0.9


def test_blocks_make_the_decisions_of_the_whole(network_file: Path, tmp_path: Path) -> None:
    image, labels = bars()
    bounds = Box.of_shape(image.shape, (0, 0, 0))
    for name, array, kind in (("image", image, "image"), ("labels", labels.astype(np.uint64), "segmentation")):
        volume = create_volume(tmp_path / name, bounds, array.dtype, SIZE, chunk=(64, 64, 64), kind=kind)
        volume.write(bounds, array)
    settings = ResegmentSettings(reach_nm=96.0, radius=(16, 16, 16))
    job = AgglomerateJob(str(tmp_path / "image"), str(tmp_path / "labels"), str(network_file), POLICY, settings)
    halo = agglomerate_halo(settings, load_network(network_file).settings)
    tables = []
    for number, edge in enumerate((80, 32)):
        blocks = make_blocks(bounds, edge, halo)
        folder = tmp_path / f"blocks{number}"
        report = run_blocks(job, blocks, folder, engine=EngineSettings(workers=0))
        assert not report.failed
        tables.append(decisions_of(folder, blocks))
        assert tables[-1].column_names == list(COLUMNS)
    whole, parts = (t.to_pylist() for t in tables)
    assert [(r["segment_a"], r["segment_b"], r["score"] > 0.95) for r in whole] == [
        (APART, SPLIT[0], False),
        (APART, SPLIT[1], False),
        (*SPLIT, True),
    ]
    best: dict[tuple[int, int], float] = {}
    for row in parts:
        pair = row["segment_a"], row["segment_b"]
        assert row["score"] == 0.0 or row["score"] > 0.9
        best[pair] = max(best.get(pair, 0.0), row["score"])
        assert 15 <= row["z_nm"] / 16 < 25
    assert {pair for pair, score in best.items() if score > 0} == {SPLIT}
    assert best.keys() == {(r["segment_a"], r["segment_b"]) for r in whole}
    total = sum(r["contact_nm2"] for r in parts)
    assert total == pytest.approx(sum(r["contact_nm2"] for r in whole))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reach_nm": -1.0}, "reach_nm"),
        ({"radius": (0, 1, 1)}, "radius"),
        ({"enough": 1.5}, "enough"),
        ({"min_contact_nm2": -1.0}, "min_contact_nm2"),
    ],
)
def test_settings_out_of_range(given: dict[str, object], said: str) -> None:
    with pytest.raises(GraphkitError, match=said):
        ResegmentSettings(**given)  # type: ignore[arg-type]
