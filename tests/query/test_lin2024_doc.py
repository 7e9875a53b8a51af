"""The commands of docs/lin2024.md are questions, and those that are timed are the documented ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.lin2024 import QUESTIONS
from graphkit.dataset import Dataset
from graphkit.query.echo import echo
from graphkit.query.reading import parse_question

TEXT = (Path(__file__).parents[2] / "docs" / "lin2024.md").read_text()


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_timed_is_a_question_of_the_page(sim: Dataset, question: str) -> None:
    form = parse_question(sim, question)
    assert parse_question(sim, echo(form)) == form
    assert f"| `{question}` |" in TEXT


def test_every_whole_command_of_the_page_can_be_asked(sim: Dataset) -> None:
    asked = [c for c in re.findall(r"\| `([^`]+)` \|", TEXT) if "..." not in c]
    assert len(asked) > 30
    for question in asked:
        parse_question(sim, question)
