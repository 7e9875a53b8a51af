"""Lines read from a terminal, with history and completion.

prompt_toolkit reads them where it is installed (``graphkit[prompt]``), Python's readline where it is not.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.cli.completion import completions

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["reader"]


def reader(brain: Dataset) -> Callable[[str], str]:
    """A function that reads a line after a prompt; raises EOFError at the end, KeyboardInterrupt at Ctrl-C."""
    try:
        import prompt_toolkit  # noqa: F401
    except ImportError:
        return _readline(brain)
    return _prompt_toolkit(brain)


def _prompt_toolkit(brain: Dataset) -> Callable[[str], str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    class Words(Completer):
        def get_completions(self, document: Any, complete_event: Any) -> Iterator[Completion]:
            for text, taken in completions(brain, document.text_before_cursor):
                yield Completion(text, start_position=-taken)

    path = _history()
    history = FileHistory(str(path)) if path is not None else InMemoryHistory()
    session: PromptSession[str] = PromptSession(history=history, completer=Words(), complete_while_typing=False)
    return lambda prompt: session.prompt(prompt)


def _readline(brain: Dataset) -> Callable[[str], str]:
    with contextlib.suppress(ImportError):  # Python without readline: plain lines
        import readline

        found: list[str] = []

        def complete(text: str, state: int) -> str | None:
            if state == 0:
                before = readline.get_line_buffer()[: readline.get_endidx()]
                shift = readline.get_begidx()
                found[:] = [
                    (before[: len(before) - taken] + said)[shift:] for said, taken in completions(brain, before)
                ]
            return found[state] if state < len(found) else None

        readline.set_completer_delims(" \t\n,")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")
        path = _history()
        if path is not None:
            with contextlib.suppress(OSError):
                readline.read_history_file(path)

        def read(prompt: str) -> str:
            line = input(prompt)
            if path is not None and line.strip():
                with contextlib.suppress(OSError, AttributeError):  # libedit cannot append
                    readline.append_history_file(1, path)
            return line

        return read
    return input


def _history() -> Path | None:
    given = os.environ.get("GRAPHKIT_HISTORY")
    if given:
        path = Path(given)
    else:
        from platformdirs import user_state_path

        path = user_state_path("graphkit") / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return None
    return path
