"""Blocks joined again: against scikit-image's labelling of the whole, and errors that cost what the rule says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
from graphkit_pipeline.blocks import Block, Box, make_blocks
from graphkit_pipeline.reconcile import ReconcileSettings, Reconciliation, reconcile_blocks, votes
from graphkit_pipeline.volume import create_volume
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from graphkit.errors import GraphkitError
from graphkit.schema import TABLES

VOXEL_NM = (40.0, 16.0, 8.0)
EXACT = ReconcileSettings(min_voxels=1)


def voronoi(shape: Sequence[int], cells: int, seed: int, empty: float = 0.1) -> np.ndarray:
    """Cells around random points; a share of them is background."""
    rng = np.random.default_rng(seed)
    points = np.stack([rng.integers(0, n, cells) for n in shape], axis=1)
    marks = np.zeros(shape, np.int64)
    marks[tuple(points.T)] = np.arange(1, cells + 1)
    nearest = ndimage.distance_transform_edt(marks == 0, return_distances=False, return_indices=True)
    labels = marks[tuple(nearest)]
    labels[np.isin(labels, 1 + np.flatnonzero(rng.random(cells) < empty))] = 0
    return labels


def whole_labels(truth: np.ndarray) -> np.ndarray:
    """Scikit-image's connected parts of equal ids (26 neighbours), numbered by their first voxel in z, y, x."""
    parts = skimage.measure.label(truth, connectivity=3)
    ids, first = np.unique(parts, return_index=True)
    number = np.zeros(parts.max() + 1, np.int64)
    number[ids[ids > 0][np.argsort(first[ids > 0])]] = np.arange(1, (ids > 0).sum() + 1)
    return number[parts]


def cut(truth: np.ndarray, bounds: Box, blocks: Sequence[Block], seed: int) -> dict[int, np.ndarray]:
    """Each block's labels as a segmentation of it alone finds them: its connected parts, numbered at random."""
    rng = np.random.default_rng(seed)
    found = {}
    for block in blocks:
        labels = whole_labels(truth[block.box.slices(bounds.start)])
        n = int(labels.max(initial=0))
        found[block.index] = np.concatenate([[0], 1 + rng.permutation(n)]).astype(np.int64)[labels]
    return found


def reader(arrays: Mapping[int, np.ndarray]) -> Callable[[Block], dict[str, np.ndarray]]:
    return lambda block: {"labels": arrays[block.index]}


@dataclass
class ArrayVolume:
    """A volume in memory that refuses what one on disk refuses."""

    bounds: Box
    chunk: tuple[int, int, int]
    voxel_size_nm: tuple[float, float, float] = VOXEL_NM
    location: str = "memory"

    def __post_init__(self) -> None:
        self.array = np.full(self.bounds.shape, -1, np.int64)

    def write(self, box: Box, array: np.ndarray) -> None:
        assert array.shape == box.shape
        self.array[box.slices(self.bounds.start)] = array


def joined(
    arrays: Mapping[int, np.ndarray], bounds: Box, blocks: Sequence[Block], chunk: tuple[int, int, int], **more: Any
) -> tuple[np.ndarray, Reconciliation]:
    """The reconciled labels [z, y, x] and the report."""
    output = ArrayVolume(bounds, chunk)
    report = reconcile_blocks(blocks, reader(arrays), output, **more)  # type: ignore[arg-type]
    return output.array, report


BOUNDS = Box((5, 7, 11), (5 + 30, 7 + 40, 11 + 50))
BLOCKS = make_blocks(BOUNDS, 16, 4)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return voronoi(BOUNDS.shape, 60, seed=1)


