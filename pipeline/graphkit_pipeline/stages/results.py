"""The last stages: the dataset with its graph, and how far it is from the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit_pipeline.config import RunConfig
from graphkit_pipeline.context import Context

if TYPE_CHECKING:
    import pyarrow as pa


__all__ = ["dataset", "evaluate"]


def dataset(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.agglomeration.neurons import neurons_of_segments, of_neurons
    from graphkit_pipeline.emit import emit_dataset
    from graphkit_pipeline.stages.listing import stages_of  # it lists this function
    from graphkit_pipeline.synapse.job import gather_synapses

    config = job.config
    segments, skeletons = (job.table(name) for name in ("segments", "skeletons"))
    synapses = job.table("synapses") if config.synapses.enabled else gather_synapses(job.blocks_of("assign"), ())
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


def evaluate(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.evaluate import evaluate

    stage = job.config.evaluate
    evaluation = evaluate(
        stage.truth,
        segmentation=str(job.segmentation),
        dataset=job.folder / "dataset",
        folder=job.folder,
        settings=stage.settings,
        name=job.config.name,
        image=job.image,
        progress=job.progress,
    )
    return {"summary": evaluation.summary()}
