"""Arrays at the door: integer columns that never pass through a float, attribute columns of one type each.

An id such as 720575940621039145 does not survive a float64 (53 bits), and NumPy makes a float64 out of uint64 mixed
with int64, out of a list with ``None`` in it, and out of an Arrow column with a null. So whatever comes in as an id or
as a count is looked at here, once, and refused when it is not made of integers below 2**63.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError

__all__ = ["attribute_column", "int64_column"]

_INT64_MAX = 2**63 - 1
_INT64_MIN = -(2**63)


def int64_column(values: Any, what: str) -> NDArray[np.int64]:
    """``values`` as an int64 array of shape (n,), copied only where the type has to change.

    Takes NumPy, Arrow and pandas integer columns and sequences of ints. ``what`` names the column in the errors.

    Raises:
        GraphError: floats, booleans, nulls, text, integers of 2**63 or more, or not one-dimensional.

    >>> int64_column([720575940621039145, -1], "ids").tolist()
    [720575940621039145, -1]
    """
    array = _plain_array(values, what)
    if array.ndim != 1:
        raise GraphError(f"{what} must be one-dimensional, but its shape is {array.shape}.")
    if array.dtype.kind == "i":
        return array.astype(np.int64, copy=False)
    if array.dtype.kind == "u":
        if array.size and int(array.max()) > _INT64_MAX:
            raise GraphError(f"{what} holds {int(array.max())}, which does not fit: ids and counts are below 2**63.")
        return array.astype(np.int64)
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if array.dtype.kind == "f" and not _is_column(values):
        array = np.array(values, dtype=object)  # [-1, 2**63] reaches NumPy as floats: name the value at fault instead
    if array.dtype.kind == "O":
        return _from_objects(array, what)
    raise GraphError(
        f"{what} must be integers, but its type is {array.dtype} (it begins with {array[0].item()!r}).",
        hint="An id that has been through a float may have lost digits: read the column as int64 from its source."
        if array.dtype.kind == "f"
        else None,
    )


def attribute_column(values: Any, name: str, n_neurons: int) -> NDArray[Any]:
    """``values`` as an array of shape (n_neurons,) of one type: bool, int64, float64, or object.

    An object column holds one of str, int, bool or float, and ``None`` where there is no value. Nulls of Arrow and
    pandas become ``None``, except in float columns, where NaN stays. Dates become ISO text.

    Raises:
        GraphError: another length, values of several types, or of a type that is none of these.
    """
    if not isinstance(name, str) or not name:
        raise GraphError(f"An attribute's name must be a non-empty text, not {name!r}.")
    what = f"The attribute {name!r}"
    array = _nullable_array(values, what)
    if array.ndim != 1 or len(array) != n_neurons:
        raise GraphError(f"{what} has the shape {array.shape}, but there are {n_neurons} neurons.")
    kind = array.dtype.kind
    if kind == "b":
        return array
    if kind == "f":
        return array.astype(np.float64, copy=False)
    if kind in "iu":
        return int64_column(array, what)
    if kind in "mM":
        dates: NDArray[Any] = array.astype(str).astype(object)
        dates[np.isnat(array)] = None
        return dates
    if kind in "UT":
        return array.astype(object)
    if kind != "O":
        raise GraphError(f"{what} has the type {array.dtype}; expected text, integers, floats or booleans.")
    return _one_type(array, what)


def _one_type(array: NDArray[Any], what: str) -> NDArray[Any]:
    kinds = set(map(type, array.tolist()))
    if kinds <= {str, type(None)}:
        return array
    cleaned = np.empty(len(array), dtype=object)
    for row, value in enumerate(array.tolist()):
        plain = value.item() if isinstance(value, np.generic) else value
        cleaned[row] = None if _is_null(plain) else str(plain) if isinstance(plain, str) else plain
    kinds = set(map(type, cleaned.tolist())) - {type(None)}
    has_nulls = any(value is None for value in cleaned.tolist())
    if not kinds and any(isinstance(value, float) for value in array.tolist()):
        kinds = {float}  # NaN in every row, which is how a float is missing
    if kinds <= {str}:
        return cleaned
    if len(kinds) > 1 or not kinds <= {int, bool, float}:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise GraphError(f"{what} holds values of the types {names}; expected one of str, int, float or bool.")
    if kinds == {int}:
        int64_column([value for value in cleaned.tolist() if value is not None], what)
    if kinds == {float}:
        return np.array([np.nan if value is None else value for value in cleaned.tolist()], dtype=np.float64)
    if has_nulls:
        return cleaned
    return cleaned.astype(np.int64 if kinds == {int} else np.bool_)


def _is_column(values: Any) -> bool:
    """Whether ``values`` has a type of its own (array, Arrow, pandas), so that its floats are really floats."""
    return hasattr(values, "dtype") or hasattr(values, "type")


def _is_null(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _plain_array(values: Any, what: str) -> NDArray[Any]:
    n_nulls = getattr(values, "null_count", 0)  # Arrow
    if n_nulls:
        raise GraphError(f"{what} has {n_nulls:,} nulls; expected an integer in every row.")
    return _nullable_array(values, what)


def _nullable_array(values: Any, what: str) -> NDArray[Any]:
    if isinstance(values, np.ndarray):
        return values
    try:
        if hasattr(values, "null_count"):  # Arrow: an integer column with nulls would become floats
            return np.array(values.to_pylist(), dtype=object) if values.null_count else np.asarray(values)
        if getattr(getattr(values, "dtype", None), "na_value", None) is not None:  # pandas' own nullable types
            return np.asarray(values.to_numpy(dtype=object)) if values.isna().any() else np.asarray(values)
        if isinstance(values, (list, tuple)) and any(isinstance(value, str) or value is None for value in values):
            return np.fromiter(values, dtype=object, count=len(values))  # np.asarray would turn [1, "a"] into text
        return np.asarray(values if hasattr(values, "__array__") or hasattr(values, "__len__") else list(values))
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphError(f"{what} cannot be read as an array: {error}.") from error


def _from_objects(array: NDArray[Any], what: str) -> NDArray[np.int64]:
    for row, value in enumerate(array.tolist()):
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            raise GraphError(f"{what} must be integers, but row {row} holds {value!r}.")
        if not _INT64_MIN <= value <= _INT64_MAX:
            raise GraphError(f"{what} holds {value} in row {row}, which does not fit: ids and counts are below 2**63.")
    return array.astype(np.int64)
