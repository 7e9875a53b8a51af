"""Perturbed graphs against what each kind of error keeps, and against closed forms in the mean."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphkit.algorithms.error_model import (
    ErrorModel,
    interval,
    measured,
    perturbation,
    perturbed,
    perturbed_and_origins,
    with_errors,
)
from graphkit.algorithms.reciprocity import reciprocity
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import both, random_graph
from tests.strategies import EdgeList, edge_lists

SHARES = st.sampled_from([0.0, 0.3, 0.9])


def pairs(graph: Graph) -> dict[tuple[int, int], int]:
    pre, post, synapses = (column.tolist() for column in graph.edges())
    return dict(zip(zip(pre, post, strict=True), synapses, strict=True))


@given(edge_lists(), st.integers(0, 2**32))
def test_no_errors_change_nothing(edges: EdgeList, seed: int) -> None:
    graph, _ = both(edges)
    assert perturbed(graph, ErrorModel(), seed=seed).equals(graph)


@given(edge_lists(), SHARES, st.integers(0, 2**32))
def test_missed_synapses_only_go_away(edges: EdgeList, share: float, seed: int) -> None:
    graph, _ = both(edges)
    found = perturbed(graph, ErrorModel(missed=share), seed=seed)
    before = pairs(graph)
    assert all(0 < count <= before[pair] for pair, count in pairs(found).items())
    assert found.ids.tolist() == graph.ids.tolist()


@given(edge_lists(), SHARES, st.integers(0, 2**32))
def test_splits_add_up_again(edges: EdgeList, share: float, seed: int) -> None:
    """No synapse is lost, no id is used twice, and the first piece keeps the id."""
    graph, _ = both(edges)
    found = perturbed(graph, ErrorModel(split=share), seed=seed)
    assert found.n_synapses == graph.n_synapses
    assert set(graph.ids.tolist()) <= set(found.ids.tolist())
    assert len(found) <= 2 * len(graph)
    assert perturbed(graph, ErrorModel(split=1.0), seed=seed).n_neurons == 2 * len(graph)


@given(edge_lists(), SHARES, st.integers(0, 2**32))
def test_pieces_know_whose_they_are(edges: EdgeList, share: float, seed: int) -> None:
    """Over the pieces of a neuron, and of its partner, the synapses add up to those before; one with the old id is itself."""
    graph, _ = both(edges)
    found, origins = perturbed_and_origins(graph, ErrorModel(split=share), seed=seed)
    assert origins.shape == (len(found),)
    of = dict(zip(found.ids.tolist(), graph.ids[origins].tolist(), strict=True))
    together: Counter[tuple[int, int]] = Counter()
    for (a, b), count in pairs(found).items():
        together[of[a], of[b]] += count
    assert together == pairs(graph)
    assert all(of[i] == i for i in graph.ids.tolist())
    assert max(Counter(of.values()).values(), default=0) <= 2
    merged, of_whom = perturbed_and_origins(graph, ErrorModel(merged=share), seed=seed)
    assert graph.ids[of_whom].tolist() == merged.ids.tolist()


@given(edge_lists(), SHARES, st.integers(0, 2**32))
def test_merges_keep_every_synapse(edges: EdgeList, share: float, seed: int) -> None:
    graph, _ = both(edges)
    found = perturbed(graph, ErrorModel(merged=share), seed=seed)
    assert found.n_synapses == graph.n_synapses
    assert set(found.ids.tolist()) <= set(graph.ids.tolist())
    everyone = perturbed(graph, ErrorModel(merged=1.0), seed=seed)
    assert len(everyone) == (len(graph) + 1) // 2


@given(edge_lists(), SHARES, st.integers(1, 4), st.integers(0, 2**32))
def test_who_holds_a_neuron(edges: EdgeList, share: float, least: int, seed: int) -> None:
    """Merged, the graph is what it was with both neurons in the place of each; a threshold comes after that."""
    graph, _ = both(edges)
    asked = np.arange(len(graph))[::2]
    whole = perturbation(graph, ErrorModel(merged=share), seed=seed)
    held_by = dict(zip(graph.ids.tolist(), whole.graph.ids[whole.bodies].tolist(), strict=True))
    assert all(held_by[i] <= i for i in held_by)
    together: Counter[tuple[int, int]] = Counter()
    for (a, b), count in pairs(graph).items():
        together[held_by[a], held_by[b]] += count
    assert together == pairs(whole.graph)
    some = perturbation(graph, ErrorModel(merged=share), seed=seed, least=least, asked=asked)
    kept = {pair: count for pair, count in together.items() if count >= least}
    assert kept == pairs(some.graph)
    held = [held_by[i] for i in graph.ids[asked].tolist()]
    assert some.graph.ids[some.bodies].tolist() == held
    assert set(some.graph.ids.tolist()) == {*held, *(i for pair in kept for i in pair)}
    assert graph.ids[some.origins].tolist() == some.graph.ids.tolist()
    split = perturbation(graph, ErrorModel(split=share), seed=seed)
    assert split.graph.ids[split.bodies].tolist() == graph.ids.tolist()


@given(st.lists(st.lists(st.none() | st.floats(-9, 9), min_size=3, max_size=3), min_size=1, max_size=9))
def test_an_interval_of_what_is_defined(rows: list[list[float | None]]) -> None:
    values = np.array([[np.nan if v is None else v for v in row] for row in rows])
    every, some = interval(values, 0.8), interval(values, 0.8, left_out=True)
    for k, column in enumerate(values.T):
        known = column[~np.isnan(column)]
        expected = [known.mean(), *np.quantile(known, [0.1, 0.9])] if len(known) else [np.nan] * 3
        assert [part[k] for part in some] == pytest.approx(expected, nan_ok=True)
        assert [part[k] for part in every] == pytest.approx(
            expected if len(known) == len(column) else [np.nan] * 3, nan_ok=True
        )


def test_threads_do_not_matter() -> None:
    graph, _ = random_graph(40, 300, seed=4)
    model = ErrorModel(missed=0.2, false=0.1, split=0.3, merged=0.3)
    one, several = (
        measured(lambda made: made.graph, graph, model, samples=9, seed=7, threads=threads) for threads in (1, 3)
    )
    assert len(one) == len(several) == 9
    assert all(a.equals(b) for a, b in zip(one, several, strict=True))
    assert not one[0].equals(one[1])


def test_what_was_stopped_rests_on_what_is_ready() -> None:
    graph, _ = random_graph(20, 60, seed=3)
    seen = []

    def size(one: Graph) -> float:
        seen.append(one)
        if len(seen) == 5:  # the graph itself, and three perturbed ones, are through
            raise KeyboardInterrupt
        return one.n_synapses

    found = with_errors(size, graph, ErrorModel(missed=0.5), samples=9, seed=1)
    again = measured(lambda one: one.graph.n_synapses, graph, ErrorModel(missed=0.5), samples=3, seed=1)
    assert (found.samples, found.mean) == (3, np.mean(again))


def test_rates_in_the_mean() -> None:
    graph, _ = random_graph(60, 500, seed=1)
    total, missed, false = graph.n_synapses, 0.2, 0.1
    found = [perturbed(graph, ErrorModel(missed=missed, false=false), seed=s).n_synapses for s in range(200)]
    error = np.sqrt(total * (missed * (1 - missed) + false) / 200)
    assert np.mean(found) == pytest.approx(total * (1 - missed + false), abs=4 * error)
    neurons = [len(perturbed(graph, ErrorModel(split=0.25), seed=s)) for s in range(200)]
    assert np.mean(neurons) == pytest.approx(60 * 1.25, abs=4 * np.sqrt(60 * 0.25 * 0.75 / 200))


def test_false_synapses_lie_where_synapses_are() -> None:
    """Ends in proportion to synapses: of 1 -> 2 (30) and 3 -> 2 (10), three quarters of the new ones leave 1."""
    graph = Graph.from_edges([1, 3], [2, 2], [30_000, 10_000])
    found = pairs(perturbed(graph, ErrorModel(false=1.0)))
    assert set(found) == {(1, 2), (3, 2)}
    assert found[1, 2] - 30_000 == pytest.approx(30_000, abs=5 * np.sqrt(30_000))


def test_an_interval_holds_what_it_says() -> None:
    graph, _ = random_graph(80, 900, seed=2)
    model = ErrorModel(missed=0.3)
    found = with_errors(lambda g: [reciprocity(g), g.n_synapses], graph, model, samples=60, level=0.8, seed=5)
    assert found.observed.tolist() == [reciprocity(graph), graph.n_synapses]
    expected = graph.n_synapses * 0.7
    assert found.low[1] < expected < found.high[1]
    # 80 % of a binomial lie within 1.2816 standard deviations
    width = 2 * 1.2816 * np.sqrt(graph.n_synapses * 0.3 * 0.7)
    assert found.high[1] - found.low[1] == pytest.approx(width, rel=0.5)
    again = with_errors(lambda g: [reciprocity(g), g.n_synapses], graph, model, samples=60, level=0.8, seed=5)
    assert np.array_equal(found.mean, again.mean)
    exact = with_errors(reciprocity, graph, ErrorModel(), samples=3)
    assert exact.low == exact.high == exact.observed


def test_what_cannot_be() -> None:
    graph = Graph.from_edges([1, 2], [2, 1])
    with pytest.raises(GraphError, match=r"missed is 1; expected a share of 0 or more and below 1"):
        ErrorModel(missed=1)
    with pytest.raises(GraphError, match=r"split is -0.1"):
        ErrorModel(split=-0.1)
    with pytest.raises(GraphError, match=r"false is inf"):
        ErrorModel(false=float("inf"))
    with pytest.raises(GraphError, match="samples is 0"):
        with_errors(reciprocity, graph, ErrorModel(), samples=0)
    with pytest.raises(GraphError, match="has the shape"):
        with_errors(lambda g: g.ids, graph, ErrorModel(split=1.0))


def test_gap_junctions_are_missed_and_false_both_ways() -> None:
    """A star: each gap junction is there as often either way, and half of the ends of false ones are the middle's."""
    spokes = np.arange(1, 41)
    middle, synapses = np.zeros(40, dtype=np.int64), np.full(40, 25)
    star = Graph.from_edges(
        np.concatenate([middle, spokes]), np.concatenate([spokes, middle]), np.concatenate([synapses, synapses])
    )
    total = 40 * 25

    def once(graph: Graph) -> NDArray[np.int64]:
        """The synapses of each pair of neurons, above the diagonal."""
        pre, post, count = graph.edges()
        square = np.zeros((41, 41), dtype=np.int64)
        square[pre, post] = count
        assert (square == square.T).all()
        return np.triu(square)

    missed = once(perturbation(star, ErrorModel(missed=0.4), seed=1, symmetric=True).graph)
    assert missed.sum() == pytest.approx(0.6 * total, abs=5 * np.sqrt(total * 0.4 * 0.6))
    false = once(perturbation(star, ErrorModel(false=1.0), seed=1, symmetric=True).graph) - once(star)
    assert false.sum() == pytest.approx(total, abs=5 * np.sqrt(total))
    ends = false.sum(axis=0) + false.sum(axis=1)  # of which each is the middle's with a half
    assert ends[0] / ends.sum() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(2 * total))
    merged = perturbation(star, ErrorModel(split=0.5, merged=0.5), seed=1, symmetric=True).graph
    pre, post, count = merged.edges()
    assert count[pre <= post].sum() == total
    assert pairs(merged) == {(b, a): s for (a, b), s in pairs(merged).items()}
