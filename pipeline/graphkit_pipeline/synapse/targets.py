"""What the synapse network is to learn, made from truth, and how far off it is.

Axis order [z, y, x]; vectors (z, y, x) in nm space. A *site* is one release site: its cleft voxels carry its id in ``clefts``,
its partners are the rows of the synapses table with that ``pre_site_id`` (``synapse_id`` where a row has none).

The direction at a cleft voxel, from post to pre:

    with segments     the gradient of G * (pre - post), G a Gaussian of ``sigma_nm``, pre and post the voxels of the two
                      neurons: the normal of the contact, pointing into the presynaptic side. At a polyadic site
                      post is that of the site's postsynaptic neurons whose voxels come nearest (the lower id on a tie).
    without           the unit vector from the nearest of the site's postsynaptic points to its presynaptic point.

A voxel where that gives nothing (neither neuron near, or both points the same) has the direction (0, 0, 0), and the loss
of the direction leaves it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphkit.errors import GraphkitError
from graphkit_pipeline.distinct import distinct

__all__ = ["SynapseTruth", "Targets", "cleft_loss", "direction_loss", "make_targets"]

_REACH_SIGMAS = 3.0


class SynapseTruth(Protocol):
    """A volume with truth: a ``Tissue``, or anything with these."""

    @property
    def image(self) -> np.ndarray: ...
    @property
    def segments(self) -> np.ndarray: ...
    @property
    def clefts(self) -> np.ndarray: ...
    @property
    def synapses(self) -> pa.Table: ...
    @property
    def voxel_size_nm(self) -> tuple[float, float, float]: ...
    @property
    def offset(self) -> tuple[int, int, int]: ...


@dataclass(frozen=True, eq=False)
class Targets:
    """Truth at the cleft voxels, sorted by their flat index.

    ``voxels`` int64 [n], flat index (C order) into an array of ``shape``; ``sites`` int64 [n]; ``directions``
    float32 [n, 3], unit vectors or (0, 0, 0) where not known.
    """

    shape: tuple[int, int, int]
    voxels: np.ndarray
    sites: np.ndarray
    directions: np.ndarray

    def patch(self, start: Sequence[int], shape: Sequence[int]) -> np.ndarray:
        """float32 [z, y, x, 4] of the patch: mask (0 or 1), then the direction."""
        z, y, x = (np.arange(s, s + n) for s, n in zip(start, shape, strict=True))
        row = (z[:, None, None] * self.shape[1] + y[None, :, None]) * self.shape[2]
        flat = (row + x[None, None, :]).ravel()
        out = np.zeros((len(flat), 4), np.float32)
        if len(self.voxels):
            place = np.searchsorted(self.voxels, flat).clip(max=len(self.voxels) - 1)
            hit = self.voxels[place] == flat
            out[hit, 0] = 1
            out[hit, 1:] = self.directions[place[hit]]
        return out.reshape(*shape, 4)


def make_targets(truth: SynapseTruth, *, sigma_nm: float = 32.0, use_segments: bool = True) -> Targets:
    """The targets of a volume with truth.

    Raises:
        GraphkitError: arrays of different shapes, or a site in ``clefts`` that the table does not have.
    """
    clefts = np.asarray(truth.clefts)
    if clefts.shape != truth.image.shape or (use_segments and truth.segments.shape != clefts.shape):
        raise GraphkitError(
            f"image, segments and clefts have the shapes {truth.image.shape}, {truth.segments.shape} and {clefts.shape}; "
            "expected one shape."
        )
    voxels = np.flatnonzero(clefts)
    sites = clefts.ravel()[voxels].astype(np.int64)
    directions = np.zeros((len(voxels), 3), np.float32)
    rows = _rows_by_site(truth.synapses)
    order = np.argsort(sites, kind="stable")
    bounds = np.searchsorted(sites[order], distinct(sites), side="left")
    for members in np.split(order, bounds[1:]) if len(voxels) else []:
        site = int(sites[members[0]])
        if site not in rows:
            raise GraphkitError(f"The clefts hold site {site}, which the synapses table does not have.")
        points = np.stack(np.unravel_index(voxels[members], clefts.shape), axis=1)
        partners = truth.synapses.take(rows[site])
        find = _normals if use_segments else _towards_points
        directions[members] = find(points, partners, truth, sigma_nm)
    shape = (int(clefts.shape[0]), int(clefts.shape[1]), int(clefts.shape[2]))
    return Targets(shape, voxels, sites, directions)


def _rows_by_site(synapses: pa.Table) -> dict[int, list[int]]:
    sites = synapses["synapse_id"]
    if "pre_site_id" in synapses.column_names:
        sites = pc.coalesce(synapses["pre_site_id"], sites)
    rows: dict[int, list[int]] = {}
    for row, site in enumerate(sites.to_pylist()):
        rows.setdefault(site, []).append(row)
    return rows


def _normals(points: np.ndarray, partners: pa.Table, truth: SynapseTruth, sigma_nm: float) -> np.ndarray:
    from scipy import ndimage

    size = np.asarray(truth.voxel_size_nm, float)
    sigma = sigma_nm / size
    reach = np.ceil(_REACH_SIGMAS * sigma).astype(int) + 1
    low = np.maximum(points.min(0) - reach, 0)
    high = np.minimum(points.max(0) + reach + 1, truth.segments.shape)
    segments = truth.segments[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    here = tuple((points - low).T)

    def smooth(mask: np.ndarray) -> np.ndarray:
        return np.asarray(
            ndimage.gaussian_filter(mask.astype(np.float32), sigma, mode="nearest", truncate=_REACH_SIGMAS)
        )

    pre = smooth(segments == partners["pre_id"][0].as_py())
    nearest = np.full(len(points), np.inf)
    out = np.zeros((len(points), 3))
    for post_id in sorted(set(partners["post_id"].to_pylist())):
        mask = segments == post_id
        if not mask.any():
            continue
        distance = ndimage.distance_transform_edt(~mask, sampling=size)[here]
        closer = distance < nearest
        field = pre - smooth(mask)
        slopes = np.gradient(field, *size) if min(field.shape) > 1 else [np.zeros_like(field)] * 3
        slope = np.stack([s[here] for s in slopes], axis=1)
        out[closer] = slope[closer]
        nearest[closer] = distance[closer]
    return _unit(out)


def _towards_points(points: np.ndarray, partners: pa.Table, truth: SynapseTruth, sigma_nm: float) -> np.ndarray:
    here = (points + np.asarray(truth.offset) + 0.5) * np.asarray(truth.voxel_size_nm, float)
    pre, post = (np.stack([partners[f"{side}_{a}_nm"].to_numpy() for a in "zyx"], 1) for side in ("pre", "post"))
    nearest = ((here[:, None] - post[None]) ** 2).sum(-1).argmin(1)
    return _unit((pre[nearest] - post[nearest]).astype(float))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """float32; vectors too short to point anywhere become (0, 0, 0)."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > 1e-9, vectors / np.maximum(length, 1e-9), 0).astype(np.float32)


