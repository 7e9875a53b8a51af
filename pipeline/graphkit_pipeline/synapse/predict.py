"""Prediction: an image of any size through the network, tile by tile, with no seams.

The network looks ``halo`` voxels far. Each tile is given that much more on every side, and only its inside is kept:

    tile   ├── halo ──┼──────── kept ────────┼── halo ──┤
    next                        ├── halo ──┼──────── kept ────────┼── halo ──┤

Tiles start on multiples of the network's ``stride`` *in global voxels* (``origin`` says where the array lies), because pooling
groups voxels by their place on that grid. So a prediction at a voxel depends on the image within ``halo`` of it and on
nothing else: not on the tile, not on the block. Blocks whose halo is at least ``network.settings.halo`` give what the whole
volume gives (up to float32 rounding, about 1e-6).

Rules: at the array's faces the image is mirrored, also where it is smaller than a tile or than the halo. Only uint8 is taken.
Arrays are [z, y, x]; directions are [3, z, y, x], (z, y, x) in nm space, from post to pre.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.synapse.network import Network
from graphkit_pipeline.synapse.settings import PredictSettings

__all__ = ["check_image", "check_voxel_size", "predict_array"]

Triple = tuple[int, int, int]


def predict_array(
    image: np.ndarray,
    network: Network,
    settings: PredictSettings | None = None,
    *,
    origin: Sequence[int] = (0, 0, 0),
    progress: Progress = silent,
) -> tuple[np.ndarray, np.ndarray]:
    """Cleft probability, float32 [z, y, x] from 0 to 1, and direction, float32 [3, z, y, x], unit vectors from post to pre
    (zeros where the network gives none).

    ``origin`` is the global voxel of ``image[0, 0, 0]``. ``network.settings.halo`` voxels at each face see the mirrored
    image in place of what lies beyond.

    Raises:
        GraphkitError: the image is not uint8 [z, y, x], is empty, or the tile is too small for the network's halo.
    """
    settings = settings or PredictSettings()
    check_image(image)
    halo, stride = network.settings.halo, network.settings.stride
    # As few tiles as ``settings.tile`` allows, and these of one size: what a tile keeps beyond the array is thrown away.
    most = _kept(settings.tile, halo, stride)
    whole = [o % s + n for o, s, n in zip(origin, stride, image.shape, strict=True)]
    kept = [_up(-(-n // -(-n // k)), s) for n, k, s in zip(whole, most, stride, strict=True)]
    # The tiles' grid: starts are multiples of the stride, counted from the global voxel 0.
    before = [(o % s) + _up(h, s) for o, s, h in zip(origin, stride, halo, strict=True)]
    tile = [k + 2 * _up(h, s) for k, h, s in zip(kept, halo, stride, strict=True)]
    starts = [range(-(o % s), n, k) for o, s, n, k in zip(origin, stride, image.shape, kept, strict=True)]
    after = [
        begins[-1] + k + _up(h, s) - n
        for begins, k, h, s, n in zip(starts, kept, halo, stride, image.shape, strict=True)
    ]
    padded = np.pad(image, list(zip(before, after, strict=True)), mode="symmetric")
    cleft = np.zeros(image.shape, np.float32)
    direction = np.zeros((3, *image.shape), np.float32)
    corners = list(itertools.product(*starts))
    for done, corner in enumerate(corners):
        lows = [c + b - _up(h, s) for c, b, h, s in zip(corner, before, halo, stride, strict=True)]
        piece = padded[tuple(slice(low, low + t) for low, t in zip(lows, tile, strict=True))]
        mask, vector = _run(network, piece)
        source, target = [], []
        for c, k, h, s, n in zip(corner, kept, halo, stride, image.shape, strict=True):
            first, last = max(c, 0), min(c + k, n)
            target.append(slice(first, last))
            source.append(slice(first - c + _up(h, s), last - c + _up(h, s)))
        cleft[tuple(target)] = mask[tuple(source)]
        direction[(slice(None), *target)] = np.moveaxis(vector[tuple(source)], -1, 0)
        progress("predicting synapses", (done + 1) / len(corners))
    return cleft, direction


def check_image(image: Any) -> None:
    """Raises GraphkitError unless ``image`` is a non-empty uint8 array [z, y, x]."""
    array = np.asarray(image)
    if array.dtype != np.uint8:
        nan = array.dtype.kind == "f" and bool(np.isnan(array).any())
        raise GraphkitError(
            f"The image is {array.dtype}{' and holds NaN' if nan else ''}; the synapse network takes uint8.",
            hint="Scale the image to grey values 0..255 and convert it to uint8.",
        )
    if array.ndim != 3 or array.size == 0:
        raise GraphkitError(f"The image has the shape {array.shape}; expected [z, y, x] with at least one voxel.")


def check_voxel_size(network: Network, voxel_size_nm: Sequence[float], *, what: str = "The image") -> None:
    """Raises GraphkitError unless ``voxel_size_nm`` [z, y, x] is the network's, within 2 %."""
    expected = network.settings.voxel_size_nm
    if not np.allclose(np.asarray(voxel_size_nm, float), expected, rtol=0.02, atol=0):
        shown = [" x ".join(f"{v:g}" for v in size) for size in (voxel_size_nm, expected)]
        raise GraphkitError(
            f"{what} has voxels of {shown[0]} nm [z, y, x]; the synapse network was trained on {shown[1]} nm.",
            hint="Resample the image, or train a network for its voxel size.",
        )


def _kept(tile: Triple, halo: Triple, stride: Triple) -> Triple:
    """What a tile keeps: whole strides between its halos."""
    kept = tuple((t - 2 * _up(h, s)) // s * s for t, h, s in zip(tile, halo, stride, strict=True))
    if min(kept) < 1:
        least = tuple(2 * _up(h, s) + s for h, s in zip(halo, stride, strict=True))
        raise GraphkitError(
            f"tile is {tile}; the network looks {halo} voxels [z, y, x] far and needs tiles of at least {least}.",
            hint="Set a larger tile.",
        )
    return kept[0], kept[1], kept[2]


def _run(network: Network, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability [z, y, x] and unit vectors [z, y, x, 3] of one tile."""
    scaled = (image.astype(np.float32) - np.float32(network.settings.mean)) / np.float32(network.settings.spread)
    logit, vector = network.model.predict_on_batch(scaled[np.newaxis, ..., np.newaxis])
    probability = 1 / (1 + np.exp(-np.clip(logit[0, ..., 0], -60, 60)))
    length = np.sqrt((vector[0] ** 2).sum(-1, keepdims=True))
    return probability, vector[0] / np.maximum(length, 1e-12)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step
