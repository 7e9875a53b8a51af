"""Training places of every kind equally often: thin axons and the middle of somata.

Around a place, the *filled fraction* is the share of the window (2 radius + 1 voxels along each axis) that carries the place's
own label: small in thin neurites, near 1 inside a soma. Places are binned by it, and each bin that is not empty is drawn from
equally often; drawn evenly over the voxels, nearly all places would lie in large bodies.

The reference computes this for all voxels; here a random sample of places is drawn and each fraction is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError

__all__ = ["THRESHOLDS", "Centres", "filled_fraction", "partition_of", "sample_centres"]

THRESHOLDS = (0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Where one bin of the filled fraction ends and the next begins (Januszewski et al. 2018)."""


@dataclass(frozen=True, slots=True)
class Centres:
    """Places to train at: rows (volume, z, y, x) of ``places`` [n, 4], grouped by bin: one array of row numbers a bin."""

    places: NDArray[np.int64]
    bins: tuple[NDArray[np.int64], ...]

    def draw(self, rng: np.random.Generator) -> tuple[int, int, int, int]:
        """One place: a bin, each as likely as the other, then a place of it."""
        rows = self.bins[int(rng.integers(len(self.bins)))]
        volume, z, y, x = self.places[rows[int(rng.integers(len(rows)))]].tolist()
        return volume, z, y, x


def filled_fraction(
    labels: NDArray[Any], points: NDArray[np.int64], radius: tuple[int, int, int]
) -> NDArray[np.float64]:
    """float64 [n]: the filled fraction at each of ``points`` [n, 3]; what lies outside the array counts as not filled."""
    from graphkit_pipeline.ffn.kernels import equal_in_window

    counts = np.zeros(len(points), dtype=np.int64)
    reach = np.array(radius, dtype=np.int64)
    equal_in_window(np.ascontiguousarray(labels), np.ascontiguousarray(points), reach, counts)
    return counts / float(np.prod(2 * reach + 1))


def partition_of(fraction: NDArray[np.float64], thresholds: Sequence[float] = THRESHOLDS) -> NDArray[np.int64]:
    """int64 [n]: how many thresholds each fraction reaches."""
    return np.searchsorted(np.asarray(thresholds), fraction, side="right").astype(np.int64)


def sample_centres(
    volumes: Sequence[NDArray[Any]],
    *,
    radius: tuple[int, int, int],
    margin: tuple[int, int, int],
    count: int,
    rng: np.random.Generator,
    least_voxels: int = 1,
) -> Centres:
    """``count`` places in the label ``volumes`` (each drawn from by its share of the voxels), in bins.

    Places keep ``margin`` voxels from the border, carry a label other than 0, and belong to an object of at least
    ``least_voxels``. Fewer than ``count`` come back, as background is dropped after the draw.

    Raises GraphkitError where no such place is found.
    """
    sizes = np.array([float(np.prod(v.shape)) for v in volumes])
    shares = np.maximum(1, np.round(count * sizes / sizes.sum())).astype(int)
    found, fractions = [], []
    for number, (labels, share) in enumerate(zip(volumes, shares, strict=True)):
        low, high = np.array(margin), np.array(labels.shape) - np.array(margin)
        if (high <= low).any():
            continue
        points = rng.integers(low, high, size=(int(share), 3))
        here = labels[tuple(points.T)]
        ids, voxels = np.unique(labels, return_counts=True)
        large = ids[(voxels >= least_voxels) & (ids != 0)]
        points = points[np.isin(here, large)]
        found.append(np.column_stack([np.full(len(points), number), points]))
        fractions.append(filled_fraction(labels, points, radius))
    places = np.concatenate(found) if found else np.zeros((0, 4), dtype=np.int64)
    if not len(places):
        raise GraphkitError(
            f"No place to train at: no object of at least {least_voxels:,} voxels (least_voxels) was met {margin} voxels or more "
            f"from the faces of the volumes, {len(volumes)} in all.",
            hint="Give larger volumes with labels, a network with a smaller field of view, or a smaller least_voxels.",
        )
    bins = partition_of(np.concatenate(fractions))
    groups = tuple(np.flatnonzero(bins == b) for b in np.unique(bins))
    return Centres(places.astype(np.int64), groups)
