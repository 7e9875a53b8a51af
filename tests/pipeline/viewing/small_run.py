"""A small run written by CloudVolume and zmesh, its truth known: what the tests of the view look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from graphkit_pipeline.view import View

from graphkit.writer import DatasetWriter

FIRST_ID = 720575940621039145  # a float, as JSON's numbers are in a browser, would lose its last digits
SHAPE = (72, 96, 112)  # z, y, x
OFFSET = (8, 16, 24)  # z, y, x
VOXEL_NM = (20, 16, 16)  # z, y, x


@dataclass(frozen=True)
class Tissue:
    """Wavy neurites side by side, with dark membranes, synapses where they touch, and the lines they were grown from."""

    image: np.ndarray
    labels: np.ndarray  # 1.. [z, y, x]
    clefts: np.ndarray
    lines: list[np.ndarray]  # points [n, 3] z, y, x in voxels of the array
    pre: np.ndarray  # [s, 3] z, y, x
    post: np.ndarray
    pairs: np.ndarray  # [s, 2] labels


def grow() -> Tissue:
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    chance = np.random.default_rng(5)
    z, y, x = SHAPE
    lines = []
    for i in range(14):
        t = np.linspace(0, 1, 160)
        wave = [
            a * np.sin(2 * np.pi * (f * t + p))
            for a, f, p in zip((7, 9, 9), chance.uniform(0.5, 1.5, 3), chance.random(3), strict=True)
        ]
        begin = chance.uniform((0.1 * z, 0.1 * y, 0.1 * x), (0.9 * z, 0.9 * y, 0.9 * x))
        line = np.stack([begin[0] + wave[0], begin[1] + wave[1], t * (x - 1)], axis=1)
        if i % 3 == 1:
            line = np.stack([begin[0] + wave[0], t * (y - 1), begin[2] + wave[2]], axis=1)
        lines.append(np.clip(line, 0, np.array(SHAPE) - 1))
    owner = np.zeros(SHAPE, dtype=np.int64)
    for label, line in enumerate(lines, start=1):
        owner[tuple(line.round().astype(int).T)] = label
    distance, nearest = distance_transform_edt(owner == 0, return_indices=True)
    labels = np.where(distance < 13, owner[tuple(nearest)], 0)
    edge = np.zeros(SHAPE, dtype=bool)
    for axis in range(3):
        step = np.diff(labels, axis=axis) != 0
        cut = [slice(None)] * 3
        cut[axis] = slice(0, -1)
        edge[tuple(cut)] |= step
    membrane = gaussian_filter(edge.astype(np.float32), 0.8)
    grey = 175 - 210 * membrane + gaussian_filter(chance.normal(0, 40, SHAPE), 1.0)
    inside = np.where(edge, 0, labels)  # extracellular space belongs to nobody
    clefts = np.zeros(SHAPE, dtype=np.int64)
    pre, post, pairs = [], [], []
    touching = np.argwhere((labels[:, :, :-1] > 0) & (labels[:, :, 1:] > 0) & (labels[:, :, :-1] != labels[:, :, 1:]))
    for spot in chance.permutation(touching):
        if len(pre) == 24:
            break
        if (
            any(np.abs(spot - other).max() < 8 for other in pre)
            or (spot < 6).any()
            or (spot > np.array(SHAPE) - 8).any()
        ):
            continue
        before, after = spot - (0, 0, 4), spot - (0, 0, -5)
        pair = labels[tuple(before)], labels[tuple(after)]
        if 0 in pair or pair[0] == pair[1]:
            continue
        pre.append(before)
        post.append(after)
        pairs.append(pair)
        near = sum((axis - at) ** 2 for axis, at in zip(np.ogrid[:z, :y, :x], spot, strict=True)) < 16
        clefts[near & (membrane > 0.2)] = len(pre)
    grey[clefts > 0] -= 40
    image = np.clip(grey, 0, 255).astype(np.uint8)
    return Tissue(image, inside, clefts, lines, np.array(pre), np.array(post), np.array(pairs))


def write_precomputed(folder: Path, array: np.ndarray, kind: str, dtype: str, **info: Any) -> Any:
    """CloudVolume's own writing, [z, y, x] given; returns the CloudVolume."""
    from cloudvolume import CloudVolume

    about = CloudVolume.create_new_info(
        num_channels=1,
        layer_type=kind,
        data_type=dtype,
        encoding="compressed_segmentation" if kind == "segmentation" else "raw",
        resolution=VOXEL_NM[::-1],
        voxel_offset=OFFSET[::-1],
        chunk_size=(64, 64, 64),
        volume_size=SHAPE[::-1],
        **info,
    )
    volume = CloudVolume(f"file://{folder}", info=about, progress=False)
    volume.commit_info()
    volume[:] = array.T.astype(dtype)[..., None]
    return volume


