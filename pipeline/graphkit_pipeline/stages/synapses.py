"""The stages that find synapses: clefts, then partners."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphkit_pipeline.context import Context
from graphkit_pipeline.engine import read_block
from graphkit_pipeline.volume import check_image

__all__ = ["assign", "detect"]


def detect(job: Context) -> dict[str, Any]:
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


def assign(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.synapse.job import AssignJob, gather_synapses

    lost = set(job.failed.get("detect", ()))
    predicted = tuple(b for b in job.detect_blocks if b.name not in lost)
    work = AssignJob(str(job.blocks_of("detect")), predicted, str(job.segmentation), job.config.synapses.assign)
    folder = job.blocks_of("assign")
    outcome = job.run_blocks("assign", work, job.assign_blocks, "assigning partners")
    synapses = gather_synapses(folder, [b for b in job.assign_blocks if b.name not in outcome["failed"]])
    job.keep("synapses", synapses)
    return {**outcome, "synapses": len(synapses)}
