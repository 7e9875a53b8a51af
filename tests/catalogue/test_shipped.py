"""Every question that comes with graphkit: its example against a computation of its own, and its parameters one by one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from graphkit.catalogue import Catalogue, Question, shipped_folder
from graphkit.catalogue.values import split_example
from graphkit.dataset import Dataset
from graphkit.errors import QueryError
from graphkit.importers import import_edges
from tests.catalogue.expected_motifs import EXPECTED
from tests.conftest import MadeOnce
from tests.grown import make_grown
from tests.query.oracle import Oracle

ROOT = Path(__file__).parents[2]
QUESTIONS = Catalogue().list()
BY_NAME = {q.name: q for q in QUESTIONS}
ELSEWHERE = {
    "motif_census": "motifs in EB with at least 5 synapses",
    "morphology": "morphology of EPG",
    "axon_dendrite_split": "axon dendrite split of EPG",
    "strahler_orders": "strahler orders of ER4d",
    "sholl_profiles": "sholl of EPG every 5 um",
    "similar_connectivity": "similarity of type 'ER4d' by cosine on input types",
    "connectivity_clusters": "clusters of type 'ER*', EPG by cosine on partner types into 4 by type",
    "effective_connectivity": "effective connectivity from type 'ER*' to EPG within 2 hops in EB by type",
    "stable_hubs": "hubs by degree in EB top 10 with 5 error model missed 10 %, false 5 %, split 1 %, merged 1 %",
    "stable_connections": "connections from type 'ER*' to EPG in EB by type with 5 error model missed 10 %, false 5 %, "
    "split 1 %, merged 1 %",
    "stable_communities": "communities in EB with 3 error model missed 10 %, false 5 %, split 1 %, merged 1 %",
}
"""Questions in English, held to other computations in tests/motifs and tests/query; here: that they ask just this."""

ON_SKELETONS = {"morphology", "axon_dendrite_split", "strahler_orders", "sholl_profiles"}


@pytest.fixture(scope="module")
def oracle(ring: Dataset) -> Oracle:
    made = Oracle(ring)
    made.regions = ring.table("regions").to_pylist()  # type: ignore[attr-defined]
    made.electrical = [s for s in ring.table("synapses").to_pylist() if s["kind"] == "electrical"]  # type: ignore[attr-defined]
    return made


def test_there_are_many_in_every_group_and_none_is_broken() -> None:
    catalogue = Catalogue()
    assert len(QUESTIONS) >= 45
    assert not catalogue.broken
    assert len({q.group for q in QUESTIONS}) == 7
    assert all(q.examples and q.about for q in QUESTIONS)
    assert {q.name for q in QUESTIONS} == {p.stem for p in shipped_folder().iterdir() if p.suffix != ".md"}


def test_every_question_has_an_independent_answer() -> None:
    assert EXPECTED.keys() | ELSEWHERE.keys() == BY_NAME.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_example_has_the_answer_that_loops_over_the_rows_give(name: str, ring: Dataset, oracle: Oracle) -> None:
    question = BY_NAME[name]
    result = ring.catalogue.run(name, **split_example(question.examples[0]))
    assert result.columns == [c.name for c in question.columns]
    found = [tuple(row.values()) for row in result]
    wanted = EXPECTED[name](oracle)
    assert len(found) == len(wanted)
    assert wanted or name == "disconnected_neurons"
    for mine, theirs in zip(found, wanted, strict=True):
        assert all(map(_same, mine, theirs)), (mine, theirs)
        assert len(mine) == len(theirs)


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, float) or isinstance(theirs, float):
        return mine == pytest.approx(theirs, rel=1e-9)
    return bool(mine == theirs)


@pytest.fixture(scope="module")
def grown(made_once: MadeOnce) -> Dataset:
    return made_once("grown", make_grown)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_example_asks_the_question_in_words(name: str, ring: Dataset, grown: Dataset) -> None:
    dataset, question = grown if name in ON_SKELETONS else ring, BY_NAME[name]
    result = dataset.catalogue.run(name, **split_example(question.examples[0]))
    assert result.columns == [c.name for c in question.columns]
    assert len(result)
    assert result.rows() == dataset.query(ELSEWHERE[name]).rows()


def test_the_motif_census_is_the_question_of_that_name(ring: Dataset) -> None:
    asked = ring.catalogue.run("motif_census", region="EB", min_synapses=5)
    assert asked.rows() == ring.query("motifs in EB with at least 5 synapses").rows()
    assert ring.catalogue.run("motif_census").rows() == ring.query("motifs").rows()
    assert asked.question == "catalogue motif_census region=EB min_synapses=5"
    assert "motifs in region 'EB' with at least 5 synapses" in asked.notes[0]


GIVEN = {"neurons": "type 'ER*'", "region": "EB", "type": "EPG", "transmitter": "gaba", "neuron": "100001"}


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.parameters], ids=lambda q: q.name)
def test_every_parameter_can_be_given(question: Question, ring: Dataset, grown: Dataset) -> None:
    """That those which are not required can be left out, the next test sees."""
    given = {p.name: GIVEN.get(p.kind) or p.default or "2" for p in question.parameters}
    dataset = grown if question.name in ON_SKELETONS else ring
    assert dataset.catalogue.run(question.name, limit=2, **given).columns == [c.name for c in question.columns]


def _asked(question: Question, dataset: Dataset) -> list[str]:
    """The columns of the answer; of a refusal none, if it says what to do or what is missing."""
    given = {"neurons": "any neuron", "region": "EB", "type": "A", "int": "2"}
    values = {p.name: given[p.kind] for p in question.parameters if p.required}
    values |= {p.name: "any neuron" for p in question.parameters if p.kind == "neurons" and p.default}
    values |= {p.name: "gaba" for p in question.parameters if p.kind == "transmitter"}
    try:
        return dataset.catalogue.run(question.name, limit=3, **values).columns
    except QueryError as refused:  # and no other error: those would be the file's fault
        return [] if refused.hint or "needs the table" in refused.message else [refused.message]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_a_dataset_with_every_trap_is_answered(question: Question, tiny: Dataset) -> None:
    columns = [] if question.name in ON_SKELETONS else [c.name for c in question.columns]
    assert _asked(question, tiny) == columns


OTHERS = [pytest.param(q, id=q.name, marks=() if i % 8 == 0 else pytest.mark.soak) for i, q in enumerate(QUESTIONS)]


@pytest.mark.parametrize("question", OTHERS)
def test_datasets_without_regions_or_neurons_are_answered_or_refused_plainly(
    question: Question, pair_totals: Dataset, nobody: Dataset
) -> None:
    for dataset in (pair_totals, nobody):
        assert _asked(question, dataset) in ([], [c.name for c in question.columns])


def test_disconnected(tiny: Dataset) -> None:
    """Of the six neurons, B2 has an autapse and inputs, D only gap junctions."""
    rows = tiny.catalogue.run("disconnected_neurons").rows()
    assert [(r["name"], r["autapses"], r["gap_junctions"]) for r in rows] == [('D "quoted"', 0, 3)]


def test_regions_that_are_not_known_are_not_answered_as_empty(pair_totals: Dataset) -> None:
    with pytest.raises(QueryError, match="totals over all regions"):
        pair_totals.catalogue.run("hubs", region="EB")
    assert len(pair_totals.catalogue.run("hubs")) == 3


def test_without_a_graph_or_single_synapses_it_says_so(unbuilt: Dataset, pair_totals: Dataset) -> None:
    with pytest.raises(QueryError, match="Build it first"):
        unbuilt.catalogue.run("hubs")
    with pytest.raises(QueryError, match="polyadic_sites needs the table 'synapses'"):
        pair_totals.catalogue.run("polyadic_sites")


def test_a_part_without_a_region_is_said(tiny: Dataset) -> None:
    result = tiny.catalogue.run("hubs", region="CX")
    assert any("no resolved region" in note for note in result.notes)


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("catalogue_page", ROOT / "docs" / "catalogue_page.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "catalogue.md").read_text() == module.page(), "run: python docs/catalogue_page.py"


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("types_by_side", {}, ["No neuron of this dataset has a type.", "No neuron of this dataset has a side."]),
        ("connection_probability", {}, ["No neuron of this dataset has a type."]),
        (
            "connection_probability_by_distance",
            {"neurons": "any neuron"},
            ["No neuron of this dataset has a position of its soma."],
        ),
        ("gap_junctions", {}, ["This dataset has no gap junctions."]),
        ("feedback_loops", {"min_synapses": 9}, []),
        ("hubs", {}, []),
    ],
)
def test_no_rows_name_what_the_dataset_has_nothing_of(
    tmp_path: Path, name: str, given: dict[str, Any], said: list[str]
) -> None:
    (tmp_path / "p.csv").write_text("pre,post,weight\n1,2,3\n2,3,4\n3,1,5\n")
    brain = import_edges(tmp_path / "p.csv", tmp_path / "d").dataset
    found = brain.catalogue.run(name, **given)
    assert (len(found) > 0) is (name == "hubs")
    assert list(found.notes) == said
