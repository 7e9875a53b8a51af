"""Races, kill -9 and full disks, with real processes: the old snapshot stands and the next writer goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import graphkit
from graphkit.build import build_into
from graphkit.errors import ConflictError
from graphkit.validate import validate
from graphkit.writer import DatasetWriter

ROWS = 60_000  # a build of them writes some megabytes


def make(where: Path, rows: int = 100) -> None:
    rng = np.random.default_rng(0)
    with DatasetWriter(where, create=True) as writer:
        table = {
            "synapse_id": np.arange(rows),
            "pre_id": rng.integers(0, 5000, rows),
            "post_id": rng.integers(0, 5000, rows),
        }
        points = {f"post_{a}_nm": rng.integers(0, 10**6, rows).astype(np.int32) for a in "xyz"}
        writer.add("synapses", pa.table(table | points))
        writer.commit({"command": "test"}, build=build_into(writer, threads=1))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    make(folder / "small")
    make(folder / "large", ROWS)
    return folder


@pytest.fixture
def small(made: Path, tmp_path: Path) -> Path:
    """A dataset of few rows to fall upon."""
    return Path(shutil.copytree(made / "small", tmp_path / "d"))


@pytest.fixture
def large(made: Path, tmp_path: Path) -> Path:
    """One that does not fit twice where it stands."""
    return Path(shutil.copytree(made / "large", tmp_path / "d"))


def intact(where: Path, number: int = 1) -> None:
    dataset = graphkit.open(where)
    assert dataset.snapshot.number == number
    assert validate(dataset).ok


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# -- two writers ------------------------------------------------------------------------------------------------------


def test_racing_threads_lose_nothing(small: Path) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(6)

    def work(i: int) -> None:
        writer = DatasetWriter(small)
        barrier.wait()
        try:
            with writer:
                writer.add("segments", pa.table({"segment_id": [i]}))
                barrier.wait()
                writer.commit({"command": "race", "i": i})
            outcomes.append("won")
        except ConflictError as error:
            outcomes.append("told" if "committed snapshot 2" in str(error) else str(error))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(outcomes) == ["told"] * 5 + ["won"]
    intact(small, 2)
    dataset = graphkit.open(small)
    assert dataset.table("segments")["segment_id"].to_pylist() == [dataset.snapshot.provenance[-1]["i"]]


def test_staging_folders_come_and_go_together(small: Path) -> None:
    """Writers that start while others end: the empty parent folder is removed and made again all the time."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(60):
                with DatasetWriter(small) as writer:
                    assert writer.staging.is_dir()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []
    assert not (small / ".staging").exists()


_RACE = """
import sys, time, pathlib
import pyarrow as pa
from graphkit.errors import ConflictError
from graphkit.writer import DatasetWriter
with DatasetWriter(sys.argv[1], create=sys.argv[3] == "create") as writer:
    writer.add("regions", pa.table({"region_id": [1], "name": [sys.argv[2]]}))
    print("ready", flush=True)
    go = pathlib.Path(sys.argv[1] + ".go")
    while not go.exists():
        time.sleep(0.001)
    try:
        writer.commit({"command": "race", "name": sys.argv[2]})
        print("won")
    except ConflictError:
        print("told")
"""


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["create", "update"])
def test_racing_processes(small: Path, tmp_path: Path, mode: str) -> None:
    where = small if mode == "update" else tmp_path / "new"
    children = [run(_RACE, where, name, mode) for name in ("one", "two", "three")]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    Path(f"{where}.go").touch()
    said = [child.communicate()[0].strip() for child in children]
    assert sorted(said) == ["told", "told", "won"]
    dataset = graphkit.open(where)
    winner = ("one", "two", "three")[said.index("won")]
    assert dataset.snapshot.number == (1 if mode == "create" else 2)
    assert dataset.table("regions")["name"].to_pylist() == [winner] == [dataset.snapshot.provenance[-1]["name"]]
    assert not (where / ".staging").exists()


