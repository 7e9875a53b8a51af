"""A set of connections for chains of swaps. Importing this module costs Numba's import.

A connection is a key, ``source << bits | target``. Up to 16,384 neurons, unless connections are few, each key has a bit of its
own (`edge_bits`); else the set is hashed, and compact (`edge_hash`). Which of them it is, the type of its form says, and what
is compiled is for one of them: a test at each step would cost what bits save.

All is inlined: a call that passes an array costs more than most of what is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.motifs.nulls.edge_bits import Bits, exchanged_bits, flip, holds_bit, new_bits, touch_bit
from graphkit.motifs.nulls.edge_hash import (
    Hashed,
    exchanged_hashed,
    holds_hashed,
    new_hashed,
    put,
    take_out,
    touch_hashed,
)

__all__ = ["Form", "added", "edge_set", "exchanged", "holds", "key_of", "removed", "targets_of", "touch_home"]

_Int32 = NDArray[np.int32]
_UInt64 = NDArray[np.uint64]
_Table = NDArray[Any]
_Chooser = TypeVar("_Chooser", bound=Callable[..., Any])

_MOST_BITS = 28
"""32 MB, two to the 14 neurons."""
_BITS_A_CONNECTION = 2048
"""With fewer connections for the bits, copying them for each sample would cost more than they save."""

Form = Bits | Hashed
"""How a key is read."""


def edge_set(
    n_neurons: int, sources: _Int32, targets: _Int32, as_bits: bool | None = None
) -> tuple[_UInt64, _Table, Form]:
    """The keys of connections in the order given, the set of them, and its form (chosen by size, if not given)."""
    bits = max(n_neurons - 1, 1).bit_length()
    if as_bits is None:
        as_bits = 2 * bits <= _MOST_BITS and 1 << 2 * bits <= _BITS_A_CONNECTION * max(len(sources), 1)
    keys = sources.astype(np.uint64) << np.uint64(bits) | targets.astype(np.uint64)
    # tables are numpy's own memory, which the kernel backs with huge pages: places are read at random
    table, form = new_bits(bits) if as_bits else new_hashed(bits, len(sources))
    _fill(keys, table, form)
    return keys, table, form


def targets_of(keys: _UInt64, form: Form) -> _Int32:
    """The targets of connections."""
    return (keys & ((np.uint64(1) << form.bits) - np.uint64(1))).astype(np.int32)


@numba.njit(nogil=True, forceinline=True)
def key_of(source: Any, target: Any, form: Form) -> Any:  # pragma: no cover - compiled
    """The key of a connection."""
    return np.uint64(source) << form.bits | np.uint64(target)


def holds(table: _Table, form: Form, key: Any) -> Any:
    """Whether a key is in the set."""


def added(table: _Table, form: Form, key: Any) -> None:
    """Adds a key, which is not there."""


def removed(table: _Table, form: Form, key: Any) -> None:
    """Takes out a key, which is there."""


def touch_home(table: _Table, form: Form, key: Any) -> None:
    """Asks for the memory where the search for a key begins."""


def exchanged(table: _Table, form: Form, ab: Any, cd: Any, ad: Any, cb: Any) -> Any:
    """Puts two different keys, ad and cb, in the place of two others if both are new; whether it did."""


def _by_form(function: Any) -> Callable[[_Chooser], _Chooser]:
    made: Any = overload(function, jit_options={"nogil": True, "forceinline": True}, strict=False)
    return made  # type: ignore[no-any-return]


def _is_bits(form: Any) -> bool:
    return form.instance_class is Bits


@_by_form(holds)
def _holds(table: Any, form: Any, key: Any) -> Any:
    return holds_bit if _is_bits(form) else holds_hashed


@_by_form(added)
def _added(table: Any, form: Any, key: Any) -> Any:
    return flip if _is_bits(form) else put


@_by_form(removed)
def _removed(table: Any, form: Any, key: Any) -> Any:
    return flip if _is_bits(form) else take_out


@_by_form(touch_home)
def _touch_home(table: Any, form: Any, key: Any) -> Any:
    return touch_bit if _is_bits(form) else touch_hashed


@_by_form(exchanged)
def _exchanged(table: Any, form: Any, ab: Any, cd: Any, ad: Any, cb: Any) -> Any:
    return exchanged_bits if _is_bits(form) else exchanged_hashed


@compiled
def _fill(keys: _UInt64, table: _Table, form: Form) -> None:  # pragma: no cover - compiled
    for key in keys:
        added(table, form, key)
