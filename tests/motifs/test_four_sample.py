"""Estimates of the census of four neurons against the exact one: unbiased, and the intervals hold."""

from __future__ import annotations

import numpy as np
import pytest

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.four_census import four_node_census
from graphkit.motifs.four_sample import sampled_four_node_census


def small_graph() -> Graph:
    rng = np.random.default_rng(8)
    pre, post = rng.integers(0, 40, 260), (rng.random(260) ** 2 * 40).astype(int)
    return Graph.from_edges(pre, post, ids=np.arange(40))


def test_estimates_are_unbiased_and_intervals_hold() -> None:
    """Over 300 seeds: the mean of each class within 4.5 standard errors, and 95 of 100 intervals hold the truth."""
    graph = small_graph()
    truth = np.array(list(four_node_census(graph).values()), dtype=float)
    drawn = [sampled_four_node_census(graph, 400, seed) for seed in range(300)]
    estimates = np.stack([sample.estimate for sample in drawn])
    error = estimates.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    seen = error > 0
    assert seen.sum() > 50
    assert np.all(np.abs(estimates.mean(axis=0) - truth)[seen] < 4.5 * error[seen])
    assert not estimates[:, truth == 0].any()
    held = np.stack([(sample.low <= truth) & (truth <= sample.high) for sample in drawn]).mean(axis=0)
    assert held.min() > 0.915  # 0.95 less three standard deviations of 300 trials
    assert held.mean() > 0.95


def test_a_seed_gives_the_same_estimates() -> None:
    graph = small_graph()
    once, again, other = (sampled_four_node_census(graph, 1000, seed) for seed in (1, 1, 2))
    assert np.array_equal(once.estimate, again.estimate)
    assert not np.array_equal(once.estimate, other.estimate)


@pytest.mark.parametrize("edges", [([], []), ([1], [2]), ([1, 2], [2, 3]), ([1, 2, 3], [2, 3, 1]), ([1, 1], [1, 2])])
def test_nothing_to_draw(edges: tuple[list[int], list[int]]) -> None:
    sample = sampled_four_node_census(Graph.from_edges(*edges, ids=[1, 2, 3, 4]), 10, 0)
    assert not sample.estimate.any()


def test_one_class_only_is_found_exactly() -> None:
    """All paths of a 4-cycle, and all stars of a star, are of the same class."""
    cycle = sampled_four_node_census(Graph.from_edges([1, 2, 3, 4], [2, 3, 4, 1]), 50, 0)
    assert {c: e for c, e in zip(cycle.codes, cycle.estimate.tolist(), strict=True) if e} == {"4740": 1.0}
    star = sampled_four_node_census(Graph.from_edges([0] * 10, range(1, 11)), 50, 0)
    assert {c: round(e) for c, e in zip(star.codes, star.estimate.tolist(), strict=True) if e} == {"14": 120}


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(GraphError, match="samples is 0; expected 1 or more"):
        sampled_four_node_census(small_graph(), 0, 0)
    with pytest.raises(GraphError, match="confidence is 95"):
        sampled_four_node_census(small_graph(), 1, 0, confidence=95)
