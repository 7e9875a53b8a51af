"""Training of the membrane network: which patches it sees, what it is to say of them, and how it is scored.

The loop is that of every U-Net (``unet.training``): resumable to the bit, one file, a checkpoint and a log beside it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.ffn.labelled import LabelledVolume
from graphkit_pipeline.membrane.settings import NetworkSettings, TrainingSettings
from graphkit_pipeline.membrane.targets import affinities, affinity_loss, apart, inside, inside_loss
from graphkit_pipeline.membrane.validation import validate_membrane
from graphkit_pipeline.unet.augment import Turn, jitter, turns
from graphkit_pipeline.unet.network import Network
from graphkit_pipeline.unet.training import TrainingReport, check_volume, cut_patch, train_network

__all__ = ["Sampler", "train_membrane"]


def train_membrane(
    volumes: Sequence[LabelledVolume],
    settings: TrainingSettings,
    out: str | Path,
    *,
    network: NetworkSettings | None = None,
    validation: Sequence[LabelledVolume] = (),
    resume: bool = False,
    progress: Progress = silent,
) -> TrainingReport:
    """Trains a network on ``volumes``, whose label 0 is what lies in no cell, and writes it to ``out`` (``NAME.keras``).

    With ``resume`` it goes on from the checkpoint beside ``out``, if there is one; without, a checkpoint there is an error.
    Every ``settings.validate_every`` steps, and at the end, ``validation`` is scored and logged.

    Raises:
        GraphkitError: no volume, a volume that is not of the network's voxel size or smaller than its patch, labels that do
            not fit the image or hold no cell, or a checkpoint that belongs to another training.
    """
    architecture = network or NetworkSettings()

    def of_inside(truth: Any, logit: Any) -> Any:
        return settings.inside_weight * inside_loss(truth, logit)

    def validate(trained: Network[Any]) -> list[dict[str, Any]]:
        return [validate_membrane(trained, volume).to_dict() for volume in validation]

    return train_network(
        architecture,
        settings,
        out,
        sampler=lambda: Sampler(volumes, settings, architecture),
        losses=[of_inside, affinity_loss],
        validate=validate,
        resume=resume,
        progress=progress,
    )


class Sampler:
    """The batches of a training: batch number ``step`` is the same whenever it is asked for."""

    def __init__(self, volumes: Sequence[LabelledVolume], settings: TrainingSettings, network: NetworkSettings) -> None:
        if not volumes:
            raise GraphkitError("There is no volume to train on.", hint="Give at least one image with labels.")
        if settings.apart:
            volumes = [dataclasses.replace(volume, labels=apart(volume.labels)) for volume in volumes]
        digest = hashlib.blake2b(digest_size=16)
        for number, volume in enumerate(volumes):
            check_volume(number, volume.image, volume.voxel_size_nm or network.voxel_size_nm, network)
            _check_labels(number, volume)
            for part in (volume.image, volume.labels):
                digest.update(np.ascontiguousarray(part).data)
        self._settings, self._network, self._volumes = settings, network, list(volumes)
        self._turns: tuple[Turn, ...] = turns(network.voxel_size_nm, network.patch)
        self.digest = digest.hexdigest()

    def batch(self, step: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """Image [b, z, y, x, 1]; inside [b, z, y, x, 1] and affinities [b, z, y, x, offset]; float32."""
        rng = np.random.default_rng([self._settings.seed, step])
        samples = [self._sample(rng) for _ in range(self._settings.batch)]
        image, cell, same = (np.stack(parts) for parts in zip(*samples, strict=True))
        return image, [cell, same]

    def _sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        settings, network = self._settings, self._network
        volume = self._volumes[rng.integers(len(self._volumes))]
        start = rng.integers(0, np.asarray(volume.image.shape) - np.asarray(network.patch) + 1).tolist()
        turn = self._turns[rng.integers(len(self._turns))]
        image = jitter(
            turn.scalars(cut_patch(volume.image, start, network)),
            rng,
            contrast=settings.contrast,
            brightness=settings.brightness,
            noise=settings.noise,
        )
        # Affinities of the turned labels: an offset belongs to the axes, not to the tissue.
        box = tuple(slice(s, s + p) for s, p in zip(start, network.patch, strict=True))
        labels = turn.scalars(volume.labels[box])
        return image[..., np.newaxis], inside(labels), affinities(labels, network.offsets)


def _check_labels(number: int, volume: LabelledVolume) -> None:
    labels = volume.labels
    if labels.shape != volume.image.shape or labels.dtype.kind not in "iu":
        raise GraphkitError(
            f"Training volume {number} has an image of shape {volume.image.shape} and labels of shape {labels.shape} and type "
            f"{labels.dtype}; expected whole numbers of the same [z, y, x]."
        )
    cell = labels > 0
    if cell.all() or not cell.any():
        raise GraphkitError(
            f"Training volume {number} has {'only cells' if cell.any() else 'no cell'} in its labels; there is nothing to learn.",
            hint="Expected labels with 0 between the cells: at membranes and outside. With apart = true in --settings voxels "
            "that touch another cell are taken for membrane.",
        )
