"""What the command says on stderr: progress of long work, notes, errors. Data goes to stdout and never through here."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator

from graphkit.errors import GraphkitError, QueryError
from graphkit.progress import Progress, silent
from graphkit.termination import Terminated, sigterm_as_ctrl_c

__all__ = ["caught", "print_error", "progress_bar", "say"]

_OF_THE_SYSTEM = (
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.EIO, errno.ESTALE, errno.ENOSPC, errno.EDQUOT),
)
"""What a disk or a path says of itself: the place and the reason are all that helps."""


def say(*lines: str) -> None:
    """Lines for the person at the keyboard."""
    for line in lines:
        with contextlib.suppress(BrokenPipeError):  # nobody reads them any more; the work goes on
            print(line, file=sys.stderr)


@contextlib.contextmanager
def progress_bar(after_s: float = 0.0) -> Iterator[Progress]:
    """A bar on stderr when that is a terminal; otherwise a line when a stage begins.

    What is done within ``after_s`` seconds shows nothing.
    """
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        bar: Progress | None = None

        def report(stage: str, fraction: float) -> None:
            nonlocal bar
            if bar is None:
                if time.monotonic() - begun < after_s:
                    return
                bar = stack.enter_context(_bar())
            bar(stage, fraction)

        yield report


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    if not sys.stderr.isatty():
        yield _lines() if not os.environ.get("GRAPHKIT_QUIET") else silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<32}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def report(stage: str, fraction: float) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    bars.update(task, completed=1.0)  # type: ignore[arg-type]
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=fraction)  # type: ignore[arg-type]

        yield report


def _lines() -> Progress:
    seen: set[str] = set()

    def report(stage: str, fraction: float) -> None:
        if stage not in seen and stage != "done":
            seen.add(stage)
            say(f"{stage} ...")

    return report


def print_error(error: GraphkitError) -> None:
    """'Error: ...' with a caret under the place at fault and the fix on a line of its own."""
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    bold, plain = ("\033[1;31m", "\033[0m") if colour else ("", "")
    if isinstance(error, QueryError) and (caret := error.caret()):
        say(*(f"  {line}" for line in caret.splitlines()))
    say(f"{bold}Error:{plain} {error.message}")
    if error.hint:
        say(error.hint)


@contextlib.contextmanager
def caught(stopped: str = "Nothing was changed.", *, sigterm: bool = False) -> Iterator[None]:
    """Turns what went wrong into an exit: 1 for a user's error, 130 for Ctrl-C, 143 for SIGTERM, quiet for a closed pipe.

    ``stopped`` says what a Ctrl-C leaves behind; with ``sigterm`` that signal is heard like one.
    """
    try:
        with sigterm_as_ctrl_c() if sigterm else contextlib.nullcontext():
            yield
    except GraphkitError as error:
        print_error(error)
        raise SystemExit(1) from None
    except KeyboardInterrupt as stop:
        say(f"Stopped. {stopped}")
        raise SystemExit(143 if isinstance(stop, Terminated) else 130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        if error.errno in _OF_THE_SYSTEM and error.filename is not None:
            place = str(error.filename)
            print_error(GraphkitError(f"{error.strerror}: {place if len(place) <= 100 else place[:97] + '...'}"))
            raise SystemExit(1) from None
        if error.filename is not None or not isinstance(error.errno, int):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still in the buffer cannot be written
        print_error(GraphkitError(f"Cannot write the answer: {error.strerror}."))
        raise SystemExit(1) from None
