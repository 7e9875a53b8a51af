"""From predictions and segments to synapses: sites, their partners, positions, size and score.

    1. Connected components (26 neighbours) of cleft > threshold.
    2. Every cleft voxel votes: along its direction, from ``start_nm`` to ``reach_nm``, the first labelled voxel is its pre
       segment; against it, its post segment.
    3. The votes for pre divide a component: every pre segment with votes enough is a site of its own. So two
       sites that touch, or lie back to back, come apart.
    4. Within a site every post segment with its share of the voxels is a partner: a row each, with one ``pre_site_id``.

A segment is no partner of itself: a site whose pre segment gets the post votes as well has those votes dropped, and a site
with no other partner is dropped (autapses are not found; a split or merged neuron makes many false ones). Positions are
voxels that were hit, so they lie inside the segment they name: the hit nearest to the mean of the hits.

Blockwise: a site belongs to the block whose ``core`` holds its representative voxel (the one nearest to its centroid). A block
must see a site whole, and as far as its votes go: give blocks a halo of ``settings.halo_nm``. Then the tables of the blocks,
gathered, are the table of the volume, to the row.

Arrays are [z, y, x], directions (z, y, x) in nm space; 0 = no segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from graphkit.errors import GraphkitError
from graphkit.schema import TABLES
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.synapse.settings import AssignSettings
from graphkit_pipeline.synapse.votes import cast_votes

__all__ = ["SYNAPSES", "assign", "in_order"]

_COLUMNS = (
    "synapse_id",
    *(f"{side}_{axis}_nm" for side in ("pre", "post") for axis in "xyz"),
    "size",
    "score",
    "pre_site_id",
    "pre_segment_id",
    "post_segment_id",
)

SYNAPSES = pa.schema([TABLES["synapses"].schema.field(name) for name in _COLUMNS])
"""The columns of the synapses table that a detection knows. ``size``: cleft voxels; ``score``: their mean probability."""


def assign(
    cleft: np.ndarray,
    direction: np.ndarray,
    labels: np.ndarray,
    *,
    settings: AssignSettings | None = None,
    voxel_size_nm: Sequence[float],
    offset: Sequence[int] = (0, 0, 0),
    core: Box | None = None,
) -> pa.Table:
    """The synapses of an array, in the order of their positions (schema ``SYNAPSES``); an empty table where there is none.

    Args:
        cleft: probability [z, y, x]; a probability that is not above ``settings.threshold`` is no cleft.
        direction: [3, z, y, x], from post to pre, of any length and number type.
        labels: int64 [z, y, x], the segments; 0 = none.
        offset: the global voxel [z, y, x] of the arrays' first voxel.
        core: in global voxels; only the sites that belong to it are returned. None: all.

    Raises:
        GraphkitError: the arrays do not fit each other, labels are not whole numbers, or a probability is NaN.
    """
    settings = settings or AssignSettings()
    _check(cleft, direction, labels)
    size = np.asarray(voxel_size_nm, float)
    points, component = _components(cleft, settings)
    if not len(points):
        return SYNAPSES.empty_table()
    vectors = direction[(slice(None), *points.T)].T.astype(np.float64)
    probability = cleft[tuple(points.T)].astype(np.float64)
    pre = cast_votes(points, vectors, labels, size, settings.start_nm, settings.reach_nm)
    post = cast_votes(points, -vectors, labels, size, settings.start_nm, settings.reach_nm)
    bounds = np.flatnonzero(np.diff(component, prepend=-1))
    rows: list[tuple[Any, ...]] = []
    site_number = 0
    for members in np.split(np.arange(len(points)), bounds[1:]):
        for pre_id in _pre_segments(pre.labels[members], settings):
            site = members[pre.labels[members] == pre_id]
            if core is not None and not core.contains(_nearest_to_mean(points[site]) + np.asarray(offset)):
                continue
            pre_place = _nearest_to_mean(pre.places[site])
            partners = _post_segments(post.labels[site], pre_id, settings)
            site_number += bool(partners)
            for post_id in partners:
                own = site[post.labels[site] == post_id]
                post_place = _nearest_to_mean(post.places[own])
                score = probability[own].mean()
                if score >= settings.min_score:
                    rows.append((pre_place, post_place, len(own), score, site_number, pre_id, post_id))
    return in_order(_table(rows, size, offset))


def in_order(synapses: pa.Table, blocks: np.ndarray | None = None) -> pa.Table:
    """The rows in the order of their positions (pre z, y, x, then post z, y, x), ``synapse_id`` and sites numbered from 1.

    ``blocks`` int64 [n] says which block a row is from, where the rows of several were put together: sites are numbered
    within a block.
    """
    if not len(synapses):
        return SYNAPSES.empty_table()
    names = [f"{side}_{axis}_nm" for side in ("pre", "post") for axis in "zyx"]
    keys = [synapses[name].to_numpy() for name in [*names, "pre_segment_id", "post_segment_id", "size"]]
    order = np.lexsort(keys[::-1])
    block = np.zeros(len(synapses), np.int64) if blocks is None else np.asarray(blocks, np.int64)
    pairs = np.stack([block, synapses["pre_site_id"].to_numpy()], axis=1)[order]
    _, first, which = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(1, len(first) + 1)
    table = synapses.take(order)
    table = table.set_column(0, SYNAPSES.field("synapse_id"), pa.array(np.arange(1, len(table) + 1)))
    at = table.column_names.index("pre_site_id")
    return table.set_column(at, SYNAPSES.field("pre_site_id"), pa.array(rank[which.ravel()])).combine_chunks()


def _check(cleft: np.ndarray, direction: np.ndarray, labels: np.ndarray) -> None:
    if cleft.ndim != 3 or direction.shape != (3, *cleft.shape) or labels.shape != cleft.shape:
        raise GraphkitError(
            f"cleft, direction and labels have the shapes {cleft.shape}, {direction.shape} and {labels.shape}; "
            "expected [z, y, x], [3, z, y, x] and [z, y, x] of one size."
        )
    if labels.dtype.kind not in "iu" or labels.dtype == np.uint64:
        raise GraphkitError(f"labels are {labels.dtype}; expected int64, 0 = no segment.")
    if cleft.dtype.kind == "f" and np.isnan(cleft).any():
        raise GraphkitError("The cleft probabilities hold NaN; expected numbers from 0 to 1.")


def _components(cleft: np.ndarray, settings: AssignSettings) -> tuple[np.ndarray, np.ndarray]:
    """Voxels int64 [n, 3] of the components that are large enough, sorted by component; and each voxel's component."""
    import cc3d

    parts = cc3d.connected_components(np.ascontiguousarray(cleft > settings.threshold), connectivity=26)
    flat = np.flatnonzero(parts)
    component = parts.ravel()[flat].astype(np.int64)
    large = np.bincount(component, minlength=1)[component] >= settings.min_voxels
    flat, component = flat[large], component[large]
    order = np.argsort(component, kind="stable")
    points = np.stack(np.unravel_index(flat[order], cleft.shape), axis=1).astype(np.int64)
    return points, component[order]


