"""`motifs ... against N MODEL`: the same figures as from the graph, with what the models need taken from the dataset."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError, QueryError
from graphkit.motifs import significance
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


def test_what_a_dataset_cannot_say(tiny: Dataset, pair_totals: Dataset) -> None:
    with pytest.raises(NotAnswerableError, match="soma position"):
        pair_totals.query("motifs against 3 distance")
    with pytest.raises(QueryError, match="by type"):
        tiny.motifs(by_type=True, against="configuration")
    with pytest.raises(QueryError, match="samples is 0"):
        ir.Against("configuration", 0)


def test_nobody_has_no_motifs(nobody: Dataset) -> None:
    assert {row["observed"] for row in nobody.query("motifs against 2 configuration")} == {0}
