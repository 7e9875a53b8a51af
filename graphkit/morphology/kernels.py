"""The compiled loops over trees.

``parent`` is the row of each node's parent, int64 of shape (n,), -1 for a root; ``outward`` are the rows with parents before
children. Nothing recurses: a line of a million nodes is a tree too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = [
    "AXON",
    "DENDRITE",
    "LINKER",
    "NOTHING",
    "flows",
    "orders",
    "outward_rows",
    "parts",
    "pieces",
    "sums",
    "trees",
]

NOTHING, DENDRITE, LINKER, AXON = 0, 1, 2, 3


@compiled
def _children(parent: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each row's children begin, shape (n + 2,), and the children, ascending: first the roots, then those of row 0, ..."""
    n = len(parent)
    starts = np.zeros(n + 2, dtype=np.int64)
    for row in range(n):
        starts[parent[row] + 2] += 1
    for row in range(n + 1):
        starts[row + 1] += starts[row]
    free = starts.copy()
    rows = np.empty(n, dtype=np.int64)
    for row in range(n):
        rows[free[parent[row] + 1]] = row
        free[parent[row] + 1] += 1
    return starts, rows


@compiled
def outward_rows(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows level by level from the roots; those on a circle are not among them."""
    starts, rows = _children(parent)
    order = np.empty(len(parent), dtype=np.int64)
    end = 0
    for k in range(starts[1]):
        order[end] = rows[k]
        end += 1
    at = 0
    while at < end:
        row = order[at]
        for k in range(starts[row + 1], starts[row + 2]):
            order[end] = rows[k]
            end += 1
        at += 1
    return order[:end]


@compiled
def orders(parent: NDArray[np.int64], outward: NDArray[np.int64]) -> NDArray[np.int64]:
    """The Strahler order of each row."""
    n = len(parent)
    highest, times = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    order = np.ones(n, dtype=np.int64)
    for k in range(n - 1, -1, -1):
        row = outward[k]
        if highest[row]:
            order[row] = highest[row] + (1 if times[row] > 1 else 0)
        above = parent[row]
        if above >= 0:
            if order[row] > highest[above]:
                highest[above], times[above] = order[row], 1
            elif order[row] == highest[above]:
                times[above] += 1
    return order


@compiled
def sums(parent: NDArray[np.int64], outward: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each row, the sum over itself and all that hangs on it."""
    total = values.copy()
    for k in range(len(parent) - 1, -1, -1):
        row = outward[k]
        if parent[row] >= 0:
            total[parent[row]] += total[row]
    return total


@compiled
def trees(parent: NDArray[np.int64], outward: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of each row's tree: that of its root among the roots, ascending."""
    tree = np.empty(len(parent), dtype=np.int64)
    count = 0
    for row in range(len(parent)):
        if parent[row] < 0:
            tree[row] = count
            count += 1
    for row in outward:
        if parent[row] >= 0:
            tree[row] = tree[parent[row]]
    return tree


@compiled
def flows(
    parent: NDArray[np.int64],
    outward: NDArray[np.int64],
    inputs: NDArray[np.int64],
    outputs: NDArray[np.int64],
    centrifugal: bool,
    centripetal: bool,
) -> NDArray[np.int64]:
    """Synapse flow centrality of each row; at a branch point the largest of its children."""
    n = len(parent)
    far_in, far_out = sums(parent, outward, inputs), sums(parent, outward, outputs)
    all_in, all_out = far_in.copy(), far_out.copy()
    for row in outward:
        if parent[row] >= 0:
            all_in[row], all_out[row] = all_in[parent[row]], all_out[parent[row]]
    flow = np.zeros(n, dtype=np.int64)
    for row in range(n):
        if centrifugal:
            flow[row] += (all_in[row] - far_in[row]) * far_out[row]
        if centripetal:
            flow[row] += far_in[row] * (all_out[row] - far_out[row])
    across, children = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for row in range(n):
        above = parent[row]
        if above >= 0:
            children[above] += 1
            across[above] = max(across[above], flow[row])
    for row in range(n):
        if children[row] > 1:
            flow[row] = across[row]
    return flow


@compiled
def pieces(parent: NDArray[np.int64], outward: NDArray[np.int64], cut: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number of the connected piece of each row that is left without those of ``cut``; -1 for these."""
    piece = np.full(len(parent), -1, dtype=np.int64)
    count = 0
    for row in outward:
        if cut[row]:
            continue
        above = parent[row]
        if above >= 0 and not cut[above]:
            piece[row] = piece[above]
        else:
            piece[row] = count
            count += 1
    return piece


@compiled
def parts(parent: NDArray[np.int64], named: NDArray[np.int8]) -> NDArray[np.int8]:
    """Every row's compartment, from those of the pieces (``NOTHING`` where a piece has none).

    Linker between two pieces of one compartment belongs to it; then what has none is named after the nearest row that has one.
    """
    starts, rows = _children(parent)
    found = named.copy()
    _join(parent, starts, rows, found, AXON)
    _join(parent, starts, rows, found, DENDRITE)
    queue = np.empty(len(parent), dtype=np.int64)
    end = 0
    for row in range(len(parent)):
        if found[row] != NOTHING:
            queue[end] = row
            end += 1
    at = 0
    while at < end:
        row = queue[at]
        at += 1
        above = parent[row]
        if above >= 0 and found[above] == NOTHING:
            found[above] = found[row]
            queue[end] = above
            end += 1
        for k in range(starts[row + 1], starts[row + 2]):
            if found[rows[k]] == NOTHING:
                found[rows[k]] = found[row]
                queue[end] = rows[k]
                end += 1
    return found


@compiled
def _join(
    parent: NDArray[np.int64],
    starts: NDArray[np.int64],
    rows: NDArray[np.int64],
    found: NDArray[np.int8],
    name: int,
) -> None:
    """Linker rows between pieces of one compartment belong to it: those that are left when loose ends are taken off."""
    n = len(parent)
    among = np.zeros(n, dtype=np.bool_)
    for row in range(n):
        among[row] = found[row] == name or found[row] == LINKER
    beside = np.zeros(n, dtype=np.int64)
    for row in range(n):
        above = parent[row]
        if above >= 0 and among[row] and among[above]:
            beside[row] += 1
            beside[above] += 1
    loose = np.empty(n, dtype=np.int64)
    end = 0
    for row in range(n):
        if found[row] == LINKER and beside[row] < 2:
            loose[end] = row
            end += 1
    at = 0
    while at < end:
        row = loose[at]
        at += 1
        among[row] = False
        for k in range(starts[row + 1] - 1, starts[row + 2]):
            other = parent[row] if k < starts[row + 1] else rows[k]  # the parent first
            if other >= 0 and among[other]:
                beside[other] -= 1
                if beside[other] == 1 and found[other] == LINKER:
                    loose[end] = other
                    end += 1
    for row in range(n):
        if among[row]:
            found[row] = name


@compiled
def lengths(parent: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The length of each row's edge to its parent; 0 for a root."""
    long = np.zeros(len(parent))
    for row in range(len(parent)):
        above = parent[row]
        if above >= 0:
            x, y, z = (
                points[row, 0] - points[above, 0],
                points[row, 1] - points[above, 1],
                points[row, 2] - points[above, 2],
            )
            long[row] = np.sqrt(x * x + y * y + z * z)
    return long


@compiled
def sides(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sides of the box around the points, shape (3,); 0 without points."""
    box = np.zeros(3)
    for axis in range(3):
        if len(points):
            low = high = points[0, axis]
            for row in range(len(points)):
                low, high = min(low, points[row, axis]), max(high, points[row, axis])
            box[axis] = high - low
    return box
