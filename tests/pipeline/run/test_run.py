"""The whole run: done once, changed, redone, with blocks that fail."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from graphkit_pipeline.agglomeration.thresholds import score_thresholds
from graphkit_pipeline.commands import agglomerate
from graphkit_pipeline.config import RunConfig, read_config
from graphkit_pipeline.run import reconstruct, run_status
from graphkit_pipeline.volume import open_volume

from graphkit.dataset import open_dataset
from graphkit.errors import GraphkitError
from graphkit.validate import validate
from tests.pipeline.run.small import Write, records


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
    before = records(whole)
    seen = []
    reconstruct(whole, begin=lambda number, of, stage, done: seen.append((stage.name, done)))
    assert all(done for _, done in seen)
    assert len(seen) == 8
    assert records(whole) == before


def test_a_changed_setting_is_named_and_from_does_it_anew(copied: Write) -> None:
    other = read_config(copied("changed", min_segment_voxels="900"))
    before = records(other)
    assert [s.state for s in run_status(other)[:2]] == ["settings changed", "done"]
    with pytest.raises(GraphkitError, match=r"fill\.min_segment_voxels was 300 and is 900") as caught:
        reconstruct(other, last="reconcile")
    assert "--from segment" in str(caught.value.hint)
    assert records(other) == before
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
    before = records(other)
    with pytest.raises(GraphkitError, match=r"joins was null and is \[0\.9, 1\.0\]"):
        reconstruct(other)
    reconstruct(other, first="dataset")
    assert {n for n in before if records(other)[n] != before[n]} == {"dataset"}
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
    asked = records(other)["agglomerate"]
    agglomerate(file)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[:2] == [["threshold", "joins", "neurons"], ["none", "0", str(len(owner))]]
    assert ["0.9", str(np.count_nonzero(scores["score"].to_numpy() >= 0.9)), str(len(neurons))] in rows
    agglomerate(file, 1.0)
    apart = replace(other, agglomerate=replace(other.agglomerate, threshold=1.0))
    assert {s.name: s.state for s in run_status(apart)}["dataset"] == "done"
    assert len(open_dataset(Path(other.output) / "dataset").table("neurons")) > len(neurons)
    assert records(apart)["agglomerate"] == asked
    rows = score_thresholds(other, [0.9, 1.0])
    assert [r.neurons for r in rows] == [
        len(owner),
        len(neurons),
        len(open_dataset(Path(other.output) / "dataset").table("neurons")),
    ]
    with pytest.raises(GraphkitError, match=r"agglomerate of .* is not enabled"):
        score_thresholds(whole, [0.9])


def test_a_threshold_asks_no_network(whole: RunConfig, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the scores are not there, the command does not go and make them."""
    before = records(whole)
    with pytest.raises(SystemExit):
        agglomerate(Path(whole.output).with_name("run.toml"), 0.9)
    assert "is not enabled" in capsys.readouterr().err
    assert records(whole) == before


def test_what_comes_after_a_redone_stage_is_redone(copied: Write) -> None:
    other = read_config(copied("redone", more="[reconcile]\nmin_segment_voxels = 1500\n"))
    before = records(other)
    reconstruct(other, first="reconcile", last="reconcile")
    states = {s.name: s.state for s in run_status(other)}
    assert states["segment"] == states["detect"] == "done"
    assert states["assign"] == states["mesh"] == states["skeleton"] == "not begun"
    reconstruct(other, last="skeleton")
    after = records(other)
    assert {n for n in after if after[n] != before[n]} == {"reconcile", "assign", "mesh", "skeleton"}


def test_without_synapses_there_are_segments_skeletons_and_neurons(copied: Write, tmp_path: Path) -> None:
    """For whom has no synapse network for his voxels; what was found is left where it is."""
    config = read_config(copied("apart", more="[synapses.assign]\nthreshold = 0.5\n"))
    before = records(config)
    file = tmp_path / "apart.toml"
    file.write_text(file.read_text().replace("[synapses]", "[synapses]\nenabled = false", 1))
    config = read_config(file)
    assert [s.name for s in run_status(config)] == ["segment", "reconcile", "mesh", "skeleton", "dataset"]
    statuses = {s.name: s for s in reconstruct(config, first="dataset")}
    assert {n for n in before if records(config)[n] != before[n]} == {"dataset"}
    dataset = open_dataset(Path(config.output) / "dataset")
    assert len(dataset.table("synapses")) == len(dataset.table("connections")) == 0
    labels = open_volume(Path(config.output) / "segmentation").read()
    ids = np.unique(labels[labels > 0]).tolist()
    assert dataset.table("neurons")["neuron_id"].to_pylist() == ids
    assert set(dataset.table("skeletons")["neuron_id"].to_pylist()) <= set(ids)
    assert (statuses["dataset"].outcome or {})["synapses"] == 0
    assert not validate(Path(config.output) / "dataset").problems


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
