"""The prompt of `graphkit query`, on a real pseudo-terminal; what is completed where."""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphkit.cli.completion import OPENINGS, WORDS, completions, is_sql
from graphkit.dataset import Dataset
from graphkit.query.english.parser import parser as english_parser
from tests.cli.test_command import graphkit_command, run
from tests.conftest import LONG

pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")

WITH = "from graphkit.cli import main; main()"
WITHOUT = "import sys; sys.modules['prompt_toolkit'] = None; " + WITH


class Talk:
    """A command on a terminal of its own."""

    def __init__(self, code: str, *arguments: str, **environment: str) -> None:
        self.said = ""
        self._terminal, its_end = pty.openpty()
        takes_it = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
        self._process = subprocess.Popen(  # not pty.fork(): with a test's threads, no Python may run in a fork
            [sys.executable, "-c", f"{takes_it}; {code}", *arguments],
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200", **environment},
            **dict.fromkeys(("stdin", "stdout", "stderr"), its_end),  # type: ignore[arg-type]
            start_new_session=True,
        )
        os.close(its_end)

    def until(self, text: str, seconds: float = 120) -> str:
        """What is said from now on until ``text``, without the terminal's commands."""
        heard, ends = "", time.monotonic() + seconds
        while text not in re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", heard):
            assert time.monotonic() < ends, f"{text!r} was not said, but {heard!r}"
            if select.select([self._terminal], [], [], 0.2)[0]:
                try:
                    data = os.read(self._terminal, 65536)
                except OSError:  # the other end is closed
                    break
                heard += data.decode(errors="replace")
                if b"\x1b[6n" in data:  # where is the cursor?
                    os.write(self._terminal, b"\x1b[1;1R")
        self.said += heard
        return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", heard)

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def ask(self, text: str, until: str) -> str:
        self.type(text)
        return self.until(until)

    def interrupt(self) -> None:
        """Ctrl-C until the prompt is there again: Python's readline misses one that comes just before it waits for a key."""
        for _ in range(10):
            self.type("\x03")
            with contextlib.suppress(AssertionError):
                self.until("graphkit>", seconds=2)
                return
        raise AssertionError("Ctrl-C did not bring the prompt back")

    def end(self, text: str = "") -> int:
        """Types what ends it, again every few seconds: a key that comes just before it waits for one is lost."""
        for _ in range(6):
            with contextlib.suppress(OSError):
                self.type(text)
            ends = time.monotonic() + 4
            while time.monotonic() < ends:
                if select.select([self._terminal], [], [], 0.05)[0]:
                    with contextlib.suppress(OSError):
                        os.read(self._terminal, 65536)
                if (code := self._process.poll()) is not None:
                    os.close(self._terminal)
                    return code
        self._process.kill()
        self._process.wait()
        raise AssertionError("it did not end")


@pytest.mark.slow
@pytest.mark.parametrize("code", [WITH, WITHOUT], ids=["prompt_toolkit", "readline"])
def test_a_conversation(tiny: Dataset, tmp_path: Path, code: str) -> None:
    if code == WITH:
        pytest.importorskip("prompt_toolkit")
    history = tmp_path / "history"
    ids = tmp_path / "ids.txt"
    ids.write_text(f"{LONG}\n")
    talk = Talk(code, "query", "-d", tiny.url, "--set", f"mine={ids}", GRAPHKIT_HISTORY=str(history))
    talk.until("graphkit>")
    assert "motifs in region" in talk.ask("\\help\r", "clears the line")
    assert "1 row, " in talk.ask("neurons in @mine\r", " s\r\n")
    assert "Did you mean 'EB'?" in talk.ask("motifs in EBB\r", "Did you mean 'EB'?")
    talk.ask("inputs of @mi\t", "@mine")
    assert "inputs of @mine (1 neuron)" in talk.ask("\r", " s\r\n")
    talk.ask("SELECT count(*) AS n\r", "...> ")
    assert "6" in talk.ask("FROM neurons;\r", "1 row, ")
    talk.ask("MATCH (a)->(b)\r", "...> ")
    talk.ask("RETURN count\r", "...> ")
    talk.ask("\r", "1 row, ")
    assert "neuron_regions" in talk.ask("\\d\r", "synapses_by_post")
    assert "post_id" in talk.ask("\\d connections\r", "kind")
    assert "engine" in talk.ask("\\explain motifs in EB\r", "sql")
    assert "@mine" in talk.ask("\\sets\r", "@mine")
    talk.ask("\\limit 1\r", "graphkit>")
    talk.ask("\\format csv\r", "graphkit>")
    assert "there are more" in talk.ask("neurons\r", "1 row, ")
    talk.ask(f"\\o {tmp_path / 'out.json'}\r", "graphkit>")
    talk.ask("\\format table\r", "graphkit>")
    talk.ask("regions\r", "1 row, ")
    assert '"question": "regions' in (tmp_path / "out.json").read_text()
    assert "no command" in talk.ask("\\nonsense\r", "\\help lists them")
    assert "a quote" in talk.ask("\\o 'half\r", "Close it")
    assert "no command '\\hel'" in talk.ask("\\hel\r", "Did you mean '\\help'")
    assert "MATCH and SQL go over" in talk.ask("help\r", "clears the line")
    refused = talk.ask("\\limit x\r", "\\limit off")
    assert "is no limit" in refused
    if "graphkit>" not in refused.partition("\\limit off")[2]:
        talk.until("graphkit>")
    talk.ask("half a question", "question")
    talk.interrupt()  # clears the line
    talk.ask("\\timeout 0.2\r", "graphkit>")
    cross = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range + b.range = -1;"
    assert "No answer within 0.2 s" in talk.ask(f"{cross}\r", "Give it more time")
    assert talk.end("\\q\r") == 0
    assert "motifs in EBB" in history.read_text()
    again = Talk(code, "query", "-d", tiny.url, GRAPHKIT_HISTORY=str(history))
    again.until("graphkit>")
    assert "\\q" in again.ask("\x1b[A", "\\q")  # the arrow upwards
    again.interrupt()
    assert again.end("\x04") == 0  # Ctrl-D leaves


