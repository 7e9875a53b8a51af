"""Skeletons against closed forms (tubes, a Y), networkx (forests), and other readers of what is written."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.skeleton import SkeletonSettings, skeletonize
from graphkit_pipeline.skeleton_files import cable_lengths, write_precomputed, write_swc
from graphkit_pipeline.volume import Volume, create_volume
from scipy import ndimage

from graphkit.errors import GraphkitError
from graphkit.schema import TABLES

pytestmark = pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")

LONG = 720575940621039145
START = (7, 100, -20)
VOXEL_NM = (40.0, 16.0, 8.0)
CUBE_NM = (10.0, 10.0, 10.0)


def volume(folder: Path, labels: np.ndarray, size: tuple[float, float, float] = CUBE_NM) -> Volume:
    bounds = Box.of_shape(labels.shape, START)
    out = create_volume(folder / "labels", bounds, "int64", size, chunk=(32, 32, 32), kind="segmentation")
    out.write(bounds, labels)
    return out


def segments_of(out: Volume) -> pa.Table:
    """Counted with scipy: voxels and boxes."""
    labels = out.read()
    ids, small = np.unique(labels, return_inverse=True)
    rows: dict[str, list[int]] = {name: [] for name in TABLES["segments"].schema.names}
    boxes = ndimage.find_objects(small.reshape(labels.shape))
    for number, segment in enumerate(ids.tolist()):
        if segment == 0:
            continue
        box = boxes[number - 1]
        rows["segment_id"].append(segment)
        rows["voxels"].append(int((labels == segment).sum()))
        for axis, part, start, size in zip("zyx", box, out.bounds.start, out.voxel_size_nm, strict=True):
            rows[f"min_{axis}_nm"].append(int((part.start + start) * size))
            rows[f"max_{axis}_nm"].append(int((part.stop + start) * size))
    return pa.table(rows, schema=TABLES["segments"].schema)


def forest(skeletons: pa.Table, neuron: int) -> nx.Graph:
    """Built from the raw rows."""
    graph = nx.Graph()
    for row in skeletons.to_pylist():
        if row["neuron_id"] == neuron:
            graph.add_node(row["node"], place=(row["x_nm"], row["y_nm"], row["z_nm"]))
            if row["parent"] >= 0:
                graph.add_edge(row["node"], row["parent"])
    return graph


def tube(labels: np.ndarray, start: tuple[int, ...], stop: tuple[int, ...], radius: float, value: int) -> None:
    """All voxels within ``radius`` voxels of a line between two voxels."""
    a, b = np.array(start, float), np.array(stop, float)
    grid = np.stack(np.indices(labels.shape), axis=-1)
    t = np.clip(((grid - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
    labels[np.linalg.norm(grid - (a + t[..., None] * (b - a)), axis=-1) <= radius] = value


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("size", [CUBE_NM, (30.0, 10.0, 6.0)], ids=["cubes", "anisotropic"])
def test_a_straight_tube(tmp_path: Path, axis: int, size: tuple[float, float, float]) -> None:
    """90 x 90 nm across, 60 voxels along: the middle line, from end to end."""
    half = [round(45 / s - 0.5) for s in size]
    box = [slice(16 - h, 17 + h) for h in half]
    box[axis] = slice(2, 62)
    labels = np.zeros([64 if a == axis else 33 for a in range(3)], np.int64)
    labels[tuple(box)] = LONG
    out = volume(tmp_path, labels, size)
    found = skeletonize(out, segments_of(out), settings=SkeletonSettings(const_nm=100)).skeletons
    graph = forest(found, LONG)
    assert nx.is_tree(graph)
    assert sum(d == 1 for _, d in graph.degree) == 2
    length = cable_lengths(found)["cable_length_nm"][0].as_py()
    # From the first voxel's centre to the last's, and at each end no more than the way from a corner to the middle.
    straight = 59 * size[axis]
    assert (
        straight
        <= length
        <= straight + 2 * sum(h * s for a, (h, s) in enumerate(zip(half, size, strict=True)) if a != axis)
    )
    for a, name in enumerate("zyx"):
        values = found[f"{name}_nm"].to_numpy()
        if a == axis:
            assert values.min() == (START[a] + 2.5) * size[a]
            assert values.max() == (START[a] + 61.5) * size[a]
        else:
            assert np.median(values) == (START[a] + 16.5) * size[a]
    nearest = min((h + 1) * s for a, (h, s) in enumerate(zip(half, size, strict=True)) if a != axis)
    assert np.median(found["radius_nm"].to_numpy()) == nearest


def y_shape() -> np.ndarray:
    labels = np.zeros((20, 90, 90), np.int64)
    tube(labels, (10, 10, 45), (10, 45, 45), 3, 1)
    tube(labels, (10, 45, 45), (10, 75, 15), 3, 1)
    tube(labels, (10, 45, 45), (10, 75, 75), 3, 1)
    return labels


def test_a_y_has_one_branch_point_and_the_cable_of_its_arms(tmp_path: Path) -> None:
    out = volume(tmp_path, y_shape())
    found = skeletonize(out, segments_of(out), settings=SkeletonSettings(const_nm=60)).skeletons
    graph = forest(found, 1)
    assert nx.is_tree(graph)
    assert sorted(d for _, d in graph.degree if d != 2) == [1, 1, 1, 3]
    branch = next(n for n, d in graph.degree if d == 3)
    expected = (np.array([45, 45, 10]) + START[::-1] + 0.5) * 10
    assert np.linalg.norm(np.subtract(graph.nodes[branch]["place"], expected)) < 60
    arms = (35 + 2 * np.hypot(30, 30)) * 10
    assert cable_lengths(found)["cable_length_nm"][0].as_py() == pytest.approx(
        arms + 3 * 30, rel=0.1
    )  # with round ends


def test_short_ends_are_cut(tmp_path: Path) -> None:
    """A thorn of 8 voxels on a tube of 60 goes, the tube stays; a length between the two is the only one that matters."""
    labels = np.zeros((20, 40, 70), np.int64)
    tube(labels, (10, 10, 5), (10, 10, 65), 3, 1)
    tube(labels, (10, 10, 33), (10, 22, 33), 1.5, 1)
    out = volume(tmp_path, labels)
    table = segments_of(out)
    degrees = {}
    for tick in (0.0, 300.0, 10000.0):
        settings = SkeletonSettings(scale=1.0, const_nm=20, tick_nm=tick)
        graph = forest(skeletonize(out, table, settings=settings).skeletons, 1)
        assert nx.is_tree(graph)
        degrees[tick] = sorted(d for _, d in graph.degree if d != 2)
        assert max(p[0] for p in nx.get_node_attributes(graph, "place").values()) > (START[2] + 60) * 10
    assert degrees == {0.0: [1, 1, 1, 3], 300.0: [1, 1], 10000.0: [1, 1]}


def test_a_ring_becomes_a_tree(tmp_path: Path) -> None:
    labels = np.zeros((12, 60, 60), np.int64)
    y, x = np.indices((60, 60)) - 30
    ring = np.abs(np.hypot(y, x) - 20) <= 3
    labels[3:9, ring] = 1
    out = volume(tmp_path, labels)
    graph = forest(skeletonize(out, segments_of(out), settings=SkeletonSettings(const_nm=60)).skeletons, 1)
    assert nx.is_tree(graph)


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """Random winding neurons, in touch with each other, one of two parts, and small ones."""
    rng = np.random.default_rng(5)
    noise = ndimage.gaussian_filter(rng.standard_normal((32, 48, 64)), 4)
    labels = ndimage.label(np.abs(noise) < 0.3 * noise.std())[0].astype(np.int64)
    labels[(labels == 0) & (noise > noise.std())] = LONG
    labels[0, 0, 0:3], labels[-1, -1, -1] = 2**53 + 1, 2**53 + 3
    return volume(tmp_path_factory.mktemp("blobs"), labels, VOXEL_NM)


def test_every_neuron_over_the_minimum_is_a_forest_and_the_others_are_listed(blobs: Volume) -> None:
    table = segments_of(blobs)
    labels = blobs.read()
    settings = SkeletonSettings(min_voxels=3, const_nm=100)
    report = skeletonize(blobs, table, settings=settings)
    large = {r["segment_id"] for r in table.to_pylist() if r["voxels"] >= 3}
    assert set(report.skeletons["neuron_id"].to_pylist()) == large
    assert set(report.small) == set(table["segment_id"].to_pylist()) - large
    assert report.skeletons.schema.equals(TABLES["skeletons"].schema)
    for neuron in sorted(large):
        graph = forest(report.skeletons, neuron)
        assert nx.is_forest(graph)
        parts, _ = ndimage.label(labels == neuron, np.ones((3, 3, 3)))
        big = (np.bincount(parts.ravel())[1:] >= 3).sum()
        assert nx.number_connected_components(graph) == big
        for x, y, z in nx.get_node_attributes(graph, "place").values():  # each node lies in its neuron
            voxel = [round(v / s - 0.5) - o for v, s, o in zip((z, y, x), VOXEL_NM, START, strict=True)]
            assert labels[tuple(voxel)] == neuron


def test_parents_come_first_and_the_root_is_the_thickest(blobs: Volume) -> None:
    rows = skeletonize(blobs, segments_of(blobs)).skeletons.to_pylist()
    thickest: dict[int, float] = {}
    for row in rows:
        assert row["parent"] < row["node"]
        if row["node"] == 0:
            assert row["parent"] == -1
            thickest[row["neuron_id"]] = row["radius_nm"]
    assert all(row["radius_nm"] <= thickest[row["neuron_id"]] for row in rows)


@pytest.mark.slow
def test_workers_do_not_change_the_result(blobs: Volume) -> None:
    table = segments_of(blobs)
    one, two = (skeletonize(blobs, table, workers=n) for n in (1, 2))
    assert one.skeletons.equals(two.skeletons)
    assert one.small == two.small


def test_segments_of_one_neuron_make_one_skeleton(tmp_path: Path) -> None:
    labels = np.zeros((20, 20, 64), np.int64)
    labels[8:13, 8:13, 2:30], labels[8:13, 8:13, 30:62] = 4, 6
    out = volume(tmp_path, labels)
    mapping = pa.table({"segment_id": [4, 6], "neuron_id": [LONG, LONG]})
    settings = SkeletonSettings(const_nm=100)
    found = skeletonize(out, segments_of(out), segment_to_neuron=mapping, settings=settings).skeletons
    assert set(found["neuron_id"].to_pylist()) == {LONG}
    assert nx.is_tree(forest(found, LONG))
    assert cable_lengths(found)["cable_length_nm"][0].as_py() >= 59 * 10


def test_swc_says_its_unit_and_is_read_back(tmp_path: Path) -> None:
    out = volume(tmp_path, y_shape())
    found = skeletonize(out, segments_of(out), settings=SkeletonSettings(const_nm=60)).skeletons
    for unit, scale in (("nm", 1.0), ("um", 0.001)):
        path = write_swc(found, 1, tmp_path / f"{unit}.swc", unit=unit)  # type: ignore[arg-type]
        text = path.read_text()
        assert {"nm": "nanometres", "um": "micrometres"}[unit] in text
        rows = np.loadtxt(path, comments="#")
        assert (rows[:, 0] == np.arange(1, len(rows) + 1)).all()
        assert rows[0, 6] == -1
        assert (rows[1:, 6] < rows[1:, 0]).all()
        np.testing.assert_allclose(rows[:, 2:5] / scale, np.column_stack([found[f"{a}_nm"] for a in "xyz"]), atol=1e-6)
        above = rows[rows[1:, 6].astype(int) - 1, 2:5]
        length = np.linalg.norm(rows[1:, 2:5] - above, axis=1).sum() / scale
        assert length == pytest.approx(cable_lengths(found)["cable_length_nm"][0].as_py())


def test_cloudvolume_reads_the_skeletons(blobs: Volume) -> None:
    from cloudvolume import CloudVolume

    found = skeletonize(blobs, segments_of(blobs)).skeletons
    n = write_precomputed(found, blobs)
    assert n == len(set(found["neuron_id"].to_pylist()))
    folder = Path(blobs.location)
    assert json.loads((folder / "info").read_text())["skeletons"] == "skeletons"
    assert json.loads((folder / "skeletons" / "info").read_text())["@type"] == "neuroglancer_skeletons"
    skeleton = CloudVolume(folder.as_uri(), progress=False).skeleton.get(LONG)
    graph = forest(found, LONG)
    assert len(skeleton.edges) == graph.number_of_edges()
    places = sorted(nx.get_node_attributes(graph, "place").values())
    np.testing.assert_allclose(sorted(map(tuple, skeleton.vertices.tolist())), places, atol=0.5)


def test_no_neurons_no_rows(tmp_path: Path) -> None:
    out = volume(tmp_path, np.zeros((8, 8, 8), np.int64))
    report = skeletonize(out, segments_of(out))
    assert report.skeletons.num_rows == 0
    assert report.skeletons.schema.equals(TABLES["skeletons"].schema)
    assert cable_lengths(report.skeletons).num_rows == 0


def test_what_cannot_be_done_is_said(blobs: Volume, tmp_path: Path) -> None:
    table = segments_of(blobs)
    with pytest.raises(GraphkitError, match=r"take .* GB, and skeleton memory_gb is 1e-06"):
        skeletonize(blobs, table, settings=SkeletonSettings(memory_gb=1e-6))
    with pytest.raises(GraphkitError, match="no skeleton of neuron 5555"):
        write_swc(TABLES["skeletons"].schema.empty_table(), 5555, tmp_path / "a.swc")
    with pytest.raises(GraphkitError, match="tick_nm must be a finite number of 0 or more, got -1"):
        SkeletonSettings(tick_nm=-1)
    with pytest.raises(GraphkitError, match="min_voxels must be a whole number of 1 or more, got 0"):
        SkeletonSettings(min_voxels=0)
    strange = table.slice(0, 1).set_column(0, "segment_id", pa.array([999999]))
    with pytest.raises(GraphkitError, match="Neuron 999999 has no voxel"):
        skeletonize(blobs, strange, settings=SkeletonSettings(min_voxels=1))
