"""Seeds against their definition, with SciPy's exact distances."""

from __future__ import annotations

import numpy as np
from graphkit_pipeline.ffn.seeds import peak_seeds
from graphkit_pipeline.ffn.settings import FillPolicy
from scipy import ndimage
from scipy.spatial.distance import pdist


def blobs(shape: tuple[int, int, int] = (32, 36, 34), seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), 2.5)
    return np.clip(128 + smooth / smooth.std() * 40, 0, 255).astype(np.uint8)


def distance_to_edges(image: np.ndarray, sigma: float) -> np.ndarray:
    """Sobel -> above the local mean -> distance, each by SciPy's plain functions."""
    grey = image.astype(np.float32)
    gradient = np.sqrt(sum(ndimage.sobel(grey, axis) ** 2 for axis in range(3)))
    return ndimage.distance_transform_edt(~(gradient > ndimage.gaussian_filter(gradient, sigma)))


def test_seeds_are_the_local_maxima_of_the_distance_to_edges() -> None:
    image = blobs()
    policy = FillPolicy()
    distance = distance_to_edges(image, policy.seed_sigma)
    seeds = peak_seeds(image, policy)
    assert len(seeds) > 20
    size = 2 * policy.seed_spacing + 1
    highest = ndimage.maximum_filter(distance, size)
    at_seeds = distance[tuple(seeds.T)]
    np.testing.assert_allclose(at_seeds, highest[tuple(seeds.T)], atol=2e-4)  # up to the noise that breaks ties
    assert at_seeds.min() >= 1
    # Every maximum without an equal in its window must be there.
    found = set(map(tuple, seeds.tolist()))
    alone = 0
    for place in np.argwhere((distance == highest) & (distance > 0)):
        window = distance[tuple(slice(max(p - 3, 0), p + 4) for p in place)]
        if (window > distance[tuple(place)] - 1e-3).sum() == 1:
            assert tuple(place.tolist()) in found
            alone += 1
    assert alone > 5


def test_seeds_ascend_and_keep_their_distance() -> None:
    seeds = peak_seeds(blobs())
    assert seeds.tolist() == sorted(seeds.tolist())
    assert pdist(seeds, "chebyshev").min() > FillPolicy().seed_spacing


def test_no_edges_no_seeds() -> None:
    assert peak_seeds(np.full((20, 20, 20), 7, np.uint8)).shape == (0, 3)


def test_a_ball_begins_in_its_middle() -> None:
    z, y, x = np.ogrid[:33, :33, :33]
    ball = (z - 16) ** 2 + (y - 16) ** 2 + (x - 16) ** 2 < 10**2
    seeds = peak_seeds(np.where(ball, 200, 60).astype(np.uint8))
    inside = seeds[ball[tuple(seeds.T)]]
    assert np.abs(inside - 16).max(axis=1).min() <= 1


def test_same_seed_same_places_and_another_seed_breaks_ties_otherwise() -> None:
    flat = np.full((24, 24, 24), 100, np.uint8)
    flat[:, :, 12:] = 200  # planes of equal distance: nothing but ties
    first = peak_seeds(flat, FillPolicy(seed=1))
    np.testing.assert_array_equal(first, peak_seeds(flat, FillPolicy(seed=1)))
    assert first.tolist() != peak_seeds(flat, FillPolicy(seed=2)).tolist()


def test_blocks_that_overlap_agree_on_seeds() -> None:
    """Away from the border of a block the same global voxels are seeds, whatever the block."""
    image = blobs((40, 40, 100), seed=4)
    policy = FillPolicy(seed_sigma=2.0)
    whole = peak_seeds(image, policy, origin=(5, 7, 1000))
    part = peak_seeds(image[:, :, 20:], policy, origin=(5, 7, 1020)) + np.array([0, 0, 20])
    far = 20 + 30
    assert [s for s in whole.tolist() if s[2] >= far] == [s for s in part.tolist() if s[2] >= far] != []
