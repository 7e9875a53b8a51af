"""A run that is killed again and again, at any time and with its workers, ends as one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from graphkit_pipeline.tissue import TissueSettings, simulate_tissue, write_tissue
from graphkit_pipeline.volume import open_volume

from graphkit.dataset import open_dataset

KILLS = 20
RUN = """
output = "{output}"
[image]
location = "tissue/image"
[membrane]
network = "membrane-tissue"
block = [64, 64, 64]
[segment]
method = "watershed"
block = [64, 64, 64]
[synapses]
block = [64, 64, 64]
[engine]
workers = 2
"""


@pytest.mark.soak
def test_killed_twenty_times(tmp_path: Path) -> None:
    write_tissue(simulate_tissue(TissueSettings(shape=(64, 64, 192), seed=1500)), tmp_path / "tissue")
    for name in ("whole", "killed"):
        (tmp_path / f"{name}.toml").write_text(RUN.format(output=name), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("graphkit")), "reconstruct"]
    subprocess.run([*command, "whole.toml"], cwd=tmp_path, check=True, capture_output=True)
    chance, died, finished = random.Random(7), 0, False
    while died < KILLS and not finished:
        with subprocess.Popen(
            [*command, "killed.toml"], cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True
        ) as run:
            try:
                _, said = run.communicate(timeout=chance.uniform(0.5, 12.0))
                finished = True
                assert run.returncode == 0, said.decode()
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                died += 1
    assert died >= 3, "it was too quick to be killed"
    last = subprocess.run([*command, "killed.toml"], cwd=tmp_path, capture_output=True, text=True)
    assert last.returncode == 0, last.stderr
    for volume in ("membrane", "fragments", "segmentation", "clefts"):
        one, other = (open_volume(tmp_path / name / volume).read() for name in ("whole", "killed"))
        assert one.tobytes() == other.tobytes(), volume
    datasets = [open_dataset(tmp_path / name / "dataset") for name in ("whole", "killed")]
    for table in ("neurons", "synapses", "connections", "skeletons", "segments"):
        one, other = (dataset.table(table) for dataset in datasets)
        assert one.equals(other), table
    assert len(datasets[0].table("synapses")) > 0
