"""Prediction: an image of any size through the network, tile by tile, with no seams.

The network looks ``halo`` voxels far. Each tile is given that much more on every side, and only its inside is kept:

    tile   ├── halo ──┼──────── kept ────────┼── halo ──┤
    next                        ├── halo ──┼──────── kept ────────┼── halo ──┤

Tiles start on multiples of the network's ``stride`` *in global voxels* (``origin`` says where the array lies), because pooling
groups voxels by their place on that grid. So a prediction at a voxel depends on the image within ``halo`` of it and on
nothing else: not on the tile, not on the block. Blocks whose halo is at least ``network.settings.halo`` give what the whole
volume gives (up to float32 rounding, about 1e-6).

Rules: at the array's faces the image is mirrored, also where it is smaller than a tile or than the halo. Only uint8 is taken.
Arrays are [z, y, x].
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.unet.network import Network
from graphkit_pipeline.unet.settings import NetworkSettings, PredictSettings

__all__ = ["check_image", "check_voxel_size", "kept_by_tiles", "predict_tiles", "probability"]

Triple = tuple[int, int, int]
Finish = Callable[[list[np.ndarray]], tuple[np.ndarray, ...]]


def predict_tiles(
    image: np.ndarray,
    network: Network[Any],
    finish: Finish,
    settings: PredictSettings,
    *,
    origin: Sequence[int] = (0, 0, 0),
    progress: Progress = silent,
) -> tuple[np.ndarray, ...]:
    """What ``finish`` makes of the network's outputs, for the whole image.

    ``finish`` is given one tile's outputs, float32 [z, y, x, channels] for each head; it returns arrays whose last three axes
    are z, y, x, and the same number of them for each tile. ``origin`` is the global voxel of ``image[0, 0, 0]``.
    ``network.settings.halo`` voxels at each face see the mirrored image in place of what lies beyond.

    Raises:
        GraphkitError: the image is not uint8 [z, y, x], is empty, or the tile is too small for the network's halo.
    """
    check_image(image, network.settings)
    halo, stride = network.settings.halo, network.settings.stride
    kept = kept_by_tiles(image.shape, network.settings, settings.tile, origin=origin)
    # The tiles' grid: starts are multiples of the stride, counted from the global voxel 0.
    before = [(o % s) + _up(h, s) for o, s, h in zip(origin, stride, halo, strict=True)]
    tile = [k + 2 * _up(h, s) for k, h, s in zip(kept, halo, stride, strict=True)]
    starts = [range(-(o % s), n, k) for o, s, n, k in zip(origin, stride, image.shape, kept, strict=True)]
    after = [
        begins[-1] + k + _up(h, s) - n
        for begins, k, h, s, n in zip(starts, kept, halo, stride, image.shape, strict=True)
    ]
    padded = np.pad(image, list(zip(before, after, strict=True)), mode="symmetric")
    arrays: tuple[np.ndarray, ...] = ()
    corners = list(itertools.product(*starts))
    for done, corner in enumerate(corners):
        lows = [c + b - _up(h, s) for c, b, h, s in zip(corner, before, halo, stride, strict=True)]
        piece = padded[tuple(slice(low, low + t) for low, t in zip(lows, tile, strict=True))]
        found = finish(_run(network, piece))
        if not arrays:
            arrays = tuple(np.zeros((*part.shape[:-3], *image.shape), part.dtype) for part in found)
        source: list[Any] = [...]
        target: list[Any] = [...]
        for c, k, h, s, n in zip(corner, kept, halo, stride, image.shape, strict=True):
            first, last = max(c, 0), min(c + k, n)
            target.append(slice(first, last))
            source.append(slice(first - c + _up(h, s), last - c + _up(h, s)))
        for array, part in zip(arrays, found, strict=True):
            array[tuple(target)] = part[tuple(source)]
        progress(f"{network.settings.about} network", (done + 1) / len(corners))
    return arrays


def kept_by_tiles(
    shape: Sequence[int], network: NetworkSettings, tile: Triple, *, origin: Sequence[int] = (0, 0, 0)
) -> Triple:
    """What each tile keeps: as few tiles as ``tile`` allows, and these of one size. What is beyond the array is thrown away.

    Raises GraphkitError where the tile is too small for the network's halo.
    """
    stride = network.stride
    most = _kept(tile, network.halo, stride)
    whole = [o % s + n for o, s, n in zip(origin, stride, shape, strict=True)]
    z, y, x = (_up(-(-n // -(-n // k)), s) for n, k, s in zip(whole, most, stride, strict=True))
    return z, y, x


def probability(logit: np.ndarray) -> np.ndarray:
    """The logistic function of logits, of their type."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -60, 60))))


def check_image(image: Any, settings: NetworkSettings) -> None:
    """Raises GraphkitError unless ``image`` is a non-empty uint8 array [z, y, x]."""
    array = np.asarray(image)
    if array.dtype != np.uint8:
        nan = array.dtype.kind == "f" and bool(np.isnan(array).any())
        raise GraphkitError(
            f"The image is {array.dtype}{' and holds NaN' if nan else ''}; the {settings.about} network takes uint8.",
            hint="Scale the image to grey values 0..255 and convert it to uint8.",
        )
    if array.ndim != 3 or array.size == 0:
        raise GraphkitError(f"The image has the shape {array.shape}; expected [z, y, x] with at least one voxel.")


def check_voxel_size(settings: NetworkSettings, voxel_size_nm: Sequence[float], *, what: str = "The image") -> None:
    """Raises GraphkitError unless ``voxel_size_nm`` [z, y, x] is the network's, within 2 %."""
    expected = settings.voxel_size_nm
    if not np.allclose(np.asarray(voxel_size_nm, float), expected, rtol=0.02, atol=0):
        shown = [" x ".join(f"{v:g}" for v in size) for size in (voxel_size_nm, expected)]
        raise GraphkitError(
            f"{what} has voxels of {shown[0]} nm [z, y, x]; the {settings.about} network was trained on {shown[1]} nm.",
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


def _run(network: Network[Any], image: np.ndarray) -> list[np.ndarray]:
    """The outputs of one tile, [z, y, x, channels] each."""
    scaled = (image.astype(np.float32) - np.float32(network.settings.mean)) / np.float32(network.settings.spread)
    outputs = network.model.predict_on_batch(scaled[np.newaxis, ..., np.newaxis])
    return [output[0] for output in outputs]


def _up(value: int, step: int) -> int:
    return -(-value // step) * step
