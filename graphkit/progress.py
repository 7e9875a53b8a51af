"""How long work says where it is.

A ``Progress`` is called with the stage's name and the fraction of it that is done, from 0 to 1. Who shows it (the
command: a rich bar on stderr) is not the worker's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Progress", "silent", "when_compiling"]

when_compiling: list[Callable[[], None]] = []
"""Called, and forgotten, when a loop is compiled because none is cached: by the command, which says so. Empty at first."""


class Progress(Protocol):
    """``progress("sorting synapses", 0.25)``."""

    def __call__(self, stage: str, fraction: float) -> None: ...


def silent(stage: str, fraction: float) -> None:
    """Shows nothing."""
