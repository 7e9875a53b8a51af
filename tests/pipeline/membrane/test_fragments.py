"""Fragments of shapes that are known: balls, a dumb-bell, thick sections, nothing."""

from __future__ import annotations

import numpy as np
import pytest
from graphkit_pipeline.membrane.fragments import FragmentSettings, fragments_of

from graphkit.errors import GraphkitError

SIZE = (16.0, 16.0, 16.0)


def balls(shape: tuple[int, int, int], *at: tuple[tuple[float, float, float], float]) -> np.ndarray:
    """uint8: 255 within a radius (voxels) of each centre."""
    grid = np.indices(shape).astype(float)
    inside = np.zeros(shape, bool)
    for centre, radius in at:
        inside |= sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)) <= radius**2
    return np.where(inside, np.uint8(255), np.uint8(0))


def test_each_ball_is_a_fragment_and_all_of_it() -> None:
    inside = balls((24, 24, 48), ((12, 12, 10), 7), ((12, 12, 30), 7))
    labels, seeds = fragments_of(inside, SIZE)
    assert seeds.tolist() == [[12, 12, 10], [12, 12, 30]]
    assert ((labels > 0) == (inside > 0)).all()
    assert set(np.unique(labels[..., :20])) == {0, 1}
    assert set(np.unique(labels[..., 20:])) == {0, 2}


def test_a_dumb_bell_is_cut_at_its_neck() -> None:
    inside = balls((24, 24, 48), ((12, 12, 10), 7), ((12, 12, 30), 7))
    inside[11:14, 11:14, 10:30] = 255
    inside[11:14, 11:14, 18:23] = 240  # the neck is less sure
    labels, seeds = fragments_of(inside, SIZE)
    assert len(seeds) == 2
    assert labels[12, 12, 8] != labels[12, 12, 32]
    assert ((labels > 0) == (inside > 0)).all()


def test_lengths_are_in_nm() -> None:
    """A ball of thick sections is one fragment, as the ball of cubes is; and at twice the size spacing tells."""
    thick = balls((24, 24, 48), ((12, 12, 10), 7), ((12, 12, 30), 7))[::2]
    assert len(fragments_of(thick, (32.0, 16.0, 16.0))[1]) == 2
    far = FragmentSettings(spacing_nm=16 * 25.0)
    assert len(fragments_of(balls((24, 24, 48), ((12, 12, 10), 7), ((12, 12, 30), 6)), SIZE, far)[1]) == 1


def test_a_face_of_the_block_is_no_wall() -> None:
    """A ball cut in half by the face has its seed on the face, where the whole ball has it."""
    inside = balls((24, 24, 24), ((12, 12, 12), 8))[12:]
    assert fragments_of(inside, SIZE)[1].tolist() == [[0, 12, 12]]


def test_nothing_inside_and_everything_inside() -> None:
    nothing = np.zeros((8, 8, 8), np.uint8)
    labels, seeds = fragments_of(nothing, SIZE)
    assert not labels.any()
    assert seeds.shape == (0, 3)
    labels, seeds = fragments_of(nothing + np.uint8(255), SIZE)
    assert len(seeds) == 1
    assert (labels == 1).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"inside": 0.0}, "inside is 0.0; expected a probability"),
        ({"sure": 1.0}, "sure is 1.0; expected a probability"),
        ({"sigma_nm": -1.0}, "sigma_nm is -1.0; expected a length"),
        ({"spacing_nm": 0.0}, "spacing_nm is 0.0; expected a length"),
        ({"inside": 0.95}, "inside is 0.95 and sure is 0.9"),
    ],
)
def test_wrong_settings(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(GraphkitError, match=said):
        FragmentSettings(**wrong)
