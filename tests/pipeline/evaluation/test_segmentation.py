"""VI, adapted Rand and worst errors, against scikit-image and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from graphkit_pipeline.evaluation.overlap import NeuronMap, Overlap, count_overlap
from graphkit_pipeline.evaluation.places import ArrayVolume
from graphkit_pipeline.evaluation.segmentation import locate, score_overlap, worst_errors
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import adapted_rand_error, variation_of_information

from graphkit.errors import GraphkitError
from tests.pipeline.evaluation.scenes import LONG


def _labels(seed: int, shape: tuple[int, int, int] = (6, 7, 9), ids: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, ids, shape)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_as_scikit_image(seed: int, ids: int) -> None:
    true, found = _labels(seed, ids=ids + 1), _labels(seed + 1)
    overlap = count_overlap([(found, true)])
    whole = score_overlap(overlap, "everything")
    assert (whole.vi_split, whole.vi_merge) == pytest.approx(tuple(variation_of_information(true, found)), abs=1e-12)
    assert whole.rand_error == pytest.approx(adapted_rand_error(true, found, ignore_labels=())[0])
    score = score_overlap(overlap)
    error, by_true, by_found = adapted_rand_error(true, found, ignore_labels=(0,))
    assert score.rand_error == pytest.approx(error)
    # scikit-image calls the share of truly joined pairs precision; by its own definition that is the recall.
    assert (score.rand_precision, score.rand_recall) == pytest.approx((by_found, by_true))
    inside = true > 0
    flat = variation_of_information(true[inside][None, None], found[inside][None, None])
    assert (score.vi_split, score.vi_merge) == pytest.approx(tuple(flat), abs=1e-12)
    assert score.voxels == inside.sum()
    both = inside & (found > 0)
    strict = score_overlap(overlap, "both_labelled")
    flat = variation_of_information(true[both][None, None], found[both][None, None])
    assert (strict.vi_split, strict.vi_merge) == pytest.approx(tuple(flat), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_slabs_and_names_do_not_matter(seed: int, cuts: int) -> None:
    true, found = _labels(seed), _labels(seed + 7)
    whole = count_overlap([(found, true)])
    parts = count_overlap(zip(np.array_split(found, cuts), np.array_split(true, cuts), strict=True))
    assert [a.tolist() for a in (whole.found, whole.true, whole.voxels)] == [
        a.tolist() for a in (parts.found, parts.true, parts.voxels)
    ]
    names = np.array([0, LONG, 2**53 + 1, 2**62, 3])
    assert score_overlap(count_overlap([(names[found], names[true])])).vi_sum == pytest.approx(
        score_overlap(whole).vi_sum
    )


def test_overlap_counts_every_pair() -> None:
    true, found = _labels(1), _labels(2)
    overlap = count_overlap([(found, true)])
    for f, t, voxels in zip(overlap.found, overlap.true, overlap.voxels, strict=True):
        assert voxels == np.count_nonzero((found == f) & (true == t))
    assert overlap.total == true.size


def test_one_neuron_in_halves_is_one_bit_of_split() -> None:
    true = np.ones((4, 4, 4), np.int64)
    found = true.copy()
    found[:2] = 2
    split = score_overlap(count_overlap([(found, true)]))
    assert (split.vi_split, split.vi_merge) == (1.0, 0.0)
    assert (split.rand_precision, split.rand_recall) == (1.0, pytest.approx(2 * 32 * 31 / (64 * 63)))
    merge = score_overlap(count_overlap([(true, found)]))
    assert (merge.vi_split, merge.vi_merge) == (0.0, 1.0)
    assert merge.rand_recall == 1.0
    same = score_overlap(count_overlap([(found + LONG, found)]))
    assert (same.vi_sum, same.rand_error) == (0.0, 0.0)


def test_nothing_to_compare_is_not_a_number() -> None:
    zeros = np.zeros((2, 2, 2), np.int64)
    score = score_overlap(count_overlap([(zeros, zeros)]))
    assert score.voxels == 0
    assert math.isnan(score.vi_sum)
    assert math.isnan(score.rand_error)
    assert count_overlap([]).total == 0


def test_unequal_arrays_are_refused() -> None:
    with pytest.raises(GraphkitError, match=r"\(2, 2, 2\).*\(2, 2, 3\)"):
        count_overlap([(np.zeros((2, 2, 2), int), np.zeros((2, 2, 3), int))])
    with pytest.raises(GraphkitError, match="float32"):
        count_overlap([(np.zeros((2, 2, 2), np.float32), np.zeros((2, 2, 2), int))])


def test_what_a_segment_stands_for() -> None:
    # Segment 1: mostly neuron 10. 2: a smaller fragment of 10. 3: neuron 20 beside some of 10. 4: in no neuron. 5: a tie.
    rows = [
        (1, 10, 50),
        (1, 20, 10),
        (2, 10, 20),
        (3, 20, 30),
        (3, 10, 5),
        (3, 0, 90),
        (4, 0, 9),
        (5, 30, 4),
        (5, 40, 4),
        (0, 10, 99),
    ]
    neurons = NeuronMap.of(Overlap(*np.array(sorted(rows)).T))
    segments = np.array([0, 1, 2, 3, 4, 5, 6])
    assert neurons.majority(segments).tolist() == [0, 10, 10, 20, 0, 30, 0]
    assert neurons.main(segments).tolist() == [0, 10, 0, 20, 0, 30, 0]
    empty = NeuronMap.of(count_overlap([]))
    assert empty.main(segments).tolist() == [0] * 7


def _damaged() -> tuple[np.ndarray, np.ndarray]:
    """Neurons 1 (split at x = 30), 2 and 3 (merged, a gap between at y = 20), 4 (a third not labelled)."""
    true = np.zeros((10, 40, 60), np.int64)
    true[:, :10], true[:, 11:20], true[:, 21:30], true[:, 31:] = 1, 2, 3, 4
    found = true + 100
    found[true == 0] = 0
    found[:, :10, 30:] = 500
    found[true == 3] = 102
    found[:, 31:, 40:] = 0
    return found, true


def test_the_worst_errors_are_named_and_placed() -> None:
    found, true = _damaged()
    overlap = count_overlap([(found, true)])
    volumes = ArrayVolume(found, (40, 8, 8), (1, 2, 3)), ArrayVolume(true, (40, 8, 8), (1, 2, 3))
    splits = locate(worst_errors(overlap, "split"), *volumes)
    assert [(e.id, [(p.id, p.voxels) for p in e.parts]) for e in splits] == [
        (1, [(101, 3000), (500, 3000)]),
        (4, [(104, 3600), (0, 1800)]),
    ]
    assert sum(e.bits for e in splits) == pytest.approx(score_overlap(overlap).vi_split)
    assert splits[0].bits == pytest.approx(6000 / np.count_nonzero(true))
    merges = locate(worst_errors(overlap, "merge"), *volumes)
    assert [(e.id, {p.id for p in e.parts}) for e in merges] == [(102, {2, 3})]
    assert splits[0].position_nm[2] == pytest.approx((3 + 30) * 8)
    assert splits[1].position_nm[2] == pytest.approx((3 + 40) * 8)
    assert merges[0].position_nm[1] == pytest.approx((2 + 20.5) * 8)
    assert len(worst_errors(overlap, "split", limit=1)) == 1
    assert worst_errors(count_overlap([(true, true)]), "merge") == []


def test_places_of_large_pieces_are_found_from_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphkit_pipeline.evaluation import segmentation as module

    found, true = _damaged()
    monkeypatch.setattr(module, "_SAMPLE", 500)
    volumes = ArrayVolume(found, (8, 8, 8)), ArrayVolume(true, (8, 8, 8))
    placed = locate(worst_errors(count_overlap([(found, true)]), "split"), *volumes)
    assert placed[0].position_nm[2] == pytest.approx(30 * 8, abs=40)