@settings(max_examples=20, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 12)] * 3),
    start=st.tuples(*[st.integers(-20, 20)] * 3),
    size=st.tuples(*[st.integers(3, 9)] * 3),
    halo=st.integers(1, 5),
    cells=st.integers(1, 30),
    empty=st.sampled_from([0.0, 0.4, 0.8]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_known_segmentation_cut_up_comes_back_exactly(
    shape: tuple[int, int, int],
    start: tuple[int, int, int],
    size: tuple[int, int, int],
    halo: int,
    cells: int,
    empty: float,
    seed: int,
) -> None:
    bounds = Box.of_shape(shape, start)
    truth = voronoi(shape, cells, seed, empty)
    blocks = make_blocks(bounds, size, halo)
    found, report = joined(cut(truth, bounds, blocks, seed), bounds, blocks, chunk=size, settings=EXACT)
    np.testing.assert_array_equal(found, whole_labels(truth))
    assert report.segments.num_rows == found.max()


def test_the_defaults_bring_a_dense_segmentation_back(truth: np.ndarray) -> None:
    found, report = joined(cut(truth, BOUNDS, BLOCKS, 3), BOUNDS, BLOCKS, chunk=(16, 16, 16))
    variation = skimage.metrics.variation_of_information(whole_labels(truth), found)
    assert variation[0] < 1e-12  # nothing merged that is apart
    assert variation[1] < 0.01  # a sliver below min_voxels may stay apart
    assert report.holes == ()


@pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")
def test_it_writes_to_a_volume_on_disk(truth: np.ndarray, tmp_path: Path) -> None:
    arrays = cut(truth, BOUNDS, BLOCKS, 3)
    expected, _ = joined(arrays, BOUNDS, BLOCKS, chunk=(16, 16, 16))
    output = create_volume(tmp_path / "labels", BOUNDS, "int64", VOXEL_NM, chunk=(16, 16, 16), kind="segmentation")
    reconcile_blocks(BLOCKS, reader(arrays), output)
    np.testing.assert_array_equal(output.read(), expected)


def test_the_order_of_the_blocks_does_not_matter(truth: np.ndarray) -> None:
    arrays = cut(truth, BOUNDS, BLOCKS, 3)
    one, first = joined(arrays, BOUNDS, BLOCKS, chunk=(16, 16, 16))
    two, second = joined(arrays, BOUNDS, BLOCKS[::-1], chunk=(16, 16, 16))
    np.testing.assert_array_equal(one, two)
    assert first.segments.equals(second.segments)
    assert first.joins.equals(second.joins)


def test_the_table_of_segments_is_scikit_images(truth: np.ndarray) -> None:
    found, report = joined(cut(truth, BOUNDS, BLOCKS, 3), BOUNDS, BLOCKS, chunk=(16, 16, 16))
    assert report.segments.schema.equals(TABLES["segments"].schema)
    expected = []
    for part in skimage.measure.regionprops(found):
        low, high = (np.add(part.bbox[i : i + 3], BOUNDS.start) * VOXEL_NM for i in (0, 3))
        corners = [*low[::-1], *high[::-1]]
        expected.append([part.label, int(part.num_pixels), *map(int, corners)])
    assert [list(row.values()) for row in report.segments.to_pylist()] == expected


def test_one_block_is_numbered_by_first_voxels() -> None:
    bounds = Box.of_shape((4, 4, 4))
    labels = np.zeros((4, 4, 4), np.int64)
    labels[0, 0, 3], labels[0, 1, 0], labels[3] = 7, 2, 5
    found, _ = joined({0: labels}, bounds, make_blocks(bounds, 4), chunk=(4, 4, 4))
    assert (found[0, 0, 3], found[0, 1, 0], found[3, 0, 0]) == (1, 2, 3)


def test_a_neurite_that_leaves_the_block_and_comes_back_is_one() -> None:
    """A U whose arms lie in block 0 and whose bend lies in block 1: two segments in one, one in the other.

    .. ═════╪══╗
    .. ═════╪══╝    x ->
    """
    bounds = Box.of_shape((8, 16, 32))
    truth = np.zeros(bounds.shape, np.int64)
    truth[2:5, 2:5, 0:28] = truth[2:5, 10:13, 0:28] = truth[2:5, 2:13, 25:28] = 1
    blocks = make_blocks(bounds, (8, 16, 16), 4)
    arrays = cut(truth, bounds, blocks, 0)
    assert arrays[0].max() == 2
    found, _ = joined(arrays, bounds, blocks, chunk=(8, 16, 16))
    assert found.max() == 1


TWO = Box.of_shape((8, 16, 32))
TWO_BLOCKS = make_blocks(TWO, (8, 16, 16), 4)


def stripes() -> dict[int, np.ndarray]:
    """Two parallel neurites, 8 and 5 voxels wide, through two blocks; both blocks see both."""
    labels = np.zeros(TWO.shape, np.int64)
    labels[:, 1:9], labels[:, 10:15] = 1, 2
    return {b.index: labels[b.box.slices()].copy() for b in TWO_BLOCKS}


def test_one_blocks_merge_stays_in_its_block() -> None:
    arrays = stripes()
    arrays[1][arrays[1] > 0] = 1
    arrays[1][:, 9] = 1  # the two grown together
    found, report = joined(arrays, TWO, TWO_BLOCKS, chunk=(8, 16, 16))
    assert found[0, 2, 0] != found[0, 12, 0]  # block 0 keeps them apart
    assert found[0, 2, 31] == found[0, 12, 31] == found[0, 2, 0]  # the merged one goes to the larger
    assert report.joins["joined"].to_pylist() == [True, False]


def test_a_merge_with_no_majority_joins_nothing() -> None:
    arrays = stripes()
    for labels in arrays.values():
        labels[:, 9] = 0
    arrays[0][:, 1:9][arrays[0][:, 1:9] > 0] = 1
    arrays[0][:, 9:14], arrays[0][:, 14:] = 2, 3
    arrays[1][:, 1:15] = 1  # one segment over three
    found, report = joined(arrays, TWO, TWO_BLOCKS, settings=ReconcileSettings(min_iou=0.6), chunk=(8, 16, 16))
    assert not any(report.joins["joined"].to_pylist())
    assert len(np.unique(found[found > 0])) == 4


def test_one_blocks_split_stays_for_the_smaller_part() -> None:
    arrays = stripes()
    arrays[1][:3][arrays[1][:3] == 1] = 3
    found, _ = joined(arrays, TWO, TWO_BLOCKS, chunk=(8, 16, 16))
    assert found[5, 2, 31] == found[0, 2, 0]
    assert found[0, 2, 31] not in (found[0, 2, 0], found[0, 12, 0])


def test_labels_that_end_before_the_border_of_their_box_are_joined() -> None:
    """A network leaves the outermost voxels of its box empty; the others still vote."""
    arrays = stripes()
    arrays[0][:, :, -3:] = 0
    arrays[1][:, :, :3] = 0
    found, _ = joined(arrays, TWO, TWO_BLOCKS, chunk=(8, 16, 16))
    assert found.max() == 2


def test_a_mere_touch_joins_nothing() -> None:
    """Both label 16 voxels together, and each hundreds that the other left empty."""
    arrays = stripes()
    arrays[0][:], arrays[1][:] = 0, 0
    arrays[0][:, 0:8], arrays[1][:, 8:16] = 1, 1
    arrays[0][0:2, 8, -8:] = 1  # 16 voxels over the line, in the overlap
    found, report = joined(arrays, TWO, TWO_BLOCKS, chunk=(8, 16, 16))
    assert report.joins.to_pylist()[0]["iou"] == 1.0
    assert not report.joins["joined"][0].as_py()
    assert found[0, 0, 0] != found[0, 12, 31]


def test_a_failed_block_is_a_hole(truth: np.ndarray) -> None:
    arrays = cut(truth, BOUNDS, BLOCKS, 3)
    lost = BLOCKS[5]
    del arrays[lost.index]
    found, report = joined(arrays, BOUNDS, BLOCKS, chunk=(16, 16, 16), failed=[lost], settings=EXACT)
    core = lost.core.slices(BOUNDS.start)
    assert not found[core].any()
    assert report.holes == (lost,)
    with_hole = truth.copy()
    with_hole[core] = 0
    assert ((found > 0) == (with_hole > 0)).all()
    assert skimage.metrics.variation_of_information(whole_labels(truth)[found > 0], found[found > 0])[0] < 1e-12


def test_small_segments_are_left_out_where_asked(truth: np.ndarray) -> None:
    smallest = ReconcileSettings(min_voxels=1, min_segment_voxels=500)
    found, report = joined(cut(truth, BOUNDS, BLOCKS, 3), BOUNDS, BLOCKS, chunk=(16, 16, 16), settings=smallest)
    sizes = np.bincount(whole_labels(truth).ravel())[1:]
    assert report.segments["voxels"].to_pylist() == [n for n in sizes if n >= 500]
    assert found.max() == (sizes >= 500).sum()


def test_nothing_found_gives_no_segments() -> None:
    arrays = {b.index: np.zeros(b.box.shape, np.int64) for b in TWO_BLOCKS}
    found, report = joined(arrays, TWO, TWO_BLOCKS, chunk=(8, 16, 16))
    assert not found.any()
    assert report.segments.num_rows == report.joins.num_rows == 0


def test_votes_by_hand() -> None:
    """Two rows of ten: a covers 0..7, b covers 2..9 of which 6 lie on a and 2 on nothing."""
    mine, its = np.zeros((1, 2, 10), np.int64), np.zeros((1, 2, 10), np.int64)
    mine[:, :, :8], its[:, :, 2:] = 4, 9
    found = votes(mine, its, EXACT)
    assert {k: v.tolist() for k, v in found.items()} == {
        "label_a": [4],
        "label_b": [9],
        "voxels": [12],
        "iou": [1.0],
        "cover": [0.75],
        "joined": [True],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_iou": 0.4}, "min_iou must be from 0.5 up to and without 1, got 0.4"),
        ({"min_voxels": 0}, "min_voxels must be a whole number of 1 or more, got 0"),
        ({"min_cover": 2.0}, "min_cover must be from 0 to 1, got 2.0"),
    ],
)
def test_settings_are_checked(change: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphkitError, match=message):
        ReconcileSettings(**change)


