"""Skeletons: healing beside scipy's spanning tree over all pairs, and the nodes of synapses beside scipy's search tree.

    GRAPHKIT_BENCH=1 pytest benchmarks/test_skeletons.py --benchmark-enable -s

With benchmarks disabled the same code runs once, small and untimed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from benchmarks.measuring import FULL
from benchmarks.racing import raced
from graphkit.morphology import Skeleton, heal, nearest_nodes

NODES, SYNAPSES, PIECES, ROUNDS = (5_000, 3_000, 50, 21) if FULL else (200, 50, 5, 1)


def grown(n: int, pieces: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Parents and points of branches that wander in steps of 400 nm, in as many pieces."""
    rng = np.random.default_rng(3)
    parent = np.arange(-1, n - 1)
    branches = rng.choice(np.arange(1, n), n // 20, replace=False)
    parent[branches] = rng.integers(0, branches)
    points = np.zeros((n, 3))
    steps = 400 * rng.normal(size=(n, 3))
    for row in range(1, n):
        points[row] = points[parent[row]] + steps[row]
    parent[rng.choice(np.arange(1, n), pieces - 1, replace=False)] = -1
    return parent, points


def test_the_nodes_of_synapses() -> None:
    parent, points = grown(NODES, 1)
    skeleton = Skeleton.from_nodes(np.arange(NODES), parent, points)
    rng = np.random.default_rng(4)
    sites = points[rng.integers(0, NODES, SYNAPSES)] + 100 * rng.normal(size=(SYNAPSES, 3))
    raced(
        f"The nearest of {NODES:,} nodes to each of {SYNAPSES:,} synapses",
        ROUNDS,
        {
            "graphkit": lambda: nearest_nodes(skeleton, sites)[0].tolist(),
            "scipy, its search tree": lambda: cKDTree(points).query(sites)[1].tolist(),
        },
    )


def test_healing() -> None:
    parent, points = grown(NODES, PIECES)
    skeleton = Skeleton.from_nodes(np.arange(NODES), parent, points)
    tree = np.empty(NODES, dtype=np.int64)
    for row in range(NODES):  # parents stand before their children
        tree[row] = row if parent[row] < 0 else tree[parent[row]]
    members = [np.flatnonzero(tree == root) for root in np.unique(tree)]

    def ours() -> float:
        healed = heal(skeleton)
        return round(float(healed.edge_lengths_nm(gaps=True)[healed.healed].sum()), 3)

    def by_all_pairs() -> float:
        between = np.array(
            [[cdist(points[a], points[b]).min() if a is not b else 0.0 for b in members] for a in members]
        )
        return round(float(minimum_spanning_tree(between).sum()), 3)

    raced(
        f"Healing {PIECES} pieces of {NODES:,} nodes", ROUNDS, {"graphkit": ours, "scipy, over all pairs": by_all_pairs}
    )
