"""Training canvases: targets, seeds, the order of visits, and variations that keep image and target together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from graphkit_pipeline.ffn.augment import Augmentation
from graphkit_pipeline.ffn.examples import canvas_shape, make_example
from graphkit_pipeline.ffn.settings import NetworkSettings, logit

NET = NetworkSettings(field_of_view=(9, 9, 9), deltas=(2, 2, 2), mean=100.0, std=50.0)
PLAIN = Augmentation(mirror=False, turn=False, contrast=0.0, brightness=0.0, section=0.0)
CENTRE = (15, 16, 17)


def volume() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (32, 32, 32), dtype=np.uint8), rng.integers(0, 3, (32, 32, 32))


def test_canvas_image_target_and_seed_by_definition() -> None:
    image, labels = volume()
    example = make_example(image, labels, CENTRE, NET, PLAIN, np.random.default_rng(1), connected=False)
    box = (slice(9, 22), slice(10, 23), slice(11, 24))
    assert canvas_shape(NET, 1) == (13, 13, 13) == example.image.shape
    np.testing.assert_allclose(example.image, (image[box] - 100.0) / 50.0, atol=1e-6)
    np.testing.assert_array_equal(
        example.target, np.where(labels[box] == labels[CENTRE], np.float32(0.95), np.float32(0.05))
    )
    assert example.seed[6, 6, 6] == np.float32(logit(0.95))
    assert (np.delete(example.seed.ravel(), 6 * 169 + 6 * 13 + 6) == np.float32(logit(0.05))).all()


def test_a_piece_that_hangs_together_only_outside_the_canvas_is_no_target() -> None:
    labels = np.zeros((32, 32, 32), int)
    labels[15:18, 15:18, 15:18] = 4
    labels[20, 20, 20] = 4
    image = np.full(labels.shape, 100, np.uint8)
    whole, part = (
        make_example(image, labels, (16, 16, 16), NET, PLAIN, np.random.default_rng(1), connected=c).target > 0.5
        for c in (False, True)
    )
    assert (whole.sum(), part.sum()) == (28, 27)


def test_visits_are_the_centre_and_then_all_neighbours_in_random_order() -> None:
    image, labels = volume()
    grid = {tuple(6 + 2 * s for s in step) for step in itertools.product((-1, 0, 1), repeat=3)}
    orders = []
    for seed in range(3):
        example = make_example(image, labels, CENTRE, NET, PLAIN, np.random.default_rng(seed))
        example.seed[:] = 5.0
        boxes = list(iter(lambda e=example: e.next_visit(NET.field_of_view, logit(0.9)), None))
        centres = [tuple(s.start + 4 for s in box) for box in boxes]
        assert centres[0] == (6, 6, 6)
        assert set(centres) == grid
        assert len(centres) == 27
        orders.append(centres)
    assert orders[0] != orders[1]


def test_only_places_that_came_up_are_visited() -> None:
    image, labels = volume()
    example = make_example(image, labels, CENTRE, NET, PLAIN, np.random.default_rng(0), visits=27)
    example.seed[6, 6, 8] = logit(0.91)
    example.seed[6, 8, 6] = logit(0.89)
    boxes = list(iter(lambda: example.next_visit(NET.field_of_view, logit(0.9)), None))
    assert [tuple(s.start + 4 for s in box) for box in boxes] == [(6, 6, 6), (6, 6, 8)]


def test_axes_that_do_not_move_and_the_cap_on_visits() -> None:
    flat = NetworkSettings(field_of_view=(5, 9, 9), deltas=(0, 2, 2))
    image, labels = volume()
    assert len(make_example(image, labels, CENTRE, flat, PLAIN, np.random.default_rng(0)).visits) == 9
    capped = make_example(image, labels, CENTRE, NET, PLAIN, np.random.default_rng(0), visits=5)
    assert len(capped.visits) == 5
    assert capped.visits[-1] == (6, 6, 6)


@pytest.mark.parametrize(
    ("voxel_size_nm", "turns"), [((10.0, 10.0, 10.0), 48), ((40.0, 10.0, 10.0), 16)], ids=["isotropic", "anisotropic"]
)
def test_turned_and_mirrored_together(voxel_size_nm: tuple[float, float, float], turns: int) -> None:
    """The image is the labels here, so image and target must stay one; every symmetry of the voxels turns up."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (32, 32, 32))
    labels[CENTRE] = 1
    network = NetworkSettings(field_of_view=(3, 3, 3), deltas=(1, 1, 1), voxel_size_nm=voxel_size_nm, mean=0.0, std=1.0)
    varied = Augmentation(contrast=0.0, brightness=0.0, section=0.0)
    seen = set()
    for seed in range(600):
        example = make_example(
            labels.astype(np.uint8), labels, CENTRE, network, varied, np.random.default_rng(seed), connected=False
        )
        np.testing.assert_array_equal(example.image > 0.5, example.target > 0.5)
        seen.add(example.image.tobytes())
    assert len(seen) == turns


def test_contrast_and_sections_change_the_image_alone() -> None:
    image = np.full((32, 32, 32), 160, np.uint8)
    labels = np.ones((32, 32, 32), int)
    spoiled = Augmentation(mirror=False, turn=False, contrast=0.0, brightness=0.0, section=1.0)
    image[:, ::2] = 80
    plain, lost = (
        make_example(image, labels, CENTRE, NET, a, np.random.default_rng(3)).image for a in (PLAIN, spoiled)
    )
    changed = (plain != lost).any(axis=(1, 2))
    assert changed.sum() == 1
    bright = Augmentation(mirror=False, turn=False, contrast=0.1, brightness=0.05, section=0.0)
    a, b = (make_example(image, labels, CENTRE, NET, bright, np.random.default_rng(s)) for s in (1, 2))
    assert not np.array_equal(a.image, b.image)
    np.testing.assert_array_equal(a.target, b.target)
    grey = a.image * NET.std + NET.mean
    assert grey.min() >= -1e-3
    assert grey.max() <= 255 + 1e-3
