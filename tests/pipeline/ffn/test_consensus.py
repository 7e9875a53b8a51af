"""The consensus against its definition, on random segmentations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from graphkit_pipeline.ffn.consensus import consensus
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
