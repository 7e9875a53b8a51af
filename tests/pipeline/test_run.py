"""The whole run: resumed, killed, spoilt, and asked for what cannot be done."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from graphkit_pipeline.agglomeration.neurons import score_thresholds
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.commands import agglomerate
from graphkit_pipeline.config import RunConfig, read_config
from graphkit_pipeline.run import reconstruct, run_status
from graphkit_pipeline.stages.listing import Stage
from graphkit_pipeline.tissue import TissueSettings, simulate_tissue, write_tissue
from graphkit_pipeline.volume import create_volume, open_volume

from graphkit.dataset import open_dataset
from graphkit.errors import GraphkitError, UnknownNameError
from graphkit.validate import validate
from tests.pipeline.networks import threshold_ffn

GRAPHKIT = str(Path(sys.executable).with_name("graphkit"))
SHAPE = (40, 48, 192)
ANEW = """
name = "test"
output = "{output}"
[image]
location = "{image}"
[segment]
network = "{ffn}"
block = [64, 64, 64]
halo = [8, 8, 8]
[segment.fill]
min_segment_voxels = 300
[synapses]
block = [64, 64, 64]
[skeleton]
min_voxels = 2000
[mesh]
reduction = 0
min_voxels = 5000
[engine]
workers = {workers}
retries = 0
{more}
"""
Write = Callable[..., Path]
Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def tissue(once: Once) -> Path:
    """A small tissue on disk; not to be changed."""
    return once("tissue", lambda folder: write_tissue(simulate_tissue(TissueSettings(shape=SHAPE, seed=1500)), folder))


@pytest.fixture(scope="session")
def ffn(once: Once) -> Path:
    """A network that takes bright voxels for cytoplasm."""

    def make(folder: Path) -> None:
        folder.mkdir()
        threshold_ffn(folder / "ffn.keras", level=110.0)

    return once("bright", make) / "ffn.keras"


@pytest.fixture
def write(tmp_path: Path, tissue: Path, ffn: Path) -> Write:
    """Writes a run.toml of the small tissue."""

    def written(
        name: str = "run", *, image: Path | None = None, workers: object = 0, more: str = "", **change: str
    ) -> Path:
        text = ANEW.format(
            output=name, image=image or tissue / "image", ffn=ffn, workers=json.dumps(workers), more=more
        )
        for old, new in change.items():
            before = next(line for line in text.splitlines() if line.startswith(f"{old} ="))
            text = text.replace(before, f"{old} = {new}")
        file = tmp_path / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return written


@pytest.fixture(scope="session")
def whole(once: Once, tissue: Path, ffn: Path) -> RunConfig:
    """A finished run in this process, with its evaluation; not to be changed."""
    box = "box_nm = { z = [0, 640], y = [0, 768], x = [0, 1024] }"
    more = f'[evaluate]\ntruth = "{tissue}"\n[[regions]]\nname = "left"\n{box}'
    text = ANEW.format(output="run", image=tissue / "image", ffn=ffn, workers=0, more=more)

    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "run.toml").write_text(text, encoding="utf-8")
        reconstruct(read_config(folder / "run.toml"))

    return read_config(once("whole", make) / "run.toml")


@pytest.fixture
def copied(whole: RunConfig, write: Write, tmp_path: Path) -> Write:
    """Writes a run.toml whose run is as far as `whole` is, with the settings changed."""

    def written(name: str, **change: Any) -> Path:
        shutil.copytree(whole.output, tmp_path / name)
        return write(name, **change)

    return written


def _result(config: RunConfig) -> tuple[bytes, list[dict[str, object]], list[dict[str, object]]]:
    """What a run found: labels, synapses (their regions aside), skeletons."""
    folder = Path(config.output)
    dataset = open_dataset(folder / "dataset")
    labels = open_volume(folder / "segmentation").read().tobytes()
    synapses = dataset.table("synapses").drop_columns(["region_id", "pre_region_id", "post_region_id"])
    return labels, synapses.to_pylist(), dataset.table("skeletons").to_pylist()


def _records(config: RunConfig) -> dict[str, int]:
    return {p.stem: p.stat().st_mtime_ns for p in (Path(config.output) / "stages").iterdir()}


def test_the_whole_way(whole: RunConfig, tissue: Path) -> None:
    folder = Path(whole.output)
    statuses = {s.name: s for s in run_status(whole)}
    assert [s.state for s in statuses.values()] == ["done"] * 8
    assert statuses["segment"].blocks == statuses["segment"].blocks_done == 3
    labels = open_volume(folder / "segmentation").read()
    ids = np.unique(labels[labels > 0])
    dataset = open_dataset(folder / "dataset")
    assert dataset.table("segments")["segment_id"].to_pylist() == ids.tolist()
    assert (
        dataset.table("segments")["voxels"].to_pylist() == np.unique(labels[labels > 0], return_counts=True)[1].tolist()
    )
    assert [p.message for p in validate(folder / "dataset").problems] == []
    assert {r["name"] for r in dataset.table("regions").to_pylist()} == {"left"}
    owner = {r["segment_id"]: r["neuron_id"] for r in dataset.table("segment_to_neuron").to_pylist()}
    assert sorted(set(owner.values())) == dataset.table("neurons")["neuron_id"].to_pylist()
    for row in dataset.table("synapses").to_pylist():
        for end in ("pre", "post"):
            place = tuple(int(row[f"{end}_{a}_nm"] // 16) for a in "zyx")
            assert labels[place] == row[f"{end}_segment_id"]
            assert owner[labels[place]] == row[f"{end}_id"]
        assert (row["region_id"] == 1) == (row["post_x_nm"] < 1024)
    figures = json.loads((folder / "evaluation.json").read_text())
    assert figures["segmentation"]["segments_found"] == len(set(owner.values()))
    assert (folder / "report.html").stat().st_size > 10_000
    assert any((folder / "segmentation" / "mesh").glob("*:0*"))


def test_done_is_not_done_again(whole: RunConfig) -> None:
    before = _records(whole)
    seen = []
    reconstruct(whole, begin=lambda number, of, stage, done: seen.append((stage.name, done)))
    assert all(done for _, done in seen)
    assert len(seen) == 8
    assert _records(whole) == before


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
    assert _result(config) == _result(whole)


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


def test_a_changed_setting_is_named_and_from_does_it_anew(copied: Write) -> None:
    other = read_config(copied("changed", min_segment_voxels="900"))
    before = _records(other)
    assert [s.state for s in run_status(other)[:2]] == ["settings changed", "done"]
    with pytest.raises(GraphkitError, match=r"fill\.min_segment_voxels was 300 and is 900") as caught:
        reconstruct(other, last="reconcile")
    assert "--from segment" in str(caught.value.hint)
    assert _records(other) == before
    few = {s.name: s.outcome for s in reconstruct(other, first="segment", last="reconcile")}["reconcile"]
    many = open_volume(Path(other.output) / "segmentation").read()
    assert few is not None
    assert few["segments"] == len(np.unique(many)) - 1
    sizes = np.unique(many[many > 0], return_counts=True)[1]
    assert sizes.sum() > 0


@pytest.mark.slow
def test_segments_are_joined_by_scores_and_apart_again_without_the_network(
    copied: Write, whole: RunConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copied("joined", more="[agglomerate]\nenabled = true\nthreshold = 0.9\n")
    other = read_config(file)
    before = _records(other)
    with pytest.raises(GraphkitError, match=r"joins was null and is \[0\.9, 1\.0\]"):
        reconstruct(other)
    reconstruct(other, first="dataset")
    assert {n for n in before if _records(other)[n] != before[n]} == {"dataset"}
    scores = pq.read_table(Path(other.output) / "tables" / "agglomeration.parquet")
    assert scores["score"].to_numpy().max() >= 0.9  # the network goes by brightness alone
    assert not [p.message for p in validate(Path(other.output) / "dataset").problems]
    dataset = open_dataset(Path(other.output) / "dataset")
    owner = {r["segment_id"]: r["neuron_id"] for r in dataset.table("segment_to_neuron").to_pylist()}
    for row in scores.to_pylist():
        assert row["score"] < 0.9 or owner[row["segment_a"]] == owner[row["segment_b"]]
    neurons = dataset.table("neurons")["neuron_id"].to_pylist()
    assert sorted(set(owner.values())) == neurons
    assert len(neurons) < len(owner)
    asked = _records(other)["agglomerate"]
    agglomerate(file)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[:2] == [["threshold", "joins", "neurons"], ["none", "0", str(len(owner))]]
    assert ["0.9", str(np.count_nonzero(scores["score"].to_numpy() >= 0.9)), str(len(neurons))] in rows
    agglomerate(file, 1.0)
    apart = replace(other, agglomerate=replace(other.agglomerate, threshold=1.0))
    assert {s.name: s.state for s in run_status(apart)}["dataset"] == "done"
    assert len(open_dataset(Path(other.output) / "dataset").table("neurons")) > len(neurons)
    assert _records(apart)["agglomerate"] == asked
    rows = score_thresholds(other, [0.9, 1.0])
    assert [r.neurons for r in rows] == [
        len(owner),
        len(neurons),
        len(open_dataset(Path(other.output) / "dataset").table("neurons")),
    ]
    with pytest.raises(GraphkitError, match=r"agglomerate of .* is not enabled"):
        score_thresholds(whole, [0.9])


def test_what_comes_after_a_redone_stage_is_redone(copied: Write) -> None:
    other = read_config(copied("redone", more="[reconcile]\nmin_segment_voxels = 1500\n"))
    before = _records(other)
    reconstruct(other, first="reconcile", last="reconcile")
    states = {s.name: s.state for s in run_status(other)}
    assert states["segment"] == states["detect"] == "done"
    assert states["assign"] == states["mesh"] == states["skeleton"] == "not begun"
    reconstruct(other, last="skeleton")
    after = _records(other)
    assert {n for n in after if after[n] != before[n]} == {"reconcile", "assign", "mesh", "skeleton"}


@pytest.mark.slow
def test_a_block_that_always_fails_is_set_aside_and_filled_in_later(write: Write, tissue: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    shutil.copytree(tissue / "image", image)
    chunks = sorted(p for p in image.rglob("*") if p.is_file() and p.name.startswith("128-192_"))
    assert chunks
    good = [p.read_bytes() for p in chunks]
    for chunk in chunks:
        chunk.write_bytes(b"not an image")
    config = read_config(write("spoilt", image=image))
    statuses = {s.name: s for s in reconstruct(config)}
    failed = "z0-40_y0-48_x128-192"
    assert failed in statuses["segment"].failed
    assert "z0-40_y0-48_x0-64" not in statuses["segment"].failed
    assert statuses["segment"].state == "done, with failed blocks"
    assert "128-192" in (statuses["segment"].outcome or {})["failed"][failed]
    labels = open_volume(Path(config.output) / "segmentation").read()
    assert labels[:, :, :64].any()
    assert not labels[:, :, 128:].any()
    history = open_dataset(Path(config.output) / "dataset").snapshot.provenance[-1]
    assert failed in history["failed_blocks"]["segment"]
    for chunk, content in zip(chunks, good, strict=True):
        chunk.write_bytes(content)
    again = {s.name: s for s in reconstruct(config, last="detect")}
    assert not any(again[name].failed for name in ("segment", "detect"))
    assert open_volume(Path(config.output) / "segmentation").read()[:, :, 128:].any()


def test_no_synapse_found_is_a_connectome_without_connections(copied: Write) -> None:
    config = read_config(copied("none", more="[synapses.assign]\nmin_voxels = 100000\n"))
    statuses = {s.name: s for s in reconstruct(config, first="assign")}
    assert (statuses["dataset"].outcome or {})["synapses"] == 0
    dataset = open_dataset(Path(config.output) / "dataset")
    assert len(dataset.table("synapses")) == len(dataset.table("connections")) == 0
    assert len(dataset.table("neurons")) > 0


def test_a_constant_image_has_no_segments(write: Write, tmp_path: Path) -> None:
    image = create_volume(tmp_path / "grey", Box((0, 0, 0), (64, 64, 64)), np.uint8, (16, 16, 16))
    image.write(image.bounds, np.full((64, 64, 64), 128, np.uint8))
    config = read_config(write("constant", image=tmp_path / "grey"))
    statuses = {s.name: s for s in reconstruct(config)}
    assert (statuses["reconcile"].outcome or {})["segments"] == 0
    assert len(open_dataset(Path(config.output) / "dataset").table("neurons")) == 0


@pytest.mark.parametrize(
    ("dtype", "voxel_nm", "shape", "says"),
    [
        (np.uint8, (8, 8, 8), (64, 64, 64), "8.0"),
        (np.uint16, (16, 16, 16), (64, 64, 64), "uint16"),
        (np.float32, (16, 16, 16), (64, 64, 64), "float32"),  # of NaN
        (np.uint8, (16, 16, 16), (5, 64, 64), "field of view"),
    ],
)
def test_an_image_that_the_network_was_not_made_for(
    write: Write, tmp_path: Path, dtype: type, voxel_nm: tuple[int, int, int], shape: tuple[int, int, int], says: str
) -> None:
    image = create_volume(tmp_path / "other", Box((0, 0, 0), shape), dtype, voxel_nm)
    image.write(image.bounds, np.full(shape, np.nan if dtype is np.float32 else 100, dtype))
    config = read_config(write("other-run", image=tmp_path / "other"))
    with pytest.raises(GraphkitError, match=says):
        reconstruct(config)
    assert run_status(config)[1].state == "not begun"


def test_stages_by_name(write: Write) -> None:
    config = read_config(write("names"))
    with pytest.raises(UnknownNameError, match="reconsile") as caught:
        reconstruct(config, first="reconsile")
    assert "reconcile" in str(caught.value.hint)
    with pytest.raises(GraphkitError, match="after"):
        reconstruct(config, first="mesh", last="segment")


def test_a_box_outside_of_the_image(write: Write, tmp_path: Path) -> None:
    file = write("box")
    file.write_text(file.read_text().replace("[segment]", "box = [[0, 0, 0], [40, 48, 500]]\n[segment]", 1))
    with pytest.raises(GraphkitError, match=r"image\.box"):
        reconstruct(read_config(file))


def _with_other_weights(network: Path, path: Path) -> Path:
    """The network's file, saying that it has one feature more than its weights."""
    with zipfile.ZipFile(network) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(members["graphkit.json"])
    about["features"] += 1
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, json.dumps(about) if name == "graphkit.json" else data)
    return path


def test_a_network_that_is_not_there_or_another_one(write: Write, ffn: Path, tmp_path: Path) -> None:
    other = _with_other_weights(ffn, tmp_path / "other.keras")
    for at, (network, says) in enumerate(
        [
            ("nothing.keras", r"nothing\.keras"),
            ("synapse-tissue", "not the file of a flood-filling network"),
            (str(other), "are not those of a network of depth 1 with 2 features"),
        ]
    ):
        config = read_config(write(f"network{at}", network=f'"{network}"'))
        with pytest.raises(GraphkitError, match=says):
            reconstruct(config)
        assert not list(Path(config.output).rglob("*.npz"))
