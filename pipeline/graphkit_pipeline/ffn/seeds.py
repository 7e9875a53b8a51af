"""Where fills begin: the voxels farthest from the image's edges ("peaks" in the reference).

Sobel gradient -> an edge where it exceeds its own local mean -> distance to the nearest edge -> local maxima of the distance.
Ties are broken by a small noise that hangs on the global voxel and the seed alone, so that blocks which overlap agree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.ffn.settings import FillPolicy

__all__ = ["peak_seeds"]


def peak_seeds(
    image: NDArray[np.uint8], policy: FillPolicy | None = None, *, origin: tuple[int, int, int] = (0, 0, 0)
) -> NDArray[np.int64]:
    """Places [n, 3] (z, y, x) in the array, ascending; none for an image without edges, as a constant one.

    No two lie within ``policy.seed_spacing`` voxels of each other along all three axes, and none lies on an edge.
    """
    import edt
    from scipy import ndimage

    policy = policy or FillPolicy()
    gradient = ndimage.generic_gradient_magnitude(image.astype(np.float32), ndimage.sobel)
    edges = gradient > ndimage.gaussian_filter(gradient, policy.seed_sigma, mode="reflect")
    if not edges.any():
        return np.zeros((0, 3), dtype=np.int64)
    distance = edt.edt(~edges, parallel=1)
    ranked = distance + (_noise(image.shape, origin, policy.seed) * 1e-4).astype(np.float32)
    highest = ndimage.maximum_filter(ranked, size=2 * policy.seed_spacing + 1, mode="constant")
    return np.argwhere((ranked == highest) & (distance > 0)).astype(np.int64)


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
