"""The whole evaluation: a perfect copy, a copy with known damage, folders on disk, and mistakes."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.emit import emit_dataset
from graphkit_pipeline.evaluate import EvaluationSettings, evaluate
from graphkit_pipeline.evaluation.places import ArrayVolume
from graphkit_pipeline.evaluation.sources import Truth
from graphkit_pipeline.volume import create_volume, open_volume

from graphkit.errors import GraphkitError, NotADatasetError
from tests.pipeline.evaluation.scenes import LONG, OFFSET, SIZE, scene, synapse_table


def _labels() -> np.ndarray:
    volume = scene().segments
    assert volume is not None
    return volume.read().copy()


def _renamed(labels: np.ndarray, synapses: pa.Table, seed: int = 0) -> tuple[np.ndarray, pa.Table]:
    """The same segmentation under other ids."""
    ids = np.setdiff1d(labels, [0])
    names = np.random.default_rng(seed).permutation(len(ids)) + 10_000

    def new(values: np.ndarray) -> np.ndarray:
        return np.where(values == 0, 0, names[np.searchsorted(ids, values).clip(0, len(ids) - 1)])

    for side in ("pre_id", "post_id"):
        column = pa.array(new(synapses[side].to_numpy()), pa.int64())
        synapses = synapses.set_column(synapses.column_names.index(side), side, column)
    return new(labels), synapses


def test_a_perfect_copy_under_other_names_is_perfect() -> None:
    truth = scene()
    found, synapses = _renamed(_labels(), truth.synapses)
    result = evaluate(truth, segmentation=found, synapses=synapses)
    for score in result.segmentation.values():
        assert (score.vi_sum, score.rand_error) == (0.0, 0.0)
    assert result.coverage == 1.0
    assert result.run_length["strict"].expected_nm == result.run_length["strict"].possible_nm > 0
    assert {name: s.f1 for name, s in result.synapses.items()} == {"at_place": 1.0, "end_to_end": 1.0}
    assert {g.f1 for g in result.connections.values()} == {1.0}
    assert result.loss is not None
    assert result.loss.kept == 60
    assert result.splits == result.merges == ()


def test_the_figures_say_what_was_done() -> None:
    """A merge, a split, a hole, dropped and false synapses, each of which must show up in its own figure and no other."""
    truth, labels = scene(), _labels()
    ids, counts = np.unique(labels[labels != 0], return_counts=True)
    a, b, split, hole = ids[np.argsort(-counts)][:4]
    place = np.argwhere(labels == split)
    cut = np.median(place[:, 2])
    right = place[place[:, 2] > cut]
    found = labels.copy()
    found[tuple(right.T)] = 77
    found[found == b] = a
    found[found == hole] = 0
    synapses = truth.synapses.slice(9)
    ends = [np.array([synapses[f"{s}_{x}_nm"].to_numpy() for x in "zyx"]).T for s in ("pre", "post")]
    at = [found[tuple((np.floor(e / np.array(SIZE)).astype(int) - np.array(OFFSET)).T)] for e in ends]
    result = evaluate(truth, segmentation=found, synapses=synapse_table(ends[0], ends[1], at[0], at[1]))
    n = np.count_nonzero(labels)
    size = dict(zip(ids.tolist(), counts.tolist(), strict=True))

    def entropy(*parts: int) -> float:
        p = np.array(parts) / sum(parts)
        return float(-(p * np.log2(p)).sum()) * sum(parts) / n

    score = result.segmentation["truth_labelled"]
    assert score.vi_split == pytest.approx(entropy(len(right), size[split] - len(right)))
    assert score.vi_merge == pytest.approx(entropy(size[a], size[b]))
    assert result.coverage == pytest.approx(1 - size[hole] / n)
    assert [e.id for e in result.splits] == [split]
    assert [{p.id for p in e.parts} for e in result.merges] == [{a, b}]
    assert result.synapses["at_place"].matched == 51
    assert result.loss is not None
    # a and b are one segment, which stands for a: every synapse of b is lost to the merge.
    pre, post = (truth.synapses[c].to_numpy()[9:] for c in ("pre_id", "post_id"))
    main_of_split = split if 2 * len(right) <= size[split] else 77
    touched = {"merged": 0, "split": 0, "not_segmented": 0}
    for k in range(51):
        faults = set()
        for neuron, segment in ((pre[k], at[0][k]), (post[k], at[1][k])):
            if neuron == b:
                faults.add("merged")
            elif neuron == hole:
                faults.add("not_segmented")
            elif neuron == split and segment != main_of_split:
                faults.add("split")
        for name in ("merged", "split", "not_segmented"):
            if name in faults:
                touched[name] += 1
                break
    assert {k: result.loss.causes[k] for k in touched} == touched
    assert result.loss.causes["not_detected"] == 9
    assert result.loss.kept == 51 - sum(touched.values())
    assert result.connections["true_segments"].precision == 1.0
    assert result.connections["as_found"].f1 < result.connections["splits_mended"].f1 or touched["split"] == 0


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``tissue``: the truth as on disk; ``run``: a found segmentation in two segments a neuron, and its dataset."""
    root, truth = tmp_path_factory.mktemp("evaluate"), scene()
    assert truth.segments is not None
    assert truth.image is not None
    bounds = truth.segments.bounds
    labels = _labels()
    segments = np.where(labels == 0, 0, (labels - LONG) * 2 + 1 + (np.arange(56) > 27))
    volumes = (
        ("tissue/image", truth.image.read(), "image"),
        ("tissue/truth/segmentation", labels, "segmentation"),
        ("run/segmentation", segments, "segmentation"),
    )
    for name, array, kind in volumes:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        dtype = np.uint8 if kind == "image" else np.uint64
        create_volume(root / name, bounds, dtype, SIZE, kind=kind).write(bounds, array)
    common = {"voxel_size_nm": SIZE, "bounds": bounds, "provenance": {"settings": {"seed": 5}}}
    numbered = truth.synapses.append_column("synapse_id", pa.array(range(1, 61), pa.int64()))
    emit_dataset(
        root / "tissue/truth/dataset", name="true tissue", synapses=numbered, skeletons=truth.skeletons, **common
    )
    ends = [np.array([numbered[f"{s}_{x}_nm"].to_numpy() for x in "zyx"]).T for s in ("pre", "post")]
    at = [segments[tuple((np.floor(e / np.array(SIZE)).astype(int) - np.array(OFFSET)).T)] for e in ends]
    found = numbered.drop_columns(["pre_id", "post_id"])
    for side, ids in zip(("pre", "post"), at, strict=True):
        found = found.append_column(f"{side}_segment_id", pa.array(ids, pa.int64()))
    listed = np.setdiff1d(segments, [0])
    mapping = pa.table({"segment_id": pa.array(listed), "neuron_id": pa.array((listed - 1) // 2 + 5000)})
    emit_dataset(root / "run/dataset", name="my run", synapses=found, segment_to_neuron=mapping, **common)
    return root


def test_from_folders_with_segments_joined_to_neurons(folders: Path) -> None:
    out = folders / "report"
    result = evaluate(
        folders / "tissue", segmentation=folders / "run/segmentation", dataset=folders / "run/dataset", folder=out
    )
    assert result.name == "my run"
    assert result.segmentation["everything"].vi_sum == 0.0
    assert result.connections["as_found"].f1 == 1.0
    body = json.loads((out / "evaluation.json").read_text())
    assert body == result.to_dict()
    assert body["provenance"]["truth"]["name"] == "true tissue"
    assert body["voxel_size_nm"] == {"z": 40.0, "y": 16.0, "x": 16.0}
    assert sorted(p.name for p in out.iterdir()) == ["evaluation.json", "report.html"]
    # Without the mapping each neuron is in two halves.
    halves = evaluate(folders / "tissue", segmentation=folders / "run/segmentation")
    assert halves.segmentation["everything"].vi_split > 0.2
    assert halves.synapses == {}
    assert all(len(e.parts) == 2 for e in halves.splits)


def test_against_labels_alone_in_a_file_that_does_not_say_its_place(folders: Path) -> None:
    import h5py

    true = open_volume(folders / "tissue/truth/segmentation")
    with h5py.File(folders / "true.h5", "w") as file:
        file["bodies"] = true.read()
        file["grey"] = np.zeros(true.bounds.shape, np.float32)
    named = evaluate(folders / "tissue", segmentation=folders / "run/segmentation")
    result = evaluate(f"{folders}/true.h5:bodies", segmentation=folders / "run/segmentation")
    assert result.segmentation == named.segmentation
    assert result.splits == named.splits
    with pytest.raises(GraphkitError, match="float32; labels are whole numbers"):
        evaluate(f"{folders}/true.h5:grey", segmentation=folders / "run/segmentation")


def test_labels_alone_are_shown_on_the_image_of_the_run(folders: Path) -> None:
    """The command takes name and image from run.json; without an image the pictures have a grey ground."""
    from graphkit_pipeline.commands import evaluate as command
    from PIL import Image

    image = open_volume(folders / "tissue/image")
    run, out = folders / "pictured", folders / "pictured-report"
    shutil.copytree(folders / "run/segmentation", run / "segmentation")
    about = {"name": "cortex", "image": str(image.location), "offset": image.bounds.start, "voxel_size_nm": SIZE}
    for listed, pictured in ((about, True), ({**about, "image": str(folders / "gone")}, False)):
        (run / "run.json").write_text(json.dumps(listed))
        command(run, folders / "tissue/truth/segmentation", output=out)
        page = (out / "report.html").read_text(encoding="utf-8")
        assert "<h1>cortex</h1>" in page
        assert "Synapses within" not in page
        data = re.search(r'id="em0" href="data:image/png;base64,([^"]+)"', page)
        assert data is not None
        drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
        assert np.array_equal(drawn, image.read()[12]) == pictured


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        evaluate(scene(), segmentation=_labels(), synapses=scene().synapses.slice(3), folder=tmp_path / name)
    for file in ("evaluation.json", "report.html"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_json_holds_ids_as_text_and_no_bare_nan() -> None:
    found = _labels()
    found[found == LONG + 1] = LONG + 2
    result = evaluate(scene(), segmentation=found, synapses=scene().synapses.slice(0, 0))
    text = result.to_json()
    body = json.loads(text, parse_constant=lambda name: pytest.fail(f"a bare {name}"))
    assert body["synapses"]["end_to_end"]["precision"] is None
    assert body["segmentation"]["worst_merges"][0]["id"] == str(LONG + 2)
    assert f" {LONG}" not in text


def test_the_summary_is_for_people() -> None:
    lines = evaluate(scene(), segmentation=_labels(), synapses=scene().synapses.slice(3)).summary()
    assert lines[0].startswith("segmentation   VI 0.000 bits")
    assert lines[1].startswith("labelled only  VI 0.000 bits")
    assert lines[-2] == "lost synapses  3 of 60: 3 not detected"
    assert lines[-1] == "error model    missed 5 %, false 0 %, duplicated 0 %, split 0 %, merged 0 %"
    assert all(len(line) < 160 for line in lines)


def test_an_id_that_means_two_things_is_refused() -> None:
    from graphkit_pipeline.evaluation.sources import _Mapping

    table = _Mapping.of(pa.table({"segment_id": [1, 2], "neuron_id": [9, 9]}))
    assert table.apply(np.array([0, 1, 2, 5])).tolist() == [0, 9, 9, 5]
    with pytest.raises(GraphkitError, match="Segment 9 is not in segment_to_neuron"):
        table.apply(np.array([1, 9]))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (np.zeros((24, 48, 55), np.int64), r"shape \(24, 48, 55\) against \(24, 48, 56\)"),
        (ArrayVolume(np.zeros((24, 48, 56), np.int64), (8, 8, 8), OFFSET), "voxel size"),
        (ArrayVolume(np.zeros((24, 48, 56), np.int64), SIZE, (0, 0, 0)), "offset"),
        (np.zeros((24, 48, 56), np.float32), "integers"),
    ],
)
def test_other_voxels_are_one_clear_error(found: object, message: str) -> None:
    with pytest.raises(GraphkitError, match=message):
        evaluate(scene(), segmentation=found)


def test_a_part_of_the_volume_is_compared_with_that_part_of_the_truth() -> None:
    truth = scene()
    box = Box(truth.segments.bounds.start, tuple(b - 16 * (a == 2) for a, b in enumerate(truth.segments.bounds.stop)))
    part = evaluate(truth, segmentation=ArrayVolume(truth.segments.read(box), truth.segments.voxel_size_nm, box.start))
    assert part.shape == box.shape
    assert part.segmentation["truth_labelled"].vi_sum == 0
    end_nm = box.stop[2] * truth.segments.voxel_size_nm[2]
    inside = truth.within(box).synapses.to_pylist()
    ends = [(r["pre_x_nm"], r["post_x_nm"]) for r in truth.synapses.to_pylist()]
    assert [(r["pre_x_nm"], r["post_x_nm"]) for r in inside] == [e for e in ends if max(e) < end_nm]
    assert len(inside) < len(truth.synapses)


def test_mistakes_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(GraphkitError, match="nothing to evaluate"):
        evaluate(scene())
    with pytest.raises(GraphkitError, match="not a volume of labels"):
        evaluate(tmp_path / "absent", segmentation=_labels())
    with pytest.raises(GraphkitError, match="holds no truth/segmentation"):
        evaluate(tmp_path, segmentation=_labels())
    with pytest.raises(NotADatasetError):
        evaluate(scene(), dataset=tmp_path / "absent")
    with pytest.raises(GraphkitError, match="truth has only synapses"):
        evaluate(Truth("t", synapses=scene().synapses), segmentation=scene().segments)
    with pytest.raises(GraphkitError, match="no voxel size"):
        evaluate(Truth("t", synapses=scene().synapses), segmentation=_labels())
    (tmp_path / "file").write_text("")
    with pytest.raises(GraphkitError, match="Cannot write"):
        evaluate(scene(), synapses=scene().synapses, folder=tmp_path / "file")
    for wrong in ({"max_distance_nm": 0.0}, {"min_synapses": 0}, {"reach_nm": -1.0}, {"worst": -1}):
        with pytest.raises(GraphkitError, match=next(iter(wrong))):
            EvaluationSettings(**wrong)


def test_importing_it_is_light() -> None:
    code = "import sys, graphkit_pipeline.evaluate; heavy = {'scipy', 'matplotlib', 'skimage', 'cloudvolume', 'PIL', 'pyarrow'}; "
    code += "print(sorted(heavy & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bounds_are_global() -> None:
    assert scene().segments is not None
    assert scene().segments.bounds == Box(OFFSET, (27, 58, 76))
