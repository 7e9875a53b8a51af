"""Expected triads of the null models that have a closed form."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from graphkit.graph import Graph
from graphkit.motifs import triad_census
from graphkit.motifs.nulls import erdos_renyi, generalized_erdos_renyi
from graphkit.motifs.nulls.erdos_renyi import expected_triads as expected_erdos_renyi
from graphkit.motifs.nulls.generalized_erdos_renyi import expected_triads as expected_generalized

Pairs = frozenset[tuple[int, int]]


@pytest.mark.parametrize(
    ("model", "expected"), [(erdos_renyi, expected_erdos_renyi), (generalized_erdos_renyi, expected_generalized)]
)
def test_expected_triads_are_the_mean_of_samples(model: Any, expected: Any) -> None:
    rng = np.random.default_rng(3)
    graph = Graph.from_edges(rng.integers(0, 30, 200), (rng.random(200) ** 2 * 30).astype(int), autapses=False)
    found = np.array([list(triad_census(sample).values()) for sample in model(graph, 400, seed=2, threads=1)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found)) + 1e-9
    difference = found.mean(axis=0) - list(expected(graph).values())
    assert (np.abs(difference) < 4 * error).all()
    assert sum(expected(graph).values()) == pytest.approx(30 * 29 * 28 / 6)


def test_expected_triads_of_a_certain_graph() -> None:
    complete = Graph.from_edges(*zip(*itertools.permutations(range(5), 2), strict=True))
    assert expected_generalized(complete)["300"] == expected_erdos_renyi(complete)["300"] == 10
    assert sum(expected_generalized(Graph.from_edges([1], [2])).values()) == 0


# -- seeds, threads, mixing ---------------------------------------------------------------------------------------
