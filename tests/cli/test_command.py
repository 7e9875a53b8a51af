"""The command as its user meets it: help, answers, formats, exit codes, what goes to stdout and what to stderr."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner, Result

import graphkit
from graphkit.cli import app
from graphkit.dataset import Dataset
from graphkit.graph import Graph
from graphkit.plugins import GROUP, add_plugins
from graphkit.render import FORMATS
from tests.conftest import LONG, make_tiny
from tests.query.test_errors import BAD

COMMANDS = ["query", "info", "validate", "build", "simulate", "export", "history", "prune"]
IMPORTS = ["synapses", "edges", "neuprint", "cave", "graphml"]
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
    return subprocess.run(command, capture_output=not options.keys() & {"stdout", "stderr"}, check=False, timeout=120, **options)


# -- help ---------------------------------------------------------------------------------------------------------------


def test_help_tells_a_newcomer_what_to_do() -> None:
    shown = run("--help")
    assert shown.exit_code == 0
    for word in ("Get a dataset", "graphkit simulate -o mybrain", 'graphkit query "motifs in region EB" -d mybrain', "GRAPHKIT_DATASET"):
        assert word in shown.stdout
    lines = [line.split() for line in shown.stdout.split("Commands:")[1].splitlines() if line.strip()]
    assert {line[0] for line in lines} == {*COMMANDS, "import"}
    assert not any(line[-1].endswith("...") for line in lines), "a summary is cut off"
    assert max(map(len, shown.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", [*([c] for c in COMMANDS), ["import"], *(["import", c] for c in IMPORTS)], ids=" ".join)
def test_every_command_has_help(command: list[str]) -> None:
    for flag in ("-h", "--help"):
        shown = run(*command, flag)
        assert shown.exit_code == 0
        assert "Usage:" in shown.stdout
        assert len(shown.stdout.split("\n\n")[1].strip()) > 15
        assert "<range>" not in shown.stdout


def test_the_examples_in_the_help_of_query_can_be_asked(sim: Dataset) -> None:
    shown = run("query", "--help").stdout.split("Arguments")[0].split("Ask a question and print the answer.")[1]
    examples = [part.strip() for line in shown.splitlines() for part in line.split("   ") if part.strip()]
    assert len(examples) == 10
    known = {"123": "100019", "A": "ER4d", "B": "EPG", "'MBON*'": "'KC*'"}
    for example in examples:
        question = " ".join(known.get(w, w) for w in example.split())
        assert run("query", question, "-d", sim.url).exit_code == 0, question


def test_version() -> None:
    assert run("--version").stdout == f"graphkit {graphkit.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(shell: str) -> None:
    done = graphkit_command("--show-completion", env={**os.environ, "SHELL": f"/bin/{shell}", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    if done.returncode:
        done = graphkit_command("--show-completion", shell)
    assert done.returncode == 0
    assert b"graphkit" in done.stdout or b"COMPLETE" in done.stdout


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
    for usage in (["query"], ["query", "types", "--sql", "SELECT 1"], ["qury"], ["query", "types", "--nope"], ["query", "types", "--limit", "0"], ["query", "types", "--limit", "x"], ["query", "a", "b"], ["export"]):  # fmt: skip
        done = run(*usage, *(["-d", sim.url] if usage[0] == "query" else []))
        assert done.exit_code == 2, usage
        assert done.stdout == ""
        assert "Usage:" in done.stderr


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


@pytest.mark.parametrize("question", BAD)
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
    assert "No rows: nothing in this dataset meets the question." in run("query", "neurons where inputs > 1e9", "-d", sim.url).stderr


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


def test_the_dataset_is_named_or_in_the_environment_or_here(sim: Dataset, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
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
    for place, words in (("file.csv", "is a file"), ("missing", "no such folder"), ("foreign", "foreign"), ("broken", "broken"), ("", "dataset.json")):
        for command in (["query", "motifs"], ["info"], ["history"], ["validate"], ["export", tmp_path / "x.csv"]):
            done = run(*command, "-d", tmp_path / place)
            assert done.exit_code == 1, (place, command)
            assert "Error:" in done.stderr or command == ["validate"]
            assert not isinstance(done.exception, Exception), (place, command)
        assert words in run("query", "motifs", "-d", tmp_path / place).stderr


# -- formats and files --------------------------------------------------------------------------------------------------


def _count(form: str, data: bytes) -> int:
    match form:
        case "parquet":
            return int(pq.read_table(io.BytesIO(data)).num_rows)
        case "arrow":
            return int(pa.ipc.open_file(io.BytesIO(data)).read_all().num_rows)
        case "json":
            return len(json.loads(data)["rows"])
        case "markdown":
            return len(data.splitlines()) - 2
        case "ndjson":
            return len(data.splitlines())
    return len(data.splitlines()) - 1


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_to_stdout_and_to_a_file(sim: Dataset, tmp_path: Path, form: str) -> None:
    piped = run("query", "neurons in EB", "-d", sim.url, "--format", form)
    assert piped.exit_code == 0
    to_file = run("query", "neurons in EB", "-d", sim.url, "--format", form, "-o", tmp_path / "x")
    assert (to_file.exit_code, to_file.stdout) == (0, "")
    n = len(sim.query("neurons in EB"))
    assert f"Wrote {n:,} rows to {tmp_path / 'x'}" in to_file.stderr
    assert (tmp_path / "x").read_bytes() == piped.stdout_bytes
    assert _count(form, piped.stdout_bytes) == n


def test_the_suffix_names_the_format(sim: Dataset, tmp_path: Path) -> None:
    for suffix, form in ((".csv", "csv"), (".parquet", "parquet"), (".jsonl", "ndjson"), (".md", "markdown")):
        assert run("query", "types", "-d", sim.url, "-o", tmp_path / f"x{suffix}").exit_code == 0
        assert _count(form, (tmp_path / f"x{suffix}").read_bytes()) == len(sim.query("types"))
    refused = run("query", "types", "-d", sim.url, "-o", tmp_path / "x.foo")
    assert refused.exit_code == 1
    assert "names no format" in refused.stderr
    assert "Did you mean 'parquet'" in run("query", "types", "-d", sim.url, "--format", "parket").stderr


def test_a_file_that_cannot_be_written(sim: Dataset, tmp_path: Path) -> None:
    for place, why in ((tmp_path / "no" / "x.csv", "No such file or directory"), (Path("/dev/full"), "No space left")):
        done = run("query", "types", "-d", sim.url, "--format", "csv", "-o", place)
        assert done.exit_code == 1
        assert why in done.stderr
        assert "Wrote" not in done.stderr


def test_a_full_disk_behind_stdout(sim: Dataset) -> None:
    for args in (["query", "types", "-d", sim.url], ["query", "types", "-d", sim.url, "--explain"], ["info", sim.url]):
        with Path("/dev/full").open("wb") as full:
            done = graphkit_command(*args, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 1
        assert b"No space left on device" in done.stderr
        assert b"Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet(sim: Dataset) -> None:
    command = f"{sys.executable} -c 'from graphkit.cli import main; main()' query synapses -d {sim.url} --format ndjson | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.splitlines() == ["Answering: synapses   [sim, snapshot 1]"]


@pytest.mark.parametrize("seconds", [1.5, 3.5])
def test_ctrl_c_stops_a_long_query(sim: Dataset, seconds: float) -> None:
    endless = "SELECT count(*) FROM range(1000000000000) t(i) WHERE sin(i) > 2"
    command = [sys.executable, "-c", "from graphkit.cli import main; main()", "query", "--sql", endless, "-d", sim.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(seconds)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "Stopped. Nothing was changed.\n")


# -- the other commands -------------------------------------------------------------------------------------------------


def test_info(sim: Dataset) -> None:
    done = run("info", sim.url)
    assert done.exit_code == 0
    assert "400" in done.stdout
    assert json.loads(run("info", sim.url, "--json").stdout)["name"] == "sim"


def test_validate_says_what_is_broken(tmp_path: Path) -> None:
    dataset = make_tiny(tmp_path / "tiny")
    sound = run("validate", dataset.url)
    assert (sound.exit_code, sound.stdout) == (0, "")
    assert "No problem found" in sound.stderr
    file = Path(dataset.files("regions")[0])
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    broken = run("validate", dataset.url)
    assert broken.exit_code == 1
    assert "regions" in broken.stdout


def test_build_history_and_prune(tmp_path: Path) -> None:
    dataset = make_tiny(tmp_path / "tiny")
    assert run("build", dataset.url, "--min-score", "0.5", "--no-autapses").exit_code == 0
    assert graphkit.open(dataset.url).snapshot.build["min_score"] == 0.5
    assert run("build", "-d", dataset.url, "--min-score", "nan").exit_code == 0
    built = graphkit.open(dataset.url).snapshot.build
    assert (built["min_score"], built["autapses"]) == (None, False)
    bad = run("build", dataset.url, "--region-point", "middle")
    assert bad.exit_code == 1
    assert "'post' or 'pre'" in bad.stderr
    assert run("build", dataset.url, "--memory-limit", "lots").exit_code == 1
    lines = run("history", dataset.url).stdout.splitlines()
    assert [line.split()[:2] for line in lines[2:]] == [["*", "3"]]
    assert len(lines) == 3
    assert run("prune", dataset.url, "--keep", "1", "--grace-hours", "0").exit_code == 0
    assert len(run("history", dataset.url).stdout.splitlines()) == 1


def test_simulate(tmp_path: Path) -> None:
    done = run("simulate", "-o", tmp_path / "new", "--neurons", "60", "--seed", "3", "--name", "small")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "60 neurons" in done.stderr
    assert f'graphkit query "motifs in region EB" -d {tmp_path / "new"}' in done.stderr
    assert run("query", "motifs in region EB", "-d", tmp_path / "new").exit_code == 0
    again = run("simulate", "-o", tmp_path / "new")
    assert again.exit_code == 1
    for setting, words in (("bogus=1", "no setting 'bogus'"), ("bogus", "NAME=VALUE"), ("seed=x", "number")):
        assert words in run("simulate", "-o", tmp_path / "other", "--set", setting).stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("suffix", [".graphml", ".graphml.gz", ".npz", ".csv", ".csv.gz", ".tsv", ".parquet"])
def test_export_comes_back(tiny: Dataset, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"brain{suffix}"
    done = run("export", path, "-d", tiny.url, "--region", "EB", "--region", "FB", "--min-synapses", "2")
    assert (done.exit_code, done.stdout) == (0, "")
    expected = tiny.graph(region=["EB", "FB"], min_synapses=2)
    again = Graph.load(path)
    assert [e.tolist() for e in again.edges()] == [e.tolist() for e in expected.edges()]
    assert again.successors(LONG).tolist() == [LONG + 2, LONG + 3]
    whole = suffix.startswith((".graphml", ".npz"))
    assert again.equals(expected) == whole
    assert ("An edge list does not hold" in done.stderr) != whole


def test_export_of_parts(tiny: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "x.graphml"
    assert run("export", out, "-d", tiny.url, "--type", "A", "--type", "B", "--where", "side = 'left'", "--no-autapses").exit_code == 0
    assert set(nx.read_graphml(out).nodes) == {str(LONG), str(LONG + 2)}
    assert run("export", out, "-d", tiny.url, "--electrical").exit_code == 0
    assert nx.read_graphml(out).number_of_edges() == 6
    assert run("export", out, "-d", tiny.url, "--between-neurons-of", "EB").exit_code == 0
    before = out.read_bytes()
    for bad in (["--where", "1=1) OR (1=1"], ["--region", "XX"], ["--type", "ZZ"], ["--min-synapses", "0"]):
        assert run("export", out, "-d", tiny.url, *bad).exit_code == 1
    assert run("export", tmp_path / "x.foo", "-d", tiny.url).exit_code == 1
    assert run("export", tmp_path / "no" / "x.csv", "-d", tiny.url).exit_code == 1
    assert out.read_bytes() == before


# -- import -------------------------------------------------------------------------------------------------------------


def test_import_edges_and_ask(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text(f"from,to,n\n{LONG},{LONG + 1},3\n{LONG + 1},{LONG},2\n")
    done = run("import", "edges", tmp_path / "edges.csv", "-o", tmp_path / "brain", "--columns", "pre_id=from,post_id=to", "--columns", "weight=n")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert f"graphkit info {tmp_path / 'brain'}" in done.stderr
    asked = run("query", f"outputs of {LONG}", "-d", tmp_path / "brain", "--format", "ndjson")
    assert json.loads(asked.stdout)["neuron_id"] == str(LONG + 1)
    assert json.loads(asked.stdout)["synapses"] == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--columns", "nonsense"], "NAME=VALUE"),
        (["--on-error", "ignore"], "'fail' or 'skip'"),
        (["--position-unit-nm", "4,4"], "three numbers"),
        (["--position-unit-nm", "a,b,c"], "three numbers"),
        (["--memory-limit", "lots"], "is not a size"),
    ],
)
def test_import_with_wrong_options(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "x.csv").write_text("pre_id,post_id\n1,2\n")
    done = run("import", "synapses", tmp_path / "x.csv", "-o", tmp_path / "brain", *options)
    assert done.exit_code == 1
    assert words in done.stderr
    assert not (tmp_path / "brain" / "dataset.json").exists()


@pytest.mark.parametrize("kind", IMPORTS)
def test_import_of_nothing(tmp_path: Path, kind: str) -> None:
    assert run("import", kind, "-o", tmp_path / "brain").exit_code == 2
    assert run("import", kind, tmp_path / "missing.csv").exit_code == 2
    missing = run("import", kind, tmp_path / "missing.csv", "-o", tmp_path / "brain")
    assert missing.exit_code == 1
    assert "missing.csv" in missing.stderr
    assert not (tmp_path / "brain" / "dataset.json").exists()


# -- plugins --------------------------------------------------------------------------------------------------------------


def plugin_command(number: int, double: bool = False) -> None:
    """A command of another package."""
    typer.echo(number * (2 if double else 1))


plugin_app = typer.Typer()


@plugin_app.command()
def hello(name: str) -> None:
    """Greets."""
    typer.echo(f"hello {name}")


@plugin_app.command()
def fail() -> None:
    """Ends with 3."""
    raise typer.Exit(3)


@pytest.fixture
def with_plugins(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    here = __name__
    sys.modules.setdefault(here, sys.modules[__name__])
    points = [
        EntryPoint("twice", f"{here}:plugin_command", GROUP),
        EntryPoint("greet", f"{here}:plugin_app", GROUP),
        EntryPoint("broken", "no_such_package_at_all:app", GROUP),
        EntryPoint("halfway", f"{here}:no_such_name", GROUP),
        EntryPoint("query", f"{here}:plugin_command", GROUP),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [p for p in points if p.group == group])
    application = typer.Typer(rich_markup_mode=None)
    application.command()(plugin_own)
    application.command(name="query")(plugin_own)
    add_plugins(application)
    return application


def plugin_own() -> None:
    """A command of graphkit's own."""
    typer.echo("own")


def test_commands_of_other_packages(with_plugins: typer.Typer) -> None:
    assert run("twice", "4", application=with_plugins).stdout == "4\n"
    assert run("twice", "--double", "4", application=with_plugins).stdout == "8\n"
    assert "A command of another package" in run("twice", "--help", application=with_plugins).stdout
    assert run("greet", "hello", "you", application=with_plugins).stdout == "hello you\n"
    assert run("greet", "fail", application=with_plugins).exit_code == 3
    assert run("twice", "x", application=with_plugins).exit_code == 2
    assert run("query", application=with_plugins).stdout == "own\n"


def test_a_broken_plugin_harms_only_itself(with_plugins: typer.Typer) -> None:
    shown = run("--help", application=with_plugins)
    assert shown.exit_code == 0
    assert {"twice", "greet", "broken"} <= set(shown.stdout.split())
    for name in ("broken", "halfway"):
        done = run(name, application=with_plugins)
        assert done.exit_code == 1
        assert "cannot be loaded" in done.stderr
    assert run("plugin-own", application=with_plugins).exit_code == 0
