"""How an error model is asked for: as arguments as in words, stopped half way, and where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError, QuerySyntaxError
from graphkit.progress import showing


def test_interrupted_it_says_how_many_graphs_it_has(sim: Dataset) -> None:
    def stop(stage: str, fraction: float) -> None:
        if stage == "perturbed graphs" and fraction >= 0.25:
            raise KeyboardInterrupt

    for question in (
        "hubs in EB with {} error model missed 20 %",
        "motifs in EB with {} error model missed 20 %",
        "downstream of EPG_L1 within 2 hops in EB with {} error model missed 20 %",
        "paths from EPG_L1 to type 'PEG' within 2 hops in EB by type with {} error model missed 20 %",
        "connections from EPG_L1 to type 'PEG' in EB with {} error model missed 20 %",
        "how many connections in EB with {} error model missed 20 %",
        "similarity of type 'EPG' in EB top 2 per neuron with {} error model missed 20 %",
        "reciprocal pairs in EB per neuron with {} error model missed 20 %",
    ):
        with showing(stop):
            found = sim.query(question.format(8))
        assert not found.complete
        assert any("the 2 of 8 perturbed graphs" in note for note in found.notes)
        assert found.arrow().equals(sim.query(question.format(2)).arrow())
        assert found.notes[0] == sim.query(question.format(2)).notes[0]


def test_as_arguments(sim: Dataset) -> None:
    words = "with 2 error model missed 10 %, split 5 % seed 3"
    drawn: dict[str, Any] = {"errors": {"missed": 0.1, "split": 0.05}, "samples": 2, "seed": 3, "region": "EB"}
    for result, question in (
        (sim.hubs(by="inputs", limit=3, **drawn), f"hubs in EB by inputs top 3 {words}"),
        (sim.similar("EPG_L1", **drawn), f"neurons like EPG_L1 in EB {words}"),
        (sim.ranking("pagerank", limit=3, **drawn), f"pagerank in EB top 3 {words}"),
        (sim.roles("integrators", degree=5, **drawn), f"integrators of degree at least 5 in EB {words}"),
        (sim.degree_distribution(**drawn), f"degree distribution in EB {words}"),
        (sim.strength_distribution(**drawn), f"strength distribution in EB {words}"),
        (sim.components(**drawn), f"components in EB {words}"),
        (sim.communities(by_type=True, **drawn), f"communities in EB by type {words}"),
        (sim.information_flow("type 'ER4d'", **drawn), f"information flow from type 'ER4d' in EB seed 3 {words}"),
        (sim.signal_cascade("type 'ER4d'", **drawn), f"signal cascade from type 'ER4d' in EB seed 3 {words}"),
        (
            sim.effective_connectivity("type 'ER4d'", "type 'EPG'", hops=2, by="type", **drawn),
            f"effective connectivity from type 'ER4d' to type 'EPG' within 2 hops in EB by type {words}",
        ),
        (sim.connection_probability(**drawn), f"connection probability by distance in EB {words}"),
        (sim.compare_connections(**drawn), f"compare connections of left and right in EB {words}"),
        (sim.percolation(**drawn), f"percolation in EB {words}"),
        (sim.similarity("type 'ER4d'", limit=4, **drawn), f"similarity of type 'ER4d' in EB top 4 {words}"),
        (sim.similarity_clusters("type 'ER4d'", **drawn), f"clusters of type 'ER4d' in EB {words}"),
        (sim.motifs(roles=True, limit=9, **drawn), f"motif roles in EB limit 9 {words}"),
        (sim.connections("EPG_L1", "type 'PEG'", **drawn), f"connections from EPG_L1 to type 'PEG' in EB {words}"),
        (sim.upstream("EPG_L1", hops=2, by="type", **drawn), f"upstream of EPG_L1 within 2 hops in EB by type {words}"),
        (sim.downstream("EPG_L1", hops=2, **drawn), f"downstream of EPG_L1 within 2 hops in EB {words}"),
        (sim.paths("EPG_L1", "PEG_L1", hops=2, **drawn), f"paths from EPG_L1 to PEG_L1 within 2 hops in EB {words}"),
        (sim.shortest_paths("EPG_L1", "PEG_L1", **drawn), f"shortest paths from EPG_L1 to PEG_L1 in EB {words}"),
        (
            sim.shortest_paths("EPG_L1", "PEG_L1", count=3, **drawn),
            f"3 shortest paths from EPG_L1 to PEG_L1 in EB {words}",
        ),
        (
            sim.strongest_paths("EPG_L1", "PEG_L1", strength="input fraction", limit=3, **drawn),
            f"3 strongest paths from EPG_L1 to PEG_L1 in EB by input fraction {words}",
        ),
        (sim.common_inputs("EPG_L1", "EPG_R1", **drawn), f"common inputs of EPG_L1 and EPG_R1 in EB {words}"),
        (sim.similarity("type 'EPG'", each=2, **drawn), f"similarity of type 'EPG' in EB top 2 per neuron {words}"),
    ):
        asked = sim.query(question)
        assert (result.question, result.table) == (asked.question, asked.table)


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("neurons in EB", "Neurons are listed with the totals"),
        ("types in EB", "Neurons are listed with the totals"),
        ("compare left and right", "Neurons are listed with the totals"),
        ("synapses from type 'ER4d'", "Single synapses are listed"),
        ("how many neurons in EB", "Rows that are stored are counted"),
        ("how many synapses in EB", "Rows that are stored are counted"),
        ("morphology of type 'EPG'", "skeletons stay as they are"),
    ],
)
def test_what_is_no_statistic(sim: Dataset, question: str, why: str) -> None:
    clause = "with 20 error model missed 10 %, split 1 % seed 3"
    with pytest.raises(QuerySyntaxError, match=why) as caught:
        sim.query(f"{question} {clause}")
    assert "rankings" in (caught.value.hint or "")
    assert (caught.value.start, caught.value.end) == (len(question) + 1, len(question) + 1 + len(clause))


def test_what_has_no_errors_of_its_own(sim: Dataset) -> None:
    for question in ("gap junctions by region", "hubs with electrical synapses with at least 2 synapses per region"):
        with pytest.raises(NotAnswerableError, match="gap junctions are not counted by region"):
            sim.query(f"{question} with error model missed 1 %")
    with pytest.raises(NotAnswerableError, match="too many to be kept"):
        sim.query("motif roles with 100000 error model missed 1 %")


@pytest.mark.parametrize(
    ("question", "word", "instead"),
    [
        ("hubs with error model missed 10 % samples 20", "samples", "with 20 error model"),
        ("hubs with error model missed 10 %, 30 graphs", "30", "with 30 error model"),
        ("hubs with samples 20 error model missed 10 %", "samples", "with 20 error model"),
        ("MATCH (a)->(b) with error model missed 10 % samples 7", "samples", "with 7 error model"),
        ("hubs with error model doubled 3 %", "doubled", "Did you mean `duplicated`?"),
        ("hubs with error model missed 10 %, duplicates 3 %", "duplicates", "Did you mean `duplicated`?"),
        ("MATCH (a)->(b) with error model missed 10 %, meged 3 %", "meged", "Did you mean `merged`?"),
        ("hubs with error model 10 %", "10", "which errors"),
        ("hubs with error model", "with error model", "missed 10 %"),
        ("how many connections with error model", "with error model", "missed 10 %"),
        ("MATCH (a)->(b) with error model RETURN count", "RETURN", "which errors"),
        ("hubs with errors missed 10 %", "errors", "Did you mean `with 20 error model"),
        ("MATCH (a)->(b) with errors missed 10 %", "errors", "Did you mean `with 20 error model"),
        ("MATCH (a)->(b) RETURN exist", "exist", "Did you mean 'exists'"),
        ("MATCH (a)->(b) RETURN neurons", "neurons", "Did you mean 'per neuron'"),
        ("MATCH (a)->(b) with error model missed 1 % RETURN per neuron ORDER BY share", "share", "perturbed_share"),
        ("count of chains per neuron with error model missed 1 %", "per neuron", "one of both"),
        ("chains per neuron with error model missed 1 % order by a.type", "order by a.type", "perturbed_share"),
    ],
)
def test_slips(sim: Dataset, question: str, word: str, instead: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        sim.query(question)
    assert question[caught.value.start : caught.value.end] == word
    assert instead in (caught.value.hint or "")


def test_nothing_to_be_asked_about_on_perturbed_graphs(sim: Dataset) -> None:
    """No graphs are made for an answer without rows, which has the columns of others all the same."""
    words = "without autapses with 30 error model missed 1 %"
    for question in (f"connections from EPG_L1 to EPG_L1 {words}", f"gap junctions from EPG_L1 to EPG_L1 {words}"):
        found = sim.query(question)
        assert found.columns[-4:] == ["perturbed_mean", "perturbed_low", "perturbed_high", "perturbed_share"]
        assert not found.rows()
        assert any("No perturbed graphs were made" in note for note in found.notes)
