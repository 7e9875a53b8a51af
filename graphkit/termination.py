"""SIGTERM, with which batch systems end a job, heard like Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import NoReturn

__all__ = ["Terminated", "sigterm_as_ctrl_c"]


class Terminated(KeyboardInterrupt):
    """SIGTERM, where it is heard like Ctrl-C."""


@contextlib.contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Within it SIGTERM raises `Terminated`: what is under way is put away, and no process of ours is left behind.

    Not for a process in which a library may hang in C: there Python's handler is never called, and the signal is lost.
    """

    def stop(*_: object) -> NoReturn:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # where Python hears no signals
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
