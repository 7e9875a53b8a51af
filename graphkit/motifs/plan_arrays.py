"""What a plan reads: sorted lists of neighbours, cut down to what nodes may bind, and columns of values to test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.motifs.pattern import MISSING, Pattern

__all__ = ["Link", "Lists", "Values"]


@dataclass(slots=True, eq=False)
class Link:
    """An edge of the pattern between different nodes, cut down to what its nodes may bind; positions are in the graph's."""

    pre: int
    post: int
    graph: Graph
    absent: bool
    place: int  # in Pattern.edges, or -1


class Lists:
    """The sorted lists of neighbours that a plan reads, each made once, and all of them in one array."""

    def __init__(self, pattern: Pattern, masks: list[NDArray[np.bool_]]) -> None:
        self._n = len(pattern.base)
        self._masks = masks
        self._number: dict[tuple[Any, ...], int] = {}
        self._mask_number: list[NDArray[np.bool_]] = []
        self._starts: list[NDArray[np.int64]] = []
        self._targets: list[NDArray[np.int32]] = []
        self._tested: list[tuple[NDArray[np.int64], NDArray[np.int64]] | None] = []

    def of(self, link: Link, *, from_pre: bool) -> int:
        """The number of the lists of an edge, by its pre or by its post neurons."""
        from graphkit.motifs import search_kernels as kernels

        row, target = (link.pre, link.post) if from_pre else (link.post, link.pre)
        key = (id(link.graph), from_pre, self._mask(row), self._mask(target))
        if key not in self._number or (link.place >= 0 and self._tested[self._number[key]] is None):
            g = link.graph
            indptr, indices, synapses = (
                (g.indptr, g.indices, g.synapses) if from_pre else (g.in_indptr, g.in_indices, g.in_synapses)
            )
            starts, positions = kernels.restricted(indptr, indices, self._masks[row], self._masks[target])
            self._add(key, starts, indices[positions], (synapses, positions) if link.place >= 0 else None)
        return self._number[key]

    def pool(self, node: int) -> int:
        """The number of the list whose row 0 is all neurons that a node may bind."""
        key = ("all", self._mask(node))
        if key not in self._number:
            found = np.flatnonzero(self._masks[node]).astype(np.int32)
            starts = np.full(self._n + 1, len(found), dtype=np.int64)
            starts[0] = 0
            self._add(key, starts, found, None)
        return self._number[key]

    def arrays(self, with_synapses: bool) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        """(starts (lists, n + 1), targets, synapses, which are empty if no test wants them)."""
        offsets = np.cumsum([0, *(len(targets) for targets in self._targets)])
        starts = np.stack([starts + offset for starts, offset in zip(self._starts, offsets, strict=False)])
        targets = np.concatenate(self._targets)
        synapses = np.zeros(len(targets) if with_synapses else 0, dtype=np.int64)
        for tested, offset in zip(self._tested, offsets, strict=False):
            if tested is not None:
                synapses[offset : offset + len(tested[1])] = tested[0][tested[1]]
        return starts, targets, synapses

    def _add(
        self,
        key: tuple[Any, ...],
        starts: NDArray[np.int64],
        targets: NDArray[np.int32],
        tested: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    ) -> None:
        self._number[key] = len(self._starts)
        self._starts.append(starts)
        self._targets.append(targets)
        self._tested.append(tested)

    def _mask(self, node: int) -> int:
        """A number for the neurons that a node may bind, the same for equal masks."""
        for number, known in enumerate(self._mask_number):
            if np.array_equal(known, self._masks[node]):
                return number
        self._mask_number.append(self._masks[node])
        return len(self._mask_number) - 1


class Values:
    """Values to test as int64 rows: those of two float columns are replaced by their ranks, which compare alike."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._rows: list[NDArray[np.int64]] = []

    def add(self, left: NDArray[Any], right: NDArray[Any]) -> tuple[int, int]:
        """The rows of two columns that are compared."""
        if left.dtype.kind == "f":
            missing = np.isnan(np.concatenate([left, right]))
            ranks = np.unique(np.concatenate([left, right]), return_inverse=True)[1].astype(np.int64)
            ranks[missing] = MISSING
            left, right = ranks[: len(left)], ranks[len(left) :]
        return self.row(left), self.row(right)

    def array(self) -> NDArray[np.int64]:
        """All rows, (rows, n)."""
        return np.array(self._rows, dtype=np.int64).reshape(len(self._rows), self._n)

    def row(self, column: NDArray[np.int64]) -> int:
        """The row of a column."""
        for number, known in enumerate(self._rows):
            if known is column:
                return number
        self._rows.append(column)
        return len(self._rows) - 1
