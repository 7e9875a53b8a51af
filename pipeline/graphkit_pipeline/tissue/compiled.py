"""The loops of the generator as machine code: serial, IEEE arithmetic, kept in a cache where one can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compiled"]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on the first call. Never fastmath: the bytes of a volume are promised."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder can be written, as in a sealed container: compile in every process
        return numba.njit(nogil=True)(function)
