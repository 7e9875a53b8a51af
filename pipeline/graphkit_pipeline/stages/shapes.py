"""The stages that give segments their shapes: meshes and skeletons."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from graphkit_pipeline.config import RunConfig
from graphkit_pipeline.context import Context
from graphkit_pipeline.volume import open_volume

__all__ = ["mesh", "skeleton"]


def _processes(config: RunConfig) -> int:
    """Skeletons are made in processes of this machine, as many as blocks would be."""
    workers = config.engine.workers
    return max(1, (os.cpu_count() or 1) if workers == "cores" else workers)


def mesh(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.mesh import write_meshes

    report = write_meshes(
        open_volume(job.segmentation), job.table("segments"), settings=job.config.mesh, progress=job.progress
    )
    return {"meshes": report.written + report.kept, "too_small": len(report.small)}


def skeleton(job: Context) -> dict[str, Any]:
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
