"""A small tissue, a network for it, and runs of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from graphkit_pipeline.config import RunConfig, read_config
from graphkit_pipeline.run import reconstruct
from graphkit_pipeline.tissue import TissueSettings, simulate_tissue, write_tissue

from tests.pipeline.networks import threshold_ffn
from tests.pipeline.run.small import ANEW, SHAPE, Once, Write


@pytest.fixture(scope="session")
def tissue(once: Once) -> Path:
    """A small tissue on disk; not to be changed."""
    return once("tissue", lambda folder: write_tissue(simulate_tissue(TissueSettings(shape=SHAPE, seed=1500)), folder))


@pytest.fixture(scope="session")
def ffn(once: Once) -> Path:
    """A network that takes bright voxels for cytoplasm."""

    def make(folder: Path) -> None:
        folder.mkdir()
        threshold_ffn(folder / "ffn.keras", level=110.0)

    return once("bright", make) / "ffn.keras"


@pytest.fixture
def write(tmp_path: Path, tissue: Path, ffn: Path) -> Write:
    """Writes a run.toml of the small tissue."""

    def written(
        name: str = "run", *, image: Path | None = None, workers: object = 0, more: str = "", **change: str
    ) -> Path:
        text = ANEW.format(
            output=name, image=image or tissue / "image", ffn=ffn, workers=json.dumps(workers), more=more
        )
        for old, new in change.items():
            before = next(line for line in text.splitlines() if line.startswith(f"{old} ="))
            text = text.replace(before, f"{old} = {new}")
        file = tmp_path / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return written


@pytest.fixture(scope="session")
def whole(once: Once, tissue: Path, ffn: Path) -> RunConfig:
    """A finished run in this process, with its evaluation; not to be changed."""
    box = "box_nm = { z = [0, 640], y = [0, 768], x = [0, 1024] }"
    more = f'[evaluate]\ntruth = "{tissue}"\n[[regions]]\nname = "left"\n{box}'
    text = ANEW.format(output="run", image=tissue / "image", ffn=ffn, workers=0, more=more)

    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "run.toml").write_text(text, encoding="utf-8")
        reconstruct(read_config(folder / "run.toml"))

    return read_config(once("whole", make) / "run.toml")


@pytest.fixture
def copied(whole: RunConfig, write: Write, tmp_path: Path) -> Write:
    """Writes a run.toml whose run is as far as `whole` is, with the settings changed."""

    def written(name: str, **change: Any) -> Path:
        shutil.copytree(whole.output, tmp_path / name)
        return write(name, **change)

    return written
