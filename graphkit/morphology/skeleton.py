"""A neuron as a tree (or several) of points.

    node     7   3   9   4        numbers of the nodes, int64, in any order, each once
    parent  -1   7   3   3        node towards the root; -1 for a root
             7 --- 3 --- 9
                    `--- 4        7 is the root, 9 and 4 are ends, 3 is a branch point

Points are x, y, z in nm, float64 of shape (n, 3). Arrays are read-only and in the order in which the nodes were given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.errors import GraphError
from graphkit.morphology.kernels import lengths, outward_rows, sides, sums

__all__ = ["Skeleton"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Skeleton:
    """A tree of points; made by `Skeleton.from_nodes`, which checks it.

    Attributes:
        node: numbers of the nodes, int64 of shape (n,).
        parent_row: row of each node's parent, int64 of shape (n,); -1 for a root.
        points_nm: x, y, z, float64 of shape (n, 3).
        radius_nm: float64 of shape (n,); NaN where it is not known.
        outward: rows with parents before children, int64 of shape (n,).
        healed: where the edge to the parent was put in by `heal` across a gap, bool of shape (n,). It joins, and is no cable.
    """

    node: NDArray[np.int64]
    parent_row: NDArray[np.int64]
    points_nm: NDArray[np.float64]
    radius_nm: NDArray[np.float64]
    outward: NDArray[np.int64]
    healed: NDArray[np.bool_]

    @classmethod
    def from_nodes(
        cls, node: ArrayLike, parent: ArrayLike, points_nm: ArrayLike, radius_nm: ArrayLike | None = None
    ) -> Skeleton:
        """The tree of these nodes; children may stand before their parents.

        Raises:
            GraphError: lengths differ, a node stands twice, a parent is not there, or nodes go around in a circle.

        >>> Skeleton.from_nodes([3, 7], [7, -1], [[0, 0, 5], [0, 0, 0]])
        Skeleton(2 nodes, 1 root, 1 end)
        """
        nodes, parents = np.asarray(node, dtype=np.int64), np.asarray(parent, dtype=np.int64)
        points = np.asarray(points_nm, dtype=np.float64).reshape(-1, 3)
        radii = np.full(len(nodes), np.nan) if radius_nm is None else np.asarray(radius_nm, dtype=np.float64)
        if not len(nodes) == len(parents) == len(points) == len(radii):
            raise GraphError(
                f"A skeleton's columns differ in length: {len(nodes)} nodes, {len(parents)} parents, {len(points)} points, "
                f"{len(radii)} radii."
            )
        order = np.argsort(nodes, kind="stable")
        ascending = nodes[order]
        if (twice := ascending[1:][ascending[1:] == ascending[:-1]]).size:
            raise GraphError(f"Node {twice[0]} stands twice in the skeleton.")
        rows = np.full(len(nodes), -1, dtype=np.int64)
        inner = parents >= 0
        at = np.searchsorted(ascending, parents[inner])
        found = at < len(nodes)
        found[found] = ascending[at[found]] == parents[inner][found]
        if not found.all():
            lost = parents[inner][~found][0]
            raise GraphError(f"The parent {lost} of node {nodes[inner][~found][0]} is not a node of the skeleton.")
        rows[inner] = order[at]
        return cls._of_rows(nodes, rows, points, radii, np.zeros(len(nodes), dtype=np.bool_))

    @classmethod
    def _of_rows(
        cls,
        node: NDArray[np.int64],
        parent_row: NDArray[np.int64],
        points_nm: NDArray[np.float64],
        radius_nm: NDArray[np.float64],
        healed: NDArray[np.bool_],
    ) -> Skeleton:
        """From parents that are rows of the arrays."""
        nodes, parents, points, radii, gaps = (_fixed(a) for a in (node, parent_row, points_nm, radius_nm, healed))
        outward = _fixed(outward_rows(parents))
        if len(outward) < len(nodes):
            left = np.setdiff1d(np.arange(len(nodes)), outward)
            raise GraphError(f"Node {nodes[left[0]]} is its own ancestor: the skeleton has a circle.")
        return cls(nodes, parents, points, radii, outward, gaps)

    def __len__(self) -> int:
        return len(self.node)

    def __repr__(self) -> str:
        counted = ((len(self), "node"), (len(self.roots), "root"), (len(self.ends), "end"))
        return f"Skeleton({', '.join(f'{n:,} {what}' + ('' if n == 1 else 's') for n, what in counted)})"

    @property
    def roots(self) -> NDArray[np.int64]:
        """Rows of the roots."""
        return np.flatnonzero(self.parent_row < 0)

    @property
    def children(self) -> NDArray[np.int64]:
        """How many children each node has, int64 of shape (n,)."""
        counts: NDArray[Any] = np.bincount(self.parent_row[self.parent_row >= 0], minlength=len(self))
        return counts.astype(np.int64)

    @property
    def ends(self) -> NDArray[np.int64]:
        """Rows of the nodes without children; a root by itself is one."""
        return np.flatnonzero(self.children == 0)

    @property
    def branch_points(self) -> NDArray[np.int64]:
        """Rows of the nodes with two children or more."""
        return np.flatnonzero(self.children > 1)

    def edge_lengths_nm(self, *, gaps: bool = False) -> NDArray[np.float64]:
        """Length of the edge from each node to its parent, float64 of shape (n,).

        0 for a root, and unless ``gaps`` for an edge that `heal` put in.
        """
        found = lengths(self.parent_row, self.points_nm)
        if not gaps:
            found[self.healed] = 0.0
        return found

    def sides_nm(self) -> NDArray[np.float64]:
        """The sides of the box around the nodes: x, y, z, float64 of shape (3,)."""
        return sides(self.points_nm)

    def summed_outward(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of each node, the sum of ``values`` over itself and all that hangs on it, int64 of shape (n,)."""
        return sums(self.parent_row, self.outward, values)


def _fixed(array: NDArray[Any]) -> NDArray[Any]:
    """The array, not to be written to."""
    fixed = np.ascontiguousarray(array).view()
    fixed.setflags(write=False)
    return fixed
