"""The stages from the image to the segmentation: membranes, blocks, their reconciliation, and what joins segments."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.context import Context
from graphkit_pipeline.engine import read_block
from graphkit_pipeline.volume import check_image, open_volume

__all__ = ["agglomerate", "cut", "link", "membrane", "reconcile", "segment"]


def membrane(job: Context) -> dict[str, Any]:
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
        affinities=job.links,
    )
    outcome = job.run_blocks("membrane", work, job.membrane_blocks, "finding membranes")
    inside = job.new_volume(job.membrane.name, np.uint8)
    for at, block in enumerate(job.membrane_blocks, start=1):
        if block.name not in outcome["failed"]:  # left out, it is an error to whoever reads there
            inside.write(block.core, read_block(folder, block)["inside"])
        job.progress("writing the inside of cells", at / len(job.membrane_blocks))
    return outcome


def segment(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.ffn.unfinished import sweep

    if not job.floods:
        return cut(job)
    seen = open_volume(job.membrane) if job.fills_membrane else job.image
    outside = job.segment_job.check(seen, job.bounds)
    outcome = job.run_blocks("segment", job.segment_job, job.segment_blocks, "flood filling")
    sweep(job.blocks_of("segment"))
    return {**outcome, "points outside the image": outside} if outside else outcome


def cut(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.membrane.fragments_job import FragmentsJob

    work = FragmentsJob(str(job.membrane), job.config.segment.fragments)
    stage = "cut" if job.floods else "segment"
    return job.run_blocks(stage, work, job.segment_blocks, "cutting fragments")


def reconcile(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.reconcile import reconcile_blocks

    made_by = "cut" if job.links and job.floods else "segment"
    lost = set(job.failed.get(made_by, ()))
    failed = [b for b in job.segment_blocks if b.name in lost]
    output = job.new_volume((job.fragments if job.links else job.segmentation).name, np.uint64, "segmentation")
    found = reconcile_blocks(
        job.segment_blocks,
        partial(read_block, job.blocks_of(made_by)),
        output,
        settings=job.config.reconcile,
        failed=failed,
        progress=job.progress,
    )
    made = "fragments" if job.links else "segments"
    job.keep(made, found.segments)
    job.keep("joins", found.joins)
    joined = int(np.sum(found.joins["joined"].to_numpy(zero_copy_only=False))) if len(found.joins) else 0
    filled = int(found.segments["voxels"].to_numpy().sum()) if len(found.segments) else 0
    return {made: len(found.segments), "joined": joined, "filled": round(filled / job.bounds.voxels, 4)}


def link(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.agglomeration import linkage
    from graphkit_pipeline.agglomeration.affinities import HEARD, PAIRS, weighed
    from graphkit_pipeline.agglomeration.joined import segments_of_fragments, segments_of_volume, write_joined
    from graphkit_pipeline.agglomeration.score_job import ScoreJob, gather_pairs

    lost = set(job.failed.get("membrane", ()))
    seen = tuple(b for b in job.membrane_blocks if b.name not in lost)
    work = ScoreJob(str(job.fragments), str(job.blocks_of("membrane")), seen, job.membrane_network.offsets)
    unheard = tuple(job.failed.get("segment", ()))
    if job.floods:
        work = replace(work, filled=str(job.blocks_of("segment")), filled_blocks=job.segment_blocks, unheard=unheard)
    outcome = job.run_blocks("link", work, job.link_blocks, "scoring fragments")
    if outcome["failed"]:
        # A hole here is no hole in the image: every fragment in it would stay apart, or be dropped as too small.
        name, message = next(iter(outcome["failed"].items()))
        raise GraphkitError(
            f"{len(outcome['failed'])} of {outcome['blocks']} blocks could not be scored, so their fragments cannot be joined. "
            f"The first is {name}: {message}",
            hint="Run it again; where a block of the membranes is damaged, with --from membrane.",
        )
    pairs = gather_pairs(job.blocks_of("link"), job.link_blocks, HEARD if job.floods else PAIRS)
    scores = weighed(pairs, job.config.link.votes) if job.floods else pairs
    joins = linkage.link(*(scores[name].to_numpy() for name in scores.column_names), scale=255.0)
    segments, mapping = segments_of_fragments(job.table("fragments"), joins, job.config.link)
    output = job.new_volume(job.segmentation.name, np.uint64, "segmentation")
    grow_nm, spreads = job.config.link.grow_nm, job.floods and job.config.link.spread

    def heard(block: Block) -> NDArray[np.int64] | None:
        asked = spreads and block.name not in unheard
        return read_block(job.blocks_of("segment"), block)["labels"] if asked else None

    write_joined(
        open_volume(job.fragments),
        mapping,
        output,
        job.segment_blocks,
        filled=heard,
        grow_nm=grow_nm,
        progress=job.progress,
    )
    if grow_nm or spreads:
        segments = segments_of_volume(output, job.segment_blocks)
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


def agglomerate(job: Context) -> dict[str, Any]:
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
    work = replace(work, mask=job.config.segment.mask)
    outcome = job.run_blocks("agglomerate", work, job.agglomerate_blocks, "agglomerating")
    folder = job.blocks_of("agglomerate")
    decisions = decisions_of(folder, [b for b in job.agglomerate_blocks if b.name not in outcome["failed"]])
    job.keep("agglomeration", decisions)
    return {**outcome, "decisions": len(decisions), "moves": int(np.sum(decisions["moves"].to_numpy()))}
