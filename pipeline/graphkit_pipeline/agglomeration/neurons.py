"""From decisions about pairs of segments to neurons: which decisions count is a threshold, chosen afterwards.

    segmentation ──AgglomerateJob──> decisions (one row each, with its score) ──threshold──> segment_to_neuron

The decisions are dear, as the network is asked; joining is a union of the pairs whose score reaches the threshold, and takes
moments. A neuron has the id of its smallest segment. Ids are int64, positions in nm.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.schema import TABLES
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.engine import read_block

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "COLUMNS",
    "decisions_of",
    "joining",
    "neurons_of_segments",
    "of_neurons",
]

COLUMNS = {
    "segment_a": "int64",
    "segment_b": "int64",
    "z_nm": "int32",
    "y_nm": "int32",
    "x_nm": "int32",
    "score": "float64",
    "iou": "float64",
    "own_a": "float64",
    "own_b": "float64",
    "a_from_b": "float64",
    "b_from_a": "float64",
    "deleted": "float64",
    "contact_nm2": "float64",
    "gap_nm": "float64",
    "moves": "int64",
    "block": "int64",
}
"""The columns of tables/agglomeration.parquet."""


def decisions_of(folder: str | Path, blocks: Iterable[Block]) -> pa.Table:
    """The decisions of all blocks, sorted by (segment_a, segment_b, position).

    Raises:
        GraphkitError: a block's file is missing or damaged.
    """
    import pyarrow as pa

    columns: dict[str, list[NDArray[Any]]] = {name: [np.zeros(0, dtype)] for name, dtype in COLUMNS.items()}
    for block in blocks:
        arrays = read_block(Path(folder), block)
        arrays["block"] = np.full(len(arrays["segment_a"]), block.index, np.int64)
        for name, found in columns.items():
            found.append(arrays[name].astype(COLUMNS[name]))
    table = pa.table({name: np.concatenate(found) for name, found in columns.items()})
    return table.sort_by([(name, "ascending") for name in ("segment_a", "segment_b", "z_nm", "y_nm", "x_nm", "block")])


def neurons_of_segments(
    segments: pa.Table, decisions: pa.Table | None, threshold: float, deleted: float = 1.0
) -> pa.Table:
    """``segment_to_neuron``: segments joined by the decisions of at least ``threshold``, in the order of ``segments``.

    Decisions whose fills gave up more than the share ``deleted`` do not count. Without decisions each segment is a neuron of its
    own.

    Raises:
        GraphkitError: a threshold that is not a number from 0 to 1, or a decision about a segment that is not there.
    """
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not 0 < threshold <= 1:
        raise GraphkitError(f"The threshold of agglomeration must be above 0 and up to 1, got {threshold!r}.")
    ids = segments["segment_id"].to_numpy().astype(np.int64)
    if decisions is None:
        return pa.table([ids, ids], schema=TABLES["segment_to_neuron"].schema)
    order = np.argsort(ids)
    joined = joining(decisions, threshold, deleted)
    ends = []
    for side in ("segment_a", "segment_b"):
        asked = decisions[side].to_numpy().astype(np.int64)[joined]
        at = np.searchsorted(ids[order], asked).clip(0, max(len(ids) - 1, 0))
        unknown = asked if not len(ids) else asked[ids[order][at] != asked]
        if len(unknown):
            raise GraphkitError(
                f"A decision names the segment {unknown[0]}, which is not in the table of segments.",
                hint="The segmentation was made anew since: do the stage agglomerate again.",
            )
        ends.append(order[at] if len(ids) else at)
    n = len(ids)
    edges = coo_array((np.ones(len(ends[0]), bool), (ends[0], ends[1])), (n, n))
    group = connected_components(edges, directed=False)[1] if n else np.zeros(0, np.int64)
    smallest = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(smallest, group, ids)
    return pa.table([ids, smallest[group]], schema=TABLES["segment_to_neuron"].schema)


def joining(decisions: pa.Table, threshold: float, deleted: float) -> NDArray[np.bool_]:
    """Which decisions join."""
    return np.asarray((decisions["score"].to_numpy() >= threshold) & (decisions["deleted"].to_numpy() <= deleted))


def of_neurons(skeletons: pa.Table, mapping: pa.Table) -> pa.Table:
    """Skeletons of segments (``neuron_id`` is the segment's id) as skeletons of neurons: several roots where several were joined.

    Nodes are numbered 0, 1, ... within a neuron, segment after segment.
    """
    import pyarrow as pa

    if not len(skeletons):
        return skeletons
    rows = skeletons.sort_by([("neuron_id", "ascending"), ("node", "ascending")])
    segment, node, parent = (rows[c].to_numpy().astype(np.int64) for c in ("neuron_id", "node", "parent"))
    listed = mapping["segment_id"].to_numpy().astype(np.int64)
    order = np.argsort(listed)
    neuron = mapping["neuron_id"].to_numpy().astype(np.int64)[order][np.searchsorted(listed[order], segment)]
    by_neuron = np.argsort(neuron, kind="stable")  # the segments of a neuron, one after another
    number = np.empty(len(segment), np.int64)
    number[by_neuron] = np.arange(len(segment)) - _runs(neuron[by_neuron])
    above = np.full(len(segment), -1, np.int64)
    starts = np.flatnonzero(np.append(True, segment[1:] != segment[:-1]))
    for start, stop in zip(starts, np.append(starts[1:], len(segment)), strict=True):
        child = np.flatnonzero(parent[start:stop] >= 0)
        above[start + child] = number[start + np.searchsorted(node[start:stop], parent[start + child])]
    columns: dict[str, Any] = {name: rows[name] for name in rows.column_names}
    columns |= {"neuron_id": pa.array(neuron), "node": pa.array(number), "parent": pa.array(above)}
    joined = pa.table([columns[f.name].cast(f.type) for f in skeletons.schema], schema=skeletons.schema)
    return joined.sort_by([("neuron_id", "ascending"), ("node", "ascending")])


def _runs(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each place, where the run of equal values begins that it lies in."""
    first = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    return np.repeat(first, np.diff(np.append(first, len(values))))
