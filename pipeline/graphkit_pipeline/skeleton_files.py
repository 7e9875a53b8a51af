"""What is made from the table of skeletons: cable lengths, SWC files, Neuroglancer's copy.

A table of `skeleton.skeletonize` or of a dataset: neuron_id, node, parent (-1 for a root), positions and radii in nm.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.formats.disk import atomically, said_plainly

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit_pipeline.volume import Volume

__all__ = ["cable_lengths", "write_precomputed", "write_swc"]

_FOLDER = "skeletons"


def cable_lengths(skeletons: pa.Table) -> pa.Table:
    """neuron_id and cable_length_nm (float64): the summed length of the edges of each skeleton, sorted by neuron.

    >>> import pyarrow as pa
    >>> cable_lengths(pa.table({"neuron_id": [7, 7], "node": [0, 1], "parent": [-1, 0],
    ...     "x_nm": [0, 30], "y_nm": [0, 40], "z_nm": [5, 5]})).to_pylist()
    [{'neuron_id': 7, 'cable_length_nm': 50.0}]
    """
    import pyarrow as pa

    rows = skeletons.sort_by([("neuron_id", "ascending"), ("node", "ascending")])
    owner, node, parent = (rows[c].to_numpy() for c in ("neuron_id", "node", "parent"))
    points = np.column_stack([rows[f"{a}_nm"].to_numpy() for a in "xyz"]).astype(np.float64).reshape(-1, 3)
    neurons, start, counts = np.unique(owner, return_index=True, return_counts=True)
    lengths = np.zeros(len(neurons))
    for i, (first, n) in enumerate(zip(start, counts, strict=True)):
        mine = slice(first, first + n)
        child = np.flatnonzero(parent[mine] >= 0)
        above = np.searchsorted(node[mine], parent[mine][child])
        lengths[i] = np.linalg.norm(points[mine][child] - points[mine][above], axis=1).sum()
    return pa.table({"neuron_id": neurons.astype(np.int64), "cable_length_nm": lengths})


def write_swc(skeletons: pa.Table, neuron_id: int, path: str | Path, *, unit: Literal["nm", "um"] = "nm") -> Path:
    """The SWC file of one neuron: ``id type x y z radius parent``, ids from 1 in the order of nodes, -1 for a root.

    Positions and radii are in ``unit``; the header says which. A radius that is not known is written as 0.

    Raises:
        GraphkitError: there is no skeleton of the neuron, or no such unit.
    """
    import pyarrow.compute as pc

    if unit not in ("nm", "um"):
        raise GraphkitError(f"The unit of an SWC file is 'nm' or 'um', not {unit!r}.")
    rows = skeletons.filter(pc.equal(skeletons["neuron_id"], neuron_id)).sort_by("node")
    if not len(rows):
        raise GraphkitError(f"There is no skeleton of neuron {neuron_id}.", hint="Small ones get none: see min_voxels.")
    scale, words = (1.0, "nanometres") if unit == "nm" else (0.001, "micrometres")
    lines = [f"# neuron {neuron_id}", f"# x, y, z and radius in {words}", "# id type x y z radius parent"]
    number = {int(n): i for i, n in enumerate(rows["node"].to_pylist(), start=1)}
    columns = (rows[c].to_pylist() for c in ("node", "parent", "x_nm", "y_nm", "z_nm", "radius_nm"))
    for node, parent, *values in zip(*columns, strict=True):
        numbers = " ".join(_plain((v or 0.0) * scale) for v in values)
        lines.append(f"{number[node]} 0 {numbers} {number[parent] if parent >= 0 else -1}")
    path = Path(path)
    with atomically(path) as file:
        file.write(("\n".join(lines) + "\n").encode())
    return path


def write_precomputed(skeletons: pa.Table, labels: Volume) -> int:
    """Writes the skeletons beside the precomputed segmentation ``labels``; returns how many. Ids are the neurons'.

    Raises:
        GraphkitError: ``labels`` is not a local precomputed segmentation.
    """
    from cloudvolume import CloudVolume, Skeleton

    folder = Path(labels.location)
    if labels.kind != "segmentation" or not (folder / "info").is_file():
        raise GraphkitError(
            f"Skeletons are written beside a local precomputed segmentation; {labels.location} is none.",
            hint="Copy the segmentation to a precomputed folder first.",
        )
    rows = skeletons.sort_by([("neuron_id", "ascending"), ("node", "ascending")])
    neurons, start, counts = np.unique(rows["neuron_id"].to_numpy(), return_index=True, return_counts=True)
    with said_plainly(folder):
        volume = CloudVolume(folder.resolve().as_uri(), progress=False)
        if volume.info.get("skeletons") != _FOLDER:
            volume.info["skeletons"] = _FOLDER
            volume.commit_info()
            volume = CloudVolume(folder.resolve().as_uri(), progress=False)
        radius = {"id": "radius", "data_type": "float32", "num_components": 1}
        info = {"@type": "neuroglancer_skeletons", "transform": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]}
        volume.skeleton.meta.info = {**info, "vertex_attributes": [radius]}
        (folder / _FOLDER).mkdir(exist_ok=True)
        for neuron, first, n in zip(neurons.tolist(), start.tolist(), counts.tolist(), strict=True):
            mine = rows.slice(first, n)
            node, parent = mine["node"].to_numpy(), mine["parent"].to_numpy()
            child = np.flatnonzero(parent >= 0)
            skeleton = Skeleton(
                np.column_stack([mine[f"{a}_nm"].to_numpy() for a in "xyz"]).astype(np.float32),
                np.column_stack([np.searchsorted(node, parent[child]), child]).astype(np.uint32),
                mine["radius_nm"].fill_null(0).to_numpy().astype(np.float32),
                segid=neuron,
                extra_attributes=[radius],
            )
            with atomically(folder / _FOLDER / str(neuron)) as file:
                file.write(skeleton.to_precomputed())
        for there in (folder / _FOLDER).iterdir():  # of an earlier segmentation
            if there.name.isdigit() and int(there.name) not in neurons:
                there.unlink()
        volume.skeleton.meta.commit_info()
    return len(neurons)


def _plain(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
