"""Strongest paths: those whose weakest connection has the most synapses (widest, or maximum-bottleneck, paths)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.reach import edges_of
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.stopping import check

__all__ = ["MOST_STRONGEST", "StrongPath", "strongest_paths"]

MOST_STRONGEST = 1_000
"""Each further one costs some searches of the graph."""

_ENDLESS = 2**62


@dataclass(frozen=True, slots=True)
class StrongPath:
    """A path as neuron ids, and the synapses of its weakest connection."""

    ids: tuple[int, ...]
    weakest: int


def strongest_paths(
    graph: Graph, sources: ArrayLike, targets: ArrayLike, count: int = 1, *, hops: int | None = None
) -> list[StrongPath]:
    """The ``count`` strongest simple paths from any of ``sources`` to any of ``targets``, of at most ``hops`` connections.

    In the order: the weakest connection as strong as possible, then fewer connections, then the smaller ids from the
    first on. Exact: the paths that are left are split by where they leave the last one found, and the best of each part is
    searched for. Lawler, Management Science 18 (1972); Yen, Management Science 17 (1971).

    >>> graph = Graph.from_edges([1, 2, 1], [2, 3, 3], [9, 4, 2])
    >>> strongest_paths(graph, [1], [3], 2)
    [StrongPath(ids=(1, 2, 3), weakest=4), StrongPath(ids=(1, 3), weakest=2)]

    Raises:
        GraphError: an id is not in the graph; a number is below 1, or more than 1,000 paths are asked for.
    """
    if not 1 <= count <= MOST_STRONGEST:
        raise GraphError(f"From 1 to {MOST_STRONGEST:,} strongest paths can be asked for, got {count:,}.")
    if hops is not None and hops < 1:
        raise GraphError(f"hops must be at least 1, got {hops}.")
    search = _Search(graph, targets, _ENDLESS if hops is None else hops)
    first = np.unique(np.atleast_1d(graph.index_of(sources)))
    for part in search.parts_by_start(first):
        check()
        search.add(part)
    found: list[StrongPath] = []
    while len(found) < count and (taken := search.best()) is not None:
        check()
        width, rows, part = taken
        found.append(StrongPath(tuple(graph.ids[list(rows)].tolist()), width))
        if len(found) < count:
            for smaller in search.rest_of(part, rows):
                search.add(smaller)
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """The paths that begin with ``root`` and go on from its last row, but not to ``banned``; without a root: from ``starts``."""

    root: tuple[int, ...]
    width: int
    starts: tuple[int, ...]
    banned: frozenset[int] = frozenset()


class _Search:
    def __init__(self, graph: Graph, targets: ArrayLike, hops: int) -> None:
        n = len(graph)
        self._graph, self._hops = graph, hops
        self._is_target = np.zeros(n, dtype=np.bool_)
        self._is_target[graph.index_of(targets)] = True
        self._blocked, self._banned = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        self._level, self._queue = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
        into = edges_of(graph.in_indptr, np.flatnonzero(self._is_target))
        self._strongest_end = int(graph.in_synapses[into].max(initial=0))
        self._found: list[tuple[int, int, tuple[int, ...], _Part]] = []

    def parts_by_start(self, rows: NDArray[np.int64]) -> list[_Part]:
        """One part for all sources, but one each for those that are targets too: a path must end elsewhere."""
        both = self._is_target[rows]
        apart = tuple(rows[~both].tolist())
        alone = [_Part((row,), _ENDLESS, (row,)) for row in rows[both].tolist()]
        return [*([_Part((), _ENDLESS, apart)] if apart else []), *alone]

    def add(self, part: _Part) -> None:
        """Searches the best path of a part."""
        from graphkit.algorithms.path_kernels import best_path

        graph = self._graph
        left = self._hops - max(0, len(part.root) - 1)
        if left < 1 or not part.starts:
            return
        passed, banned = list(part.root), list(part.banned)
        self._blocked[passed], self._banned[banned] = True, True
        starts = np.array(part.starts, dtype=np.int64)
        strongest_begin = int(graph.synapses[edges_of(graph.indptr, starts)].max(initial=0))
        width, rows = best_path(
            graph.indptr, graph.indices, graph.synapses, graph.in_indptr, graph.in_indices, graph.in_synapses,
            starts, self._blocked, self._banned, self._is_target,
            min(part.width, strongest_begin, self._strongest_end), left, self._level, self._queue,
        )  # fmt: skip
        self._blocked[passed], self._banned[banned] = False, False
        if width:
            path = (*part.root[:-1], *rows.tolist())
            heapq.heappush(self._found, (-width, len(path), path, part))

    def best(self) -> tuple[int, tuple[int, ...], _Part] | None:
        """The best path of all parts, taken out; None when there is none left."""
        if not self._found:
            return None
        width, _, path, part = heapq.heappop(self._found)
        return -width, path, part

    def rest_of(self, part: _Part, path: Sequence[int]) -> list[_Part]:
        """The part without its best path, split by where the others leave that path."""
        parts = []
        if not part.root:
            parts.append(_Part((), _ENDLESS, tuple(r for r in part.starts if r != path[0])))
        width = _ENDLESS
        for at in range(len(path) - 1):
            root = tuple(path[: at + 1])
            if len(root) >= len(part.root):
                known = part.banned if len(root) == len(part.root) else frozenset()
                parts.append(_Part(root, width, (root[-1],), known | {path[at + 1]}))
            width = min(width, self._graph.synapses_of(*(int(i) for i in self._graph.ids[[path[at], path[at + 1]]])))
        # Others go on beyond its end: a target may be passed on the way to another.
        parts.append(_Part(tuple(path), width, (path[-1],)))
        return parts
