"""The network that graphkit ships: how it is made, so that anyone can make it again.

It is trained on generated tissue and nothing else. Seeds 1 to 999 are for training, 1000 to 1999 for choosing and validating;
2000 and above are for tests, and are not touched here.
"""

from __future__ import annotations

from pathlib import Path

from graphkit.progress import Progress, silent
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, TrainingSettings
from graphkit_pipeline.synapse.training import train_synapses
from graphkit_pipeline.synapse.validation import validate_synapses
from graphkit_pipeline.unet.network import load_network
from graphkit_pipeline.unet.shipped import check_folder, tissues, write_provenance
from graphkit_pipeline.unet.training import TrainingReport

__all__ = ["SHIPPED_NETWORK", "train_shipped_synapses"]

SHIPPED_NETWORK = Path(__file__).parents[1] / "models" / "synapse-tissue.keras"
"""The file that is shipped; its provenance lies beside it, ``synapse-tissue.json``."""

TRAINING_SEEDS = (1, 2, 3, 4, 5, 6, 7, 8)
VALIDATION_SEEDS = (1001, 1002)
TRAINING_EDGE_VOX = 176
VALIDATION_EDGE_VOX = 160
NETWORK = NetworkSettings()
TRAINING = TrainingSettings(
    steps=3000, learning_rate=2e-3, checkpoint_every=250, validate_every=1000, half_precision=True
)
COMMAND = "graphkit train synapses --shipped -o synapse-tissue.keras"


def train_shipped_synapses(
    out: str | Path = SHIPPED_NETWORK, *, resume: bool = True, progress: Progress = silent
) -> TrainingReport:
    """Makes the shipped network and its provenance anew at ``out``: about 3,000 steps of a third of a second on one core.

    Raises:
        GraphkitError: ``out`` cannot be written, or a checkpoint beside it is of another training.
    """
    out = Path(out)
    check_folder(out)
    training = list(tissues(TRAINING_SEEDS, TRAINING_EDGE_VOX, progress))
    validation = list(tissues(VALIDATION_SEEDS, VALIDATION_EDGE_VOX, progress))
    report = train_synapses(
        training, TRAINING, out, network=NETWORK, validation=validation, resume=resume, progress=progress
    )
    network = load_network(out, NetworkSettings)
    scores = [
        {"seed": seed, **validate_synapses(network, truth).to_dict()}
        for seed, truth in zip(VALIDATION_SEEDS, validation, strict=True)
    ]
    write_provenance(
        out,
        "synapse U-Net for generated tissue",
        COMMAND,
        {
            "training_seeds": list(TRAINING_SEEDS),
            "training_shape": [TRAINING_EDGE_VOX] * 3,
            "training_synapses": sum(len(tissue.synapses) for tissue in training),
            "validation_seeds": list(VALIDATION_SEEDS),
            "validation_shape": [VALIDATION_EDGE_VOX] * 3,
        },
        network=NETWORK.to_dict(),
        training=TRAINING.to_dict(),
        assign=AssignSettings().to_dict(),
        validation=scores,
    )
    return report
