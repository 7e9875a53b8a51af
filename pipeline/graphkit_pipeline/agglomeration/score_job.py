"""The affinities between fragments, block by block: the job for the engine.

    fragments (volume), affinities (blocks of the membrane stage) ──ScoreJob──> a folder of blocks: pairs and their sums
                        flood-filled labels (blocks), if asked ──┘

The sums of all blocks, added up, are those of the whole volume, however it was cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from graphkit_pipeline.agglomeration.affinities import HEARD, PAIRS, add_up, pair_scores, reach
from graphkit_pipeline.block_files import read_block
from graphkit_pipeline.blocks import Block, Box
from graphkit_pipeline.unet.job import file_digest
from graphkit_pipeline.volume import Volume, open_volume

__all__ = ["ScoreJob", "gather_pairs"]

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class ScoreJob:
    """`PAIRS` of each block's core, as columns; `HEARD` where flood-filled labels are named.

    ``affinities`` is the folder of a ``MembraneJob`` and ``affinity_blocks`` its blocks (those that were done). Blocks of this
    job see ``affinities.reach(offsets)`` voxels beyond their cores. ``filled``, if named, is the folder of a ``SegmentJob`` with
    ``filled_blocks``, of which those named in ``unheard`` were not done and say nothing. A voxel is asked about in the block
    whose core it lies in, so the blocks' ids need not be reconciled.
    """

    labels: str
    affinities: str
    affinity_blocks: tuple[Block, ...]
    offsets: tuple[Triple, ...]
    filled: str | None = None
    filled_blocks: tuple[Block, ...] = ()
    unheard: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        return {
            "labels": self.labels,
            "affinities": file_digest(Path(self.affinities) / "job.json"),
            "affinity_blocks": [block.name for block in self.affinity_blocks],
            "offsets": [list(offset) for offset in self.offsets],
            **(self._heard() if self.filled else {}),
        }

    def _heard(self) -> dict[str, Any]:
        return {
            "filled": file_digest(Path(str(self.filled)) / "job.json"),
            "filled_blocks": [block.name for block in self.filled_blocks],
            "unheard": list(self.unheard),
        }

    def setup(self) -> Volume:
        return open_volume(self.labels)

    def run(self, state: Volume, block: Block) -> dict[str, np.ndarray]:
        labels = np.asarray(state.read(block.box)).astype(np.int64)
        local = block.core.slices(origin=block.box.start)
        scores = np.zeros((len(self.offsets), *labels.shape), np.uint8)
        for given in self.affinity_blocks:
            shared = given.core.intersection(block.core)
            if shared.voxels:
                there = (slice(None), *shared.slices(origin=given.core.start))
                here = (slice(None), *shared.slices(origin=block.box.start))
                scores[here] = read_block(Path(self.affinities), given)["affinities"][there]
        core = Box(_corner(local, "start"), _corner(local, "stop"))
        if self.filled is None:
            pairs = pair_scores(labels, scores, self.offsets, core=core)
        else:
            pairs = add_up([self._heard_in(block, given, labels, scores) for given in self.filled_blocks], HEARD)
        return {name: pairs[name].to_numpy() for name in pairs.column_names}

    def _heard_in(self, block: Block, given: Block, labels: np.ndarray, scores: np.ndarray) -> pa.Table:
        """The pairs whose first voxel lies in the cores of both blocks, with what the block ``given`` of the fill says."""
        core = given.core.intersection(block.core)
        if not core.voxels:
            return HEARD.empty_table()
        box = core.grown(reach(self.offsets), within=block.box)
        here = box.slices(origin=block.box.start)
        local = core.slices(origin=box.start)
        known = box.intersection(given.box)  # it may see less far than the longest offset
        filled = np.zeros(box.shape, np.int64)
        if given.name not in self.unheard:
            there = known.slices(origin=given.box.start)
            filled[known.slices(origin=box.start)] = read_block(Path(str(self.filled)), given)["labels"][there]
        return pair_scores(
            labels[here],
            scores[(slice(None), *here)],
            self.offsets,
            core=Box(_corner(local, "start"), _corner(local, "stop")),
            filled=filled,
        )


def gather_pairs(folder: str | Path, blocks: Sequence[Block], schema: pa.Schema = PAIRS) -> pa.Table:
    """`PAIRS` (or `HEARD`) of all blocks of a ``ScoreJob``, added up.

    Raises:
        GraphkitError: a block's file is missing or damaged.
    """
    tables = []
    for block in blocks:
        arrays = read_block(Path(folder), block)
        tables.append(pa.table([pa.array(arrays[f.name], f.type) for f in schema], schema=schema))
    return add_up(tables, schema)


def _corner(slices: tuple[slice, ...], end: str) -> Triple:
    z, y, x = (int(getattr(s, end)) for s in slices)
    return z, y, x
