"""Blocks on real processes: the same bytes whatever ran where, was killed or failed; and one clear error for the rest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.engine import BlockReport, EngineSettings, Outcome, Workers, attempt, read_block, run_blocks

from graphkit.errors import GraphkitError

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the worker processes get this path, and import the jobs by name
import engine_jobs as jobs  # noqa: E402

BLOCKS = make_blocks(Box((0, 0, -8), (16, 16, 8)), 8, 2)
IN_PROCESS = EngineSettings(workers=0)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of every block's file, made in this process."""
    folder = tmp_path_factory.mktemp("expected")
    assert run_blocks(jobs.Sums(folder / "log"), BLOCKS, folder / "out", engine=IN_PROCESS) == BlockReport(8, 0)
    return files(folder / "out")


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.npz")}


def lines(log: Path, word: str) -> list[int]:
    return [int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith(word)]


def test_arrays_come_back(tmp_path: Path, log: Path) -> None:
    """Against the definition, computed here."""
    run_blocks(jobs.Sums(log, seed=5), BLOCKS, tmp_path / "out", engine=IN_PROCESS)
    found = read_block(tmp_path / "out", BLOCKS[3])
    assert sorted(found) == ["ids", "product", "sum"]
    assert found["ids"].dtype == np.int64
    assert (found["ids"] == 2**53 + 4).all()
    assert found["ids"].shape == BLOCKS[3].box.shape
    a, b = (np.random.default_rng(seed).standard_normal((100, 100)).astype(np.float32) for seed in (3, 5))
    assert found["product"] == pytest.approx(a.astype(float) @ b, abs=1e-3)
    assert lines(log, "setup") == [os.getpid()]


def test_one_worker(tmp_path: Path, log: Path, expected: dict[str, bytes]) -> None:
    seen: list[float] = []
    report = run_blocks(
        jobs.Sums(log),
        BLOCKS,
        tmp_path / "out",
        engine=EngineSettings(workers=1),
        progress=lambda stage, fraction: seen.append(fraction),
    )
    assert report == BlockReport(8, 0)
    assert files(tmp_path / "out") == expected
    assert seen == [i / 8 for i in range(9)]
    (worker,) = lines(log, "setup")
    assert worker != os.getpid()


@pytest.mark.slow
def test_two_workers_with_deaths_and_failures(tmp_path: Path, log: Path, expected: dict[str, bytes]) -> None:
    """Two blocks fail for good and are set aside; the others are the same to the byte, and the next run tries those two."""
    out = tmp_path / "out"
    report = run_blocks(jobs.Troubled(log), BLOCKS, out, engine=EngineSettings(workers=2, retries=1))
    assert (report.done, report.skipped) == (6, 0)
    (bad, why), (deadly, death) = report.failed
    assert (bad, deadly) == (BLOCKS[1], BLOCKS[3])
    assert why == "Block 1 is bad.\nMend it."
    assert "worker process died" in death
    listed = json.loads((out / "failed.json").read_text())
    assert [(row["block"], row["tries"], row["error"]) for row in listed] == [
        (BLOCKS[1].name, 2, why),
        (BLOCKS[3].name, 2, death),
    ]
    assert "GraphkitError: Block 1 is bad" in listed[0]["traceback"]
    kept = {name: data for name, data in expected.items() if name not in (f"{bad.name}.npz", f"{deadly.name}.npz")}
    assert files(out) == kept
    assert sorted(lines(log, "run")) == [0, 2, 4, 5, 6, 7], "no block is done twice"
    workers = lines(log, "setup")
    assert len(workers) == len(set(workers)), "one setup a process"
    with pytest.raises(GraphkitError, match=f"{bad.name} is not finished"):
        read_block(out, bad)


