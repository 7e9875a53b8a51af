"""Rankings of neurons, of all and of some, on the stored synapses given to networkx."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from graphkit.dataset import Dataset
from tests.query.oracle import Oracle, Picked


@pytest.fixture(scope="module")
def eb(raw: Oracle) -> nx.DiGraph[int]:
    return raw.graph(Picked("in EB", regions=("EB",)))


def _column(result: Any, key: str, value: str) -> dict[Any, Any]:
    return {row[key]: row[value] for row in result}


def test_rankings(sim: Dataset, eb: nx.DiGraph[int]) -> None:
    simple = eb.copy()
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    expected = {
        "pagerank": nx.pagerank(eb, weight="weight", tol=1e-12, max_iter=1000),
        "betweenness": nx.betweenness_centrality(eb, normalized=False),
        "core numbers": nx.core_number(simple.to_undirected()),
        "clustering": nx.clustering(simple),
    }
    for words, values in expected.items():
        result = sim.query(f"{words} in EB top {len(eb)}")
        assert result.complete
        found = _column(result, "neuron_id", result.columns[-1])
        assert found == pytest.approx(values, abs=1e-9)
        assert list(found.values()) == sorted(found.values(), reverse=True)
        top = sim.query(f"{words} in EB")
        assert (len(top), top.complete) == (20, False)
        assert list(top) == list(result)[:20]
    assert sim.ranking("pagerank", region="EB").table == sim.query("pagerank in EB").table


def test_rankings_of_some_neurons_are_measured_in_the_graph_of_all(
    sim: Dataset, raw: Oracle, eb: nx.DiGraph[int]
) -> None:
    """The value and the place are those among all; `among` has the graph of these neurons alone."""
    ring = {i for i, n in raw.neurons.items() if (n["type"] or "").startswith("ER")}
    simple = eb.copy()
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    expected = {
        "pagerank {} in EB": nx.pagerank(eb, weight="weight", tol=1e-12, max_iter=1000),
        "core numbers {} in EB": nx.core_number(simple.to_undirected()),
        "hubs {} in EB by out-degree": dict(simple.out_degree),
    }
    for words, values in expected.items():
        column = "out_degree" if "hubs" in words else sim.query(words.format("")).columns[-1]
        ranked = {i: v for i, v in values.items() if v > 0 or "hubs" not in words}
        result = sim.query(words.format("of type 'ER*'"))
        found = _column(result, "neuron_id", column)
        assert result.complete
        assert found == pytest.approx({i: v for i, v in ranked.items() if i in ring}, abs=1e-9)
        assert list(found.values()) == sorted(found.values(), reverse=True)
        close = {i: sum(v > value + 1e-9 for v in ranked.values()) + 1 for i, value in ranked.items()}
        last = {i: sum(v > value - 1e-9 for v in ranked.values()) for i, value in ranked.items()}
        for row in result:
            assert close[row["neuron_id"]] <= row["rank"] <= last[row["neuron_id"]], "equal ones, but for rounding"
        assert f"among its {len(ranked):,} neurons" in " ".join(result.notes)
        without = len(ring) - len(found)
        assert (f"{without:,} of the {len(ring):,} neurons asked about have no such figure" in result.notes[-1]) == (
            without > 0
        )
        three = sim.query(words.format("of type 'ER*'") + " limit 3")
        assert (three.rows(), three.complete) == (result.rows()[:3], False)
        assert len(sim.query(words.format("of any neuron"))) == len(ranked)
    alone = sim.query("pagerank among type 'ER*' in EB top 99")
    within = nx.pagerank(eb.subgraph(ring), weight="weight", tol=1e-12, max_iter=1000)
    assert _column(alone, "neuron_id", "pagerank") == pytest.approx(dict(within), abs=1e-9)
    assert "`of` in place of `among`" in alone.notes[-1]


def test_roles_and_signals_of_some_neurons(sim: Dataset, raw: Oracle) -> None:
    every = sim.query("integrators of degree at least 2 with at least 5 synapses").rows()
    kinds = sorted({raw.neurons[r["neuron_id"]]["type"] for r in every} - {None})
    assert len(kinds) > 2
    for kind in kinds[:2]:
        some = sim.query(f'integrators of degree at least 2 of type "{kind}" with at least 5 synapses').rows()
        assert some == [r for r in every if r["type"] == kind] != []
    for words in ("information flow from type 'ORN*'", "signal cascade from type 'ORN*' within 2 hops"):
        signal = sim.query(words).rows()
        part = sim.query(f"{words} to type 'PFN*', EPG")
        assert part.rows() == [r for r in signal if r["type"] == "EPG" or (r["type"] or "").startswith("PFN")]
        there = {i for i, n in raw.neurons.items() if n["type"] == "EPG" or (n["type"] or "").startswith("PFN")}
        assert f"came to {len(part):,} of the {len(there):,} neurons asked about" in " ".join(part.notes)


def test_ranks_on_perturbed_graphs(sim: Dataset) -> None:
    """Without errors a neuron keeps its figure and its place; when all others lose synapses alike, it is near it."""
    for words in ("pagerank of EPG in EB", "hubs of EPG in EB by inputs"):
        figure = "pagerank" if "pagerank" in words else "inputs"
        for row in sim.query(f"{words} with 2 error model missed 0 %"):
            assert row["perturbed_low"] == row["perturbed_mean"] == row["perturbed_high"] == pytest.approx(row[figure])
            assert {row[f"perturbed_rank_{k}"] for k in ("mean", "low", "high")} == {row["rank"]}
        first, *_, last = sim.query(f"{words} with 8 error model missed 20 %").rows()
        assert first["perturbed_rank_mean"] < last["perturbed_rank_mean"]
        assert first["perturbed_rank_low"] >= 1
    drawn = {"errors": {"missed": 0.2}, "samples": 2, "region": "EB"}
    for result, question in (
        (sim.hubs(of="EPG", **drawn), "hubs of EPG in EB"),
        (sim.ranking("core number", of="type 'EPG'", limit=3, **drawn), "core numbers of EPG in EB limit 3"),
    ):
        asked = sim.query(f"{question} with 2 error model missed 20 %")
        assert (result.question, result.table) == (asked.question, asked.table)
    assert (
        sim.roles("integrators", of="EPG", degree=3).form == sim.query("integrators of degree at least 3 of EPG").form
    )
    assert sim.signal_cascade("EPG", "ER4d").form == sim.query("signal cascade from EPG to ER4d").form


@pytest.mark.parametrize("reverse", [False, True])
def test_attractors_and_repellers(sim: Dataset, eb: nx.DiGraph[int], reverse: bool) -> None:
    inside = eb.subgraph(max(nx.strongly_connected_components(eb), key=len))
    walk = nx.google_matrix(inside.reverse() if reverse else inside, alpha=1.0, weight="weight")
    values, vectors = np.linalg.eig(walk.T)
    leading = np.real(vectors[:, np.argmax(np.real(values))])
    expected = dict(zip(inside, leading / leading.sum(), strict=True))
    found = sim.query(f"{'repellers' if reverse else 'attractors'} in EB top {len(inside) + 1}")
    assert _column(found, "neuron_id", "time_share") == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("neurons", "connections", "searches"),
    [
        (2_956, 110_140, None),
        (5_000, 4_000_000, None),
        (20_000, 100_000, None),
        (139_255, 2_796_641, 1_072),
        (139_255, 14_000_000, 1_000),
    ],
)
def test_betweenness_takes_about_as_long_whatever_the_graph(
    neurons: int, connections: int, searches: int | None
) -> None:
    from graphkit.query.answers.ranking import _searches

    assert _searches(neurons, connections) == searches
