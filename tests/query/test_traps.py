"""Traps that a simulation does not have: gap junctions, places without a region, names alike, datasets with less in them."""

from __future__ import annotations

from typing import Any

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import AmbiguousQuestionError, QueryError, UnknownNameError
from graphkit.query.result import Result


def _tuples(result: Result, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[c] for c in columns or result.columns) for row in result]


def _names(result: Result) -> set[tuple[Any, ...]]:
    ends = ("a_name", "b_name") if "a_name" in result.columns else ("pre_name", "post_name")
    return set(_tuples(result, *ends, "synapses"))


def test_gap_junctions_have_no_direction(tiny: Dataset) -> None:
    quoted = 'D "quoted"'
    every = {("A1", "A2", 1), ("A1", "B", 2), ("it's", quoted, 3)}
    assert _names(tiny.query("gap junctions")) == every
    assert _names(tiny.query("connections with electrical synapses")) == every
    for question in ("gap junctions from type A to type B", "gap junctions between type A and type B"):
        assert _names(tiny.query(question)) == {("A1", "B", 2)}
    assert _names(tiny.query("gap junctions from type B to type A")) == {("B", "A1", 2)}
    assert _names(tiny.query("gap junctions from type A")) == {("A1", "A2", 1), ("A1", "B", 2)}
    assert _names(tiny.query("gap junctions to type A")) == {("A1", "A2", 1), ("B", "A1", 2)}
    assert _names(tiny.query("gap junctions in EB")) == {("A1", "A2", 1), ("A1", "B", 2)}
    columns = tiny.query("gap junctions by region").columns
    assert not [c for c in columns if c.startswith(("pre_", "post_"))]
    assert {"a_id", "a_type", "b_id", "b_type", "region", "synapses"} <= set(columns)


def test_gap_junctions_lead_either_way_in_graphs_and_pictures(tiny: Dataset) -> None:
    from graphkit.views import plot
    from graphkit.views.natural import edges_of, ends_of

    answer = tiny.query("gap junctions")
    once = {(r["a_id"], r["b_id"]): r["synapses"] for r in answer}
    both = once | {(b, a): n for (a, b), n in once.items()}
    frame = answer.graph().to_pandas().connections
    assert dict(zip(zip(frame["pre_id"], frame["post_id"], strict=True), frame["synapses"], strict=True)) == both
    ends = ends_of(answer)
    assert ends == ("a_id", "b_id", "synapses")
    assert edges_of(answer, *ends) == both
    by_type = tiny.query("gap junctions by type")
    assert edges_of(by_type, *(ends_of(by_type) or ())) == {
        ("D(x)_L'", "(none)"): 3, ("(none)", "D(x)_L'"): 3, ("A", "B"): 2, ("B", "A"): 2, ("A", "A"): 1
    }  # fmt: skip
    for drawn in (answer, by_type):
        assert plot(drawn, "matrix").axes


def test_gap_junctions_by_type_are_counted_once_a_pair_of_types(tiny: Dataset) -> None:
    found = _tuples(tiny.query("gap junctions by type"), "a_type", "b_type", "connections", "synapses")
    assert found == [("D(x)_L'", None, 1, 3), ("A", "B", 1, 2), ("A", "A", 1, 1)]


def test_partners_by_gap_junctions(tiny: Dataset) -> None:
    for direction in ("inputs", "outputs", "partners"):
        answer = tiny.query(f"{direction} of name A1 with electrical synapses")
        assert _tuples(answer, "name", "synapses", "of_neurons") == [("B", 2, 1), ("A2", 1, 1)]


def test_single_electrical_synapses_either_way(tiny: Dataset) -> None:
    for words in (
        "from type A to type B",
        "from type B to type A",
        "from type B",
        "to type B",
        "among type A, type B in EB with at least 2 synapses",
    ):
        assert len(tiny.query(f"synapses {words} with electrical synapses")) == 2, words


def test_single_electrical_synapses_have_two_ends_and_no_direction(tiny: Dataset) -> None:
    answer = tiny.query("synapses among type A, type B with electrical synapses")
    points = [f"{end}_{axis}_nm" for end in "ab" for axis in "xyz"]
    assert answer.columns == ["synapse_id", "a_id", "b_id", *points, "size", "score", "region", "nt"]
    stored = tiny.sql("SELECT pre_id, post_id, post_x_nm FROM synapses WHERE kind = 'electrical' ORDER BY ALL").rows()
    found = [(row["a_id"], row["b_id"], row["b_x_nm"]) for row in answer]
    assert set(found) <= {tuple(row.values()) for row in stored}
    assert found


