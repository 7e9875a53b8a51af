"""The typed form: golden questions, and what goes out of it (JSON, the echo) comes in again as the same form."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lark import Token, Tree

from graphkit.dataset import Dataset
from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.echo import echo
from graphkit.query.english import parse_english, parse_set
from graphkit.query.english.parser import GRAMMAR
from graphkit.query.english.parser import parser as english_parser
from tests.conftest import LONG
from tests.strategies import neuron_ids

GOLDEN = Path(__file__).parents[1] / "golden" / "forms.json"
QUESTIONS = [
    "motifs",
    "motifs in region EB",
    "MOTIFS IN REGION eb",
    "motifs in EB?",
    "triads in EB, FB",
    'triad census in region "beta\'L(R)" by type',
    "census among type A, type B without autapses",
    "motifs between neurons of EB with at least 5 synapses",
    "motifs between neurons of (EB, FB) at 30% with >= 5 synapses per region limit 3",
    "motifs between type A or type B with electrical synapses",
    "motifs with synapses >= 3 per region",
    "motifs with transmitter GABA, acetylcholine top 4",
    "neurons",
    "neurons limit 5.",
    "neurons in EB where type = 'A'",
    "neurons in region EB, FB where type = A* and not side = left",
    "neurons of region EB",
    "neurons of EB, FB at 12.5 % where inputs >= 1e2",
    "neurons where type != 'A' and (inputs > 5 or outputs <= 3) or class ~ 'intr*'",
    "neurons where type <> A and inputs == 3 and inputs != 4",
    "neurons where type in (A, 'B', 'D*') and nt not in (gaba)",
    "neurons where side is null or name is not null",
    "neurons where neuron_id is null",
    "neurons where not not complete = true and complete != false",
    "neurons where id = 720575940621039147",
    "neurons where neuron_id in (720575940621039145, 720575940621039146)",
    "neurons where neuron_id > 720575940621039145.0",
    "neurons where soma_x_nm = -5 and mass >= 0.5 and mass < 1.25e3",
    "neurons where found_on >= '2020-01-02' and cluster_id = 7",
    "neurons where \"spike rate\" > 3 and 'by' = limit",
    "neurons where name < 'B' and hemilineage like '0?'",
    'neurons where belongs to EB at 40 % and has synapses in (FB, "beta\'L(R)")',
    "neurons where type = 'D(x)_L'''",
    "neurons @mine (2 neurons) where type = A and not in @mine",
    "types of @MINE",
    "neurons where id in @mine or neuron_id not in @mine",
    "inputs of @mine, type A",
    'neurons where type = "D(x)_L\'" and name = \'D "quoted"\'',
    "types",
    "types in EB",
    "types of region EB at 30 % where class = intrinsic limit 2",
    "regions",
    "regions top 2;",
    "inputs of type A",
    "input of B",
    "upstream of neuron 720575940621039145",
    "inputs of 720575940621039145, 720575940621039146 or neurons 720575940621039147",
    "inputs of neurons (720575940621039145, 720575940621039146)",
    "outputs of type 'A*' by region",
    "downstream of class sensory by type, classes, sides, transmitters, regions",
    "partners of B2_R by nt limit 1",
    'outputs of side left, name "it\'s" in CX with transmitter gaba with at least 2 synapses',
    "inputs of type (A, 'D*', B) among neurons in EB",
    "inputs of neurons where inputs > 2",
    "inputs of neurons where (inputs > 2 and (type = A or not type = B)), neurons of region FB",
    "partners of neurons in (EB, FB) without autapses with electrical synapses",
    "connections",
    "connections from type A",
    "connections onto class sensory by class",
    "connections from type A to any neuron by type, region",
    "connections from all neurons to all",
    "connections between type A and type B by type",
    "connections between type A",
    "connections among neurons of EB with chemical synapses",
    "connections from type A to type B among neurons of CX",
    "gap junctions",
    "gap junctions between type A and type B",
    "connections from type A with electrical synapses by side",
    "synapses",
    "synapse from type A to type B",
    "synapses from type A to type B in EB with at least 2 synapses per region limit 10",
    "synapses among type A, B",
    "synapses with nt GABA without autapses",
]


@pytest.fixture(scope="module")
def tiny(tiny: Dataset) -> Dataset:
    """With the set @mine."""
    return tiny.with_sets({"mine": [LONG, LONG + 2]})


def _form(tiny: Dataset, question: str) -> ir.Form:
    return parse_english(tiny, question)


def test_golden_forms(tiny: Dataset) -> None:
    found = {q: json.loads(ir.to_json(_form(tiny, q))) for q in QUESTIONS}
    if os.environ.get("GRAPHKIT_UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    golden = json.loads(GOLDEN.read_text())
    assert list(golden) == QUESTIONS
    for question, expected in golden.items():
        assert found[question] == expected, question


@pytest.mark.parametrize("question", QUESTIONS)
def test_json_and_echo_give_the_same_form(tiny: Dataset, question: str) -> None:
    form = _form(tiny, question)
    assert ir.from_json(ir.to_json(form)) == form
    assert parse_english(tiny, echo(form)) == form


def test_json_keeps_ids_as_text(tiny: Dataset) -> None:
    assert f'"{LONG}"' in ir.to_json(_form(tiny, f"inputs of {LONG}"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version":1}', '{"question":"regions","version":2}', '{"question":"x","version":1}',
     '{"question":"regions","version":1,"bogus":3}', '{"question":"motifs","version":1,"selection":{"min_synapses":0}}',
     '{"question":"motifs","version":1,"selection":{"kind":"x\'"}}', '{"question":"neurons","version":1,"where":{"is":"Nope"}}',
     '{"question":"motifs","version":1,"selection":3}'],
)  # fmt: skip
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        ir.from_json(text)


# -- every form, not only the golden ones ---------------------------------------------------------------------------

_TEXTS = {
    "type": ("A", "B", "b", "D(x)_L'"),
    "class": ("intrinsic", "sensory", "A"),
    "side": ("left", "right"),
    "name": ("A1", "it's", 'D "quoted"'),
    "nt": ("gaba", "acetylcholine"),
    "hemilineage": ("0A", "1B", ""),
    "by": ("limit", "where"),
}
_IDS = st.sampled_from([LONG + i for i in range(6)])
_NUMBERS = st.one_of(neuron_ids(), st.floats(-1e20, 1e20, allow_nan=False).filter(lambda x: x != int(x)))
_regions = st.lists(st.sampled_from(["CX", "EB", "FB", "beta'L(R)", "Empty"]), min_size=1, max_size=3, unique=True).map(
    tuple
)
_shares = st.one_of(st.just(0.5), st.integers(1, 1000).map(lambda k: k / 1000), st.floats(1e-6, 1.0))


@st.composite
def _comparisons(draw: st.DrawFn) -> ir.Condition:
    column = draw(st.sampled_from(list(_TEXTS)))
    values = _TEXTS[column]
    listed = st.lists(st.sampled_from(values), min_size=2, unique=True).map(tuple)
    several = st.lists(_IDS, min_size=2, max_size=8, unique=True).map(tuple)
    return draw(
        st.one_of(
            st.sampled_from(values).map(lambda v: ir.Comparison(column, "=", v)),
            st.just(ir.Comparison(column, "like", values[0][:1] + "*")),
            listed.map(lambda v: ir.Comparison(column, "in", v)),
            st.sampled_from(["is null", "is not null"]).map(lambda op: ir.Comparison(column, op)),  # type: ignore[arg-type]
            st.tuples(
                st.sampled_from(["<", "<=", ">", ">="]), st.text(max_size=5).filter(lambda t: not set("*?") & set(t))
            ).map(lambda ov: ir.Comparison(column, ov[0], ov[1])),
            st.tuples(st.sampled_from(["=", "!=", "<", ">="]), _NUMBERS).map(
                lambda ov: ir.Comparison("spike rate", ov[0], ov[1])
            ),
            st.tuples(st.sampled_from(["!=", "<", "<=", ">", ">="]), neuron_ids()).map(
                lambda ov: ir.Comparison("neuron_id", ov[0], ov[1])
            ),
            _IDS.map(lambda i: ir.Comparison("neuron_id", "=", i)),
            several.map(lambda i: ir.Comparison("neuron_id", "in", i)),
            st.tuples(st.sampled_from(["=", "!="]), st.booleans()).map(
                lambda ov: ir.Comparison("complete", ov[0], ov[1])
            ),
            _regions.map(ir.HasSynapsesIn),
            st.builds(ir.BelongsTo, _regions, _shares),
        )
    )


def _nested(inner: st.SearchStrategy[ir.Condition]) -> st.SearchStrategy[ir.Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(several.map(ir.And), several.map(ir.Or), inner.map(ir.Not))


_conditions = st.recursive(_comparisons(), _nested, max_leaves=4)
_maybe = st.none() | _conditions
_limits = st.none() | st.integers(1, 10**17)
_groups = st.lists(st.sampled_from(["type", "class", "side", "nt", "region"]), unique=True, max_size=3).map(tuple)


@st.composite
def _selections(draw: st.DrawFn) -> ir.Selection:
    least = draw(st.integers(1, 100))
    return ir.Selection(
        regions=draw(st.none() | _regions),
        neurons=draw(_maybe),
        min_synapses=least,
        per_region=least > 1 and draw(st.booleans()),
        kind=draw(st.sampled_from(["chemical", "electrical"])),
        nt=draw(st.sampled_from([None, ("gaba",), ("acetylcholine", "gaba")])),
        autapses=draw(st.booleans()),
    )


@st.composite
def _connections(draw: st.DrawFn) -> ir.Connections:
    selection = draw(_selections())
    both_ways = selection.kind == "chemical" and draw(st.booleans())
    return ir.Connections(draw(_maybe), draw(_maybe), both_ways, draw(_groups), selection, draw(_limits))


_forms: st.SearchStrategy[ir.Form] = st.one_of(
    st.builds(ir.Motifs, _selections(), st.booleans(), _limits),
    st.builds(ir.Neurons, _maybe, st.none() | _regions, _limits),
    st.builds(ir.Types, _maybe, st.none() | _regions, _limits),
    st.builds(ir.Regions, _limits),
    st.builds(
        ir.Partners, _conditions, st.sampled_from(["inputs", "outputs", "partners"]), _groups, _selections(), _limits
    ),
    st.builds(ir.Synapses, _maybe, _maybe, _selections(), _limits),
    _connections(),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(form=_forms)
def test_any_form_survives_json_and_echo(tiny: Dataset, form: ir.Form) -> None:
    assert ir.from_json(ir.to_json(form)) == form
    assert parse_english(tiny, echo(form)) == form


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(form=_forms)
def test_every_form_can_be_planned_and_run(tiny: Dataset, form: ir.Form) -> None:
    from graphkit.query.planner import plan

    tiny.cursor(sql := plan(form, tiny).sql).execute(f"SELECT * FROM ({sql}\n) LIMIT 1").fetchall()


def test_a_long_list_of_ids_says_that_it_is_abbreviated(sim: Dataset) -> None:
    ids = tuple(sim.table("neurons")["neuron_id"].to_pylist())
    text = echo(ir.Motifs(ir.Selection(neurons=ir.Comparison("neuron_id", "in", ids))))
    assert text.endswith(f"{ids[7]}, ... 400 ids in all)")
    assert len(text) < 200


@given(condition=_conditions)
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_a_set_of_neurons_by_itself_is_the_same_condition(tiny: Dataset, condition: ir.Condition) -> None:
    words = echo(ir.Partners(condition, "inputs")).removeprefix("inputs of ")
    assert parse_set(tiny, words) == condition


def test_gap_junctions_have_no_direction_in_the_form_either() -> None:
    electrical = ir.Selection(kind="electrical")
    assert ir.Connections(both_ways=True, selection=electrical) == ir.Connections(selection=electrical)


# -- the grammar ----------------------------------------------------------------------------------------------------


def _used(tree: Tree[Token]) -> tuple[set[str], set[str]]:
    trees = {str(t.data) for t in tree.iter_subtrees()}
    tokens = {t.type for t in tree.scan_values(lambda v: isinstance(v, Token))}
    return trees, tokens


def test_no_rule_of_the_grammar_is_idle() -> None:
    """Every alternative and every word of the grammar is met by a golden question."""
    grammar = GRAMMAR.read_text()
    parser = english_parser()
    origins = {str(r.alias or r.origin.name) for r in parser.rules if not str(r.origin.name).startswith("__")}
    inlined = set(re.findall(r"^\?(\w+):", grammar, re.MULTILINE))
    met: set[str] = set()
    for question in QUESTIONS:
        met |= _used(parser.parse(question, start="start"))[0]
    assert origins - inlined <= met, origins - inlined - met
    for terminal in parser.terminals:
        pattern = re.compile(terminal.pattern.to_regexp(), re.IGNORECASE)
        assert any(pattern.search(q) for q in QUESTIONS), terminal.name


def _tokens_of(question: str) -> list[Any]:
    return [t.type for t in english_parser().parse_interactive(question, start="start").exhaust_lexer()]


def test_every_word_of_the_grammar_is_read_as_itself() -> None:
    seen = {name for q in QUESTIONS for name in _tokens_of(q)}
    declared = {t.name for t in english_parser().terminals} - set(english_parser().ignore_tokens)
    assert declared - seen == set()
