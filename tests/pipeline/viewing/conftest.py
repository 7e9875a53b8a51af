"""The small run, and a view of it that is being served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.view import View, serve

from tests.pipeline.viewing.small_run import (
    FIRST_ID,
    Tissue,
    grow,
    write_dataset,
    write_meshes_and_skeletons,
    write_precomputed,
)


@pytest.fixture(scope="session")
def tissue() -> Tissue:
    return grow()


@pytest.fixture(scope="session")
def run(tissue: Tissue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder, written by CloudVolume and zmesh."""
    folder = tmp_path_factory.mktemp("view") / "small-run"
    write_precomputed(folder / "image", tissue.image, "image", "uint8")
    ids = np.where(tissue.labels > 0, FIRST_ID + tissue.labels, 0)
    volume = write_precomputed(
        folder / "segmentation", ids, "segmentation", "uint64", mesh="mesh", skeletons="skeletons"
    )
    write_meshes_and_skeletons(volume, tissue)
    write_precomputed(folder / "clefts", tissue.clefts, "segmentation", "uint64")
    write_dataset(folder / "dataset", tissue)
    (folder / "run.json").write_text(json.dumps({"image": "image"}))
    return folder


@pytest.fixture(scope="session")
def view(run: Path) -> Iterator[View]:
    with serve(run, open_browser=False) as running:
        yield running
