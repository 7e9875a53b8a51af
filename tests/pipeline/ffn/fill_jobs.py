"""A fill that can be killed at any time: python -m tests.pipeline.ffn.fill_jobs FOLDER. It needs no network and no TensorFlow."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from graphkit_pipeline.blocks import Block, Box, make_blocks
from graphkit_pipeline.engine import EngineSettings, run_blocks
from graphkit_pipeline.ffn.job import SegmentJob, _State
from graphkit_pipeline.ffn.multipass import LoadedPass
from graphkit_pipeline.ffn.network import FfnNetwork
from graphkit_pipeline.ffn.passes import FillPass, SeedPolicy
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings

VIEW = NetworkSettings(field_of_view=(7, 7, 7), deltas=(2, 2, 2))
BOUNDS = Box.of_shape((14, 16, 20), (10, 20, 30))
BLOCKS = make_blocks(BOUNDS, (14, 16, 10), halo=2)


def smooth(image: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """In place of a network: what is about as bright as the middle, the more the surer it was; slow enough to be killed."""
    time.sleep(0.001)
    return (1.5 - 3 * np.abs(image - image[3, 3, 3]) + 0.5 * np.maximum(seed, 0)).astype(np.float32)


class KillableJob(SegmentJob):
    """Two passes over noise."""

    def settings(self) -> dict[str, Any]:
        return {"unfinished": self.unfinished}

    def setup(self) -> _State:
        large, small = FillPolicy(150, (0, 0, 0), move=0.7), FillPolicy(30, (0, 0, 0), move=0.7)
        network = FfnNetwork(VIEW, None)
        seeds = SeedPolicy("grid", step=(4, 4, 4))
        loaded = tuple(LoadedPass(FillPass(), network, smooth, fill, seeds) for fill in (large, small))
        return _State(_Image(), loaded, (None, None), None, "key")  # type: ignore[arg-type]


class _Image:
    voxel_size_nm = (8.0, 8.0, 8.0)

    def read(self, box: Box) -> np.ndarray:
        rng = np.random.default_rng(0)
        coarse = rng.integers(60, 200, tuple(n // 2 for n in BOUNDS.shape), dtype=np.uint8)
        return coarse.repeat(2, 0).repeat(2, 1).repeat(2, 2)[box.slices(BOUNDS.start)]


def fill(folder: Path) -> tuple[Block, ...]:
    """Runs the blocks to their end."""
    job = KillableJob("", "", unfinished=str(folder), checkpoint_s=0.03)
    report = run_blocks(job, BLOCKS, folder, engine=EngineSettings(workers=0))
    assert not report.failed, report.failed
    return BLOCKS


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
