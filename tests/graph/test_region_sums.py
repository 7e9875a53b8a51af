"""Thresholds in each region, from rows in the order of pairs, against a counter of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphkit.region_sums import sums_in_regions
from tests.conftest import LONG

_IDS = [1, 2, 2**53 + 1, LONG, 2**63 - 1]
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(_IDS), st.sampled_from(_IDS), st.sampled_from([-1, 0, 1, 2, 2**15 - 1]), st.integers(1, 4)
    )
)


@given(_ROWS, st.lists(st.integers(0, 12), max_size=6), st.integers(1, 6))
def test_sums_that_reach_the_threshold(rows: list[tuple[int, int, int, int]], cuts: list[int], least: int) -> None:
    """In whatever batches the rows come, and in whatever order the rows of a pair."""
    rows.sort(key=lambda row: row[:2])
    counts: Counter[tuple[int, int, int]] = Counter()
    for *group, synapses in rows:
        counts[tuple(group)] += synapses  # type: ignore[index]
    expected = sorted((pre, post, n) for (pre, post, _), n in counts.items() if n >= least)
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    batches = [tuple(part) for part in np.split(columns, sorted(min(cut, len(rows)) for cut in cuts), axis=1)]
    found = sums_in_regions(batches, least, len(rows))
    assert found is not None
    assert all(column.dtype == np.int64 for column in found)
    assert sorted(zip(*(column.tolist() for column in found), strict=True)) == expected
    pairs = list(zip(found[0].tolist(), found[1].tolist(), strict=True))
    assert pairs == sorted(pairs)


@given(_ROWS, st.lists(st.integers(0, 12), max_size=4))
def test_rows_in_another_order_are_refused(rows: list[tuple[int, int, int, int]], cuts: list[int]) -> None:
    pairs = [row[:2] for row in rows]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    batches = [tuple(part) for part in np.split(columns, sorted(min(cut, len(rows)) for cut in cuts), axis=1)]
    assert (sums_in_regions(batches, 1, len(rows)) is None) == (pairs != sorted(pairs))
