"""Killed writers, full disks, folders that may not be written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.volume import create_volume, open_volume

from graphkit.errors import GraphkitError
from tests.pipeline.volume.written import BOUNDS, WRITTEN, filled, pattern

_FILL = """
import resource, sys
import numpy as np
from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.volume import create_volume
box = Box((0, 0, 0), (64, 64, 64))
volume = create_volume(sys.argv[1], box, np.uint8, 4)
volume.write(box, np.full(box.shape, 7, np.uint8))
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    volume.write(box, np.random.default_rng(0).integers(0, 255, box.shape, np.uint8))
except GraphkitError as error:
    print("clear:", error, flush=True)
"""


@pytest.mark.parametrize("name", WRITTEN[:3])
def test_files_may_not_grow(tmp_path: Path, name: str) -> None:
    """As on a full disk: one clear error, and the chunk is the old one (HDF5 promises nothing, and may crash later)."""
    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("clear: No space left while writing"), (done.stdout, done.stderr)
    if name != "made.h5":
        assert (open_volume(tmp_path / name).read() == 7).all()
        assert not [p.name for p in (tmp_path / name).rglob("*") if p.name.startswith(".") or "partial" in p.name]


_REWRITE = """
import sys
import numpy as np
from graphkit_pipeline.volume import open_volume
volume = open_volume(sys.argv[1])
for value in range(10**6):
    volume.write(volume.bounds, np.full(volume.shape, value % 100 + 1, np.uint8))
    print(value, flush=True)
"""


@pytest.mark.parametrize("name", ["precomputed", "v.zarr"])
def test_a_reader_sees_whole_chunks_and_kill_9_tears_none(tmp_path: Path, name: str) -> None:
    """One chunk is written over and over in another process: every look at it finds a single value."""
    volume = create_volume(tmp_path / name, Box((0, 0, 0), (128, 128, 128)), np.uint8, 4, chunk=(128, 128, 128))
    volume.write(volume.bounds, np.ones(volume.shape, np.uint8))
    with subprocess.Popen(
        [sys.executable, "-c", _REWRITE, str(tmp_path / name)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        seen = set()
        for _ in range(12):
            assert writer.stdout.readline()
            found = np.unique(volume.read())
            assert len(found) == 1
            seen.add(int(found[0]))
        writer.kill()
    assert len(seen) > 1, "the reader has met the writer"
    assert len(np.unique(volume.read())) == 1


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    volume = filled(tmp_path / "p", pattern())
    for kind, age in (("old", 7200), ("young", 0)):
        (tmp_path / f"p/.writing-{kind}").mkdir()
        os.utime(tmp_path / f"p/.writing-{kind}", (time.time() - age,) * 2)
    open_volume(tmp_path / "p").write(BOUNDS, volume.read())
    assert [p.name for p in (tmp_path / "p").glob(".writing-*")] == [".writing-young"]


def test_hdf5_on_a_full_disk_is_not_touched(tmp_path: Path) -> None:
    where = tmp_path / "disk"
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(where)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    try:
        bounds = Box((0, 0, 0), (64, 128, 64))
        volume = create_volume(where / "v.h5", bounds, np.uint8, 4)
        half = Box((0, 0, 0), (64, 64, 64))
        volume.write(half, np.random.default_rng(0).integers(0, 255, half.shape, np.uint8))
        (where / "ballast").write_bytes(b"x" * 200_000)
        with pytest.raises(GraphkitError, match="No space left while writing"):
            volume.write(Box((0, 64, 0), (64, 128, 64)), np.ones(half.shape, np.uint8))
        assert volume.read(half).any()
    finally:
        subprocess.run(["umount", str(where)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(GraphkitError, match="Cannot write"):
        create_volume(tmp_path / "p", BOUNDS, np.uint8, 4)
