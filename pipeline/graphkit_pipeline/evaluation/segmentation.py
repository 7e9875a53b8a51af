"""Accuracy of a segmentation against the true one: variation of information, adapted Rand, and the worst errors.

*VI split*, H(found | true), in bits: how uncertain the found segment is once the true neuron is known; 0 when no neuron
is split. *VI merge*, H(true | found): the other way round; 0 when no segment holds two neurons. VI sum is their total.

*Adapted Rand*: of all pairs of voxels, precision is the share of those joined in the segmentation that are joined in the
truth (low where it merges), recall the share of those joined in the truth that the segmentation joins (low where it
splits), the error 1 minus their harmonic mean.

What counts as a voxel to compare is a convention, and changes the figures; three are given:
- ``truth_labelled``: voxels with true label 0 are ignored; found 0 is one label like any other. The headline.
- ``everything``: 0 is a label in both.
- ``both_labelled``: voxels with 0 in either are ignored. Flatters a segmentation that leaves much unlabelled: read it
  with the coverage.

References: Meila, J. Multivar. Anal. 98, 873 (2007); Arganda-Carreras et al., Front. Neuroanat. 9, 142 (2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from graphkit_pipeline.evaluation.overlap import Overlap, ranked_parts, runs
from graphkit_pipeline.evaluation.places import LabelVolume, slabs

__all__ = ["CONVENTIONS", "Part", "SegmentationError", "SegmentationScore", "locate", "score_overlap", "worst_errors"]

CONVENTIONS = ("truth_labelled", "everything", "both_labelled")
_SAMPLE = 40_000


@dataclass(frozen=True)
class SegmentationScore:
    """Figures over ``voxels`` voxels. Bits for VI; Rand figures between 0 and 1. NaN where there is nothing to compare."""

    voxels: int
    vi_split: float
    vi_merge: float
    rand_error: float
    rand_precision: float
    rand_recall: float

    @property
    def vi_sum(self) -> float:
        """VI split + VI merge, in bits."""
        return self.vi_split + self.vi_merge

    def to_dict(self) -> dict[str, Any]:
        """The figures, VI sum included."""
        return {**asdict(self), "vi_sum": self.vi_sum}


@dataclass(frozen=True)
class Part:
    """One piece of an error: a found segment's share of a neuron, or a neuron's share of a found segment."""

    id: int
    voxels: int


@dataclass(frozen=True)
class SegmentationError:
    """A neuron in several pieces (split) or a segment over several neurons (merge).

    ``id`` is the neuron that is split, or the segment that merges; ``parts`` its pieces from the largest down (id 0: not
    labelled). ``bits`` is what it adds to VI split or VI merge. ``position_nm`` (z, y, x) lies where the two largest
    pieces come closest, None before ``locate``.
    """

    kind: Literal["split", "merge"]
    id: int
    voxels: int
    bits: float
    parts: tuple[Part, ...]
    position_nm: tuple[float, float, float] | None = None


def score_overlap(overlap: Overlap, convention: str = "truth_labelled") -> SegmentationScore:
    """VI and adapted Rand of an overlap, with the voxels that ``convention`` (one of ``CONVENTIONS``) compares."""
    part = _compared(overlap, convention)
    n = part.voxels.astype(np.float64)
    total = float(n.sum())
    if not total:
        nan = float("nan")
        return SegmentationScore(0, nan, nan, nan, nan, nan)
    found, found_of = _sums(part.found, n)
    true, true_of = _sums(part.true, n)
    # Pairs of different voxels: n (n - 1), without the pairs of a voxel with itself.
    both, in_found, in_true = (float(np.sum(c * (c - 1.0))) for c in (n, found, true))
    joined = in_found + in_true
    return SegmentationScore(
        voxels=int(part.voxels.sum()),
        vi_split=float(n @ np.log2(true_of / n)) / total,
        vi_merge=float(n @ np.log2(found_of / n)) / total,
        rand_error=1.0 - 2.0 * both / joined if joined else 0.0,
        rand_precision=both / in_found if in_found else float("nan"),
        rand_recall=both / in_true if in_true else float("nan"),
    )


def _compared(overlap: Overlap, convention: str) -> Overlap:
    if convention == "everything":
        return overlap
    if convention == "truth_labelled":
        return overlap.where(overlap.true != 0)
    if convention == "both_labelled":
        return overlap.where((overlap.true != 0) & (overlap.found != 0))
    raise ValueError(f"convention must be one of {CONVENTIONS}, got {convention!r}")


def _sums(ids: np.ndarray, voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The voxels of each id, and for each row those of its id."""
    _, inverse = np.unique(ids, return_inverse=True)
    sums = np.bincount(inverse, weights=voxels)
    return sums, sums[inverse]


# -- the worst errors -----------------------------------------------------------------------------------------------


