"""Questions about data-samples/ring: the typed form and the answer, golden, and the answer found in another way each time.

tests/golden/questions.json holds each question with its form and its answer (the number of rows, and the first ones) as the raw
rows give it; GRAPHKIT_UPDATE_GOLDEN=1 writes it anew, from the raw rows and not from the answers.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import graphkit
from graphkit.dataset import Dataset
from graphkit.query import ir
from graphkit.query.echo import echo
from graphkit.query.reading import parse_question
from tests.query.questions_of_ring import CASES
from tests.query.truth import RING, Expected, Truth

GOLDEN = Path(__file__).parents[1] / "golden" / "questions.json"
_SHOWN = 3


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth()


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    if os.environ.get("GRAPHKIT_UPDATE_GOLDEN"):
        truth, ring = Truth(), graphkit.open(RING)
        found = {}
        for question, expected in CASES:
            answer = expected(truth)
            form = json.loads(ir.to_json(parse_question(ring, question)))
            found[question] = {"form": form, **_summary(answer)}
        entries = ",\n ".join(f"{json.dumps(q, ensure_ascii=False)}: {json.dumps(e)}" for q, e in found.items())
        GOLDEN.write_text(f"{{\n {entries}\n}}\n")
    return dict(json.loads(GOLDEN.read_text()))


def _summary(answer: Expected) -> dict[str, Any]:
    return {"columns": list(answer.columns), "rows": len(answer.rows), "first": [list(r) for r in answer.rows[:_SHOWN]]}


def test_there_are_enough(golden: dict[str, Any]) -> None:
    assert len(CASES) >= 200
    assert list(golden) == [q for q, _ in CASES]


@pytest.mark.parametrize(("question", "expected"), CASES, ids=[q for q, _ in CASES])
def test_the_answer_is_that_of_the_raw_rows(
    ring: Dataset, truth: Truth, golden: dict[str, Any], question: str, expected: Any
) -> None:
    form = parse_question(ring, question)
    assert json.loads(ir.to_json(form)) == golden[question]["form"]
    assert parse_question(ring, echo(form)) == form
    answer = expected(truth)
    assert json.loads(json.dumps(_summary(answer))) == {k: v for k, v in golden[question].items() if k != "form"}
    found = ring.query(form)
    rows = [tuple(_plain(row[c]) for c in answer.columns) for row in found]
    assert rows == answer.rows


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return round(value, 9) if isinstance(value, float) else value
