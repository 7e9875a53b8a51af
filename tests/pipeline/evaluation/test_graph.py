"""Connections and causes of loss: scipy and dense matrices as oracles, and a scene with one synapse of every cause."""

from __future__ import annotations

import math

import numpy as np
import pytest
from graphkit_pipeline.evaluation.connections import named, score_connections
from graphkit_pipeline.evaluation.loss import CAUSES, trace_loss
from graphkit_pipeline.evaluation.overlap import NeuronMap, Overlap
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from graphkit.errors import GraphkitError
from tests.pipeline.evaluation.scenes import LONG, synapse_table


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_against_dense_matrices(seed: int, threshold: int) -> None:
    rng = np.random.default_rng(seed)
    ids = np.array([0, LONG, LONG + 1, 2**53 + 1, 4])
    found, true = ((ids[rng.integers(0, 5, n)], ids[rng.integers(0, 5, n)]) for n in rng.integers(5, 80, 2))
    score = score_connections(found, true, min_synapses=threshold)
    dense = []
    for pre, post in (found, true):
        matrix = np.zeros((5, 5), int)
        np.add.at(matrix, (np.searchsorted(np.sort(ids), pre), np.searchsorted(np.sort(ids), post)), 1)
        matrix[matrix < threshold] = 0
        dense.append(matrix[1:, 1:])
    f, t = (m.ravel() for m in dense)
    assert score.found == np.count_nonzero(f)
    assert score.true == np.count_nonzero(t)
    assert score.matched == np.count_nonzero((f > 0) & (t > 0))
    union = (f > 0) | (t > 0)
    if union.sum() > 1 and np.ptp(f[union]) and np.ptp(t[union]):
        assert score.pearson == pytest.approx(pearsonr(f[union], t[union])[0])
        assert score.spearman == pytest.approx(spearmanr(f[union], t[union])[0])
    else:
        assert math.isnan(score.pearson)
    present = np.flatnonzero((dense[0] + dense[1]).any(axis=0) | (dense[0] + dense[1]).any(axis=1))
    a, b = (m[np.ix_(present, present)].ravel() for m in dense)
    if len(a) and np.ptp(a) and np.ptp(b):
        assert score.pearson_all == pytest.approx(pearsonr(a, b)[0])


def test_fragments_keep_a_name_of_their_own() -> None:
    assert named(np.array([0, 5, 6, LONG]), np.array([0, 2, 0, 0])).tolist() == [0, 2, -6, -LONG]
    score = score_connections((np.array([1, -6]), np.array([2, 2])), (np.array([1, 1]), np.array([2, 2])))
    assert (score.found, score.true, score.matched) == (2, 1, 1)
    with pytest.raises(GraphkitError, match="at least 1"):
        score_connections((np.array([1]), np.array([2])), (np.array([1]), np.array([2])), min_synapses=0)


def test_every_cause_is_told_from_the_others() -> None:
    # Neurons 1 and 2. Segments: 11 = main of 1, 12 = main of 2, 13 = a fragment of 1, 14 = mostly neuron 3.
    neurons = NeuronMap.of(Overlap(*np.array([(11, 1, 90), (12, 2, 90), (13, 1, 9), (14, 1, 5), (14, 3, 90)]).T))
    far = 10_000
    cases = [  # (found segments, truth at the found points) of the found synapse, or None; the outcome
        ((11, 12), (1, 2), "kept"),
        (None, None, "not_detected"),
        ((14, 12), (3, 2), "wrong_pre"),
        ((11, 14), (1, 3), "wrong_post"),
        ((14, 12), (1, 2), "merged"),
        ((13, 12), (1, 2), "split"),
        ((0, 12), (1, 2), "not_segmented"),
        ((14, 14), (3, 3), "not_detected"),  # both ends elsewhere: another thing altogether
        ((13, 14), (1, 3), "wrong_post"),  # two faults: the first in order
    ]
    places = np.array([(0, 0, far * k) for k in range(len(cases))])
    true = synapse_table(places, places, [1] * len(cases), [2] * len(cases))
    there = [k for k, case in enumerate(cases) if case[0]]
    segments = np.array([cases[k][0] for k in there])
    at_place = np.array([cases[k][1] for k in there])
    found = synapse_table(places[there] + 50, places[there] - 50, segments[:, 0], segments[:, 1])
    loss = trace_loss(found, true, neurons=neurons, true_at_found=(at_place[:, 0], at_place[:, 1]))
    names = ["kept" if c < 0 else list(CAUSES)[c] for c in loss.cause]
    assert names == [case[2] for case in cases]
    assert loss.kept + sum(loss.causes.values()) == len(cases)
    assert loss.false_causes == {"misassigned": 6, "repeated": 0, "spurious": 1}
    assert loss.stands_for[0] == 0


def test_a_second_find_is_repeated_and_a_stray_one_spurious() -> None:
    true = synapse_table([(0, 0, 0)], [(0, 0, 100)], [1], [2])
    found = synapse_table(
        [(0, 0, 0), (0, 0, 30), (0, 0, 5000)], [(0, 0, 100), (0, 0, 130), (0, 0, 5100)], [1, 1, 1], [2, 2, 2]
    )
    loss = trace_loss(found, true)
    assert loss.kept == 1
    assert loss.false_causes == {"misassigned": 0, "repeated": 1, "spurious": 1}


def test_without_synapses_everything_is_undetected() -> None:
    none = synapse_table(np.zeros((0, 3)), np.zeros((0, 3)), [], [])
    true = synapse_table([(0, 0, 0)], [(0, 0, 100)], [1], [2])
    assert trace_loss(none, true).causes["not_detected"] == 1
    assert trace_loss(true, none).false_causes["spurious"] == 1
