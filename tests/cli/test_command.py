"""The command as its user meets it: help, answers, formats, exit codes, what goes to stdout and what to stderr."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

import graphkit
from graphkit.cli import app
from graphkit.dataset import Dataset
from tests.query.test_errors import BAD

COMMANDS = [
    "query",
    "catalogue",
    "info",
    "validate",
    "build",
    "simulate",
    "export",
    "history",
    "prune",
    "report",
    "compare",
    "sets",
]
IMPORTS = [
    "synapses",
    "edges",
    "neuprint",
    "codex",
    "larva",
    "celegans",
    "kasthuri",
    "swc",
    "cave",
    "graphml",
    "networkx",
]
ISSUE = [
    "motifs in region EB",
    "motifs between neurons of EB with at least 5 synapses",
    "neurons in EB where type = 'ER4d'",
    "inputs of EPG",
    "outputs of type 'KC*' by region",
    "partners of 100019",
    "synapses from ER4d to EPG",
    "connections between type 'ER*' and type 'EPG' by type",
    "regions",
    "types in EB",
]


def run(*args: object, application: typer.Typer = app) -> Result:
    """The command within this process."""
    return CliRunner().invoke(application, [str(a) for a in args])


def graphkit_command(*args: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The installed command in a process of its own."""
    command = [sys.executable, "-c", "from graphkit.cli import main; main()", *map(str, args)]
    return subprocess.run(
        command, capture_output=not options.keys() & {"stdout", "stderr"}, check=False, timeout=120, **options
    )


# -- help ---------------------------------------------------------------------------------------------------------------


def test_help_tells_a_newcomer_what_to_do() -> None:
    shown = run("--help")
    assert shown.exit_code == 0
    for word in (
        "Get a dataset",
        "graphkit simulate -o mybrain",
        'graphkit query "motifs in region EB" -d mybrain',
        "GRAPHKIT_DATASET",
    ):
        assert word in shown.stdout
    lines = [line.split() for line in shown.stdout.split("Commands:")[1].splitlines() if line.strip()]
    assert {line[0] for line in lines} == {*COMMANDS, "import"}
    assert not any(line[-1].endswith("...") for line in lines), "a summary is cut off"
    assert max(map(len, shown.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    "command", [*([c] for c in COMMANDS), ["import"], *(["import", c] for c in IMPORTS)], ids=" ".join
)
def test_every_command_has_help(command: list[str]) -> None:
    for flag in ("-h", "--help"):
        shown = run(*command, flag)
        assert shown.exit_code == 0
        assert "Usage:" in shown.stdout
        assert len(shown.stdout.split("\n\n")[1].strip()) > 15
        assert "<range>" not in shown.stdout


def test_the_examples_in_the_help_of_query_can_be_asked(sim: Dataset) -> None:
    shown = run("query", "--help").stdout.split("Arguments")[0].split("it goes on asking.")[1]
    examples = [part.strip() for line in shown.splitlines() for part in line.split("   ") if part.strip()]
    assert len(examples) == 13
    known = {"123": "100019", "A": "ER4d", "B": "EPG", "'MBON*'": "'KC*'"}
    for example in examples:
        question = " ".join(known.get(w, w) for w in example.split())
        assert run("query", question, "-d", sim.url).exit_code == 0, question


def test_version() -> None:
    assert run("--version").stdout == f"graphkit {graphkit.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(shell: str) -> None:
    """The shell is named: which one runs the tests, if any, does not matter."""
    surroundings = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = graphkit_command("--show-completion", shell, env=surroundings)
    assert done.returncode == 0
    assert f"_COMPLETE=complete_{shell}".encode() in done.stdout


# -- asking -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ISSUE)
def test_answers_go_to_stdout_and_all_else_to_stderr(sim: Dataset, question: str) -> None:
    done = run("query", question, "-d", sim.url, "--format", "csv")
    assert done.exit_code == 0
    rows = list(csv.reader(io.StringIO(done.stdout)))
    answer = sim.query(question)
    assert rows[0] == answer.columns
    assert len(rows) == len(answer) + 1
    assert done.stderr.startswith(f"Answering: {answer.question}   [sim, snapshot 1]\n")
    for note in answer.notes:
        assert note in done.stderr


def test_exit_codes(sim: Dataset, tmp_path: Path) -> None:
    assert run("query", "types", "-d", sim.url).exit_code == 0
    assert run("query", "types in XX", "-d", sim.url).exit_code == 1
    assert run("query", "types", "-d", tmp_path).exit_code == 1
    wrong = [
        "query",
        "query types --sql x",
        "qury",
        "query types --nope",
        "query types --limit 0",
        "query types --limit x",
    ]
    for usage in map(str.split, [*wrong, "query a b", "export"]):
        done = run(*usage, *(["-d", sim.url] if usage[0] == "query" else []))
        assert done.exit_code == 2, usage
        assert done.stdout == ""
        assert "Usage:" in done.stderr


def test_a_question_without_quotes_says_what_was_missing(sim: Dataset) -> None:
    done = run("query", "inputs", "of", "EPG", "-d", sim.url)
    assert (done.exit_code, done.stdout) == (2, "")
    assert 'goes in quotes, as one argument: graphkit query "inputs of EPG"' in done.stderr
    done = run("query", "--sql", "SELECT", "1", "AS", "n", "-d", sim.url)
    assert done.exit_code == 2
    assert 'graphkit query --sql "SELECT 1 AS n"' in done.stderr
    done = run("query", sim.url, "inputs of EPG")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f'The dataset goes after -d: graphkit query "inputs of EPG" -d {sim.url}' in " ".join(done.stderr.split())


def test_an_error_shows_the_place_and_the_way_out(tiny: Dataset) -> None:
    done = run("query", "motifs in EB with at least five synapses", "-d", tiny.url)
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "  motifs in EB with at least five synapses",
        "                             ^^^^",
        "Error: I do not understand 'five' here.",
        "Expected here: a whole number.",
    ]
    assert run("query", "inputs of Q", "-d", tiny.url).stderr.splitlines()[1].endswith("^")


