"""What docs/importing.md and the importers' hints tell people to type is what the command takes."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from graphkit.cli import app

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "importing.md").read_text()
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
UNIT = re.compile(r"--position-unit-nm ([0-9][^\s`'\"]*)")


def import_commands() -> dict[str, set[str]]:
    """Each `graphkit import` command and its options."""
    group: Any = typer.main.get_command(app)
    commands = group.commands["import"].commands
    return {name: {o for p in c.params for o in (*p.opts, *p.secondary_opts)} for name, c in commands.items()}


COMMANDS = import_commands()


def documented_commands() -> list[str]:
    """The indented command lines, continued lines joined; not the synopsis, whose names stand for any."""
    lines = re.findall(r"^    (graphkit import .*)$", DOC.replace("\\\n", " "), re.MULTILINE)
    return [line for line in lines if "|" not in line]


def sections() -> dict[str, str]:
    """The text under each heading; that of `import NAME: ...` is under NAME."""
    parts = re.split(r"^## (?:`import (\w+)`)?(.*)$", DOC, flags=re.MULTILINE)
    return {
        name or title.strip(): text for name, title, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    }


def hints() -> list[tuple[str, str]]:
    """(file, text) of every string of the importers that names an option."""
    found = []
    for path in sorted((ROOT / "graphkit" / "importers").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and OPTION.search(node.value):
                found.append((path.name, node.value))
    return found


def test_the_documentation_is_of_all_commands() -> None:
    synopsis = re.search(r"^    graphkit import ([a-z|]+) ", DOC, re.MULTILINE)
    assert synopsis is not None
    assert set(synopsis[1].split("|")) == set(COMMANDS)
    assert set(COMMANDS) <= set(sections())
    assert {shlex.split(line)[2] for line in documented_commands()} == set(COMMANDS)


@pytest.mark.parametrize("line", documented_commands())
def test_documented_commands_fail_for_their_files_only(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where none of the files is: all that can be wrong is that
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert (result.exit_code, "There is no file" in result.output) == (1, True), result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", sections())
def test_documented_options_exist(place: str) -> None:
    options = set(OPTION.findall(sections()[place]))
    known = COMMANDS.get(place) or set.union(*COMMANDS.values())
    assert options <= known, f"{place} does not take {options - known}"


def test_the_common_options_are_taken_by_all() -> None:
    for_all, for_some = sections()["Options"].split("take these too.")
    common = {option for row in re.findall(r"^\| (`-.*?) \|", for_all, re.MULTILINE) for option in OPTION.findall(row)}
    more = {option for row in re.findall(r"^\| (`-.*?) \|", for_some, re.MULTILINE) for option in OPTION.findall(row)}
    assert {"--neurons", "--on-error", "--threads"} <= common
    assert {"--columns", "--where"} == more
    several = set(re.findall(r"`(\w+)`", for_all.rsplit("\n\n", 1)[1]))
    for name, known in COMMANDS.items():
        assert common <= known, f"import {name} does not take {common - known}"
        assert (more <= known) == (name in several), f"import {name} and {more}"


@pytest.mark.parametrize(("file", "text"), hints())
def test_options_in_hints_exist(file: str, text: str) -> None:
    other = re.search(r"graphkit import (\w+) FILE", text)
    own = COMMANDS.get(other[1] if other else file.removesuffix(".py")) or set.union(*COMMANDS.values())
    assert set(OPTION.findall(text)) <= own


def test_units_are_written_as_the_command_reads_them(tmp_path: Path) -> None:
    units = set(UNIT.findall(DOC + "\n".join(text for _, text in hints())))
    assert units
    for unit in units:
        arguments = ["import", "synapses", "missing.csv", "-o", str(tmp_path / "d"), "--position-unit-nm", unit]
        assert "There is no file 'missing.csv'" in CliRunner().invoke(app, arguments).output, unit
