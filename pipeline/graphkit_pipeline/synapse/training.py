"""Training of the synapse network: which patches it sees, what it is to say of them, and how it is scored.

The loop is that of every U-Net (``unet.training``): resumable to the bit, one file, a checkpoint and a log beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, TrainingSettings
from graphkit_pipeline.synapse.targets import SynapseTruth, Targets, cleft_loss, direction_loss, make_targets
from graphkit_pipeline.synapse.validation import validate_synapses
from graphkit_pipeline.unet.augment import Turn, jitter, turns
from graphkit_pipeline.unet.network import Network
from graphkit_pipeline.unet.training import TrainingReport, check_volume, cut_patch, train_network

__all__ = ["Sampler", "train_synapses"]


def train_synapses(
    volumes: Sequence[SynapseTruth],
    settings: TrainingSettings,
    out: str | Path,
    *,
    network: NetworkSettings | None = None,
    validation: Sequence[SynapseTruth] = (),
    assign: AssignSettings | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> TrainingReport:
    """Trains a network on ``volumes`` and writes it to ``out`` (``NAME.keras``).

    With ``resume`` it goes on from the checkpoint beside ``out``, if there is one; without, a checkpoint there is an error.
    Every ``settings.validate_every`` steps, and at the end, the partners found in ``validation`` are scored and logged.

    Raises:
        GraphkitError: no volume, a volume that is not of the network's voxel size or smaller than its patch, no
            cleft in any, or a checkpoint that belongs to another training.
    """
    architecture = network or NetworkSettings()

    def of_cleft(truth: Any, logit: Any) -> Any:
        return cleft_loss(truth[..., 0], logit[..., 0], settings.positive_weight)

    def of_direction(truth: Any, vector: Any) -> Any:
        return settings.direction_weight * direction_loss(truth, vector)

    def validate(trained: Network[Any]) -> list[dict[str, Any]]:
        return [validate_synapses(trained, truth, assign_settings=assign).to_dict() for truth in validation]

    return train_network(
        architecture,
        settings,
        out,
        sampler=lambda: Sampler(volumes, settings, architecture, progress=progress),
        losses=[of_cleft, of_direction],
        validate=validate,
        resume=resume,
        progress=progress,
    )


class Sampler:
    """The batches of a training: batch number ``step`` is the same whenever it is asked for."""

    def __init__(
        self,
        volumes: Sequence[SynapseTruth],
        settings: TrainingSettings,
        network: NetworkSettings,
        *,
        progress: Progress = silent,
    ) -> None:
        if not volumes:
            raise GraphkitError("There is no volume to train on.", hint="Give at least one volume with clefts.")
        self._settings, self._network = settings, network
        self._turns: tuple[Turn, ...] = turns(network.voxel_size_nm, network.patch)
        self._volumes: list[tuple[np.ndarray, Targets]] = []
        self._sites: list[list[np.ndarray]] = []
        digest = hashlib.blake2b(digest_size=16)
        for number, truth in enumerate(volumes):
            check_volume(number, truth.image, truth.voxel_size_nm, network)
            targets = make_targets(truth, sigma_nm=settings.direction_sigma_nm)
            self._volumes.append((truth.image, targets))
            self._sites.append(_voxels_by_site(targets))
            for part in (truth.image, targets.voxels, targets.sites, targets.directions):
                digest.update(np.ascontiguousarray(part).data)
            progress("reading truth", (number + 1) / len(volumes))
        self._places = [(v, s) for v, sites in enumerate(self._sites) for s in range(len(sites))]
        if not self._places:
            raise GraphkitError("No training volume holds a cleft; there is nothing to learn from.")
        self.digest = digest.hexdigest()

    def batch(self, step: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """Image [b, z, y, x, 1]; mask [b, z, y, x, 1] and direction [b, z, y, x, 3]; float32."""
        rng = np.random.default_rng([self._settings.seed, step])
        samples = [self._sample(rng) for _ in range(self._settings.batch)]
        image, mask, direction = (np.stack(parts) for parts in zip(*samples, strict=True))
        return image, [mask, direction]

    def _sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        settings, patch = self._settings, np.asarray(self._network.patch)
        if rng.random() < settings.near_synapses:
            # Every site as often as any other, whatever its size; its voxel anywhere within the patch's middle half.
            number, site = self._places[rng.integers(len(self._places))]
            image, targets = self._volumes[number]
            voxel = np.asarray(np.unravel_index(rng.choice(self._sites[number][site]), image.shape))
            start = voxel - rng.integers(patch // 4, patch - patch // 4)
        else:
            number = int(rng.integers(len(self._volumes)))
            image, targets = self._volumes[number]
            start = rng.integers(0, np.asarray(image.shape) - patch + 1)
        start = np.clip(start, 0, np.asarray(image.shape) - patch)
        turn = self._turns[rng.integers(len(self._turns))]
        scaled = jitter(
            turn.scalars(cut_patch(image, start.tolist(), self._network)),
            rng,
            contrast=settings.contrast,
            brightness=settings.brightness,
            noise=settings.noise,
        )
        truth = targets.patch(start.tolist(), self._network.patch)
        return scaled[..., np.newaxis], turn.scalars(truth[..., :1]), turn.vectors(truth[..., 1:])


def _voxels_by_site(targets: Targets) -> list[np.ndarray]:
    order = np.argsort(targets.sites, kind="stable")
    _, starts = np.unique(targets.sites[order], return_index=True)
    return np.split(targets.voxels[order], starts[1:]) if len(order) else []
