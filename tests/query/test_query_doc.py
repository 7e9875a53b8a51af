"""Every example in docs/query.md is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graphkit.dataset import Dataset

TEXT = (Path(__file__).parents[2] / "docs" / "query.md").read_text()
EXAMPLES = [m[1] for m in re.finditer(r"^    (?!graphkit)(\S.*?)(?:   .*)?$", TEXT, re.MULTILINE)]
STATEMENTS = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


def test_the_examples_are_found() -> None:
    assert len(EXAMPLES) == 39
    assert len(STATEMENTS) == 2


@pytest.mark.parametrize("question", EXAMPLES)
def test_every_question_has_an_answer(sim: Dataset, question: str) -> None:
    assert len(sim.query(question)) > 0


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_statement_has_an_answer(sim: Dataset, statement: str) -> None:
    assert len(sim.sql(statement)) > 0


def test_the_views_that_it_names_are_there(sim: Dataset) -> None:
    listed = TEXT.split("over the views ")[1].split("and others")[0]
    views = {row["name"] for row in sim.sql("SHOW TABLES")}
    assert set(re.findall(r"`(\w+)`", listed)) <= views
