"""Two graphs compared by type: means by hand, exact permutation p, calibrated under the null, powerful where they differ."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from graphkit.algorithms.compare import compare_types, must_reach
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.significance import benjamini_hochberg


def _brain(rng: np.random.Generator, rate: float, n: int = 12) -> tuple[Graph, list[str]]:
    """``n`` neurons of B, each with a Poisson number of synapses from A and from C."""
    counts = rng.poisson([[rate, 20.0]] * n) + 1
    posts = np.arange(10, 10 + n)
    pre = np.concatenate([np.full(n, 1), np.full(n, 2)])
    graph = Graph.from_edges(pre, np.concatenate([posts, posts]), np.concatenate([counts[:, 0], counts[:, 1]]))
    return graph, ["A", "C", *["B"] * n]


def test_means_and_p_by_all_permutations() -> None:
    first = Graph.from_edges([1, 1, 1], [2, 3, 4], [5, 7, 9])
    second = Graph.from_edges([1, 1], [2, 3], [1, 2])
    found = compare_types(first, ["A", "B", "B", "B"], second, ["A", "B", "B"], permutations=20_000, seed=1)
    assert (found.pre_type.tolist(), found.post_type.tolist()) == (["A"], ["B"])
    assert (found.first.tolist(), found.second.tolist()) == ([7.0], [1.5])
    values = [5, 7, 9, 1, 2]
    differences = [
        abs(np.mean([values[i] for i in chosen]) - np.mean([v for i, v in enumerate(values) if i not in chosen]))
        for chosen in itertools.combinations(range(5), 3)
    ]
    exact = np.mean([d >= 5.5 - 1e-9 for d in differences])
    assert found.p[0] == pytest.approx(exact, abs=0.02)
    assert found.p_adjusted[0] == found.p[0]


def test_p_does_not_depend_on_the_unit_of_the_counts() -> None:
    """Dealings of equal counts tie exactly, however large the counts are."""
    rng = np.random.default_rng(4)
    pre, post, counts = rng.integers(0, 8, 120), rng.integers(0, 8, 120), rng.integers(1, 4, 120)
    types = ["A", "A", "A", "B", "B", "B", "C", "C"]

    def p_of(unit: int) -> list[float]:
        sides = [Graph.from_edges(pre[k::2], post[k::2], unit * counts[k::2], ids=np.arange(8)) for k in range(2)]
        return compare_types(sides[0], types, sides[1], types, permutations=200).p.tolist()

    assert p_of(1) == p_of(10**6) == p_of(3 * 2**31) == p_of(10**12)


def test_alike_brains_are_found_different_as_rarely_as_p_says() -> None:
    rng = np.random.default_rng(2)
    p = [compare_types(*_brain(rng, 20), *_brain(rng, 20), permutations=99, seed=s).p for s in range(150)]
    assert np.mean(np.concatenate(p) <= 0.05) == pytest.approx(0.05, abs=0.04)


def test_different_brains_are_found_different() -> None:
    rng = np.random.default_rng(3)
    found = compare_types(*_brain(rng, 20), *_brain(rng, 40), permutations=999, seed=1)
    rows = dict(zip(found.pre_type.tolist(), found.p_adjusted.tolist(), strict=True))
    assert rows["A"] == pytest.approx(0.002)
    assert rows["C"] > 0.05


def test_shares_of_inputs_do_not_depend_on_completeness() -> None:
    rng = np.random.default_rng(4)
    one, types = _brain(rng, 20)
    twice = Graph.from_edges(*one.edges()[:2], 2 * one.synapses)
    found = compare_types(one, types, twice, types, permutations=99, fractions=True)
    assert found.first.tolist() == pytest.approx(found.second.tolist())
    assert found.first.sum() == pytest.approx(1)  # A and C are all that B gets
    assert found.p.min() > 0.9
    assert compare_types(one, types, twice, types, permutations=99).p.max() < 0.05


def test_types_are_matched_and_missing_ones_left_out() -> None:
    first = Graph.from_edges([1, 5, 2], [2, 2, 9], [3, 4, 5])
    second = Graph.from_edges([1, 7], [2, 2], [3, 8])
    found = compare_types(first, ["A", "B", None, "only here"], second, ["A", "B", "only there"], permutations=9)
    assert list(zip(found.pre_type, found.post_type, found.first, found.second, found.p, strict=True)) == [
        ("A", "B", 3.0, 3.0, 1.0)
    ]
    assert (found.only_first, found.only_second) == (("only here",), ("only there",))
    assert (found.first_neurons.tolist(), found.second_neurons.tolist()) == ([1], [1])
    empty = compare_types(first, [None] * 4, second, ["A", "B", "C"], permutations=9)
    assert len(empty.p) == 0
    again = [
        compare_types(*_brain(np.random.default_rng(1), 9), *_brain(np.random.default_rng(2), 9), seed=7).p
        for _ in "ab"
    ]
    assert again[0].tolist() == again[1].tolist()
    with pytest.raises(GraphError, match="There are 1 types for the 4 neurons"):
        compare_types(first, ["A"], second, ["A", "B", "C"])
    with pytest.raises(GraphError, match="permutations is 0"):
        compare_types(first, [None] * 4, second, [None] * 3, permutations=0)


def test_how_many_must_reach_the_smallest_p() -> None:
    """By the rule of Benjamini & Hochberg itself: k of the smallest p pass, k - 1 do not."""
    for rows, permutations in ((261, 1000), (5000, 999), (10, 99)):
        smallest, k = 1 / (permutations + 1), must_reach(rows, permutations)
        assert min(benjamini_hochberg([smallest] * k + [1.0] * (rows - k))) <= 0.05 + 1e-12
        if k > 1:
            assert min(benjamini_hochberg([smallest] * (k - 1) + [1.0] * (rows - k + 1))) > 0.05