def test_statistics_of_gap_junctions_say_that_they_count_both_ways(tiny: Dataset) -> None:
    (said,) = [n for n in tiny.query("statistics with electrical synapses").notes if "both ways" in n]
    assert said.startswith("A gap junction has no direction")
    assert not any("both ways" in n for n in tiny.query("statistics").notes)


def test_the_parent_region_holds_its_children(tiny: Dataset) -> None:
    pairs = {("A1", "B", 4), ("A1", "B2_R", 2), ("A2", "B", 1), ("B", "A1", 5), ("B2_R", "B2_R", 1)}
    assert _names(tiny.query("connections in CX")) == pairs
    assert _names(tiny.query("connections in EB")) == {("A1", "B", 3), ("A1", "B2_R", 2), ("B2_R", "B2_R", 1)}
    assert _names(tiny.query("connections in EB with at least 3 synapses")) == {("A1", "B", 3)}
    assert _names(tiny.query("connections in CX with at least 4 synapses")) == {("A1", "B", 4), ("B", "A1", 5)}
    assert _names(tiny.query("connections in CX with at least 4 synapses per region")) == {("B", "A1", 5)}
    assert _names(tiny.query("connections in CX with at least 3 synapses per region")) == {
        ("A1", "B", 3),
        ("B", "A1", 5),
    }


def test_single_synapses_per_region(tiny: Dataset) -> None:
    for words, expected in (("with at least 4 synapses", 4), ("with at least 3 synapses per region", 3)):
        assert len(tiny.query(f"synapses from name A1 to type 'B' {words}")) == expected


def test_places_outside_and_not_resolved_are_named(tiny: Dataset) -> None:
    by_region = {r["region"]: r["synapses"] for r in tiny.query("outputs of neurons where neuron_id > 0 by region")}
    assert by_region == {"EB": 6, "CX": 5, "beta'L(R)": 2, "FB": 2, "(outside)": 1, "(not resolved)": 1}


def test_a_note_tells_what_is_in_no_region(tiny: Dataset) -> None:
    assert (
        "1 synapse has no resolved region (4.3 %) and is not counted in any region." in tiny.query("motifs in EB").notes
    )
    assert not any("no resolved region" in n for n in tiny.query("motifs").notes)


def test_names_are_found_regardless_of_case_and_never_mixed_up(tiny: Dataset) -> None:
    assert [r["name"] for r in tiny.query("neurons where type = 'b'")] == ["B2_R"]
    assert [r["name"] for r in tiny.query("neurons where type = 'B'")] == ["B"]
    assert {r["name"] for r in tiny.query("neurons where type in ('a')")} == {"A1", "A2"}
    assert [r["name"] for r in tiny.query("neurons where hemilineage = 'x*'")] == ["it's"]
    assert [r["name"] for r in tiny.query("neurons where name = 'd \"Q*'")] == ['D "quoted"']
    assert [r["name"] for r in tiny.query("neurons where hemilineage = ''")] == ['D "quoted"']


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("complete = true", ["A1", "A2", 'D "quoted"']),
        ("complete != true", ["B"]),
        ("not complete = true", ["B"]),
        ("complete is null", ["B2_R", "it's"]),
        ("soma_x_nm = -5", ["B2_R"]),
        ("soma_x_nm >= 1e3", ["A1", "A2"]),
        ("mass < 0.5", ["it's", 'D "quoted"']),
        ("mass in (1.5, 3)", ["A1", "B2_R"]),
        ("mass not in (1.5, 3)", ["A2", "it's", 'D "quoted"']),
        ("found_on >= '2020-01-04'", ["B2_R", "it's"]),
        ("found_on = '2020-01-01'", ["A1"]),
        ("cluster_id = 7", ["A1", "A2"]),
        ("\"spike rate\" > 4.5", ["it's", 'D "quoted"']),
        ("by = 'of'", ["B"]),
        ("type != 'A'", ["B", "B2_R", 'D "quoted"']),
        ("name > 'B'", ["B2_R", "it's", 'D "quoted"']),
        ("side is not null and side <> left", ["A2", "B2_R"]),
    ],
)  # fmt: skip
def test_conditions_on_every_type_of_column(tiny: Dataset, condition: str, names: list[str]) -> None:
    assert {r["name"] for r in tiny.query(f"neurons where {condition}")} == set(names)


