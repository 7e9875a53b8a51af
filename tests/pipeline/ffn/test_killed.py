"""A fill that is killed goes on in the middle of a block, to the same bytes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.engine import read_block

from . import fill_jobs


def killed(folder: Path, wait_s: float) -> bool:
    """Runs it in a process of its own, which is killed ``wait_s`` after it last began to put work away; whether it was."""
    process = subprocess.Popen([sys.executable, "-m", "tests.pipeline.ffn.fill_jobs", str(folder)])
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.unfinished")}
    try:
        while process.poll() is None:
            if any(before.get(path) != path.stat().st_mtime_ns for path in folder.glob("*.unfinished")):
                time.sleep(wait_s)
                break
            time.sleep(0.005)
    finally:
        process.kill()
    return process.wait() != 0


def goes_on_after(kills: int, tmp_path: Path, seed: int) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    stopped.mkdir()
    rng = random.Random(seed)
    died = [killed(stopped, rng.uniform(0, 0.1)) for _ in range(kills)]
    assert any(died)
    left = list(stopped.glob("*.unfinished"))
    for block in fill_jobs.fill(stopped):
        fill_jobs.fill(whole)
        one, other = (read_block(folder, block) for folder in (whole, stopped))
        assert one.keys() == other.keys()
        for name, array in one.items():
            np.testing.assert_array_equal(other[name], array, err_msg=name)
        assert set(one["passes"].tolist()) == {1, 2}
    assert left
    name = f"{fill_jobs.BLOCKS[0].name}.npz"
    assert (stopped / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.slow
def test_killed_once(tmp_path: Path) -> None:
    goes_on_after(1, tmp_path, 1)


@pytest.mark.soak
def test_killed_twenty_times(tmp_path: Path) -> None:
    goes_on_after(20, tmp_path, 2)
