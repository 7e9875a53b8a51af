"""Synaptic partners found against the true ones: CREMI's rule.

A found synapse can stand for a true one if its presynaptic point lies within ``max_distance_nm`` of the true
presynaptic point, its postsynaptic point within the same distance of the true postsynaptic one, and both run between the
same two neurons. Among these candidates a Hungarian matching, one to one, keeps as many as possible and of those the
nearest (mean of the two distances). Matched = true positives, found without a partner = false, true without one = missed. A
false one that could have stood for a true synapse was found before: that one has another found synapse standing for it.

Which neurons a found synapse runs between is the caller's to say, since three readings are in use, and they differ:
- the ids in the found table are the true ones (synapses assigned on the true segmentation): the default;
- the true neuron at the found point (``places.labels_at``): CREMI's own reading, blind to errors of the segmentation;
- the true neuron that the found segment stands for (``overlap.NeuronMap``): end to end, segmentation included.

Positions are read into arrays in the order (z, y, x), in nm. Neuron 0 is nobody and matches nothing.

Reference: CREMI, MICCAI challenge on circuit reconstruction from electron microscopy images (cremi.org/metrics), 2016.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.distinct import distinct, left_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_DISTANCE_NM", "PartnerScore", "ends_nm", "match_ends", "partners_of", "score_partners"]

MAX_DISTANCE_NM = 400.0
"""CREMI's matching distance, for each of the two ends."""

_DENSE_CELLS = 4_000_000
_Side = Literal["pre", "post"]


@dataclass(frozen=True, eq=False)
class PartnerScore:
    """How well synapses were found. A figure that divides by nothing (no synapse found, none there) is NaN.

    ``pairs`` is int64 [matched, 2]: the rows of the found and of the true table, in the order of the found ones;
    ``distances_nm`` is float64 [matched, 2]: between the presynaptic and between the postsynaptic points. ``again`` is int64
    [k, 2]: those of the false rows that could stand for a true synapse, for which another does, and the nearest such synapse: it
    is found a second time.
    """

    found: int
    true: int
    matched: int
    precision: float
    recall: float
    f1: float
    max_distance_nm: float
    pairs: np.ndarray = field(repr=False)
    distances_nm: np.ndarray = field(repr=False)
    again: np.ndarray = field(repr=False)

    @property
    def false_rows(self) -> np.ndarray:
        """int64 [found - matched]: rows of the found table that stand for no true synapse."""
        return left_of(np.arange(self.found), self.pairs[:, 0])

    @property
    def missed_rows(self) -> np.ndarray:
        """int64 [true - matched]: rows of the true table that nothing found stands for."""
        return left_of(np.arange(self.true), self.pairs[:, 1])

    @property
    def median_distance_nm(self) -> float:
        """Median over the matched of the mean of both distances; NaN where nothing matched."""
        return float(np.median(self.distances_nm.mean(axis=1))) if self.matched else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """The figures, without the rows."""
        return {
            "found": self.found,
            "true": self.true,
            "matched": self.matched,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "median_distance_nm": self.median_distance_nm,
            "max_distance_nm": self.max_distance_nm,
        }


def score_partners(
    found: pa.Table,
    true: pa.Table,
    *,
    max_distance_nm: float = MAX_DISTANCE_NM,
    found_neurons: tuple[np.ndarray, np.ndarray] | None = None,
    true_neurons: tuple[np.ndarray, np.ndarray] | None = None,
) -> PartnerScore:
    """Precision, recall and F1 of the synapses of ``found`` against those of ``true``, by CREMI's rule.

    Args:
        found, true: one row a pair of partners, with the columns ``pre_x_nm`` ... ``post_z_nm``.
        found_neurons: the true neuron at the pre and post end of each found row (int64 [n] each; 0 = nobody).
            None: the found table's own ids (``partners_of``) are the true neurons'.
        true_neurons: likewise for the true rows; None: the true table's own ids.

    Raises:
        GraphkitError: a position is missing, or the distance is not above 0.
    """
    if not max_distance_nm > 0 or not np.isfinite(max_distance_nm):
        raise GraphkitError(f"max_distance_nm must be a length above 0 nm, got {max_distance_nm!r}.")
    found_ids = partners_of(found) if found_neurons is None else found_neurons
    true_ids = partners_of(true) if true_neurons is None else true_neurons
    candidates = _candidates(
        (ends_nm(found, "pre"), ends_nm(found, "post")),
        (ends_nm(true, "pre"), ends_nm(true, "post")),
        max_distance_nm,
        _checked(found_ids, found.num_rows),
        _checked(true_ids, true.num_rows),
    )
    pairs, distances = _matched(*candidates, max_distance_nm)
    n_found, n_true, matched = found.num_rows, true.num_rows, len(pairs)
    return PartnerScore(
        found=n_found,
        true=n_true,
        matched=matched,
        precision=matched / n_found if n_found else float("nan"),
        recall=matched / n_true if n_true else float("nan"),
        f1=2 * matched / (n_found + n_true) if n_found + n_true else float("nan"),
        max_distance_nm=max_distance_nm,
        pairs=pairs,
        distances_nm=distances,
        again=_again(*candidates, pairs[:, 0]),
    )


