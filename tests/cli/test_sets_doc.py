"""Every command and every line of Python in docs/sets-and-answers.md is run."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from graphkit.dataset import Dataset
from tests.cli.test_command import run

TEXT = (Path(__file__).parents[2] / "docs" / "sets-and-answers.md").read_text()
COMMANDS = re.findall(r"^    (graphkit (?:query|sets) .*)$", TEXT, re.MULTILINE)


@pytest.fixture
def here(sim: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `mybrain`, `ids.txt` and `table.csv`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHKIT_SETS", str(tmp_path / "sets"))
    (tmp_path / "mybrain").symlink_to(sim.url)
    ids = sim.query("neurons where type = EPG limit 3").arrow()["neuron_id"].to_pylist()
    (tmp_path / "ids.txt").write_text("# mine\n" + "".join(f"{i}\n" for i in ids))
    others = sim.query("neurons where type = 'ER4d'").arrow()["neuron_id"].to_pylist()
    (tmp_path / "table.csv").write_text("root_id,my_label\n" + "".join(f"{i},good\n" for i in others))
    return tmp_path


def test_commands(here: Path) -> None:
    assert len(COMMANDS) > 20
    for command in COMMANDS:
        shown = run(*shlex.split(command)[1:])
        assert shown.exit_code == 0, (command, shown.stderr)
        if not command.startswith("graphkit sets add"):
            assert shown.stdout or "-o " in command or "remove" in command, command
            assert "No rows" not in shown.stderr, command
    assert "inputs of @mine (3 neurons) by type" in run(*shlex.split(COMMANDS[0])[1:]).stderr


def test_python(here: Path) -> None:
    blocks = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(blocks, {}, "sets-and-answers.md", None, 0)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    assert (result.failed, result.attempted > 8) == (0, True)


def test_names_that_the_page_gives() -> None:
    from graphkit.cli.render import FORMATS
    from graphkit.query.answer_cache import _DEFAULT
    from graphkit.query.user_table import ID_COLUMNS

    assert all(f"`{name}`" in TEXT for name in ID_COLUMNS)
    assert f"{_DEFAULT.removesuffix('MB')} MB" in TEXT
    assert all(form in TEXT for form in FORMATS)
