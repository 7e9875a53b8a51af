"""Where synapses are lost on the way from the truth to the graph that was found.

A true synapse is *kept* when a found one lies at its place and joins the main segments of its two neurons. For each of
the others one cause is named, from the found synapse that stands for it though it failed, if there is one:

    found within reach, with the truth at one point at least right? ── no ───────────────> not detected
      │ yes: for the end's true neuron A, the found point and its segment
      ├─ the truth at the point is not A: the point itself went wrong ───────────────────> wrong pre, wrong post
      ├─ the segment is mostly another neuron's ─────────────────────────────────────────> merged
      ├─ the segment is A's, but not A's main one ───────────────────────────────────────> split
      └─ no segment there ───────────────────────────────────────────────────────────────> not segmented

A synapse with two faults stands under the first in this order, so that the causes add up to the synapses lost. Where
synapses lie closer together than the reach, which found one failed for which true one is a guess (the nearest matching).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit_pipeline.distinct import left_of
from graphkit_pipeline.evaluation.overlap import NeuronMap
from graphkit_pipeline.evaluation.synapses import MAX_DISTANCE_NM, ends_nm, match_ends, partners_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CAUSES", "FALSE_CAUSES", "Loss", "trace_loss"]

CAUSES = {
    "not_detected": "nothing was found there: no synapse within reach with at least one point in the right neuron",
    "wrong_pre": "found, but its presynaptic point lies in another neuron (or in none)",
    "wrong_post": "found, but its postsynaptic point lies in another neuron (or in none)",
    "merged": "found at the right place, on a segment that mostly belongs to another neuron",
    "split": "found at the right place, on a fragment that is not its neuron's main segment",
    "not_segmented": "found at the right place, where there is no segment",
}
"""Causes of a lost synapse, in the order in which they are named."""

FALSE_CAUSES = {
    "misassigned": "a real synapse, found between the wrong partners (it is among the lost ones as well)",
    "repeated": "found a second time: at a true synapse, in its neurons, where another found one stands for it",
    "spurious": "nothing there: no true synapse between these neurons within reach",
}
"""Causes of a found synapse that stands for none."""

_KEPT = -1
_Ends = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Loss:
    """What became of every true synapse, and where the false ones come from.

    ``cause`` is int8 [true]: -1 = kept, else the place in ``CAUSES``; ``false_cause`` int8 [found], likewise in
    ``FALSE_CAUSES``. ``stands_for`` is int64 [found]: the row of the true synapse found at that place, -1 for none.
    """

    true: int
    kept: int
    causes: dict[str, int]
    found: int
    false_causes: dict[str, int]
    cause: np.ndarray = field(repr=False)
    false_cause: np.ndarray = field(repr=False)
    stands_for: np.ndarray = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The counts."""
        return {
            "true": self.true,
            "kept": self.kept,
            "lost": self.causes,
            "found": self.found,
            "false": self.false_causes,
        }