def test_without_a_terminal_a_question_is_missing(tiny: Dataset) -> None:
    for ran in (
        graphkit_command("query", "-d", tiny.url, input=b""),
        graphkit_command("query", "-d", tiny.url, input=b"motifs\n"),
    ):
        assert ran.returncode == 2
        assert b"give one question" in ran.stderr
        assert ran.stdout == b""
    assert run("query", "-d", tiny.url).exit_code == 2


def test_a_dataset_that_is_not_there(tmp_path: Path) -> None:
    talk = Talk(WITH, "query", "-d", str(tmp_path / "nothing"))
    talk.until("there is no such folder")
    assert talk.end() == 1


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("", {"motifs in region", "MATCH"}),
        ("mot", {"motifs in region", "motifs between neurons of"}),
        ("motifs in e", {"EB", "Empty"}),
        ("motifs in bet", {"between", '"beta\'L(R)"'}),
        ("inputs of A", {"A", "among", "and", "any neuron", "acetylcholine"}),
        ("inputs of @", {"@mine"}),
        ("inputs of 'D", {'"D(x)_L\'"'}),
        ("neurons where spi", {'"spike rate"'}),
        ("neurons where hemi", {"hemilineage"}),
        ("SELECT * FROM neuron_", {"neuron_regions", "neuron_id"}),
        ("select sp", {'"spike rate"'}),
        ("MATCH (a)->(b) RET", {"RETURN count", "RETURN exists", "RETURN sample", "RETURN"}),
        ("\\", {"\\d", "\\q", "\\help"}),
        ("\\e", {"\\explain"}),
        ("\\d syn", {"synapses", "synapses_by_place", "synapses_by_post"}),
        ("\\explain mot", {"motifs in region"}),
        ("neurons where class = INTR", {"intrinsic"}),
        ("nothing like thi", set()),
    ],
)
def test_what_is_completed(tiny: Dataset, before: str, found: set[str]) -> None:
    offered = completions(tiny.with_sets({"mine": [LONG]}), before)
    texts = {text for text, _ in offered}
    assert found <= texts if found else not texts
    for text, taken in offered:
        begun = before[len(before) - taken :]
        assert text.strip("'\"").casefold().startswith(begun.strip("'\"").casefold())


def test_what_is_offered_is_of_the_language() -> None:
    words = {w for t in (*OPENINGS, *WORDS) if t.islower() for w in t.split()}
    named = {"NAME", "STRING"}
    grammar = " ".join(t.pattern.value for t in english_parser().terminals if t.name not in named)
    for word in words:  # each is met by a word of the grammar and not taken for a name
        assert re.search(rf"(?<![a-z]){word.rstrip('s')}", grammar), word
    assert [is_sql(t) for t in ("SELECT 1", " with x as", "from neurons", "motifs", "match (a)", "selection")] == [
        *[True] * 3,
        *[False] * 3,
    ]
