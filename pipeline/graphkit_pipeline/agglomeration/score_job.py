"""The affinities between fragments, block by block: the job for the engine.

    fragments (volume), affinities (blocks of the membrane stage) ──ScoreJob──> a folder of blocks: pairs and their sums

The sums of all blocks, added up, are those of the whole volume, however it was cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from graphkit_pipeline.agglomeration.affinities import PAIRS, add_up, pair_scores
from graphkit_pipeline.block_files import read_block
from graphkit_pipeline.blocks import Block, Box
from graphkit_pipeline.unet.job import file_digest
from graphkit_pipeline.volume import Volume, open_volume

__all__ = ["ScoreJob", "gather_pairs"]

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class ScoreJob:
    """`PAIRS` of each block's core, as columns.

    ``affinities`` is the folder of a ``MembraneJob`` and ``affinity_blocks`` its blocks (those that were done). Blocks of this
    job see ``affinities.reach(offsets)`` voxels beyond their cores.
    """

    labels: str
    affinities: str
    affinity_blocks: tuple[Block, ...]
    offsets: tuple[Triple, ...]

    def settings(self) -> dict[str, Any]:
        return {
            "labels": self.labels,
            "affinities": file_digest(Path(self.affinities) / "job.json"),
            "affinity_blocks": [block.name for block in self.affinity_blocks],
            "offsets": [list(offset) for offset in self.offsets],
        }

    def setup(self) -> Volume:
        return open_volume(self.labels)

    def run(self, state: Volume, block: Block) -> dict[str, np.ndarray]:
        labels = np.asarray(state.read(block.box)).astype(np.int64)
        local = block.core.slices(origin=block.box.start)
        core = Box(_corner(local, "start"), _corner(local, "stop"))
        scores = np.zeros((len(self.offsets), *labels.shape), np.uint8)
        for given in self.affinity_blocks:
            shared = given.core.intersection(block.core)
            if shared.voxels:
                there = (slice(None), *shared.slices(origin=given.core.start))
                here = (slice(None), *shared.slices(origin=block.box.start))
                scores[here] = read_block(Path(self.affinities), given)["affinities"][there]
        pairs = pair_scores(labels, scores, self.offsets, core=core)
        return {name: pairs[name].to_numpy() for name in PAIRS.names}


def gather_pairs(folder: str | Path, blocks: Sequence[Block]) -> pa.Table:
    """`PAIRS` of all blocks of a ``ScoreJob``, added up.

    Raises:
        GraphkitError: a block's file is missing or damaged.
    """
    tables = []
    for block in blocks:
        arrays = read_block(Path(folder), block)
        tables.append(pa.table([pa.array(arrays[f.name], f.type) for f in PAIRS], schema=PAIRS))
    return add_up(tables)


def _corner(slices: tuple[slice, ...], end: str) -> Triple:
    z, y, x = (int(getattr(s, end)) for s in slices)
    return z, y, x
