"""Lengths, orders and densities of a skeleton."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.errors import GraphError
from graphkit.morphology.kernels import orders
from graphkit.morphology.skeleton import Skeleton

__all__ = ["cable_length_nm", "sholl", "strahler", "synapse_density"]


def cable_length_nm(skeleton: Skeleton, *, gaps: bool = False) -> float:
    """The length of all edges, in nm; of those that `heal` put across gaps only with ``gaps``.

    >>> cable_length_nm(Skeleton.from_nodes([1, 2], [-1, 1], [[0, 0, 0], [3, 4, 0]]))
    5.0
    """
    return float(skeleton.edge_lengths_nm(gaps=gaps).sum())


def strahler(skeleton: Skeleton) -> NDArray[np.int64]:
    """The Strahler order of each node, int64 of shape (n,): 1 at the ends; where several branches of the highest order meet, one
    more than that order. Strahler, Trans. Am. Geophys. Union 38 (1957).

    >>> strahler(Skeleton.from_nodes([1, 2, 3], [-1, 1, 1], [[0, 0, 0], [1, 0, 0], [2, 0, 0]])).tolist()
    [2, 1, 1]
    """
    return orders(skeleton.parent_row, skeleton.outward)


def sholl(skeleton: Skeleton, radii_nm: ArrayLike, *, centre_nm: ArrayLike | None = None) -> NDArray[np.int64]:
    """How many edges cross a sphere of each radius, int64 of the shape of ``radii_nm``.

    The spheres lie around ``centre_nm`` (x, y, z), else around the first root. An edge crosses a sphere if one end lies within it
    and the other outside; an end on the sphere counts as within. Sholl, J. Anatomy 87 (1953).

    Raises:
        GraphError: a radius is negative; the skeleton is empty and no centre is given.
    """
    radii = np.asarray(radii_nm, dtype=np.float64)
    if (radii < 0).any() or not np.isfinite(radii).all():
        raise GraphError(
            f"A radius is {radii.min() if np.isfinite(radii).all() else 'not a number'}; expected 0 or more nm."
        )
    if centre_nm is None and not len(skeleton):
        raise GraphError("An empty skeleton has no root to lay spheres around.", hint="Give centre_nm.")
    centre = skeleton.points_nm[skeleton.roots[0]] if centre_nm is None else np.asarray(centre_nm, dtype=np.float64)
    away = np.sqrt(((skeleton.points_nm - centre) ** 2).sum(axis=1))
    inner = np.flatnonzero(skeleton.parent_row >= 0)
    one, other = away[inner], away[skeleton.parent_row[inner]]
    near, far = np.sort(np.minimum(one, other)), np.sort(np.maximum(one, other))
    # begun by this radius, less those that have ended before it
    counts = np.searchsorted(near, radii, side="right") - np.searchsorted(far, radii, side="right")
    return np.asarray(counts, dtype=np.int64)


def synapse_density(skeleton: Skeleton, synapses: int) -> float:
    """Synapses per micrometre of cable; NaN for a skeleton without length."""
    length = cable_length_nm(skeleton)
    return 1000.0 * synapses / length if length else float("nan")
