"""Sets of neurons in the command: --set, --neurons, `graphkit sets`."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphkit.cli.query import query
from graphkit.cli.straight import read_plainly
from graphkit.dataset import Dataset
from tests.cli.test_command import graphkit_command, run
from tests.conftest import LONG


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    path = tmp_path / "ids.txt"
    path.write_text(f"{LONG}\n{LONG + 2}\n")
    return path


def test_sets_of_a_question(tiny: Dataset, ids: Path) -> None:
    for options in (["--set", f"mine={ids}"], ["--set", f"@MINE={ids}", "--neurons", ids]):
        shown = run("query", "neurons in @mine", "-d", tiny.url, "--format", "csv", *options)
        assert shown.exit_code == 0, shown.stderr
        assert sorted(line.split(",")[0] for line in shown.stdout.splitlines()[1:]) == [str(LONG), str(LONG + 2)]
    shown = run("query", "inputs of @neurons", "-d", tiny.url, "--neurons", ids)
    assert "inputs of @neurons (2 neurons)" in shown.stderr


def test_standard_input(tiny: Dataset) -> None:
    for given in (f"{LONG}\n", f"root_id,x\n{LONG},1\n"):
        ran = graphkit_command(
            *("query", "neurons in @n", "-d", tiny.url, "--set", "n=-", "--format", "csv"), input=given.encode()
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.decode().splitlines()[1].startswith(f'{LONG},"A1"')
    ran = graphkit_command("query", "neurons in @n", "-d", tiny.url, "--set", "n=-", input=b"")
    assert (ran.returncode, b"nothing to read on standard input" in ran.stderr) == (1, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "mine"], "--set takes NAME=FILE"),
        (["--set", "=x"], "--set takes NAME=FILE"),
        (["--set", "a b=x"], "cannot be the name of a set"),
        (["--set", "mine=nothing.txt"], "There is no file 'nothing.txt'"),
        (["--set", "mine=IDS", "--set", "mine=IDS"], "given twice"),
        ([], "There is no set @mine"),
    ],
)
def test_refusals(tiny: Dataset, ids: Path, options: list[str], message: str) -> None:
    shown = run("query", "neurons in @mine", "-d", tiny.url, *[o.replace("IDS", str(ids)) for o in options])
    assert shown.exit_code == 1
    assert message in shown.stderr


def test_skip_unknown(tiny: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text(f"{LONG}\n5\n")
    shown = run("query", "neurons in @n", "-d", tiny.url, "--set", f"n={path}")
    assert "1 of the 2 ids of @n are not in this dataset: 5" in shown.stderr
    shown = run("query", "neurons in @n", "-d", tiny.url, "--set", f"n={path}", "--skip-unknown", "--format", "json")
    assert shown.exit_code == 0
    assert "left out: 5" in shown.stdout  # the notes are part of the answer


def test_the_sets_command(tiny: Dataset, ids: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHKIT_SETS", str(tmp_path / "sets"))
    where = ["-d", tiny.url]
    assert "No set is kept" in run("sets", "list", *where).stderr
    assert "@mine has 2 neurons." in run("sets", "add", "mine", ids, *where).stderr
    assert "@b has 1 neuron." in run("sets", "add", "@b", "neurons where type = B limit 1", *where).stderr
    listed = run("sets", "list", *where).stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [["@b", "1"], ["@mine", "2"]]
    assert "neurons where type = 'B' limit 1, snapshot 1" in listed[0]
    assert run("sets", "show", "MINE", *where).stdout == f"{LONG}\n{LONG + 2}\n"
    shown = run("query", "connections from @mine to @b", *where, "--format", "csv")
    assert shown.exit_code == 0
    assert "Removed @mine." in run("sets", "remove", "mine", *where).stderr
    assert run("sets", "show", "mine", *where).exit_code == 1
    bad = run("sets", "add", "c", "neurons where typ = B", *where)
    assert (bad.exit_code, "Did you mean 'type'" in bad.stderr) == (1, True)


def test_sets_do_not_slow_a_plain_question() -> None:
    read = read_plainly(query, ["inputs of @a", "--set", "a=x.txt", "--set", "b=-", "--neurons", "n.txt"])
    assert read is not None
    assert (read["set_"], read["neurons"]) == (["a=x.txt", "b=-"], "n.txt")
