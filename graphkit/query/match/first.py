"""Of the matches that are the same but for a symmetry of the pattern, the one that stands for all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from graphkit.motifs.pattern import Pattern, automorphisms

__all__ = ["firsts"]

_Rows = NDArray[np.int32]


def firsts(pattern: Pattern) -> Callable[[_Rows], _Rows]:
    """A function that turns matches, shape (k, n_nodes), into the first of their kind in lexicographic order.

    Node after node takes the lowest row that symmetries which leave the earlier nodes alone can give it.
    """
    if pattern.labelled:
        return lambda rows: rows
    steps = []
    stabiliser = automorphisms(pattern)
    for node in range(pattern.n_nodes):
        to: dict[int, tuple[int, ...]] = {}
        for symmetry in stabiliser:
            to.setdefault(symmetry[node], symmetry)
        if len(to) > 1:
            steps.append((np.array(list(to)), np.array(list(to.values()))))
        stabiliser = [symmetry for symmetry in stabiliser if symmetry[node] == node]

    def first(rows: _Rows) -> _Rows:
        for orbit, symmetries in steps:
            lowest = rows[:, orbit].argmin(axis=1)
            rows = np.take_along_axis(rows, symmetries[lowest], axis=1)
        return rows

    return first