@pytest.mark.slow
def test_jobs_that_follow_each_other(tmp_path: Path, log: Path, expected: dict[str, bytes]) -> None:
    """They share the processes, of which more are started where there are more blocks; each has its own state, and lets it go."""
    import psutil

    with Workers(EngineSettings(workers=2, retries=0)) as workers:
        assert run_blocks(jobs.Loaded(log), BLOCKS[:1], tmp_path / "a", engine=workers) == BlockReport(1, 0)
        (first,) = lines(log, "setup")
        log.unlink()
        assert run_blocks(jobs.Loaded(log), BLOCKS[:1], tmp_path / "a", engine=workers) == BlockReport(0, 1)
        assert not log.exists()
        assert run_blocks(jobs.Loaded(log, 2, 0.05), BLOCKS, tmp_path / "b", engine=workers) == BlockReport(8, 0)
        assert first in lines(log, "setup")
        assert len(lines(log, "setup")) == 2
        found = [read_block(tmp_path / "b", block) for block in BLOCKS]
        assert {int(f["pid"]) for f in found} == set(lines(log, "setup"))
        assert {int(f["held"]) for f in found} == {1}, "the first job's model is gone"
        with pytest.raises(GraphkitError, match="There is no checkpoint"):
            run_blocks(jobs.NoModel(log), BLOCKS, tmp_path / "c", engine=workers)
        log.unlink()
        assert wait_until(lambda: not psutil.pid_exists(first), 10)
        report = run_blocks(jobs.Sums(log), BLOCKS, tmp_path / "d", engine=workers)  # by new processes
        assert report == BlockReport(8, 0)
        assert first not in lines(log, "setup")
        assert files(tmp_path / "d") == expected
    assert wait_until(lambda: not any(psutil.pid_exists(pid) for pid in lines(log, "setup")), 10)


@pytest.mark.slow
def test_a_process_that_dies_between_two_jobs(tmp_path: Path, log: Path) -> None:
    """Another takes its place, with one thread a library as well."""
    import psutil

    with Workers(EngineSettings(workers=1)) as workers:
        run_blocks(jobs.Loaded(log), BLOCKS[:1], tmp_path / "a", engine=workers)
        (first,) = lines(log, "setup")
        os.kill(first, signal.SIGKILL)
        report = run_blocks(jobs.Loaded(log, seed=2), BLOCKS[:2], tmp_path / "b", engine=workers)
        assert report == BlockReport(2, 0)
        found = read_block(tmp_path / "b", BLOCKS[0])
        assert set(found["threads"].tolist()) == {1}
        assert found["pid"] != first
    assert wait_until(lambda: not psutil.pid_exists(int(found["pid"])), 10)


def test_a_block_that_fails_here(tmp_path: Path, log: Path) -> None:
    out = tmp_path / "out"
    report = run_blocks(jobs.Raising(log), BLOCKS, out, engine=EngineSettings(workers=0, retries=3))
    assert report == BlockReport(7, 0, ((BLOCKS[1], "Block 1 is bad.\nMend it."),))
    assert json.loads((out / "failed.json").read_text())[0]["tries"] == 4
    log.with_suffix(".1").unlink()
    again = run_blocks(jobs.Raising(log), BLOCKS, out, engine=EngineSettings(workers=0, retries=0))
    assert (again.done, again.skipped, len(again.failed)) == (0, 7, 1)


def test_finished_blocks_are_not_done_again(tmp_path: Path, log: Path, expected: dict[str, bytes]) -> None:
    """But for those that are gone, cut, or foreign."""
    out = tmp_path / "out"
    assert run_blocks(jobs.Sums(log), BLOCKS[:6], out, engine=IN_PROCESS) == BlockReport(6, 0)
    paths = [out / f"{block.name}.npz" for block in BLOCKS]
    paths[0].unlink()
    paths[1].write_bytes(paths[1].read_bytes()[:-100])
    paths[2].write_bytes(b"")
    paths[3].write_bytes(paths[4].read_bytes())
    (out / f".{paths[7].name}.123.tmp").write_bytes(b"left by a process that was killed")
    log.unlink()
    assert run_blocks(jobs.Sums(log), BLOCKS, out, engine=IN_PROCESS) == BlockReport(6, 2)
    assert lines(log, "run") == [0, 1, 2, 3, 6, 7]
    assert files(out) == expected
    assert sorted(p.name for p in out.iterdir() if p.suffix != ".npz") == [".lock", "job.json"]
    log.unlink()
    assert run_blocks(jobs.Sums(log), BLOCKS, out) == BlockReport(0, 8)
    assert not log.exists(), "nothing to do starts no worker"


@pytest.mark.slow
def test_a_block_whose_worker_died_after_writing_it_is_not_done_again(tmp_path: Path, log: Path) -> None:
    """The scheduler gives it out once more, since nobody heard that it was done."""
    job = jobs.Sums(log)
    assert attempt(job, job.setup(), BLOCKS[0], tmp_path) == Outcome("done")
    before = files(tmp_path)
    assert attempt(job, job.setup(), BLOCKS[0], tmp_path) == Outcome("done")
    assert lines(log, "run") == [0]
    assert files(tmp_path) == before


