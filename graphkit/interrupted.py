"""Ctrl-C and the time limit while DuckDB works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from graphkit.stopping import current

if TYPE_CHECKING:
    import duckdb

__all__ = ["interruptible"]

_T = TypeVar("_T")
_PATIENCE_S = 10.0
_POLL_S = 0.1


def interruptible(
    connection: duckdb.DuckDBPyConnection, work: Callable[[], _T], meanwhile: Callable[[], None] | None = None
) -> _T:
    """``work()``, a query on ``connection``, in a thread of its own; Ctrl-C stops it. ``meanwhile`` is called now and then.

    DuckDB by itself sees a Ctrl-C during the first seconds of a relation's query only.

    Raises:
        TimeLimitError: the time limit (``graphkit.stopping``) has come; the query was stopped.
    """
    stop = current()
    found: list[_T] = []
    failure: list[BaseException] = []
    done = threading.Event()  # an interrupted Thread.join() takes the thread for ended (Python 3.11)

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # handed to the caller's thread
            failure.append(error)
        finally:
            done.set()

    stop.check()
    threading.Thread(target=run, daemon=True).start()
    try:
        while not done.wait(_POLL_S):
            stop.check()
            if meanwhile is not None:
                meanwhile()
    except BaseException:
        connection.interrupt()
        done.wait(_PATIENCE_S)
        raise
    if failure:
        raise failure[0]
    return found[0]
