"""Turning a patch turns its vectors as it turns tissue."""

from __future__ import annotations

import numpy as np
import pytest
from graphkit_pipeline.unet.augment import Turn, jitter, turns


def test_how_many_turns_there_are():
    """The symmetries of a cube, of a square prism and of a box with three different edges."""
    assert len(set(turns((16, 16, 16), (8, 8, 8)))) == 48
    assert len(set(turns((40, 8, 8), (8, 16, 16)))) == 16
    assert len(set(turns((40, 8, 8), (8, 16, 32)))) == 8
    assert len(set(turns((16, 16, 16), (8, 16, 16)))) == 16
    assert len(set(turns((30, 20, 10), (8, 8, 8)))) == 8


@pytest.mark.parametrize("turn", turns((1, 1, 1), (5, 5, 5)))
def test_position_vectors_stay_position_vectors(turn):
    """The field v(p) = p, seen from the centre, is the same field however space is turned."""
    field = np.stack(np.meshgrid(*[np.arange(-2.0, 3.0)] * 3, indexing="ij"), axis=-1)
    np.testing.assert_array_equal(turn.vectors(field), field)


def test_one_turn_by_hand():
    """New z is old x, reversed: what pointed to +x now points to -z."""
    turn = Turn((2, 1, 0), (True, False, False))
    array = np.zeros((2, 2, 2, 3))
    array[0, 1, 1] = (0, 0, 1)
    out = turn.vectors(array)
    assert out[0, 1, 0].tolist() == [-1, 0, 0]
    assert np.count_nonzero(out) == 1


def test_jitter_is_of_the_stated_size_and_of_the_seed():
    image = np.ones((40, 40, 40), np.float32)
    out = [jitter(image, np.random.default_rng(s), contrast=0.2, brightness=0.3, noise=0.1) for s in (1, 1, 2)]
    np.testing.assert_array_equal(out[0], out[1])
    assert (out[0] != out[2]).any()
    for seed in range(20):
        one = jitter(image, np.random.default_rng(seed), contrast=0.2, brightness=0.3, noise=0.1)
        assert one.dtype == np.float32
        assert abs(one.mean() - 1) <= 0.5 + 0.01
        assert one.std() <= 0.1 * 1.02
    still = jitter(image, np.random.default_rng(0), contrast=0, brightness=0, noise=0)
    np.testing.assert_array_equal(still, image)
