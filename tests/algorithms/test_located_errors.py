"""Perturbed synapses by region against counters over the raw rows, and against closed forms in the mean."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chisquare, poisson

from graphkit.algorithms.error_model import ErrorModel, measured
from graphkit.algorithms.located_errors import (
    Located,
    LocatedPerturbation,
    drawn_from,
    graph_of_strong,
    located_perturbation,
    strong,
    those_asked,
)
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.strategies import neuron_ids

Row = tuple[int, int, int, int, int]
"""pre id, post id, region, synapses, sign."""


@st.composite
def raw_rows(draw: st.DrawFn) -> tuple[list[int], list[Row]]:
    """Rows with autapses, huge ids, regions that are not resolved (-1), a pair and region in several rows; perhaps none."""
    ids = sorted(draw(st.lists(neuron_ids(), min_size=1, max_size=7, unique=True)))
    one, region = st.sampled_from(ids), st.integers(-1, 3)
    return ids, draw(st.lists(st.tuples(one, one, region, st.integers(1, 2**40), st.integers(-1, 1)), max_size=25))


def located(ids: list[int], rows: list[Row]) -> Located:
    pre, post, place, synapses, sign = (list(c) for c in zip(*rows, strict=True)) if rows else ([] for _ in range(5))
    at = {one: k for k, one in enumerate(ids)}
    ends = (np.array([at[i] for i in end], np.int32) for end in (pre, post))
    return Located(
        np.array(ids, np.int64),
        *ends,
        np.array(place, np.int16),
        np.array(synapses, np.int64),
        np.array(sign, np.int16),
    )


def raw(made: Located) -> list[Row]:
    assert made.mark is not None
    columns = (made.ids[made.pre], made.ids[made.post], made.place, made.synapses, made.mark)
    return list(zip(*(c.tolist() for c in columns), strict=True))


def summed(rows: list[Row], *key: int) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for row in rows:
        found[tuple(row[k] for k in key)] += row[3]
    return found


@given(raw_rows(), st.integers(0, 2**32))
def test_no_errors_change_nothing(given_rows: tuple[list[int], list[Row]], seed: int) -> None:
    made = located_perturbation(located(*given_rows), ErrorModel(), seed=seed)
    assert raw(made.located) == given_rows[1]
    assert made.origins.tolist() == made.bodies.tolist() == list(range(len(given_rows[0])))


@given(raw_rows(), st.sampled_from([0.4, 1.0]), st.integers(0, 2**32))
def test_splits_are_of_whole_neurons_and_lose_nothing(
    given_rows: tuple[list[int], list[Row]], share: float, seed: int
) -> None:
    ids, rows = given_rows
    made = located_perturbation(located(ids, rows), ErrorModel(split=share), seed=seed)
    of = {one: ids[k] for one, k in zip(made.located.ids.tolist(), made.origins.tolist(), strict=True)}
    assert made.located.ids[made.bodies].tolist() == ids  # the larger piece keeps the id
    back = [(of[a], of[b], *rest) for a, b, *rest in raw(made.located)]
    assert summed(back, 0, 1, 2, 4) == summed(rows, 0, 1, 2, 4)
    if share == 1.0:
        assert len(made.located.ids) == 2 * len(ids)


@given(raw_rows(), st.integers(0, 2**32))
def test_merges_keep_every_synapse_in_its_place(given_rows: tuple[list[int], list[Row]], seed: int) -> None:
    ids, rows = given_rows
    made = located_perturbation(located(ids, rows), ErrorModel(merged=1.0), seed=seed)
    becomes = dict(zip(ids, made.located.ids[made.bodies].tolist(), strict=True))
    assert len(made.located.ids) == len(ids) - len(ids) // 2
    assert Counter(becomes.values()).most_common(1)[0][1] <= 2
    assert raw(made.located) == [(becomes[a], becomes[b], *rest) for a, b, *rest in rows]


@given(raw_rows(), st.integers(1, 2**40), st.integers(0, 2**32))
def test_thresholds(given_rows: tuple[list[int], list[Row]], least: int, seed: int) -> None:
    """By pair, and by pair and region, of rows that were perturbed before."""
    one = located_perturbation(located(*given_rows), ErrorModel(split=0.5, merged=0.5), seed=seed)
    rows = raw(one.located)
    by_place, by_pair = summed(rows, 0, 1, 2), summed(rows, 0, 1)
    kept = [row for row in rows if by_place[row[0], row[1], row[2]] >= least]
    assert raw(strong(one.located, least, per_place=True)) == kept
    assert raw(strong(one.located, least, per_place=False)) == [r for r in rows if by_pair[r[0], r[1]] >= least]
    made = graph_of_strong(one, least, None).graph
    assert made.ids.tolist() == one.located.ids.tolist()
    found = dict(zip(zip(*(e.tolist() for e in made.edges()[:2]), strict=True), made.edges()[2].tolist(), strict=True))
    assert found == dict(summed(kept, 0, 1))
    asked = np.arange(0, len(given_rows[0]), 2)
    some = graph_of_strong(one, least, asked)
    stays = {i for a, b, *_ in kept for i in (a, b)} | set(one.located.ids[one.bodies[asked]].tolist())
    assert some.graph.ids.tolist() == sorted(stays)
    assert some.graph.ids[some.bodies].tolist() == one.located.ids[one.bodies[asked]].tolist()
    few = those_asked(LocatedPerturbation(located(one.located.ids.tolist(), kept), one.origins, one.bodies), asked)
    assert (few.located.ids.tolist(), raw(few.located)) == (sorted(stays), kept)
    assert few.located.ids[few.bodies].tolist() == one.located.ids[one.bodies[asked]].tolist()
    assert few.origins.tolist() == some.origins.tolist()


def test_missed_synapses_are_binomial_in_each_row() -> None:
    rows = [(1, 2, 0, 4000, 1), (1, 2, 5, 100, -1), (2, 1, 5, 9000, 0)]
    found = np.array(
        [
            located_perturbation(located([1, 2], rows), ErrorModel(missed=0.3), seed=s).located.synapses
            for s in range(300)
        ]
    )
    for k, row in enumerate(rows):
        low, high = binom.ppf([1e-5, 1 - 1e-5], 300 * row[3], 0.7)
        assert low <= found[:, k].sum() <= high
        assert found[:, k].var() == pytest.approx(row[3] * 0.21, rel=0.35)


def test_false_synapses_lie_where_true_ones_do() -> None:
    """In each region as many as its share; who makes and who gets them goes by outputs and inputs in that region, of a
    transmitter that the neuron has there; the two ends know nothing of each other."""
    rows = [
        (1, 2, 7, 500, 1),
        (1, 3, 7, 100, 1),
        (1, 3, 7, 60, -1),
        (3, 2, 7, 400, -1),
        (4, 4, 7, 200, 0),
        (1, 2, 9, 300, 1),
        (2, 1, 9, 30, -1),
        (1, 4, -1, 170, 1),
    ]
    total, rate = sum(row[3] for row in rows), 60.0
    of, model = located([1, 2, 3, 4], rows), ErrorModel(false=rate)
    made = raw(located_perturbation(of, model, seed=3).located)
    assert made == raw(located_perturbation(of, model, seed=3, truth=drawn_from(of, model)).located)
    assert made[: len(rows)] == rows
    false = made[len(rows) :]
    assert poisson.ppf(1e-5, rate * total) <= len(false) <= poisson.ppf(1 - 1e-5, rate * total)
    sizes, outs, ins = summed(rows, 2), summed(rows, 2, 0, 4), summed(rows, 2, 1)
    expected = {
        (a, b, place, 1, sign): rate * n * ins[place, b] / sizes[(place,)]
        for (place, a, sign), n in outs.items()
        for b in (1, 2, 3, 4)
        if ins[place, b]
    }
    counts = Counter(false)
    assert set(counts) <= set(expected)
    kinds = list(expected)
    wanted = np.array([expected[k] for k in kinds])
    assert chisquare([counts[k] for k in kinds], wanted / wanted.sum() * len(false)).pvalue > 1e-4
    for place, size in sizes.items():
        here = sum(n for k, n in counts.items() if k[2] == place[0])
        assert here == pytest.approx(rate * size, abs=5 * np.sqrt(rate * size))


def test_one_region_is_as_no_region() -> None:
    """Where all lies in one region, the graphs are as those of `perturbation` in the mean."""
    rng = np.random.default_rng(5)
    rows = [
        (int(a), int(b), 4, int(n), 0)
        for a, b, n in zip(*rng.integers(1, 30, (2, 150)), rng.integers(1, 9, 150), strict=True)
    ]
    graph = Graph.from_edges(*([r[k] for r in rows] for k in (0, 1, 3)))
    model = ErrorModel(missed=0.2, false=0.3, split=0.1, merged=0.1)
    plain = measured(
        lambda one: (one.graph.n_connections, one.graph.n_synapses, len(one.graph)), graph, model, samples=300
    )
    of = located(graph.ids.tolist(), rows)
    made = [graph_of_strong(located_perturbation(of, model, seed=s), 1, None).graph for s in range(300)]
    for one, other in zip(
        np.array(plain).T, np.array([(g.n_connections, g.n_synapses, len(g)) for g in made]).T, strict=True
    ):
        assert one.mean() == pytest.approx(other.mean(), abs=4 * np.hypot(one.std(), other.std()) / np.sqrt(300))


def test_what_64_bits_do_not_hold() -> None:
    one = located([1, 2], [(1, 2, 3, 1, 0)])
    ids = np.broadcast_to(np.int64(1), 2**31)  # takes no room
    many = Located(ids, one.pre, one.post, one.place, one.synapses)
    with pytest.raises(GraphError, match="too many to be told apart"):
        strong(many, 2, per_place=True)
