"""What a person sees: the table on a terminal of a certain width, through a pseudo-terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from graphkit.cli.terminal import caught
from graphkit.dataset import Dataset
from tests.cli.test_command import ISSUE
from tests.conftest import LONG

pty = pytest.importorskip("pty")


_IN_TURN = """
import json, os, sys
os.read(0, 1)
import duckdb, lark, graphkit.cli  # once for all; none of them starts a thread, so that the process may fork
for args in json.loads(sys.argv[1]):
    if not os.fork():
        sys.argv[1:] = args
        graphkit.cli.main()
    os.wait()
    os.write(1, b"\\0")
"""


def on_terminal(width: int, *args: str, **environment: str) -> str:
    """Everything that the command shows on a terminal of this width."""
    return in_turn_on_terminal(width, list(args), **environment)[0]


def in_turn_on_terminal(width: int, *commands: list[str], **environment: str) -> list[str]:
    """What each of the commands shows there, each in a process of its own."""
    import fcntl
    import struct
    import termios

    command = [sys.executable, "-c", _IN_TURN, json.dumps(commands)]
    pid, terminal = pty.fork()
    if not pid:
        plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
        os.execve(sys.executable, command, {**plain, "TERM": "xterm-256color", "PYTHONUTF8": "1", **environment})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    os.write(terminal, b"\n")  # begin, now that the width is set
    shown = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.waitpid(pid, 0)
    *each, rest = shown.decode().replace("\r\n", "\n").lstrip("\n").split("\0")
    assert (len(each), rest) == (len(commands), ""), shown
    return each


NARROW = [ISSUE[0], ISSUE[2], ISSUE[6], ISSUE[7]]


@pytest.mark.parametrize(("width", "questions"), [(80, NARROW), (120, ISSUE[6:7])], ids=["80", "120"])
def test_no_number_is_cut_and_nothing_is_wider_than_the_terminal(
    sim: Dataset, width: int, questions: list[str]
) -> None:
    commands = [["query", question, "-d", sim.url, "--limit", "20"] for question in questions]
    every = in_turn_on_terminal(width, *commands, NO_COLOR="1")
    for question, shown in zip(questions, every, strict=True):
        _, table, rest = shown.split("\n\n", 2)
        assert max(map(len, table.splitlines())) <= width, question
        assert "\x1b" not in shown
        assert "…" not in shown
        body = table.split("─\n")[1].splitlines()
        rows = sim.query(question, limit=20).rows()
        assert len(body) == len(rows), f"a row takes several lines: {question}"
        for line, row in zip(body, rows, strict=True):
            cells = line.split()
            for column, value in row.items():
                if isinstance(value, int) and f" {column}" not in rest.replace(",", ""):
                    assert (str(value) if column.endswith("_id") else f"{value:,}") in cells, (question, column)


def test_thousands_are_separated_and_ids_are_not(sim: Dataset, tiny: Dataset) -> None:
    shown = on_terminal(
        100,
        "query",
        "--sql",
        "SELECT 1234567 AS n, 100019 AS neuron_id, 720575940621039145 AS x, 0.25::DOUBLE AS share",
        "-d",
        sim.url,
        NO_COLOR="1",
    )
    assert re.search(r"1,234,567 +100019 +720575940621039145 +25\.0 %", shown)
    assert str(LONG) in on_terminal(80, "query", "connections", "-d", tiny.url, NO_COLOR="1")


def test_colours_on_a_terminal_and_none_without(sim: Dataset) -> None:
    commands = [["query", question, "-d", sim.url] for question in ("types limit 3", "types in XX")]
    answer, error = in_turn_on_terminal(80, *commands)
    assert "\x1b[" in answer
    assert "\x1b[1;31mError:" in error
    for plain, words in zip(in_turn_on_terminal(80, *commands, NO_COLOR="1"), ("type", "Error:"), strict=True):
        assert words in plain
        assert "\x1b" not in plain


def test_a_name_cannot_command_the_terminal(sim: Dataset) -> None:
    shown = on_terminal(
        80,
        "query",
        "--sql",
        "SELECT chr(27) || '[2J' || chr(7) || '[bold]x[/bold]' AS name",
        "-d",
        sim.url,
        NO_COLOR="1",
    )
    assert "\x1b" not in shown
    assert r"\x1b[2J\x07[bold]x[/bold]" in shown


def test_binary_formats_are_not_for_a_terminal(sim: Dataset) -> None:
    forms = ("parquet", "arrow")
    commands = [["query", "types", "-d", sim.url, "--format", form] for form in forms]
    for form, shown in zip(forms, in_turn_on_terminal(80, *commands, NO_COLOR="1"), strict=True):
        assert f"Error: {form} is binary and not for a terminal." in shown
        assert "-o FILE" in shown


def test_many_rows_are_cut_on_a_terminal_and_said_so(sim: Dataset) -> None:
    shown = on_terminal(100, "query", "neurons", "-d", sim.url, NO_COLOR="1")
    assert "... and 340 more rows: all of them with -o FILE or through a pipe." in shown
    assert len(shown.splitlines()) < 75


def test_what_is_not_shown_is_named(sim: Dataset) -> None:
    shown = on_terminal(60, "query", "synapses from ER4d to EPG limit 5", "-d", sim.url, NO_COLOR="1")
    assert "no room for:" in shown
    for column in ("post_z_nm", "size", "score"):
        assert column in shown.split("no room for:")[1]


def test_without_unicode_there_are_plain_arrows(sim: Dataset) -> None:
    shown = on_terminal(
        100, "query", "motifs in EB", "-d", sim.url, NO_COLOR="1", PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert "a->b b->c a->c" in shown
    assert "a<->b" in shown


def test_progress_shows_what_takes_longer_than_it_may(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from graphkit.cli import terminal

    monkeypatch.delenv("GRAPHKIT_QUIET", raising=False)
    clock = iter([0.0, 0.5, 0.9, 1.5, 9.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    with terminal.progress_bar(1.0) as progress:
        progress("reading", 0.1)
        progress("reading", 1.0)
        assert capsys.readouterr().err == ""
        progress("counting", 0.2)
        progress("counting", 1.0)
    assert capsys.readouterr().err == "counting ...\n"


def test_sigterm_is_heard_like_ctrl_c_and_has_its_own_exit_code() -> None:
    code = (
        "import os, signal, time\n"
        "from graphkit.cli.terminal import caught\n"
        "with caught('It goes on.', sigterm=True):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    time.sleep(600)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "Stopped. It goes on.\n")


def test_a_path_that_is_too_long_is_said_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    for size in (300, 5000):
        with pytest.raises(SystemExit) as left, caught():
            Path("x" * size).stat()
        assert left.value.code == 1
        said = capsys.readouterr().err
        assert said.startswith("Error: File name too long: xxx")
        assert len(said) < 150
    with pytest.raises(FileNotFoundError), caught():  # whoever opens it knows better what it was to be
        Path("nothing-of-this-name").stat()
