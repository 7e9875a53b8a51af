"""Targets by the definition, voxel by voxel; losses against NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from graphkit_pipeline.membrane.settings import NetworkSettings
from graphkit_pipeline.membrane.targets import affinities, affinity_loss, apart, inside, inside_loss
from graphkit_pipeline.unet.augment import turns

from graphkit.errors import GraphkitError

OFFSETS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 4), (3, 0, 2))


def test_by_the_definition():
    labels = np.random.default_rng(0).choice([0, 0, 7, 2**53 + 1, 720575940621039145], (5, 6, 7))
    found = affinities(labels, OFFSETS)
    for channel, offset in enumerate(OFFSETS):
        for place in itertools.product(*map(range, labels.shape)):
            other = tuple(np.add(place, offset))
            if any(o >= n for o, n in zip(other, labels.shape, strict=True)):
                expected = -1
            elif labels[place] == labels[other] == 0:
                expected = 0 if sum(offset) == 1 else -1
            else:
                expected = int(labels[place] == labels[other])
            assert found[(*place, channel)] == expected
    np.testing.assert_array_equal(inside(labels)[..., 0], labels > 0)


def test_ids_that_are_one_in_floats_are_two():
    labels = np.array([2**53, 2**53 + 1]).reshape(1, 1, 2)
    assert affinities(labels, ((0, 0, 1),)).ravel().tolist() == [0, -1]


def test_turned_labels_have_the_affinities_of_their_own_axes():
    """A wall across x is, turned, a wall across z."""
    labels = np.ones((4, 4, 4), np.int64)
    labels[:, :, 2:] = 2
    turn = next(t for t in turns((1, 1, 1), (4, 4, 4)) if t.axes == (2, 1, 0))
    out = affinities(turn.scalars(labels), ((1, 0, 0), (0, 0, 1)))
    assert (out[1, :, :, 0] == 0).all()
    assert (out[..., 1] != 0).all()


def test_losses_against_numpy():
    rng = np.random.default_rng(1)
    logit = rng.normal(size=(2, 3, 4, 5, 6)).astype(np.float32) * 5
    truth = rng.choice([0.0, 1.0, -1.0], logit.shape).astype(np.float32)
    chance = 1 / (1 + np.exp(-logit.astype(float)))
    crossed = np.where(truth == 1, -np.log(chance), -np.log1p(-chance))
    assert float(affinity_loss(truth, logit)) == pytest.approx(crossed[truth >= 0].sum() / truth.size, rel=1e-5)
    one = np.abs(truth)
    expected = np.where(one == 1, -np.log(chance), -np.log1p(-chance)).mean()
    assert float(inside_loss(one, logit)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("offsets", [(), ((0, 0, 0),), ((-1, 0, 0),), ((48, 0, 0),), ((1, 0),)])
def test_offsets_that_cannot_be_are_refused(offsets):
    with pytest.raises(GraphkitError, match="The membrane setting offsets is"):
        NetworkSettings(offsets=offsets)


def test_cells_that_touch_are_taken_apart() -> None:
    """As the largest and the smallest label around each voxel tell; and with ids that a float cannot hold."""
    from scipy import ndimage

    labels = np.random.default_rng(3).integers(0, 3, (5, 6, 7)).repeat(3, 0).repeat(3, 1).repeat(3, 2)
    high = ndimage.maximum_filter(labels, size=3)
    low = ndimage.minimum_filter(np.where(labels == 0, 99, labels), size=3)
    lone = (labels > 0) & (high == labels) & (low == labels)
    found = apart(labels)
    assert np.array_equal(found, np.where(lone, labels, 0))
    assert found.any()
    ids = np.array([0, 720575940621039145, 720575940621039146])
    assert np.array_equal(apart(ids[labels]), ids[found])
