"""Time limits and Ctrl-C: in SQL, in compiled loops, while an answer is printed."""

from __future__ import annotations

import contextlib
import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, TimeLimitError
from graphkit.query import ir
from graphkit.query.answers.match import _rows
from graphkit.query.match.bound import bound
from graphkit.query.reading import parse_question
from graphkit.stopping import check, current, limited, stoppable
from tests.cli.test_command import run

CROSS = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range + b.range = -1"
PATHS = "MATCH (a)->(b)->(c)->(d)->(e)"
LONG_PATHS = "MATCH (a)->(b)->(c)->(d)->(e)->(f)->(g)"
PATIENCE_S = 60
"""For what would take hours if nobody stopped it, on a machine with much else to do."""


def soon(work: Callable[[], Any]) -> None:
    """``work`` ends at its time limit, not long after."""
    began = time.monotonic()
    with pytest.raises(TimeLimitError, match=r"No answer within 0\.3 s"):
        work()
    assert time.monotonic() - began < PATIENCE_S


@pytest.mark.slow
def test_sql_and_compiled_loops_end_at_the_limit(sim: Dataset) -> None:
    assert sim.query(f"{PATHS} LIMIT 1", cache=False).complete is False  # compiled, the graph read
    soon(lambda: sim.sql(CROSS, timeout=0.3))
    soon(lambda: sim.query(f"{LONG_PATHS} RETURN count", timeout=0.3))
    soon(lambda: sim.query(f"{LONG_PATHS} RETURN per neuron", timeout=0.3))
    soon(lambda: sim.query(f"{PATHS} RETURN a, e ORDER BY a LIMIT 5", timeout=0.3))
    began = time.process_time()
    time.sleep(1)
    assert time.process_time() - began < 0.5  # nothing goes on unseen
    assert len(sim.query("types", timeout=30)) > 1  # enough time changes nothing
    assert sim.sql("SELECT 1", timeout=30).scalar() == 1


def _is_path(row: dict[str, int], brain: Dataset) -> bool:
    pairs = {(r["pre_id"], r["post_id"]) for r in brain.sql("SELECT pre_id, post_id FROM connections").rows()}
    path = list(row.values())
    return all(pair in pairs for pair in itertools.pairwise(path))


def test_rows_that_were_found_are_handed_over(sim: Dataset) -> None:
    form = parse_question(sim, f"{PATHS} RETURN a, b, c, d, e LIMIT 1000000000")
    assert isinstance(form, ir.Match)
    found = bound(form, sim)
    with limited(1e-6):
        rows, complete, timed_out = _rows(form, sim, found)
    assert (len(rows) > 0, complete, timed_out) == (True, False, True)
    ids = found.pattern.base.ids[rows[0]].tolist()
    assert _is_path(dict(zip("abcde", ids, strict=True)), sim)


@pytest.mark.soak
def test_rows_that_were_found_are_given_and_marked(sim: Dataset) -> None:
    for seconds in (2, 4, 8, 16):  # until the machine, however busy, has come to the rows
        with contextlib.suppress(TimeLimitError):
            answer = sim.query(f"{PATHS} RETURN a, b, c, d, e LIMIT 1000000000", timeout=seconds)
            break
    assert not answer.complete
    assert answer.notes[-1] == f"Stopped after {seconds} s: only the {len(answer):,} rows found until then are given."
    assert _is_path(next(iter(answer)), sim)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_limit_is_a_number_of_seconds(tiny: Dataset, seconds: float) -> None:
    with pytest.raises(GraphkitError, match="number of seconds above 0"):
        tiny.query("types", timeout=seconds)


def test_work_that_looks_is_told_and_may_hand_over_what_it_has() -> None:
    def steps() -> int:
        done = 0
        try:
            while True:
                done += 1
                check()
                time.sleep(0.01)
        except TimeLimitError:
            return done

    with limited(0.2):
        assert stoppable(steps) > 0
    check()  # the limit is over with its block
    with limited(PATIENCE_S), pytest.raises(ZeroDivisionError):
        stoppable(lambda: 1 // 0)
    with limited(None):
        assert stoppable(lambda: current().seconds) is None


def test_work_that_does_not_look_is_left_behind() -> None:
    began = time.monotonic()
    with limited(0.2), pytest.raises(TimeLimitError):
        stoppable(lambda: time.sleep(10 * PATIENCE_S))
    assert time.monotonic() - began < PATIENCE_S


def test_the_command_says_what_to_do(sim: Dataset) -> None:
    shown = run("query", "--sql", CROSS, "-d", sim.url, "--timeout", "0.3")
    assert shown.exit_code == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith("Error: No answer within 0.3 s.\nGive it more time (--timeout")
    assert run("query", "types", "-d", sim.url, "--timeout", "0").exit_code == 1


_ASKED = """
import sys, threading, time
sys.argv = ["graphkit", "query", *sys.argv[1:]]
import graphkit.interrupted, graphkit.stopping, graphkit.cli.render
def told(function):
    def wrapped(*args, **options):
        threading.Timer(0.3, lambda: print("at work", file=sys.stderr, flush=True)).start()
        return function(*args, **options)
    return wrapped
name, module = sys.argv.pop(2), sys.modules[sys.argv.pop(2)]
setattr(module, name, told(getattr(module, name)))
from graphkit.cli import main
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "arguments"),
    [
        (("interruptible", "graphkit.interrupted"), ["--sql", CROSS]),
        (("stoppable", "graphkit.stopping"), [f"{PATHS} RETURN count"]),
        (
            ("write_result", "graphkit.cli.render"),
            ["--sql", "SELECT a.range AS x FROM range(3000000) a", "--format", "ndjson"],
        ),
    ],
    ids=["SQL", "compiled loops", "printing"],
)
def test_ctrl_c(sim: Dataset, where: tuple[str, str], arguments: list[str], tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        command = [sys.executable, "-c", _ASKED, *where, *arguments, "-d", sim.url]
        asked = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE)
        assert asked.stderr is not None
        for line in asked.stderr:
            if line == b"at work\n":
                break
        asked.send_signal(signal.SIGINT)
        began = time.monotonic()
        said = [line for line in asked.stderr.read().decode().splitlines() if line != "at work"]
        asked.stderr.close()
    assert asked.wait(PATIENCE_S) == 130
    assert said == ["Stopped. Nothing was changed."]
    assert time.monotonic() - began < PATIENCE_S
