"""The consensus against its definition, on random segmentations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from graphkit_pipeline.ffn.consensus import consensus, consensus_of_fills
from graphkit_pipeline.ffn.inference import FfnResult, FillCounts
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from graphkit.errors import GraphkitError

BIG = 720575940621039145


def segmentations(count: int = 2) -> st.SearchStrategy[list[np.ndarray]]:
    ids = st.sampled_from([0, 1, 2, 2**53 + 1, BIG])
    return st.lists(arrays(np.int64, (3, 4, 4), elements=ids), min_size=1, max_size=count)


@settings(max_examples=60, deadline=None)
@given(segmentations(3), st.booleans(), st.integers(1, 4))
def test_no_merge_that_an_input_lacks(inputs: list[np.ndarray], one_is_enough: bool, least: int) -> None:
    found = consensus(inputs, min_voxels=least, one_is_enough=one_is_enough)
    ids = np.unique(found[found > 0])
    assert ids.tolist() == list(range(1, len(ids) + 1))
    for segment in ids:
        here = found == segment
        assert np.count_nonzero(here) >= least
        assert ndimage.label(here, np.ones((3, 3, 3)))[1] == 1
        for labels in inputs:
            assert len(set(labels[here].tolist()) - {0}) <= 1


@settings(max_examples=60, deadline=None)
@given(segmentations(3))
def test_no_split_but_those_of_the_inputs(inputs: list[np.ndarray]) -> None:
    """Neighbours that every input joins are joined, and every voxel that has a label keeps one."""
    found = consensus(inputs)
    labelled = np.any([labels != 0 for labels in inputs], axis=0)
    np.testing.assert_array_equal(found != 0, labelled)
    whole = np.all([labels != 0 for labels in inputs], axis=0)
    for place in itertools.product(*map(range, found.shape)):
        for step in itertools.product((0, 1), repeat=3):
            other = tuple(p + s for p, s in zip(place, step, strict=True))
            if any(o >= n for o, n in zip(other, found.shape, strict=True)) or not (whole[place] and whole[other]):
                continue
            if all(labels[place] == labels[other] for labels in inputs):
                assert found[place] == found[other]


@settings(max_examples=60, deadline=None)
@given(segmentations(3))
def test_the_order_of_the_inputs_does_not_matter(inputs: list[np.ndarray]) -> None:
    np.testing.assert_array_equal(consensus(inputs), consensus(inputs[::-1]))


def test_the_drawing() -> None:
    a = np.array([1, 1, 1, 1, 1, 2, 2, 2], np.int64).reshape(1, 1, -1)
    b = np.array([1, 1, 3, 3, 3, 3, 3, 0], np.int64).reshape(1, 1, -1)
    assert consensus([a, b]).ravel().tolist() == [1, 1, 2, 2, 2, 3, 3, 3]
    assert consensus([a, b], one_is_enough=False).ravel().tolist() == [1, 1, 2, 2, 2, 3, 3, 0]
    assert consensus([a, b], min_voxels=3).ravel().tolist() == [0, 0, 1, 1, 1, 2, 2, 2]


def test_what_cannot_be_compared() -> None:
    a = np.zeros((2, 2, 2), np.int64)
    with pytest.raises(GraphkitError, match="at least one"):
        consensus([])
    with pytest.raises(GraphkitError, match="one shape"):
        consensus([a, a[:1]])
    with pytest.raises(GraphkitError, match="integers"):
        consensus([a.astype(float)])
    with pytest.raises(GraphkitError, match="positive"):
        consensus([a - 1])
    with pytest.raises(GraphkitError, match="min_voxels"):
        consensus([a], min_voxels=0)


def a_fill(labels: np.ndarray, first: int) -> FfnResult:
    """Of labels 1 .. n, with provenance that tells the fills and the segments apart."""
    n = int(labels.max())
    ids = np.arange(1, n + 1, dtype=np.int64)
    return FfnResult(
        labels=labels,
        ids=ids,
        voxels=np.bincount(labels.ravel(), minlength=n + 1)[1:],
        moves=first + ids,
        seeds=np.stack([first + ids] * 3, axis=1),
        probability=(ids / 10).astype(np.float32),
        passes=np.full(n, first // 100, np.int16),
        counts=FillCounts(seeds=n, begun=n, weak=1, small=2, moves=first, network_s=0.5, total_s=1.0),
    )


def test_each_segment_tells_where_it_was_cut_from() -> None:
    """1: a merge that the second fill splits; 2: only the second fill has it."""
    one = np.array([[[1, 1, 1, 1, 0, 0, 2, 2]]])
    other = np.array([[[1, 1, 2, 2, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 3, 3, 3, 0, 0]]])
    one = np.concatenate([one, np.zeros((1, 2, 8), np.int64)], axis=1)
    found = consensus_of_fills([a_fill(one, 100), a_fill(other, 200)])
    np.testing.assert_array_equal(found.labels[0, 0], [1, 1, 2, 2, 0, 0, 3, 3])
    np.testing.assert_array_equal(found.labels[0, 2], [0, 0, 0, 4, 4, 4, 0, 0])
    assert found.ids.tolist() == [1, 2, 3, 4]
    assert found.voxels.tolist() == [2, 2, 2, 3]
    assert found.moves.tolist() == [101, 101, 102, 203]
    assert found.seeds[:, 0].tolist() == [101, 101, 102, 203]
    assert found.passes.tolist() == [1, 1, 1, 2]
    np.testing.assert_allclose(found.probability, [0.1, 0.1, 0.2, 0.3])
    assert found.counts == FillCounts(5, 5, 2, 4, 300, 1.0, 2.0)
