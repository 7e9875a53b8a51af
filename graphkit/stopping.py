"""Stopping long work: at a time limit, and at Ctrl-C also where a compiled loop does not look.

    with limited(30):                  the work inside has 30 s
        answer = stoppable(work)       in a thread of its own; Ctrl-C and the limit end the waiting at once

Work that goes step by step calls ``check()`` between its steps (threads of its own: ``current().check``). It may catch
the ``TimeLimitError`` and give what it has, marked as incomplete. Work that does not look is left behind: the command ends its
process, a library's thread goes on to its next step.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from numbers import Real
from typing import TypeVar

from graphkit.errors import GraphkitError, TimeLimitError

__all__ = ["Stop", "check", "current", "limited", "stoppable"]

_T = TypeVar("_T")
_GRACE_S = 0.5
"""How long after the limit work may look for the first time."""

_HAND_OVER_S = 60.0
"""How long work that has looked may take to hand over what it has."""

_POLL_S = 0.05


class Stop:
    """Whether work is to stop: it was told to, or its time is over."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self.told = False
        self.heard = False
        """Whether the work knows."""
        self.hands_over = False
        """Whether the work gives what it has after Ctrl-C too; said by the work."""
        self._ends = None if seconds is None else time.monotonic() + seconds

    def past(self, grace_s: float = 0.0) -> bool:
        """Whether the time has been over for ``grace_s``."""
        return self._ends is not None and time.monotonic() >= self._ends + grace_s

    def over(self) -> bool:
        """Whether the work is to stop; who asks will hand over what there is."""
        self.heard = self.heard or self.told or self.past()
        return self.heard

    def check(self) -> None:
        """Raises TimeLimitError if the work is to stop."""
        if self.over():
            raise self.error()

    def error(self) -> TimeLimitError:
        """What to say where nothing can be given."""
        return TimeLimitError(
            f"No answer within {self.seconds:g} s." if self.seconds is not None else "The work was stopped.",
            hint="Give it more time (--timeout; in Python timeout=), or ask for less: in one region, of fewer neurons, "
            "with at least 5 synapses.",
        )


_current: contextvars.ContextVar[Stop] = contextvars.ContextVar("graphkit_stop")
_never = Stop()


def current() -> Stop:
    """The stop that holds for the caller; to be handed to threads, which do not inherit it."""
    return _current.get(_never)


def check() -> None:
    """Raises TimeLimitError if the caller's work is to stop."""
    current().check()


def _is_time(seconds: object) -> bool:
    return isinstance(seconds, Real) and 0 < float(seconds) < float("inf")


@contextlib.contextmanager
def limited(seconds: float | None) -> Iterator[Stop]:
    """What is done inside has ``seconds``; None: as long as it takes.

    Raises:
        GraphkitError: the limit is not above 0.
    """
    if seconds is not None and not _is_time(seconds):
        raise GraphkitError(f"The time limit must be a number of seconds above 0, got {seconds!r}.")
    stop = Stop(seconds)
    token = _current.set(stop)
    try:
        yield stop
    finally:
        _current.reset(token)


def stoppable(work: Callable[[], _T]) -> _T:
    """``work()``, in a thread of its own, so that Ctrl-C and the time limit are heard whatever it does.

    Raises:
        TimeLimitError: it has given nothing until the limit.
    """
    stop = current()
    own = Stop(None)
    own.seconds, own._ends = stop.seconds, stop._ends
    context = contextvars.copy_context()
    context.run(_current.set, own)
    found: list[_T] = []
    failure: list[BaseException] = []
    done = threading.Event()  # an interrupted Thread.join() takes the thread for ended (Python 3.11)

    def run() -> None:
        try:
            found.append(context.run(work))
        except BaseException as error:  # handed to the caller's thread
            failure.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    try:
        while not done.wait(_POLL_S if own.seconds is not None or stop is not _never else None):
            if stop.told or own.past(_GRACE_S):
                waits = own.heard or (own.hands_over and not stop.told)  # what hands over may be long at one step
                if not (waits and done.wait(_HAND_OVER_S)):
                    raise own.error()
    except BaseException as error:
        own.told = True
        if not (isinstance(error, KeyboardInterrupt) and own.hands_over and done.wait(_HAND_OVER_S) and found):
            done.wait(_GRACE_S)  # what looks ends in order: DuckDB removes what it has spilled
            raise
    if failure:
        raise failure[0]
    return found[0]