def test_a_class_and_a_type_of_the_same_neurons_are_no_riddle(pair_totals: Dataset) -> None:
    assert len(pair_totals.query("inputs of B")) == 1


# -- datasets with less in them ---------------------------------------------------------------------------------------


def test_pair_totals_answer_between_neurons_of_a_region(pair_totals: Dataset) -> None:
    codes = {r["code"]: r["induced"] for r in pair_totals.query("motifs between neurons of EB")}
    assert (codes["A"], codes["M"], codes["N"]) == (1, 0, 0)
    assert _tuples(pair_totals.query("neurons in EB"), "neuron_id", "inputs_there", "inputs") == [
        (1, 8, 10),
        (2, 5, 10),
        (3, 1, 10),
    ]
    assert _tuples(pair_totals.query("neurons of EB"), "neuron_id") == [(1,), (2,)]
    assert _tuples(pair_totals.query("connections"), "pre_id", "post_id", "synapses") == [(2, 3, 6), (1, 2, 4)]


def test_nobody_is_a_sound_answer(nobody: Dataset) -> None:
    assert {r["induced"] for r in nobody.query("motifs in EB")} == {0}
    assert "every count of a connected motif is 0" in " ".join(nobody.query("motifs").notes)
    for question in ("neurons", "types", "connections", "synapses", "neurons in EB", "neurons of EB", "types in EB"):
        assert (len(nobody.query(question)), nobody.query(question).complete) == (0, True)
    assert _tuples(nobody.query("regions"), "region", "neurons", "inputs") == [("EB", 0, 0)]


def test_a_region_without_synapses(tiny: Dataset) -> None:
    assert {r["induced"] for r in tiny.query("motifs in Empty")} == {0}
    assert len(tiny.query("neurons in Empty")) == len(tiny.query("connections in Empty")) == 0
    empty = next(r for r in tiny.query("regions") if r["region"] == "Empty")
    assert (empty["neurons"], empty["inputs"], empty["outputs"]) == (0, 0, 0)


def test_neurons_of_no_side_are_said_to_have_no_part_in_a_comparison(ring: Dataset) -> None:
    sides = [row["side"] for row in ring.sql("SELECT side FROM neurons")]
    without = sum(side not in ("left", "right") for side in sides)
    (*_, last) = ring.query("compare left and right").notes
    assert (f"{without:,} of {len(sides):,} neurons are of neither side" in last) == (without > 0)
    rows = ring.query("compare left and right").rows()
    assert sum(r["neurons_left"] + r["neurons_right"] for r in rows) == len(sides) - without


def test_paths_and_matches_name_their_neurons(ring: Dataset) -> None:
    names = {r["neuron_id"]: r["name"] for r in ring.sql("SELECT neuron_id, name FROM neurons")}
    for row in ring.query("shortest paths from type 'ER4d' to type 'EPG' limit 5"):
        assert row["names"] == [names[i] for i in row["neuron_ids"]]
    for row in ring.query("feedforward loops in EB limit 5"):
        assert [row[f"{x}_name"] for x in "abc"] == [names[row[f"{x}_id"]] for x in "abc"]
    between = ring.query("count of feedforward loops between neurons of EB").scalar()
    assert between == ring.query("count of feedforward loops among neurons of EB").scalar() > 0


@pytest.mark.parametrize(
    "question",
    [
        "hubs {} neurons of EB top 3",
        "inputs of EPG {} neurons of EB",
        "connections from ER4d to EPG {} neurons of EB limit 9",
        "shortest paths from ER4d to EPG {} neurons of EB limit 9",
        "statistics {} neurons of EB",
        "communities {} neurons of EB",
    ],
)
def test_between_one_set_is_among_it(ring: Dataset, question: str) -> None:
    """What an error about pair totals says to ask can be asked of every question about a graph."""
    between, among = (ring.query(question.format(word)) for word in ("between", "among"))
    assert between.form == among.form
    assert between.rows() == among.rows() != []


