"""Variations of a training patch that leave it tissue: turned, mirrored, brighter, paler, noisier.

Patches are [z, y, x, channels]. Turning a patch turns its vectors too: a vector (z, y, x) of nm belongs to the axes, so
its components are permuted as the axes are, and change sign where an axis is flipped. Axes are permuted only among
those of the same voxel size and length.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Turn", "jitter", "turns"]


@dataclass(frozen=True)
class Turn:
    """New axis k is old axis ``axes[k]``, then reversed where ``flips[k]``."""

    axes: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)

    def scalars(self, array: np.ndarray) -> np.ndarray:
        """The patch [z, y, x, ...] turned; trailing axes stay."""
        turned = array.transpose(*self.axes, *range(3, array.ndim))
        return turned[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]

    def vectors(self, array: np.ndarray) -> np.ndarray:
        """The patch of vectors [z, y, x, 3] turned, and the vectors with it."""
        signs = np.where(self.flips, -1, 1).astype(array.dtype)
        return np.asarray(self.scalars(array)[..., list(self.axes)] * signs)


def turns(voxel_size_nm: Sequence[float], patch: Sequence[int]) -> tuple[Turn, ...]:
    """Every turn and mirror image that the voxels allow: 48 where they are cubes, 16 where z differs."""
    same = [(float(size), int(length)) for size, length in zip(voxel_size_nm, patch, strict=True)]
    allowed = []
    for a, b, c in itertools.permutations(range(3)):
        if [same[a], same[b], same[c]] == same:
            for i, j, k in itertools.product((False, True), repeat=3):
                allowed.append(Turn((a, b, c), (i, j, k)))
    return tuple(allowed)


def jitter(
    image: np.ndarray, rng: np.random.Generator, *, contrast: float, brightness: float, noise: float
) -> np.ndarray:
    """float32, the scaled ``image`` times 1 +- ``contrast``, plus +- ``brightness``, plus noise of up to that deviation."""
    scale = np.float32(1 + rng.uniform(-contrast, contrast))
    shift = np.float32(rng.uniform(-brightness, brightness))
    deviation = np.float32(rng.uniform(0, noise))
    grain = rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(image * scale + shift + deviation * grain, dtype=np.float32)
