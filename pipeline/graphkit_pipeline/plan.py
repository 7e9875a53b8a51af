"""What a run would do, before it does it: blocks, bytes, memory and time of each stage, on this machine."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from graphkit_pipeline.blocks import Block
from graphkit_pipeline.config import MembraneStage, RunConfig, SynapseStage
from graphkit_pipeline.context import Context
from graphkit_pipeline.run import asked_for, run_status
from graphkit_pipeline.unet.settings import NetworkSettings

__all__ = ["PlannedStage", "plan_run"]

_FRAMEWORK_BYTES = 700e6
"""TensorFlow and a small network in a process."""

_FFN_BYTES = 40
"""A voxel of a block: the image as uint8 and float32, canvas, labels, distances for the seeds."""

_DECISION_MOVES = 0.005
"""Calls of the network a voxel for the decisions on pairs of segments. Measured on generated tissue."""

_FEATURE_BYTES = 24
"""A voxel of a U-Net's tile, for each feature of the highest level: measured 12 (synapses) and 19 (membranes)."""

_CALLS = 5


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a voxel of the volume costs a stage: bytes read and written, and seconds of one core. Measured; see the benchmarks."""

    reads: float
    writes: float
    seconds: float
    parallel: bool = False


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """One stage of the plan; ``memory_bytes`` is that of all its processes together."""

    name: str
    does: str
    state: str
    blocks: int
    reads_bytes: float
    writes_bytes: float
    memory_bytes: float
    seconds: float


def plan_run(
    config: RunConfig, context: Context, *, first: str | None = None, last: str | None = None
) -> tuple[PlannedStage, ...]:
    """The stages with their costs, up to ``last``; those that ``first`` wants anew are to be done (see `run.reconstruct`).

    The networks' speed is measured here and now; the rest are measured rates.
    Flood filling is taken to move once for every deltas-sized cell of its blocks, halos included (on FIB-25: 537 voxels a
    move at deltas of 8), in every pass and for every order of a consensus; passes after the first have less to fill.
    """
    voxels = context.bounds.voxels
    workers = config.engine.workers
    processes = max(1, (os.cpu_count() or 1) if workers == "cores" else workers)
    seen = sum(b.box.voxels for b in context.segment_blocks)
    largest = max(b.box.voxels for b in context.segment_blocks)
    stages, anew = asked_for(config, first, last)
    names = {s.name for s in stages}
    statuses = [replace(s, state="not begun") if s.name in anew else s for s in run_status(config) if s.name in names]
    context.check_input({s.name for s in statuses if s.state != "done"})
    costs: dict[str, tuple[_Cost, float, tuple[Block, ...]]] = {
        "segment": (*_segment_cost(context, seen / voxels, largest), context.segment_blocks),
        "reconcile": (_Cost(8 * seen / voxels, 0.5, 2e-7), largest * 24.0, ()),
        "agglomerate": _agglomerate_cost(context),
        "assign": (_Cost(12.0, 0.01, 3e-7, True), 8e8, context.assign_blocks),
        "mesh": (_Cost(8.0, 0.3, 1e-6), min(voxels, config.mesh.block**3) * 40.0, ()),
        "skeleton": (_Cost(8.0, 0.02, 2e-6, True), 4e8, ()),
        "dataset": (_Cost(0.02, 0.02, 5e-8), 4e8, ()),
        "evaluate": (_Cost(16.0, 0.1, 1.5e-6), 8e8, ()),
    }
    if "detect" in names:
        costs["detect"] = (
            _Cost(1.3, 2.0, _synapse_voxel_s(context), True),
            _tile_bytes(context.unet, config.synapses),
            context.detect_blocks,
        )
    if config.membrane.network is not None:
        costs["membrane"] = (
            _Cost(1.3, 1.5, _membrane_voxel_s(context), True),
            _tile_bytes(context.membrane_network, config.membrane),
            context.membrane_blocks,
        )
    if context.links:
        costs["cut"] = (
            _Cost(9 * seen / voxels, 1.0, 1.5e-6 * seen / voxels, True),
            5e8 + largest * 80.0,
            context.segment_blocks,
        )
        memory = 5e8 + max(b.box.voxels for b in context.link_blocks) * 60.0
        costs["link"] = (_Cost(17.0, 1.0, 4e-7, True), memory, context.link_blocks)
    planned = []
    for status in statuses:
        cost, memory, blocks = costs[status.name]
        at_once = min(processes, len(blocks) or processes) if cost.parallel else 1
        planned.append(
            PlannedStage(
                status.name,
                status.does,
                status.state,
                len(blocks),
                voxels * cost.reads,
                voxels * cost.writes,
                memory * at_once,
                1 + voxels * cost.seconds / at_once,
            )
        )
    return tuple(planned)


def _segment_cost(context: Context, seen: float, largest: int) -> tuple[_Cost, float]:
    """What the segmentation costs and how much memory a process takes; its blocks see ``seen`` times the voxels."""
    if not context.floods:
        return _Cost(seen, 1.0, 8e-7 * seen, True), 5e8 + largest * 60.0
    stage = context.config.segment
    fills = sum(1 / math.prod(one.downsample) for one in stage.passes) if stage.passes else 1.0
    cells = seen / math.prod(max(1, d) for d in stage.fill.deltas_of(context.ffn)) * fills * (1 + len(stage.consensus))
    return _Cost(seen, 1.0, _ffn_call_s(context) * cells, True), _FRAMEWORK_BYTES + largest * _FFN_BYTES


def _agglomerate_cost(context: Context) -> tuple[_Cost, float, tuple[Block, ...]]:
    """The same for the decisions on pairs of segments, with their blocks; nothing where they are not asked for."""
    if not context.config.agglomerate.enabled:
        return _Cost(0.0, 0.0, 0.0), 0.0, ()
    blocks = context.agglomerate_blocks
    seconds = _ffn_call_s(context) * _DECISION_MOVES + 1e-6
    return _Cost(9.0, 0.001, seconds, True), _FRAMEWORK_BYTES + max(b.box.voxels for b in blocks) * 60.0, blocks


def _ffn_call_s(context: Context) -> float:
    """Seconds of one call of the flood-filling network."""
    from graphkit_pipeline.ffn.calls import compiled
    from graphkit_pipeline.ffn.network import load_network

    network = load_network(context.ffn_file, precision=context.config.segment.fill.precision)
    call = compiled(network)
    shape = network.settings.field_of_view
    image, seed = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    call(image, seed)
    start = time.perf_counter()
    for _ in range(_CALLS):
        call(image, seed)
    return (time.perf_counter() - start) / _CALLS


def _synapse_voxel_s(context: Context) -> float:
    from graphkit_pipeline.synapse.predict import predict_array
    from graphkit_pipeline.synapse.settings import NetworkSettings
    from graphkit_pipeline.unet.network import load_network

    stage = context.config.synapses
    network = load_network(stage.network, NetworkSettings, precision=stage.predict.precision)
    return _unet_voxel_s(network.settings, stage, lambda image: predict_array(image, network, stage.predict))


def _membrane_voxel_s(context: Context) -> float:
    from graphkit_pipeline.membrane.predict import predict_array
    from graphkit_pipeline.membrane.settings import NetworkSettings
    from graphkit_pipeline.unet.network import load_network

    stage = context.config.membrane
    network = load_network(str(stage.network), NetworkSettings, precision=stage.predict.precision)
    return _unet_voxel_s(network.settings, stage, lambda image: predict_array(image, network, stage.predict))


def _unet_voxel_s(
    network: NetworkSettings, stage: SynapseStage | MembraneStage, predict: Callable[[np.ndarray], object]
) -> float:
    """Seconds of a U-Net a voxel of the stage's blocks, halos included: timed on one patch, whose halos are larger."""
    from graphkit_pipeline.unet.predict import kept_by_tiles

    def seen(shape: tuple[int, int, int]) -> int:
        kept = kept_by_tiles(shape, network, stage.predict.tile)
        tiles = math.prod(-(-n // k) for n, k in zip(shape, kept, strict=True))
        return tiles * math.prod(k + 2 * h for k, h in zip(kept, network.halo, strict=True))

    image = np.random.default_rng(0).integers(0, 256, network.patch, dtype=np.uint8)
    predict(image)
    start = time.perf_counter()
    predict(image)
    return (time.perf_counter() - start) / seen(network.patch) * seen(stage.block) / math.prod(stage.block)


def _tile_bytes(network: NetworkSettings, stage: SynapseStage | MembraneStage) -> float:
    return _FRAMEWORK_BYTES + math.prod(stage.predict.tile) * network.features[0] * _FEATURE_BYTES
