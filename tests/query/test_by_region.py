"""Motifs and statistics of every region at once: the same as each region asked by itself, and by counting rows by hand."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import networkx as nx
import numpy as np
import pytest
from scipy.stats import false_discovery_control

from graphkit.errors import QueryError, QuerySyntaxError, TimeLimitError, UnknownNameError
from graphkit.progress import showing
from graphkit.query.result import Result
from graphkit.stopping import current

LEAVES = ("PB(L)", "FBl2", "EBr5", "gammaL(L)")
"""Regions of the sample that have none below them."""


def _rows(result: Result, region: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "region"} for row in result if row["region"] == region]


@pytest.mark.parametrize("region", LEAVES)
@pytest.mark.parametrize("more", ["", " with at least 3 synapses per region", " without autapses"])
def test_a_region_without_others_below_it_is_as_asked_by_itself(ring: Any, region: str, more: str) -> None:
    alone = more.replace(" per region", "")
    assert _rows(ring.query(f"motifs by region{more}"), region) == ring.query(f"motifs in '{region}'{alone}").rows()
    (wide,) = _rows(ring.query(f"statistics by region{more}"), region)
    for row in ring.query(f"statistics in '{region}'{alone}"):
        value = wide[row["statistic"].replace(" ", "_").replace("-", "_")]
        assert value == row["value"] or value == pytest.approx(row["value"])


def test_every_region_with_synapses_has_its_row_and_counts_by_hand(ring: Any) -> None:
    sql = """SELECT coalesce(r.name, '(outside)') AS region, pre_id, post_id, synapses
             FROM connections LEFT JOIN regions r USING (region_id) WHERE kind = 'chemical' AND region_id IS NOT NULL"""
    by_hand: dict[str, nx.DiGraph[int]] = {}
    for region, pre, post, synapses in ring.sql(sql).arrow().to_pandas().itertuples(index=False):
        graph = by_hand.setdefault(region, nx.DiGraph())
        weight = graph.edges[pre, post]["w"] if graph.has_edge(pre, post) else 0
        graph.add_edge(int(pre), int(post), w=weight + int(synapses))
    found = ring.query("statistics by region")
    assert {row["region"] for row in found} == set(by_hand)
    assert len(found) == len(by_hand)
    for row in found:
        graph = by_hand[row["region"]]
        loops = nx.number_of_selfloops(graph)
        assert row["neurons"] == len(graph)
        assert row["connections"] == graph.number_of_edges() - loops
        assert row["autapses"] == loops
        assert row["synapses"] == sum(w for _, _, w in graph.edges(data="w"))
        graph.remove_edges_from(list(nx.selfloop_edges(graph)))
        if graph.number_of_edges():
            assert row["reciprocity"] == pytest.approx(nx.overall_reciprocity(graph))
        weak = max(map(len, nx.weakly_connected_components(graph)))
        assert row["largest_weak_component"] == weak
    assert [r["synapses"] for r in found] == sorted((r["synapses"] for r in found), reverse=True)


def test_a_threshold_is_of_all_the_synapses_of_a_connection(ring: Any) -> None:
    found = ring.query("motifs by region with at least 5 synapses")
    strong = "SELECT pre_id, post_id FROM connections WHERE kind = 'chemical' GROUP BY ALL HAVING sum(synapses) >= 5"
    sql = f"""SELECT count(DISTINCT (pre_id, post_id)) AS n FROM connections JOIN ({strong}) USING (pre_id, post_id)
              WHERE kind = 'chemical' AND region_id = (SELECT region_id FROM regions WHERE name = 'EBr5') AND pre_id <> post_id"""
    (one_way, mutual) = (row["induced"] for row in _rows(found, "EBr5")[:2])
    assert one_way + 2 * mutual == ring.sql(sql).scalar()
    assert any("`with at least 5 synapses per region`" in note for note in found.notes)


def test_regions_below_those_named_alone(ring: Any) -> None:
    below = {row["region"] for row in ring.query("statistics in CX by region")}
    assert {"PB(L)", "EBr5"} <= below
    assert not below & {"GNG", "LAL(L)", "(outside)"}


def test_named_neurons_are_in_the_graph_of_each_region(ring: Any) -> None:
    alone = ring.query("statistics in 'EBr5' among EPG").rows()[0]["value"]
    assert {row["neurons"] for row in ring.query("statistics by region among EPG")} == {alone, 44}


def test_beside_random_graphs_as_asked_by_itself(ring: Any) -> None:
    question = "motifs in 'EBr5', 'FBl2'{} against 4 configuration seed 3"
    both = ring.query(question.format(" by region"))
    for region in ("EBr5", "FBl2"):
        alone = ring.query(f"motifs in '{region}' against 4 configuration seed 3").rows()
        assert [r | {"p_adjusted": 0} for r in _rows(both, region)] == [r | {"p_adjusted": 0} for r in alone]
    rows = both.rows()
    tested = [row for row in rows if row["p"] is not None]
    adjusted = false_discovery_control([row["p"] for row in tested], method="bh")
    assert [row["p_adjusted"] for row in tested] == pytest.approx(adjusted.tolist())
    assert all(row["p_adjusted"] is None for row in rows if row["p"] is None)
    assert any(f"over the {len(tested)} motifs of all 2 regions" in note for note in both.notes)
    few = ring.query(f"{question.format(' by region')} order by p_adjusted limit 3").rows()
    assert few == sorted(tested, key=lambda row: row["p_adjusted"])[:3], (
        "a limit cuts rows that were tested all the same"
    )
    figures = ring.query("statistics in 'EBr5', 'FBl2' by region against 4 configuration")
    alone = ring.query("statistics in 'FBl2' against 4 configuration").rows()
    assert _rows(figures, "FBl2") == alone


def test_without_errors_the_perturbed_graphs_are_the_graph(ring: Any) -> None:
    for question in ("motifs by region with at least 3 synapses", "statistics in CX by region"):
        for row in ring.query(f"{question} with 2 error model missed 0 %"):
            value = row.get("induced", row.get("value"))
            ends = [row["perturbed_mean"], row["perturbed_low"], row["perturbed_high"]]
            assert ends == [None] * 3 if value is None else ends == pytest.approx([value] * 3)


def test_missed_synapses_are_missed_in_every_region(ring: Any) -> None:
    found = ring.query("statistics in EB by region with 10 error model missed 20 %, split 10 %")
    assert {row["region"] for row in found} > {"EBr1", "EBr5"}
    for row in found:
        if row["statistic"] == "synapses" and row["value"] > 1000:
            spread = 4 * math.sqrt(0.2 * 0.8 / row["value"] / 10)
            assert row["perturbed_mean"] / row["value"] == pytest.approx(0.8, abs=spread)
    assert found.columns[-1] == "meaning"


def test_python_and_order_and_limit(ring: Any) -> None:
    found = ring.statistics(by_region=True, region="CX")
    assert found.rows() == ring.query("statistics in CX by region").rows()
    assert found.question == "statistics in region 'CX' by region"
    assert ring.motifs(by_region=True, min_synapses=5).question == "motifs with at least 5 synapses by region"
    best = ring.query("statistics by region order by reciprocity desc limit 3")
    every = [row["reciprocity"] for row in ring.query("statistics by region")]
    assert [r["reciprocity"] for r in best] == sorted((v for v in every if v is not None), reverse=True)[:3]


def test_what_cannot_be_grouped_says_what_can(ring: Any) -> None:
    with pytest.raises(QuerySyntaxError, match="grouped by region only, not by type"):
        ring.query("statistics by type")
    with pytest.raises(UnknownNameError) as unknown:
        ring.query("statistics by neuropil")
    assert unknown.value.hint == "Did you mean 'region'?"
    with pytest.raises(QuerySyntaxError, match="by type or by region, not by side"):
        ring.query("motifs by side")
    with pytest.raises(QuerySyntaxError, match="Only motifs of size 3"):
        ring.query("motifs of size 4 by region")
    with pytest.raises(QueryError, match="not by both"):
        ring.motifs(by_type=True, by_region=True)
    nothing = ring.query("motifs in GNG by region with at least 5000 synapses")
    assert len(nothing) == 0
    assert nothing.columns == ring.query("motifs by region").columns
    assert len(ring.query("statistics in GNG by region with at least 5000 synapses with 2 error model missed 1 %")) == 0


def test_the_plan_selects_what_is_counted(ring: Any) -> None:
    from graphkit.query.english import parse_english
    from graphkit.query.planner import plan

    planned = plan(parse_english(ring, "motifs by region with at least 5 synapses"), ring)
    rows = ring.cursor(planned.sql).sql(planned.sql).to_arrow_table()
    counted = sum(
        r["induced"] * (1 if r["code"] == "A" else 2)
        for r in ring.query("motifs by region with at least 5 synapses")
        if r["code"] in "AM"
    )
    pairs = duckdb.sql("SELECT count(*) FROM rows WHERE pre_id <> post_id").fetchall()[0][0]
    assert counted == pairs
    assert np.all(rows["synapses"].to_numpy() > 0)


def test_pictures_are_a_heat_map_of_regions(ring: Any) -> None:
    figure = ring.query("motifs in 'EBr5', 'FBl2' by region against 3 configuration").plot()
    axes = figure.axes[0]
    assert {label.get_text() for label in axes.get_yticklabels()} == {"EBr5", "FBl2"}
    assert "clique" in {label.get_text() for label in axes.get_xticklabels()}
    assert figure.axes[1].get_ylabel() == "z against 3 configuration"
    ranked = ring.query("statistics in CX by region order by reciprocity desc")
    bars = ranked.plot().axes[0]
    assert bars.get_xlabel() == "reciprocity"
    assert [label.get_text() for label in bars.get_yticklabels()] == [row["region"] for row in ranked]


@pytest.mark.parametrize("question", ["motifs in CX by region against 4 configuration", "statistics in CX by region"])
def test_regions_that_are_ready_when_it_is_stopped_are_given(ring: Any, question: str) -> None:
    whole = ring.query(question).rows()
    regions = list(dict.fromkeys(row["region"] for row in whole))

    def told(stage: str, fraction: float) -> None:
        if stage == "regions" and fraction > 1.5 / len(regions):  # when two are done
            current().told = True

    with showing(told):
        found = ring.query(question, cache=False)
    given = [row for row in whole if row["region"] in regions[:2]]  # their p is adjusted over fewer rows
    assert [row | {"p_adjusted": 0} for row in found] == [row | {"p_adjusted": 0} for row in given]
    assert not found.complete
    assert f"Stopped early: 2 of {len(regions)} regions, those with most synapses, are given." in found.notes
    with showing(lambda *_: setattr(current(), "told", True)), pytest.raises(TimeLimitError):
        ring.query(question, cache=False)
