"""Fragments of the inside of cells, block by block: the job for the engine.

    inside (the volume of the membrane stage) ──FragmentsJob──> a folder of blocks: labels of each box ──reconcile──> one

Each block is cut by itself, on its box. Where boxes overlap neighbours see the same inside, and mostly the same fragments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphkit_pipeline.blocks import Block
from graphkit_pipeline.membrane.fragments import FragmentSettings, fragments_of
from graphkit_pipeline.volume import Volume, check_image, open_volume

__all__ = ["FragmentsJob"]


@dataclass(frozen=True)
class FragmentsJob:
    """The fragments of each block's box.

    ``labels`` int64 [z, y, x]; for the ids 1 .. n ``voxels`` [n] and ``seeds`` [n, 3], the global voxel that each began from.
    """

    inside: str
    fragments: FragmentSettings = field(default_factory=FragmentSettings)

    def settings(self) -> dict[str, Any]:
        return {"inside": self.inside, "fragments": self.fragments.as_dict()}

    def setup(self) -> Volume:
        volume = open_volume(self.inside)
        check_image(volume, dtype=np.uint8, voxel_size_nm=volume.voxel_size_nm, field_of_view=(1, 1, 1))
        return volume

    def run(self, state: Volume, block: Block) -> dict[str, np.ndarray]:
        labels, seeds = fragments_of(np.asarray(state.read(block.box)), state.voxel_size_nm, self.fragments)
        return {
            "labels": labels,
            "voxels": np.bincount(labels.ravel(), minlength=len(seeds) + 1)[1:].astype(np.int64),
            "seeds": seeds + np.array(block.box.start, np.int64),
        }
