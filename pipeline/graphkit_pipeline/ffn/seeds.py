"""Where fills begin. Places are found on the block, and hang on global voxels alone, so that blocks which overlap agree.

    peaks        Sobel gradient -> an edge where it exceeds its own local mean -> distance to the nearest edge -> local maxima
    membrane     an edge where the given probability is high -> distance -> local maxima
    probability  local maxima of what is given
    grid         every so many voxels               points       those that are given

Ties of maxima are broken by a small noise of the global voxel and the seed alone. "peaks" is the reference's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.ffn.passes import SeedPolicy
from graphkit_pipeline.ffn.settings import FillPolicy

__all__ = ["find_seeds", "peak_seeds"]

Places = NDArray[np.int64]


def find_seeds(
    image: NDArray[np.uint8],
    seeds: SeedPolicy,
    policy: FillPolicy,
    *,
    origin: tuple[int, int, int] = (0, 0, 0),
    taken: NDArray[np.bool_] | None = None,
    given: NDArray[Any] | None = None,
) -> Places:
    """Places [n, 3] (z, y, x) in the array, in the order in which they are to be tried; none lies in what is ``taken``.

    ``given``: for "points" the places [n, 3] in global voxels, those outside the array included; for "membrane" and
    "probability" the volume's values [z, y, x] on the image's voxels, between 0 and 1.
    """
    if seeds.source == "points":
        places = np.asarray(given, np.int64).reshape(-1, 3) - np.array(origin)
        places = places[((places >= 0) & (places < image.shape)).all(axis=1)]
        strength = np.zeros(len(places), np.float32)
    elif seeds.source == "grid":
        axes = [np.arange((s // 2 - o) % s, n, s) for o, n, s in zip(origin, image.shape, seeds.step, strict=True)]
        places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int64)
        strength = np.zeros(len(places), np.float32)
    else:
        if seeds.source == "peaks":
            height = _distance(_edges(image, policy), taken)
        elif seeds.source == "membrane":
            assert given is not None
            height = _distance(given >= seeds.threshold, taken)
        else:
            assert given is not None
            height = np.where(given >= seeds.threshold, given, 0).astype(np.float32)
        places, strength = _maxima(height, policy, origin)
    if taken is not None:
        free = ~taken[tuple(places.T)]
        places, strength = places[free], strength[free]
    order = seeds.order or ("given" if seeds.source == "points" else "position")
    z, y, x = places.T
    if order == "given":
        ranks = np.arange(len(places))
    elif order == "random":
        ranks = np.lexsort((x, y, z, _noise(image.shape, origin, policy.seed + 1)[tuple(places.T)]))
    else:
        ranks = np.lexsort((x, y, z, -strength if order == "strongest" else np.zeros(len(places))))
        ranks = ranks[::-1] if order == "reverse" else ranks
    return np.asarray(places[ranks], np.int64)


def peak_seeds(
    image: NDArray[np.uint8], policy: FillPolicy | None = None, *, origin: tuple[int, int, int] = (0, 0, 0)
) -> Places:
    """Places [n, 3] (z, y, x) in the array, ascending; none for an image without edges, as a constant one.

    No two lie within ``policy.seed_spacing`` voxels of each other along all three axes, and none lies on an edge.
    """
    return find_seeds(image, SeedPolicy(), policy or FillPolicy(), origin=origin)


def _edges(image: NDArray[np.uint8], policy: FillPolicy) -> NDArray[np.bool_]:
    from scipy import ndimage

    gradient = ndimage.generic_gradient_magnitude(image.astype(np.float32), ndimage.sobel)
    return np.asarray(gradient > ndimage.gaussian_filter(gradient, policy.seed_sigma, mode="reflect"))


def _distance(edges: NDArray[np.bool_], taken: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    """Voxels to the nearest edge, in which what is taken counts as one; 0 everywhere where there is no edge."""
    import edt

    if not edges.any():
        return np.zeros(edges.shape, np.float32)
    return np.asarray(edt.edt(~(edges if taken is None else edges | taken), parallel=1))


def _maxima(
    height: NDArray[np.float32], policy: FillPolicy, origin: tuple[int, int, int]
) -> tuple[Places, NDArray[np.float32]]:
    from scipy import ndimage

    if not height.any():
        return np.zeros((0, 3), np.int64), np.zeros(0, np.float32)
    ranked = height + (_noise(height.shape, origin, policy.seed) * 1e-4).astype(np.float32)
    highest = ndimage.maximum_filter(ranked, size=2 * policy.seed_spacing + 1, mode="constant")
    places = np.argwhere((ranked == highest) & (height > 0)).astype(np.int64)
    return places, ranked[tuple(places.T)]


def _noise(shape: tuple[int, ...], origin: tuple[int, int, int], seed: int) -> NDArray[np.float64]:
    """Uniform in [0, 1) for each voxel, from its global coordinates: SplitMix64's finaliser of their combination."""
    with np.errstate(over="ignore"):
        odd = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
        z, y, x = (
            (np.arange(o, o + n, dtype=np.int64).view(np.uint64) + np.uint64(1)) * np.uint64(k)
            for o, n, k in zip(origin, shape, odd, strict=True)
        )
        h = z[:, None, None] ^ y[None, :, None] ^ x[None, None, :]
        h = h + np.uint64((seed * 0xD1342543DE82EF95 + 1) % 2**64)
        h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray((h ^ (h >> np.uint64(31))) >> np.uint64(11), dtype=np.float64) / 2.0**53
