"""The matching of synapses, against a Hungarian matching over the full table and cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.evaluation import synapses as module
from graphkit_pipeline.evaluation.synapses import ends_nm, match_ends, partners_of, score_partners
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from graphkit.errors import GraphkitError
from tests.pipeline.evaluation.scenes import LONG, synapse_table


def _random(rng: np.random.Generator, rows: int, ids: int = 3) -> pa.Table:
    """So dense that candidates compete: some have several partners, some lose theirs to a nearer one."""
    pre = rng.integers(0, 900, (rows, 3))
    return synapse_table(pre, pre + rng.integers(-150, 150, (rows, 3)), *rng.integers(0, ids, (2, rows)))


def _full_matching(found: pa.Table, true: pa.Table, reach: float = 400.0) -> tuple[int, float]:
    """How many pairs the full table of CREMI's costs gives, and their summed cost."""
    gaps = [
        np.linalg.norm(ends_nm(found, side)[:, None] - ends_nm(true, side)[None], axis=2) for side in ("pre", "post")
    ]
    same = [
        (f[:, None] == t[None]) & (t != 0)[None] for f, t in zip(partners_of(found), partners_of(true), strict=True)
    ]
    allowed = (gaps[0] <= reach) & (gaps[1] <= reach) & same[0] & same[1]
    costs = np.where(allowed, (gaps[0] + gaps[1]) / 2, 1e7)
    i, j = linear_sum_assignment(costs)
    kept = allowed[i, j]
    return int(kept.sum()), float(costs[i, j][kept].sum())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 50), st.integers(0, 50))
def test_matches_as_many_and_as_near_as_the_full_table(seed: int, n_found: int, n_true: int) -> None:
    rng = np.random.default_rng(seed)
    found, true = _random(rng, n_found), _random(rng, n_true)
    score = score_partners(found, true)
    count, cost = _full_matching(found, true)
    assert score.matched == count
    assert score.distances_nm.mean(axis=1).sum() == pytest.approx(cost)
    assert len(np.unique(score.pairs[:, 0])) == len(np.unique(score.pairs[:, 1])) == count
    assert len(score.false_rows) == n_found - count
    assert len(score.missed_rows) == n_true - count


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 25), st.integers(0, 25))
def test_what_is_found_again_is_near_one_that_is_matched(seed: int, n_found: int, n_true: int) -> None:
    """Of the rows that are false, those within reach, at both ends, of a true synapse of their two neurons, one by one."""
    rng = np.random.default_rng(seed)
    found, true = _random(rng, n_found), _random(rng, n_true)
    score = score_partners(found, true, max_distance_nm=250.0)
    (f_pre, f_post), (t_pre, t_post) = ([ends_nm(each, s) for s in ("pre", "post")] for each in (found, true))
    partners = [list(zip(*(end.tolist() for end in partners_of(each)), strict=True)) for each in (found, true)]
    matched, again = set(score.pairs[:, 1].tolist()), []
    for k in score.false_rows.tolist():
        near = [
            m
            for m in range(n_true)
            if partners[0][k] == partners[1][m]
            and 0 not in partners[0][k]
            and math.dist(f_pre[k], t_pre[m]) <= 250
            and math.dist(f_post[k], t_post[m]) <= 250
        ]
        assert matched.issuperset(near)
        gaps = [(math.dist(f_pre[k], t_pre[m]) + math.dist(f_post[k], t_post[m])) / 2 for m in near]
        again += [(k, min(gaps))] if near else []
    assert score.again[:, 0].tolist() == [k for k, _ in again]
    for (k, gap), m in zip(again, score.again[:, 1].tolist(), strict=True):
        assert partners[0][k] == partners[1][m]
        assert (math.dist(f_pre[k], t_pre[m]) + math.dist(f_post[k], t_post[m])) / 2 == pytest.approx(gap)


def test_pieces_too_large_for_a_full_table_are_matched_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    found, true = _random(rng, 150, ids=2), _random(rng, 130, ids=2)
    dense = score_partners(found, true)
    monkeypatch.setattr(module, "_DENSE_CELLS", 0)
    sparse = score_partners(found, true)
    assert dense.matched == sparse.matched > 20
    assert sparse.distances_nm.mean(axis=1).sum() == pytest.approx(dense.distances_nm.mean(axis=1).sum())


def test_two_pairs_are_taken_rather_than_the_nearest_one() -> None:
    # On a line: found 0 and 300, true 250 and 600. The nearest pair (300, 250) alone would leave two unmatched.
    line = lambda *x: np.array([(0, 0, v) for v in x])  # noqa: E731
    found = synapse_table(line(0, 300), line(0, 300), [1, 1], [2, 2])
    true = synapse_table(line(250, 600), line(250, 600), [1, 1], [2, 2])
    assert score_partners(found, true).pairs.tolist() == [[0, 0], [1, 1]]


