"""Variations of training examples: each does what its name says, to the sections that it says, and follows its seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from graphkit_pipeline.ffn import augment
from graphkit_pipeline.ffn.augment import Augmentation
from graphkit_pipeline.ffn.examples import make_example
from graphkit_pipeline.ffn.settings import NetworkSettings
from hypothesis import given
from hypothesis import strategies as st

from graphkit.errors import GraphkitError

NET = NetworkSettings(field_of_view=(9, 9, 9), deltas=(2, 2, 2), mean=0.0, std=1.0)
OFF = Augmentation(mirror=False, turn=False, contrast=0.0, brightness=0.0, section=0.0)
FREE = np.full((2, 2), 100)


def grey(seed: int = 0, shape: tuple[int, int, int] = (13, 15, 17)) -> np.ndarray:
    return np.random.default_rng(seed).integers(20, 200, shape).astype(np.float32)


@given(seed=st.integers(0, 2**32), sections=st.integers(2, 30), most=st.integers(1, 8))
def test_shifts_are_one_slip_or_one_step_and_leave_the_middle(seed: int, sections: int, most: int) -> None:
    room = np.array([[100, 1], [0, 100]])
    shifts = augment.section_shifts(sections, most, room, np.random.default_rng(seed))
    assert (shifts[sections // 2] == 0).all()
    moved = shifts.any(axis=1)
    assert len(np.unique(shifts[moved], axis=0)) <= 1
    rows = np.flatnonzero(moved)
    slip = len(rows) == 1
    step = len(rows) > 0 and (rows[0] == 0 or rows[-1] == sections - 1) and (np.diff(rows) == 1).all()
    assert len(rows) == 0 or slip or step
    assert (shifts >= [-most, 0]).all()
    assert (shifts <= [1, most]).all()


def test_both_kinds_of_shift_on_both_sides_come_up() -> None:
    kinds = set()
    for seed in range(200):
        moved = np.flatnonzero(augment.section_shifts(9, 4, FREE, np.random.default_rng(seed)).any(axis=1))
        if len(moved):
            kinds.add(("slip" if len(moved) == 1 else "step", bool(moved[0] < 4)))
    assert kinds == {("slip", True), ("slip", False), ("step", True), ("step", False)}


@given(seed=st.integers(0, 2**32), corner=st.booleans())
def test_displaced_sections_come_from_the_volume_with_their_labels(seed: int, corner: bool) -> None:
    """Grey values name the voxel, so that each section says where it is from; the labels must be from the same place."""
    shape = (16, 16, 16)
    voxel = np.random.default_rng(1).permutation(np.arange(4096) % 256).reshape(shape).astype(np.uint8)
    labels = np.random.default_rng(2).integers(0, 2, shape)
    centre = (6, 6, 6) if corner else (8, 8, 8)
    labels[centre] = 1
    varied = dataclasses.replace(OFF, shifted=1.0, shift_vox=3)
    rng = np.random.default_rng(seed)
    example = make_example(voxel, labels, centre, NET, varied, rng, connected=False)
    low = [c - 6 for c in centre]
    for z in range(13):
        places = [
            (dy, dx)
            for dy in range(-3, 4)
            for dx in range(-3, 4)
            if 0 <= low[1] + dy <= 3
            and 0 <= low[2] + dx <= 3
            and (voxel[low[0] + z, low[1] + dy :, low[2] + dx :][:13, :13] == example.image[z]).all()
        ]
        assert len(places) == 1
        dy, dx = places[0]
        expected = labels[low[0] + z, low[1] + dy :, low[2] + dx :][:13, :13] == 1
        np.testing.assert_array_equal(example.target[z] > 0.5, expected)


def test_a_neurite_that_a_displaced_section_cuts_is_still_one_object() -> None:
    """A rod along z of 2 x 2 voxels, displaced by up to 6: in the canvas it falls apart, in the tissue it does not."""
    labels = np.zeros((32, 40, 40), int)
    labels[:, 19:21, 19:21] = 3
    image = np.full(labels.shape, 100, np.uint8)
    varied = dataclasses.replace(OFF, shifted=1.0, shift_vox=4)
    apart = 0
    for seed in range(30):
        target = make_example(image, labels, (16, 20, 20), NET, varied, np.random.default_rng(seed)).target > 0.5
        assert (target.sum(axis=(1, 2)) == 4).all()
        where = np.array([np.argwhere(section)[0] for section in target])
        apart += (np.abs(np.diff(where, axis=0)) > 2).any()
    assert apart > 10


@given(seed=st.integers(0, 2**32), most=st.integers(1, 4))
def test_missing_sections_are_flat_in_a_row_and_the_rest_is_as_it_was(seed: int, most: int) -> None:
    before = grey()
    after = augment.missing_sections(before, most, np.random.default_rng(seed))
    rows = np.flatnonzero((before != after).any(axis=(1, 2)))
    assert 1 <= len(rows) <= most
    assert (np.diff(rows) == 1).all()
    assert len(np.unique(after[rows])) == 1
    assert 0 <= after[rows].min() <= after.max() <= 255


@given(seed=st.integers(0, 2**32))
def test_blurred_sections_are_gaussians_within_the_section(seed: int) -> None:
    """A single bright voxel in each section: its mass stays in the section, its variance is the same along y and x."""
    before = np.zeros((7, 41, 41), np.float32)
    before[:, 20, 20] = 200
    after = augment.blurred_sections(before, 3, 2.0, np.random.default_rng(seed)).astype(float)
    rows = np.flatnonzero((before != after).any(axis=(1, 2)))
    assert 1 <= len(rows) <= 3
    assert (np.diff(rows) == 1).all()
    at = np.arange(41) - 20
    for z in rows:
        assert after[z].sum() == pytest.approx(200, rel=1e-3)
        variances = [(after[z].sum(axis=axis) * at**2).sum() / 200 for axis in (0, 1)]
        assert variances[0] == pytest.approx(variances[1], rel=1e-3)
        # 4 sigma are summed, on whole voxels: the narrowest differs from its sigma of 0.5 a little.
        assert 0.2 < variances[0] < 2.05**2


@given(seed=st.integers(0, 2**32))
def test_each_section_has_its_own_contrast_and_brightness(seed: int) -> None:
    before = grey()
    after = augment.graded_sections(before, 0.05, 0.02, np.random.default_rng(seed))
    factors = []
    for one, other in zip(before, after, strict=True):
        kept = (other > 0) & (other < 255)
        slope, level = np.polyfit(one[kept], other[kept], 1)
        np.testing.assert_allclose(slope * one[kept] + level, other[kept], atol=0.01)
        factors.append(slope)
    assert np.ptp(factors) > 1e-3


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    flat = np.full((30, 30, 30), 128, np.float32)
    deviations = [augment.noisy(flat, 0.1, np.random.default_rng(seed)).std() / 255 for seed in range(40)]
    assert max(deviations) < 0.101
    assert np.mean(deviations) == pytest.approx(0.05, abs=0.015)  # uniform from 0 to 0.1


@pytest.mark.parametrize(
    "vary",
    [
        lambda g, rng: augment.missing_sections(g, 2, rng),
        lambda g, rng: augment.blurred_sections(g, 2, 2.0, rng),
        lambda g, rng: augment.spoilt_section(g, rng),
        lambda g, rng: augment.graded(g, 0.1, 0.1, rng),
        lambda g, rng: augment.graded_sections(g, 0.1, 0.1, rng),
        lambda g, rng: augment.noisy(g, 0.1, rng),
    ],
    ids=["missing", "blurred", "spoilt", "graded", "sections", "noisy"],
)
def test_variations_are_pure_and_follow_their_seed(vary: Callable[..., np.ndarray]) -> None:
    before = grey()
    before.flags.writeable = False
    first, same, other = (vary(before, np.random.default_rng(s)) for s in (1, 1, 2))
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_what_is_on_is_named() -> None:
    assert OFF.switched_on() == []
    assert Augmentation().switched_on() == ["mirror", "turn", "contrast", "brightness", "section"]
    assert dataclasses.replace(OFF, missing=0.1, noise=0.02).switched_on() == ["missing", "noise"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("missing", 1.5), ("shifted", -0.1), ("noise", -1.0), ("blurred_most", 0), ("contrast", float("nan"))],
)
def test_a_wrong_setting_is_named(name: str, value: float) -> None:
    with pytest.raises(GraphkitError, match=f"augmentation.{name}"):
        Augmentation(**{name: value})
