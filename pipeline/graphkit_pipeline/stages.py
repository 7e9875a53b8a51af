"""The stages of a reconstruction, in order: what each depends on, what it writes, and how it is done.

    image ──segment──> blocks ──reconcile──> segmentation ─┬─ mesh, skeleton ─┐
      └────detect────> blocks, clefts ──assign──> synapses ┴──────────────────┴─ dataset ── evaluate

A stage is a plain function of a ``Context``; what it returns (counts, blocks that failed) is kept with the run. `run` decides
which stages are done.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.blocks import Block, Box, make_blocks
from graphkit_pipeline.config import RunConfig
from graphkit_pipeline.engine import BlockReport, read_block, run_blocks
from graphkit_pipeline.formats.disk import atomically
from graphkit_pipeline.volume import Volume, check_image, create_volume, open_volume

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit_pipeline.ffn.settings import NetworkSettings as FfnSettings
    from graphkit_pipeline.synapse.settings import NetworkSettings as UNetSettings

__all__ = ["STAGES", "Context", "Stage", "as_json"]

CHUNK = (64, 64, 64)


@dataclass(frozen=True)
class Context:
    """A run at work: its configuration, its folder, and whom to tell of progress."""

    config: RunConfig
    folder: Path
    progress: Progress = silent
    restart: bool = False
    """Blocks that are there were made from something else: do them all."""
    failed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the blocks that failed, by stage."""

    @cached_property
    def image(self) -> Volume:
        """The image."""
        given = self.config.image
        return open_volume(
            given.location, dataset=given.dataset, voxel_size_nm=given.voxel_size_nm, offset=given.offset
        )

    @cached_property
    def bounds(self) -> Box:
        """The part of the image that the run is of: all of it, unless a box is asked for."""
        whole, asked = self.image.bounds, self.config.image.box
        if asked is None:
            return whole
        try:
            box = Box(*asked)
            inside = box.voxels > 0 and box.intersection(whole) == box
        except GraphkitError:
            inside = False
        if not inside:
            raise GraphkitError(
                f"image.box is {[list(corner) for corner in asked]}; the image has {whole} [z, y, x].",
                hint="Expected the first voxel and the one past the last, inside the image: [[z, y, x], [z, y, x]].",
            )
        return box

    @cached_property
    def ffn(self) -> FfnSettings:
        """What the flood-filling network was made for."""
        from graphkit_pipeline.ffn.network import read_settings

        return read_settings(self.ffn_file)

    @cached_property
    def ffn_file(self) -> str:
        """The flood-filling network's file; a google/ffn checkpoint is turned into one, kept with the run."""
        given = self.config.segment.network
        if Path(given).suffix == ".keras":
            return given
        from graphkit_pipeline.ffn.checkpoint import import_ffn_checkpoint
        from graphkit_pipeline.ffn.network import save_network

        path = self.folder / "networks" / f"{Path(given).name}.keras"
        if not path.exists():
            save_network(import_ffn_checkpoint(given), path)
        return str(path)

    @cached_property
    def unet(self) -> UNetSettings:
        """What the synapse network was made for."""
        from graphkit_pipeline.synapse.network import read_settings

        return read_settings(self.config.synapses.network)

    @cached_property
    def segment_blocks(self) -> tuple[Block, ...]:
        """Blocks of the flood filling."""
        return make_blocks(self.bounds, self.config.segment.block, self.config.segment.halo)

    @cached_property
    def detect_blocks(self) -> tuple[Block, ...]:
        """Blocks of the synapse network, which reads the halo that it needs by itself."""
        return make_blocks(self.bounds, self.config.synapses.block)

    @cached_property
    def assign_blocks(self) -> tuple[Block, ...]:
        """Blocks of the assignment."""
        from graphkit_pipeline.synapse.job import assign_halo

        halo = assign_halo(self.config.synapses.assign, self.image.voxel_size_nm)
        return make_blocks(self.bounds, self.config.synapses.block, halo)

    @property
    def segmentation(self) -> Path:
        """The segmentation, with its meshes and skeletons."""
        return self.folder / "segmentation"

    def blocks_of(self, stage: str) -> Path:
        """The folder of a stage's blocks."""
        return self.folder / "blocks" / stage

    def table(self, name: str) -> pa.Table:
        """A table that an earlier stage wrote."""
        import pyarrow.parquet as pq

        return pq.read_table(self._table_file(name))

    def keep(self, name: str, table: pa.Table) -> None:
        """Writes a table for later stages, atomically."""
        import pyarrow.parquet as pq

        path = self._table_file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomically(path) as file:
            pq.write_table(table, file)

    def _table_file(self, name: str) -> Path:
        return self.folder / "tables" / f"{name}.parquet"


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
        raise GraphkitError(
            f"The network {path} cannot be read: {error.strerror or error}.",
            hint='Name one that graphkit ships ("ffn-tissue", "synapse-tissue"), or the .keras file that training wrote.',
        ) from None


def _failures(report: BlockReport) -> dict[str, Any]:
    return {
        "blocks": report.done + report.skipped + len(report.failed),
        "done_before": report.skipped,
        "failed": {block.name: message for block, message in report.failed},
    }


# -- segmentation ----------------------------------------------------------------------------------------------------


