"""Rates of the error model: reconstructions that err as the model says give its rates back, and hand-made ones by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.evaluate import evaluate
from graphkit_pipeline.evaluation.error_rates import ErrorRates, error_rates
from graphkit_pipeline.evaluation.overlap import NeuronMap, Overlap
from graphkit_pipeline.evaluation.synapses import ends_nm, score_partners

import graphkit
from graphkit.algorithms.error_model import ErrorModel
from tests.pipeline.evaluation.scenes import LONG, scene, synapse_table

FAR = 10_000
RING = Path(__file__).parents[3] / "data-samples" / "ring"


def _measured(
    seed: int, *, missed: float, false: float, split: float, merged: float, duplicated: float, neurons: int
) -> ErrorRates:
    """Of synapses far from each other whose neurons err by the model's definitions; half of a neuron's ends make a voxel."""
    rng = np.random.default_rng(seed)
    n = 40 * neurons
    weights = rng.lognormal(0, 1, neurons)
    true = tuple(rng.choice(neurons, n, p=weights / weights.sum()) for _ in range(2))
    part = np.where(rng.random(neurons) < split, rng.uniform(0, 0.5, neurons), 0.0)
    second = tuple(rng.random(n) < part[end] for end in true)
    becomes = np.arange(neurons)
    pairs = rng.permutation(neurons)[: 2 * (rng.binomial(neurons, merged) // 2)].reshape(-1, 2)
    becomes[pairs[:, 1]] = pairs[:, 0]
    ids = LONG + np.arange(2 * neurons)
    at_true = tuple(np.where(s, ids[neurons + end], ids[becomes[end]]) for s, end in zip(second, true, strict=True))
    lies = np.concatenate(at_true), np.concatenate(true) + 1
    cells, voxels = np.unique(np.stack(lies), axis=1, return_counts=True)
    owners = NeuronMap.of(Overlap(cells[0], cells[1], voxels))
    lot = rng.random(n)
    there = np.flatnonzero(lot >= missed)
    twice = np.flatnonzero(lot >= 1 - duplicated)
    extra = rng.poisson(false * n)
    place = FAR * np.stack([np.zeros(n + extra), *np.divmod(np.arange(n + extra), 1000)], axis=1)
    real = synapse_table(place[:n], place[:n], true[0] + 1, true[1] + 1)
    rows = np.concatenate([there, twice, np.arange(n, n + extra)])
    ends = [np.concatenate([end[there], end[twice], rng.choice(neurons, extra)]) + 1 for end in true]
    shift = rng.integers(-200, 200, (2, len(rows), 3))  # within CREMI's distance of the true one
    found = synapse_table(place[rows] + shift[0], place[rows] + shift[1], *ends)
    segments = tuple(np.full(len(rows), LONG) for _ in range(2))
    score = score_partners(found, real)
    return error_rates(
        score, segments, tuple(end + 1 for end in true), neurons=owners, found_at_true=at_true
    )  # fmt: skip


@pytest.mark.parametrize(
    "rates",
    [
        {"missed": 0.0, "false": 0.0, "split": 0.0, "merged": 0.0, "duplicated": 0.0},
        {"missed": 0.12, "false": 0.07, "split": 0.0, "merged": 0.0, "duplicated": 0.0},
        {"missed": 0.0, "false": 0.0, "split": 0.3, "merged": 0.0, "duplicated": 0.0},
        {"missed": 0.0, "false": 0.0, "split": 0.0, "merged": 0.2, "duplicated": 0.0},
        {"missed": 0.0, "false": 0.0, "split": 0.0, "merged": 0.0, "duplicated": 0.15},
        {"missed": 0.4, "false": 0.1, "split": 0.0, "merged": 0.0, "duplicated": 0.6},
        {"missed": 0.05, "false": 0.2, "split": 0.1, "merged": 0.06, "duplicated": 0.1},
    ],
)
def test_a_reconstruction_that_errs_as_the_model_gives_its_rates(rates: dict[str, float]) -> None:
    found = _measured(3, **rates, neurons=3000 if rates["split"] or rates["merged"] else 500)
    for name, rate in rates.items():
        assert getattr(found, name) == pytest.approx(rate, rel=0.15, abs=1e-9), name
    assert found.most == ()


def _by_hand(owners: list[tuple[int, int, int]], at: list[tuple[int, int]], true: list[tuple[int, int]]) -> ErrorRates:
    places = np.array([(0, 0, FAR * k) for k in range(len(true))])
    pre, post = np.array(true).T
    real = synapse_table(places, places, pre, post)
    neurons = NeuronMap.of(Overlap(*np.array(owners).T))
    at_pre, at_post = np.array(at).T
    return error_rates(
        score_partners(real, real), (pre, post), (pre, post), neurons=neurons, found_at_true=(at_pre, at_post)
    )


def test_a_fragment_and_a_merger_counted_by_hand() -> None:
    # Segment 11 is 1's and 12 is 2's; 13 is a fragment of 1; a branch of 3, whose own segment is 14, runs on into 12.
    owners = [(11, 1, 90), (12, 2, 90), (12, 3, 30), (13, 1, 9), (14, 3, 90)]
    true = [(1, 2), (1, 2), (1, 3), (3, 2), (3, 1), (2, 3)]
    at = [(11, 12), (13, 12), (11, 14), (14, 12), (14, 11), (0, 12)]
    found = _by_hand(owners, at, true)
    # Eleven ends lie on segments: 4 of neuron 1, 3 of 2, 4 of 3. One is on 13, one on 12 though it is 3's.
    assert found.split == pytest.approx((1 / 11) / 0.25)
    assert found.merged == pytest.approx(1 / ((3 + 3 + 4) / 3) * 2 / 3)


def test_what_is_more_than_the_model_can_have_says_so() -> None:
    found = _by_hand([(11, 1, 9), (12, 1, 8), (13, 2, 9)], [(12, 13)] * 4, [(1, 2)] * 4)
    assert (found.split, found.merged, found.most) == (1.0, 0.0, ("split",))
    nothing = synapse_table(np.zeros((0, 3)), np.zeros((0, 3)), [], [])
    real = synapse_table(np.zeros((1, 3)), np.zeros((1, 3)), [1], [2])
    empty = np.zeros(0, np.int64)
    found = error_rates(score_partners(nothing, real), (empty, empty), (np.array([1]), np.array([2])))
    assert (found.missed, found.false, found.duplicated, found.most) == (0.999, 0.0, 0.0, ("missed",))
    thrice = real.take([0, 0, 0, 0])
    found = error_rates(score_partners(thrice, real), (np.ones(4), np.ones(4)), (np.array([1]), np.array([2])))
    assert (found.missed, found.false, found.duplicated, found.most) == (0.0, 0.0, 1.0, ("duplicated",))
    assert (found.again, found.apart) == (3, 0)
    other = np.array([7, 7, 8, 9]), np.array([5, 5, 5, 5])  # the first stands for the true one; the others repeat it
    found = error_rates(score_partners(thrice, real), other, (np.array([1]), np.array([2])))
    assert (found.again, found.apart) == (3, 2)


def test_a_synapse_on_nobody_counts_as_missed() -> None:
    place = np.array([(0, 0, 0), (0, 0, FAR)])
    real = synapse_table(place, place, [1, 1], [2, 2])
    found = error_rates(score_partners(real, real), (np.array([5, 5]), np.array([6, 0])), (np.ones(2), np.full(2, 2)))
    assert (found.missed, found.false) == (0.5, 0.0)
    assert math.isnan(found.split)
    assert found.clause == "missed 50 %, false 0 %, duplicated 0 %"


def test_the_clause_is_one_that_a_question_takes() -> None:
    brain = graphkit.open(RING)
    clause = ErrorRates(0.123456, 0.05, 0.0000123, 0.2, 0.1).clause
    answer = brain.query(f"statistics in EB with 2 error model {clause}")
    assert any(
        "12.3 % of synapses missed, 5 % as many false, 10 % of synapses found twice, 0.00123 % of neurons split, 20 % of"
        in note
        for note in answer.notes
    )
    for missed in np.arange(
        0, 999, 0.97
    ).tolist():  # where all that are found are found twice, rounding makes no more of them
        clause = ErrorRates(missed / 1000, 0, 0, 0, 1 - missed / 1000).clause
        found, twice = (float(clause.split()[at]) / 100 for at in (1, 7))
        assert ErrorModel(found, duplicated=twice).duplicated == pytest.approx(1 - missed / 1000, rel=0.01, abs=1e-3)


def test_what_is_found_beside_the_synapses_of_a_scene() -> None:
    """Three found again: a little off, on nobody (which is not in the graph), and where the other one is on nobody; two false."""
    truth = scene()
    real = truth.synapses
    assert real is not None
    rows = [*range(60), 4, 5, 6, 7, 8]
    pre, post = (real[name].to_numpy()[rows].copy() for name in ("pre_id", "post_id"))
    pre[[6, 61]] = 0, 0
    points = {side: ends_nm(real, side)[rows] for side in ("pre", "post")}
    points["pre"][60] += 5
    pre[63:], post[63:] = post[63:].copy(), pre[63:].copy()  # the other way round
    points["pre"][63:], points["post"][63:] = points["post"][63:].copy(), points["pre"][63:].copy()
    found = synapse_table(points["pre"], points["post"], pre, post)
    evaluation = evaluate(truth, segmentation=truth.segments, synapses=found)
    rates, found_lines = evaluation.error_rates, evaluation.summary()
    assert rates is not None
    assert (rates.missed, rates.false, rates.duplicated) == (0.0, 2 / 60, 1 / 60)
    assert (rates.again, rates.apart) == (1, 0)
    assert found_lines[-2] == "found twice    1 of 65: 0 of them on other segments"


def test_evaluating_the_truth_itself_finds_no_errors() -> None:
    truth = scene()
    found = evaluate(truth, segmentation=truth.segments, synapses=truth.synapses)
    assert found.error_rates == ErrorRates(0.0, 0.0, 0.0, 0.0, 0.0)
    clause = "missed 0 %, false 0 %, duplicated 0 %, split 0 %, merged 0 %"
    assert found.summary()[-1] == f"error model    {clause}"
    assert found.to_dict()["error_model"]["clause"] == clause
    assert evaluate(truth, segmentation=truth.segments).error_rates is None