def _pre_segments(votes: np.ndarray, settings: AssignSettings) -> list[int]:
    """The pre segments of a component, in the order of their ids."""
    ids, counts = np.unique(votes[votes != 0], return_counts=True)
    # Against the foremost, not against all: many sites can run together, each with a small part of the whole.
    enough = (counts >= settings.min_voxels) & (counts >= settings.pre_share * counts.max(initial=0))
    return [int(i) for i in ids[enough]]


def _post_segments(votes: np.ndarray, pre_id: int, settings: AssignSettings) -> list[int]:
    ids, counts = np.unique(votes[(votes != 0) & (votes != pre_id)], return_counts=True)
    enough = (counts >= settings.post_voxels) & (counts >= settings.post_share * len(votes))
    return [int(i) for i in ids[enough]]


def _nearest_to_mean(points: np.ndarray) -> np.ndarray:
    """int64 [3]: of ``points`` [n, 3], the one nearest to their mean; the first on a tie. In whole numbers: exact."""
    away = len(points) * points - points.sum(axis=0)
    return np.asarray(points[(away * away).sum(axis=1).argmin()])


def _table(rows: list[tuple[Any, ...]], size: np.ndarray, offset: Sequence[int]) -> pa.Table:
    if not rows:
        return SYNAPSES.empty_table()
    pre, post, voxels, score, site, pre_id, post_id = zip(*rows, strict=True)
    columns: dict[str, Any] = {
        "synapse_id": np.arange(1, len(rows) + 1),
        "size": voxels,
        "score": score,
        "pre_site_id": site,
        "pre_segment_id": pre_id,
        "post_segment_id": post_id,
    }
    for side, places in (("pre", pre), ("post", post)):
        nm = np.rint((np.stack(places) + np.asarray(offset) + 0.5) * size).astype(np.int64)
        for axis, values in zip("zyx", nm.T, strict=True):
            columns[f"{side}_{axis}_nm"] = values
    return pa.table([pa.array(columns[f.name], f.type) for f in SYNAPSES], schema=SYNAPSES)
