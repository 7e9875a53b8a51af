"""Surfaces of segments, as Neuroglancer-precomputed meshes beside their segmentation, and as PLY, OBJ or GLB.

    segmentation ── block by block: marching cubes ──> pieces ── segment by segment: welded, simplified ──> mesh/ID:0
                    (one voxel of overlap)             on disk

Vertices are float32 [n, (x, y, z)] in nm, in the global frame: voxel v fills [v, v + 1) * voxel_size_nm, its centre is at
(v + 0.5) * voxel_size_nm. A surface runs half-way between the centres of voxels inside and outside, so a box of voxels
gives the box that they fill, with bevelled edges. Faces are uint32 [m, 3], anticlockwise seen from outside. Every surface
is closed: at the volume's border too, where the segment is cut.

Unsimplified vertices are whole numbers of half voxels, so that the pieces of two blocks meet exactly: the mesh of a segment
does not depend on the size of the blocks. Memory: one block of labels, and one segment's surface at a time.

A mesh is finished when its manifest ``ID:0`` is there. A run that was stopped goes on with the others; one with other
settings, or of another segmentation, starts anew.

Marching cubes: Lorensen & Cline 1987; simplification by quadric error: Garland & Heckbert 1997 (both by zmesh).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.blocks import Block, Box, make_blocks
from graphkit_pipeline.formats.disk import atomically, said_plainly

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from graphkit_pipeline.volume import Volume

__all__ = ["EXPORT_FORMATS", "MeshReport", "MeshSettings", "Surface", "export_mesh", "read_mesh", "write_meshes"]

EXPORT_FORMATS = (".ply", ".obj", ".glb")

_FOLDER = "mesh"
_PIECES = ".pieces"
_MADE_FROM = ".made-from.json"
_BYTES_PER_VOXEL = 40
"""Peak memory of a block's marching cubes a voxel: labels as int64 and uint32, the vertices of dense segments."""


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """How segments become surfaces.

    Attributes:
        reduction: simplify to about one triangle of this many; 0 leaves the marching cubes as they are.
        max_error_nm: no vertex moves farther than this in simplifying; None: the shortest edge of a voxel.
        min_voxels: smaller segments get no mesh (the report lists them).
        block: edge of the blocks in voxels; does not change the result.
    """

    reduction: int = 100
    max_error_nm: float | None = None
    min_voxels: int = 1
    block: int = 256

    def __post_init__(self) -> None:
        for name, least in (("reduction", 0), ("min_voxels", 1), ("block", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise GraphkitError(f"mesh {name} must be a whole number of {least} or more, got {value!r}.")
        if self.block > 512:
            raise GraphkitError(
                f"mesh block must be at most 512 voxels, got {self.block}.",
                hint=f"A block of 512 takes {512**3 * _BYTES_PER_VOXEL / 1e9:.0f} GB of memory.",
            )
        if self.max_error_nm is not None and not 0 <= self.max_error_nm < float("inf"):
            raise GraphkitError(f"mesh max_error_nm must be 0 or more, got {self.max_error_nm!r}.")


@dataclass(frozen=True, slots=True)
class Surface:
    """One segment's: vertices_nm float32 [n, (x, y, z)], faces uint32 [m, 3], outward."""

    segment_id: int
    vertices_nm: NDArray[np.float32]
    faces: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class MeshReport:
    """How many meshes were written, how many were there before, and the segments too small for one."""

    written: int
    kept: int
    small: tuple[int, ...]


def write_meshes(
    labels: Volume,
    segments: pa.Table,
    *,
    settings: MeshSettings | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> MeshReport:
    """Writes the mesh of every segment beside the precomputed segmentation ``labels``.

    Args:
        labels: a local precomputed segmentation.
        segments: its table of segments (``Reconciliation.segments``).
        workers: processes that weld and simplify; 1 works in this one. The result does not depend on it.

    Raises:
        GraphkitError: ``labels`` is not a local precomputed segmentation, or lacks one of the segments.
    """
    settings = settings or MeshSettings()
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise GraphkitError(f"workers must be a whole number of 1 or more, got {workers!r}.")
    folder = _mesh_folder(labels)
    ids, voxels = (segments[c].to_numpy() for c in ("segment_id", "voxels"))
    large = np.sort(ids[voxels >= settings.min_voxels])
    _prepare(folder, labels, segments, settings)
    missing = np.array([i for i in large.tolist() if not (folder / f"{i}:0").exists()], np.int64)
    pieces = folder / _PIECES
    tasks = _tasks(labels, missing, settings, pieces, progress)
    for at, _ in enumerate(_run(tasks, partial(_make, labels, settings, folder), workers), start=1):
        progress("simplifying meshes", at / len(tasks))
    _register(labels)
    shutil.rmtree(pieces, ignore_errors=True)
    return MeshReport(
        len(missing), len(large) - len(missing), tuple(np.sort(ids[voxels < settings.min_voxels]).tolist())
    )


def read_mesh(location: str | Path, segment_id: int) -> Surface:
    """The mesh of a segment, from the precomputed segmentation at ``location``.

    Raises:
        GraphkitError: there is no mesh of it.
    """
    from cloudvolume import CloudVolume

    folder = Path(location)
    if not (folder / _FOLDER / f"{segment_id}:0").exists():
        raise GraphkitError(
            f"There is no mesh of segment {segment_id} at {folder}.", hint="Small segments get none: see min_voxels."
        )
    mesh = CloudVolume(folder.resolve().as_uri(), progress=False).mesh.get(int(segment_id), fuse=True)
    mesh = mesh if hasattr(mesh, "vertices") else mesh[segment_id]
    faces = np.asarray(mesh.faces, np.uint32).reshape(-1, 3)
    return Surface(int(segment_id), np.asarray(mesh.vertices, np.float32), faces)


def export_mesh(surface: Surface, path: str | Path) -> Path:
    """The file written: PLY, OBJ or GLB by the name's ending. Coordinates stay (x, y, z) in nm.

    Raises:
        GraphkitError: another ending, or the file cannot be written.
    """
    import trimesh

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in EXPORT_FORMATS:
        raise GraphkitError(f"Cannot write a mesh as {path.name!r}.", hint=f"Use one of {', '.join(EXPORT_FORMATS)}.")
    mesh = trimesh.Trimesh(surface.vertices_nm, surface.faces, process=False)
    content: Any = mesh.export(file_type=suffix[1:])
    with atomically(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return path


# -- pieces: marching cubes block by block ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Task:
    """A segment, and its pieces: the block's name, where its numbers begin in the block's file, vertices, faces."""

    segment_id: int
    pieces: tuple[tuple[str, int, int, int], ...]


def _tasks(
    labels: Volume, ids: NDArray[np.int64], settings: MeshSettings, pieces: Path, progress: Progress
) -> list[_Task]:
    """Makes the pieces of all blocks, and says which make up each of the segments ``ids`` (sorted)."""
    if not len(ids):
        return []
    with said_plainly(pieces):
        pieces.mkdir(parents=True, exist_ok=True)
    blocks = make_blocks(labels.bounds, settings.block)
    indices = []
    for at, block in enumerate(blocks):
        progress("meshing blocks", at / len(blocks))
        done = pieces / f"{block.name}.index.npy"
        if not done.exists():
            _write_pieces(pieces, block, labels)
        index = np.load(done)
        indices.append(np.column_stack([np.full(len(index), at), index]))
    progress("meshing blocks", 1.0)
    table = np.concatenate(indices)
    table = table[np.lexsort((table[:, 0], table[:, 1]))]
    tasks = []
    for segment_id in ids.tolist():
        low, high = np.searchsorted(table[:, 1], [segment_id, segment_id + 1])
        if low == high:
            raise GraphkitError(
                f"Segment {segment_id} has no voxel in {labels.location}.",
                hint="The table of segments and the segmentation must come from the same run.",
            )
        rows = ((blocks[at].name, first, n, m) for at, _, first, n, m in table[low:high].tolist())
        tasks.append(_Task(segment_id, tuple(rows)))
    return tasks


def _write_pieces(folder: Path, block: Block, labels: Volume) -> None:
    """A block's surfaces: vertices in half voxels relative to the volume's start, then faces, as int32 in one file.

    The block answers for the cubes between voxel centres whose lower corner is in its core; what lies outside the volume
    counts as background::

        padding  core ............ next block's first voxel, or padding
           └──cube──┘ ... └──cube──┘
    """
    import fastremap
    import zmesh

    bounds = labels.bounds
    box = Box(block.core.start, tuple(min(b + 1, end) for b, end in zip(block.core.stop, bounds.stop, strict=True)))  # type: ignore[arg-type]
    first = np.equal(block.core.start, bounds.start).astype(int)
    last = np.equal(block.core.stop, bounds.stop).astype(int)
    small, names = fastremap.renumber(labels.read(box), in_place=True)
    padded = np.pad(small.astype(np.uint32), np.column_stack([first, last]))
    mesher = zmesh.Mesher((1, 1, 1))
    mesher.mesh(padded.T)  # [x, y, z], so that vertices are (x, y, z) and faces outward
    # zmesh puts the first voxel's centre at 0.5; here the first voxel of `padded` begins at `origin`.
    origin = (np.subtract(box.start, bounds.start) - first)[::-1] * 2
    of = {int(local): int(name) for name, local in names.items()}
    rows, arrays, at = [], [], 0
    for local in sorted(mesher.ids(), key=lambda i: of[i]):
        mesh = mesher.get(local, normals=False, reduction_factor=0, voxel_centered=True)
        mesher.erase(local)
        vertices = np.rint(mesh.vertices * 2).astype(np.int32) + origin.astype(np.int32)
        rows.append((of[local], at, len(vertices), len(mesh.faces)))
        arrays += [vertices.ravel(), mesh.faces.astype(np.int32).ravel()]
        at += 3 * (len(vertices) + len(mesh.faces))
    with atomically(folder / f"{block.name}.npy") as file:
        np.save(file, np.concatenate([np.empty(0, np.int32), *arrays]))
    with atomically(folder / f"{block.name}.index.npy") as file:
        np.save(file, np.array(rows, np.int64).reshape(-1, 4))


# -- one segment -----------------------------------------------------------------------------------------------------


def _run(tasks: Sequence[_Task], work: Any, workers: int) -> Iterator[None]:
    if workers == 1 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, tasks, chunksize=max(1, min(16, len(tasks) // (4 * workers))))


def _make(labels: Volume, settings: MeshSettings, folder: Path, task: _Task) -> None:
    _write(folder, _welded(labels, settings, folder / _PIECES, task))


def _welded(labels: Volume, settings: MeshSettings, folder: Path, task: _Task) -> Surface:
    """The pieces as one surface, in an order of its own: by coordinates, and not by block."""
    vertices, faces, shift = [], [], 0
    for name, at, n, m in task.pieces:
        data = np.load(folder / f"{name}.npy", mmap_mode="r")
        vertices.append(np.array(data[at : at + 3 * n]).reshape(n, 3))
        faces.append(np.array(data[at + 3 * n : at + 3 * (n + m)]).reshape(m, 3).astype(np.int64) + shift)
        shift += n
    points = np.concatenate(vertices).astype(np.int64)
    low = points.min(axis=0)
    extent = points.max(axis=0) - low + 1
    keys = ((points[:, 0] - low[0]) * extent[1] + points[:, 1] - low[1]) * extent[2] + points[:, 2] - low[2]
    _, chosen, inverse = np.unique(keys, return_index=True, return_inverse=True)
    triangles = inverse[np.concatenate(faces)]
    turn = (triangles.argmin(axis=1)[:, None] + np.arange(3)) % 3  # smallest vertex first, the same way round
    triangles = np.take_along_axis(triangles, turn, axis=1)
    triangles = triangles[np.lexsort(triangles.T[::-1])]
    size = np.array(labels.voxel_size_nm[::-1])
    start = np.array(labels.bounds.start[::-1])
    local = (points[chosen] - low) / 2 * size  # near 0, where float32 is fine
    local, triangles = _simplified(local, triangles, settings, float(min(size)))
    nm = (local + (low / 2 + start) * size).astype(np.float32)
    return Surface(task.segment_id, nm, triangles.astype(np.uint32))


def _simplified(
    points: NDArray[np.float64], faces: NDArray[np.int64], settings: MeshSettings, voxel_nm: float
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    if settings.reduction == 0:
        return points, faces
    import zmesh

    mesher = zmesh.Mesher((1, 1, 1))
    mesh = mesher.simplify(
        zmesh.Mesh(points.astype(np.float32), faces.astype(np.uint32), None),
        reduction_factor=settings.reduction,
        max_error=voxel_nm if settings.max_error_nm is None else settings.max_error_nm,
    )
    return np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces)


# -- files -----------------------------------------------------------------------------------------------------------


def _mesh_folder(labels: Volume) -> Path:
    folder = Path(labels.location)
    if labels.kind != "segmentation" or not (folder / "info").is_file():
        raise GraphkitError(
            f"Meshes are written beside a local precomputed segmentation; {labels.location} is none.",
            hint="Copy the segmentation to a precomputed folder first.",
        )
    return folder / _FOLDER


def _prepare(folder: Path, labels: Volume, segments: pa.Table, settings: MeshSettings) -> None:
    """An empty folder, unless what is there was made from the same segments with the same settings."""
    rows = hashlib.sha256()
    for column in ("segment_id", "voxels"):
        rows.update(np.ascontiguousarray(segments[column].to_numpy()).tobytes())
    made_from = {
        "settings": asdict(settings),
        "bounds": [*labels.bounds.start, *labels.bounds.stop],
        "voxel_size_nm": list(labels.voxel_size_nm),
        "segments": rows.hexdigest(),
    }
    record = folder / _MADE_FROM
    if record.exists() and json.loads(record.read_text()) == made_from:
        return
    with said_plainly(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    with atomically(record) as file:
        file.write(json.dumps(made_from, indent=1).encode())


def _write(folder: Path, surface: Surface) -> None:
    """The fragment first, the manifest that makes it count last."""
    from cloudvolume import Mesh

    mesh = Mesh(surface.vertices_nm, surface.faces, segid=surface.segment_id)
    name = f"{surface.segment_id}:0"
    with atomically(folder / f"{name}:1.gz") as file:
        file.write(gzip.compress(mesh.to_precomputed(), compresslevel=6, mtime=0))
    with atomically(folder / name) as file:
        file.write(json.dumps({"fragments": [f"{name}:1"]}).encode())


def _register(labels: Volume) -> None:
    """Names the folder in the segmentation's ``info``, and gives it one of its own: Neuroglancer asks for both."""
    from cloudvolume import CloudVolume

    with said_plainly(labels.location):
        volume = CloudVolume(Path(labels.location).resolve().as_uri(), progress=False)
        if volume.info.get("mesh") != _FOLDER:
            volume.info["mesh"] = _FOLDER
            volume.commit_info()
        volume.mesh.meta.info = {"@type": "neuroglancer_legacy_mesh"}
        volume.mesh.meta.commit_info()
