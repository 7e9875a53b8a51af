"""Synapses that are found twice, against what defines them: no new connection, and each once, twice or not at all."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from graphkit.algorithms.error_model import ErrorModel, perturbation, perturbed, with_errors
from graphkit.algorithms.located_errors import Located, located_perturbation
from graphkit.algorithms.reciprocity import reciprocity
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import random_graph
from tests.algorithms.test_error_model import pairs
from tests.algorithms.test_located_errors import Row, located, raw, raw_rows, summed
from tests.strategies import EdgeList, edge_lists

MODELS = st.sampled_from([(0.0, 0.0, 0.0, 0.0), (0.4, 0.0, 0.0, 0.0), (0.7, 0.3, 0.5, 0.5), (0.1, 0.5, 0.0, 0.9)])
SEEDS = st.integers(0, 2**32)


def few(edges: EdgeList) -> Graph:
    """The graph with at most some synapses a pair: of each there may be a false one."""
    return Graph.from_edges(edges.pre, edges.post, [n % 9 + 1 for n in edges.synapses], ids=edges.ids)


@given(edge_lists(), MODELS, st.floats(0, 1), SEEDS, st.booleans())
def test_all_else_is_as_without(
    edges: EdgeList, rates: tuple[float, ...], share: float, seed: int, symmetric: bool
) -> None:
    """The same neurons and connections of one seed; no count is less, and none grows by more than true ones were found."""
    graph = few(edges)
    if symmetric:
        pre, post, count = (column.tolist() for column in graph.edges())
        graph = Graph.from_edges(pre + post, post + pre, count + count, ids=graph.ids.tolist())
    missed, _, split, merged = rates
    one, without, true = (
        perturbation(graph, model, seed=seed, symmetric=symmetric).graph
        for model in (
            ErrorModel(*rates, duplicated=share * (1 - missed)),
            ErrorModel(*rates),
            ErrorModel(missed, 0, split, merged),
        )
    )
    assert one.ids.tolist() == without.ids.tolist()
    found, before, most = pairs(one), pairs(without), pairs(true)
    assert found.keys() == before.keys()
    assert all(0 <= count - before[pair] <= most.get(pair, 0) for pair, count in found.items())
    if symmetric:
        assert found == {(b, a): count for (a, b), count in found.items()}


@given(edge_lists(), MODELS, SEEDS)
def test_where_all_are_found_twice(edges: EdgeList, rates: tuple[float, ...], seed: int) -> None:
    """Of what is not missed, each; false ones once."""
    graph = few(edges)
    missed, _, split, merged = rates
    found = pairs(perturbed(graph, ErrorModel(*rates, duplicated=1 - missed), seed=seed))
    true = pairs(perturbed(graph, ErrorModel(missed, 0, split, merged), seed=seed))
    assert found == dict(Counter(true) + Counter(pairs(perturbed(graph, ErrorModel(*rates), seed=seed))))


@given(raw_rows(), MODELS, st.floats(0, 1), SEEDS)
def test_they_lie_where_their_synapses_do(
    given_rows: tuple[list[int], list[Row]], rates: tuple[float, ...], share: float, seed: int
) -> None:
    """Between the same two, in the same region, of the same sign."""
    missed, _, split, merged = rates
    ids, rows = given_rows[0], [(a, b, place, n % 9 + 1, sign) for a, b, place, n, sign in given_rows[1]]
    one, without, true = (
        summed(raw(located_perturbation(located(ids, rows), model, seed=seed).located), 0, 1, 2, 4)
        for model in (
            ErrorModel(*rates, duplicated=share * (1 - missed)),
            ErrorModel(*rates),
            ErrorModel(missed, 0, split, merged),
        )
    )
    assert one.keys() == without.keys()
    assert all(0 <= one[key] - without[key] <= true[key] for key in one)
    if share == 1.0:
        assert one == without + true


@pytest.mark.parametrize("by_region", [False, True])
@pytest.mark.parametrize(("missed", "duplicated"), [(0.2, 0.3), (0.0, 0.1), (0.35, 0.65)])
def test_a_synapse_is_found_once_twice_or_not_at_all(missed: float, duplicated: float, by_region: bool) -> None:
    """Pairs with one synapse each: chi-square against the shares of the definition."""
    n, post = 20_000, np.arange(1, 20_001)
    model = ErrorModel(missed, duplicated=duplicated)
    if by_region:
        columns = [np.zeros(n, np.int32), post.astype(np.int32), (post % 7).astype(np.int16), np.ones(n, np.int64)]
        found = located_perturbation(Located(np.arange(n + 1), *columns), model, seed=1).located.synapses
    else:
        found = perturbed(Graph.from_edges(np.zeros(n, np.int64), post), model, seed=1).synapses
    times = np.bincount(found, minlength=3)
    times[0] = n - len(found)
    expected = n * np.array([missed, 1 - missed - duplicated, duplicated])
    assert not times[np.isclose(expected, 0)].any()
    assert chisquare(times[expected > 0.5], expected[expected > 0.5]).pvalue > 1e-4


def test_synapses_in_the_mean() -> None:
    """1 - missed + duplicated + false times as many."""
    graph, _ = random_graph(60, 500, seed=1)
    total, missed, false, twice = graph.n_synapses, 0.2, 0.1, 0.3
    found = [perturbed(graph, ErrorModel(missed, false, duplicated=twice), seed=s).n_synapses for s in range(200)]
    mean = 1 - missed + twice
    variance = (1 - missed - twice) + 4 * twice - mean**2 + false
    assert np.mean(found) == pytest.approx(total * (mean + false), abs=4 * np.sqrt(total * variance / 200))
    assert np.std(found) == pytest.approx(np.sqrt(total * variance), rel=0.25)


def test_they_take_nothing_from_reciprocity() -> None:
    graph, _ = random_graph(40, 300, seed=2)
    found = with_errors(reciprocity, graph, ErrorModel(duplicated=0.4), samples=5)
    assert found.low == found.high == found.observed


def test_what_cannot_be() -> None:
    for wrong in (-0.1, 1.5, float("nan"), float("inf")):
        with pytest.raises(GraphError, match=r"duplicated is .*; expected a share of 0 or more and at most 1"):
            ErrorModel(duplicated=wrong)
    with pytest.raises(GraphError, match=r"missed is 0.6 and duplicated 0.5: together more than all"):
        ErrorModel(missed=0.6, duplicated=0.5)
    for missed in np.arange(0, 1, 0.001).tolist():  # 1 - missed is rounded
        one = Graph.from_edges([1], [2], [40])
        made = perturbed(one, ErrorModel(missed, duplicated=1 - missed), seed=3)
        assert made.n_synapses == 2 * perturbed(one, ErrorModel(missed), seed=3).n_synapses
