"""Synapses block by block: two jobs for the engine, and what puts their blocks together.

    image ──PredictJob──> folder of blocks: cleft and direction of each core
                             └──AssignJob (+ segmentation)──> folder of blocks: tables ──gather_synapses──> one table

Predictions are kept as bytes: cleft uint8, 255 times the probability, and direction int8 [3], 127 times the unit vector: a
quarter of float32, within half a degree. The blocks of the two jobs need not be the same. A prediction block reads the halo its
network needs by itself; an assignment block needs ``assign_halo`` around its core.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from graphkit_pipeline.block_files import read_block
from graphkit_pipeline.blocks import Block, Box
from graphkit_pipeline.synapse.assign import SYNAPSES, assign, in_order
from graphkit_pipeline.synapse.predict import predict_array
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, PredictSettings
from graphkit_pipeline.unet.job import UNetJob, file_digest
from graphkit_pipeline.unet.network import Network
from graphkit_pipeline.volume import Volume, open_volume

__all__ = ["AssignJob", "PredictJob", "assign_halo", "gather_synapses", "read_prediction"]


def assign_halo(settings: AssignSettings, voxel_size_nm: Sequence[float]) -> tuple[int, int, int]:
    """The halo, in voxels [z, y, x], that ``AssignJob``'s blocks need."""
    z, y, x = (math.ceil(settings.halo_nm / size) for size in voxel_size_nm)
    return z, y, x


@dataclass(frozen=True)
class PredictJob(UNetJob):
    """Cleft (uint8 [z, y, x]) and direction (int8 [3, z, y, x]) of each block's core."""

    network_settings: ClassVar[type[NetworkSettings]] = NetworkSettings

    predict: PredictSettings = field(default_factory=PredictSettings)

    def run(self, state: tuple[Volume, Network[NetworkSettings]], block: Block) -> dict[str, np.ndarray]:
        image, box = self._seen(state, block)
        cleft, direction = predict_array(image, state[1], self.predict, origin=box.start)
        core = block.core.slices(origin=box.start)
        return {
            "cleft": np.rint(cleft[core] * 255).astype(np.uint8),
            "direction": np.rint(direction[(slice(None), *core)] * 127).astype(np.int8),
        }


def read_prediction(folder: str | Path, blocks: Iterable[Block], box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Cleft (float32 [z, y, x], 0 to 1) and direction (int8 [3, z, y, x]) in ``box``, put together from the blocks' cores.

    Voxels that no block covers have no cleft: leave out the blocks that were set aside, and say so.

    Raises:
        GraphkitError: a block's file is missing or damaged.
    """
    cleft = np.zeros(box.shape, np.float32)
    direction = np.zeros((3, *box.shape), np.int8)
    for block in blocks:
        shared = block.core.intersection(box)
        if not shared.voxels:
            continue
        arrays = read_block(Path(folder), block)
        here, there = shared.slices(origin=box.start), shared.slices(origin=block.core.start)
        cleft[here] = arrays["cleft"][there] / np.float32(255)
        direction[(slice(None), *here)] = arrays["direction"][(slice(None), *there)]
    return cleft, direction


@dataclass(frozen=True)
class AssignJob:
    """The synapses of each block's core, as columns.

    ``prediction`` is the folder of a ``PredictJob`` and ``prediction_blocks`` its blocks (those that were done).
    """

    prediction: str
    prediction_blocks: tuple[Block, ...]
    labels: str
    assign: AssignSettings = field(default_factory=AssignSettings)
    dataset: str | None = None

    def settings(self) -> dict[str, Any]:
        return {
            "prediction": file_digest(Path(self.prediction) / "job.json"),
            "prediction_blocks": [block.name for block in self.prediction_blocks],
            "labels": self.labels,
            "dataset": self.dataset,
            "assign": self.assign.to_dict(),
        }

    def setup(self) -> Volume:
        return open_volume(self.labels, dataset=self.dataset)

    def run(self, state: Volume, block: Block) -> dict[str, np.ndarray]:
        cleft, direction = read_prediction(self.prediction, self.prediction_blocks, block.box)
        table = assign(
            cleft,
            direction,
            state.read(block.box),
            settings=self.assign,
            voxel_size_nm=state.voxel_size_nm,
            offset=block.box.start,
            core=block.core,
        )
        return {name: table[name].to_numpy() for name in SYNAPSES.names}


def gather_synapses(folder: str | Path, blocks: Sequence[Block]) -> pa.Table:
    """The table of all blocks of an ``AssignJob``, numbered anew in the order of positions: as if of one array.

    Raises:
        GraphkitError: a block's file is missing or damaged.
    """
    tables, numbers = [SYNAPSES.empty_table()], [np.zeros(0, np.int64)]
    for block in blocks:
        arrays = read_block(Path(folder), block)
        tables.append(pa.table([pa.array(arrays[f.name], f.type) for f in SYNAPSES], schema=SYNAPSES))
        numbers.append(np.full(len(tables[-1]), block.index))
    return in_order(pa.concat_tables(tables), np.concatenate(numbers))
