"""Which dataset a command is about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["location", "opened"]


def opened(given: str | os.PathLike[str] | None) -> Dataset:
    """The open dataset that is asked."""
    from graphkit.dataset import open_dataset

    return open_dataset(location(given))


def location(given: str | os.PathLike[str] | None) -> str:
    """The dataset asked: the one given, else GRAPHKIT_DATASET, else the current folder if it is one."""
    from graphkit.errors import NotADatasetError

    place = os.fspath(given) if given is not None else os.environ.get("GRAPHKIT_DATASET")
    if place:
        return place
    if Path("dataset.json").exists():
        return "."
    raise NotADatasetError(
        "No dataset to ask: none was named, GRAPHKIT_DATASET is not set, and this folder is not one.",
        hint="Name one with -d DIR. To get one: `graphkit simulate -o mybrain` makes a small one in seconds, "
        "`graphkit import --help` reads published tables.",
    )
