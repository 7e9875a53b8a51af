"""How long work says where it is.

A ``Progress`` is called with the stage's name and the fraction of it that is done, from 0 to 1. Who shows it (the
command: a rich bar on stderr) is not the worker's business.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Protocol

__all__ = ["Progress", "showing", "shown", "silent", "when_compiling"]

when_compiling: list[Callable[[], None]] = []
"""Called, and forgotten, when a loop is compiled because none is cached: by the command, which says so. Empty at first."""


class Progress(Protocol):
    """``progress("sorting synapses", 0.25)``."""

    def __call__(self, stage: str, fraction: float) -> None: ...


def silent(stage: str, fraction: float) -> None:
    """Shows nothing."""


_shown: ContextVar[Progress] = ContextVar("shown", default=silent)


@contextlib.contextmanager
def showing(progress: Progress) -> Iterator[None]:
    """Within it, questions that take long report to ``progress``."""
    token = _shown.set(progress)
    try:
        yield
    finally:
        _shown.reset(token)


def shown() -> Progress:
    """What the caller of a question shows; ``silent`` where nothing was said."""
    return _shown.get()
