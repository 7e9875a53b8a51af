"""From the shell to an answer, every start-up cost included, and the memory to open a dataset the size of a fly's brain."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measuring import FULL, Run, in_turn, measured, printed
from graphkit.simulate import simulate

COMMAND = str(Path(sys.executable).with_name("graphkit"))
SAMPLE = Path(__file__).parents[1] / "data-samples" / "ring"


def connectome(folder: Path, neurons: int) -> Path:
    """A generated connectome of this size; a copy of the sample where the benchmarks only have to run."""
    where = folder / (f"simulated-{neurons}" if FULL else "ring")
    if not (where / "dataset.json").exists():
        if FULL:
            simulate(where, neurons=neurons, seed=0)
        else:
            shutil.copytree(SAMPLE, where, ignore=shutil.ignore_patterns(".cache"))
    return where


@pytest.fixture(scope="module")
def dataset(bench_folder: Path) -> Path:
    """A connectome of about 20 M synapses."""
    return connectome(bench_folder, 60_000)


def medians(benchmark: Any, rounds: int, commands: dict[str, list[str]]) -> dict[str, Run]:
    """Of the commands run in turn; once each where the benchmarks only have to run."""
    if FULL:
        for command in commands.values():
            measured(command)  # warms the file cache, compiles the kernels once, caches the graph
    runs: dict[str, Run] = benchmark.pedantic(
        lambda: in_turn(rounds if FULL else 1, **commands), rounds=1, iterations=1
    )
    return runs


@pytest.mark.slow
def test_shell_to_answer(benchmark: Any, dataset: Path) -> None:
    where = ["-d", str(dataset), "--no-cache"]
    commands = {
        "--help": [COMMAND, "--help"],
        "neurons in EB": [COMMAND, "query", "neurons in EB where type = 'ER4d'", *where],
        "inputs of EPG by type": [COMMAND, "query", "inputs of EPG by type", *where],
        "motifs in EB": [
            "sh",
            "-c",
            f'rm -rf "$1/.cache"; exec {COMMAND} query "motifs in region EB" -d "$1" --no-cache',
            "sh",
            where[1],
        ],
        "motifs in EB, its graph kept": [COMMAND, "query", "motifs in region EB", *where],
        "motifs in EB, its answer kept": [COMMAND, "query", "motifs in region EB", *where[:2]],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    runs = medians(benchmark, 7, commands)
    printed(f"shell to answer on {dataset.name}", runs, "python -c pass")


def test_memory_to_open(benchmark: Any, bench_folder: Path) -> None:
    folder = connectome(bench_folder, 139_255)
    steps = {
        "open": "len(brain.snapshot.tables)",
        "open, ask types": "brain.query('types')",
        "open, graph >= 5 synapses": "brain.graph(min_synapses=5, attributes=()).n_connections",
        "python -c pass": None,
    }
    code = "import graphkit; brain = graphkit.open({folder!r}); {step}"
    commands = {
        name: [sys.executable, "-c", code.format(folder=str(folder), step=step) if step else "pass"]
        for name, step in steps.items()
    }
    runs = medians(benchmark, 3, commands)
    printed(f"opening {folder.name}", runs, "python -c pass")
