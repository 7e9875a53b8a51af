"""`motifs ... against N MODEL`: the same figures as from the graph, with what the models need taken from the dataset."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from graphkit.dataset import Dataset, open_dataset
from graphkit.errors import NotAnswerableError, QueryError
from graphkit.graph import Graph
from graphkit.importers.edges import import_edges
from graphkit.motifs import nulls, significance, significance_by_type
from graphkit.motifs.nulls.by_name import MODELS
from graphkit.progress import showing
from graphkit.query import ir


def test_the_question_is_the_librarys_significance(sim: Dataset) -> None:
    found = sim.query("motifs in EB against 12 configuration seed 5")
    expected = significance(sim.graph(region="EB"), "configuration", samples=12, seed=5)
    assert found.arrow().equals(expected.table())
    assert found.complete
    assert set(expected.notes) <= set(found.notes)
    assert found.question == "motifs in region 'EB' against 12 configuration seed 5"
    same = sim.motifs(region="EB", against="configuration", samples=12, seed=5)
    assert same.arrow().equals(found.arrow())
    assert same.form == found.form


def test_what_is_observed_is_the_census(sim: Dataset) -> None:
    induced = {row["code"]: row["induced"] for row in sim.query("motifs in EB")}
    for row in sim.query("motifs in EB against 2 erdos-renyi"):
        assert row["observed"] == induced[row["code"]]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_asked(sim: Dataset, model: str) -> None:
    found = sim.query(f"motifs in EB against 2 {model}")
    assert len(found) == 15
    assert any(f"null model {model}" in note for note in found.notes)


def test_region_block_takes_the_region_of_most_outputs(sim: Dataset) -> None:
    outputs: dict[int, Counter[int]] = {}
    for row in sim.table("neuron_regions").to_pylist():
        outputs.setdefault(row["neuron_id"], Counter())[row["region_id"]] += row["outputs"]
    graph = sim.graph(region="EB")
    blocks = []
    for neuron in graph.ids.tolist():
        there = {region: n for region, n in outputs.get(neuron, Counter()).items() if n}
        blocks.append(min(there, key=lambda r: (-there[r], r)) if there else None)
    expected = significance(graph, "region-block", samples=3, blocks=blocks)
    assert sim.query("motifs in EB against 3 npc").arrow().equals(expected.table())


def test_distance_takes_the_somata(sim: Dataset) -> None:
    place = {row["neuron_id"]: [row[f"soma_{axis}_nm"] for axis in "xyz"] for row in sim.table("neurons").to_pylist()}
    graph = sim.graph(region="EB")
    positions = np.array([place[neuron] for neuron in graph.ids.tolist()], dtype=float)
    expected = significance(graph, "distance", samples=3, positions_nm=positions)
    assert sim.query("motifs in EB against 3 distance").arrow().equals(expected.table())


def test_order_and_limit(sim: Dataset) -> None:
    everything = sim.query("motifs in EB against 8 configuration").rows()
    found = sim.query("motifs in EB against 8 configuration order by z desc limit 3")
    assert not found.complete
    assert [row["code"] for row in found] == [
        row["code"] for row in sorted(everything, key=lambda row: -row["z"]) if row["z"] is not None
    ][:3]


def test_json_says_what_the_columns_mean(sim: Dataset) -> None:
    answer = json.loads(sim.query("motifs in EB against 2 configuration").to_json())
    assert all("meaning" in column for column in answer["columns"] if column["name"] in ("z", "p", "p_adjusted"))


def test_interrupted_it_is_flagged(sim: Dataset) -> None:
    def stop(stage: str, fraction: float) -> None:
        if fraction >= 0.25:
            raise KeyboardInterrupt

    with showing(stop):
        found = sim.query("motifs in EB against 8 configuration")
    assert not found.complete
    assert any("the 2 of 8 null graphs" in note for note in found.notes)
    assert not any("Only the first" in note for note in found.notes)
    assert found.arrow().equals(sim.query("motifs in EB against 2 configuration").arrow())


def test_what_a_dataset_cannot_say(tiny: Dataset, pair_totals: Dataset, tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("pre_id,post_id,synapses\n1,2,3\n1,3,4\n1,4,5\n")
    import_edges([tmp_path / "edges.csv"], tmp_path / "star")
    without_regions = open_dataset(tmp_path / "star")
    with pytest.raises(NotAnswerableError, match="soma position"):
        pair_totals.query("motifs against 3 distance")
    with pytest.raises(NotAnswerableError, match="none of the neurons asked has outputs in one"):
        without_regions.query("motifs against 3 region-block")
    with pytest.raises(QueryError, match="Only motifs of size 3"):
        tiny.motifs(by_type=True, size=4, against="configuration")
    with pytest.raises(NotAnswerableError, match="leaves every connection in place"):
        tiny.query("motifs by type against 3 synapse-counts")
    with pytest.raises(QueryError, match="samples is 0"):
        ir.Against("configuration", 0)


def test_nobody_has_no_motifs(nobody: Dataset) -> None:
    assert {row["observed"] for row in nobody.query("motifs against 2 configuration")} == {0}


def test_motifs_by_type_and_of_four(sim: Dataset) -> None:
    graph = sim.graph(region="EB", attributes=["type"])
    expected = significance_by_type(graph, list(graph.attributes["type"]), samples=4, seed=2)
    found = sim.query("motifs in EB by type against 4 configuration seed 2").rows()
    assert len(found) == len(expected.rows) > 15
    for row, typed in zip(found, expected.rows, strict=True):
        assert (row["code"], row["type_a"], row["type_b"]) == (typed.motif.code, *typed.types[:2])
        assert (row["observed"], row["null_mean"], row["z"], row["p"]) == (
            typed.figure.observed,
            typed.figure.null_mean,
            typed.figure.z,
            typed.figure.p,
        )
    plain = {
        tuple(r[c] for c in ("code", "type_a", "type_b", "type_c")): r["induced"]
        for r in sim.query("motifs in EB by type")
    }
    assert {
        tuple(r[c] for c in ("code", "type_a", "type_b", "type_c")): r["observed"] for r in found if r["observed"]
    } == plain
    fours = sim.query("motifs of size 4 in EB against 2 configuration")
    assert fours.arrow().equals(significance(sim.graph(region="EB"), samples=2, size=4).table())


def plainly(graph: Graph, wanted: list[tuple[int, int]], least: int, first: set[int]) -> int:
    """Different neurons with these connections of at least so many synapses, the first of them one of ``first``."""
    pre, post, synapses = graph.edges()
    strong = set(zip(pre[synapses >= least].tolist(), post[synapses >= least].tolist(), strict=True))
    nodes = 1 + max(max(pair) for pair in wanted)
    onto: dict[int, list[int]] = {}
    for a, b in strong:
        onto.setdefault(a, []).append(b)
    found = [(a,) for a in first]
    for node in range(1, nodes):
        found = [(*m, b) for m in found for b in onto.get(m[node - 1], []) if b not in m]
    return sum(all((m[a], m[b]) in strong for a, b in wanted) for m in found)


def test_a_pattern_against_a_null_model(sim: Dataset) -> None:
    some = sim.query("types in EB").rows()[0]["type"]
    question = f"MATCH (a: type '{some}')-[synapses >= 2]->(b)-[synapses >= 2]->(c) IN region EB against 5 configuration seed 7"
    found = sim.query(question)
    graph = sim.graph(region="EB")
    ours = {row["neuron_id"] for row in sim.table("neurons").to_pylist() if row["type"] == some}
    chain = [(0, 1), (1, 2)]
    values = [plainly(g, chain, 2, ours) for g in nulls.configuration(graph, 5, seed=7)]
    (row,) = found.rows()
    assert row["observed"] == plainly(graph.without_autapses(), chain, 2, ours)
    assert row["null_mean"] == pytest.approx(np.mean(values))
    assert row["null_sd"] == pytest.approx(np.std(values, ddof=1))
    reach = min(sum(v >= row["observed"] for v in values), sum(v <= row["observed"] for v in values))
    assert row["p"] == pytest.approx(min(1, 2 * (reach + 1) / 6))
    assert found.columns == ["observed", "null_mean", "null_sd", "z", "p"]
    assert found.question.endswith("against 5 configuration seed 7 RETURN count")
    pattern = f"(a: type '{some}')-[synapses >= 2]->(b)-[synapses >= 2]->(c)"
    same = sim.match(pattern, region="EB", against="configuration", samples=5, seed=7)
    assert same.form == found.form
    assert any("configuration" in note for note in found.notes)


def test_a_motif_by_name_against_a_null_model(sim: Dataset) -> None:
    (row,) = sim.query("feedforward loops in EB against 3 configuration").rows()
    assert row["observed"] == sim.query("count of feedforward loops in EB").scalar()
    (walked,) = sim.query("MATCH (a)->{1,2}(b), (b)->(a) in EB against 2 configuration").rows()
    assert walked["observed"] > 0
    (shuffled,) = sim.query("MATCH (a)-[synapses >= 3]->(b) in EB against 2 synapse-counts").rows()
    assert shuffled["null_sd"] == 0  # as many connections have 3 synapses or more, wherever they are


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("MATCH (a)->(b) against 3 configuration RETURN a.type", "Only the number of matches"),
        ("MATCH (a)-[in EB]->(b) against 3 configuration", "no region"),
        ("MATCH (a)->(a) against 3 configuration", "no autapses"),
        ("MATCH (a)->(b) with gap junctions against 3 configuration", "chemical"),
        ("MATCH (a)->(b) against 3 synapse-counts", "leaves every connection in place"),
        ("MATCH (a)->(b) against 3 configurations", "Did you mean 'configuration'"),
    ],
)
def test_patterns_that_random_graphs_cannot_answer(sim: Dataset, question: str, said: str) -> None:
    with pytest.raises(QueryError) as error:
        sim.query(question)
    assert said in f"{error.value.message} {error.value.hint}"
