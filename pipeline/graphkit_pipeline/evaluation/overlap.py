"""How often each found label lies on each true label, and which neuron a found segment stands for.

Both volumes are [z, y, x] label volumes of one shape; 0 is "nothing" in each. They are read slab by slab, and a slab is
first shortened to runs of equal (found, true) pairs along x, so that memory is bounded by a slab and by the number of
different pairs, never by the volume.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from graphkit.errors import GraphkitError

__all__ = ["NeuronMap", "Overlap", "count_overlap", "ranked_parts", "runs"]

_MERGE_AT = 2_000_000


@dataclass(frozen=True, eq=False)
class Overlap:
    """The sparse contingency table: ``voxels[i]`` voxels have the labels ``found[i]`` and ``true[i]``.

    Three int64 arrays of one length, sorted by (found, true); each pair once, no voxel count 0.
    """

    found: np.ndarray
    true: np.ndarray
    voxels: np.ndarray

    @property
    def total(self) -> int:
        """All voxels."""
        return int(self.voxels.sum())

    def where(self, keep: np.ndarray) -> Overlap:
        """The part of the table that the mask ``keep`` selects."""
        return Overlap(self.found[keep], self.true[keep], self.voxels[keep])

    def renamed(self, found: np.ndarray) -> Overlap:
        """The table with other found ids, row by row; rows that then have the same pair become one."""
        return _grouped(found, self.true, self.voxels)


def count_overlap(slabs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Overlap:
    """The overlap of all the (found, true) pairs of equally shaped integer arrays.

    Raises:
        GraphkitError: two arrays of a pair differ in shape, or are not of integers.
    """
    parts: list[Overlap] = []
    waiting = 0
    for found, true in slabs:
        parts.append(_of_arrays(found, true))
        waiting += len(parts[-1].voxels)
        if waiting > _MERGE_AT:
            parts = [_merged(parts)]
            waiting = 0
    return _merged(parts)


def _of_arrays(found: np.ndarray, true: np.ndarray) -> Overlap:
    if found.shape != true.shape:
        raise GraphkitError(
            f"The found segmentation has the shape {found.shape} and the true one {true.shape} [z, y, x]; "
            "voxels can only be compared one by one.",
            hint="Cut both to the same box first.",
        )
    if not (np.issubdtype(found.dtype, np.integer) and np.issubdtype(true.dtype, np.integer)):
        raise GraphkitError(f"Labels must be integers, got {found.dtype} (found) and {true.dtype} (true).")
    starts, lengths = runs(found, true)
    return _grouped(found.ravel()[starts].astype(np.int64), true.ravel()[starts].astype(np.int64), lengths)


def runs(found: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(int64, int64): first place and length of each run of equal (found, true) in the flattened arrays."""
    f, t = found.ravel(), true.ravel()
    if not len(f):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.concatenate([[0], np.flatnonzero((f[1:] != f[:-1]) | (t[1:] != t[:-1])) + 1])
    return starts, np.diff(np.append(starts, len(f)))


def _merged(parts: list[Overlap]) -> Overlap:
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Overlap(nothing, nothing, nothing)
    return _grouped(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("found", "true", "voxels")))


def _grouped(found: np.ndarray, true: np.ndarray, voxels: np.ndarray) -> Overlap:
    if not len(found):
        return Overlap(found, true, voxels)
    order = np.lexsort((true, found))
    found, true, voxels = found[order], true[order], voxels[order]
    starts = np.concatenate([[0], np.flatnonzero((found[1:] != found[:-1]) | (true[1:] != true[:-1])) + 1])
    return Overlap(found[starts], true[starts], np.add.reduceat(voxels, starts))


# -- what a found segment stands for --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class NeuronMap:
    """Which true neuron each found segment stands for. Both readings leave out "nothing" (true label 0).

    ``majority``: the true neuron that most of the segment's labelled voxels lie in. Every fragment of a neuron is then
    that neuron, as if splits were mended; a merged segment is the larger of its neurons.
    ``main``: as above, and only the largest such segment of each neuron; its other fragments stand for nobody. This is
    the graph as it was found, where a fragment is a neuron of its own.

    Arrays int64 of one length, sorted by ``found``: the segment, its majority neuron, and 1 where it is the main one.
    """

    found: np.ndarray
    neuron: np.ndarray
    is_main: np.ndarray

    @classmethod
    def of(cls, overlap: Overlap) -> NeuronMap:
        """From an overlap; ties go to the smaller id."""
        some = overlap.where((overlap.found != 0) & (overlap.true != 0))
        best = _first_of_each(some, by=some.found, then=some.true)
        found, neuron, voxels = some.found[best], some.true[best], some.voxels[best]
        main = _first_of_each(Overlap(found, neuron, voxels), by=neuron, then=found)
        is_main = np.zeros(len(found), bool)
        is_main[main] = True
        return cls(found, neuron, is_main)

    def majority(self, segments: np.ndarray) -> np.ndarray:
        """int64 like ``segments``: the neuron each stands for; 0 for those that stand for none."""
        return self._look_up(segments, self.neuron)

    def main(self, segments: np.ndarray) -> np.ndarray:
        """int64 like ``segments``: the neuron whose main segment each is; 0 for the others."""
        return self._look_up(segments, np.where(self.is_main, self.neuron, 0))

    def _look_up(self, segments: np.ndarray, neurons: np.ndarray) -> np.ndarray:
        if not len(self.found):
            return np.zeros(segments.shape, np.int64)
        place = np.minimum(np.searchsorted(self.found, segments), len(self.found) - 1)
        return np.where(self.found[place] == segments, neurons[place], 0)


def _first_of_each(overlap: Overlap, *, by: np.ndarray, then: np.ndarray) -> np.ndarray:
    """Rows with the most voxels for each value of ``by``, in its order; the smaller ``then`` on a tie."""
    order = np.lexsort((then, -overlap.voxels, by))
    ordered = by[order]
    return order[np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))] if len(order) else order


def ranked_parts(overlap: Overlap, owner: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(owner's id, its rows from the largest down) for each value of ``owner`` (``overlap.found`` or ``.true``)."""
    order = np.lexsort((overlap.found, overlap.true, -overlap.voxels, owner))
    starts = np.flatnonzero(np.diff(owner[order], prepend=owner[order][:1] - 1))
    for rows in np.split(order, starts[1:]) if len(order) else ():
        yield int(owner[rows[0]]), rows
