"""Skeletons of neurons: trees of points with radii, from the segmentation, as a table, as SWC, and for Neuroglancer.

    segmentation ── neuron by neuron: its box ── TEASAR (kimimaro) ── tree, rooted ── short tips cut ──> table `skeletons`

A skeleton is a forest: one tree for each separate part of the neuron that has ``min_voxels`` voxels, and no cycle. Nodes are
numbered from 0, parents before children; the root of a tree is its thickest point (the soma, where there is one). Nodes lie
at centres of voxels: (v + 0.5) * voxel_size_nm, in whole nm. ``radius_nm`` is the distance from there to the centre
of the nearest voxel outside the neuron, half a voxel more than to its border.

Every neuron of ``min_voxels`` voxels or more gets a skeleton, if only a single node; the others are listed.

Each neuron is traced in its own box, so that memory is bounded by the largest box and the result depends neither on the
other neurons nor on the number of workers. The estimate is checked before anything is read.

TEASAR: Sato et al. 2000, Proc. Pacific Graphics. kimimaro is GPL and is imported here only.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit.schema import TABLES
from graphkit_pipeline.blocks import Box

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from graphkit_pipeline.volume import Volume

__all__ = ["SkeletonReport", "SkeletonSettings", "skeletonize"]

_STAGE = "skeletons"
_FOLDER = "skeletons"
_BYTES_PER_VOXEL = 40
"""Peak memory a voxel of a neuron's box: labels as int64, its mask, distances and costs as float32, kimimaro's copies."""


@dataclass(frozen=True, slots=True)
class SkeletonSettings:
    """How a neuron becomes a tree.

    Attributes:
        scale, const_nm: a traced path swallows what lies within scale * radius + const_nm of it; smaller values give more
            side branches.
        min_voxels: smaller neurons, and smaller separate parts of a neuron, get no skeleton.
        tick_nm: ends shorter than this, from their branch point, are cut; 0 keeps all.
        soma_nm: where the radius is larger than this, a soma is looked for and traced as a whole.
        memory_gb: the largest box of a neuron must fit (about 40 bytes a voxel).
    """

    scale: float = 1.5
    const_nm: float = 300.0
    min_voxels: int = 100
    tick_nm: float = 0.0
    soma_nm: float = 1100.0
    memory_gb: float = 8.0

    def __post_init__(self) -> None:
        for name in ("scale", "const_nm", "tick_nm", "soma_nm"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise GraphkitError(f"skeleton {name} must be a finite number of 0 or more, got {value!r}.")
        if isinstance(self.min_voxels, bool) or not isinstance(self.min_voxels, int) or self.min_voxels < 1:
            raise GraphkitError(f"skeleton min_voxels must be a whole number of 1 or more, got {self.min_voxels!r}.")
        if not self.memory_gb > 0:
            raise GraphkitError(f"skeleton memory_gb must be above 0, got {self.memory_gb!r}.")


@dataclass(frozen=True, slots=True)
class SkeletonReport:
    """The table ``skeletons``, sorted by neuron and node, and the neurons that are too small to have one."""

    skeletons: pa.Table
    small: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Task:
    neuron_id: int
    segments: tuple[int, ...]
    box: Box


def skeletonize(
    labels: Volume,
    segments: pa.Table,
    *,
    segment_to_neuron: pa.Table | None = None,
    settings: SkeletonSettings | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> SkeletonReport:
    """The skeletons of all neurons, and those too small for one.

    Args:
        labels: a segmentation.
        segments: its table of segments, with voxels and bounding boxes (``Reconciliation.segments``).
        segment_to_neuron: which neuron each belongs to; without it each is a neuron of its own.
        workers: processes; 1 works in this one. The result does not depend on it.

    Raises:
        GraphkitError: the box of a neuron does not fit in memory, or the table does not belong to the segmentation.
    """
    settings = settings or SkeletonSettings()
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise GraphkitError(f"workers must be a whole number of 1 or more, got {workers!r}.")
    tasks, small = _tasks(labels, segments, segment_to_neuron, settings)
    _check_memory(tasks, settings, workers)
    parts = []
    for at, rows in enumerate(_run(tasks, partial(_neuron_rows, labels, settings), workers), start=1):
        parts.append(rows)
        progress(_STAGE, at / len(tasks))
    return SkeletonReport(_table(parts), tuple(small))


# -- which neurons, and where ----------------------------------------------------------------------------------------


def _tasks(
    labels: Volume, segments: pa.Table, mapping: pa.Table | None, settings: SkeletonSettings
) -> tuple[list[_Task], list[int]]:
    """The neurons with their segments and a box with one voxel to spare; and those below ``min_voxels``."""
    ids, voxels = (segments[c].to_numpy() for c in ("segment_id", "voxels"))
    size, begin, end = (np.asarray(v) for v in (labels.voxel_size_nm, labels.bounds.start, labels.bounds.stop))
    corners = {e: np.column_stack([segments[f"{e}_{a}_nm"].to_numpy() for a in "zyx"]) for e in ("min", "max")}
    low = np.maximum(np.floor(corners["min"] / size).astype(np.int64) - 1, begin)
    high = np.minimum(np.ceil(corners["max"] / size).astype(np.int64) + 1, end)
    owner = ids if mapping is None else _owners(ids, mapping)
    order = np.lexsort((ids, owner))
    order = order[owner[order] > 0]
    neurons, first = np.unique(owner[order], return_index=True)
    tasks, small = [], []
    for neuron, rows in zip(neurons.tolist(), np.split(order, first)[1:], strict=True):
        if voxels[rows].sum() < settings.min_voxels:
            small.append(neuron)
            continue
        box = Box(tuple(low[rows].min(axis=0).tolist()), tuple(high[rows].max(axis=0).tolist()))
        tasks.append(_Task(neuron, tuple(ids[rows].tolist()), box))
    return tasks, small


def _owners(ids: NDArray[np.int64], mapping: pa.Table) -> NDArray[np.int64]:
    """The neuron of each segment; 0 where it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    at = pc.index_in(pa.array(ids), mapping["segment_id"].combine_chunks())
    owners: NDArray[np.int64] = mapping["neuron_id"].combine_chunks().take(at).fill_null(0).to_numpy()
    return owners


