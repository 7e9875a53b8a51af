"""Datasets to break: each test gets a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.dataset.sound import make, make_apart, sources


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built dataset with all tables. Not to be changed."""
    return make(tmp_path_factory.mktemp("validate") / "sound", sources())


@pytest.fixture
def broken(sound: Path, tmp_path: Path) -> Path:
    """A copy of `sound` to break."""
    return Path(shutil.copytree(sound, tmp_path / "broken"))


@pytest.fixture(scope="session")
def _sound_apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_apart(tmp_path_factory.mktemp("validate") / "apart")


@pytest.fixture
def apart(_sound_apart: Path, tmp_path: Path) -> Path:
    """To break likewise: only the tables from which no graph is built, checked in a third of the time."""
    return Path(shutil.copytree(_sound_apart, tmp_path / "apart"))
