"""Average linkage against its definition, against scipy's on complete graphs, and the cut at a threshold."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from graphkit_pipeline.agglomeration.linkage import clusters, link
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from graphkit.errors import GraphkitError

HUGE = 720575940621039145


@st.composite
def scored_pairs(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    """Pairs of up to eight segments, with sums that make no two means equal (primes over powers)."""
    ids = draw(st.lists(st.sampled_from([1, 2, 5, 7, 2**53 + 1, HUGE, HUGE + 1, 2**62]), min_size=2, unique=True))
    pairs = draw(st.lists(st.sampled_from(list(itertools.combinations(sorted(ids), 2))), min_size=1, unique=True))
    rows = []
    for a, b in pairs:
        rows.append((a, b, draw(st.integers(0, 10_000)), draw(st.integers(1, 50))))
    return rows


def by_definition(rows: list[tuple[int, int, int, int]]) -> list[tuple[set[int], Fraction]] | None:
    """The clusters made, with their scores, one after the other; None where two means are equal."""
    groups = [{i} for i in sorted({i for a, b, *_ in rows for i in (a, b)})]
    made = []
    while True:
        means: list[tuple[Fraction, int, int]] = []
        for x, y in itertools.combinations(range(len(groups)), 2):
            between = [
                (total, count)
                for a, b, total, count in rows
                if (a in groups[x] and b in groups[y]) or (b in groups[x] and a in groups[y])
            ]
            if between:
                means.append((Fraction(sum(t for t, _ in between), sum(c for _, c in between)), x, y))
        if not means:
            return made
        best = max(mean for mean, *_ in means)
        if sum(mean == best for mean, *_ in means) > 1:
            return None
        _, x, y = next(row for row in means if row[0] == best)
        made.append((groups[x] | groups[y], best))
        groups = [g for k, g in enumerate(groups) if k not in (x, y)] + [groups[x] | groups[y]]


def columns(rows: list[tuple[int, int, int, int]]) -> list[np.ndarray]:
    return [np.array(column, np.int64) for column in zip(*rows, strict=True)]


@given(scored_pairs(), st.randoms(use_true_random=False))
def test_joins_are_those_of_the_definition_in_any_order_of_the_pairs(rows, random) -> None:  # type: ignore[no-untyped-def]
    expected = by_definition(rows)
    shuffled = rows.copy()
    random.shuffle(shuffled)
    swapped = [(b, a, t, c) if random.random() < 0.5 else (a, b, t, c) for a, b, t, c in shuffled]
    joins = link(*columns(swapped))
    assert joins.equals(link(*columns(rows)))
    if expected is None:
        return
    ids = np.array(sorted({i for a, b, *_ in rows for i in (a, b)}))
    groups = {int(i): {int(i)} for i in ids}
    for row, (cluster, score) in zip(joins.to_pylist(), expected, strict=True):
        merged = groups[row["a"]] | groups[row["b"]]
        assert merged == cluster
        assert min(merged) == row["a"] < row["b"]
        assert row["score"] == float(score)
        groups |= dict.fromkeys(merged, merged)


def test_complete_graphs_are_scipys_average_linkage() -> None:
    rng = np.random.default_rng(3)
    for n in (2, 9, 40):
        distance = rng.integers(1, 10_000_000, n * (n - 1) // 2)
        a, b = np.triu_indices(n, 1)
        joins = link(a.astype(np.int64), b.astype(np.int64), 10_000_000 - distance, np.ones_like(distance))
        tree = linkage(distance.astype(float), "average")
        np.testing.assert_allclose(np.sort(10_000_000 - joins["score"].to_numpy()), np.sort(tree[:, 2]))
        for cut in np.quantile(tree[:, 2], (0.1, 0.5, 0.9)) + 0.5:
            theirs = fcluster(tree, cut, "distance")
            ours = clusters(joins, 10_000_000 - cut, np.arange(n))
            assert (
                len({*zip(theirs.tolist(), ours.tolist(), strict=True)})
                == len({*theirs.tolist()})
                == len({*ours.tolist()})
            )


def test_the_threshold_is_chosen_afterwards() -> None:
    joins = link(*columns([(1, 2, 9, 10), (2, 3, 5, 10), (4, 5, 7, 10)]))
    ids = np.array([1, 2, 3, 4, 5, HUGE])
    assert clusters(joins, 1.0, ids).tolist() == [1, 2, 3, 4, 5, HUGE]
    assert clusters(joins, 0.7, ids).tolist() == [1, 1, 3, 4, 4, HUGE]
    assert clusters(joins, 0.0, ids).tolist() == [1, 1, 1, 4, 4, HUGE]
    assert joins["observations"].to_pylist() == [10, 10, 10]


def test_a_long_dark_wall_outweighs_a_bright_spot() -> None:
    """1 and 2 are one; the wall between 2 and 3 is dark but for a spot that a single link would go through."""
    rows = [(1, 2, 95, 100), (2, 3, 9, 10), (1, 3, 5, 500)]
    joins = link(*columns(rows))
    assert [round(s, 3) for s in joins["score"].to_pylist()] == [0.95, 0.027]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(4, 4, 1, 1)], "Segment 4 is paired with itself"),
        ([(1, 2, 1, 1), (2, 1, 1, 1)], "The pair 1, 2 stands twice"),
        ([(1, 2, 0, 0)], "has no observations"),
    ],
)
def test_bad_pairs(rows: list[tuple[int, int, int, int]], said: str) -> None:
    with pytest.raises(GraphkitError, match=said):
        link(*columns(rows))


def test_no_pairs() -> None:
    none = np.zeros(0, np.int64)
    joins = link(none, none, none, none)
    assert len(joins) == 0
    assert clusters(joins, 0.5, np.array([3, 9])).tolist() == [3, 9]
