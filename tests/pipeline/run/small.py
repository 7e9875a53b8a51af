"""The small run that the tests of this folder are about: its settings, and what it found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from graphkit_pipeline.config import RunConfig
from graphkit_pipeline.volume import open_volume

from graphkit.dataset import open_dataset

GRAPHKIT = str(Path(sys.executable).with_name("graphkit"))
SHAPE = (40, 48, 192)
ANEW = """
name = "test"
output = "{output}"
[image]
location = "{image}"
[segment]
network = "{ffn}"
block = [64, 64, 64]
halo = [8, 8, 8]
[segment.fill]
min_segment_voxels = 300
[synapses]
block = [64, 64, 64]
[skeleton]
min_voxels = 2000
[mesh]
reduction = 0
min_voxels = 5000
[engine]
workers = {workers}
retries = 0
{more}
"""
Write = Callable[..., Path]
Once = Callable[[str, Callable[[Path], object]], Path]


def result(config: RunConfig) -> tuple[bytes, list[dict[str, object]], list[dict[str, object]]]:
    """What a run found: labels, synapses (their regions aside), skeletons."""
    folder = Path(config.output)
    dataset = open_dataset(folder / "dataset")
    labels = open_volume(folder / "segmentation").read().tobytes()
    synapses = dataset.table("synapses").drop_columns(["region_id", "pre_region_id", "post_region_id"])
    return labels, synapses.to_pylist(), dataset.table("skeletons").to_pylist()


def records(config: RunConfig) -> dict[str, int]:
    return {p.stem: p.stat().st_mtime_ns for p in (Path(config.output) / "stages").iterdir()}
