"""The node of a skeleton that is nearest to each of many points, such as its synapses.

Nodes stand in the order of their widest axis; from a point's place in it the search goes either way until the axis alone is
farther than the nearest node found. Points near the skeleton, as synapses are, meet few nodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.compiled import compiled
from graphkit.errors import GraphError
from graphkit.morphology.kernels import sides
from graphkit.morphology.skeleton import Skeleton

__all__ = ["draw_near", "nearest_nodes"]


def nearest_nodes(skeleton: Skeleton, points_nm: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Row of the node nearest to each point, int64 of shape (k,), the lowest of equals; and how far it is in nm, float64.

    ``points_nm`` are x, y, z of shape (k, 3).

    Raises:
        GraphError: there are points, and the skeleton has no node.

    >>> line = Skeleton.from_nodes([1, 2], [-1, 1], [[0, 0, 0], [9, 0, 0]])
    >>> rows, away = nearest_nodes(line, [[8, 3, 0]])
    >>> rows.tolist(), away.round(3).tolist()
    ([1], [3.162])
    """
    points = np.ascontiguousarray(points_nm, dtype=np.float64).reshape(-1, 3)
    if len(points) and not len(skeleton):
        raise GraphError(f"None of the {len(points):,} points has a nearest node: the skeleton is empty.")
    squares, rows = np.full(len(points), np.inf), np.full(len(points), -1, dtype=np.int64)
    draw_near(skeleton.points_nm, np.arange(len(skeleton)), points, squares, rows)
    return rows, np.sqrt(squares)


def draw_near(
    nodes_nm: NDArray[np.float64],
    numbers: NDArray[np.int64],
    points_nm: NDArray[np.float64],
    squares: NDArray[np.float64],
    found: NDArray[np.int64],
    limit_nm: float = np.inf,
) -> None:
    """Of each point, puts the number of a nearer node into ``found`` and the square of its distance into ``squares``.

    A node counts that is at most ``limit_nm`` away and nearer than ``squares`` says, or as near and of a lower number.
    """
    if len(nodes_nm) and len(points_nm):
        axis = int(np.argmax(sides(nodes_nm)))
        order = np.argsort(nodes_nm[:, axis], kind="stable")
        _draw_near(nodes_nm[order], numbers[order], axis, points_nm, squares, found, limit_nm**2)


@compiled
def _draw_near(
    nodes: NDArray[np.float64],
    numbers: NDArray[np.int64],
    axis: int,
    points: NDArray[np.float64],
    squares: NDArray[np.float64],
    found: NDArray[np.int64],
    limit: float,
) -> None:
    for k in range(len(points)):
        low, high = 0, len(nodes)
        while low < high:
            middle = (low + high) // 2
            if nodes[middle, axis] < points[k, axis]:
                low = middle + 1
            else:
                high = middle
        best, at = squares[k], found[k]
        for step in (-1, 1):
            i = low - 1 if step < 0 else low
            while 0 <= i < len(nodes):
                along = (nodes[i, axis] - points[k, axis]) ** 2
                if along > best or along > limit:
                    break
                square = 0.0
                for d in range(3):
                    square += (nodes[i, d] - points[k, d]) ** 2
                if square <= limit and (square < best or (square == best and numbers[i] < at)):
                    best, at = square, numbers[i]
                i += step
        squares[k], found[k] = best, at
