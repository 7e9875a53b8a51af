"""The ground truth as tables, in the columns of ``graphkit.schema``.

Positions are integer nm of global voxel centres, (index + 0.5) x voxel size; a synapse lies in the leaf region of its
postsynaptic point; its size is in voxels of cleft.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.schema import TABLES
from graphkit_pipeline.tissue import growth
from graphkit_pipeline.tissue.growth import Forest
from graphkit_pipeline.tissue.settings import TissueSettings
from graphkit_pipeline.tissue.synapses import Partner

__all__ = ["neurons_table", "regions_table", "segments_table", "skeletons_table", "synapses_table"]

_COMPARTMENTS = ("soma", "dendrite", "axon", "axon", "dendrite", "dendrite")
_NODE_NM = 80.0
"""Skeleton nodes are kept about so far apart."""


def regions_table(settings: TissueSettings) -> pa.Table:
    """Region 1, ``neuropil``, is the whole volume; its leaves ``layer1`` ... are slabs along x."""
    low = [o * s for o, s in zip(settings.offset, settings.voxel_size_nm, strict=True)]
    high = [(o + n) * s for o, n, s in zip(settings.offset, settings.shape, settings.voxel_size_nm, strict=True)]
    cuts = _cuts(settings)
    boxes: list[tuple[int, str, int | None, float, float]] = [(1, "neuropil", None, low[2], high[2])]
    boxes += [(n + 2, f"layer{n + 1}", 1, cuts[n], cuts[n + 1]) for n in range(settings.regions)]
    return _table(
        "regions",
        {
            "region_id": [box[0] for box in boxes],
            "name": [box[1] for box in boxes],
            "parent_id": [box[2] for box in boxes],
            "min_x_nm": [round(box[3]) for box in boxes],
            "min_y_nm": [round(low[1])] * len(boxes),
            "min_z_nm": [round(low[0])] * len(boxes),
            "max_x_nm": [round(box[4]) for box in boxes],
            "max_y_nm": [round(high[1])] * len(boxes),
            "max_z_nm": [round(high[0])] * len(boxes),
            "box": [True] * len(boxes),
        },
    )


def synapses_table(settings: TissueSettings, pairs: list[Partner]) -> pa.Table:
    """One row a pair; ids from 1 in the order of placement; columns as in the schema, those that are known."""
    pre = _nm(settings, np.array([pair.pre_point for pair in pairs], np.int64).reshape(-1, 3))
    post = _nm(settings, np.array([pair.post_point for pair in pairs], np.int64).reshape(-1, 3))
    inner = np.array(_cuts(settings)[1:-1])
    return _table(
        "synapses",
        {
            "synapse_id": np.arange(1, len(pairs) + 1),
            "pre_id": np.array([pair.pre for pair in pairs], np.int64),
            "post_id": np.array([pair.post for pair in pairs], np.int64),
            "pre_x_nm": pre[:, 2],
            "pre_y_nm": pre[:, 1],
            "pre_z_nm": pre[:, 0],
            "post_x_nm": post[:, 2],
            "post_y_nm": post[:, 1],
            "post_z_nm": post[:, 0],
            "size": np.array([pair.voxels for pair in pairs], np.int64),
            "region_id": 2 + np.searchsorted(inner, post[:, 2], side="right"),
            "kind": ["chemical"] * len(pairs),
            "pre_site_id": np.array([pair.site for pair in pairs], np.int64),
            "pre_segment_id": np.array([pair.pre for pair in pairs], np.int64),
            "post_segment_id": np.array([pair.post for pair in pairs], np.int64),
        },
    )


def neurons_table(
    settings: TissueSettings, forest: Forest, segments: NDArray[np.int64], skeletons: pa.Table, pairs: list[Partner]
) -> pa.Table:
    """One row a neuron, id 1 ...: type, soma, totals, cable length and volume; complete = touches no face."""
    count = forest.neurons
    faces = np.unique(
        np.concatenate([np.take(segments, side, axis=axis).ravel() for axis in range(3) for side in (0, -1)])
    )
    soma = np.full((count, 3), -1, np.int64)
    for root in np.flatnonzero(forest.kind[: forest.count] == growth.SOMA).tolist():
        soma[forest.neuron[root]] = (forest.position[root] / forest.size_nm).astype(np.int64)
    at = _nm(settings, soma)
    has_soma = soma[:, 0] >= 0
    edges = [(pair.pre, pair.post) for pair in pairs]
    partners: list[set[int]] = [set() for _ in range(count + 1)]
    for pre, post in edges:
        partners[pre].add(post)
        partners[post].add(pre)
    return _table(
        "neurons",
        {
            "neuron_id": np.arange(1, count + 1),
            "type": forest.types,
            "soma_x_nm": pa.array(at[:, 2], mask=~has_soma),
            "soma_y_nm": pa.array(at[:, 1], mask=~has_soma),
            "soma_z_nm": pa.array(at[:, 0], mask=~has_soma),
            "complete": ~np.isin(np.arange(1, count + 1), faces),
            "inputs": np.bincount([post for _, post in edges], minlength=count + 1)[1:],
            "outputs": np.bincount([pre for pre, _ in edges], minlength=count + 1)[1:],
            "partners": [len(found) for found in partners[1:]],
            "cable_length_nm": _cable(skeletons, count),
            "volume_nm3": np.bincount(segments.ravel(), minlength=count + 1)[1:].astype(np.float64)
            * float(np.prod(forest.size_nm)),
        },
    )


def segments_table(segments: NDArray[np.int64], settings: TissueSettings) -> pa.Table:
    """One row a segment: voxels and bounding box in nm (upper corner exclusive)."""
    from scipy import ndimage

    boxes = ndimage.find_objects(segments)
    voxels = np.bincount(segments.ravel(), minlength=len(boxes) + 1)[1:]
    ids = np.flatnonzero(voxels) + 1
    columns: dict[str, object] = {"segment_id": ids, "voxels": voxels[ids - 1]}
    for axis, name in enumerate("zyx"):
        start, size = settings.offset[axis], settings.voxel_size_nm[axis]
        for side, corner in (("min", "start"), ("max", "stop")):
            edges = np.array([getattr(boxes[label - 1][axis], corner) for label in ids.tolist()], np.int64)
            columns[f"{side}_{name}_nm"] = np.rint((edges + start) * size).astype(np.int64)
    return _table("segments", columns)


def skeletons_table(settings: TissueSettings, forest: Forest) -> pa.Table:
    """The grown trees: roots, forks, tips and a node about every 80 nm; parents have lower node numbers."""
    count = forest.count
    parent = forest.parent[:count].astype(np.int64)
    children = np.bincount(parent[parent >= 0], minlength=count)
    every = max(1, round(_NODE_NM / forest.step_nm))
    first = np.searchsorted(forest.neuron[:count], forest.neuron[:count])
    number = np.arange(count) - first
    # A fork is a node with two children; its own number in the path does not matter.
    keep = (parent < 0) | (children != 1) | (number % every == 0)
    ancestor = parent.copy()
    for node in range(count):  # parents come first, so one pass finds the nearest kept ancestor
        above = ancestor[node]
        if above >= 0 and not keep[above]:
            ancestor[node] = ancestor[above]
    kept = np.flatnonzero(keep)
    position = _nm(settings, np.minimum((forest.position[kept] / forest.size_nm).astype(np.int64), _last(settings)))
    return _table(
        "skeletons",
        {
            "neuron_id": forest.neuron[kept].astype(np.int64) + 1,
            "node": number[kept],
            "parent": np.where(ancestor[kept] < 0, -1, number[ancestor[kept]]),
            "x_nm": position[:, 2],
            "y_nm": position[:, 1],
            "z_nm": position[:, 0],
            "radius_nm": forest.radius[kept].astype(np.float32),
            "compartment": [_COMPARTMENTS[kind] for kind in forest.kind[kept].tolist()],
        },
    )


def _cable(skeletons: pa.Table, neurons: int) -> NDArray[np.float64]:
    ids, nodes, parents = (skeletons[name].to_numpy() for name in ("neuron_id", "node", "parent"))
    points = np.stack([skeletons[f"{axis}_nm"].to_numpy() for axis in "xyz"], axis=1).astype(np.float64)
    key = ids * (1 << 32) + nodes  # ascending: the table is sorted by neuron and node
    child = np.flatnonzero(parents >= 0)
    above = np.searchsorted(key, ids[child] * (1 << 32) + parents[child])
    lengths = np.sqrt(((points[child] - points[above]) ** 2).sum(axis=1))
    cable: NDArray[np.float64] = np.bincount(ids[child], weights=lengths, minlength=neurons + 1)[1:].astype(np.float64)
    return cable


def _cuts(settings: TissueSettings) -> list[float]:
    """Bounds of the leaf regions along x, nm: whole voxels."""
    start, length, size = settings.offset[2], settings.shape[2], settings.voxel_size_nm[2]
    return [float(round((start + length * n // settings.regions) * size)) for n in range(settings.regions + 1)]


def _last(settings: TissueSettings) -> NDArray[np.int64]:
    return np.array(settings.shape, np.int64) - 1


def _nm(settings: TissueSettings, voxels: NDArray[np.int64]) -> NDArray[np.int64]:
    exact = (voxels + np.array(settings.offset) + 0.5) * np.array(settings.voxel_size_nm)
    rounded: NDArray[np.int64] = np.rint(exact).astype(np.int64)
    return rounded


def _table(name: str, columns: dict[str, object]) -> pa.Table:
    schema = TABLES[name].schema
    fields = [schema.field(column) for column in schema.names if column in columns]
    return pa.table(
        [
            value.cast(f.type) if isinstance(value := columns[f.name], pa.Array) else pa.array(value, type=f.type)
            for f in fields
        ],
        schema=pa.schema(fields),
    )