def _check_memory(tasks: Sequence[_Task], settings: SkeletonSettings, workers: int) -> None:
    largest = max(tasks, key=lambda t: t.box.voxels, default=None)
    needed = largest.box.voxels * _BYTES_PER_VOXEL * min(workers, len(tasks)) / 1e9 if largest else 0.0
    if largest and needed > settings.memory_gb:
        raise GraphkitError(
            f"Neuron {largest.neuron_id} fills a box of {largest.box.shape} voxels [z, y, x]; {workers} of this size take "
            f"{needed:.1f} GB, and skeleton memory_gb is {settings.memory_gb:g}.",
            hint="Allow more memory, use fewer workers, or make skeletons of a coarser copy of the segmentation.",
        )


def _run(tasks: Sequence[_Task], work: Any, workers: int) -> Iterator[dict[str, NDArray[Any]]]:
    if workers == 1 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, tasks, chunksize=max(1, min(16, len(tasks) // (4 * workers))))


# -- one neuron ------------------------------------------------------------------------------------------------------


def _neuron_rows(labels: Volume, settings: SkeletonSettings, task: _Task) -> dict[str, NDArray[Any]]:
    """Columns of one neuron's rows."""
    found = labels.read(task.box)
    mask = found == task.segments[0] if len(task.segments) == 1 else np.isin(found, task.segments)
    del found
    if not mask.any():
        raise GraphkitError(
            f"Neuron {task.neuron_id} has no voxel in {labels.location} at {task.box}.",
            hint="The table of segments and the segmentation must come from the same run.",
        )
    nodes, radius_nm, parents = _rooted(*_trace(mask, labels.voxel_size_nm, settings), labels.voxel_size_nm, settings)
    position = np.rint((nodes + task.box.start + 0.5) * labels.voxel_size_nm).astype(np.int32)
    n = len(nodes)
    return {
        "neuron_id": np.full(n, task.neuron_id, np.int64),
        "node": np.arange(n, dtype=np.int64),
        "parent": parents,
        "x_nm": position[:, 2],
        "y_nm": position[:, 1],
        "z_nm": position[:, 0],
        "radius_nm": radius_nm,
    }


def _trace(
    mask: NDArray[np.bool_], size_nm: Sequence[float], settings: SkeletonSettings
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """kimimaro's skeletons of the mask's parts as one graph; a single node where it gives nothing.

    Nodes [n, (z, y, x)] in voxels of the mask, their radii [n] in nm, edges [m, 2] of node numbers.
    """
    import cc3d
    import kimimaro

    parts, n = cc3d.connected_components(mask, connectivity=26, return_N=True)
    voxels = np.bincount(parts.ravel(), minlength=n + 1)
    voxels[0] = 0
    wanted = np.flatnonzero(voxels >= settings.min_voxels)
    wanted = wanted if len(wanted) else np.array([voxels.argmax()])  # all in small parts: the largest stands for them
    kept = np.where(np.isin(parts, wanted), parts, 0).astype(np.uint32)
    found = kimimaro.skeletonize(
        kept,
        anisotropy=tuple(size_nm),
        teasar_params={
            "scale": settings.scale,
            "const": settings.const_nm,
            "pdrf_scale": 100000,
            "pdrf_exponent": 4,
            "soma_detection_threshold": settings.soma_nm,
            "soma_acceptance_threshold": settings.soma_nm,
            "soma_invalidation_scale": 1.0,
            "soma_invalidation_const": 0,
        },
        dust_threshold=0,
        fix_borders=False,
        progress=False,
        parallel=1,
    )
    nodes, edges, radii, shift = [], [], [], 0
    for part in wanted.tolist():
        skeleton = found.get(part)
        if skeleton is None or not len(skeleton.vertices):
            place, radius = _thickest(kept == part, size_nm)
            nodes.append(place[None])
            radii.append(np.array([radius], np.float32))
            edges.append(np.empty((0, 2), np.int64))
        else:
            # kimimaro gives voxel numbers times their size; back to whole voxels, whose centres are the positions.
            nodes.append(np.rint(skeleton.vertices / np.asarray(size_nm)).astype(np.int64))
            radii.append(skeleton.radius.astype(np.float32))
            edges.append(skeleton.edges.astype(np.int64) + shift)
        shift += len(nodes[-1])
    return np.concatenate(nodes), np.concatenate(radii), np.concatenate(edges)


def _thickest(mask: NDArray[np.bool_], size_nm: Sequence[float]) -> tuple[NDArray[np.int64], float]:
    import edt

    depth = edt.edt(mask, anisotropy=tuple(size_nm), black_border=True, parallel=1)
    place = np.array(np.unravel_index(int(depth.argmax()), mask.shape), np.int64)
    return place, float(depth.max())


def _rooted(
    nodes: NDArray[np.int64],
    radius_nm: NDArray[np.float32],
    edges: NDArray[np.int64],
    size_nm: Sequence[float],
    settings: SkeletonSettings,
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """The graph as a forest: nodes and radii, ticks cut, in depth-first order from the thickest, and parents [n].

    It is the minimum spanning forest, which drops the longest edge of whatever cycle there may be.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    n = len(nodes)
    order = np.lexsort(nodes.T[::-1])  # by z, y, x: what comes next does not depend on kimimaro's order
    number = np.empty(n, np.int64)
    number[order] = np.arange(n)
    nodes, radius = nodes[order], radius_nm[order]
    ends = np.unique(np.sort(number[edges], axis=1), axis=0).reshape(-1, 2)
    ends = ends[ends[:, 0] != ends[:, 1]]
    lengths = np.linalg.norm((nodes[ends[:, 0]] - nodes[ends[:, 1]]) * np.asarray(size_nm), axis=1)
    tree = minimum_spanning_tree(coo_array((lengths, (ends[:, 0], ends[:, 1])), (n, n)).tocsr()).tocoo()
    near: list[dict[int, float]] = [{} for _ in range(n)]
    for a, b, length in zip(tree.row.tolist(), tree.col.tolist(), tree.data.tolist(), strict=True):
        near[a][b] = near[b][a] = length
    alive = _without_ticks(near, settings.tick_nm)
    chosen: list[int] = []
    parents: list[int] = []
    seen = np.zeros(n, bool)
    for root in sorted(alive, key=lambda i: (-radius[i], i)):
        stack = [(root, -1)] if not seen[root] else []
        while stack:
            at, parent = stack.pop()
            seen[at] = True
            mine = len(chosen)
            chosen.append(at)
            parents.append(parent)
            stack += [(other, mine) for other in sorted(near[at], reverse=True) if not seen[other]]
    return nodes[chosen], radius[chosen], np.array(parents, np.int64)


def _without_ticks(near: list[dict[int, float]], tick_nm: float) -> list[int]:
    """Cuts ends shorter than ``tick_nm`` from their branch point, the shortest first; returns the nodes that stay.

    ``near`` is changed. A path without a branch point is no tick: no tree is ever lost.
    """
    gone: set[int] = set()
    while tick_nm > 0:
        ticks = sorted(t for i, others in enumerate(near) if len(others) == 1 and (t := _end(near, i))[0] < tick_nm)
        if not ticks:
            break
        # Only the shortest: once it is cut its branch point may be none, and its neighbour no tick.
        _, path, branch = ticks[0]
        gone.update(path)
        del near[branch][path[-1]]
        for i in path:
            near[i].clear()
    return [i for i in range(len(near)) if i not in gone]


def _end(near: list[dict[int, float]], leaf: int) -> tuple[float, tuple[int, ...], int]:
    """The length of a leaf's path to its branch point, its nodes, and that point; infinite where there is none."""
    path, length, before, at = [leaf], 0.0, -1, leaf
    while True:
        step = next((i for i in near[at] if i != before), None)
        if step is None:
            return float("inf"), tuple(path), -1
        length += near[at][step]
        if len(near[step]) > 2:
            return length, tuple(path), step
        before, at = at, step
        path.append(at)


def _table(parts: Iterable[dict[str, NDArray[Any]]]) -> pa.Table:
    import pyarrow as pa

    schema = TABLES["skeletons"].schema
    tables = [schema.empty_table()]
    for columns in parts:
        arrays = [columns[f.name] if f.name in columns else pa.nulls(len(columns["node"]), f.type) for f in schema]
        tables.append(pa.table(arrays, schema=schema))
    return pa.concat_tables(tables).combine_chunks()
