"""How good a network is in the end: held-out volumes are filled with it and compared with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.labelled import LabelledVolume
from graphkit_pipeline.ffn.network import FfnNetwork
from graphkit_pipeline.ffn.settings import FillPolicy

__all__ = ["validate"]


def validate(
    network: FfnNetwork, volumes: Sequence[LabelledVolume], policy: FillPolicy, predict: Any = None
) -> dict[str, Any]:
    """Mean figures of real segmentations of the volumes; truth 0 is ignored, found 0 is a label.

    ``vi_split``, ``vi_merge`` and ``vi_sum`` in bits; ``rand_error`` (adapted Rand); ``moves`` and ``fill_s`` of all together.
    ``predict`` is ``compiled(network)`` where the caller already has it.
    """
    from graphkit_pipeline.evaluation.overlap import count_overlap
    from graphkit_pipeline.evaluation.segmentation import score_overlap

    scores, moves, seconds = [], 0, 0.0
    for volume in volumes:
        result = segment_array(volume.image, network, policy, predict=predict)
        scores.append(score_overlap(count_overlap([(result.labels, volume.labels.astype(np.int64))])))
        moves += result.counts.moves
        seconds += result.counts.total_s
    split, merge, rand = (
        float(np.mean([getattr(s, n) for s in scores])) for n in ("vi_split", "vi_merge", "rand_error")
    )
    return {
        "vi_split": split,
        "vi_merge": merge,
        "vi_sum": split + merge,
        "rand_error": rand,
        "moves": moves,
        "fill_s": round(seconds, 2),
    }