@pytest.mark.parametrize("question", BAD[::5])
def test_no_bad_question_ends_in_a_traceback(tiny: Dataset, question: str) -> None:
    done = run("query", question, "-d", tiny.url)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Error: " in done.stderr
    assert isinstance(done.exception, SystemExit)


def test_explain_and_sql(sim: Dataset) -> None:
    explained = run("query", "inputs of EPG", "-d", sim.url, "--explain").stdout
    assert explained.startswith("question  inputs of type 'EPG'\n")
    assert "SELECT" in explained
    assert "plan" in run("query", "--sql", "SELECT 1", "-d", sim.url, "--explain").stdout
    done = run("query", "--sql", "SELECT count(*) AS n FROM neurons", "-d", sim.url)
    assert done.stdout == "  n\n400\n"
    refused = run("query", "--sql", "SELECT * FROM neurns", "-d", sim.url)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Did you mean 'neurons'" in refused.stderr


def test_limits_and_empty_answers_are_said(sim: Dataset) -> None:
    done = run("query", "neurons", "-d", sim.url, "--limit", "3", "--format", "ndjson")
    assert len(done.stdout.splitlines()) == 3
    assert "Only the first 3 rows are shown; there are more." in done.stderr
    assert "Only the first row is shown; there are more." in run("query", "neurons limit 1", "-d", sim.url).stderr
    assert (
        "No rows: nothing in this dataset meets the question."
        in run("query", "neurons where inputs > 1e9", "-d", sim.url).stderr
    )


def test_asking_in_process_hides_nothing_from_it(sim: Dataset) -> None:
    """The command's short cuts are for its own process only."""
    script = (
        "from typer.testing import CliRunner\nfrom graphkit.cli import app\n"
        f"done = CliRunner().invoke(app, ['query', 'motifs in EB', '-d', {sim.url!r}])\n"
        "assert done.exit_code == 0, done.stderr\n"
        "import pandas, scipy.linalg, graphkit\n"
        f"print(len(graphkit.open({sim.url!r}).query('types').df()))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


# -- which dataset ------------------------------------------------------------------------------------------------------


def test_no_dataset_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("query", "motifs")
    assert (done.exit_code, done.stdout) == (1, "")
    for words in ("No dataset to ask", "-d DIR", "graphkit simulate -o mybrain", "graphkit import --help"):
        assert words in done.stderr


def test_the_dataset_is_named_or_in_the_environment_or_here(
    sim: Dataset, tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = ["query", "--sql", "SELECT count(*) FROM neurons", "--format", "csv"]
    monkeypatch.chdir(sim.url)
    assert run(*count).stdout.splitlines()[1] == "400"
    monkeypatch.setenv("GRAPHKIT_DATASET", tiny.url)
    assert run(*count).stdout.splitlines()[1] == "6"
    assert run(*count, "-d", sim.url).stdout.splitlines()[1] == "400"
    assert run(*count, "-d", ".").stdout.splitlines()[1] == "400"


def test_what_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("a,b\n")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "dataset.json").write_text('{"some": "thing"}')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "dataset.json").write_text("{")
    for place, words in (
        ("file.csv", "is a file"),
        ("missing", "no such folder"),
        ("foreign", "foreign"),
        ("broken", "broken"),
        ("", "dataset.json"),
    ):
        for command in (["query", "motifs"], ["info"], ["history"], ["validate"], ["export", tmp_path / "x.csv"]):
            done = run(*command, "-d", tmp_path / place)
            assert done.exit_code == 1, (place, command)
            assert "Error:" in done.stderr or command == ["validate"]
            assert not isinstance(done.exception, Exception), (place, command)
        assert words in run("query", "motifs", "-d", tmp_path / place).stderr
