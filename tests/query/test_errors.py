"""Errors as a user interface: exact messages of bad questions, with the caret where it belongs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, NotAnswerableError, QueryError

GOLDEN = Path(__file__).parents[1] / "golden" / "errors.json"
BAD = [
    "",
    "motif in region EB",
    "what are the inputs of A?",
    "SELECT * FROM neurons",
    "motifs in region EX",
    "motifs in region emty",
    "motifs in region EB please",
    "motifs in EB by class",
    "motifs in EB in FB",
    "motifs in EB with at least 0 synapses",
    "motifs in EB with at least five synapses",
    "motifs in beta'L(R)",
    "motifs in EB with transmitter gabba",
    "inputs",
    "inputs of",
    "inputs of EB",
    "inputs of A",
    "inputs of Q",
    "inputs of type 'Ax'",
    "inputs of type 'Z*'",
    "inputs of class sensry",
    "inputs of any neuron",
    "inputs of 12345",
    "inputs of 99999999999999999999999",
    "inputs of 1.5",
    "inputs of 'A",
    "inputs of type A, , type B",
    "inputs of type A from type B",
    "inputs of type A by colour",
    "inputs of neurons where inputs > 5 and side = left",
    "neurons in EB where typ = 'A'",
    "neurons where region = 'EB'",
    "neurons where type = 'C'",
    "neurons where nt = 'glutamate'",
    "neurons where inputs = many",
    "neurons where inputs ~ 5",
    "neurons where inputs >",
    "neurons where (inputs > 5",
    "neurons where inputs > 1e999",
    "neurons where neuron_id = 1.5",
    "neurons where complete = 1",
    "neurons where tags = 'x'",
    "neurons where found_on > 'yesterday'",
    "neurons where found_on > 2020-01-02",
    "neurons where type > 'A*'",
    "neurons limit 0",
    "neurons limit many",
    "neurons limit 99999999999999999999999999",
    "neurons of EB at 150 %",
    "synapses between type A and type B",
    "synapses from type A by type",
    "connections between type A and type B from type A",
    "connections between type A among type B",
    "regions in EB",
    "neurons where type = 'A' and inputs > 5 or side = left",
    "neurons where type = 'A' or type = 'B' and not side = left or inputs > 2",
    "paths from type A to type B",
    "paths from type A within 2 hops",
    "paths from any neuron to type A within 2 hops",
    "paths from type A to type B within 13 hops",
    "paths from type A to type B within two hops",
    "paths from type A to type B wihin 2 hops",
    "paths from type A to type B within 2",
    "paths from type A to type B within 2 hops by side",
    "pahts from type A to type B within 2 hops",
    "shortest from type A to type B",
    "strongest path from type A to type B top 1001",
    "1001 shortest paths from type A to type B",
    "3 strongest paths from type A to type B limit 4",
    "shortest paths from type A to type B by input fraction",
    "common inputs of type A",
    "common inputs of A1, A2 and type B",
    "common inputs of any neuron and type B",
    "common inputs of type A and type B by region",
    "upstream of type A within 2 hops by region",
    "upstream of type A between type A and type B within 2 hops",
    "hubs by name",
    "hubs by partners",
    "hubs in EB tpo 5",
    "hubs order by names",
    "projections from EB",
    "projections from EB to FX",
    "projections from EB to FB by region",
    "compare left",
    "compare left and left",
    "compare left and rigth of EB",
    "neurons like type A",
    "neurons like Q",
    "neurons like A1 by degree",
    "synapses in box (0,0,0)-(1,1,1)",
    "synapses in box (0,0,0)-(1,1) nm",
    "synapses in box (0,0,0)-(1,0,1) nm",
    "synapses in box (0,0,0)-(0.5,1,1) nm",
    "synapses in box (0,0,0)-(1,1,3000000000) nm",
    "feedforward loops where type = 'A'",
    "feedforward loops where d.type = 'A'",
    "feedforward loops where a.type = 'A' or b.type = 'B'",
    "feedforward loops where a.typ = 'A'",
    "feedforward loops where a.type like b.type",
    "feedforward loops order by type",
    "count of feedforward loops order by a.type",
    "feedfoward loops in EB",
    "neurons order by",
    "neurons order by name by side",
    "neurons order by colour",
    "neurons by colour",
    "connections with 0 or more synapses",
    "connections with more synapses",
    "motifs in EB against 20 erdos-reny",
    "motifs in EB against 0 configuration",
    "motifs in EB against",
    "motif roles in EB against 20 configuration",
    "motifs of size 4 in EB by type against 20 configuration",
    "motifs in EB against 20 configuration with error model missed 10 %",
    "neurons in EB against 20 configuration",
    "rich club against 5 synapse-counts",
    "neurons by tipe",
    "neurons by inputs",
    "inputs of 720575940621039145.0",
    "how many neurons by type",
    "how many A",
    "count of upstream of type A within 2 hops",
    "connections as mean",
    "connections with electrical synapses by type as signed synapses",
    "connections by type with excitatory gaba",
    "connections by type as signed with excitatory gaba with inhibitory gaba",
    "connections by type as median",
]


def _said(error: QueryError) -> list[str]:
    return [*error.caret().splitlines(), error.message, *([error.hint] if error.hint else [])]


def test_golden_messages(tiny: Dataset) -> None:
    found = {}
    for question in BAD:
        with pytest.raises(QueryError) as caught:
            tiny.query(question)
        found[question] = _said(caught.value)
    if os.environ.get("GRAPHKIT_UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    golden = json.loads(GOLDEN.read_text())
    assert list(golden) == BAD
    for question, expected in golden.items():
        assert found[question] == expected


@pytest.mark.parametrize("question", [q for q in BAD if q])
def test_every_message_shows_the_place(tiny: Dataset, question: str) -> None:
    with pytest.raises(QueryError) as caught:
        tiny.query(question)
    text, carets = caught.value.caret().splitlines()
    assert text == question
    assert carets.strip("^ ") == ""
    assert 1 <= len(carets) <= len(question) + 1


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("motifs in region EX", "EX"),
        ("motifs in EB, FBB", "FBB"),
        ("inputs of type (A, 'Bx')", "'Bx'"),
        ("neurons where side = left and typ = 'A'", "typ"),
        ("neurons where inputs > 5 and type = 'Q'", "'Q'"),
        ("motifs in EB\n  with at least 0 synapses", "0"),
        ("neurons limit 5 where inputs > x", "x"),
    ],
)
def test_the_caret_stands_under_what_is_wrong(tiny: Dataset, question: str, place: str) -> None:
    with pytest.raises(QueryError) as caught:
        tiny.query(question)
    assert caught.value.text is not None
    assert caught.value.text[caught.value.start : caught.value.end] == place


def test_pair_totals_say_what_can_be_asked_instead(pair_totals: Dataset) -> None:
    with pytest.raises(NotAnswerableError) as caught:
        pair_totals.query("motifs in region EB")
    assert str(caught.value) == (
        "The connections of this dataset are totals over all regions, so which synapses lie in EB is not known.\n"
        "Ask `between neurons of EB` instead: connections between the neurons that belong to EB (at least half of their "
        "inputs or outputs there), wherever their synapses are."
    )
    assert pair_totals.query("motifs between neurons of EB").complete
    for question in (
        "inputs of B by region",
        "connections in EB",
        "connections with at least 2 synapses per region",
        "synapses",
    ):
        with pytest.raises(NotAnswerableError):
            pair_totals.query(question)


def test_regions_of_the_source_are_not_needed_to_ask_for_pairs(pair_totals: Dataset) -> None:
    assert [r["region"] for r in pair_totals.query("regions")] == ["EB"]


def test_an_unbuilt_dataset_says_how_to_build_it(unbuilt: Dataset) -> None:
    for question in ("neurons", "motifs", "types in EB"):
        with pytest.raises(NotAnswerableError, match="graphkit build"):
            unbuilt.query(question)
    with pytest.raises(NotAnswerableError, match="graphkit build"):
        unbuilt.graph()


def test_a_limit_below_one_is_refused(tiny: Dataset) -> None:
    with pytest.raises(QueryError, match="at least 1"):
        tiny.query("neurons", limit=0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda brain: brain.query(5),
        lambda brain: brain.query(None),
        lambda brain: brain.sql(5),
        lambda brain: brain.query("neurons", limit="5"),
        lambda brain: brain.query("neurons", timeout="5"),
        lambda brain: brain.sql("SELECT 1", limit=2.5),
        lambda brain: brain.neurons(by=5),
        lambda brain: brain.hubs(limit="3"),
        lambda brain: brain.upstream("neurons of EB", hops="3"),
    ],
)
def test_arguments_of_another_type_are_refused_by_value(tiny: Dataset, ask: Callable[[Any], object]) -> None:
    with pytest.raises(GraphkitError, match=r"got (5|None|'5'|2\.5|'3')\.|Cannot group by 5\."):
        ask(tiny)


def test_conditions_nested_too_deeply_are_refused(tiny: Dataset) -> None:
    for before, after in (("not ", ""), ("(", ")"), ("(inputs > 1 or ", ")")):
        with pytest.raises(QueryError, match="nested"):
            tiny.query(f"neurons where {before * 2000}inputs > 1{after * 2000}")
        assert len(tiny.query(f"neurons where {before * 20}inputs > 1{after * 20}")) > 0


@pytest.mark.parametrize(
    "question",
    ["neurons limit " + "9" * 5000, "inputs of " + "9" * 5000, "neurons where inputs > " + "1" * 5000, "x" * 5000],
)
def test_numbers_without_end_are_refused(tiny: Dataset, question: str) -> None:
    with pytest.raises(GraphkitError):
        tiny.query(question)


@pytest.mark.parametrize(
    "question",
    [
        "connections by compartment",
        "inputs of type A by compartments",
        "connections by compartement",
        "neurons where compartment = 'axon'",
        "axo-axonic connections",
        "compartments of type A",
    ],
)
def test_compartments_are_asked_for_otherwise(tiny: Dataset, question: str) -> None:
    with pytest.raises(QueryError) as caught:
        tiny.query(question)
    hint = caught.value.hint or ""
    assert "graphkit catalogue compartments" in hint
    assert "axon dendrite split of" in hint
    assert "complete" not in hint


def test_other_words_are_not_taken_for_compartments(tiny: Dataset) -> None:
    for question, meant in (("neurons by complet", "'complete'"), ("neurons by transmiter", "'transmitter'")):
        with pytest.raises(QueryError, match=f"Did you mean {meant}"):
            tiny.query(question)
    with pytest.raises(QueryError) as caught:
        tiny.query("componnts")
    assert "catalogue" not in (caught.value.hint or "")
