"""Ten typical questions from the shell, on a dataset the size of a fly's brain."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.measuring import FULL, in_turn, measured, printed
from benchmarks.test_startup import connectome

COMMAND = str(Path(sys.executable).with_name("graphkit"))
QUESTIONS = [
    "neurons in EB where type = 'ER4d'",
    "inputs of EPG by type",
    "connections between type 'ER*' and type 'EPG' by type",
    "common inputs of EPG and PEG top 20",
    "projections from EB to PB by type",
    "upstream of DNa02 within 2 hops by type",
    "paths from type 'ORN*' to type 'MBON*' within 3 hops top 20",
    "strongest path from type 'ORN*' to type 'MBON*'",
    "hubs in EB top 20",
    "motifs in region EB",
]


@pytest.fixture(scope="module")
def fly(bench_folder: Path) -> Path:
    """A connectome of 139,255 neurons: that of GRAPHKIT_BENCH_FLY, or a generated one."""
    given = os.environ.get("GRAPHKIT_BENCH_FLY")
    return Path(given) if given and FULL else connectome(bench_folder, 139_255)


def test_ten_questions(benchmark: Any, fly: Path) -> None:
    """Answers are computed each time; the graphs that some need are in their cache, as after the first question."""
    asked = QUESTIONS if FULL else QUESTIONS[::4]
    commands = {q: [COMMAND, "query", q, "-d", str(fly), "--no-cache"] for q in asked}
    for command in commands.values() if FULL else ():
        measured(command)
    runs = benchmark.pedantic(lambda: in_turn(5 if FULL else 1, **commands), rounds=1, iterations=1)
    printed(f"ten questions on {fly.name}", runs, QUESTIONS[0])
    middle, most = median(r.wall_s for r in runs.values()), max(r.peak_gb for r in runs.values())
    print(
        f"  median of the ten: {middle:.2f} s wall, {median(r.cpu_s for r in runs.values()):.2f} s CPU; most memory {most:.2f} GB"
    )
    if FULL:
        assert most < 2
