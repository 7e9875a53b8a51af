"""What a question touches beside its dataset: files, sockets, other programs. Nothing, that is."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphkit.dataset import Dataset

__all__ = ["nothing_else_touched"]

_watching: list[list[tuple[str, Any]]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and (event.startswith(("socket.", "subprocess.", "os.system", "shutil.")) or event == "open"):
        _watching[-1].append((event, arguments))


sys.addaudithook(_hook)  # hooks cannot be taken off again: it looks only while something is watched


@contextlib.contextmanager
def nothing_else_touched(dataset: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In an empty folder that is also the home: nothing is written there, no connection made, no file opened for writing
    outside the dataset's cache and graphkit's own, none read but the dataset's and Python's.
    """
    home = folder / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    allowed = [Path(dataset.url).resolve(), Path(os.environ["GRAPHKIT_CACHE"]).resolve()]
    readable = [*allowed, Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2]]
    seen: list[tuple[str, Any]] = []
    _watching.append(seen)
    try:
        yield
    finally:
        _watching.remove(seen)
    assert list(home.iterdir()) == []
    for event, arguments in seen:
        if event.startswith("shutil."):  # a graph's cache that is not there is cleared away
            assert any(Path(arguments[0]).resolve().is_relative_to(p) for p in allowed), (event, arguments)
            continue
        assert event == "open", (event, arguments)
        path, mode, flags = arguments
        if isinstance(path, int):
            continue
        place = Path(os.fsdecode(path)).resolve()
        writes = any(c in (mode or "") for c in "wax+") or (
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        )
        inside = (
            allowed if writes and place != Path("/dev/null") else [*readable, Path("/dev"), Path("/proc"), Path("/sys")]
        )
        inside = [*inside, *(Path(p) for p in sys.path if p)] if not writes else inside
        assert any(place.is_relative_to(p) for p in inside) or "__pycache__" in place.parts, (event, arguments)