def test_blocks_with_another_halo_are_not_reused(tmp_path: Path, log: Path) -> None:
    run_blocks(jobs.Sums(log), BLOCKS, tmp_path, engine=IN_PROCESS)
    wider = make_blocks(Box((0, 0, -8), (16, 16, 8)), 8, 3)
    assert [b.name for b in wider] == [b.name for b in BLOCKS]
    with pytest.raises(GraphkitError, match="made for another block"):
        read_block(tmp_path, wider[0])
    assert run_blocks(jobs.Sums(log), wider, tmp_path, engine=IN_PROCESS) == BlockReport(8, 0)


def test_other_settings_are_refused_unless_restart_is_said(tmp_path: Path, log: Path) -> None:
    run_blocks(jobs.Sums(log, seed=1), BLOCKS, tmp_path, engine=IN_PROCESS)
    before = files(tmp_path)
    with pytest.raises(GraphkitError, match=r"other settings: seed was 1 and is 2\.\n.*restart"):
        run_blocks(jobs.Sums(log, seed=2), BLOCKS, tmp_path, engine=IN_PROCESS)
    with pytest.raises(GraphkitError, match="they are of the job Sums, and this is Raising"):
        run_blocks(jobs.Raising(log, seed=1), BLOCKS, tmp_path, engine=IN_PROCESS)
    assert files(tmp_path) == before
    assert run_blocks(jobs.Sums(log, seed=2), BLOCKS, tmp_path, engine=IN_PROCESS, restart=True) == BlockReport(8, 0)
    assert json.loads((tmp_path / "job.json").read_text())["settings"] == {"seed": 2}
    (tmp_path / "job.json").write_text("{")
    with pytest.raises(GraphkitError, match=r"job\.json is damaged"):
        run_blocks(jobs.Sums(log, seed=2), BLOCKS, tmp_path, engine=IN_PROCESS)


def test_a_block_file_that_rotted(tmp_path: Path, log: Path) -> None:
    """A changed byte within is found when the block is read: the zip's checksum."""
    run_blocks(jobs.Sums(log), BLOCKS[:1], tmp_path, engine=IN_PROCESS)
    path = tmp_path / f"{BLOCKS[0].name}.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(GraphkitError, match="is damaged"):
        read_block(tmp_path, BLOCKS[0])


# -- the end of everything --------------------------------------------------------------------------------------------

_RUN = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {here!r})
    import engine_jobs as jobs
    from test_engine import BLOCKS
    from graphkit.errors import GraphkitError
    from graphkit_pipeline.engine import EngineSettings, Workers, run_blocks

    if __name__ == "__main__":
        try:
            {body}
        except GraphkitError as error:
            print("clear:", error, flush=True)
