"""Settings of the engine that make no sense, of jobs that are not JSON, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.engine import EngineSettings, run_blocks

from graphkit.errors import GraphkitError

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the worker processes get this path, and import the jobs by name
import engine_jobs as jobs  # noqa: E402

BLOCKS = make_blocks(Box((0, 0, -8), (16, 16, 8)), 8, 2)
IN_PROCESS = EngineSettings(workers=0)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": -1}, "workers = -1"),
        ({"workers": "all"}, "workers = 'all'"),
        ({"workers": 1.5}, r"workers = 1\.5"),
        ({"retries": -1}, "retries = -1"),
        ({"patience_s": 0}, "patience_s = 0"),
        ({"scheduler": "host"}, "scheduler = 'host'"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], message: str) -> None:
    with pytest.raises(GraphkitError, match=message):
        EngineSettings(**settings)  # type: ignore[arg-type]


def test_settings_that_are_not_json(tmp_path: Path, log: Path) -> None:
    with pytest.raises(GraphkitError, match="cannot be written as JSON"):
        run_blocks(jobs.Sums(log, seed=np.int64(3)), BLOCKS, tmp_path, engine=IN_PROCESS)  # type: ignore[arg-type]


def test_importing_is_light() -> None:
    heavy = ("dask", "distributed", "h5py", "zarr", "cloudvolume", "tensorflow")
    code = f"import sys, graphkit_pipeline.engine, graphkit_pipeline.volume; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
