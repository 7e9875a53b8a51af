"""How well a network tells cells apart: its prediction, cut into cells in the plainest way, against the truth.

Voxels that are surely inside (above 0.9), connected by faces, are cells, and grow by a watershed into what may be inside (above
0.3). Flood filling does better; this is quick, has no settings, and ranks networks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from graphkit_pipeline.evaluation.overlap import count_overlap
from graphkit_pipeline.evaluation.segmentation import score_overlap
from graphkit_pipeline.ffn.labelled import LabelledVolume
from graphkit_pipeline.membrane.predict import predict_array
from graphkit_pipeline.membrane.settings import NetworkSettings, PredictSettings
from graphkit_pipeline.unet.network import Network

__all__ = ["Validation", "cells_of", "validate_membrane"]

_SURE, _MAYBE = 0.9, 0.3
_LEAST_VOXELS = 50


@dataclass(frozen=True)
class Validation:
    """VI in bits (truth 0 left out, found 0 one segment), the share of voxels on the right side of 0.5, and cells found."""

    vi_split: float
    vi_merge: float
    vi_sum: float
    accuracy: float
    cells: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def validate_membrane(
    network: Network[NetworkSettings], volume: LabelledVolume, settings: PredictSettings | None = None
) -> Validation:
    """The score of ``network`` on a volume with true labels."""
    inside = predict_array(volume.image, network, settings).inside
    cells = cells_of(inside)
    score = score_overlap(count_overlap([(cells, np.asarray(volume.labels, np.int64))]))
    right = ((inside > 127) == (volume.labels > 0)).mean()
    split, merge = round(score.vi_split, 5), round(score.vi_merge, 5)
    return Validation(split, merge, round(split + merge, 5), round(float(right), 5), int(cells.max(initial=0)))


def cells_of(inside: np.ndarray) -> np.ndarray:
    """int64 [z, y, x], cells numbered from 1, of ``inside`` (uint8); 0 = in none."""
    import cc3d
    from skimage.segmentation import watershed

    sure = cc3d.dust(inside > _SURE * 255, threshold=_LEAST_VOXELS, connectivity=6)
    seeds = cc3d.connected_components(sure, connectivity=6).astype(np.int64)
    # Heights 0 .. 255; of equal ones the voxel that was reached first.
    grown = watershed(255 - inside, seeds, mask=inside > _MAYBE * 255)  # type: ignore[no-untyped-call]
    return np.asarray(grown, np.int64)
