"""Targets against the definition, on contacts whose normal is known; losses against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from graphkit_pipeline.synapse.targets import cleft_loss, direction_loss, make_targets
from graphkit_pipeline.unet.augment import turns

from graphkit.errors import GraphkitError


def _dense(targets):
    return targets.patch((0, 0, 0), targets.shape)


def test_across_a_flat_contact(make_two_cells):
    scene = make_two_cells()
    targets = make_targets(scene)
    assert len(targets.voxels) == 128
    np.testing.assert_array_equal(targets.voxels, np.flatnonzero(scene.clefts))
    np.testing.assert_allclose(targets.directions, np.tile([-1, 0, 0], (128, 1)), atol=1e-6)
    dense = _dense(targets)
    np.testing.assert_array_equal(dense[..., 0], scene.clefts > 0)
    np.testing.assert_allclose(np.moveaxis(dense[..., 1:], -1, 0), scene.direction, atol=1e-6)


def test_a_patch_is_cut_from_the_whole(make_two_cells):
    targets = make_targets(make_two_cells())
    whole = _dense(targets)
    np.testing.assert_array_equal(targets.patch((10, 6, 12), (5, 9, 7)), whole[10:15, 6:15, 12:19])
    assert not targets.patch((0, 0, 0), (8, 8, 8)).any()


def test_a_tilted_contact_in_voxels_that_are_not_cubes(make_scene):
    """The plane z_nm + x_nm = c in voxels of 20 x 10 x 10 nm: its normal in nm is (1, 0, 1) / sqrt(2), in voxels it is not."""
    z, _, x = np.indices((24, 12, 48))
    height = (z + 0.5) * 20 + (x + 0.5) * 10 - 480
    segments = np.where(height < -10, 3, np.where(height > 10, 4, 0))
    scene = make_scene(segments, voxel_size_nm=(20.0, 10.0, 10.0))
    # A voxel is a post of 4, pre 3; clefts in the gap, away from the faces of the volume.
    inside = (segments == 0) & (abs(z - 12) < 4)
    scene.clefts[inside] = 1
    scene.pair(1, 3, 4, (10, 6, 20), (14, 6, 28))
    directions = make_targets(scene).directions
    expected = -np.array([1, 0, 1]) / np.sqrt(2)
    assert (directions @ expected).min() > np.cos(np.deg2rad(6))  # staircases of voxels are not a plane


def test_each_voxel_of_a_polyadic_site_looks_from_its_own_post(make_scene):
    """The pre cell 1 fills the middle; post 2 lies above it, post 3 to its right. One site around the corner."""
    segments = np.zeros((30, 30, 30), np.int64)
    segments[10:20, 10:20, 10:20] = 1
    segments[0:8, :, :20], segments[10:, :, 22:] = 2, 3
    scene = make_scene(segments)
    above, right = (slice(8, 10), slice(12, 18), slice(12, 18)), (slice(12, 18), slice(12, 18), slice(20, 22))
    scene.add(above, 4, (1, 0, 0))
    scene.add(right, 4, (0, 0, -1))
    scene.pair(4, 1, 2, (12, 15, 15), (6, 15, 15))
    scene.pair(4, 1, 3, (15, 15, 18), (15, 15, 23))
    for use_segments in (True, False):
        dense = np.moveaxis(_dense(make_targets(scene, use_segments=use_segments))[..., 1:], -1, 0)
        for box, truth in ((above, (1, 0, 0)), (right, (0, 0, -1))):
            cosine = np.tensordot(truth, dense[(slice(None), *box)], 1)
            # The points of a pair are not straight across; the surfaces are.
            assert cosine.min() > (0.97 if use_segments else 0.85)


def test_without_segments_it_is_the_line_between_the_points(make_two_cells):
    scene = make_two_cells(offset=(7, 8, 9))
    targets = make_targets(scene, use_segments=False)
    np.testing.assert_allclose(targets.directions, np.tile([-1, 0, 0], (128, 1)), atol=1e-6)
    row = scene.rows[0]
    row["pre_x_nm"] += 5 * 16  # 9 -> 14 in z is 5 voxels: now the line is at 45 degrees
    directions = make_targets(scene, use_segments=False).directions
    np.testing.assert_allclose(directions, np.tile([-np.sqrt(0.5), 0, np.sqrt(0.5)], (128, 1)), atol=1e-6)


def test_no_clefts_no_targets(make_two_cells):
    scene = make_two_cells()
    scene.clefts[:] = 0
    targets = make_targets(scene)
    assert len(targets.voxels) == 0
    assert not _dense(targets).any()


def test_truth_that_does_not_fit_is_refused(make_two_cells):
    scene = make_two_cells()
    scene.clefts[scene.clefts == 1] = 6
    with pytest.raises(GraphkitError, match="site 6"):
        make_targets(scene)
    scene = make_two_cells()
    scene.image = scene.image[1:]
    with pytest.raises(GraphkitError, match="shapes"):
        make_targets(scene)


@pytest.mark.slow
def test_losses_against_their_formulas():
    rng = np.random.default_rng(0)
    truth = (rng.random((2, 4, 5, 6)) < 0.2).astype(np.float32)
    logit = rng.normal(size=truth.shape).astype(np.float32)
    p = 1 / (1 + np.exp(-logit.astype(float)))
    weight = np.where(truth == 1, 7.0, 1.0)
    entropy = -(weight * np.where(truth == 1, np.log(p), np.log(1 - p))).sum() / weight.sum()
    dice = 1 - (2 * (p * truth).sum() + 1) / (p.sum() + truth.sum() + 1)
    assert float(cleft_loss(truth, logit, 7.0)) == pytest.approx(entropy + dice, rel=1e-5)


def test_a_perfect_mask_costs_nothing_and_none_is_no_division_by_zero():
    truth = np.zeros((1, 4, 4, 4), np.float32)
    truth[0, 1] = 1
    assert float(cleft_loss(truth, (truth * 2 - 1) * 30, 5.0)) == pytest.approx(0, abs=1e-5)
    assert np.isfinite(float(cleft_loss(truth * 0, truth * 0, 5.0)))
    nothing = np.zeros((1, 4, 4, 4, 3), np.float32)
    assert float(direction_loss(nothing, nothing + 1)) == 0


def test_direction_loss_is_one_minus_cosine_where_the_truth_is_known():
    truth, vector = np.zeros((1, 1, 1, 4, 3), np.float32), np.ones((1, 1, 1, 4, 3), np.float32)
    truth[0, 0, 0, 0], vector[0, 0, 0, 0] = (0, 0, 1), (0, 0, 9)  # the same way: 0
    truth[0, 0, 0, 1], vector[0, 0, 0, 1] = (0, 1, 0), (0, -2, 0)  # the opposite: 2
    truth[0, 0, 0, 2], vector[0, 0, 0, 2] = (1, 0, 0), (0, 3, 0)  # square: 1
    assert float(direction_loss(truth, vector)) == pytest.approx((0 + 2 + 1) / 3, abs=1e-5)


@pytest.mark.parametrize("turn", [t for i, t in enumerate(turns((1, 1, 1), (24, 24, 24))) if i % 5 == 0])
def test_turned_targets_are_the_targets_of_turned_tissue(make_two_cells, turn):
    """Recomputed from the turned segments, which know nothing of vectors."""
    scene = make_two_cells()
    scene.segments[13:, 12:] = 0  # no symmetry left: the lower cell ends half-way
    turned = make_two_cells()
    turned.segments = np.ascontiguousarray(turn.scalars(scene.segments))
    turned.clefts = np.ascontiguousarray(turn.scalars(scene.clefts))
    before = make_targets(scene).patch((0, 0, 0), (24, 24, 24))
    after = make_targets(turned).patch((0, 0, 0), (24, 24, 24))
    np.testing.assert_array_equal(turn.scalars(before[..., 0]), after[..., 0])
    np.testing.assert_allclose(turn.vectors(before[..., 1:]), after[..., 1:], atol=2e-6)
    assert len(np.unique(np.round(before[..., 1:], 3).reshape(-1, 3), axis=0)) > 3
