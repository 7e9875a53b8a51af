"""docs/exporting.md: its commands run on the sample, and its options and formats are those of the command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from graphkit.cli import app
from graphkit.exporters import FORMATS

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "exporting.md").read_text()


@pytest.mark.parametrize("line", re.findall(r"^    (graphkit export .*)$", DOC, re.MULTILINE))
def test_documented_commands_run(line: str, tmp_path: Path) -> None:
    arguments = [a.replace("data-samples", str(ROOT / "data-samples")) for a in shlex.split(line)[1:]]
    arguments[1] = str(tmp_path / arguments[1])
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, Path(arguments[1]).exists()) == (0, True), done.output


def test_the_documentation_is_of_all_formats_and_options() -> None:
    group: Any = typer.main.get_command(app)
    known = {o for p in group.commands["export"].params for o in (*p.opts, *p.secondary_opts)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", DOC)) - {"--id-type", "--nodes", "--relationships"}
    assert named == known - {"-d", "--dataset", "output", "--autapses"}
    for form, suffixes in FORMATS.items():
        assert f"`{form}`" in DOC
        assert all(suffix == ".csv.gz" or suffix.removesuffix(".gz") in DOC for suffix in suffixes)
