"""Expected run length on cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.evaluation.places import ArrayVolume
from graphkit_pipeline.evaluation.run_length import run_length_of_labels, run_lengths
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphkitError


def _line(*lengths: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Straight skeletons of so many edges of 10 nm each: neuron of each node, points, edges."""
    neuron, points, edges = [], [], []
    for k, length in enumerate(lengths):
        first = len(neuron)
        neuron += [k + 1] * (length + 1)
        points += [(0.0, 1000.0 * k, 10.0 * i) for i in range(length + 1)]
        edges += [(first + i + 1, first + i) for i in range(length)]
    return np.array(neuron), np.array(points), np.array(edges)


def test_whole_skeletons_run_their_length() -> None:
    neuron, points, edges = _line(30, 10)
    score = run_length_of_labels(neuron, points, edges, neuron + 5, merge_nodes=1)
    assert score.expected_nm == score.possible_nm == pytest.approx((300**2 + 100**2) / 400)
    assert (score.correct, score.cable_nm, score.skeletons) == (1.0, 400.0, 2)
    assert score.runs_nm.tolist() == [300.0, 100.0]


def test_a_cut_loses_its_edge_and_shortens_the_runs() -> None:
    neuron, points, edges = _line(30)
    labels = np.where(np.arange(31) < 11, 7, 8)  # 10 edges, a cut edge, 19 edges
    score = run_length_of_labels(neuron, points, edges, labels, merge_nodes=1)
    assert score.expected_nm == pytest.approx((100**2 + 190**2) / 300)
    assert (score.correct, score.split) == (pytest.approx(29 / 30), pytest.approx(1 / 30))


def test_a_hole_counts_as_not_labelled() -> None:
    neuron, points, edges = _line(30)
    labels = np.full(31, 7)
    labels[10] = 0
    score = run_length_of_labels(neuron, points, edges, labels, merge_nodes=1)
    assert score.unlabelled == pytest.approx(2 / 30)
    # Both sides carry one label: one run of 28 edges, as in the published measure.
    assert score.expected_nm == pytest.approx(280**2 / 300)


def test_one_stray_node_zeroes_a_segment_in_the_strict_form_alone() -> None:
    neuron, points, edges = _line(100, 60)
    labels = np.where(neuron == 1, 7, 8)
    labels[101] = 7  # the first node of the second skeleton
    strict = run_length_of_labels(neuron, points, edges, labels, merge_nodes=1)
    assert strict.merging_segments == 1
    assert strict.expected_nm == pytest.approx(590**2 / 1600)
    assert strict.merged == pytest.approx(1000 / 1600)
    tolerant = run_length_of_labels(neuron, points, edges, labels, merge_nodes=50)
    assert tolerant.merging_segments == 0
    assert tolerant.expected_nm == pytest.approx((1000**2 + 590**2) / 1600)


@pytest.mark.parametrize(("stray", "merging"), [(49, 0), (50, 1)])
def test_fifty_nodes_are_not_tolerated(stray: int, merging: int) -> None:
    neuron, points, edges = _line(100, 100)
    labels = np.where(neuron == 1, 7, 8)
    labels[101 : 101 + stray] = 7
    score = run_length_of_labels(neuron, points, edges, labels, merge_nodes=50)
    assert score.merging_segments == merging
    own = 1000.0 if not merging else 0.0
    rest = 10.0 * (100 - stray)
    assert score.expected_nm == pytest.approx((own**2 + rest**2) / 2000)
    astray = 10.0 * (stray - 1)  # the second skeleton's edges in the first one's segment are errors either way
    assert score.merged == pytest.approx((astray + (1000.0 - own)) / 2000)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_fractions_add_up_and_tolerance_never_hurts(seed: int, tolerance: int) -> None:
    rng = np.random.default_rng(seed)
    neuron, points, edges = _line(*rng.integers(1, 80, 4).tolist())
    labels = np.repeat(rng.integers(0, 6, len(neuron)), 12)[: len(neuron)]
    strict = run_length_of_labels(neuron, points, edges, labels, merge_nodes=1)
    loose = run_length_of_labels(neuron, points, edges, labels, merge_nodes=tolerance)
    for score in (strict, loose):
        assert score.correct + score.split + score.unlabelled + score.merged == pytest.approx(1.0)
        assert 0 <= score.expected_nm <= score.possible_nm * (1 + 1e-9)
    assert loose.expected_nm >= strict.expected_nm - 1e-9


def _table(rows: list[tuple[int, int, int, int]]) -> pa.Table:
    neuron, node, parent, x = np.array(rows).T
    zeros = np.full(len(rows), 4, np.int32)
    return pa.table(
        {"neuron_id": neuron, "node": node, "parent": parent, "x_nm": x.astype(np.int32), "y_nm": zeros, "z_nm": zeros}
    )


def test_from_a_volume_children_before_parents_and_nodes_outside() -> None:
    labels = np.full((1, 1, 10), 9, np.int64)
    labels[0, 0, 5:] = 11
    # Nodes at the centres of voxels 0 ... 9 and two beyond the volume, last ones first.
    rows = [(3, k, k - 1, 8 * k + 4) for k in range(11, -1, -1)]
    scores = run_lengths(_table(rows), ArrayVolume(labels, (8, 8, 8)))
    assert scores["strict"].cable_nm == 72.0
    assert scores["strict"].expected_nm == pytest.approx((32**2 + 32**2) / 72)
    assert set(scores) == {"strict", "tolerant"}


def test_mistakes_are_said_plainly() -> None:
    volume = ArrayVolume(np.ones((1, 1, 10), np.int64), (8, 8, 8))
    with pytest.raises(GraphkitError, match="Node 2 of the skeleton of neuron 3 names the parent 7"):
        run_lengths(_table([(3, 1, -1, 4), (3, 2, 7, 12)]), volume)
    neuron, points, edges = _line(3)
    with pytest.raises(GraphkitError, match="at least 1"):
        run_length_of_labels(neuron, points, edges, neuron, merge_nodes=0)
    alone = run_lengths(_table([(3, 1, -1, 4)]), volume)["strict"]
    assert math.isnan(alone.expected_nm)
