"""Contacts against a plain search over pairs of voxels."""

from __future__ import annotations

import itertools

import numpy as np
from graphkit_pipeline.ffn.contacts import near_pairs, touching
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

BIG = 720575940621039145
SIZE = (40.0, 4.0, 5.0)
LABELS = arrays(np.int64, (3, 4, 5), elements=st.sampled_from([0, 0, 0, 1, 2, 2**53 + 1, BIG]))


def neighbours(shape: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    places = list(itertools.product(*map(range, shape)))
    return [(p, q) for p in places for q in places if p < q and max(abs(i - j) for i, j in zip(p, q, strict=True)) == 1]


@settings(max_examples=60, deadline=None)
@given(LABELS)
def test_touching(labels: np.ndarray) -> None:
    expected: dict[tuple[int, int], int] = {}
    for p, q in neighbours(labels.shape):
        a, b = sorted((int(labels[p]), int(labels[q])))
        if a and a != b:
            expected[a, b] = expected.get((a, b), 0) + 1
    a, b, count = touching(labels)
    assert dict(zip(zip(a.tolist(), b.tolist(), strict=True), count.tolist(), strict=True)) == expected
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == sorted(expected)


@settings(max_examples=60, deadline=None)
@given(LABELS)
def test_near_without_reach_is_touching(labels: np.ndarray) -> None:
    found = near_pairs(labels, SIZE, reach_nm=0.0)
    a, b, _ = touching(labels)
    assert found.a.tolist() == a.tolist()
    assert found.b.tolist() == b.tolist()
    area = dict.fromkeys(zip(a.tolist(), b.tolist(), strict=True), 0.0)
    gap = dict.fromkeys(area, np.inf)
    for p, q in neighbours(labels.shape):
        pair = tuple(sorted((int(labels[p]), int(labels[q]))))
        if pair in area:
            step = np.abs(np.subtract(p, q))
            if step.sum() == 1:
                area[pair] += np.prod(SIZE) / (step @ SIZE)
            gap[pair] = min(gap[pair], float(np.linalg.norm(step * SIZE)))
    np.testing.assert_allclose(found.area_nm2, list(area.values()))
    np.testing.assert_allclose(found.gap_nm, list(gap.values()))


@settings(max_examples=60, deadline=None)
@given(LABELS)
def test_the_parts_of_a_volume_add_up(labels: np.ndarray) -> None:
    def areas(within: tuple[slice, slice, slice] | None) -> dict[tuple[int, int], float]:
        found = near_pairs(labels, SIZE, reach_nm=9.0, within=within)
        return dict(zip(zip(found.a.tolist(), found.b.tolist(), strict=True), found.area_nm2.tolist(), strict=True))

    whole, parts = areas(None), [areas(np.s_[:, :2, :]), areas(np.s_[:, 2:, :])]
    assert set(whole) == set(parts[0]) | set(parts[1])
    for pair, area in whole.items():
        np.testing.assert_allclose(area, sum(part.get(pair, 0.0) for part in parts))


def test_over_a_gap_of_membrane() -> None:
    labels = np.zeros((3, 9, 11), np.int64)
    labels[:, 2:7, :4], labels[:, 2:7, 6:] = 5, BIG
    assert len(near_pairs(labels, (10.0, 10.0, 10.0), reach_nm=5.0).a) == 0
    found = near_pairs(labels, (10.0, 10.0, 10.0), reach_nm=10.0)
    assert (found.a.tolist(), found.b.tolist()) == ([5], [BIG])
    assert found.gap_nm.tolist() == [30.0]
    assert found.places.tolist() == [[1, 4, 4]]
