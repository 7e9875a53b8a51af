"""The one way in which loops are compiled. Importing this module costs Numba's import: only modules of kernels do."""

from __future__ import annotations

from collections.abc import Callable
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
        return cast(_Function, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # neither folder can be written, as in a sealed container: compile in every process
        return cast(_Function, numba.njit(nogil=True)(function))


class _Listener(event.Listener):
    """Passes on that something is compiled, which what comes from the cache is not."""

    def on_start(self, event: Any) -> None:
        while when_compiling:
            when_compiling.pop()()

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", _Listener())  # type: ignore[no-untyped-call]
