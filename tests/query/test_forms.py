"""The typed form: golden questions, and what goes out of it (JSON, the echo) comes in again as the same form."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lark import Token, Tree

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError, QueryError
from graphkit.query import ir
from graphkit.query.echo import echo
from graphkit.query.english import parse_english, parse_set
from graphkit.query.english.parser import GRAMMAR
from graphkit.query.english.parser import parser as english_parser
from graphkit.query.reading import parse_question
from tests.conftest import LONG
from tests.query.form_strategies import conditions, forms
from tests.query.questions_of_tiny import QUESTIONS

GOLDEN = Path(__file__).parents[1] / "golden" / "forms.json"


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
    assert parse_question(tiny, echo(form)) == form


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


# -- every form, not only the golden ones --------------------------------------------------------------------------


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(form=forms())
def test_any_form_survives_json_and_echo(tiny: Dataset, form: ir.Form) -> None:
    assert ir.from_json(ir.to_json(form)) == form
    assert parse_english(tiny, echo(form)) == form


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(form=forms())
def test_every_form_can_be_planned_and_run(tiny: Dataset, form: ir.Form) -> None:
    from graphkit.query.planner import plan

    if form.name in ("morphology", "compartments", "strahler_orders", "sholl"):
        with pytest.raises(NotAnswerableError, match="has no skeletons"):
            plan(form, tiny)
        return
    tiny.cursor(sql := plan(form, tiny).sql).execute(f"SELECT * FROM ({sql}\n) LIMIT 1").fetchall()


def test_a_long_list_of_ids_says_that_it_is_abbreviated(sim: Dataset) -> None:
    ids = tuple(sim.table("neurons")["neuron_id"].to_pylist())
    text = echo(ir.Motifs(ir.Selection(neurons=ir.Comparison("neuron_id", "in", ids))))
    assert text.endswith(f"{ids[7]}, ... 400 ids in all)")
    assert len(text) < 200


@given(condition=conditions())
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
    declared = {t.name for t in english_parser().terminals} - set(english_parser().parser.lexer_conf.ignore)
    assert declared - seen == set()
