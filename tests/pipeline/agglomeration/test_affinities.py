"""Scores of pairs by the definition, voxel by voxel; blocks add up to the whole."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
from graphkit_pipeline.agglomeration.affinities import add_up, pair_scores, reach, weighed
from graphkit_pipeline.blocks import Box, make_blocks
from hypothesis import given
from hypothesis import strategies as st

OFFSETS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (3, 0, 0), (0, 2, 1))
HUGE = 720575940621039145


def volume(seed: int, shape: tuple[int, int, int] = (7, 6, 5)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.array([0, 1, 2, HUGE, HUGE + 1]), shape)
    return labels, rng.integers(0, 256, (len(OFFSETS), *shape), dtype=np.uint8)


def by_definition(
    labels: np.ndarray, affinities: np.ndarray, filled: np.ndarray | None = None, votes: float = 0
) -> dict[tuple[int, int], list[float]]:
    found: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0, 0])
    for place in itertools.product(*map(range, labels.shape)):
        for k, offset in enumerate(OFFSETS):
            there = tuple(p + o for p, o in zip(place, offset, strict=True))
            if all(t < n for t, n in zip(there, labels.shape, strict=True)):
                one, other = int(labels[place]), int(labels[there])
                if one and other and one != other:
                    entry = found[min(one, other), max(one, other)]
                    entry[0] += int(affinities[(k, *place)])
                    entry[1] += 1
                    if filled is not None and filled[place] and filled[there]:
                        entry[0] += 255 * votes * bool(filled[place] == filled[there])
                        entry[1] += votes
    return found


def as_dict(table) -> dict[tuple[int, int], list[int]]:  # type: ignore[no-untyped-def]
    return {(r["a"], r["b"]): [r["total"], r["observations"]] for r in table.to_pylist()}


@given(st.integers(0, 10**6))
def test_sums_are_those_of_the_definition(seed: int) -> None:
    labels, affinities = volume(seed)
    assert as_dict(pair_scores(labels, affinities, OFFSETS)) == by_definition(labels, affinities)


@given(st.integers(0, 10**6), st.sampled_from([0, 0.25, 1, 3]))
def test_flood_filled_segments_are_heard_where_both_voxels_have_one(seed: int, votes: float) -> None:
    labels, affinities = volume(seed)
    filled = np.random.default_rng(seed + 1).choice(np.array([0, 2**53, 2**53 + 1]), labels.shape)
    found = weighed(pair_scores(labels, affinities, OFFSETS, filled=filled), votes)
    expected = by_definition(labels, affinities, filled, votes)
    assert as_dict(found) == {pair: [100 * v for v in values] for pair, values in expected.items()}


def test_blocks_add_up_to_the_whole() -> None:
    labels, affinities = volume(4, (9, 8, 11))
    assert reach(OFFSETS) == (3, 2, 1)
    parts = []
    for block in make_blocks(Box((0, 0, 0), labels.shape), (4, 4, 4), reach(OFFSETS)):
        seen = block.box.slices(origin=(0, 0, 0))
        core = Box(
            *(
                tuple(c - s for c, s in zip(end, block.box.start, strict=True))
                for end in (block.core.start, block.core.stop)
            )
        )
        parts.append(pair_scores(labels[seen], affinities[(slice(None), *seen)], OFFSETS, core=core))
    assert as_dict(add_up(parts)) == by_definition(labels, affinities)


def test_no_segments_have_no_pairs() -> None:
    none = np.zeros((3, 4, 5), np.int64)
    assert len(pair_scores(none, np.zeros((5, 3, 4, 5), np.uint8), OFFSETS)) == 0
    assert len(add_up([])) == 0
