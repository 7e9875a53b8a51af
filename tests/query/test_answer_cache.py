"""Answers that are kept: given again as they were, never a wrong or a partial one, in bounded room."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from graphkit.catalogue import Catalogue
from graphkit.dataset import Dataset, open_dataset
from graphkit.errors import GraphkitError
from graphkit.query import answer_cache, ir
from graphkit.query.answer_cache import cached_answer, keep_answer, remember_form, remembered_form
from graphkit.query.answers import Answer
from graphkit.query.english import parse_english
from graphkit.query.sql import _CHANGING, run_sql
from tests.cli.test_command import graphkit_command
from tests.conftest import LONG

QUESTIONS = [
    "motifs in EB",
    "neurons in EB limit 1",
    "inputs of B by type",
    "synapses from type A",
    "neurons where inputs > 1e9",
]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of answers, empty, in use."""
    monkeypatch.setenv("GRAPHKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GRAPHKIT_ANSWER_CACHE", "256MB")
    return tmp_path / "cache" / "answers"


@pytest.fixture
def copy(tiny: Dataset, tmp_path: Path) -> Dataset:
    """A dataset that a test may damage."""
    shutil.copytree(tiny.url, tmp_path / "copy", ignore=shutil.ignore_patterns(".cache"))
    return open_dataset(tmp_path / "copy")


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_given_again_as_it_was(cache: Path, copy: Dataset, question: str) -> None:
    first = copy.query(question)
    form = parse_english(copy, question)
    for table in Path(copy.url).iterdir():  # so that it cannot be found anew
        if table.is_dir() and table.name != "snapshots":
            shutil.rmtree(table)
    again = open_dataset(copy.url).query(form)
    assert again.table == first.table
    assert again.table.schema == first.table.schema
    assert (again.question, again.complete, again.notes) == (first.question, first.complete, first.notes)
    with pytest.raises(GraphkitError):
        open_dataset(copy.url).query(form, cache=False)


def test_what_an_answer_depends_on(cache: Path, tiny: Dataset, pair_totals: Dataset) -> None:
    def kept() -> int:
        return len(list(cache.glob("*.answer")))

    tiny.query("types")
    assert kept() == 1
    tiny.query("types")
    assert kept() == 1
    tiny.query("types limit 2")
    pair_totals.query("types")
    assert kept() == 3
    noted = tiny.annotate(pa.table({"id": pa.array([LONG], pa.int64()), "x": ["y"]}))
    assert noted.query("neurons").columns != tiny.query("neurons").columns
    assert noted.query("neurons").columns != tiny.query("neurons").columns
    assert kept() == 5
    for wanted in ([LONG], [LONG, LONG + 1]):
        for _ in range(2):
            assert len(tiny.query("neurons in @s", sets={"s": wanted})) == len(wanted)
    assert tiny.query("types", cache=False).rows() == tiny.query("types").rows()


def test_notes_about_what_was_given_are_not_kept(cache: Path, tiny: Dataset) -> None:
    wanted = tiny.with_sets({"s": [LONG, 5]}, skip_unknown=True).query("neurons in @s")
    assert len(wanted.notes) == 1
    assert tiny.with_sets({"s": [LONG]}).query("neurons in @s").notes == ()
    assert tiny.with_sets({"s": [LONG, 5]}, skip_unknown=True).query("neurons in @s").notes == wanted.notes


def test_a_kept_answer_has_its_graph_and_its_plan(cache: Path, tiny: Dataset) -> None:
    for question in ("motifs in EB", "neurons in EB", "connections in EB"):
        first, again = tiny.query(question), tiny.query(question)
        assert first.graph().to_networkx().edges == again.graph().to_networkx().edges
        assert first.explain() == again.explain()


