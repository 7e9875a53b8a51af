"""Joining the pieces of a skeleton.

Skeletons come in pieces where the segmentation has gaps, or where the skeleton was made block by block. The pieces are joined by
the edges of the least summed length (a minimum spanning tree over the shortest distances between pieces), as
`navis.heal_skeleton` and `neuprint.heal_skeleton` do:

    o---o---o   o---o          o---o---o...o---o
        |                          |
        o      o---o               o......o---o        ... healed: these join, and are no cable
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled
from graphkit.errors import GraphError
from graphkit.morphology.kernels import trees
from graphkit.morphology.nearest import draw_near
from graphkit.morphology.skeleton import Skeleton
from graphkit.stopping import check

__all__ = ["heal"]


def heal(skeleton: Skeleton, *, max_gap_nm: float | None = None, nodes: Literal["all", "ends"] = "all") -> Skeleton:
    """The skeleton with its trees joined across gaps of at most ``max_gap_nm`` (None: of any length).

    The edges put in have the least summed length of all that join as much. They stand in `Skeleton.healed`, and count as cable
    only where ``gaps`` is asked for. The root of what is joined is that of its largest tree (in nodes, the first of equals);
    other edges stay, and are turned where they led to a root that is none any more. Nodes and their order stay.

    Args:
        nodes: which may be joined: "all", or "ends": those without children, and roots.

    Raises:
        GraphError: the largest gap is negative or not a number; ``nodes`` is neither.

    >>> two = Skeleton.from_nodes([1, 2, 3, 4], [-1, 1, -1, 3], [[0, 0, 0], [5, 0, 0], [20, 0, 0], [9, 0, 0]])
    >>> whole = heal(two)
    >>> whole.parent_row.tolist(), whole.healed.tolist()
    ([-1, 0, 3, 1], [False, False, False, True])
    >>> heal(two, max_gap_nm=3.5)
    Skeleton(4 nodes, 2 roots, 2 ends)
    """
    if max_gap_nm is not None and not max_gap_nm >= 0:
        raise GraphError(f"max_gap_nm is {max_gap_nm!r}; expected 0 or more nm, or None for gaps of any length.")
    if nodes not in ("all", "ends"):
        raise GraphError(f"nodes is {nodes!r}; expected 'all' or 'ends'.")
    if len(skeleton.roots) < 2:
        return skeleton
    usable = np.ones(len(skeleton), dtype=np.bool_)
    if nodes == "ends":
        usable = (skeleton.children == 0) | (skeleton.parent_row < 0)
    tree = trees(skeleton.parent_row, skeleton.outward)
    bridges = _bridges(skeleton, tree, usable, np.inf if max_gap_nm is None else float(max_gap_nm))
    parent, healed = skeleton.parent_row.copy(), skeleton.healed.copy()
    for inside, outside in _from_the_largest(bridges, tree):
        _hang(parent, healed, inside, outside)
    return Skeleton._of_rows(skeleton.node, parent, skeleton.points_nm, skeleton.radius_nm, healed)


def _bridges(
    skeleton: Skeleton, tree: NDArray[np.int64], usable: NDArray[np.bool_], limit: float
) -> list[tuple[int, int]]:
    """Pairs of rows to be joined. Short gaps come first, which are in every spanning tree of the longer ones too, since a search
    that goes no farther than it must is a short one.
    """
    edges, box = skeleton.edge_lengths_nm(gaps=True), float(np.linalg.norm(skeleton.sides_nm()))
    reach = max(2 * float(edges.sum()) / max(1, int(np.count_nonzero(edges))), box / 1000, 1.0)
    rows = np.flatnonzero(usable)
    group, count = tree[rows], int(tree.max()) + 1
    found: list[tuple[int, int]] = []
    while True:
        reach = min(reach, limit)
        found += _within(skeleton.points_nm, rows, group, reach)
        if len(found) == count - 1 or reach >= min(limit, 2 * box):
            return found
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        joins = np.array(found, dtype=np.int64).reshape(-1, 2)
        joined = coo_array((np.ones(len(joins), dtype=np.int8), tree[joins].T), shape=(count, count))
        group = connected_components(joined, directed=False)[1].astype(np.int64)[tree[rows]]
        reach *= 4


def _within(
    points: NDArray[np.float64], left: NDArray[np.int64], group: NDArray[np.int64], limit: float
) -> list[tuple[int, int]]:
    """Joins groups across gaps of at most ``limit``: Prim's algorithm (1957), group by group, from the largest one, and again
    from the largest that is left where the rest is farther.
    """
    by_group, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    starts, mine = np.concatenate([[0], np.cumsum(sizes)]), left[by_group]
    squares, to = np.full(len(left), np.inf), np.full(len(left), -1, dtype=np.int64)
    waiting = np.argsort(-sizes, kind="stable").tolist()[::-1]
    done = np.zeros(len(sizes), dtype=np.bool_)
    found = []
    for _ in range(len(sizes)):
        check()
        if len(left) and np.isfinite(squares.min()):
            best = int(np.argmin(squares))
            reached = int(group[best])
            found.append((int(to[best]), int(left[best])))
        else:
            while done[reached := waiting.pop()]:
                pass
        done[reached] = True
        stay = group != reached
        left, group, squares, to = left[stay], group[stay], squares[stay], to[stay]
        rows = mine[starts[reached] : starts[reached + 1]]
        draw_near(points[rows], rows, points[left], squares, to, limit)
    return found


def _from_the_largest(bridges: list[tuple[int, int]], tree: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """The bridges outwards from the largest tree of those that they join: the row on its side, and the row beyond."""
    beside: dict[int, list[tuple[int, int]]] = {}
    for a, b in bridges:
        beside.setdefault(int(tree[a]), []).append((a, b))
        beside.setdefault(int(tree[b]), []).append((b, a))
    seen: set[int] = set()
    for start in np.argsort(-np.bincount(tree), kind="stable").tolist():
        queue = [] if start in seen else [start]
        seen.add(start)
        for at in queue:  # it grows while it is walked through
            for inside, outside in beside.get(at, []):
                if (beyond := int(tree[outside])) not in seen:
                    seen.add(beyond)
                    queue.append(beyond)
                    yield inside, outside


@compiled
def _hang(parent: NDArray[np.int64], healed: NDArray[np.bool_], above: int, row: int) -> None:
    """Makes ``above`` the parent of ``row``, and turns the edges from there to the root that ``row`` had."""
    gap = True
    while row >= 0:
        next_row, next_gap = parent[row], healed[row]
        parent[row], healed[row] = above, gap
        above, row, gap = row, next_row, next_gap
