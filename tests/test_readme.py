"""Every command and every Python block of the README and of docs/query-language.md runs, and the doctests hold."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import graphkit
from graphkit.cli import app

ROOT = Path(__file__).parent.parent
COMMAND = re.compile(r"^\s*\$ (graphkit .*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample in it, as in a checkout."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "data-samples", folder / "data-samples", ignore=shutil.ignore_patterns(".cache"))
    return folder


def _commands() -> list[str]:
    return COMMAND.findall((ROOT / "README.md").read_text())


def test_the_readme_has_commands() -> None:
    assert len(_commands()) >= 6


def test_every_command_of_the_readme_runs(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two as a shell starts them, the others within this process (tests/cli holds that both say the same)."""
    monkeypatch.chdir(workplace)
    beside = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}
    for number, command in enumerate(_commands()):
        words = shlex.split(command)
        if number < 2:
            done = subprocess.run(words, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"{command}\n{done.stderr}"
        else:
            done = CliRunner().invoke(app, words[1:])
            assert done.exit_code == 0, f"{command}\n{done.stderr}\n{done.exception!r}"
        assert done.stdout.strip() or "-o " in command or " export " in command, command


@pytest.mark.parametrize("name", ["README.md", "docs/motifs.md"])
def test_the_python_of_a_page_gives_what_it_shows(name: str, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    text = (ROOT / name).read_text()
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert len(test.examples) >= 5
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


def _modules() -> list[str]:
    return sorted(m.name for m in pkgutil.walk_packages(graphkit.__path__, "graphkit."))


@pytest.mark.parametrize("name", _modules())
def test_doctests(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
    assert module.__doc__, "every module says what it is"


def test_every_decision_is_in_the_index_once() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    titles = [title for title in re.findall(r"^## (.*)$", text, re.MULTILINE) if title != "Index"]
    linked = re.findall(r"(?<!\w)\[([^\n]*?)\]\(#([\w-]*)\)", text)
    assert len(titles) > 100
    assert sorted(title for title, _ in linked) == sorted(titles)
    assert all(at == re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title, at in linked)
