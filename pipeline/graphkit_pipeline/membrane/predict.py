"""Where a network sees the inside of cells, as bytes: 255 = surely inside. Arrays are [z, y, x].

Averaged over mirror images, if asked: each is predicted, mirrored back, and the mean taken in a fixed order. The pooling grid is
that of the mirrored volume, so blocks give what the whole volume gives (see ``unet.predict``), rounding aside.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphkit.progress import Progress, silent
from graphkit_pipeline.ffn.labelled import LabelledVolume
from graphkit_pipeline.membrane.settings import NetworkSettings, PredictSettings
from graphkit_pipeline.unet.network import Network
from graphkit_pipeline.unet.predict import check_voxel_size, predict_tiles, probability

__all__ = ["Prediction", "predict_array", "seen_volumes"]

_MIRRORED = (2, 1, 0)  # x first: sections, where they are thick, are stacked along z


@dataclass(frozen=True, eq=False)
class Prediction:
    """``inside`` uint8 [z, y, x]; ``affinities`` uint8 [offset, z, y, x], of the voxel and the one at + offset, or None."""

    inside: np.ndarray
    affinities: np.ndarray | None = None


def predict_array(
    image: np.ndarray,
    network: Network[NetworkSettings],
    settings: PredictSettings | None = None,
    *,
    origin: Sequence[int] = (0, 0, 0),
    affinities: bool = False,
    progress: Progress = silent,
) -> Prediction:
    """The probabilities, 255 times, rounded. Affinities are made where asked for, from the image as it is, not its mirror images.

    ``origin`` is the global voxel of ``image[0, 0, 0]``; see ``predict_tiles`` for what the network sees at the faces.

    Raises:
        GraphkitError: the image is not uint8 [z, y, x], is empty, or the tile is too small for the network's halo.
    """
    settings = settings or PredictSettings()
    axes = _MIRRORED[: settings.mirrors.bit_length() - 1]
    total: np.ndarray | None = None
    same_cell: np.ndarray | None = None
    for number, flips in enumerate(itertools.product((False, True), repeat=len(axes))):
        flipped = tuple(axis for axis, flip in zip(axes, flips, strict=True) if flip)
        # Voxel g of the volume is voxel -1 - g of its mirror image.
        start = [-(o + n) if a in flipped else o for a, (o, n) in enumerate(zip(origin, image.shape, strict=True))]

        def said(stage: str, fraction: float, number: int = number) -> None:
            progress(stage, (number + fraction) / settings.mirrors)

        first = affinities and number == 0
        found = predict_tiles(
            np.flip(image, flipped), network, _both if first else _inside, settings, origin=start, progress=said
        )
        part = np.flip(found[0], flipped)
        total = part if total is None else total + part
        if first:
            same_cell = found[1]
    assert total is not None
    return Prediction(_bytes(total / np.float32(settings.mirrors)), same_cell)


def seen_volumes(
    volumes: Sequence[LabelledVolume], network: Network[NetworkSettings], *, progress: Progress = silent
) -> list[LabelledVolume]:
    """The volumes with what the network sees in place of their images: to train a flood-filling network on.

    Raises:
        GraphkitError: a volume is not uint8, or not of the network's voxel size.
    """
    seen = []
    for number, volume in enumerate(volumes):
        if volume.voxel_size_nm is not None:
            check_voxel_size(network.settings, volume.voxel_size_nm, what=f"Volume {number}")
        inside = predict_array(volume.image, network).inside
        seen.append(LabelledVolume(inside, volume.labels, volume.voxel_size_nm))
        progress("finding membranes", (number + 1) / len(volumes))
    return seen


def _inside(outputs: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    return (probability(outputs[0][..., 0]),)


def _both(outputs: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    return *_inside(outputs), np.moveaxis(_bytes(probability(outputs[1])), -1, 0)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(values * np.float32(255)).astype(np.uint8)
