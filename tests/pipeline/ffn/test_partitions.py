"""Filled fractions by brute force, bins by their definition, and places drawn evenly over the bins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from graphkit_pipeline.ffn.partitions import THRESHOLDS, filled_fraction, partition_of, sample_centres

from graphkit.errors import GraphkitError


def test_filled_fraction_by_counting() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (9, 10, 11))
    points = np.array(list(itertools.product((0, 4, 8), (0, 5, 9), (1, 6, 10))))
    radius = (1, 2, 3)
    expected = []
    for z, y, x in points:
        same = 0
        for dz, dy, dx in itertools.product(range(-1, 2), range(-2, 3), range(-3, 4)):
            place = (z + dz, y + dy, x + dx)
            if all(0 <= p < n for p, n in zip(place, labels.shape, strict=True)):
                same += labels[place] == labels[z, y, x]
        expected.append(same / (3 * 5 * 7))
    np.testing.assert_allclose(filled_fraction(labels, points, radius), expected)


def test_bins_of_the_paper() -> None:
    assert partition_of(np.array([0.0, 0.024, 0.025, 0.06, 0.1, 0.15, 0.89, 0.9, 1.0])).tolist() == [
        0,
        0,
        1,
        2,
        4,
        4,
        11,
        12,
        12,
    ]
    assert len(THRESHOLDS) == 12


def thick_and_thin() -> np.ndarray:
    """A body that fills most of the volume, and a thread of 3 x 3 voxels."""
    labels = np.zeros((40, 40, 40), np.int64)
    labels[:, :30] = 2**53 + 1
    labels[:, 34:37, 18:21] = 5
    return labels


def test_each_bin_is_drawn_equally_often() -> None:
    rng = np.random.default_rng(1)
    centres = sample_centres([thick_and_thin()], radius=(6, 6, 6), margin=(3, 3, 3), count=20_000, rng=rng)
    drawn = np.array([centres.draw(rng) for _ in range(6000)])
    labels = thick_and_thin()
    fraction = filled_fraction(labels, drawn[:, 1:], (6, 6, 6))
    counts = np.bincount(partition_of(fraction))
    used = counts[counts > 0]
    assert len(used) == len(centres.bins) >= 4
    expected = 6000 / len(used)
    assert (np.abs(used - expected) < 5 * np.sqrt(expected)).all()
    thread = (labels[tuple(drawn[:, 1:].T)] == 5).mean()
    assert thread > 10 * (labels == 5).sum() / (labels > 0).sum()  # against drawing evenly over the voxels


def test_places_keep_the_margin_carry_a_label_and_belong_to_large_objects() -> None:
    labels = thick_and_thin()
    labels[20, 38, 20] = 9  # one voxel
    rng = np.random.default_rng(2)
    second = np.zeros((20, 20, 20), np.int64)
    second[5:15, 5:15, 5:15] = 3
    centres = sample_centres([labels, second], radius=(4, 4, 4), margin=(2, 3, 4), count=5000, rng=rng, least_voxels=2)
    for number, volume in enumerate((labels, second)):
        places = centres.places[centres.places[:, 0] == number, 1:]
        assert len(places) > 10
        assert (places >= (2, 3, 4)).all()
        assert (places < np.array(volume.shape) - (2, 3, 4)).all()
        assert set(np.unique(volume[tuple(places.T)])) <= {3, 5, 2**53 + 1}


def test_no_place_at_all() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(GraphkitError, match="No place to train at"):
        sample_centres([np.zeros((30, 30, 30), np.int64)], radius=(4, 4, 4), margin=(4, 4, 4), count=100, rng=rng)
