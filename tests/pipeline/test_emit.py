"""The dataset that an emission writes, judged by ``graphkit validate`` and by what it was made from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.emit import emit_dataset

from graphkit.dataset import open_dataset
from graphkit.errors import DatasetError, GraphkitError
from graphkit.simulate import simulate
from graphkit.validate import validate

LONG = 720575940621039145
"""An id that a float would corrupt."""

VOXEL_NM = (40, 16, 8)
BOUNDS = Box((10, 20, 30), (110, 220, 330))
LOW_NM, HIGH_NM = {"x": 240, "y": 320, "z": 400}, {"x": 2640, "y": 3520, "z": 4400}


def positions(prefix: str, points: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of positions from points [n, (x, y, z)]."""
    return {f"{prefix}{axis}_nm": points[:, i].astype(np.int32) for i, axis in enumerate("xyz")}


def some_synapses(n: int, segments: list[int], seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    low, high = ([edge[a] for a in "xyz"] for edge in (LOW_NM, HIGH_NM))
    return pa.table(
        {
            "synapse_id": np.arange(1, n + 1),
            "pre_segment_id": rng.choice(segments, n),
            "post_segment_id": rng.choice(segments, n),
            **positions("pre_", rng.integers(low, high, (n, 3))),
            **positions("post_", rng.integers(low, high, (n, 3))),
            "size": rng.integers(1, 100, n),
            "score": rng.random(n).astype(np.float32),
        }
    )


SEGMENTS = [3, 5, 2**53 + 1, LONG]
NEURON_OF = {3: 3, 5: LONG, 2**53 + 1: 2**53 + 1, LONG: LONG}


def segments_table(ids: list[int] = SEGMENTS) -> pa.Table:
    """Segment 3 touches the volume's lower x border; the others lie inside."""
    n = len(ids)
    boxes = {f"min_{a}_nm": np.full(n, LOW_NM[a] + 80, np.int32) for a in "xyz"}
    boxes |= {f"max_{a}_nm": np.full(n, HIGH_NM[a] - 80, np.int32) for a in "xyz"}
    boxes["min_x_nm"][np.array(ids) == 3] = LOW_NM["x"]
    return pa.table({"segment_id": np.array(ids), "voxels": np.arange(1, n + 1) * 10, **boxes})


def mapping_table() -> pa.Table:
    return pa.table({"segment_id": list(NEURON_OF), "neuron_id": list(NEURON_OF.values())})


def regions_table() -> pa.Table:
    """Two boxes that halve the volume along x."""
    middle = (LOW_NM["x"] + HIGH_NM["x"]) // 2
    return pa.table(
        {
            "region_id": pa.array([1, 2], pa.int16()),
            "name": ["left half", "right half"],
            "box": [True, True],
            **{f"min_{a}_nm": pa.array([LOW_NM[a]] * 2, pa.int32()) for a in "yz"},
            **{f"max_{a}_nm": pa.array([HIGH_NM[a]] * 2, pa.int32()) for a in "yz"},
            "min_x_nm": pa.array([LOW_NM["x"], middle], pa.int32()),
            "max_x_nm": pa.array([middle, HIGH_NM["x"]], pa.int32()),
        }
    )


def skeletons_table() -> pa.Table:
    """A straight line of 300 nm for neuron 3."""
    points = np.array([[300, 400, 500], [400, 400, 500], [600, 400, 500]])
    return pa.table({"neuron_id": [3, 3, 3], "node": [0, 1, 2], "parent": [-1, 0, 1], **positions("", points)})


def emit(location: Path, **changes: Any) -> Path:
    arguments: dict[str, Any] = {
        "name": "block",
        "voxel_size_nm": VOXEL_NM,
        "bounds": BOUNDS,
        "synapses": some_synapses(200, SEGMENTS),
        "provenance": {"settings": {"seed": 1}, "sources": ["image"]},
        **changes,
    }
    return emit_dataset(location, **arguments)


def whole(location: Path, **changes: Any) -> Path:
    return emit(
        location,
        segments=segments_table(),
        segment_to_neuron=mapping_table(),
        skeletons=skeletons_table(),
        regions=regions_table(),
        **changes,
    )


def read(location: Path, table: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    dataset = open_dataset(location)
    files = [Path(location) / f.path for f in dataset.snapshot.tables[table].files]
    return pa.concat_tables([pq.read_table(f) for f in files]).to_pylist()


def test_everything_is_written_and_valid(tmp_path: Path) -> None:
    location = whole(tmp_path / "brain")
    assert location == tmp_path / "brain"
    report = validate(location)
    assert report.problems == ()
    assert report.skipped == ()
    snapshot = open_dataset(location).snapshot
    assert snapshot.name == "block"
    assert snapshot.voxel_size_nm == {"x": 8, "y": 16, "z": 40}
    assert snapshot.bounds_nm == {"x": [240, 2640], "y": [320, 3520], "z": [400, 4400]}
    assert snapshot.size_unit == "voxels"
    assert snapshot.provenance[-1]["command"] == "reconstruct"
    assert snapshot.provenance[-1]["settings"] == {"seed": 1}


def test_connections_are_the_pairs_of_the_segments_neurons(tmp_path: Path) -> None:
    synapses = some_synapses(200, SEGMENTS)
    pre, post = (synapses[f"{end}_segment_id"].to_pylist() for end in ("pre", "post"))
    expected = Counter((NEURON_OF[a], NEURON_OF[b]) for a, b in zip(pre, post, strict=True))
    found: Counter[tuple[int, int]] = Counter()
    for row in read(whole(tmp_path / "brain"), "connections"):
        found[row["pre_id"], row["post_id"]] += row["synapses"]
    assert found == expected


def test_without_a_mapping_every_segment_is_a_neuron(tmp_path: Path) -> None:
    location = emit(tmp_path / "brain", segments=segments_table())
    assert validate(location).ok
    assert {r["neuron_id"] for r in read(location, "neurons")} == set(SEGMENTS)
    assert all(r["pre_id"] == r["pre_segment_id"] for r in read(location, "synapses"))


def test_neurons_know_their_cable_volume_and_whether_they_are_cut(tmp_path: Path) -> None:
    neurons = {r["neuron_id"]: r for r in read(whole(tmp_path / "brain"), "neurons")}
    voxel_nm3 = 40 * 16 * 8
    assert neurons[3]["cable_length_nm"] == 300.0
    assert neurons[3]["volume_nm3"] == 10 * voxel_nm3
    assert neurons[LONG]["volume_nm3"] == (20 + 40) * voxel_nm3
    assert {k: r["complete"] for k, r in neurons.items()} == {3: False, LONG: True, 2**53 + 1: True}


def test_a_synapse_lies_in_the_region_of_its_postsynaptic_point(tmp_path: Path) -> None:
    middle = (LOW_NM["x"] + HIGH_NM["x"]) // 2
    for row in read(whole(tmp_path / "brain"), "synapses"):
        assert row["region_id"] == (1 if row["post_x_nm"] < middle else 2)


def test_no_synapses_is_a_valid_dataset(tmp_path: Path) -> None:
    empty = some_synapses(0, SEGMENTS)
    location = whole(tmp_path / "brain", synapses=empty, build={"min_score": 0.5})
    assert validate(location).problems == ()
    assert read(location, "connections") == []
    assert {r["neuron_id"] for r in read(location, "neurons")} == set(NEURON_OF.values())


def test_nothing_at_all_is_a_valid_dataset(tmp_path: Path) -> None:
    nothing = segments_table().slice(0, 0)
    location = emit(tmp_path / "brain", synapses=some_synapses(0, SEGMENTS), segments=nothing)
    assert validate(location).problems == ()


def test_min_score_leaves_synapses_uncounted(tmp_path: Path) -> None:
    synapses = some_synapses(200, SEGMENTS)
    location = whole(tmp_path / "brain", synapses=synapses, build={"min_score": 0.5})
    expected = sum(s >= np.float32(0.5) for s in synapses["score"].to_numpy())
    assert sum(r["synapses"] for r in read(location, "connections")) == expected
    assert len(read(location, "synapses")) == 200
    assert validate(location).ok


def test_emitting_again_adds_a_snapshot_without_the_old_tables(tmp_path: Path) -> None:
    location = whole(tmp_path / "brain")
    emit(location, segments=segments_table(), synapses=some_synapses(50, SEGMENTS, seed=7))
    snapshot = open_dataset(location).snapshot
    assert snapshot.number == 2
    assert len(read(location, "synapses")) == 50
    assert "skeletons" not in snapshot.tables
    assert "regions" not in snapshot.tables
    assert validate(location).problems == ()


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (open_dataset(whole(tmp_path / n, threads=t)).snapshot for n, t in (("one", 1), ("two", 2)))
    assert one.digest == two.digest


def test_a_dataset_of_another_origin_is_left_alone(tmp_path: Path) -> None:
    simulate(tmp_path / "sim", neurons=50, seed=1)
    with pytest.raises(DatasetError, match="made by 'simulate'"):
        whole(tmp_path / "sim")
    assert open_dataset(tmp_path / "sim").snapshot.number == 1


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty"):
        whole(tmp_path)


def outside() -> pa.Table:
    synapses = some_synapses(5, SEGMENTS)
    return synapses.set_column(synapses.column_names.index("pre_x_nm"), "pre_x_nm", pa.array([2641] * 5, pa.int32()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"synapses": outside()},
            r"pre_x_nm of 'synapses' goes from 2,641 to 2,641 nm; the volume goes from 240 to 2,640",
        ),
        ({"synapses": some_synapses(5, [3, 9])}, r"names 1 segments that table 'segments' does not have, e\.g\. 9"),
        ({"synapses": some_synapses(5, [0])}, "has the id 0; ids are above 0"),
        (
            {"synapses": pa.concat_tables([some_synapses(2, SEGMENTS)] * 2)},
            r"'synapses' has 2 rows that repeat the key of another, e\.g\. synapse_id=1",
        ),
        (
            {"synapses": some_synapses(5, [5]).append_column("pre_id", pa.array([5] * 5))},
            "5 synapses give another pre_id than the neuron of their segment, e.g. synapse 1: pre_id 5, segment 5",
        ),
        ({"build": {"min_scores": 1}}, "no option 'min_scores'"),
        ({"voxel_size_nm": (0, 8, 8)}, "voxel_size_nm must be three positive numbers"),
        ({"voxel_size_nm": (1e9, 8, 8)}, "positions are 32-bit"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(GraphkitError, match=message):
        emit(tmp_path / "brain", segments=segments_table(), **({"segment_to_neuron": mapping_table()} | changes))
    assert not (tmp_path / "brain").exists()


def test_agreeing_neuron_ids_are_accepted(tmp_path: Path) -> None:
    synapses = some_synapses(20, SEGMENTS)
    pre = pa.array([NEURON_OF[s] for s in synapses["pre_segment_id"].to_pylist()])
    assert validate(whole(tmp_path / "brain", synapses=synapses.append_column("pre_id", pre))).ok
