"""Paths from some neurons to others along connections, no neuron twice: all of at most n hops, or all of the fewest.

A search over a big graph can meet more paths than anybody reads. So the paths are counted, the best are kept, and both are
bounded by a number of steps (connections looked at), not by a clock: the same question has the same answer everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.reach import hops_from, neighbours
from graphkit.edges import distinct
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.stopping import check

__all__ = ["MOST_PATHS", "MOST_STEPS", "FoundPaths", "fewest_hops", "paths_within", "shortest_paths"]

MOST_PATHS = 100_000
"""Kept where the caller does not say how many."""

MOST_STEPS = 1_000_000_000
"""Connections looked at before a search gives up, some seconds of work."""

_COUNT_STEPS = 200_000_000
_SOURCES_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class FoundPaths:
    """The best of the paths: fewest hops first, then the strongest weakest connection, then the smaller ids.

    Attributes:
        ids: neuron ids of all paths, one path after the other, int64.
        offsets: where each path begins in ``ids``, int64 of shape (paths + 1,).
        weakest: synapses of each path's weakest connection, int64 of shape (paths,).
        count: how many paths there are in all; None where counting took too many steps.
        complete: False where the search itself took too many steps: then better paths may be missing.
    """

    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    weakest: NDArray[np.int64]
    count: int | None
    complete: bool

    def __len__(self) -> int:
        return len(self.weakest)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """Each path as its neuron ids."""
        for begin, end in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield tuple(self.ids[begin:end].tolist())

    @property
    def hops(self) -> NDArray[np.int64]:
        """Connections of each path."""
        return np.diff(self.offsets) - 1


def paths_within(
    graph: Graph,
    sources: ArrayLike,
    targets: ArrayLike,
    hops: int,
    *,
    most: int = MOST_PATHS,
    most_steps: int = MOST_STEPS,
) -> FoundPaths:
    """The simple paths of 1 to ``hops`` connections from any of ``sources`` to any of ``targets``, the best ``most``.

    A neuron in between may itself be a source or a target.

    >>> graph = Graph.from_edges([1, 2, 1], [2, 3, 3], [9, 4, 2])
    >>> list(paths_within(graph, [1], [3], 2))
    [(1, 3), (1, 2, 3)]

    Raises:
        GraphError: an id is not in the graph; ``hops`` or ``most`` is below 1.
    """
    _positive(hops, "hops")
    search = _Search(graph, sources, targets, most, most_steps, hops)
    found = [search.of_exactly(n) for n in range(1, hops + 1)]
    return _together(graph, found, most)


def shortest_paths(
    graph: Graph,
    sources: ArrayLike,
    targets: ArrayLike,
    *,
    hops: int | None = None,
    most: int = MOST_PATHS,
    most_steps: int = MOST_STEPS,
) -> FoundPaths:
    """The paths of the fewest connections that there are from any of ``sources`` to any of ``targets``, the best ``most``.

    None where the fewest are more than ``hops``.

    >>> list(shortest_paths(Graph.from_edges([1, 1, 2, 3], [2, 3, 4, 4]), [1], [4]))
    [(1, 2, 4), (1, 3, 4)]

    Raises:
        GraphError: an id is not in the graph; ``hops`` or ``most`` is below 1.
    """
    search = _Search(graph, sources, targets, most, most_steps)
    if hops is not None:
        _positive(hops, "hops")
    fewest = search.fewest_hops()
    if fewest is None or (hops is not None and fewest > hops):
        return _together(graph, [], most)
    return _together(graph, [search.of_exactly(fewest)], most)


def fewest_hops(graph: Graph, sources: ArrayLike, targets: ArrayLike) -> int | None:
    """The connections of the shortest path from any of ``sources`` to another neuron of ``targets``; None where there is none.

    >>> fewest_hops(Graph.from_edges([1, 2], [2, 3], [9, 4]), [1], [1, 3])
    2

    Raises:
        GraphError: an id is not in the graph.
    """
    return _Search(graph, sources, targets, 1, 1).fewest_hops()


@dataclass(frozen=True, slots=True)
class _Level:
    """Paths of one length: rows (paths, hops + 1), weakest (paths,), how many there are, whether all were met."""

    rows: NDArray[np.int32]
    weakest: NDArray[np.int64]
    count: int | None
    complete: bool


class _Search:
    """What searches of several lengths share."""

    def __init__(
        self, graph: Graph, sources: ArrayLike, targets: ArrayLike, most: int, most_steps: int, hops: int | None = None
    ) -> None:
        _positive(most, "most")
        self._graph = graph
        self._sources = distinct(np.atleast_1d(graph.index_of(sources)))
        self._target_rows = distinct(np.atleast_1d(graph.index_of(targets)))
        self._is_target = np.zeros(len(graph), dtype=np.bool_)
        self._is_target[self._target_rows] = True
        # Without a number of hops the fewest are wanted: then it is enough to come to the first source.
        wanted = np.zeros(len(graph), dtype=np.bool_)
        wanted[self._sources[~self._is_target[self._sources]]] = hops is None
        ends = graph.ids[self._target_rows]
        self._distance = hops_from(graph, ends, hops=hops, direction="in", until=wanted)
        self._most, self._steps_left, self._count_steps_left = most, most_steps, _COUNT_STEPS
        self._held = 0

    def of_exactly(self, hops: int) -> _Level:
        """The best paths of this length, as many as are still wanted; and how many there are."""
        from graphkit.algorithms.path_kernels import search_paths

        graph, wanted = self._graph, self._most - self._held
        sources = self._starts(hops)
        if wanted == 0 or not len(sources):
            return _Level(np.empty((0, hops + 1), np.int32), np.empty(0, np.int64), self._counted(sources, hops), True)
        paths = np.empty((wanted, hops + 1), dtype=np.int32)
        weakest, numbers, heap = (np.zeros(wanted, dtype=np.int64) for _ in range(3))
        held, seen, complete = 0, 0, True
        for begin in range(0, len(sources), _SOURCES_AT_ONCE):
            check()
            held, seen, steps = search_paths(
                graph.indptr, graph.indices, graph.synapses, sources[begin : begin + _SOURCES_AT_ONCE],
                self._is_target, self._distance, hops, paths, weakest, numbers, heap, held, seen, self._steps_left,
            )  # fmt: skip
            if steps > self._steps_left:
                complete, self._steps_left = False, 0
                break
            self._steps_left -= steps
        best = np.lexsort((numbers[:held], -weakest[:held]))
        self._held += held
        if not complete:
            return _Level(paths[best], weakest[best], None, False)
        count = seen if held < wanted else self._counted(sources, hops)
        return _Level(paths[best], weakest[best], count, True)

    def fewest_hops(self) -> int | None:
        """Connections of the shortest path from any source to any other neuron that is a target."""
        also_targets = self._is_target[self._sources]
        apart = self._distance[self._sources[~also_targets]]
        fewest = int(apart[apart > 0].min()) if (apart > 0).any() else None
        for row in self._sources[also_targets]:  # to another target than itself
            if fewest == 1:
                break
            others = self._target_rows[self._target_rows != row]
            bound = None if fewest is None else fewest - 1
            found = hops_from(self._graph, self._graph.ids[row], hops=bound)[others]
            if (found > 0).any():
                fewest = int(found[found > 0].min())
        return fewest

    def _starts(self, hops: int) -> NDArray[np.int64]:
        """The sources from which a target is that near (a target itself is at 0, and may be near another)."""
        near = self._distance[self._sources]
        return self._sources[(near >= 0) & (near <= hops)]

    def _counted(self, sources: NDArray[np.int64], hops: int) -> int | None:
        from graphkit.algorithms.path_kernels import count_paths

        graph, count = self._graph, 0
        if not len(sources):
            return 0
        after = np.bincount(neighbours(graph.in_indptr, graph.in_indices, self._target_rows), minlength=len(graph))
        for begin in range(0, len(sources), _SOURCES_AT_ONCE):
            check()
            here, steps = count_paths(
                graph.indptr, graph.indices, sources[begin : begin + _SOURCES_AT_ONCE],
                self._is_target, self._distance, after, hops, self._count_steps_left,
            )  # fmt: skip
            if steps > self._count_steps_left:
                self._count_steps_left = 0
                return None
            self._count_steps_left -= steps
            count += here
        return count


def _positive(value: int, name: str) -> None:
    if value < 1:
        raise GraphError(f"{name} must be at least 1, got {value}.")


def _together(graph: Graph, levels: list[_Level], most: int) -> FoundPaths:
    rows = [level.rows.ravel() for level in levels]
    lengths = [np.full(len(level.rows), level.rows.shape[1]) for level in levels]
    counts = [level.count for level in levels]
    return FoundPaths(
        ids=graph.ids[np.concatenate([np.empty(0, np.int32), *rows])],
        offsets=np.concatenate([[0], np.cumsum(np.concatenate([np.empty(0, np.int64), *lengths]))]).astype(np.int64),
        weakest=np.concatenate([np.empty(0, np.int64), *(level.weakest for level in levels)]),
        count=None if None in counts else sum(c for c in counts if c is not None),
        complete=all(level.complete for level in levels),
    )