def write_meshes_and_skeletons(volume: Any, tissue: Tissue) -> None:
    import zmesh
    from cloudvolume import Mesh, Skeleton

    # Neuroglancer refuses a skeleton with CloudVolume's standard attribute of 8 bits.
    attributes = volume.skeleton.meta.info["vertex_attributes"]
    volume.skeleton.meta.info["vertex_attributes"] = [a for a in attributes if a["data_type"] == "float32"]
    volume.mesh.meta.commit_info()
    volume.skeleton.meta.commit_info()
    corner = np.array(OFFSET[::-1]) * VOXEL_NM[::-1]
    mesher = zmesh.Mesher(VOXEL_NM[::-1])
    mesher.mesh(np.pad(tissue.labels.T, 1).astype(np.uint32))  # padded: closed where the volume ends
    for label in mesher.ids():
        found = mesher.get(label, reduction_factor=0)
        volume.mesh.put(Mesh(found.vertices + corner - VOXEL_NM[::-1], found.faces, None, segid=FIRST_ID + int(label)))
    skeletons = []
    for label, line in enumerate(tissue.lines, start=1):
        nodes = (line[:, ::-1] + np.array(OFFSET[::-1]) + 0.5) * VOXEL_NM[::-1]
        edges = np.stack([np.arange(len(line) - 1), np.arange(1, len(line))], axis=1)
        skeletons.append(
            Skeleton(
                nodes,
                edges,
                radii=np.full(len(nodes), 50, dtype=np.float32),
                segid=FIRST_ID + label,
                extra_attributes=volume.skeleton.meta.info["vertex_attributes"],
            )
        )
    volume.skeleton.upload(skeletons)


def write_dataset(folder: Path, tissue: Tissue, *, places: bool = True) -> None:
    n = len(tissue.pairs)
    columns: dict[str, Any] = {"synapse_id": np.arange(1, n + 1), "kind": ["chemical"] * n}
    for side, points, labels in (("pre", tissue.pre, tissue.pairs[:, 0]), ("post", tissue.post, tissue.pairs[:, 1])):
        columns[f"{side}_id"] = columns[f"{side}_segment_id"] = FIRST_ID + labels
        for axis, name in enumerate("zyx"):
            nm = ((points[:, axis] + OFFSET[axis] + 0.5) * VOXEL_NM[axis]).round().astype(np.int32)
            columns[f"{side}_{name}_nm"] = nm if places else pa.nulls(n, pa.int32())
    columns["score"] = np.linspace(0.5, 1, n).astype(np.float32)
    columns["size"] = np.arange(n) + 30
    ids, voxels = np.unique(tissue.labels[tissue.labels > 0], return_counts=True)
    with DatasetWriter(folder, create=True, name="small") as writer:
        writer.add("synapses", pa.table(columns))
        writer.add(
            "segments",
            pa.table(
                {
                    "segment_id": FIRST_ID + ids,
                    "voxels": voxels,
                    **{f"{end}_{axis}_nm": pa.nulls(len(ids), pa.int32()) for end in ("min", "max") for axis in "xyz"},
                }
            ),
        )
        writer.commit({"command": "test"})


def data_of(view: View) -> str:
    return view.state_url.removesuffix("/state.json")