def test_what_cannot_be_reconciled_is_said() -> None:
    arrays = stripes()
    with pytest.raises(GraphkitError, match="do not tile the volume"):
        joined(arrays, TWO, TWO_BLOCKS[:1], chunk=(8, 16, 16))
    with pytest.raises(GraphkitError, match="do not overlap"):
        joined(arrays, TWO, make_blocks(TWO, (8, 16, 16), 0), chunk=(8, 16, 16))
    with pytest.raises(GraphkitError, match="does not begin and end on the chunks"):
        joined(arrays, TWO, TWO_BLOCKS, chunk=(8, 16, 12))
    with pytest.raises(GraphkitError, match=r"shape \(8, 16, 20\)|expected int64 of its box"):
        joined({0: arrays[0][:, :, :-1], 1: arrays[1]}, TWO, TWO_BLOCKS, chunk=(8, 16, 16))
    with pytest.raises(GraphkitError, match=r"go from -1 to 2; local ids are 1\.\.n"):
        joined({0: np.where(arrays[0] == 0, -1, arrays[0]), 1: arrays[1]}, TWO, TWO_BLOCKS, chunk=(8, 16, 16))


def test_how_joined_segments_were_made() -> None:
    """The larger stripe by a fill in each block, of 144 and 128 voxels of every section in its core, the smaller likewise."""
    arrays = stripes()
    arrays[0][:, :, 14:16] = 0  # block 1 has more of both
    said = {
        0: ([[0, 1, 2], [3, 12, 4]], [5, 7], [0.5, 0.9], [1, 2]),
        1: ([[0, 2, 20], [1, 11, 21]], [11, 13], [0.75, 0.6], [2, 1]),
    }

    def read(block: Block) -> dict[str, np.ndarray]:
        seeds, moves, probability, passes = said[block.index]
        return {
            "labels": arrays[block.index],
            "seeds": np.array(seeds),
            "moves": np.array(moves),
            "probability": np.array(probability, np.float32),
            "passes": np.array(passes, np.int16),
        }

    output = ArrayVolume(TWO, (8, 16, 16))
    rows = reconcile_blocks(TWO_BLOCKS, read, output).segments.to_pylist()  # type: ignore[arg-type]
    assert [(r["fills"], r["moves"], r["pass"]) for r in rows] == [(2, 16, 2), (2, 20, 1)]
    assert [(r["seed_z_nm"], r["seed_y_nm"], r["seed_x_nm"]) for r in rows] == [(20, 40, 164), (60, 184, 172)]
    first, second = 14 * 8 * 8, 16 * 8 * 8  # x, y and z of the wide stripe in each core
    assert rows[0]["mean_probability"] == pytest.approx((0.5 * first + 0.75 * second) / (first + second))
    assert rows[1]["mean_probability"] == pytest.approx((0.9 * 14 + 0.6 * 16) / 30)
    assert rows[0]["voxels"] == first + second


def test_blocks_that_do_not_say_how_they_were_made() -> None:
    _, report = joined(stripes(), TWO, TWO_BLOCKS, chunk=(8, 16, 16))
    assert report.segments.schema.names == TABLES["segments"].schema.names
