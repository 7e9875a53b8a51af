"""Answers without rows say why there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphkit.dataset import Dataset
from graphkit.importers import import_swc


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