def trace_loss(
    found: pa.Table,
    true: pa.Table,
    *,
    neurons: NeuronMap | None = None,
    true_at_found: tuple[np.ndarray, np.ndarray] | None = None,
    max_distance_nm: float = MAX_DISTANCE_NM,
) -> Loss:
    """The cause of every lost true synapse and of every false one.

    Args:
        found, true: tables of synapses, with partners and positions.
        neurons: what the found table's segments stand for; None: its ids are the true neurons'.
        true_at_found: the true neuron at each found point, pre and post; None: taken from the found ids.
    """
    found_ids, true_ids = partners_of(found), partners_of(true)
    points = tuple(ends_nm(found, s) for s in ("pre", "post")), tuple(ends_nm(true, s) for s in ("pre", "post"))
    main, most = found_ids, found_ids
    if neurons is not None:
        main = neurons.main(found_ids[0]), neurons.main(found_ids[1])
        most = neurons.majority(found_ids[0]), neurons.majority(found_ids[1])
    truth = found_ids if true_at_found is None else true_at_found

    def matched(f: np.ndarray, t: np.ndarray, allow: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        pairs, _ = match_ends(
            (points[0][0][f], points[0][1][f]),
            (points[1][0][t], points[1][1][t]),
            max_distance_nm=max_distance_nm,
            allow=lambda i, j: allow(f[i], t[j]),
        )
        return np.stack([f[pairs[:, 0]], t[pairs[:, 1]]], axis=1)

    def right(ids: _Ends) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        return lambda f, t: (ids[0][f] == true_ids[0][t]) & (ids[1][f] == true_ids[1][t])

    def half_right(f: np.ndarray, t: np.ndarray) -> np.ndarray:
        return np.asarray((truth[0][f] == true_ids[0][t]) | (truth[1][f] == true_ids[1][t]))

    n_found, n_true = found.num_rows, true.num_rows
    left_found, left_true = np.arange(n_found), np.arange(n_true)
    stages = []
    for allow in (right(main), right(truth), half_right):
        stages.append(matched(left_found, left_true, allow))
        left_found = left_of(left_found, stages[-1][:, 0])
        left_true = left_of(left_true, stages[-1][:, 1])
    kept, astray = stages[0], np.concatenate(stages[1:])

    names = list(CAUSES)
    cause = np.full(n_true, names.index("not_detected"), np.int8)
    cause[kept[:, 1]] = _KEPT
    if len(astray):
        f, t = astray.T
        ends = [_faults(true_ids[e][t], truth[e][f], found_ids[e][f], main[e][f], most[e][f]) for e in (0, 1)]
        cause[t] = [names.index(_cause(a, b)) for a, b in zip(*ends, strict=True)]

    stands_for = np.full(n_found, -1, np.int64)
    stands_for[kept[:, 0]], stands_for[astray[:, 0]] = kept[:, 1], astray[:, 1]
    false_names = list(FALSE_CAUSES)
    false_cause = np.full(n_found, false_names.index("spurious"), np.int8)
    false_cause[kept[:, 0]] = _KEPT
    false_cause[astray[:, 0]] = false_names.index("misassigned")
    false_cause[_near_its_pair(points, left_found, truth, true_ids, max_distance_nm)] = false_names.index("repeated")
    return Loss(
        true=n_true,
        kept=len(kept),
        causes={name: int((cause == k).sum()) for k, name in enumerate(names)},
        found=n_found,
        false_causes={name: int((false_cause == k).sum()) for k, name in enumerate(false_names)},
        cause=cause,
        false_cause=false_cause,
        stands_for=stands_for,
    )


def _faults(
    neuron: np.ndarray, truth: np.ndarray, segment: np.ndarray, main: np.ndarray, most: np.ndarray
) -> list[str]:
    """What is wrong at one end of each synapse: "", "wrong", "merged", "split" or "not_segmented"."""
    kinds = np.select(
        [main == neuron, truth != neuron, segment == 0, most == neuron],
        ["", "wrong", "not_segmented", "split"],
        default="merged",
    )
    return [str(kind) for kind in kinds]


def _cause(pre: str, post: str) -> str:
    if "wrong" in (pre, post):
        return "wrong_pre" if pre == "wrong" else "wrong_post"
    return next(name for name in ("merged", "split", "not_segmented") if name in (pre, post))


def _near_its_pair(
    points: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]],
    rows: np.ndarray,
    truth: _Ends,
    true_ids: _Ends,
    reach: float,
) -> np.ndarray:
    """Those of the found ``rows`` within reach of a true synapse between the neurons that they themselves lie in."""
    from scipy.spatial import cKDTree

    found, true = points
    if not len(rows) or not len(true[0]):
        return rows[:0]
    near = cKDTree(np.hstack(true)).query_ball_point(np.hstack(found)[rows], reach * np.sqrt(2.0) * (1 + 1e-9))
    again = []
    for row, hits in zip(rows, near, strict=True):
        close = [np.linalg.norm(t[hits] - f[row], axis=1) <= reach for f, t in zip(found, true, strict=True)]
        same = [t[hits] == f[row] for f, t in zip(truth, true_ids, strict=True)]
        if (close[0] & close[1] & same[0] & same[1]).any():
            again.append(row)
    return np.array(again, np.int64)
