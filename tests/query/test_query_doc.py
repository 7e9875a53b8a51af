"""Every example in docs/query-language.md is asked."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import QueryError

TEXT = (Path(__file__).parents[2] / "docs" / "query-language.md").read_text()
EXAMPLES = [
    m[1]
    for m in re.finditer(r"^    (?![$ ]|graphkit|Error|Did|motifs in EB wiht)(\S.*?)(?:   .*)?$", TEXT, re.MULTILINE)
]
STATEMENTS = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_examples_are_found() -> None:
    assert len(EXAMPLES) >= 126
    assert len(STATEMENTS) == 2
    assert len(PYTHON) == 1


@pytest.mark.parametrize("question", EXAMPLES)
def test_every_question_has_an_answer(sim: Dataset, question: str) -> None:
    assert len(sim.query(question)) > 0


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_statement_has_an_answer(sim: Dataset, statement: str) -> None:
    assert len(sim.sql(statement)) > 0


def test_the_python_runs(sim: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mybrain").symlink_to(Path(sim.url).absolute())
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    for line in PYTHON[0].splitlines():
        asks = line.startswith("brain.")
        exec(f"assert len({line}) > 0" if asks else line, scope)


def test_the_error_that_it_shows_is_the_one(sim: Dataset) -> None:
    shown = re.search(r'    \$ graphkit query "(.*wiht.*)" -d mybrain\n(.*?)\n\n', TEXT, re.DOTALL)
    assert shown is not None
    with pytest.raises(QueryError) as caught:
        sim.query(shown[1])
    said = [*caught.value.caret().splitlines(), f"Error: {caught.value.message}", caught.value.hint or ""]
    lines = [line.removeprefix("    ") for line in shown[2].split(os.linesep)]
    assert lines[:-1] == said[:-1]
    assert said[-1].startswith(lines[-1].removesuffix("..."))


def test_the_views_that_it_names_are_there(sim: Dataset) -> None:
    listed = TEXT.split("over the views ")[1].split("and others")[0]
    views = {row["name"] for row in sim.sql("SHOW TABLES")}
    assert set(re.findall(r"`(\w+)`", listed)) <= views
