"""Runs that are killed, with their workers, and on a disk that fills up."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from graphkit_pipeline.config import RunConfig, read_config
from graphkit_pipeline.run import reconstruct, run_status
from graphkit_pipeline.stages.listing import Stage

from graphkit.errors import GraphkitError
from tests.pipeline.run.small import GRAPHKIT, Write, result


def _busiest(processes: list[Any]) -> Any:
    """The one at work, told by the processor time of a moment."""
    before = [sum(p.cpu_times()[:2]) for p in processes]
    time.sleep(0.1)
    return max(zip(processes, before, strict=True), key=lambda pair: sum(pair[0].cpu_times()[:2]) - pair[1])[0]


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed(whole: RunConfig, write: Write) -> None:
    """kill -9 of a worker while it fills a block: every block is that of this process alone, to the byte, and none is done twice.

    Two processes and the one in place of the killed do all stages, and leave no word of it.
    """
    import psutil

    file = write("killed-worker", workers=2, retries="2")
    config = read_config(file)
    blocks = Path(config.output) / "blocks"
    finished: dict[str, int] = {}
    seen: set[int] = set()
    command = [GRAPHKIT, "reconstruct", str(file), "--until", "assign"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        run = psutil.Process(process.pid)
        while process.poll() is None:
            workers = _workers(run)
            seen.update(p.pid for p in workers)
            if not finished and (done := list((blocks / "segment").glob("*.npz"))):
                finished = {p.name: p.stat().st_mtime_ns for p in done}
                _busiest(workers).kill()
            time.sleep(0.05)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 0, said
    assert "leaked" not in said
    assert "Warning" not in said
    assert len(seen) == 3
    assert 0 < len(finished) < 3
    assert {name: (blocks / "segment" / name).stat().st_mtime_ns for name in finished} == finished
    for stage in ("segment", "detect", "assign"):
        here, there = (Path(c.output) / "blocks" / stage for c in (config, whole))
        assert {p.name: p.read_bytes() for p in here.glob("*.npz")} == {
            p.name: p.read_bytes() for p in there.glob("*.npz")
        }
        assert len(list(here.glob("*.npz"))) == 3


def _workers(run: Any) -> list[Any]:
    import psutil

    found = []
    for child in run.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.mark.slow
def test_a_killed_run_on_a_disk_that_fills_up(whole: RunConfig, write: Write, tissue: Path) -> None:
    """kill -9 of the run; then every stage runs out of space once: each time one clear error, and at the end the same result."""
    file = write("killed", more=f'[evaluate]\ntruth = "{tissue}"')
    config = read_config(file)
    first = Path(config.output) / "blocks" / "segment"
    with subprocess.Popen(
        [GRAPHKIT, "reconstruct", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 120
        while not list(first.glob("*.npz")):
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    for more in sorted(first.glob("*.npz"))[1:]:  # on a quick machine it may have come further
        more.unlink()
    done = {p.name: p.stat().st_mtime_ns for p in first.glob("*.npz")}
    assert len(done) == 1
    assert "done" not in {s.state for s in run_status(config)[1:]}
    assert _short_of_disk(config) == [s.name for s in run_status(config)]
    assert {name: (first / name).stat().st_mtime_ns for name in done} == done
    assert result(config) == result(whole)


def _short_of_disk(config: RunConfig) -> list[str]:
    """Does the run while files may not grow, once in each stage after its first step; the stages that said so."""
    said: list[str] = []
    now, told = "", 0

    def limit(stage: str, fraction: float) -> None:
        nonlocal told
        told += 1
        if now not in said and (told > 1 or fraction == 1):
            resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))

    def begin(number: int, of: int, stage: Stage, done: bool) -> None:
        nonlocal now, told
        now, told = stage.name, 0

    while True:
        try:
            reconstruct(config, progress=limit, begin=begin)
        except GraphkitError as caught:
            message = str(caught)
        else:
            return said
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert "No space left while writing" in message
        assert now not in said, "it failed again with space enough"
        said.append(now)
        assert not list(Path(config.output).rglob("*.tmp"))
        assert {s.name: s.state for s in run_status(config)}[now] in ("begun", "not begun")
