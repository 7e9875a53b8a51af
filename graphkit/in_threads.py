"""The same work on many pieces, in threads: for compiled loops, which release the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from typing import TypeVar

from graphkit.errors import GraphError
from graphkit.stopping import current

__all__ = ["cores_available", "in_threads"]

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")


def cores_available() -> int:
    """The cores that this process may use, which in a container or a batch job are fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(
    work: Callable[[_Piece], _Result], pieces: Iterable[_Piece], threads: int | None = None
) -> Iterator[_Result]:
    """``work(piece)`` of each piece, in their order, on ``threads`` threads (all cores if not given).

    Between pieces the work stops where the answer is no longer wanted (``graphkit.stopping``).

    Raises:
        GraphError: ``threads`` is not at least 1.
    """
    if threads is not None and threads < 1:
        raise GraphError(f"threads is {threads}; expected 1 or more.")
    stop, context = current(), copy_context()  # which threads do not inherit

    def one(piece: _Piece) -> _Result:
        stop.check()
        return work(piece)

    n_threads = threads or cores_available()
    if n_threads == 1:  # a thread of its own would only be waited for
        yield from map(one, pieces)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(n_threads) as pool:
        yield from pool.map(lambda piece: context.copy().run(one, piece), pieces)