def _segment(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.ffn.job import SegmentJob

    given, stage = job.config.image, job.config.segment
    size = job.ffn.voxel_size_nm or job.image.voxel_size_nm  # an imported checkpoint may not say
    check_image(job.image, dtype=np.uint8, voxel_size_nm=size, field_of_view=job.ffn.field_of_view)
    work = SegmentJob(given.location, job.ffn_file, stage.fill, given.dataset, given.voxel_size_nm, given.offset)
    report = run_blocks(
        work,
        job.segment_blocks,
        job.blocks_of("segment"),
        engine=job.config.engine,
        progress=job.progress,
        stage="flood filling",
        restart=job.restart,
    )
    return _failures(report)


def _reconcile(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.reconcile import reconcile_blocks

    lost = set(job.failed.get("segment", ()))
    failed = [b for b in job.segment_blocks if b.name in lost]
    if len(failed) == len(job.segment_blocks):
        raise GraphkitError(
            "Every block of the segmentation failed, so there is nothing to go on with.",
            hint=f"What went wrong is in {job.blocks_of('segment') / 'failed.json'}.",
        )
    output = create_volume(
        job.segmentation,
        job.bounds,
        np.uint64,
        job.image.voxel_size_nm,
        chunk=CHUNK,
        kind="segmentation",
        overwrite=True,
    )
    found = reconcile_blocks(
        job.segment_blocks,
        partial(read_block, job.blocks_of("segment")),
        output,
        settings=job.config.reconcile,
        failed=failed,
        progress=job.progress,
    )
    job.keep("segments", found.segments)
    job.keep("joins", found.joins)
    joined = int(np.sum(found.joins["joined"].to_numpy(zero_copy_only=False))) if len(found.joins) else 0
    filled = int(found.segments["voxels"].to_numpy().sum()) if len(found.segments) else 0
    return {"segments": len(found.segments), "joined": joined, "filled": round(filled / job.bounds.voxels, 4)}


# -- synapses --------------------------------------------------------------------------------------------------------


def _detect(job: Context) -> dict[str, Any]:
    from graphkit_pipeline.synapse.job import PredictJob

    given, stage = job.config.image, job.config.synapses
    check_image(job.image, dtype=np.uint8, voxel_size_nm=job.unet.voxel_size_nm, field_of_view=(1, 1, 1))
    folder = job.blocks_of("detect")
    work = PredictJob(given.location, stage.network, stage.predict, given.dataset, given.voxel_size_nm, given.offset)
    report = run_blocks(
        work,
        job.detect_blocks,
        folder,
        engine=job.config.engine,
        progress=job.progress,
        stage="finding clefts",
        restart=job.restart,
    )
    outcome = _failures(report)
    clefts = create_volume(
        job.folder / "clefts", job.bounds, np.uint8, job.image.voxel_size_nm, chunk=CHUNK, overwrite=True
    )
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
    report = run_blocks(
        work,
        job.assign_blocks,
        folder,
        engine=job.config.engine,
        progress=job.progress,
        stage="assigning partners",
        restart=job.restart,
    )
    outcome = _failures(report)
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
    from graphkit_pipeline.emit import emit_dataset

    config = job.config
    segments, synapses = job.table("segments"), job.table("synapses")
    emit_dataset(
        job.folder / "dataset",
        name=config.name,
        voxel_size_nm=job.image.voxel_size_nm,
        bounds=job.bounds,
        synapses=synapses,
        segments=segments,
        neurons=_neurons(job, segments),
        skeletons=job.table("skeletons"),
        regions=_regions(config),
        provenance={
            "settings": {stage.name: stage.settings(config) for stage in STAGES if stage.name != "evaluate"},
            "failed_blocks": {name: list(blocks) for name, blocks in job.failed.items() if blocks},
        },
        build={"min_score": config.dataset.min_score},
        memory_limit=config.dataset.memory_limit,
        progress=job.progress,
    )
    return {"neurons": len(segments), "synapses": len(synapses)}


def _neurons(job: Context, segments: pa.Table) -> pa.Table:
    """Each segment is a neuron of its own until a proofreader joins some."""
    import pyarrow as pa

    from graphkit_pipeline.skeleton_files import cable_lengths

    cable = cable_lengths(job.table("skeletons"))
    length = dict(zip(cable["neuron_id"].to_pylist(), cable["cable_length_nm"].to_pylist(), strict=True))
    ids = segments["segment_id"].to_pylist()
    volume = segments["voxels"].to_numpy() * math.prod(job.image.voxel_size_nm)
    return pa.table(
        {
            "neuron_id": pa.array(ids, pa.int64()),
            "cable_length_nm": pa.array([length.get(i) for i in ids], pa.float64()),
            "volume_nm3": pa.array(volume, pa.float64()),
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


STAGES: tuple[Stage, ...] = (
    Stage(
        "segment",
        "fill neurons in each block with the flood-filling network",
        (),
        lambda c: {**as_json(c.image), **as_json(c.segment), "network": _network(c.segment.network)},
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
        ("reconcile", "detect"),
        lambda c: {**as_json(c.synapses.assign), "block": list(c.synapses.block)},
        _assign,
        lambda job: job.assign_blocks,
    ),
    Stage("mesh", "make the segments' surfaces", ("reconcile",), lambda c: as_json(c.mesh), _mesh),
    Stage("skeleton", "make the segments' skeletons", ("reconcile",), lambda c: as_json(c.skeleton), _skeleton),
    Stage(
        "dataset",
        "write the tables and build the graph",
        ("reconcile", "assign", "skeleton"),
        lambda c: {
            "name": c.name,
            "regions": as_json([asdict(r) for r in c.regions]),
            "min_score": c.dataset.min_score,
        },
        _dataset,
    ),
    Stage(
        "evaluate",
        "compare with the truth; report.html",
        ("reconcile", "dataset"),
        lambda c: {**as_json(c.evaluate.settings), "truth": c.evaluate.truth},
        _evaluate,
    ),
)
"""In the order in which they are done; what a stage takes from stands before it."""