def ends_nm(synapses: pa.Table, side: _Side) -> np.ndarray:
    """float64 [n, 3], (z, y, x) in nm: the presynaptic or postsynaptic points of a table of synapses.

    Raises:
        GraphkitError: a column is not there, or a position is null.
    """
    columns = []
    for axis in "zyx":
        name = f"{side}_{axis}_nm"
        if name not in synapses.column_names:
            raise GraphkitError(
                f"The synapses have no column {name!r}; they are matched by position.",
                hint="Each needs pre_x_nm, pre_y_nm, pre_z_nm, post_x_nm, post_y_nm and post_z_nm, in nm.",
            )
        column = synapses[name]
        if column.null_count:
            raise GraphkitError(
                f"{column.null_count:,} of {synapses.num_rows:,} synapses have no {name}; "
                "they are matched by position, and each must have one."
            )
        columns.append(column.to_numpy().astype(np.float64))
    return np.stack(columns, axis=1)


def partners_of(synapses: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """(int64 [n], int64 [n]): the ids at the pre and at the post end, 0 where there is none.

    ``pre_id`` and ``post_id`` where the table has them, else (or where they are null) ``pre_segment_id`` and
    ``post_segment_id``.

    Raises:
        GraphkitError: the table has neither.
    """
    return _ids(synapses, "pre"), _ids(synapses, "post")


def _ids(synapses: pa.Table, side: _Side) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [n for n in (f"{side}_id", f"{side}_segment_id") if n in synapses.column_names]
    if not names:
        raise GraphkitError(
            f"The synapses say nothing of their {side} partner: expected a column {side}_id or {side}_segment_id, "
            f"found {', '.join(synapses.column_names) or 'no columns'}."
        )
    columns = [synapses[name].cast(pa.int64()) for name in names]
    filled = pc.fill_null(pc.coalesce(*columns), 0)
    return np.asarray(filled.to_numpy(), dtype=np.int64)


def _checked(neurons: tuple[np.ndarray, np.ndarray], rows: int) -> tuple[np.ndarray, np.ndarray]:
    pre, post = (np.asarray(side) for side in neurons)
    if pre.shape != (rows,) or post.shape != (rows,):
        raise GraphkitError(
            f"Expected a neuron for each of {rows:,} synapses, got shapes {pre.shape} and {post.shape}."
        )
    return pre.astype(np.int64, copy=False), post.astype(np.int64, copy=False)


# -- the matching ---------------------------------------------------------------------------------------------------


def match_ends(
    found: tuple[np.ndarray, np.ndarray],
    true: tuple[np.ndarray, np.ndarray],
    *,
    max_distance_nm: float,
    found_neurons: tuple[np.ndarray, np.ndarray] | None = None,
    true_neurons: tuple[np.ndarray, np.ndarray] | None = None,
    allow: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(int64 [k, 2], float64 [k, 2]): matched rows (found, true) and the distances at their pre and post ends.

    As many pairs as possible, and of those the nearest. ``found`` and ``true`` are the pre and the post points, each
    float64 [n, 3] in nm. Without neurons, place alone decides, and what ``allow(found rows, true rows)`` says of each
    pair of rows (bool).
    """
    rows, columns, distances = _candidates(found, true, max_distance_nm, found_neurons, true_neurons)
    if allow is not None:
        allowed = allow(rows, columns)
        rows, columns, distances = rows[allowed], columns[allowed], distances[allowed]
    return _matched(rows, columns, distances, max_distance_nm)


def _matched(
    rows: np.ndarray, columns: np.ndarray, distances: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """What is chosen of the candidates: rows (found, true), in the order of the found ones, and distances."""
    chosen = _assign(rows, columns, distances.mean(axis=1), reach)
    chosen = chosen[np.argsort(rows[chosen], kind="stable")]
    return np.stack([rows[chosen], columns[chosen]], axis=1).astype(np.int64), distances[chosen]


def _again(rows: np.ndarray, columns: np.ndarray, distances: np.ndarray, matched: np.ndarray) -> np.ndarray:
    """Of the candidates' rows those that are not matched, and the nearest column of each: as many as possible are matched, so
    that each of its columns is, with another row."""
    left = np.flatnonzero(~np.isin(rows, matched))
    left = left[np.lexsort((distances[left].mean(axis=1), rows[left]))]
    left = left[np.flatnonzero(np.diff(rows[left], prepend=-1))]
    return np.stack([rows[left], columns[left]], axis=1).astype(np.int64)


def _candidates(
    found: tuple[np.ndarray, np.ndarray],
    true: tuple[np.ndarray, np.ndarray],
    reach: float,
    found_neurons: tuple[np.ndarray, np.ndarray] | None,
    true_neurons: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and [n, 2] distances of every pair that may be matched."""
    from scipy.spatial import cKDTree

    found_rows, true_rows = np.arange(len(found[0])), np.arange(len(true[0]))
    found_points, true_points = np.hstack(found), np.hstack(true)
    if found_neurons is not None and true_neurons is not None:
        # The pair of neurons becomes a seventh coordinate, so far apart that only equal pairs are near.
        found_code, true_code = _pair_codes(found_neurons, true_neurons)
        found_rows, true_rows = np.flatnonzero(found_code >= 0), np.flatnonzero(true_code >= 0)
        found_points = np.column_stack([found_points, found_code * 4.0 * reach])[found_rows]
        true_points = np.column_stack([true_points, true_code * 4.0 * reach])[true_rows]
    if not len(found_rows) or not len(true_rows):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2))
    # Both ends within reach puts the joined points within sqrt(2) times it; the exact test follows.
    near = cKDTree(found_points).sparse_distance_matrix(
        cKDTree(true_points), reach * np.sqrt(2.0) * (1 + 1e-9), output_type="ndarray"
    )
    near = near[np.lexsort((near["j"], near["i"]))]
    rows, columns = found_rows[near["i"]], true_rows[near["j"]]
    distances = np.stack(
        [np.linalg.norm(f[rows] - t[columns], axis=1) for f, t in zip(found, true, strict=True)], axis=1
    )
    keep = (distances <= reach).all(axis=1)
    return rows[keep], columns[keep], distances[keep]