# -- losses: backend-neutral, of one batch ------------------------------------------------------------------------


def cleft_loss(truth: Any, logit: Any, positive_weight: float) -> Any:
    """Weighted cross-entropy plus soft Dice of the mask: truth [b, z, y, x] of 0 and 1, logit [b, z, y, x].

    The cross-entropy is a weighted mean: a cleft voxel counts ``positive_weight``, any other 1. Dice is over the whole
    batch, 1 - 2 sum(p t) / (sum(p) + sum(t)), smoothed by 1 so that a batch without clefts has a loss.
    """
    from keras import ops

    weight = 1.0 + (positive_weight - 1.0) * truth
    crossed = ops.maximum(logit, 0.0) - logit * truth + ops.log1p(ops.exp(-ops.absolute(logit)))
    entropy = ops.sum(weight * crossed) / ops.sum(weight)
    probability = ops.sigmoid(logit)
    both = ops.sum(probability * truth)
    return entropy + 1.0 - (2.0 * both + 1.0) / (ops.sum(probability) + ops.sum(truth) + 1.0)


def direction_loss(truth: Any, vector: Any) -> Any:
    """Mean of 1 - cosine over the voxels whose true direction is known; [b, z, y, x, 3] each. 0 where there is none."""
    from keras import ops

    known = ops.cast(ops.sum(truth * truth, axis=-1) > 0.5, "float32")
    length = ops.sqrt(ops.sum(vector * vector, axis=-1) + 1e-12)
    cosine = ops.sum(truth * vector, axis=-1) / length
    return ops.sum(known * (1.0 - cosine)) / (ops.sum(known) + 1e-6)
