"""What each threshold of agglomeration would make of a run: its decisions are there, and the network is not asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.agglomeration.neurons import joining, neurons_of_segments
from graphkit_pipeline.distinct import distinct

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit_pipeline.config import RunConfig
    from graphkit_pipeline.evaluation.overlap import Overlap
    from graphkit_pipeline.evaluation.segmentation import SegmentationScore

__all__ = ["ThresholdScore", "check_scored", "score_thresholds", "thresholds"]


@dataclass(frozen=True, slots=True)
class ThresholdScore:
    """What a threshold makes: decisions that reach it, neurons, and accuracy where the truth is known. None joins nothing."""

    threshold: float | None
    joins: int
    neurons: int
    score: SegmentationScore | None = None


def thresholds(
    segments: pa.Table,
    decisions: pa.Table,
    at: Sequence[float],
    overlap: Overlap | None = None,
    *,
    deleted: float = 1.0,
) -> list[ThresholdScore]:
    """Without any join first, then for each threshold; ``overlap`` is that of the segmentation with the truth."""
    from graphkit_pipeline.evaluation.segmentation import score_overlap

    found = []
    for threshold in (None, *at):
        mapping = neurons_of_segments(segments, decisions if threshold else None, threshold or 1.0, deleted)
        segment, neuron = (c.to_numpy() for c in mapping.columns)
        joins = int(np.count_nonzero(joining(decisions, threshold, deleted))) if threshold else 0
        score = None
        if overlap is not None:
            order = np.argsort(segment)
            at_row = np.searchsorted(segment[order], overlap.found).clip(0, max(len(segment) - 1, 0))
            joined = neuron[order][at_row] if len(segment) else overlap.found
            score = score_overlap(overlap.renamed(np.where(overlap.found == 0, 0, joined)))
        found.append(ThresholdScore(threshold, joins, len(distinct(neuron)), score))
    return found


def score_thresholds(config: RunConfig, at: Sequence[float], progress: Progress = silent) -> list[ThresholdScore]:
    """The same for a run, with its truth where it names one.

    Raises:
        GraphkitError: the run's stage agglomerate is not done.
    """
    from graphkit_pipeline.context import Context
    from graphkit_pipeline.evaluate import overlap_with
    from graphkit_pipeline.volume import open_volume

    check_scored(config)
    job = Context(config, Path(config.output))
    truth, overlap = config.evaluate.truth, None
    if truth:
        overlap = overlap_with(truth, open_volume(job.segmentation), progress)
    return thresholds(
        job.table("segments"), job.table("agglomeration"), at, overlap, deleted=config.agglomerate.deleted
    )


def check_scored(config: RunConfig) -> None:
    """Raises GraphkitError where the run's stage agglomerate is not done: there are no scores to choose by."""
    from graphkit_pipeline.run import run_status

    states = {s.name: s.state for s in run_status(config)}
    if not states.get("agglomerate", "not begun").startswith("done"):
        first = "Do it first: graphkit reconstruct RUN.TOML --until agglomerate, with [agglomerate] enabled = true."
        linked = "Fragments are linked in this run: another [link] threshold, then graphkit reconstruct RUN.TOML --from link."
        raise GraphkitError(
            f"The stage agglomerate of {config.output} is {states.get('agglomerate', 'not enabled')}.",
            hint=first if config.segment.method == "flood" else linked,
        )
