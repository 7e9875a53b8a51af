"""Measures commands as whole processes: wall time, CPU time, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

FULL = bool(os.environ.get("GRAPHKIT_BENCH"))
"""Full size, as `make bench` runs it; otherwise small, so that the benchmarks do not rot."""

SHARE = float(os.environ.get("GRAPHKIT_BENCH_SHARE", "1" if FULL else "0"))
"""Of the full size, where a benchmark can be had smaller: GRAPHKIT_BENCH=1 GRAPHKIT_BENCH_SHARE=0.02 prints what it would."""

_PARENT = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6, done.returncode)
"""


@dataclass(frozen=True)
class Run:
    """What one process took."""

    wall_s: float
    cpu_s: float
    peak_gb: float


def measured(command: list[str]) -> Run:
    """Runs a command to its end and measures it; it has to succeed."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # as installed: compiled
    parent = [sys.executable, "-c", _PARENT, *command]
    done = subprocess.run(parent, capture_output=True, text=True, check=True, env=environment)
    wall, cpu, peak, status = done.stdout.split()
    assert status == "0", done.stderr
    return Run(float(wall), float(cpu), float(peak))


def in_turn(rounds: int, **commands: list[str]) -> dict[str, Run]:
    """Runs the commands in turn, ``rounds`` times; the run of median wall time of each."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measured(command))
    return {name: sorted(found, key=lambda r: r.wall_s)[len(found) // 2] for name, found in runs.items()}


def printed(title: str, runs: dict[str, Run], ours: str) -> None:
    """A line a command, with the ratio to ours."""
    print(f"\n{title}")
    for name, run in runs.items():
        ratio = run.wall_s / runs[ours].wall_s
        cpu = run.cpu_s / runs[ours].cpu_s
        print(
            f"  {name:<28} {run.wall_s:8.2f} s wall  {run.cpu_s:8.2f} s cpu  {run.peak_gb:6.2f} GB peak"
            f"   wall {ratio:5.2f}x, cpu {cpu:5.2f}x of {ours}"
        )
