"""Answers without rows say why there are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError
from graphkit.importers import import_edges, import_neuprint, import_swc


@pytest.mark.parametrize(
    ("question", "notes"),
    [
        (
            "neurons where side = left and side = right",
            ["No neuron meets all of the conditions. Each by itself, in neurons: side = 'left': 2; side = 'right': 2."],
        ),
        ("neurons where mass > 99", ["No neuron meets the condition: mass > 99."]),
        ("inputs of neurons where mass > 99", ["No neuron meets the condition: mass > 99."]),
        ("hubs in Empty", ["No neuron has a synapse in 'Empty'."]),
        ("neurons of Empty", ["No neuron meets the condition: belong to region ('Empty')."]),
        ("connections from A1 to D(x)_L'", []),
        ("neurons where mass > 2", []),
    ],
)
def test_an_answer_without_rows_says_why(tiny: Dataset, question: str, notes: list[str]) -> None:
    question = question.replace("D(x)_L'", "720575940621039150")
    found = tiny.query(question)
    assert (len(found) == 0) is (question != "neurons where mass > 2")
    assert [n for n in found.notes if n.startswith("No neuron")] == notes


@pytest.mark.parametrize(
    ("sites", "said"),
    [
        ("", "This dataset has no connections at all: it says nothing of who synapses onto whom."),
        (
            "type,x,y,z\npre,0,0,0\npost,0,0,9\n",
            "This dataset has no connections at all: its 2 synapses are not counted in the graph; "
            "`graphkit info` says why.",
        ),
    ],
)
def test_without_connections_an_answer_says_that_there_are_none(tmp_path: Path, sites: str, said: str) -> None:
    (tmp_path / "7.swc").write_text("1 0 0 0 0 1 -1\n2 0 0 0 9 1 1\n")
    if sites:
        (tmp_path / "7.csv").write_text(sites)
    brain = import_swc([tmp_path / "7.swc"], tmp_path / "out", synapses=[tmp_path / "7.csv"] if sites else None).dataset
    for question in ("inputs of 7", "motifs", "MATCH (a)->(b) RETURN count"):
        assert said in brain.query(question).notes, question
    assert said not in brain.query("neurons").notes
    assert said not in brain.query("morphology of 7").notes


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """a -> b (EB), b -> c (PB); the neurons d and e, of the type D, have no connection; no gap junction."""
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "p.csv").write_text("pre,post,weight,region\n1,2,3,EB\n2,3,4,PB\n")
    (folder / "n.csv").write_text("neuron_id,type\n1,A\n2,B\n3,B\n4,D\n5,D\n6,E\n")
    return import_edges(folder / "p.csv", folder / "d", neurons=folder / "n.csv").dataset


ALONE = "No connection meets the question: the graph asked has neurons alone."


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("connections between A and D", "type = 'D': 2 neurons, none of which has a connection in this dataset."),
        ("inputs of E", "type = 'E': 1 neuron, which has no connection in this dataset."),
        ("gap junctions", "This dataset has no gap junctions."),
        ("statistics with electrical synapses", "This dataset has no gap junctions."),
        ("hubs with at least 5 synapses", ALONE),
        ("pagerank with at least 5 synapses", ALONE),
        ("communities with at least 5 synapses", ALONE),
        ("attractors among D", ALONE),
        ("components among D", ALONE),
    ],
)
def test_what_is_not_in_the_dataset_is_said(pairs: Dataset, question: str, said: str) -> None:
    assert said in pairs.query(question).notes


@pytest.mark.parametrize("question", ["connections from B to A", "hubs", "inputs of A", "communities"])
def test_and_nothing_where_there_is_something(pairs: Dataset, question: str) -> None:
    assert not [n for n in pairs.query(question).notes if "in this dataset" in n or n == ALONE]


def test_a_region_with_connections_is_not_blamed(pairs: Dataset) -> None:
    assert len(pairs.query("connections from A in PB")) == 0
    assert not [n for n in pairs.query("connections from A in PB").notes if "lies in" in n]


def test_a_region_of_neurons_without_connections_is_named(tmp_path: Path) -> None:
    """neuPrint's records say where a neuron has synapses; the pairs at hand may all lie elsewhere."""
    (tmp_path / "p.csv").write_text("from,to,roi,ROIweight,weight\n1,2,EB,3,3\n")
    place = {"EB": {"post": 3, "upstream": 3}, "PB": {"pre": 1, "downstream": 5}}
    record = {"type": "A", "post": 3, "upstream": 3, "pre": 1, "downstream": 5, "roiInfo": place}
    (tmp_path / "n.json").write_text(json.dumps([{"bodyId": 1, **record}, {"bodyId": 2, **record}]))
    brain = import_neuprint([tmp_path / "p.csv", tmp_path / "n.json"], tmp_path / "d").dataset
    assert "No connection of this dataset lies in 'PB'." in brain.query("inputs of A in PB").notes
    assert len(brain.query("inputs of A in EB")) == 1


def test_gap_junctions_say_that_they_count_both_ways(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("pre,post,weight,kind\nA,B,3,electrical\nB,C,1,electrical\nA,C,2,chemical\n")
    brain = import_edges(tmp_path / "p.csv", tmp_path / "d").dataset
    found = brain.query("hubs with electrical synapses")
    assert [(r["name"], r["degree"], r["synapses"]) for r in found] == [("B", 4, 8), ("A", 2, 6), ("C", 2, 2)]
    for question in ("hubs", "motifs", "statistics", "degree distribution", "rich club", "components", "percolation"):
        said = [n for n in brain.query(f"{question} with electrical synapses").notes if "counts both ways" in n]
        assert len(said) == 1, question
        assert not [n for n in brain.query(question).notes if "counts both ways" in n]
    assert [r["synapses"] for r in brain.query("gap junctions")] == [3, 1]


def test_synapses_are_counted_by_connections_where_there_are_no_single_ones(tmp_path: Path) -> None:
    rows = [(1, 2, 3, "EB"), (1, 2, 4, "PB"), (2, 1, 1, "EB"), (1, 3, 2, "EB"), (3, 3, 5, "PB")]
    (tmp_path / "p.csv").write_text("pre,post,weight,region\n" + "".join(f"{a},{b},{w},{r}\n" for a, b, w, r in rows))
    brain = import_edges(tmp_path / "p.csv", tmp_path / "d").dataset

    def summed(question: str, rows: list[tuple[int, int, int, str]]) -> None:
        found = brain.query(f"how many synapses {question}")
        assert found.scalar() == sum(w for _, _, w, _ in rows), question
        assert "summed over connections" in found.notes[-1]

    summed("", rows)
    summed("from 1 to 2", rows[:2])
    summed("from 1 to 2 in PB", rows[1:2])
    summed("in EB", [r for r in rows if r[3] == "EB"])
    summed("with at least 5 synapses", [*rows[:2], rows[4]])
    summed("with at least 5 synapses per region", [rows[4]])
    summed("without autapses", rows[:4])
    summed("among 1, 2", rows[:3])
    summed("from 2 to 3", [])
    with pytest.raises(NotAnswerableError, match="no single synapses"):
        brain.query("how many synapses in box (0,0,0)-(1,1,1) um")
