"""Questions with an error model: the figures on perturbed graphs, counted again."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import networkx as nx
import pytest

from graphkit.algorithms.error_model import ErrorModel, with_errors
from graphkit.dataset import Dataset
from graphkit.errors import QueryError, QuerySyntaxError
from graphkit.graph import Graph
from tests.query.oracle import Oracle


def test_the_rich_club_and_fours_with_errors(sim: Dataset) -> None:
    graph = sim.graph(region="EB")
    found = sim.query("rich club in EB with 4 error model missed 20 %, merged 5 % seed 2").rows()

    def density(one: Graph) -> list[float]:
        made = nx.DiGraph()
        made.add_nodes_from(one.ids.tolist())
        pairs = zip(*(column.tolist() for column in one.edges()[:2]), strict=True)
        made.add_edges_from((a, b) for a, b in pairs if a != b)
        return [nx.density(made.subgraph(i for i, d in made.degree if d >= k)) for k in range(0, 40, 5)]

    expected = with_errors(density, graph, ErrorModel(missed=0.2, merged=0.05), samples=4, seed=2)
    for k, row in enumerate(found[0:40:5]):
        assert row["density"] == pytest.approx(expected.observed[k])
        figures = (row["perturbed_mean"], row["perturbed_low"], row["perturbed_high"])
        assert figures == pytest.approx((expected.mean[k], expected.low[k], expected.high[k]))
    plain = {row["code"]: row["induced"] for row in sim.query("motifs of size 4 in EB")}
    none = list(sim.query("motifs of size 4 in EB with 1 error model missed 0 %"))
    assert {row["code"]: row["perturbed_mean"] for row in none} == plain


def test_matches_with_errors(sim: Dataset, raw: Oracle) -> None:
    """A piece of a neuron is of its type and side; what is lost, split and merged are the connections of the region."""
    graph = sim.graph(region="EB")
    of = [raw.neurons[i] for i in graph.ids.tolist()]

    def loops(one: Graph, origins: Any) -> int:
        made = nx.DiGraph(zip(*(column.tolist() for column in one.edges()[:2]), strict=True))
        row = dict(zip(one.ids.tolist(), origins.tolist(), strict=True))
        return sum(
            made.has_edge(a, c)
            for a in made
            if of[row[a]]["type"] == "ER4d"
            for b in made[a]
            for c in made[b]
            if len({a, b, c}) == 3 and of[row[a]]["side"] != of[row[c]]["side"]
        )

    model = ErrorModel(missed=0.1, split=0.2, merged=0.1)
    expected = with_errors(loops, graph, model, samples=3, seed=4, origins=True)
    words = "with 3 error model missed 10 %, split 20 %, merged 10 % seed 4"
    for question in (
        f"feedforward loops in EB where a.type = 'ER4d' and a.side != c.side {words}",
        f"MATCH (a:ER4d)->(b)->(c), (a)->(c) WHERE a.side != c.side IN EB {words}",
    ):
        (row,) = sim.query(question)
        figures = (row["matches"], row["perturbed_mean"], row["perturbed_low"], row["perturbed_high"])
        wanted = (expected.observed, expected.mean, expected.low, expected.high)
        assert figures == pytest.approx(tuple(map(float, wanted)))
    assert (
        sim.query("count of feedforward loops in EB where a.type = 'ER4d' and a.side != c.side").scalar()
        == row["matches"]
    )
    with pytest.raises(QuerySyntaxError, match="Single matches are listed"):
        sim.query("MATCH (a)->(b) with error model missed 1 % RETURN a")
    with pytest.raises(QuerySyntaxError, match="two questions"):
        sim.query("chains in EB with error model missed 1 % against 5 configuration")


def test_errors_of_a_reconstruction(sim: Dataset) -> None:
    """Missed synapses in the mean; nothing changes where nothing goes wrong; the seed decides."""
    share = 0.3
    found = {row["statistic"]: row for row in sim.query("statistics in EB with 30 error model missed 30 %")}
    total = found["synapses"]["value"]
    spread = math.sqrt(total * share * (1 - share))
    assert found["synapses"]["perturbed_mean"] == pytest.approx(total * (1 - share), abs=4 * spread / math.sqrt(30))
    assert found["synapses"]["perturbed_low"] < found["synapses"]["perturbed_high"] < total
    assert found["connections"]["perturbed_high"] < found["connections"]["value"]
    plain = {row["code"]: row["induced"] for row in sim.query("motifs in EB")}
    none = list(sim.query("motifs in EB with 2 error model missed 0 %"))
    assert all(row["perturbed_low"] == row["perturbed_high"] == plain[row["code"]] for row in none)
    one, other = (
        sim.query(f"motifs in EB with 3 error model split 0.1, merged 0.1 seed {seed}").table for seed in (1, 2)
    )
    assert one == sim.query("motifs in EB with 3 error model split 0.1, merged 0.1 seed 1").table
    assert one != other


def test_motifs_by_type_with_errors(sim: Dataset, raw: Oracle) -> None:
    """The rows of the first motif, one-way connections, counted by the types of pieces; nothing changes without errors."""
    graph = sim.graph(region="EB")
    types = [raw.neurons[i]["type"] for i in graph.ids.tolist()]
    rows = sim.query("motifs in EB by type with 3 error model missed 10 %, split 30 % seed 6").rows()
    plain = sim.query("motifs in EB by type").rows()
    assert [{k: v for k, v in row.items() if "perturbed" not in k} for row in rows] == plain
    chosen = [row for row in rows if row["code"] == "A"]

    def one_way(one: Graph, origins: Any) -> list[int]:
        of = {i: types[row] for i, row in zip(one.ids.tolist(), origins.tolist(), strict=True)}
        pairs = set(zip(*(column.tolist() for column in one.edges()[:2]), strict=True))
        counted = Counter((of[a], of[b]) for a, b in pairs if a != b and (b, a) not in pairs)
        return [counted[row["type_a"], row["type_b"]] for row in chosen]

    expected = with_errors(one_way, graph, ErrorModel(missed=0.1, split=0.3), samples=3, seed=6, origins=True)
    assert chosen
    assert [row["perturbed_mean"] for row in chosen] == pytest.approx(expected.mean.tolist())
    assert [row["perturbed_high"] for row in chosen] == pytest.approx(expected.high.tolist())


def test_errors_as_arguments(sim: Dataset) -> None:
    words, drawn = "with 2 error model missed 10 %, split 5 % seed 3", {"samples": 2, "seed": 3}
    rates = {"missed": 0.1, "split": 0.05}
    for method, question in (
        (sim.statistics(region="EB", errors=rates, **drawn), f"statistics in EB {words}"),
        (sim.motifs(region="EB", errors=rates, **drawn), f"motifs in EB {words}"),
        (sim.motifs(region="EB", by_type=True, errors=rates, **drawn), f"motifs in EB by type {words}"),
        (sim.motifs(region="EB", size=4, errors=rates, **drawn), f"motifs of size 4 in EB {words}"),
        (sim.rich_club(region="EB", errors=rates, **drawn), f"rich club in EB {words}"),
        (sim.match("(a:EPG)->(b)->(a)", region="EB", errors=rates, **drawn), f"MATCH (a:EPG)->(b)->(a) IN EB {words}"),
    ):
        asked = sim.query(question)
        assert (method.question, method.table) == (asked.question, asked.table)
    with pytest.raises(QueryError, match="no errors 'mised'") as caught:
        sim.statistics(errors={"mised": 0.1})
    assert "missed" in (caught.value.hint or "")
    with pytest.raises(QueryError, match="two questions"):
        sim.rich_club(errors=rates, against="configuration")
    with pytest.raises(QueryError, match="expected a share"):
        sim.statistics(errors={"missed": "often"})  # type: ignore[dict-item]
