"""Labels at points, and the check that two volumes lie on the same voxels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.evaluation.places import ArrayVolume, check_same_grid, labels_at, slabs

from graphkit.errors import GraphkitError
from tests.pipeline.evaluation.scenes import LONG


def test_a_point_reads_its_voxel_and_0_outside() -> None:
    labels = np.arange(2 * 3 * 4).reshape(2, 3, 4) + LONG
    volume = ArrayVolume(labels, (40.0, 8.0, 4.0), (1, 2, 3))
    where = np.argwhere(labels)
    points = (where + np.array((1, 2, 3)) + np.random.default_rng(0).random(where.shape)) * np.array((40.0, 8.0, 4.0))
    assert labels_at(volume, points).tolist() == labels.ravel().tolist()
    assert labels_at(volume, np.array([(39.9, 20.0, 14.0), (40.0, 40.0, 14.0), (-1.0, 0.0, 0.0)])).tolist() == [0, 0, 0]


def test_a_gap_takes_the_nearest_label_within_reach() -> None:
    labels = np.zeros((1, 1, 20), np.int64)
    labels[0, 0, 0], labels[0, 0, 12] = 5, 3
    volume = ArrayVolume(labels, (40.0, 8.0, 8.0))
    point = lambda x: np.array([(20.0, 4.0, x)])  # noqa: E731
    assert labels_at(volume, point(36.0)).tolist() == [0]
    assert labels_at(volume, point(36.0), reach_nm=31.0).tolist() == [0]
    assert labels_at(volume, point(36.0), reach_nm=32.0).tolist() == [5]
    assert labels_at(volume, point(60.0), reach_nm=60.0).tolist() == [3]
    assert labels_at(volume, point(52.0), reach_nm=60.0).tolist() == [3]  # 48 nm to both: the smaller id


def test_slabs_tile_the_volume() -> None:
    bounds = Box((5, 6, 7), (25, 16, 27))
    parts = list(slabs(bounds, voxels=700))
    assert parts[0].start == bounds.start
    assert parts[-1].stop == bounds.stop
    assert sum(p.voxels for p in parts) == bounds.voxels
    assert all(a.stop[0] == b.start[0] for a, b in itertools.pairwise(parts))


def test_other_voxels_are_refused_in_one_message() -> None:
    one = ArrayVolume(np.zeros((2, 3, 4), int), (40, 8, 8))
    check_same_grid(one, one)
    with pytest.raises(GraphkitError) as caught:
        check_same_grid(one, ArrayVolume(np.zeros((2, 3, 5), int), (40, 8, 16), (0, 1, 0)))
    text = str(caught.value)
    assert "voxel size (40, 8, 8) nm against (40, 8, 16) nm" in text
    assert "offset (0, 0, 0) against (0, 1, 0)" in text
    assert "shape (2, 3, 4) against (2, 3, 5)" in text
    with pytest.raises(GraphkitError, match="three axes"):
        ArrayVolume(np.zeros((2, 3)), (1, 1, 1))
