"""The result of an evaluation: figures with what they mean, as JSON and as lines for a terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from graphkit_pipeline.evaluation.connections import ConnectionScore
from graphkit_pipeline.evaluation.error_rates import ErrorRates
from graphkit_pipeline.evaluation.loss import Loss
from graphkit_pipeline.evaluation.run_length import RunLength
from graphkit_pipeline.evaluation.segmentation import SegmentationError, SegmentationScore
from graphkit_pipeline.evaluation.synapses import PartnerScore

__all__ = ["DEFINITIONS", "FORMAT", "FORMAT_VERSION", "Evaluation", "EvaluationSettings"]

FORMAT = "graphkit-evaluation"
FORMAT_VERSION = 1

DEFINITIONS = {
    "VI split": "Variation of information lost to splits, H(found | true) in bits: how uncertain the found segment is once "
    "the true neuron is known. 0 when no neuron is split; lower is better.",
    "VI merge": "Variation of information lost to merges, H(true | found) in bits: how uncertain the true neuron is once the "
    "found segment is known. 0 when no segment holds two neurons; lower is better.",
    "adapted Rand error": "1 minus the harmonic mean of precision (of the pairs of voxels joined in the segmentation, the share "
    "joined in the truth) and recall (the other way round). Between 0 and 1; lower is better.",
    "coverage": "Share of the voxels of true neurons that the segmentation labels.",
    "expected run length": "Mean, over all points of the true skeletons, of the length of cable around the point that lies in "
    "one segment without a merge. Strict: a single node of a second skeleton counts as a merge; tolerant: 50 nodes.",
    "synapse F1, at place": "CREMI's rule: both points within the matching distance of a true synapse's, and the true neurons at "
    "the found points are its partners; matched one to one. Blind to errors of the segmentation.",
    "synapse F1, end to end": "The same, but the partners are what the found segments stand for: each true neuron's main "
    "segment. A synapse on any other fragment counts as an error.",
    "connection F1, as found": "Ordered pairs of neurons joined by at least the stated number of synapses. Each true neuron is "
    "stood for by its main segment; other fragments are neurons of their own.",
    "connection F1, splits mended": "The same with every fragment counted as the neuron most of it lies in: the graph after a "
    "proofreader has joined all fragments, merges left as they are. Says nothing against splits.",
    "error model": "The rates at which graphkit's error model errs as this reconstruction does. Missed, false, "
    "duplicated (found a second time: it could stand for a true synapse for which another does): of the true synapses, blind to "
    "errors of the segmentation. Split, merged: shares of the neurons at which as many ends of synapses come to lie on second "
    "pieces, and on segments that are mostly another's. They are of neurons as this truth holds them: of pieces, where the "
    "volume cuts them.",
}
"""One sentence or two on each figure, by its name."""


@dataclass(frozen=True)
class EvaluationSettings:
    """What an evaluation can be told.

    ``max_distance_nm``: matching distance of synapses, at each end. ``min_synapses``: threshold of a connection.
    ``reach_nm``: a found synaptic point in a gap of the truth takes the nearest neuron at most this far away.
    ``worst``: how many of the worst splits and merges are listed, each.
    """

    max_distance_nm: float = 400.0
    min_synapses: int = 1
    reach_nm: float = 60.0
    worst: int = 6

    def __post_init__(self) -> None:
        from graphkit.errors import GraphkitError

        for name, low, unit in (("max_distance_nm", 0, " nm"), ("min_synapses", 0, "")):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > low):
                raise GraphkitError(f"The setting evaluate.{name} must be above {low}{unit}, got {value!r}.")
        for name in ("reach_nm", "worst"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise GraphkitError(f"The setting evaluate.{name} must be 0 or more, got {value!r}.")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every figure there was something to compute from; the parts without are None or empty.

    ``segmentation`` by convention (``segmentation.CONVENTIONS``); ``run_length`` "strict" and "tolerant"; ``synapses`` by
    reading: "at_place" (CREMI), "end_to_end"; ``connections``: "as_found", "splits_mended", and what would be found with
    one half of the work perfect: "true_segments" (only synapses err), "true_synapses" (only segments err).
    """

    name: str
    settings: EvaluationSettings
    voxel_size_nm: tuple[float, float, float] | None = None
    shape: tuple[int, int, int] | None = None
    segments_found: int | None = None
    segments_true: int | None = None
    coverage: float | None = None
    segmentation: Mapping[str, SegmentationScore] = field(default_factory=dict)
    splits: tuple[SegmentationError, ...] = ()
    merges: tuple[SegmentationError, ...] = ()
    run_length: Mapping[str, RunLength] = field(default_factory=dict)
    synapses: Mapping[str, PartnerScore] = field(default_factory=dict)
    connections: Mapping[str, ConnectionScore] = field(default_factory=dict)
    loss: Loss | None = None
    error_rates: ErrorRates | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON: ids as strings, undefined figures as None."""
        body = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "settings": asdict(self.settings),
            "voxel_size_nm": _zyx(self.voxel_size_nm),
            "shape": _zyx(self.shape),
            "segmentation": {
                "segments_found": self.segments_found,
                "segments_true": self.segments_true,
                "coverage": self.coverage,
                "scores": _dicts(self.segmentation),
                "worst_splits": [_error(e) for e in self.splits],
                "worst_merges": [_error(e) for e in self.merges],
            }
            if self.segmentation
            else None,
            "run_length": _dicts(self.run_length) or None,
            "synapses": _dicts(self.synapses) or None,
            "connections": _dicts(self.connections) or None,
            "loss": self.loss.to_dict() if self.loss else None,
            "error_model": self.error_rates.to_dict() if self.error_rates else None,
            "provenance": dict(self.provenance),
        }
        plain: dict[str, Any] = _plain(body)
        return plain

    def to_json(self) -> str:
        """The JSON text of ``to_dict``."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    def summary(self) -> list[str]:
        """The figures as lines for a terminal."""
        lines = []
        if score := self.segmentation.get("truth_labelled"):
            lines.append(
                f"segmentation   VI {score.vi_sum:.3f} bits (split {score.vi_split:.3f}, merge {score.vi_merge:.3f}), "
                f"adapted Rand error {score.rand_error:.3f}, {self.coverage:.1%} of neurons' voxels labelled"
            )
        if score := self.segmentation.get("both_labelled"):
            lines.append(
                f"labelled only  VI {score.vi_sum:.3f} bits (split {score.vi_split:.3f}, merge {score.vi_merge:.3f}), "
                f"adapted Rand error {score.rand_error:.3f}: unlabelled voxels ignored"
            )
        if "strict" in self.run_length:
            strict, tolerant = self.run_length["strict"], self.run_length["tolerant"]
            lines.append(
                f"run length     {_um(strict.expected_nm)} strict, {_um(tolerant.expected_nm)} tolerant, "
                f"of {_um(strict.possible_nm)} possible"
            )
        for reading, what in (("at_place", "at the place"), ("end_to_end", "end to end")):
            if partners := self.synapses.get(reading):
                lines.append(
                    f"synapses       F1 {_figure(partners.f1)} {what} (precision {_figure(partners.precision)}, "
                    f"recall {_figure(partners.recall)}; {partners.found:,} found, {partners.true:,} true)"
                )
        for reading, what in (("as_found", "as found"), ("splits_mended", "with splits mended")):
            if graph := self.connections.get(reading):
                lines.append(
                    f"connections    F1 {_figure(graph.f1)} {what} (precision {_figure(graph.precision)}, recall "
                    f"{_figure(graph.recall)}); counts correlate at {_figure(graph.pearson)} over connected pairs, "
                    f"{_figure(graph.pearson_all)} over all"
                )
        if self.loss and self.loss.kept < self.loss.true:
            causes = sorted(self.loss.causes.items(), key=lambda item: -item[1])
            parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in causes if count]
            lines.append(
                f"lost synapses  {self.loss.true - self.loss.kept:,} of {self.loss.true:,}: " + ", ".join(parts)
            )
        if (rates := self.error_rates) and rates.again:
            of = self.synapses["at_place"].found
            lines.append(f"found twice    {rates.again} of {of}: {rates.apart} of them on other segments")
        if self.error_rates and self.error_rates.clause:
            lines.append(f"error model    {self.error_rates.clause}")
        return lines


def _um(length_nm: float) -> str:
    return "no cable" if math.isnan(length_nm) else f"{length_nm / 1000:.2f} um"


def _figure(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.3f}"


def _zyx(values: tuple[float, ...] | None) -> dict[str, float] | None:
    return None if values is None else dict(zip("zyx", values, strict=True))


def _dicts(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part.to_dict() for name, part in parts.items()}


def _error(error: SegmentationError) -> dict[str, Any]:
    return {
        "kind": error.kind,
        "id": str(error.id),
        "voxels": error.voxels,
        "bits": error.bits,
        "position_nm": _zyx(error.position_nm),
        "parts": [{"id": str(p.id), "voxels": p.voxels} for p in error.parts],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value