# -- kill -9 ----------------------------------------------------------------------------------------------------------

_BUILD = """
import sys, time
from graphkit.build import build_into, BuildOptions
from graphkit.writer import DatasetWriter
stage = sys.argv[2]
def progress(name, fraction):
    if name == stage:
        print("there", flush=True)
        time.sleep(60)
with DatasetWriter(sys.argv[1]) as writer:
    record = build_into(writer, BuildOptions(autapses=False), progress=progress)
    if stage == "commit":
        writer._storage.create = lambda *a: progress("commit", 0)
    writer.commit({"command": "build"}, build=record)
"""


@pytest.mark.parametrize("stage", ["summing connections", "totals by neuron", "commit"])
def test_kill_9_while_building(small: Path, stage: str) -> None:
    child = run(_BUILD, small, stage)
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert list((small / ".staging").iterdir())
    intact(small)
    with DatasetWriter(small) as writer:
        assert [p.name for p in (small / ".staging").iterdir()] == [writer.staging.name]
        writer.commit({"command": "next"})
    intact(small, 2)
    assert not (small / ".staging").exists()


# -- full disks -------------------------------------------------------------------------------------------------------

_FILL = """
import resource, sys
import numpy as np, pyarrow as pa
from graphkit.build import BuildOptions, build
from graphkit.errors import DatasetError
from graphkit.writer import DatasetWriter
where, limit, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    if path == "duckdb":
        build(where, autapses=False)
    else:
        rng = np.random.default_rng(1)
        n = 200_000
        with DatasetWriter(where) as writer:
            if path == "pyarrow":
                with writer.stream("segments") as out:
                    for i in range(4):
                        out.write(pa.table({"segment_id": rng.integers(0, 2**62, n)}))
            else:
                writer.add("segments", pa.table({"segment_id": [1]}))
                if limit:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit))
            writer.commit({"command": "fill"})
except DatasetError as error:
    print("clear:", error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("path", "limit"), [("pyarrow", 2_000_000), ("duckdb", 100_000), ("snapshot", 5_000_000)])
def test_files_may_not_grow(large: Path, path: str, limit: int) -> None:
    out, err = run(_FILL, large, limit, path).communicate()
    assert out.startswith("clear: No space left"), (out, err)
    assert "the dataset is as it was before" in out
    assert "Traceback" not in err
    intact(large)
    assert not (large / ".staging").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=14m", "tmpfs", where], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    yield where
    subprocess.run(["umount", where], check=True)


@pytest.mark.parametrize("path", ["pyarrow", "duckdb"])
def test_full_disk(small_disk: Path, made: Path, path: str) -> None:
    shutil.copytree(made / "large", small_disk / "d")
    free = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(b"x" * (free.f_bavail * free.f_frsize - 100_000))
    out, err = run(_FILL, small_disk / "d", 0, path).communicate()
    assert out.startswith("clear: No space left"), (out, err)
    intact(small_disk / "d")
    assert not (small_disk / "d/.staging").exists()


_SPILL = """
import sys
import numpy as np, pyarrow as pa, resource
from graphkit.build import build_into
from graphkit.errors import DatasetError
from graphkit.writer import DatasetWriter
rng = np.random.default_rng(1)
n = 600_000
with DatasetWriter(sys.argv[1]) as writer:
    ids = {"synapse_id": rng.permutation(n), "pre_id": rng.integers(0, 2**40, n), "post_id": rng.integers(0, 2**40, n)}
    writer.add("synapses", pa.table(ids | {"size": rng.integers(0, 2**40, n)}))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 10**12))
    try:
        build_into(writer, memory_limit="60MB", threads=1)
    except DatasetError as error:
        print("clear:", error)
"""


def test_spill_that_does_not_fit(small: Path) -> None:
    start = time.monotonic()
    out, err = run(_SPILL, small).communicate()
    assert out.startswith("clear: No space left"), (out, err, time.monotonic() - start)
    intact(small)
