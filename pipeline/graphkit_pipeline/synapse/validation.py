"""How well a network finds synapses where the truth is known: its predictions, assigned with the true segments."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from graphkit_pipeline.evaluation.synapses import score_partners
from graphkit_pipeline.synapse.assign import assign
from graphkit_pipeline.synapse.predict import predict_array
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, PredictSettings
from graphkit_pipeline.synapse.targets import SynapseTruth
from graphkit_pipeline.unet.network import Network
from graphkit_pipeline.unet.predict import check_voxel_size

__all__ = ["TIGHT_NM", "Validation", "validate_synapses"]

TIGHT_NM = 200.0
"""Half of CREMI's distance: generated tissue is dense, and 400 nm is far in it."""


@dataclass(frozen=True)
class Validation:
    """Partners by CREMI's rule (400 nm at both ends, same pair), and the F1 at ``TIGHT_NM``."""

    f1: float
    precision: float
    recall: float
    f1_tight: float
    found: int
    true: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def validate_synapses(
    network: Network[NetworkSettings],
    truth: SynapseTruth,
    *,
    assign_settings: AssignSettings | None = None,
    predict_settings: PredictSettings | None = None,
) -> Validation:
    """The score of ``network`` on a volume with truth.

    Raises:
        GraphkitError: the volume's voxel size or dtype is not the network's.
    """
    check_voxel_size(network.settings, truth.voxel_size_nm)
    cleft, direction = predict_array(truth.image, network, predict_settings, origin=truth.offset)
    found = assign(
        cleft,
        direction,
        truth.segments,
        settings=assign_settings,
        voxel_size_nm=truth.voxel_size_nm,
        offset=truth.offset,
    )
    score = score_partners(found, truth.synapses)
    tight = score_partners(found, truth.synapses, max_distance_nm=TIGHT_NM)
    return Validation(score.f1, score.precision, score.recall, tight.f1, score.found, score.true)
