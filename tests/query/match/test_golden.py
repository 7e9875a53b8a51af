"""Golden questions of MATCH: the typed form and the answer, which loops over the stored synapses have found.

`GRAPHKIT_UPDATE_GOLDEN=1` writes the file anew from the definition (oracle.py), not from graphkit's answers.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, NotAnswerableError, QueryError
from graphkit.motifs.pattern import MAX_NODES
from graphkit.query import ir
from graphkit.query.match.check import MOST_NEURONS
from graphkit.query.match.parser import parse_match
from graphkit.query.match.text import match_text
from tests.query.match.oracle import MatchOracle
from tests.query.match.questions import BAD, QUESTIONS

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "match.json"
ERRORS = ROOT / "tests" / "golden" / "match_errors.json"
_SHOWN = 5


def _golden(ring: Dataset) -> dict[str, Any]:
    if os.environ.get("GRAPHKIT_UPDATE_GOLDEN"):
        oracle = MatchOracle(ring)
        GOLDEN.write_text(json.dumps({q: _expected(ring, oracle, q) for q in QUESTIONS}, indent=1) + "\n")
    return dict(json.loads(GOLDEN.read_text()))


def _expected(ring: Dataset, oracle: MatchOracle, question: str) -> dict[str, Any]:
    form = parse_match(ring, question)
    columns, rows = oracle.answer(form)
    return {
        "form": json.loads(ir.to_json(form)),
        "columns": columns,
        "number_of_rows": len(rows),
        "first_rows": rows[:_SHOWN],
        "last_row": rows[-1] if rows else None,
    }


def test_golden_questions(ring: Dataset) -> None:
    golden = _golden(ring)
    assert list(golden) == QUESTIONS
    assert len(QUESTIONS) >= 100
    for question, expected in golden.items():
        form = parse_match(ring, question)
        assert json.loads(ir.to_json(form)) == expected["form"], question
        assert parse_match(ring, match_text(form)) == form, question
        result = ring.query(question)
        rows = [list(row.values()) for row in result]
        assert result.columns == expected["columns"], question
        assert len(rows) == expected["number_of_rows"], question
        assert rows[:_SHOWN] == expected["first_rows"], question
        assert (rows[-1] if rows else None) == expected["last_row"], question


@pytest.mark.soak
def test_the_golden_answers_are_those_of_the_definition(ring: Dataset) -> None:
    oracle = MatchOracle(ring)
    golden = json.loads(GOLDEN.read_text())
    for question in QUESTIONS:
        assert json.loads(json.dumps(_expected(ring, oracle, question))) == golden[question], question


def _said(error: QueryError) -> list[str]:
    return [*error.caret().splitlines(), error.message, *([error.hint] if error.hint else [])]


def test_bad_questions_say_what_is_wrong_and_where(ring: Dataset) -> None:
    found = {}
    for question in BAD:
        with pytest.raises(QueryError) as raised:
            ring.query(question)
        found[question] = _said(raised.value)
    if os.environ.get("GRAPHKIT_UPDATE_GOLDEN"):
        ERRORS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert found == json.loads(ERRORS.read_text())


def test_more_than_a_limit_is_flagged(ring: Dataset) -> None:
    result = ring.query("MATCH (a:EPG)->(b) LIMIT 3")
    assert (len(result), result.complete) == (3, False)
    assert "Only the first 3 rows are shown" in result.notes[-1]
    assert ring.query("MATCH (a:EPG)->(b) RETURN a LIMIT 1000000").complete


def test_what_cannot_match_says_why(ring: Dataset) -> None:
    result = ring.query("MATCH (a:EPG)->(b), (a:PEG) RETURN count")
    assert result.scalar() == 0
    assert result.notes == ("Nothing can match: no neuron meets the conditions of (a).",)
    result = ring.query("MATCH (a)->(b)-[synapses >= 100000]->(c)")
    assert (len(result), result.notes) == (
        0,
        ("Nothing can match: no connection meets the conditions of the edge (b)->(c).",),
    )


def test_in_python(ring: Dataset, tmp_path: Path) -> None:
    count = ring.query("MATCH (a:EPG)->(b)->(a) IN EB with at least 3 synapses RETURN count").scalar()
    assert ring.count_matches("(a:EPG)->(b)->(a)", region="EB", min_synapses=3) == count
    rows = ring.match("MATCH (a:EPG)->(b)->(a) RETURN a, b", region="EB", min_synapses=3, limit=4)
    assert (rows.columns, len(rows)) == (["a_id", "b_id"], 4)
    assert ring.match("(a)->(b)->(c)->(a) IN EB", labelled=True, returns="count").scalar() == 3 * ring.count_matches(
        "(a)->(b)->(c)->(a)", region="EB"
    )
    (tmp_path / "loop.match").write_text("-- a loop\nMATCH (a)->(b)->(c)->(a)\n")
    assert ring.count_matches(tmp_path / "loop.match", region="EB") == ring.count_matches("(a)->(b)->(c)->(a) IN EB")
    for bad in (
        lambda: ring.match("(a)->(b) IN EB", region="PB"),
        lambda: ring.match("(a)->(b) RETURN a", returns="count"),
        lambda: ring.match("(a)->(b)", returns="table"),  # type: ignore[arg-type]
        lambda: ring.match("(a)->(b)", limit=0),
        lambda: ring.match(tmp_path / "missing.match"),
    ):
        with pytest.raises(GraphkitError):
            bad()


def test_datasets_that_do_not_know(pair_totals: Dataset, nobody: Dataset, unbuilt: Dataset) -> None:
    assert pair_totals.query("MATCH (a)-[synapses >= 5]->(b)").rows() == [
        {"a_id": 2, "a_name": None, "a_type": "A", "b_id": 3, "b_name": None, "b_type": "B"}
    ]
    for question in ("MATCH (a)->(b) IN EB", "MATCH (a)-[region = EB]->(b)"):
        with pytest.raises(NotAnswerableError, match="totals over all regions"):
            pair_totals.query(question)
    assert nobody.query("MATCH (a)->(b) RETURN count").scalar() == 0
    assert len(nobody.query("MATCH (a where inputs > 3)")) == 0
    with pytest.raises(NotAnswerableError, match="has no neurons to ask about yet"):
        unbuilt.query("MATCH (a)->(b)")


def test_as_many_neurons_as_the_search_takes() -> None:
    assert MOST_NEURONS == MAX_NODES