def test_damaged_entries_are_made_anew(cache: Path, tiny: Dataset) -> None:
    form = ir.Types()
    right = tiny.query(form).table
    (path,) = cache.glob("*.answer")
    whole = path.read_bytes()
    step = max(1, len(whole) // 60)
    damaged = [whole[:n] for n in range(0, len(whole), step)]
    damaged += [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(0, len(whole), step)]
    damaged += [whole + b"x", b"", b"x" * 500]
    for data in damaged:
        path.write_bytes(data)
        assert cached_answer(form, tiny) is None
        assert not path.exists()
    path.write_bytes(damaged[5])
    assert tiny.query(form).table == right
    assert path.read_bytes() == whole
    path.unlink()
    path.mkdir()
    assert tiny.query(form).table == right


def test_forms_of_questions(cache: Path, tiny: Dataset) -> None:
    form = parse_english(tiny, "inputs of type A")
    assert remembered_form(tiny, "inputs of A") is None
    remember_form(tiny, "inputs of A", form)
    assert remembered_form(tiny, "inputs of A") == form
    assert remembered_form(tiny, "inputs of B") is None
    (path,) = cache.glob("*.form")
    path.write_bytes(path.read_bytes().replace(b"inputs", b"outputs"))
    assert remembered_form(tiny, "inputs of A") is None
    path.write_bytes(b"\xff")
    assert remembered_form(tiny, "inputs of A") is None
    remember_form(tiny, "inputs of @mine", form)  # what the name stands for can change
    assert remembered_form(tiny, "inputs of @mine") is None


def test_a_partial_answer_is_not_kept(cache: Path, tiny: Dataset) -> None:
    table = pa.table({"x": [1]})
    keep_answer(ir.Regions(), tiny, Answer(table, complete=False, timed_out=True), 100.0)
    assert cached_answer(ir.Regions(), tiny) is None
    keep_answer(ir.Regions(), tiny, Answer(table, complete=False), 100.0)  # what a limit cut is the answer
    assert cached_answer(ir.Regions(), tiny) == Answer(table, complete=False)


def test_what_was_not_asked_for_the_longest_time_goes_first(
    cache: Path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pa.table({"x": [os.urandom(20_000)]})  # cannot be packed: four of them fit
    monkeypatch.setenv("GRAPHKIT_ANSWER_CACHE", "100KB")
    for limit in range(1, 5):
        keep_answer(ir.Types(limit=limit), tiny, Answer(rows), 1.0)
    now = time.time()
    for age, limit in ((400, 1), (300, 2), (200, 3), (100, 4)):
        path = answer_cache._path(tiny, "answer", ir.to_json(ir.Types(limit=limit)))
        assert path is not None
        os.utime(path, (now - age, now - age))
    assert cached_answer(ir.Types(limit=1), tiny) is not None  # asked again: now the newest
    (cache / ".left-by-a-killed-process").write_bytes(b"x" * 1000)
    os.utime(cache / ".left-by-a-killed-process", (now - 7200, now - 7200))
    keep_answer(ir.Types(limit=5), tiny, Answer(rows), 1.0)
    left = {n for n in range(1, 6) if cached_answer(ir.Types(limit=n), tiny) is not None}
    assert left == {1, 3, 4, 5}
    assert sum(f.stat().st_size for f in cache.iterdir()) <= 100_000
    assert not (cache / ".left-by-a-killed-process").exists()
    keep_answer(ir.Types(limit=6), tiny, Answer(pa.table({"x": [os.urandom(30_000)]})), 1.0)  # over a quarter of all
    assert cached_answer(ir.Types(limit=6), tiny) is None


def test_where_nothing_can_be_kept(cache: Path, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHKIT_ANSWER_CACHE", "0")
    assert len(tiny.query("types")) == 5
    assert not cache.exists()
    monkeypatch.setenv("GRAPHKIT_ANSWER_CACHE", "1GB")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRAPHKIT_CACHE", str(tmp_path / "file"))
    assert len(tiny.query("types")) == 5
    monkeypatch.setenv("GRAPHKIT_ANSWER_CACHE", "much")
    with pytest.raises(GraphkitError, match="'much', which is not a size"):
        tiny.query("types")


_HAMMER = """
import sys
from graphkit.dataset import open_dataset
from graphkit.query import ir
from graphkit.query.answer_cache import cached_answer, keep_answer
brain = open_dataset(sys.argv[1])
answer = None
print("ready", flush=True)
while True:
    for limit in (1, 2, 3):
        form = ir.Types(limit=limit)
        kept = cached_answer(form, brain)
        if kept is None or limit == 3:
            from graphkit.query.executor import _answered
            keep_answer(form, brain, _answered(form, brain), 1.0)
"""


def test_processes_that_are_killed_leave_whole_answers(cache: Path, tiny: Dataset) -> None:
    right = {limit: tiny.query(ir.Types(limit=limit), cache=False).table for limit in (1, 2, 3)}
    workers = [
        subprocess.Popen([sys.executable, "-c", _HAMMER, tiny.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
    for worker in workers:
        time.sleep(0.1)
        assert worker.poll() is None, worker.communicate()[1]
        worker.send_signal(signal.SIGKILL)
    for worker in workers:
        worker.communicate()
    for limit, table in right.items():
        kept = cached_answer(ir.Types(limit=limit), tiny)
        assert kept is None or kept.table == table
        assert tiny.query(ir.Types(limit=limit)).table == table


def test_sql_of_the_catalogue_is_kept_where_it_gives_the_same_each_time(
    cache: Path, tiny: Dataset, tmp_path: Path
) -> None:
    def kept() -> int:
        return len(list(cache.glob("*.answer")))

    lines = "-- title: X\n-- group: X\n-- about: X\n-- parameter: least int >= 0 = 0: x\n-- column: x: x\n"
    lines += "-- example: least=1\n"
    (tmp_path / "fixed.sql").write_text(f"{lines}SELECT type AS x FROM neurons WHERE inputs >= $least ORDER BY 1\n")
    (tmp_path / "drawn.sql").write_text(f"{lines}SELECT random() AS x FROM neurons WHERE inputs >= $least\n")
    catalogue = Catalogue(tiny, folders=[tmp_path])
    first = catalogue.run("fixed", least=1)
    assert kept() == 1
    again = catalogue.run("fixed", least=1)
    assert (again.table, again.notes, again.meanings) == (first.table, first.notes, first.meanings)
    assert catalogue.run("fixed", least=2, limit=1).complete is False
    assert catalogue.run("fixed", least=2, limit=1).complete is False
    assert kept() == 2
    assert catalogue.run("drawn").table != catalogue.run("drawn").table
    tiny.sql("SELECT count(*) FROM neurons")
    assert kept() == 2


def test_an_age_is_not_kept(cache: Path, tiny: Dataset) -> None:
    """DuckDB calls it CONSISTENT, and tomorrow it is another."""
    for statement, kept in (("SELECT age(TIMESTAMP '2020-01-01')", 0), ("SELECT type FROM neurons", 1)):
        run_sql(tiny, statement, keep=True)
        assert len(list(cache.glob("*.answer"))) == kept


def test_every_function_that_changes_is_known() -> None:
    listed = duckdb.sql(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
    ).fetchall()
    harmless = {
        "current_database",
        "current_schema",
        "current_schemas",
        "error",
        "in_search_path",
        "setval",
        "sleep_ms",
    }
    assert {name for (name,) in listed} - harmless - {"vector_type", "write_log"} <= _CHANGING


@pytest.mark.slow
def test_the_command_gives_the_same_bytes_again(cache: Path, tiny: Dataset) -> None:
    for options in ([], ["--format", "json"]):
        ran = [graphkit_command("query", "motifs in EB limit 3", "-d", tiny.url, *options) for _ in range(2)]
        assert ran[0].returncode == ran[1].returncode == 0, ran[0].stderr
        assert ran[0].stdout == ran[1].stdout
        assert ran[0].stderr == ran[1].stderr
    assert len(list(cache.glob("*.answer"))) == 1
    (path,) = cache.glob("*.answer")
    path.write_bytes(path.read_bytes()[:-1])
    again = graphkit_command("query", "motifs in EB limit 3", "-d", tiny.url, "--format", "json")
    assert again.stdout == ran[0].stdout
