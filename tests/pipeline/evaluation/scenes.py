"""A small constructed scene whose truth is known: Voronoi cells as neurons, synapses across their borders, line skeletons."""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa
from graphkit_pipeline.evaluation.places import ArrayVolume
from graphkit_pipeline.evaluation.sources import Truth

LONG = 720575940621039145
SIZE = (40.0, 16.0, 16.0)
OFFSET = (3, 10, 20)


def synapse_table(
    pre_nm: np.ndarray, post_nm: np.ndarray, pre: np.ndarray, post: np.ndarray, **more: np.ndarray
) -> pa.Table:
    columns = {"pre_id": pa.array(np.asarray(pre), pa.int64()), "post_id": pa.array(np.asarray(post), pa.int64())}
    for side, points in (("pre", pre_nm), ("post", post_nm)):
        for axis, values in zip("zyx", np.asarray(points).reshape(-1, 3).T, strict=True):
            columns[f"{side}_{axis}_nm"] = pa.array(np.round(values).astype(np.int32), pa.int32())
    return pa.table({**columns, **more})


@functools.cache
def scene() -> Truth:
    """24 x 48 x 56 voxels, 14 cells with 18-digit ids and gaps of label 0, 60 synapses, a skeleton a cell."""
    rng = np.random.default_rng(5)
    shape = np.array((24, 48, 56))
    seeds = rng.random((14, 3)) * shape
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    distance = np.linalg.norm((grid[..., None, :] - seeds) * np.array(SIZE), axis=-1)
    nearest = np.sort(distance, axis=-1)
    labels = np.argmin(distance, axis=-1) + LONG
    labels[nearest[..., 1] - nearest[..., 0] < 24.0] = 0
    size, offset = np.array(SIZE), np.array(OFFSET)
    pairs = []
    while len(pairs) < 60:
        here = (rng.random(3) * (shape - np.array((0, 0, 8)))).astype(int)
        there = here + np.array((0, 0, 7))
        a, b = labels[tuple(here)], labels[tuple(there)]
        if a and b and a != b:
            pairs.append((here, there, a, b))
    synapses = synapse_table(
        np.array([(p[0] + offset + 0.5) * size for p in pairs]),
        np.array([(p[1] + offset + 0.5) * size for p in pairs]),
        np.array([p[2] for p in pairs]),
        np.array([p[3] for p in pairs]),
        size=pa.array(np.arange(1, 61)),
    )
    nodes = []
    for neuron in np.unique(labels[labels != 0]).tolist():
        line = np.argwhere(labels == neuron)
        row = line[(line[:, :2] == line[len(line) // 2, :2]).all(axis=1)]
        nodes += [(neuron, k, k - 1, *((v + offset + 0.5) * size)) for k, v in enumerate(row)]
    table = np.array([n[3:] for n in nodes])
    skeletons = pa.table(
        {
            "neuron_id": pa.array([n[0] for n in nodes], pa.int64()),
            "node": pa.array([n[1] for n in nodes], pa.int64()),
            "parent": pa.array([n[2] for n in nodes], pa.int64()),
            **{f"{a}_nm": pa.array(table[:, k].round().astype(np.int32)) for k, a in enumerate("zyx")},
        }
    )
    image = np.where(labels == 0, 60, 170).astype(np.uint8) + rng.integers(0, 30, labels.shape, dtype=np.uint8)
    return Truth(
        name="scene",
        image=ArrayVolume(image, SIZE, OFFSET),
        segments=ArrayVolume(labels, SIZE, OFFSET),
        synapses=synapses,
        skeletons=skeletons,
    )
