"""Accuracy of a reconstruction against the truth: segmentation, run length, synapses, and the graph.

    found segmentation ─┬─ overlap ─ VI, adapted Rand, worst errors ─┐
    true segmentation ──┘     └─ which neuron a segment stands for ──┤
    true skeletons ───────────── expected run length                 ├─> Evaluation ─> evaluation.json, report.html
    found synapses ─┬─────────── partners (CREMI), causes of loss ───┤
    true synapses ──┴─────────── connections ────────────────────────┘

Every part is optional: what can be computed from what is there is computed, and the rest left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.evaluation.connections import ConnectionScore, named, score_connections
from graphkit_pipeline.evaluation.error_rates import error_rates
from graphkit_pipeline.evaluation.loss import trace_loss
from graphkit_pipeline.evaluation.overlap import NeuronMap, Overlap, count_overlap
from graphkit_pipeline.evaluation.places import LabelVolume, check_same_grid, labels_at, slabs
from graphkit_pipeline.evaluation.result import Evaluation, EvaluationSettings
from graphkit_pipeline.evaluation.run_length import run_lengths
from graphkit_pipeline.evaluation.segmentation import CONVENTIONS, locate, score_overlap, worst_errors
from graphkit_pipeline.evaluation.sources import Reconstruction, Truth
from graphkit_pipeline.evaluation.synapses import PartnerScore, ends_nm, partners_of, score_partners
from graphkit_pipeline.formats.disk import atomically

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Evaluation", "EvaluationSettings", "evaluate", "overlap_with"]

_Ends = tuple[np.ndarray, np.ndarray]
_SIDES: tuple[Literal["pre", "post"], ...] = ("pre", "post")


def evaluate(
    truth: Any,
    *,
    segmentation: Any = None,
    synapses: pa.Table | None = None,
    dataset: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    settings: EvaluationSettings | None = None,
    name: str | None = None,
    image: Any = None,
    run: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Every figure that the given parts allow; with ``folder``, written to evaluation.json and report.html there.

    Args:
        truth: a folder written by ``graphkit simulate-tissue``, a volume of labels, a ``Tissue``, or an
            ``evaluation.sources.Truth``.
        segmentation: the found one: a location, a volume, or an array [z, y, x] on the truth's grid; 0 = nothing.
        synapses: the found ones; their ids are the labels of ``segmentation`` (without one: of the true one).
        dataset: the found dataset, for its synapses and for the neuron of each segment.
        name: what the report is called; the dataset's name if not given.
        image: for the pictures, where the truth has none: its location or a volume.
        run: settings and versions of the run, to be shown with the figures.

    Raises:
        GraphkitError: nothing to evaluate or to evaluate against; found and truth on different voxels.
    """
    settings = settings or EvaluationSettings()
    real = Truth.of(truth, _opened(segmentation))
    found = Reconstruction.of(segmentation=segmentation, synapses=synapses, dataset=dataset, truth=real)
    if found.segments is not None and not isinstance(segmentation, np.ndarray):  # an array says nothing of its place
        real = real.within(found.segments.bounds)
    real = real.pictured(_opened(image))
    _check(found, real)
    figures: dict[str, Any] = {"name": name or found.name, "settings": settings}
    grid = real.segments or real.image
    if grid is not None:
        figures |= {"voxel_size_nm": tuple(grid.voxel_size_nm), "shape": grid.bounds.shape}
    neurons = None
    if found.segments is not None and real.segments is not None:
        overlap = _overlap(found.segments, real.segments, progress)
        neurons = NeuronMap.of(overlap)
        figures |= _segmentation(overlap, found.segments, real.segments, settings, progress)
    if found.segments is not None and real.skeletons is not None and real.skeletons.num_rows:
        progress("run length", 0.0)
        figures["run_length"] = run_lengths(real.skeletons, found.segments)
    if found.synapses is not None and real.synapses is not None:
        progress("synapses", 0.0)
        figures |= _graph(found, found.synapses, real, real.synapses, neurons, settings)
    evaluation = Evaluation(
        **figures,
        provenance={"found": found.provenance, "truth": real.provenance, "run": dict(run or {})},
    )
    if folder is not None:
        from graphkit_pipeline.evaluation.report import render

        progress("report", 0.0)
        page = render(evaluation, found, real, neurons)
        _write(Path(folder), {"evaluation.json": evaluation.to_json(), "report.html": page})
    progress("done", 1.0)
    return evaluation


def _opened(segmentation: Any) -> LabelVolume | None:
    """The found segmentation, where it is one that says its place."""
    from graphkit_pipeline.volume import open_volume

    if isinstance(segmentation, str | os.PathLike):
        return open_volume(os.fspath(segmentation))
    return segmentation if hasattr(segmentation, "bounds") else None


def overlap_with(truth: Any, segments: LabelVolume, progress: Progress = silent) -> Overlap:
    """How the segments lie on those of the truth (see ``evaluate``), slab by slab.

    Raises:
        GraphkitError: the truth has no segmentation, or one of other voxels.
    """
    real = Truth.of(truth, segments).within(segments.bounds)
    if real.segments is None:
        raise GraphkitError("The truth has no segmentation.", hint="Name a folder that has truth/segmentation.")
    check_same_grid(segments, real.segments)
    return _overlap(segments, real.segments, progress)


