"""Meshes against closed forms: volumes of balls and boxes, places in nm, closedness, blocks against the whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.mesh import MeshSettings, Surface, export_mesh, read_mesh, write_meshes
from graphkit_pipeline.volume import Volume, create_volume

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")

LONG = 720575940621039145
START = (7, 100, -20)
VOXEL_NM = (40, 16, 8)
RAW = MeshSettings(reduction=0)


def volume(
    folder: Path, labels: np.ndarray, start: tuple[int, int, int] = START, size: tuple[int, ...] = VOXEL_NM
) -> Volume:
    bounds = Box.of_shape(labels.shape, start)
    out = create_volume(folder / "labels", bounds, "int64", size, chunk=(16, 16, 16), kind="segmentation")
    out.write(bounds, labels)
    return out


def table(labels: np.ndarray) -> pa.Table:
    ids, counts = np.unique(labels[labels > 0], return_counts=True)
    return pa.table({"segment_id": ids, "voxels": counts})


def ball(shape: tuple[int, int, int], centre: tuple[float, float, float], radius: float) -> np.ndarray:
    away = sum((g - c) ** 2 for g, c in zip(np.indices(shape), centre, strict=True))
    return np.asarray(away <= radius**2)


def as_trimesh(surface: Surface):  # type: ignore[no-untyped-def]
    import trimesh

    return trimesh.Trimesh(surface.vertices_nm.astype(np.float64), surface.faces, process=False)


def meshes(
    folder: Path, labels: np.ndarray, settings: MeshSettings | None = None, **more: object
) -> dict[int, Surface]:
    out = volume(folder, labels, **more)  # type: ignore[arg-type]
    write_meshes(out, table(labels), settings=settings)
    return {int(i): read_mesh(out.location, int(i)) for i in np.unique(labels[labels > 0])}


@pytest.mark.parametrize("settings", [RAW, MeshSettings()], ids=["marching cubes", "simplified"])
def test_a_ball_has_the_volume_and_the_place_of_a_ball(tmp_path: Path, settings: MeshSettings) -> None:
    labels = np.zeros((40, 44, 48), np.int64)
    labels[ball(labels.shape, (18, 20, 22), 15)] = LONG
    mesh = as_trimesh(meshes(tmp_path, labels, settings)[LONG])
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    exact = 4 / 3 * np.pi * 15**3 * np.prod(VOXEL_NM)
    assert mesh.volume == pytest.approx(exact, rel=0.02)  # positive: faces look outward
    centre = [(START[a] + c + 0.5) * VOXEL_NM[a] for a, c in ((2, 22), (1, 20), (0, 18))]
    np.testing.assert_allclose(mesh.center_mass, centre, atol=0.05 * 8)


def test_a_box_reaches_where_its_voxels_reach(tmp_path: Path) -> None:
    """Voxels z 3..5, y 4..9, x 5..14 fill (START + low) to (START + high) in voxels; the corners alone are cut."""
    labels = np.zeros((16, 16, 24), np.int64)
    labels[3:6, 4:10, 5:15] = 9
    mesh = as_trimesh(meshes(tmp_path, labels, RAW)[9])
    low = [(START[a] + v) * VOXEL_NM[a] for a, v in ((2, 5), (1, 4), (0, 3))]
    high = [(START[a] + v) * VOXEL_NM[a] for a, v in ((2, 15), (1, 10), (0, 6))]
    np.testing.assert_allclose(mesh.bounds, [low, high])
    # Marching cubes bevels every edge by half a voxel: along an edge of n voxels it takes (n - 1)/8 of a voxel, and
    # at each corner 1/8 - 1/48.
    n = (3, 6, 10)
    voxels = np.prod(n) - 4 * sum((k - 1) / 8 for k in n) - 8 * (1 / 8 - 1 / 48)
    assert mesh.volume / np.prod(VOXEL_NM) == pytest.approx(voxels, rel=1e-6)


def test_a_segment_cut_by_the_volumes_border_is_closed_there(tmp_path: Path) -> None:
    labels = np.full((16, 16, 16), 5, np.int64)
    mesh = as_trimesh(meshes(tmp_path, labels, RAW)[5])
    assert mesh.is_watertight
    low = np.multiply(START, VOXEL_NM)[::-1]
    np.testing.assert_allclose(mesh.bounds, [low, low + 16 * np.array(VOXEL_NM[::-1])])


def test_blocks_give_the_mesh_of_the_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    from scipy import ndimage

    noise = ndimage.gaussian_filter(rng.standard_normal((20, 30, 40)), 2.5)
    labels = np.digitize(noise, np.quantile(noise, [0.25, 0.5, 0.75])).astype(np.int64)
    labels[labels == 3] = LONG
    whole = meshes(tmp_path / "whole", labels, MeshSettings())
    blocks = meshes(tmp_path / "blocks", labels, MeshSettings(block=13))
    assert whole.keys() == blocks.keys() == {1, 2, LONG}
    for i in whole:
        np.testing.assert_array_equal(whole[i].vertices_nm, blocks[i].vertices_nm)
        np.testing.assert_array_equal(whole[i].faces, blocks[i].faces)


def test_workers_do_not_change_the_result(tmp_path: Path) -> None:
    labels = np.zeros((16, 16, 16), np.int64)
    labels[1:6, 2:6, 2:9], labels[8:14, 8:14, 8:14], labels[2:6, 9:14, 2:4] = 1, 2, 3
    files = []
    for workers in (1, 2):
        out = volume(tmp_path / str(workers), labels)
        write_meshes(out, table(labels), workers=workers)
        files.append({p.name: p.read_bytes() for p in (Path(out.location) / "mesh").iterdir()})
    assert len(files[0]) == 3 * 2 + 2
    assert files[0] == files[1]


def test_simplifying_keeps_within_the_error_asked_for(tmp_path: Path) -> None:
    from scipy.spatial import cKDTree

    labels = np.zeros((40, 40, 40), np.int64)
    labels[ball(labels.shape, (20, 20, 20), 16)] = 1
    raw = meshes(tmp_path / "raw", labels, RAW, size=(8, 8, 8))[1]
    simple = meshes(tmp_path / "simple", labels, MeshSettings(max_error_nm=8.0), size=(8, 8, 8))[1]
    assert len(simple.faces) < len(raw.faces) / 4
    away, _ = cKDTree(raw.vertices_nm).query(simple.vertices_nm)
    assert away.max() < 16  # the error, and half the grid of the raw vertices


def test_it_is_resumed_and_made_anew_for_other_settings(tmp_path: Path) -> None:
    labels = np.zeros((16, 16, 16), np.int64)
    labels[2:6, 2:6, 2:6], labels[8:14, 8:14, 8:14], labels[0, 0, 0] = 1, 2, 3
    out = volume(tmp_path, labels)
    settings = MeshSettings(min_voxels=2)
    first = write_meshes(out, table(labels), settings=settings)
    assert (first.written, first.kept, first.small) == (2, 0, (3,))
    folder = tmp_path / "labels" / "mesh"
    before = (folder / "2:0:1.gz").read_bytes()
    (folder / "2:0").unlink()  # as if killed before it
    stamp = (folder / "1:0:1.gz").stat().st_mtime_ns
    again = write_meshes(out, table(labels), settings=settings)
    assert (again.written, again.kept) == (1, 1)
    assert (folder / "2:0:1.gz").read_bytes() == before
    assert (folder / "1:0:1.gz").stat().st_mtime_ns == stamp
    other = write_meshes(out, table(labels), settings=MeshSettings(min_voxels=1))
    assert (other.written, other.kept) == (3, 0)
    assert not (folder / ".pieces").exists()


def test_neuroglancer_finds_the_meshes(tmp_path: Path) -> None:
    labels = np.zeros((16, 16, 16), np.int64)
    labels[2:6, 2:6, 2:6] = 1
    meshes(tmp_path, labels)
    assert json.loads((tmp_path / "labels" / "info").read_text())["mesh"] == "mesh"
    assert json.loads((tmp_path / "labels" / "mesh" / "info").read_text())["@type"] == "neuroglancer_legacy_mesh"
    assert json.loads((tmp_path / "labels" / "mesh" / "1:0").read_text()) == {"fragments": ["1:0:1"]}


@pytest.mark.parametrize("name", ["a.ply", "a.obj", "a.glb"])
def test_exports_are_read_back_by_trimesh(tmp_path: Path, name: str) -> None:
    import trimesh

    labels = np.zeros((20, 20, 20), np.int64)
    labels[ball(labels.shape, (9, 9, 9), 6)] = 1
    surface = meshes(tmp_path, labels)[1]
    path = export_mesh(surface, tmp_path / name)
    mesh = trimesh.load(path, force="mesh")
    np.testing.assert_allclose(mesh.bounds, as_trimesh(surface).bounds, rtol=1e-6)
    assert mesh.volume == pytest.approx(as_trimesh(surface).volume, rel=1e-4)


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    labels = np.zeros((16, 16, 16), np.int64)
    labels[2:6, 2:6, 2:6] = 1
    out = volume(tmp_path, labels)
    with pytest.raises(GraphkitError, match="Segment 4 has no voxel"):
        write_meshes(out, pa.table({"segment_id": [1, 4], "voxels": [64, 9]}))
    with pytest.raises(GraphkitError, match="no mesh of segment 77"):
        read_mesh(out.location, 77)
    with pytest.raises(GraphkitError, match=r"Cannot write a mesh as 'a\.stl'"):
        export_mesh(Surface(1, np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint32)), tmp_path / "a.stl")
    with pytest.raises(GraphkitError, match="reduction must be a whole number of 0 or more, got -1"):
        MeshSettings(reduction=-1)
    image = create_volume(tmp_path / "image", Box.of_shape((8, 8, 8)), "uint8", VOXEL_NM, chunk=(8, 8, 8))
    with pytest.raises(GraphkitError, match="beside a local precomputed segmentation"):
        write_meshes(image, table(labels))