"""


def start(folder: Path, body: str) -> subprocess.Popen[str]:
    """A run in a session of its own, so that all its processes can be found."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(_RUN).format(here=str(HERE), body=body))
    return subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def alive(session: int) -> list[int]:
    """The processes of a session that are not yet zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, sid = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(sid) == session and state != "Z":
                found.append(int(entry.name))
    return found


def wait_until(true: object, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill -9", "Ctrl-C"])
def test_a_run_that_is_ended(tmp_path: Path, log: Path, how: str, expected: dict[str, bytes]) -> None:
    """In the second of two jobs: no process is left, and the next run does what is missing, no more, with the same bytes."""
    out = tmp_path / "out"
    jobs_of = "jobs.Sums(Path({!r}){}), BLOCKS[{}:], {!r}, engine=workers"
    first = jobs_of.format(str(tmp_path / "log-of-the-first"), "", 6, str(tmp_path / "first"))
    second = jobs_of.format(str(log), ", stuck_from=4", 0, str(out))
    body = f"with Workers(EngineSettings(workers=2)) as workers: run_blocks({first}); run_blocks({second})"
    run = start(tmp_path, body)
    assert wait_until(lambda: len(files(out)) >= 3, 120), run.stderr
    if how == "kill -9":
        os.kill(run.pid, signal.SIGKILL)
    else:
        os.killpg(run.pid, signal.SIGINT)  # a terminal sends it to every process
    assert wait_until(lambda: not alive(run.pid), 60), alive(run.pid)
    _, err = run.communicate()
    if how == "Ctrl-C":
        assert err.count("Traceback") == 1, err  # of the run itself; its workers are silent
        assert err.startswith("Traceback"), err
        assert err.rstrip().endswith("KeyboardInterrupt")
    finished = {name.removesuffix(".npz") for name in files(out)}
    assert 3 <= len(finished) <= 4
    assert len(files(tmp_path / "first")) == 2
    log.unlink()
    assert run_blocks(jobs.Sums(log), BLOCKS, out, engine=IN_PROCESS) == BlockReport(8 - len(finished), len(finished))
    assert lines(log, "run") == [block.index for block in BLOCKS if block.name not in finished]
    assert files(out) == expected


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_files_may_not_grow(tmp_path: Path, log: Path, workers: int) -> None:
    """As on a full disk: the run ends at once with one clear error, and no block is blamed."""
    out = tmp_path / "out"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    work = f"run_blocks(jobs.Large(Path({str(log)!r})), BLOCKS, {str(out)!r}, engine=EngineSettings(workers={workers}))"
    body = f"{limit}; {work}"
    stdout, stderr = start(tmp_path, body).communicate(timeout=60)
    assert stdout.startswith("clear: No space left while writing"), (stdout, stderr)
    assert "Traceback" not in stderr
    assert not files(out)
    assert not (out / "failed.json").exists()
    assert not list(out.glob("*.tmp")) + list(out.glob(".*.tmp"))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_job_that_cannot_start(tmp_path: Path, log: Path, workers: int) -> None:
    engine = EngineSettings(workers=workers)
    with pytest.raises(GraphkitError, match=r"^There is no checkpoint\.\nTrain one\.$"):
        run_blocks(jobs.NoModel(log), BLOCKS, tmp_path / "a", engine=engine)
    if workers == 0:
        with pytest.raises(GraphkitError, match="NoModel cannot start: KeyError: 'weights'"):
            run_blocks(jobs.NoModel(log, clear=False), BLOCKS, tmp_path / "b", engine=engine)


def test_a_job_that_returns_something_else(tmp_path: Path, log: Path) -> None:
    report = run_blocks(jobs.Wrong(log), BLOCKS[:2], tmp_path, engine=IN_PROCESS)
    assert [why for _, why in report.failed] == [
        "A job's run() cannot return 'things' of type object.",
        "A job's run() returns arrays by name, not ndarray.",
    ]


def test_two_runs_in_one_folder(tmp_path: Path, log: Path) -> None:
    def while_running(stage: str, fraction: float) -> None:
        with pytest.raises(GraphkitError, match="Another run is at work"):
            run_blocks(jobs.Sums(log), BLOCKS, tmp_path, engine=IN_PROCESS)

    assert run_blocks(jobs.Sums(log), BLOCKS, tmp_path, engine=IN_PROCESS, progress=while_running) == BlockReport(8, 0)


def test_threads_are_set_for_the_run_only(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    seen = []
    run_blocks(
        jobs.Sums(log),
        BLOCKS,
        tmp_path,
        engine=IN_PROCESS,
        progress=lambda *_: seen.append(os.environ["OMP_NUM_THREADS"]),
    )
    assert seen[1:] == ["1"] * 8
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "TF_NUM_INTRAOP_THREADS" not in os.environ


# -- a cluster that runs elsewhere ------------------------------------------------------------------------------------


def test_a_scheduler_by_its_address(tmp_path: Path, log: Path, expected: dict[str, bytes]) -> None:
    """Its workers stay when the run ends."""
    from distributed import Client, LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0", protocol="tcp"
    ) as cluster:
        engine = EngineSettings(scheduler=cluster.scheduler_address)
        assert run_blocks(jobs.Sums(log), BLOCKS, tmp_path / "out", engine=engine) == BlockReport(8, 0)
        assert len(lines(log, "setup")) == 1
        assert files(tmp_path / "out") == expected
        with Client(cluster.scheduler_address, set_as_default=False) as client:
            assert client.submit(abs, -1).result() == 1


def test_a_scheduler_that_is_not_there(tmp_path: Path, log: Path) -> None:
    engine = EngineSettings(scheduler="tcp://127.0.0.1:9", patience_s=1)
    with pytest.raises(GraphkitError, match="No Dask scheduler answers at tcp://127"):
        run_blocks(jobs.Sums(log), BLOCKS, tmp_path / "out", engine=engine)


@pytest.mark.slow
def test_a_scheduler_without_workers(tmp_path: Path, log: Path) -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0", protocol="tcp") as cluster:
        engine = EngineSettings(scheduler=cluster.scheduler_address, patience_s=1)
        with pytest.raises(GraphkitError, match="No Dask worker has been there for 1 s"):
            run_blocks(jobs.Sums(log), BLOCKS, tmp_path / "out", engine=engine)
