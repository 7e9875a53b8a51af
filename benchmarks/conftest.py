"""Where the benchmarks make their big tables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def bench_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GRAPHKIT_BENCH_DIR (kept between runs), else a temporary folder."""
    given = os.environ.get("GRAPHKIT_BENCH_DIR")
    if not given:
        return tmp_path_factory.mktemp("bench")
    folder = Path(given)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