def _check(found: Reconstruction, real: Truth) -> None:
    pairs = ((found.segments, real.segments), (found.segments, real.skeletons), (found.synapses, real.synapses))
    if not any(a is not None and b is not None for a, b in pairs):
        has = [n for n in ("segments", "synapses", "skeletons") if getattr(real, n) is not None]
        raise GraphkitError(
            f"Nothing of the reconstruction can be compared: the truth has only {', '.join(has) or 'an image'}.",
            hint="Give the part that the truth has: a segmentation for segments or skeletons, a dataset for synapses.",
        )
    if found.segments is not None and real.segments is not None:
        check_same_grid(found.segments, real.segments)


def _overlap(found: LabelVolume, true: LabelVolume, progress: Progress) -> Overlap:
    boxes = list(slabs(true.bounds))

    def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for k, box in enumerate(boxes):
            progress("comparing segmentations", k / len(boxes))
            yield found.read(box), true.read(box)

    return count_overlap(pairs())


def _segmentation(
    overlap: Overlap, found: LabelVolume, true: LabelVolume, settings: EvaluationSettings, progress: Progress
) -> dict[str, Any]:
    in_neurons = overlap.where(overlap.true != 0)
    splits, merges = (worst_errors(overlap, kind, limit=settings.worst) for kind in ("split", "merge"))
    progress("worst errors", 0.0)
    placed = locate([*splits, *merges], found, true)
    labelled = in_neurons.where(in_neurons.found != 0).total
    return {
        "segments_found": len(np.setdiff1d(overlap.found, [0])),
        "segments_true": len(np.setdiff1d(overlap.true, [0])),
        "coverage": labelled / in_neurons.total if in_neurons.total else float("nan"),
        "segmentation": {convention: score_overlap(overlap, convention) for convention in CONVENTIONS},
        "splits": tuple(placed[: len(splits)]),
        "merges": tuple(placed[len(splits) :]),
    }


def _graph(
    found: Reconstruction,
    found_synapses: pa.Table,
    real: Truth,
    true_synapses: pa.Table,
    neurons: NeuronMap | None,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """Synapses and connections, by each reading that what is there allows."""
    reach, distance = settings.reach_nm, settings.max_distance_nm
    ids, true_ids = partners_of(found_synapses), partners_of(true_synapses)

    def partners(found_neurons: _Ends) -> PartnerScore:
        return score_partners(
            found_synapses, true_synapses, max_distance_nm=distance, found_neurons=found_neurons, true_neurons=true_ids
        )

    def graph(found_neurons: _Ends) -> ConnectionScore:
        return score_connections(found_neurons, true_ids, min_synapses=settings.min_synapses)

    scores, graphs = {}, {}
    at_place: _Ends | None = None
    at_true: _Ends | None = None
    if real.segments is not None:
        at_place = _labels_at_ends(real.segments, found_synapses, reach)
        scores["at_place"] = partners(at_place)
    if neurons is None:
        scores["end_to_end"], graphs["as_found"] = partners(ids), graph(ids)
    else:
        main = neurons.main(ids[0]), neurons.main(ids[1])
        most = neurons.majority(ids[0]), neurons.majority(ids[1])
        scores["end_to_end"] = partners(main)
        graphs["as_found"] = graph((named(ids[0], main[0]), named(ids[1], main[1])))
        graphs["splits_mended"] = graph((named(ids[0], most[0]), named(ids[1], most[1])))
    if at_place is not None:
        graphs["true_segments"] = graph(at_place)
    if neurons is not None and found.segments is not None:
        at_true = pre, post = _labels_at_ends(found.segments, true_synapses, reach)
        graphs["true_synapses"] = graph((named(pre, neurons.main(pre)), named(post, neurons.main(post))))
    loss = trace_loss(found_synapses, true_synapses, neurons=neurons, true_at_found=at_place, max_distance_nm=distance)
    figures = {"synapses": scores, "connections": graphs, "loss": loss}
    if at_place is None:
        return figures
    whole = (ids[0] != 0) & (ids[1] != 0)
    in_graph = partners((at_place[0] * whole, at_place[1] * whole)) if not whole.all() else scores["at_place"]
    rates = error_rates(in_graph, ids, true_ids, neurons=neurons, found_at_true=at_true)
    return {**figures, "error_rates": rates}


def _labels_at_ends(volume: LabelVolume, synapses: pa.Table, reach_nm: float) -> _Ends:
    pre, post = (labels_at(volume, ends_nm(synapses, side), reach_nm=reach_nm) for side in _SIDES)
    return pre, post


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Each file whole or not at all."""
    for name, text in texts.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with atomically(folder / name) as file:
                file.write(text.encode())
        except OSError as error:
            raise GraphkitError(
                f"Cannot write {str(folder / name)!r}: {error.strerror}.", hint="Choose another folder for the report."
            ) from error
