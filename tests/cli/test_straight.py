"""The short way to `graphkit query` reads arguments as typer does, or leaves them to typer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import typer.main
from hypothesis import given, settings

from graphkit import cli
from graphkit.cli.query import query
from graphkit.cli.straight import read_plainly

_COMMAND = typer.main.get_command(cli.app).commands["query"]  # type: ignore[attr-defined]
_WORDS = st.one_of(
    st.sampled_from(
        [
            "motifs in EB",
            "mybrain",
            "csv",
            "5",
            "0",
            "-1",
            "007",
            "１",
            "1_0",
            "",
            "-",
            "--",
            "x.csv",
            "--format=csv",
            "-dmine",
        ]
    ),
    st.sampled_from(
        [
            *("-d", "--dataset", "--sql", "--format", "-o", "--output", "--limit", "--explain", "--help", "--nonsense"),
            *("--set", "--neurons", "--skip-unknown"),
        ]
    ),
)


def _by_typer(arguments: list[str]) -> dict[str, Any] | None:
    try:
        read = _COMMAND.make_context("query", list(arguments)).params
        return {
            k: (list(v) or None) if isinstance(v, tuple) else v for k, v in read.items()
        }  # as typer's callback has it
    except (typer.Exit, typer.BadParameter, Exception):
        return None


@given(arguments=st.lists(_WORDS, max_size=7))
@settings(max_examples=300)
def test_what_it_reads_is_what_typer_reads(arguments: list[str]) -> None:
    read = read_plainly(query, arguments)
    if read is not None:
        assert read == _by_typer(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["motifs in EB"],
        ["motifs in EB", "-d", "mybrain"],
        ["--sql", "SELECT 1", "--dataset", "mybrain", "--format", "csv"],
        ["inputs of EPG", "--limit", "5", "--explain", "-o", "x.csv"],
    ],
)
def test_plain_arguments_are_read_and_have_their_types(arguments: list[str]) -> None:
    read = read_plainly(query, arguments)
    assert read is not None
    assert read == _by_typer(arguments)
    assert {k: type(v) for k, v in read.items()} == {k: type(v) for k, v in (_by_typer(arguments) or {}).items()}


def test_an_answer_loads_neither_pydantic_nor_numpy_nor_pandas(sim: Any) -> None:
    code = (
        "import sys; from graphkit import cli; sys.argv = ['graphkit', 'query', 'regions', '-d', sys.argv[1]]\n"
        "import graphkit.startup as startup\n"
        "startup.leave = lambda code: print(*({'pydantic', 'numpy', 'pandas'} & set(sys.modules)), code, sep='|')\n"
        "cli.main()"
    )
    folder = Path(sim.url)
    ran = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "0"


def test_what_is_hidden_from_the_loading_of_kernels_is_there_for_the_answer() -> None:
    """A quick answer imports scipy.sparse.csgraph, and with it scipy.linalg, beside the thread that loads kernels without."""
    code = (
        "import sys, threading, graphkit.startup as startup\n"
        "entered, done, told = threading.Event(), threading.Event(), []\n"
        "def kernels():\n"
        "    with startup._without_scipy_linalg():\n"
        "        try:\n"
        "            import scipy.linalg\n"
        "        except ModuleNotFoundError:\n"
        "            told.append('hidden')\n"
        "        entered.set()\n"
        "        done.wait(60)\n"
        "thread = threading.Thread(target=kernels)\n"
        "thread.start()\n"
        "entered.wait(60)\n"
        "from scipy.sparse.csgraph import connected_components\n"
        "done.set()\n"
        "thread.join()\n"
        "print(*told, 'scipy.linalg' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, ["hidden", "True"]), ran.stderr
