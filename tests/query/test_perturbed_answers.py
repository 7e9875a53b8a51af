"""Answers with an error model: closed forms, stars and cliques, and what was counted again with networkx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy.stats import binom

from graphkit.algorithms.error_model import ErrorModel, Perturbation, measured
from graphkit.dataset import Dataset
from graphkit.query import ir
from tests.query.made import LONG, made


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One neuron connects to 40 others, with 1 to 8 synapses each; these in pairs with one."""
    triples = [(LONG, LONG + k, 1 + k % 8) for k in range(1, 41)]
    return made(tmp_path_factory.mktemp("star") / "d", triples + [(LONG + k, LONG + k + 1, 1) for k in range(1, 40, 2)])


@pytest.fixture(scope="module")
def cliques(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three cliques of eight neurons, 20 synapses a connection, with one weak connection from each to the next."""
    triples = []
    for c in range(3):
        members = [2**53 + 1 + 8 * c + k for k in range(8)]
        triples += [(a, b, 20) for a in members for b in members if a != b]
        triples.append((members[0], 2**53 + 1 + 8 * ((c + 1) % 3), 1))
    types = {2**53 + 1 + k: "even" if k % 2 else "odd" for k in range(24)}
    return made(tmp_path_factory.mktemp("cliques") / "d", triples, types)


QUESTIONS = [
    "hubs in EB by synapses top 7",
    "pagerank in EB top 7",
    "betweenness in EB top 7",
    "core numbers in EB top 7",
    "clustering in EB top 7",
    "attractors in EB top 7",
    "repellers in EB with at least 2 synapses top 7",
    "rich club neurons of degree at least 50 with at least 3 synapses limit 9",
    "degree distribution in EB with at least 3 synapses",
    "strength distribution in EB",
    "components with at least 12 synapses",
    "strong components in EB",
    "communities in EB",
    "communities in EB by type",
    "information flow from type 'ER4d' in EB limit 20",
    "signal cascade from type 'ER4d' in EB by type",
    "effective connectivity from type 'ER4d' to type 'EPG' in EB by type, side",
    "effective connectivity from EPG_L1 to type 'PEG' within 2 hops with at least 2 synapses limit 9",
    "connection probability by distance in EB",
    "percolation in EB with at least 3 synapses",
    "compare connections of left and right in EB",
    "similarity of type 'ER4d' in EB top 9",
    "similarity of type 'EPG' by ruzicka on input types in EB with at least 2 synapses",
    "clusters of type 'ER*' on partner types in EB into 3 clusters",
    "clusters of type 'ER*' in EB by type",
    "neurons like EPG_L1 in EB",
    "motif roles in EB limit 50",
    "inputs of type 'EPG' in EB by type, side",
    "outputs of EPG_L1 in EB order by name limit 12",
    "partners of type 'EPG' in EB with at least 3 synapses limit 20",
    "connections in EB by type as input fraction order by post_type limit 60",
    "connections from type 'ER4d' to neurons of EB by type, side as mean with at least 2 synapses",
    "connections between type 'ER4d' and type 'EPG' by side in EB",
    "connections from type 'ER4d' to type 'EPG' in EB with at least 3 synapses order by post_name limit 30",
    "connections between type 'ER4d' and EPG_L1 as input fraction in EB",
    "connections from type 'ER4d' to type 'EPG' by region",
    "connections from type 'ER4d' to type 'EPG' in CX as signed without autapses limit 40",
    "connections in CX by region with at least 4 synapses per region limit 40",
    "downstream of EPG_L1 within 2 hops in CX with at least 2 synapses per region",
    "downstream of EPG_L1 within 2 hops in EB with at least 3 synapses",
    "upstream of type 'EPG' within 2 hops in EB by type, side limit 30",
    "partners of EPG_L1 within 2 hops in EB limit 20",
    "paths from ER4d_L1 to type 'EPG' within 2 hops in EB limit 30",
    "paths from ER4d_L1 to type 'EPG' within 2 hops in EB by type",
    "shortest paths from type 'ER4d' to EPG_L1 with at least 2 synapses",
    "5 shortest paths from ER4d_L1 to EPG_L1 in EB by input fraction",
    "5 strongest paths from ER4d_L1 to EPG_L1 in EB by type",
    "common inputs of type 'EPG' and type 'PEG' in EB limit 20",
    "common partners of EPG_L1 and type 'PEG' in EB by type with at least 2 synapses",
    "similarity of type 'ER4d' in EB top 3 per neuron",
    "similarity of type 'EPG' by jaccard on input types in EB with at least 2 synapses top 1 per neuron",
    "feedforward loops in EB where a.type = 'ER4d' per neuron limit 20",
    "how many connections from type 'ER4d' to type 'EPG' with at least 2 synapses",
    "how many partners of EPG_L1",
    "how many common outputs of EPG_L1 and EPG_R1",
    "hubs with electrical synapses top 7",
    "gap junctions",
    "gap junctions by type, side with at least 2 synapses",
    "partners of type 'ER4d' with electrical synapses",
    "neurons like ER4d_L1 with electrical synapses",
    "strong components with electrical synapses",
    "compare connections of left and right with electrical synapses",
    "paths from ER4d_L1 to neurons of EB within 3 hops with electrical synapses limit 9",
    "chains with electrical synapses per neuron",
    "how many gap junctions from type 'ER4d'",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_without_errors_nothing_moves(sim: Dataset, question: str) -> None:
    """The rows are those of the question alone; the interval is the figure, every share is 1, the echo asks the same."""
    plain, found = sim.query(question), sim.query(f"{question} with 2 error model missed 0 %")
    rows, before = found.rows(), plain.rows()
    assert [{k: row[k] for k in plain.columns} for row in rows] == before
    assert rows
    assert sim.query(found.question).form == found.form
    assert found.complete == plain.complete
    column = _figure_of(found.form, plain.columns) if "perturbed_mean" in found.columns else ""
    for row in rows:
        assert row.get("perturbed_share", 1) == 1
        assert row.get("perturbed_together", 1) in (1, None)
        if "perturbed_mean" not in row:
            continue
        if question.startswith("partners") and "inputs" in row:
            row["synapses"] = row["inputs"] + row["outputs"]
        for end in ("mean", "low", "high"):
            assert row[f"perturbed_{end}"] == (None if row[column] is None else pytest.approx(row[column])), column


def _figure_of(form: Any, columns: list[str]) -> str:
    """The column that the interval is of."""
    match form:
        case ir.Hubs():
            return form.rank
        case ir.Reach():
            return "neurons" if form.by else "hops"
        case ir.Paths():
            return "paths" if form.by else "weakest" if form.strength == "synapses" else "strength"
        case ir.Count():
            return columns[0]
        case ir.Connections(figure=str(figure)):
            return figure.replace(" ", "_")
    figures = {
        "roles": "degree",
        "percolation": "largest",
        "side_connections": "difference",
        "connections": "synapses",
        "partners": "synapses",
        "common": "synapses",
        "degrees": "neurons",
        "components": "neurons",
        "distances": "probability",
        "effective": "effective_input_fraction",
        "motifs": "count",
        "match": "matches",
    }
    return figures.get(form.name) or next(c for c in columns[::-1] if c in _FIGURES)


_FIGURES = {
    *("pagerank", "betweenness", "core_number", "clustering", "time_share", "layer", "hop", "similarity"),
}


def test_thinned_degrees(star: Dataset) -> None:
    """A connection of s synapses is found unless all are missed, and with a threshold if enough are left."""
    missed, samples = 0.4, 300
    synapses = np.array([1 + k % 8 for k in range(1, 41)])
    for least in (1, 4):
        words = f" with at least {least} synapses" if least > 1 else ""
        question = f"hubs by out-degree{words} top 1 with {samples} error model missed 40 % seed 1"
        (hub,) = star.query(question).rows()
        chance = binom.sf(least - 1, synapses, 1 - missed)
        sd = np.sqrt((chance * (1 - chance)).sum() / samples)
        assert hub["neuron_id"] == LONG
        assert hub["out_degree"] == (synapses >= least).sum()
        assert hub["perturbed_mean"] == pytest.approx(chance.sum(), abs=4 * sd)
        assert hub["perturbed_low"] < chance.sum() < hub["perturbed_high"]
        assert hub["perturbed_share"] == 1
    rows = star.query(f"degree distribution with {samples} error model missed 40 % seed 1").rows()
    assert sum(row["perturbed_in_mean"] for row in rows) == pytest.approx(41)
    degrees_in = sum(row["degree"] * row["perturbed_in_mean"] for row in rows)
    expected = binom.sf(0, synapses, 1 - missed).sum() + 20 * (1 - missed)  # the pairs have one synapse each
    assert degrees_in == pytest.approx(expected, rel=0.01)
    nobody = next(row for row in rows if row["degree"] == 0)
    assert nobody["neurons"] == 0 < nobody["perturbed_mean"]  # a row for what perturbed graphs alone have


def test_a_role_is_kept_while_its_degree_is(star: Dataset) -> None:
    """The hub of the star sends and never receives: it broadcasts where 38 of its 40 connections are found."""
    samples, found = 400, 1 - 0.05 ** np.array([1 + k % 8 for k in range(1, 41)])
    (hub,) = star.query(f"broadcasters of degree at least 38 with {samples} error model missed 5 %").rows()
    chance = np.array([1.0])  # of each number of connections, by convolution
    for p in found:
        chance = np.convolve(chance, [1 - p, p])
    expected = chance[38:].sum()
    assert hub["degree"] == 40
    assert hub["perturbed_share"] == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / samples))


def test_matches_past_a_threshold(star: Dataset) -> None:
    """Connections of which enough synapses are found, in MATCH and in a census of them."""
    missed, samples, least = 0.4, 300, 4
    chance = binom.sf(least - 1, [1 + k % 8 for k in range(1, 41)], 1 - missed)
    expected, sd = chance.sum(), np.sqrt((chance * (1 - chance)).sum() / samples)
    words = f"with at least {least} synapses with {samples} error model missed 40 % seed 3"
    (row,) = star.query(f"MATCH (a)->(b) {words}")
    assert row["matches"] == 25
    assert row["perturbed_mean"] == pytest.approx(expected, abs=4 * sd)
    one_way = star.query(f"motifs {words} order by size limit 1").rows()[0]
    assert (one_way["code"], one_way["induced"]) == ("A", 25)
    assert one_way["perturbed_mean"] == row["perturbed_mean"]


def test_false_synapses_make_no_connections_past_a_threshold(star: Dataset) -> None:
    """One synapse more is a connection by itself, and none of five or more."""
    every = {row["statistic"]: row for row in star.query("statistics with 20 error model false 20 %")}
    five = {
        row["statistic"]: row
        for row in star.query("statistics with at least 5 synapses with 20 error model false 20 %")
    }
    assert every["connections"]["perturbed_low"] > every["connections"]["value"]
    assert five["connections"]["value"] == 20
    assert 20 <= five["connections"]["perturbed_mean"] < 30


def test_a_neuron_is_followed_to_what_holds_it(star: Dataset) -> None:
    """The hub keeps at least half when it is split; merged with another, what it is one with has all of it."""
    (split,) = star.query("hubs by outputs top 1 with 50 error model split 100 %").rows()
    assert split["outputs"] == 180
    assert 180 / 2 * 0.7 < split["perturbed_low"] < split["perturbed_high"] <= 180
    (merged,) = star.query("hubs by outputs top 1 with 50 error model merged 100 %").rows()
    assert (merged["perturbed_low"], merged["perturbed_share"]) == (180, 1)
    assert merged["perturbed_high"] <= 181


def again(
    dataset: Dataset, model: ErrorModel, samples: int, seed: int, measure: Callable[[Perturbation], Any]
) -> list[Any]:
    return measured(measure, dataset.graph(region="EB"), model, samples=samples, seed=seed)


def test_how_often_a_neuron_is_among_the_first(sim: Dataset) -> None:
    """Counted again with networkx: its degree, and whether fewer than ten neurons have more."""
    model = ErrorModel(missed=0.2, false=0.05, split=0.2, merged=0.1)
    words = "with 6 error model missed 20 %, false 5 %, split 20 %, merged 10 % seed 5"
    graph = sim.graph(region="EB")
    rows = sim.query(f"hubs in EB top 10 {words}").rows()

    def degrees(one: Perturbation) -> dict[int, tuple[int, bool]]:
        drawn = nx.DiGraph()
        drawn.add_nodes_from(one.graph.ids.tolist())
        pairs = zip(*(column.tolist() for column in one.graph.edges()[:2]), strict=True)
        drawn.add_edges_from((a, b) for a, b in pairs if a != b)
        held = {i: drawn.degree(int(one.graph.ids[one.bodies[row]])) for row, i in enumerate(graph.ids.tolist())}
        every = [degree for _, degree in drawn.degree]
        return {i: (held[i], sum(d > held[i] for d in every) < 10) for i in held}

    found = again(sim, model, 6, 5, degrees)
    for row in rows:
        values = [one[row["neuron_id"]][0] for one in found]
        assert row["perturbed_mean"] == pytest.approx(np.mean(values))
        assert row["perturbed_low"] == pytest.approx(np.quantile(values, 0.05))
        assert row["perturbed_share"] == pytest.approx(np.mean([one[row["neuron_id"]][1] for one in found]))
    assert any(0 < row["perturbed_share"] < 1 for row in rows)
    club = sim.query(f"rich club neurons of degree at least 70 in EB {words}").rows()
    for row in club:
        share = np.mean([one[row["neuron_id"]][0] >= 70 for one in found])
        assert row["perturbed_share"] == pytest.approx(share)
    assert any(0 < row["perturbed_share"] < 1 for row in club)


def test_communities_that_hold(cliques: Dataset) -> None:
    """Three cliques stay three, whatever is missed; a neuron that is merged into another clique leaves its own."""
    found = cliques.query("communities with 10 error model missed 30 %, false 5 %")
    assert {row["perturbed_together"] for row in found} == {1}
    assert any(
        "3 (3 to 3) of them" in n and "adjusted Rand index with those here is 1.000 (1.000 to 1.000)" in n
        for n in found.notes
    )
    merged = cliques.query("communities by type with 10 error model merged 20 %").rows()
    assert sum(row["neurons"] for row in merged) == 24
    assert 0 < min(row["perturbed_together"] for row in merged) < 1
    clusters = cliques.query("clusters of any neuron into 3 clusters with 5 error model missed 30 %").rows()
    assert {row["perturbed_together"] for row in clusters} == {1}


def test_connections_of_groups(star: Dataset, cliques: Dataset, sim: Dataset) -> None:
    """Of s synapses s (1 - m) are found; pieces are of their neuron's type, so that splits change no sum, and means only down."""
    samples, missed = 200, 0.3
    words = f"by type with {samples} error model missed 30 % seed 1"
    for row in cliques.query(f"connections {words}"):
        sd = np.sqrt(row["synapses"] * missed * (1 - missed))
        assert row["perturbed_mean"] == pytest.approx(row["synapses"] * (1 - missed), abs=4 * sd / np.sqrt(samples))
        assert row["perturbed_high"] - row["perturbed_low"] == pytest.approx(2 * 1.645 * sd, rel=0.4)
    for row in sim.query("connections in EB by type with 3 error model split 80 %"):
        assert row["synapses"] == row["perturbed_low"] == row["perturbed_high"]
    for row in cliques.query("connections by type as mean with 3 error model split 100 %"):
        assert row["perturbed_high"] == pytest.approx(row["mean"] / 2)  # twice as many neurons
    (pair,) = star.query(f"connections from {LONG + 1} to {LONG + 2} by type with 400 error model missed 30 %")
    assert pair["perturbed_share"] == pytest.approx(1 - missed, abs=4 * np.sqrt(missed * (1 - missed) / 400))
    ranked = sim.query("connections in EB by type with 3 error model missed 30 % order by perturbed_mean desc limit 4")
    assert [row["perturbed_mean"] for row in ranked] == sorted((row["perturbed_mean"] for row in ranked), reverse=True)
    drawn: dict[str, Any] = {"errors": {"missed": 0.3}, "samples": 3}
    found = sim.connections(by="type", region="EB", limit=4, order="perturbed_mean descending", **drawn)
    assert (found.question, found.table) == (ranked.question, ranked.table)


def test_partners(star: Dataset, sim: Dataset) -> None:
    """A partner of s synapses is found unless all are missed; a piece of a neuron asked about is asked about, too."""
    missed, samples = 0.5, 400
    for row in star.query(f"outputs of {LONG} with {samples} error model missed 50 % seed 2"):
        chance, mean = 1 - missed ** row["synapses"], row["synapses"] * (1 - missed)
        assert row["perturbed_share"] == pytest.approx(
            chance, abs=4.5 * np.sqrt(chance * (1 - chance) / samples) + 1e-9
        )
        assert row["perturbed_mean"] == pytest.approx(mean, abs=4.5 * np.sqrt(mean * missed / samples))
    for row in sim.query("inputs of type 'EPG' in EB by type with 3 error model split 90 %"):
        assert row["perturbed_low"] == row["perturbed_high"] == row["synapses"]
    (merged,) = star.query(f"inputs of {LONG + 8} with 60 error model merged 100 % limit 1").rows()
    assert merged["neuron_id"] == LONG
    assert merged["perturbed_low"] >= merged["synapses"] == 1  # what holds it has its inputs, and those of another
    drawn: dict[str, Any] = {"errors": {"missed": 0.3}, "samples": 3, "region": "EB"}
    for found, question in (
        (sim.inputs("EPG_L1", **drawn), "inputs of EPG_L1 in EB"),
        (sim.outputs("type 'EPG'", by="type", **drawn), "outputs of type 'EPG' in EB by type"),
        (sim.partners("EPG_L1", order="perturbed_share", **drawn), "partners of EPG_L1 in EB order by perturbed_share"),
    ):
        asked = sim.query(f"{question} with 3 error model missed 30 %")
        assert (found.question, found.table) == (asked.question, asked.table)


def test_curves_against_what_is_known(star: Dataset, sim: Dataset) -> None:
    """Taking the hub of a star away leaves pairs at most; split neurons have more pairs at each distance."""
    rows = star.query("percolation with 20 error model missed 20 %").rows()
    assert rows[0]["perturbed_high"] <= rows[0]["largest"] == 41
    assert all(row["perturbed_high"] <= 2 for row in rows[1:])
    parts = star.query("components with 30 error model missed 50 % seed 2").rows()
    assert parts[0]["perturbed_mean"] < parts[0]["neurons"] == 41
    missed, share = (
        sim.query(f"connection probability by distance in EB with 20 error model {words}").rows()
        for words in ("missed 30 %", "split 100 %")
    )
    for row, split in zip(missed, share, strict=True):
        if row["connected"]:
            assert row["perturbed_high"] <= row["probability"]
        if row["connected"] > 20:
            assert split["perturbed_high"] < row["probability"]  # four times the pairs, and not as many connections