@pytest.mark.parametrize(
    "question", ["MATCH (EPG)->(b) RETURN count", "MATCH (a)->(EPG)->(a)", "MATCH (a)->(EPG_L1) RETURN exists"]
)
def test_a_neuron_of_the_pattern_called_like_a_type_is_asked_back(ring: Dataset, question: str) -> None:
    """As in Cypher the name in the brackets is the user's own; who writes (EPG)->(PEG) means the types."""
    with pytest.raises(AmbiguousQuestionError, match=r"is any neuron of the dataset"):
        ring.query(question)
    answered = ring.query("MATCH (EPG: type EPG)->(b) RETURN count").scalar()
    assert answered == ring.query("MATCH (EPG)->(b) WHERE EPG.type = 'EPG' RETURN count").scalar()
    assert answered == ring.query("MATCH (:EPG)->(x) RETURN count").scalar()


def test_columns_that_are_asked_for_are_shown(tiny: Dataset) -> None:
    """Of conditions and of the order, once each, also deep in a condition; and the rows are in that order, nulls last."""
    rows = tiny.table("neurons").to_pylist()
    by_mass = sorted(rows, key=lambda r: (r["mass"] is None, -(r["mass"] or 0), r["neuron_id"]))
    found = tiny.query("neurons order by MASS descending")
    assert found.columns[-2:] == ["partners", "mass"]
    assert _tuples(found, "neuron_id", "mass") == [(r["neuron_id"], r["mass"]) for r in by_mass]
    deep = tiny.query("neurons where not (hemilineage = '0A' or (mass < 1 and inputs > 0)) order by soma_x_nm, mass")
    assert deep.columns[-3:] == ["hemilineage", "mass", "soma_x_nm"]
    assert tiny.query("neurons in EB where mass > 0").columns[-2:] == ["outputs", "mass"]
    assert tiny.query("neurons where type = A and inputs > 0").columns == tiny.query("neurons").columns
    assert tiny.query("how many neurons where mass > 1").scalar() == sum((r["mass"] or 0) > 1 for r in rows)
    with pytest.raises(UnknownNameError, match="no column 'tags'"):
        tiny.query("neurons order by tags")  # a list
    with pytest.raises(UnknownNameError, match="no column 'mass'"):
        tiny.query("neurons by type order by mass")


@pytest.mark.parametrize(
    ("ask", "said", "hint"),
    [
        (
            lambda b: b.inputs("EPG", regoin="EB"),
            "'regoin' chooses no synapses",
            "Did you mean 'region' or 'per_region'?",
        ),
        (lambda b: b.statistics(minimum=3), "'minimum' chooses no synapses", None),
        (lambda b: b.compare("left", "LEFT"), "Both sides are 'left'", None),
        (lambda b: b.compare_connections("right", "Right"), "Both sides are 'right'", None),
        (lambda b: b.compare_connections("up", "left"), "No neuron has the side 'up'", None),
        (
            lambda b: b.compare_with("another"),
            "is an open dataset, got 'another'",
            "Open it first: graphkit.open('...').",
        ),
        (
            lambda b: b.effective_connectivity("EPG", "PEG", hops="3"),
            "hops must be a whole number from 1 to 12, got '3'",
            None,
        ),
        (lambda b: b.effective_connectivity("EPG", "PEG", hops=13), "from 1 to 12, got 13", None),
        (lambda b: b.signal_cascade("EPG", hops=0), "from 1 to 12, got 0", None),
        (lambda b: b.upstream("EPG", hops=True), "from 1 to 12, got True", None),
    ],
)
def test_arguments_that_make_no_sense(ring: Dataset, ask: Any, said: str, hint: str | None) -> None:
    with pytest.raises(QueryError, match=said) as refused:
        ask(ring)
    assert hint is None or refused.value.hint == hint


def test_sides_are_found_regardless_of_case_in_python(ring: Dataset) -> None:
    assert (
        ring.compare_connections("Left", "RIGHT", region="EB").question
        == "compare connections of 'left' and 'right' in region 'EB'"
    )


def test_types_are_counted_without_the_neurons_of_none(tiny: Dataset) -> None:
    types = [n["type"] for n in tiny.table("neurons").to_pylist()]
    assert None in types
    assert tiny.query("how many types").scalar() == len({t for t in types if t})
    assert tiny.query("how many types where side = left").scalar() == 2  # A and B


@pytest.mark.parametrize("short", ["aa", "a-a", "AA", "axo-axonic"])
def test_compartments_are_known_by_their_letters(tiny: Dataset, short: str) -> None:
    found = tiny.query(f"connections with compartment {short}")
    assert found.question == "connections with compartment 'axo-axonic'"
    assert {r["pre_name"] for r in found} == {"it's"}  # C1, whose synapses are all of this kind