def worst_errors(
    overlap: Overlap, kind: Literal["split", "merge"], *, limit: int = 6, parts: int = 8
) -> list[SegmentationError]:
    """The neurons (or segments) that add most to VI split (or VI merge), worst first; not yet located.

    True label 0 is ignored, and found 0 is not a segment that could merge; as a piece of a neuron it counts, with id 0.
    """
    some = _compared(overlap, "truth_labelled")
    total = float(some.voxels.sum())
    if kind == "merge":
        some = some.where(some.found != 0)
    owner, other = (some.true, some.found) if kind == "split" else (some.found, some.true)
    errors = []
    for owner_id, rows in ranked_parts(some, owner):
        if len(rows) < 2:
            continue
        n = some.voxels[rows].astype(np.float64)
        bits = float(n @ np.log2(n.sum() / n)) / total
        pieces = tuple(Part(int(other[r]), int(some.voxels[r])) for r in rows[:parts])
        errors.append(SegmentationError(kind, owner_id, int(n.sum()), bits, pieces))
    return sorted(errors, key=lambda e: (-e.bits, e.id))[:limit]


def locate(errors: Sequence[SegmentationError], found: LabelVolume, true: LabelVolume) -> list[SegmentationError]:
    """The same errors with ``position_nm``: the middle of the closest approach of their two largest pieces.

    A piece that is not labelled gives way to the next that is. Each piece is sampled at some tens of thousands of its
    voxels, so that memory stays bounded.
    """
    from dataclasses import replace

    wanted: dict[tuple[int, int], int] = {}
    shown = [_two_parts(error) for error in errors]
    for error, pieces in zip(errors, shown, strict=True):
        for piece in pieces:
            wanted[_pair(error, piece)] = piece.voxels
    samples = _sampled(wanted, found, true)
    size = np.asarray(found.voxel_size_nm, dtype=np.float64)
    placed = []
    for error, (first, second) in zip(errors, shown, strict=True):
        a, b = samples[_pair(error, first)], samples[_pair(error, second)]
        place = _closest_approach(a * size, b * size)
        placed.append(replace(error, position_nm=(float(place[0]), float(place[1]), float(place[2]))))
    return placed


def _two_parts(error: SegmentationError) -> tuple[Part, Part]:
    ordered = sorted(error.parts, key=lambda p: (p.id == 0, -p.voxels))
    return ordered[0], ordered[1]


def _pair(error: SegmentationError, piece: Part) -> tuple[int, int]:
    return (piece.id, error.id) if error.kind == "split" else (error.id, piece.id)


def _sampled(
    wanted: dict[tuple[int, int], int], found: LabelVolume, true: LabelVolume
) -> dict[tuple[int, int], np.ndarray]:
    """Voxel centres [k, 3] in global voxels of every wanted (found, true) pair: evenly many of each, at most _SAMPLE."""
    parts: dict[tuple[int, int], list[np.ndarray]] = {pair: [] for pair in wanted}
    seen = dict.fromkeys(wanted, 0)
    found_ids = np.unique([f for f, _ in wanted])
    for slab in slabs(found.bounds):
        f, t = found.read(slab), true.read(slab)
        starts, lengths = runs(f, t)
        f, t = f.ravel()[starts], t.ravel()[starts]
        some = np.flatnonzero(np.isin(f, found_ids))
        for pair, voxels in wanted.items():
            mine = some[(f[some] == pair[0]) & (t[some] == pair[1])]
            places = _every(starts[mine], lengths[mine], step=-(-voxels // _SAMPLE), skip=seen[pair])
            seen[pair] += int(lengths[mine].sum())
            parts[pair].append(np.stack(np.unravel_index(places, slab.shape), axis=1) + np.array(slab.start) + 0.5)
    return {pair: np.concatenate(chunks) for pair, chunks in parts.items()}


def _every(starts: np.ndarray, lengths: np.ndarray, *, step: int, skip: int) -> np.ndarray:
    """Every ``step``-th place of the runs laid end to end, of which ``skip`` places were seen before."""
    ends = np.cumsum(lengths)
    if not len(ends):
        return np.zeros(0, np.int64)
    counted = np.arange((-skip) % step, ends[-1], step)
    run = np.searchsorted(ends, counted, side="right")
    return np.asarray(starts[run] + counted - (ends[run] - lengths[run]))


def _closest_approach(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The middle between the nearest points of two clouds; of many such places the one nearest their centre."""
    from scipy.spatial import cKDTree

    tree = cKDTree(b)
    bound = np.asarray(tree.query(a[:: max(1, len(a) // 1000)])[0]).min()  # most points need no search beyond it
    answer = tree.query(a, distance_upper_bound=bound * 1.2 + 1e-6)
    distance, nearest = np.asarray(answer[0]), np.asarray(answer[1])
    close = np.flatnonzero(distance <= distance.min() * 1.2 + 1e-9)
    middles = (a[close] + b[nearest[close]]) / 2
    centre = np.median(middles, axis=0)
    return np.asarray(middles[np.argmin(np.linalg.norm(middles - centre, axis=1))])
