"""The one way in which loops are compiled. Importing this module costs Numba's import: only modules of kernels do.

What was compiled is kept until the file of the function changes, as Numba does it, or (which Numba does not look at) another
file with code that may have been compiled into it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
from numba.core import event

from graphkit.progress import when_compiling

__all__ = ["compiled"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile on the first call, and keep the machine code in the package's folder, or in the user's cache folder.

    The code is serial, releases the interpreter's lock, and never fastmath: the same input gives the same bytes.
    """
    try:
        made = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # neither folder can be written, as in a sealed container: compile in every process
        return cast(_Function, numba.njit(nogil=True)(function))
    if sources := sorted(_other_sources(function)):
        with contextlib.suppress(AttributeError, OSError):  # compiling switched off; files inside an archive
            file = cast(Any, made)._cache._cache_file
            file._source_stamp = file._source_stamp, [(s, os.stat(s).st_mtime_ns, os.stat(s).st_size) for s in sources]  # noqa: PTH116
    return cast(_Function, made)


def _other_sources(function: Callable[..., Any]) -> set[str]:
    """Files, but its own, of compiled functions that the module of ``function`` names, and of those that theirs name."""
    own = function.__code__.co_filename
    packages = {"graphkit", "graphkit_pipeline", function.__module__.partition(".")[0]}
    found = {own}
    waiting = [function.__globals__]
    while waiting:
        for value in list(waiting.pop().values()):
            python = getattr(value, "py_func", None) or getattr(value, "_defn", None) or value  # of Numba's, or plain
            if not isinstance(python, FunctionType) or python.__module__.partition(".")[0] not in packages:
                continue
            if python.__code__.co_filename not in found and _compiles(python.__globals__):
                found.add(python.__code__.co_filename)
                waiting.append(python.__globals__)
    return found - {own, __file__}


def _compiles(names: dict[str, Any]) -> bool:
    """Whether a module of these names has code for Numba."""
    return any(value is numba or type(value).__module__.startswith("numba.") for value in names.values())


class _Listener(event.Listener):
    """Passes on that something is compiled, which what comes from the cache is not."""

    def on_start(self, event: Any) -> None:
        while when_compiling:
            when_compiling.pop()()

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _Listener())  # type: ignore[no-untyped-call]