def test_both_ends_must_be_within_the_distance_which_counts_itself() -> None:
    true = synapse_table([(0, 0, 0)], [(0, 0, 0)], [LONG], [LONG + 1])
    at = lambda pre, post: synapse_table([(0, 0, pre)], [(0, post, 0)], [LONG], [LONG + 1])  # noqa: E731
    assert score_partners(at(400, 400), true).matched == 1
    assert score_partners(at(401, 0), true).matched == 0
    assert score_partners(at(0, 401), true).matched == 0
    assert score_partners(at(401, 0), true, max_distance_nm=401).matched == 1


def test_only_the_same_two_neurons_in_the_same_direction_match() -> None:
    spot = [(0, 0, 0)]
    true = synapse_table(spot, spot, [LONG], [LONG + 1])
    pairs = [(LONG, LONG + 1), (LONG + 1, LONG), (LONG, LONG + 2), (LONG, LONG), (0, LONG + 1)]
    matched = [score_partners(synapse_table(spot, spot, [a], [b]), true).matched for a, b in pairs]
    assert matched == [1, 0, 0, 0, 0]
    nobody = synapse_table(spot, spot, [0], [0])
    assert score_partners(nobody, nobody).matched == 0


def test_figures_by_hand_and_given_neurons() -> None:
    true = synapse_table(np.zeros((4, 3)), np.zeros((4, 3)), [1, 1, 1, 2], [2, 2, 3, 3])
    found = synapse_table(np.zeros((3, 3)), np.zeros((3, 3)), [7, 7, 8], [8, 8, 9])
    assert score_partners(found, true).matched == 0
    score = score_partners(found, true, found_neurons=(np.array([1, 1, 2]), np.array([2, 2, 2])))
    assert (score.matched, score.precision, score.recall) == (2, pytest.approx(2 / 3), 0.5)
    assert score.f1 == pytest.approx(2 * 2 / 7)
    assert score.false_rows.tolist() == [2]
    assert score.missed_rows.tolist() == [2, 3]


def test_a_figure_over_nothing_is_not_a_number() -> None:
    none = synapse_table(np.zeros((0, 3)), np.zeros((0, 3)), [], [])
    one = synapse_table([(0, 0, 0)], [(0, 0, 0)], [1], [2])
    empty = score_partners(none, one)
    assert math.isnan(empty.precision)
    assert (empty.recall, empty.f1) == (0.0, 0.0)
    assert math.isnan(score_partners(none, none).f1)
    assert math.isnan(score_partners(one, none).recall)


def test_order_and_names_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    found, true = _random(rng, 80), _random(rng, 70)
    score = score_partners(found, true)
    mixed = score_partners(found.take(rng.permutation(80)), true.take(rng.permutation(70)))
    assert mixed.matched == score.matched
    names = np.array([0, LONG, 2**53 + 1, 5])
    renamed = score_partners(
        found,
        true,
        found_neurons=(names[partners_of(found)[0]], names[partners_of(found)[1]]),
        true_neurons=(names[partners_of(true)[0]], names[partners_of(true)[1]]),
    )
    assert renamed.matched == score.matched


def test_segments_stand_in_where_no_neuron_is_known() -> None:
    table = pa.table(
        {
            "pre_id": pa.array([None, LONG], pa.int64()),
            "pre_segment_id": [5, 6],
            "post_segment_id": pa.array([7, None], pa.int64()),
        }
    )
    pre, post = partners_of(table)
    assert pre.tolist() == [5, LONG]
    assert post.tolist() == [7, 0]


def test_place_alone_with_a_condition() -> None:
    here = (np.zeros((2, 3)), np.zeros((2, 3)))
    pairs, _ = match_ends(here, here, max_distance_nm=1.0, allow=lambda f, t: f != t)
    assert pairs.tolist() == [[0, 1], [1, 0]]


def test_mistakes_are_said_plainly() -> None:
    one = synapse_table([(0, 0, 0)], [(0, 0, 0)], [1], [2])
    with pytest.raises(GraphkitError, match="no column 'post_z_nm'"):
        score_partners(one.drop_columns(["post_z_nm"]), one)
    holes = one.set_column(one.column_names.index("pre_x_nm"), "pre_x_nm", pa.array([None], pa.int32()))
    with pytest.raises(GraphkitError, match="1 of 1 synapses have no pre_x_nm"):
        score_partners(holes, one)
    with pytest.raises(GraphkitError, match="nothing of their pre partner"):
        score_partners(one.drop_columns(["pre_id"]), one)
    for distance in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(GraphkitError, match="max_distance_nm"):
            score_partners(one, one, max_distance_nm=distance)
    with pytest.raises(GraphkitError, match="each of 1 synapses"):
        score_partners(one, one, found_neurons=(np.zeros(2, int), np.zeros(2, int)))
