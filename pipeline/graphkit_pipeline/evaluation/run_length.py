"""Expected run length: how far one gets along a neuron before the segmentation errs.

The run of a skeleton in a found segment is the summed length of its edges with both ends in that segment; the expected
run length is the mean over all points of all skeletons of the run that the point lies on, sum(run^2) / sum(length), in
nm. A point on an edge that the segmentation cuts, leaves out or merges lies on a run of length 0.

A segment *merges* when at least ``merge_nodes`` nodes of a second skeleton lie in it; then none of it counts. Two
forms are in use: *strict*, 1 node (a single stray node zeroes a segment), and *tolerant*, 50 nodes. In a segment that
does not merge only the skeleton with most nodes has a run; stray nodes of others there count as errors of theirs.

What a tolerance of 50 nodes forgives depends on the spacing of the nodes: compare only among equal skeletons.

Reference: Januszewski et al., High-precision automated reconstruction of neurons with flood-filling networks,
Nat. Methods 15, 605 (2018).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.evaluation.places import LabelVolume, labels_at

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MERGE_NODES", "RunLength", "run_length_of_labels", "run_lengths"]

MERGE_NODES = {"strict": 1, "tolerant": 50}
"""Nodes of a second skeleton from which a segment counts as merged."""


@dataclass(frozen=True, eq=False)
class RunLength:
    """Expected run length in nm, the most it could be on this truth, and what became of the cable.

    The four fractions of the cable add up to 1: ``correct`` lies on a run, ``split`` on edges between two segments,
    ``unlabelled`` on edges with an end outside every segment, ``merged`` in merging segments (or astray in another's).
    ``runs_nm`` are the single runs, longest first.
    """

    expected_nm: float
    possible_nm: float
    cable_nm: float
    correct: float
    split: float
    unlabelled: float
    merged: float
    merge_nodes: int
    merging_segments: int
    skeletons: int
    runs_nm: np.ndarray = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The figures, without the single runs."""
        return {k: v for k, v in asdict(self).items() if k != "runs_nm"}


def run_lengths(skeletons: pa.Table, found: LabelVolume) -> dict[str, RunLength]:
    """Expected run length of the segmentation ``found`` along the true ``skeletons`` (table of graphkit.schema), by form.

    Nodes outside the volume are left out, with their edges.

    Raises:
        GraphkitError: a node names a parent that its skeleton does not have.
    """
    points = np.stack([skeletons[f"{a}_nm"].to_numpy().astype(np.float64) for a in "zyx"], axis=1)
    neuron, node, parent = (skeletons[c].to_numpy().astype(np.int64) for c in ("neuron_id", "node", "parent"))
    edges = _edges(neuron, node, parent)
    voxels = np.floor(points / np.asarray(found.voxel_size_nm))
    inside = ((voxels >= found.bounds.start) & (voxels < found.bounds.stop)).all(axis=1)
    edges = edges[inside[edges].all(axis=1)]
    labels = labels_at(found, points)
    labels[~inside] = 0
    return {
        form: run_length_of_labels(neuron, points, edges, labels, merge_nodes=nodes)
        for form, nodes in MERGE_NODES.items()
    }


def _edges(neuron: np.ndarray, node: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """int64 [m, 2]: rows of child and parent."""
    order = np.lexsort((node, neuron))
    child = np.flatnonzero(parent >= 0)
    keys = np.stack([neuron[order], node[order]], axis=1)
    _, codes = np.unique(
        np.concatenate([keys, np.stack([neuron[child], parent[child]], axis=1)]), axis=0, return_inverse=True
    )
    codes = codes.ravel()
    row_of = np.full(int(codes.max(initial=-1)) + 1, -1)
    row_of[codes[: len(order)]] = order
    above = row_of[codes[len(order) :]]
    if (above < 0).any():
        first = child[above < 0][0]
        raise GraphkitError(
            f"Node {node[first]} of the skeleton of neuron {neuron[first]} names the parent {parent[first]}, which the "
            "skeleton does not have.",
            hint="A root has the parent -1.",
        )
    return np.stack([child, above], axis=1)


def run_length_of_labels(
    neuron: np.ndarray, points_nm: np.ndarray, edges: np.ndarray, labels: np.ndarray, *, merge_nodes: int
) -> RunLength:
    """Expected run length where each node's found label is known.

    Args:
        neuron: int64 [n], whose skeleton the node is part of.
        points_nm: float64 [n, 3].
        edges: int64 [m, 2], rows of two nodes of one skeleton.
        labels: int64 [n], the found segment at the node; 0 = none.
        merge_nodes: nodes of a second skeleton from which a segment merges.

    Raises:
        GraphkitError: merge_nodes is below 1.
    """
    if merge_nodes < 1:
        raise GraphkitError(
            f"merge_nodes must be at least 1 (a segment always holds 0 nodes of others), got {merge_nodes}."
        )
    merging, owner_of = _owners(neuron, labels, merge_nodes)
    length = np.linalg.norm(points_nm[edges[:, 0]] - points_nm[edges[:, 1]], axis=1)
    whose = neuron[edges[:, 0]]
    a, b = labels[edges[:, 0]], labels[edges[:, 1]]
    unlabelled = (a == 0) | (b == 0)
    split = ~unlabelled & (a != b)
    inside = ~unlabelled & ~split
    bad = np.isin(a, merging) | (owner_of(a) != whose)
    correct = inside & ~bad
    _, run = np.unique(np.stack([whose[correct], a[correct]], axis=1), axis=0, return_inverse=True)
    runs = np.sort(np.bincount(run.ravel(), weights=length[correct]))[::-1]
    _, skeleton = np.unique(whose, return_inverse=True)
    whole = np.bincount(skeleton, weights=length)
    cable = float(length.sum())

    def share(which: np.ndarray) -> float:
        return float(length[which].sum()) / cable if cable else float("nan")

    return RunLength(
        expected_nm=float(np.sum(runs**2)) / cable if cable else float("nan"),
        possible_nm=float(np.sum(whole**2)) / cable if cable else float("nan"),
        cable_nm=cable,
        correct=share(correct),
        split=share(split),
        unlabelled=share(unlabelled),
        merged=share(inside & bad),
        merge_nodes=merge_nodes,
        merging_segments=len(merging),
        skeletons=len(whole),
        runs_nm=runs,
    )


def _owners(neuron: np.ndarray, labels: np.ndarray, merge_nodes: int) -> tuple[np.ndarray, Any]:
    """Segments that merge, and a look-up of the skeleton with most nodes in each segment (the smaller id on a tie)."""
    some = labels != 0
    pairs, nodes = np.unique(np.stack([labels[some], neuron[some]], axis=1), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -nodes, pairs[:, 0]))
    segment, skeleton, nodes = pairs[order, 0], pairs[order, 1], nodes[order]
    first = np.append(True, segment[1:] != segment[:-1]) if len(segment) else np.zeros(0, bool)
    second = np.append(False, first[:-1]) & ~first if len(segment) else first
    merging = segment[second & (nodes >= merge_nodes)]
    segments, owners = segment[first], skeleton[first]

    def owner_of(ids: np.ndarray) -> np.ndarray:
        if not len(segments):
            return np.full(len(ids), -1)
        place = np.minimum(np.searchsorted(segments, ids), len(segments) - 1)
        return np.where(segments[place] == ids, owners[place], -1)

    return merging, owner_of
