"""The membrane network that graphkit ships: how it is made, so that anyone can make it again.

It is trained on generated tissue and nothing else; which seeds are for what is said in ``unet.shipped``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graphkit.progress import Progress, silent
from graphkit_pipeline.ffn.labelled import LabelledVolume
from graphkit_pipeline.membrane.settings import NetworkSettings, TrainingSettings
from graphkit_pipeline.membrane.training import train_membrane
from graphkit_pipeline.membrane.validation import validate_membrane
from graphkit_pipeline.unet.network import load_network
from graphkit_pipeline.unet.shipped import check_folder, tissues, write_provenance
from graphkit_pipeline.unet.training import TrainingReport

__all__ = ["shipped_network", "train_shipped_membrane"]

TRAINING_SEEDS = tuple(range(1, 17))
VALIDATION_SEEDS = (1001, 1002)
TRAINING_EDGE_VOX = 192
VALIDATION_EDGE_VOX = 112
NETWORK = NetworkSettings()
TRAINING = TrainingSettings(
    steps=16_000,
    learning_rate=2.5e-3,
    contrast=0.08,
    brightness=0.08,
    noise=0.03,
    validate_every=4000,
    half_precision=True,
)
COMMAND = "graphkit train membrane --shipped -o membrane-tissue.keras"


def shipped_network() -> Path:
    """The file of the network that graphkit ships: for tissue like the generated one, uint8, 16 nm voxels."""
    return Path(__file__).parents[1] / "models" / "membrane-tissue.keras"


def train_shipped_membrane(
    out: str | Path | None = None, *, resume: bool = True, progress: Progress = silent
) -> TrainingReport:
    """Makes the shipped network and its provenance anew at ``out``: 16,000 steps, about half an hour of one core.

    Raises:
        GraphkitError: ``out`` cannot be written, or a checkpoint beside it is of another training.
    """
    out = Path(out or shipped_network())
    check_folder(out)
    training = _labelled(TRAINING_SEEDS, TRAINING_EDGE_VOX, progress)
    validation = _labelled(VALIDATION_SEEDS, VALIDATION_EDGE_VOX, progress)
    report = train_membrane(
        training, TRAINING, out, network=NETWORK, validation=validation, resume=resume, progress=progress
    )
    network = load_network(out, NetworkSettings)
    scores = [
        {"seed": seed, **validate_membrane(network, volume).to_dict()}
        for seed, volume in zip(VALIDATION_SEEDS, validation, strict=True)
    ]
    write_provenance(
        out,
        "membrane U-Net for generated tissue",
        COMMAND,
        {
            "training_seeds": list(TRAINING_SEEDS),
            "training_shape": [TRAINING_EDGE_VOX] * 3,
            "validation_seeds": list(VALIDATION_SEEDS),
            "validation_shape": [VALIDATION_EDGE_VOX] * 3,
        },
        network=NETWORK.to_dict(),
        training=TRAINING.to_dict(),
        validation=scores,
        convention="VI in bits; voxels with true label 0 left out, found label 0 counted as one segment",
    )
    return report


def _labelled(seeds: tuple[int, ...], edge: int, progress: Progress) -> list[LabelledVolume]:
    return [
        LabelledVolume(tissue.image, tissue.segments.astype(np.int32), tissue.voxel_size_nm)
        for tissue in tissues(seeds, edge, progress)
    ]