def _pair_codes(
    found: tuple[np.ndarray, np.ndarray], true: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """A number for each true pair of neurons, the same for the found ones between them; -1 for all others."""
    ids = distinct(np.concatenate(true))
    ids = ids[ids != 0]

    def joined(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        out = np.zeros(len(pair[0]), np.int64)
        for side in pair:
            place = np.searchsorted(ids, side)
            known = (
                (place < len(ids)) & (ids[np.minimum(place, len(ids) - 1)] == side)
                if len(ids)
                else np.zeros(len(side), bool)
            )
            out = np.where(known & (out >= 0), out * len(ids) + place, -1)
        return out

    true_joined, found_joined = joined(true), joined(found)
    codes = distinct(true_joined[true_joined >= 0])
    if not len(codes):
        return np.full(len(found_joined), -1), np.full(len(true_joined), -1)

    def ranked(values: np.ndarray) -> np.ndarray:
        place = np.minimum(np.searchsorted(codes, values), len(codes) - 1)
        return np.where(codes[place] == values, place, -1)

    return ranked(found_joined), ranked(true_joined)


def _assign(rows: np.ndarray, columns: np.ndarray, costs: np.ndarray, reach: float) -> np.ndarray:
    """Which candidates a matching of most pairs and then least cost takes (indexes into them).

    Solved one connected piece of the candidate graph at a time: pieces are small where synapses are sparse, and most
    have a single candidate, which needs no solving.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(rows):
        return np.zeros(0, np.int64)
    _, found_nodes = np.unique(rows, return_inverse=True)
    _, true_nodes = np.unique(columns, return_inverse=True)
    n_found, n_true = int(found_nodes.max()) + 1, int(true_nodes.max()) + 1
    size = n_found + n_true
    graph = coo_array((np.ones(len(rows), np.int8), (found_nodes, true_nodes + n_found)), shape=(size, size))
    _, piece = connected_components(graph, directed=False)
    order = np.argsort(piece[found_nodes], kind="stable")
    starts = np.flatnonzero(np.diff(piece[found_nodes][order], prepend=-1))
    chosen: list[np.ndarray] = []
    for members in np.split(order, starts[1:]):
        chosen.append(
            members if len(members) == 1 else members[_solve(rows[members], columns[members], costs[members], reach)]
        )
    return np.concatenate(chosen)


def _solve(rows: np.ndarray, columns: np.ndarray, costs: np.ndarray, reach: float) -> np.ndarray:
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    _, i = np.unique(rows, return_inverse=True)
    _, j = np.unique(columns, return_inverse=True)
    height, width = int(i.max()) + 1, int(j.max()) + 1
    # Leaving a pair unmatched costs more than any matching of the rest, so that the number of pairs comes first.
    unmatched = (min(height, width) + 1) * reach * 2.0
    which = np.arange(len(rows))
    if height * width <= _DENSE_CELLS:
        table = np.full((height, width), unmatched)
        place = np.full((height, width), -1)
        table[i, j], place[i, j] = costs, which
        taken = place[linear_sum_assignment(table)]
    else:  # each row gets a column of its own to stay unmatched in; +1, since a sparse zero is no entry
        alone = np.arange(height)
        weights = np.concatenate([costs + 1.0, np.full(height, unmatched + 1.0)])
        cells = (np.concatenate([i, alone]), np.concatenate([j, width + alone]))
        matched = min_weight_full_bipartite_matching(
            coo_array((weights, cells), shape=(height, width + height)).tocsr()
        )
        number = {(int(a), int(b)): int(w) for a, b, w in zip(i, j, which, strict=True)}
        taken = np.array([number.get((int(a), int(b)), -1) for a, b in zip(*matched, strict=True)])
    return np.asarray(taken[taken >= 0])
