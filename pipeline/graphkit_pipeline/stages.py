"""The stages of a reconstruction, in order: what each depends on, what it writes, and how it is done.

    image ─(membrane)─ segment ─> blocks ── reconcile ─(link)─> segmentation ─┬ (agglomerate), mesh, skeleton ┐
      └─────────────── detect ──> blocks, clefts ── assign ──> synapses ──────┴───────────────────────────────┴ dataset, evaluate

A stage is a plain function of a ``Context``; what it returns (counts, blocks that failed) is kept with the run. `run` decides
which stages are done.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.config import SHIPPED, RunConfig
from graphkit_pipeline.context import Context
from graphkit_pipeline.engine import read_block
from graphkit_pipeline.volume import check_image, open_volume

if TYPE_CHECKING:
    import pyarrow as pa


__all__ = ["STAGES", "Stage", "as_json", "stages_of"]


@dataclass(frozen=True)
class Stage:
    """One stage: its name, what it does, the stages that it takes from, what its result depends on, and the doing."""

    name: str
    does: str
    takes: tuple[str, ...]
    settings: Callable[[RunConfig], dict[str, Any]]
    do: Callable[[Context], dict[str, Any]]
    blocks: Callable[[Context], tuple[Block, ...]] | None = None


def as_json(settings: Any) -> Any:
    """Settings as plain JSON values."""
    if is_dataclass(settings) and not isinstance(settings, type):
        settings = asdict(settings)
    return json.loads(json.dumps(settings))


def _network(path: str) -> dict[str, str]:
    """A network by its file's name and digest: training it again makes it another one."""
    file = Path(path)
    index = file.with_name(f"{file.name}.index")  # of a TensorFlow checkpoint
    file = index if index.is_file() else file
    try:
        return {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    except OSError as error:
        shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.keras")))
        raise GraphkitError(
            f"The network {path} cannot be read: {error.strerror or error}.",
            hint=f"Name one that graphkit ships ({shipped}), or the .keras file that training wrote.",
        ) from None


# -- segmentation ----------------------------------------------------------------------------------------------------


def _membrane(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.membrane.job import MembraneJob

    given, stage = job.config.image, job.config.membrane
    check_image(job.image, dtype=np.uint8, voxel_size_nm=job.membrane_network.voxel_size_nm, field_of_view=(1, 1, 1))
    folder = job.blocks_of("membrane")
    work = MembraneJob(
        given.location,
        str(stage.network),
        stage.predict,
        given.dataset,
        given.voxel_size_nm,
        given.offset,
        affinities=not job.floods,
    )
    outcome = job.run_blocks("membrane", work, job.membrane_blocks, "finding membranes")
    inside = job.new_volume(job.membrane.name, np.uint8)
    for at, block in enumerate(job.membrane_blocks, start=1):
        if block.name not in outcome["failed"]:  # left out, it is an error to whoever reads there
            inside.write(block.core, read_block(folder, block)["inside"])
        job.progress("writing the inside of cells", at / len(job.membrane_blocks))
    return outcome


def _segment(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.ffn.job import SegmentJob
    from graphkit_pipeline.membrane.fragments_job import FragmentsJob

    given, stage = job.config.image, job.config.segment
    if not job.floods:
        cut = FragmentsJob(str(job.membrane), stage.fragments)
        return job.run_blocks("segment", cut, job.segment_blocks, "cutting fragments")
    size = job.ffn.voxel_size_nm or job.image.voxel_size_nm  # an imported checkpoint may not say
    seen = job.image if job.config.membrane.network is None else open_volume(job.membrane)
    check_image(seen, dtype=np.uint8, voxel_size_nm=size, field_of_view=job.ffn.field_of_view)
    if job.config.membrane.network is None:
        work = SegmentJob(given.location, job.ffn_file, stage.fill, given.dataset, given.voxel_size_nm, given.offset)
    else:
        work = SegmentJob(str(job.membrane), job.ffn_file, stage.fill)
    return job.run_blocks("segment", work, job.segment_blocks, "flood filling")


def _reconcile(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.reconcile import reconcile_blocks

    lost = set(job.failed.get("segment", ()))
    failed = [b for b in job.segment_blocks if b.name in lost]
    if len(failed) == len(job.segment_blocks):
        raise GraphkitError(
            "Every block of the segmentation failed, so there is nothing to go on with.",
            hint=f"What went wrong is in {job.blocks_of('segment') / 'failed.json'}.",
        )
    output = job.new_volume((job.segmentation if job.floods else job.fragments).name, np.uint64, "segmentation")
    found = reconcile_blocks(
        job.segment_blocks,
        partial(read_block, job.blocks_of("segment")),
        output,
        settings=job.config.reconcile,
        failed=failed,
        progress=job.progress,
    )
    job.keep("segments" if job.floods else "fragments", found.segments)
    job.keep("joins", found.joins)
    joined = int(np.sum(found.joins["joined"].to_numpy(zero_copy_only=False))) if len(found.joins) else 0
    filled = int(found.segments["voxels"].to_numpy().sum()) if len(found.segments) else 0
    return {"segments": len(found.segments), "joined": joined, "filled": round(filled / job.bounds.voxels, 4)}


def _link(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.agglomeration.joined import segments_of_fragments, write_joined
    from graphkit_pipeline.agglomeration.linkage import link
    from graphkit_pipeline.agglomeration.score_job import ScoreJob, gather_pairs

    lost = set(job.failed.get("membrane", ()))
    seen = tuple(b for b in job.membrane_blocks if b.name not in lost)
    work = ScoreJob(str(job.fragments), str(job.blocks_of("membrane")), seen, job.membrane_network.offsets)
    outcome = job.run_blocks("link", work, job.link_blocks, "scoring fragments")
    scored = [b for b in job.link_blocks if b.name not in outcome["failed"]]
    pairs = gather_pairs(job.blocks_of("link"), scored)
    joins = link(*(pairs[name].to_numpy() for name in pairs.column_names), scale=255.0)
    segments, mapping = segments_of_fragments(job.table("fragments"), joins, job.config.link)
    output = job.new_volume(job.segmentation.name, np.uint64, "segmentation")
    write_joined(open_volume(job.fragments), mapping, output, job.segment_blocks, progress=job.progress)
    for name, table in (
        ("affinities", pairs),
        ("linkage", joins),
        ("fragment_to_segment", mapping),
        ("segments", segments),
    ):
        job.keep(name, table)
    filled = int(segments["voxels"].to_numpy().sum()) if len(segments) else 0
    return {
        **outcome,
        "fragments": len(mapping),
        "segments": len(segments),
        "filled": round(filled / job.bounds.voxels, 4),
    }


def _agglomerate(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.agglomeration.job import AgglomerateJob
    from graphkit_pipeline.agglomeration.neurons import decisions_of

    given, stage = job.config.image, job.config.agglomerate
    # Whether two segments are one is asked without the guard that keeps what was found apart, and up to the volume's faces.
    policy = replace(job.config.segment.fill, disconnected_share=None, mirror=True)
    common = (str(job.segmentation), job.ffn_file, policy, stage.resegment)
    if job.config.membrane.network is None:
        work = AgglomerateJob(given.location, *common, given.dataset, given.voxel_size_nm, given.offset)
    else:
        work = AgglomerateJob(str(job.membrane), *common)
    outcome = job.run_blocks("agglomerate", work, job.agglomerate_blocks, "agglomerating")
    folder = job.blocks_of("agglomerate")
    decisions = decisions_of(folder, [b for b in job.agglomerate_blocks if b.name not in outcome["failed"]])
    job.keep("agglomeration", decisions)
    return {**outcome, "decisions": len(decisions), "moves": int(np.sum(decisions["moves"].to_numpy()))}


# -- synapses --------------------------------------------------------------------------------------------------------


def _detect(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.synapse.job import PredictJob

    given, stage = job.config.image, job.config.synapses
    check_image(job.image, dtype=np.uint8, voxel_size_nm=job.unet.voxel_size_nm, field_of_view=(1, 1, 1))
    folder = job.blocks_of("detect")
    work = PredictJob(given.location, stage.network, stage.predict, given.dataset, given.voxel_size_nm, given.offset)
    outcome = job.run_blocks("detect", work, job.detect_blocks, "finding clefts")
    clefts = job.new_volume("clefts", np.uint8)
    for at, block in enumerate(job.detect_blocks, start=1):
        lost = block.name in outcome["failed"]
        clefts.write(block.core, np.zeros(block.core.shape, np.uint8) if lost else read_block(folder, block)["cleft"])
        job.progress("writing clefts", at / len(job.detect_blocks))
    return outcome


def _assign(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.synapse.job import AssignJob, gather_synapses

    lost = set(job.failed.get("detect", ()))
    predicted = tuple(b for b in job.detect_blocks if b.name not in lost)
    work = AssignJob(str(job.blocks_of("detect")), predicted, str(job.segmentation), job.config.synapses.assign)
    folder = job.blocks_of("assign")
    outcome = job.run_blocks("assign", work, job.assign_blocks, "assigning partners")
    synapses = gather_synapses(folder, [b for b in job.assign_blocks if b.name not in outcome["failed"]])
    job.keep("synapses", synapses)
    return {**outcome, "synapses": len(synapses)}


# -- shapes ----------------------------------------------------------------------------------------------------------


def _processes(config: RunConfig) -> int:
    """Skeletons are made in processes of this machine, as many as blocks would be."""
    workers = config.engine.workers
    return max(1, (os.cpu_count() or 1) if workers == "cores" else workers)


def _mesh(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.mesh import write_meshes

    report = write_meshes(
        open_volume(job.segmentation), job.table("segments"), settings=job.config.mesh, progress=job.progress
    )
    return {"meshes": report.written + report.kept, "too_small": len(report.small)}


def _skeleton(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.skeleton import skeletonize
    from graphkit_pipeline.skeleton_files import cable_lengths, write_precomputed

    labels = open_volume(job.segmentation)
    report = skeletonize(
        labels,
        job.table("segments"),
        settings=job.config.skeleton,
        workers=_processes(job.config),
        progress=job.progress,
    )
    job.keep("skeletons", report.skeletons)
    written = write_precomputed(report.skeletons, labels) if len(report.skeletons) else 0
    cable = float(np.sum(cable_lengths(report.skeletons)["cable_length_nm"].to_numpy()))
    return {"skeletons": written, "too_small": len(report.small), "cable_um": round(cable / 1000, 1)}


# -- the dataset -----------------------------------------------------------------------------------------------------


def _dataset(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.agglomeration.neurons import neurons_of_segments, of_neurons
    from graphkit_pipeline.emit import emit_dataset

    config = job.config
    segments, synapses, skeletons = (job.table(name) for name in ("segments", "synapses", "skeletons"))
    joining = config.agglomerate
    decisions = job.table("agglomeration") if joining.enabled else None
    mapping = neurons_of_segments(segments, decisions, joining.threshold, joining.deleted)
    skeletons = of_neurons(skeletons, mapping)
    neurons = _neurons(job, segments, mapping, skeletons)
    emit_dataset(
        job.folder / "dataset",
        name=config.name,
        voxel_size_nm=job.image.voxel_size_nm,
        bounds=job.bounds,
        synapses=synapses,
        segments=segments,
        segment_to_neuron=mapping,
        neurons=neurons,
        skeletons=skeletons,
        regions=_regions(config),
        provenance={
            "settings": {stage.name: stage.settings(config) for stage in stages_of(config) if stage.name != "evaluate"},
            "failed_blocks": {name: list(blocks) for name, blocks in job.failed.items() if blocks},
        },
        build={"min_score": config.dataset.min_score},
        memory_limit=config.dataset.memory_limit,
        progress=job.progress,
    )
    return {"segments": len(segments), "neurons": len(neurons), "synapses": len(synapses)}


def _neurons(job: Context, segments: pa.Table, mapping: pa.Table, skeletons: pa.Table) -> pa.Table:
    """Cable and volume of each neuron, over its segments."""
    import pyarrow as pa

    from graphkit_pipeline.skeleton_files import cable_lengths

    cable = cable_lengths(skeletons)
    length = dict(zip(cable["neuron_id"].to_pylist(), cable["cable_length_nm"].to_pylist(), strict=True))
    ids, of = np.unique(mapping["neuron_id"].to_numpy(), return_inverse=True)
    voxels = np.zeros(len(ids), np.int64)
    np.add.at(voxels, of, segments["voxels"].to_numpy())
    return pa.table(
        {
            "neuron_id": pa.array(ids, pa.int64()),
            "cable_length_nm": pa.array([length.get(i) for i in ids.tolist()], pa.float64()),
            "volume_nm3": pa.array(voxels * math.prod(job.image.voxel_size_nm), pa.float64()),
        }
    )


def _regions(config: RunConfig) -> pa.Table | None:
    import pyarrow as pa

    if not config.regions:
        return None
    number = {region.name: i for i, region in enumerate(config.regions, start=1)}
    columns: dict[str, Any] = {
        "region_id": list(number.values()),
        "name": list(number),
        "parent_id": [number.get(region.parent or "") for region in config.regions],
        "box": [True] * len(number),
    }
    for axis in "xyz":
        for end, at in (("min", 0), ("max", 1)):
            columns[f"{end}_{axis}_nm"] = [round(region.box_nm[axis][at]) for region in config.regions]
    schema = {"region_id": pa.int16(), "parent_id": pa.int16(), "name": pa.string(), "box": pa.bool_()}
    return pa.table({name: pa.array(values, schema.get(name, pa.int32())) for name, values in columns.items()})


def _evaluate(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.evaluate import evaluate

    stage = job.config.evaluate
    evaluation = evaluate(
        stage.truth,
        segmentation=str(job.segmentation),
        dataset=job.folder / "dataset",
        folder=job.folder,
        settings=stage.settings,
        name=job.config.name,
        progress=job.progress,
    )
    return {"summary": evaluation.summary()}


def _segment_settings(config: RunConfig) -> dict[str, Any]:
    """What the labels of blocks hang on: of the two methods' settings those of the one that is chosen."""
    given = {**as_json(config.image), **as_json(config.segment)}
    if config.segment.method == "watershed":
        return {name: value for name, value in given.items() if name not in ("network", "fill")}
    given["network"] = _network(config.segment.network)
    if config.membrane.network:
        given["input"] = "membrane"
    return {name: value for name, value in given.items() if name not in ("method", "fragments")}


STAGES: tuple[Stage, ...] = (
    Stage(
        "membrane",
        "find the inside of cells with the membrane network",
        (),
        lambda c: {
            **as_json(c.image),
            "network": _network(str(c.membrane.network)),
            "block": list(c.membrane.block),
            "mirrors": c.membrane.predict.mirrors,
            "affinities": c.segment.method == "watershed",
        },
        _membrane,
        lambda job: job.membrane_blocks,
    ),
    Stage(
        "segment",
        "fill or cut the neurons of each block",
        ("membrane",),
        _segment_settings,
        _segment,
        lambda job: job.segment_blocks,
    ),
    Stage(
        "reconcile",
        "join the blocks into one segmentation",
        ("segment",),
        lambda c: as_json(c.reconcile),
        _reconcile,
    ),
    Stage(
        "link",
        "join fragments to segments by the membrane network's affinities",
        ("membrane", "reconcile"),
        lambda c: as_json(c.link),
        _link,
        lambda job: job.link_blocks,
    ),
    Stage(
        "agglomerate",
        "decide with the network which segments are one neuron",
        ("membrane", "reconcile"),
        lambda c: {"block": list(c.agglomerate.block), **as_json(c.agglomerate.resegment)},
        _agglomerate,
        lambda job: job.agglomerate_blocks,
    ),
    Stage(
        "detect",
        "find synaptic clefts and their direction with the U-Net",
        (),
        lambda c: {
            **as_json(c.image),
            "network": _network(c.synapses.network),
            "block": list(c.synapses.block),
        },
        _detect,
        lambda job: job.detect_blocks,
    ),
    Stage(
        "assign",
        "give every synapse its pre- and postsynaptic segment",
        ("reconcile", "link", "detect"),
        lambda c: {**as_json(c.synapses.assign), "block": list(c.synapses.block)},
        _assign,
        lambda job: job.assign_blocks,
    ),
    Stage("mesh", "make the segments' surfaces", ("reconcile", "link"), lambda c: as_json(c.mesh), _mesh),
    Stage("skeleton", "make the segments' skeletons", ("reconcile", "link"), lambda c: as_json(c.skeleton), _skeleton),
    Stage(
        "dataset",
        "write the tables and build the graph",
        ("reconcile", "link", "agglomerate", "assign", "skeleton"),
        lambda c: {
            "name": c.name,
            "joins": [c.agglomerate.threshold, c.agglomerate.deleted] if c.agglomerate.enabled else None,
            "regions": as_json([asdict(r) for r in c.regions]),
            "min_score": c.dataset.min_score,
        },
        _dataset,
    ),
    Stage(
        "evaluate",
        "compare with the truth; report.html",
        ("reconcile", "link", "dataset"),
        lambda c: {**as_json(c.evaluate.settings), "truth": c.evaluate.truth},
        _evaluate,
    ),
)
"""In the order in which they are done; what a stage takes from stands before it."""


def stages_of(config: RunConfig) -> tuple[Stage, ...]:
    """The stages that the configuration has: membranes where there is a network, links between the fragments of a watershed,
    agglomeration where it is asked for, an evaluation where there is a truth."""
    has = {
        "membrane": config.membrane.network is not None,
        "link": config.segment.method == "watershed",
        "agglomerate": config.agglomerate.enabled,
        "evaluate": config.evaluate.truth is not None,
    }
    absent = {name for name, there in has.items() if not there}
    return tuple(replace(s, takes=tuple(t for t in s.takes if t not in absent)) for s in STAGES if s.name not in absent)
