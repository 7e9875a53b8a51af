"""The k strongest and the k shortest paths, by synapses or by input fraction.

How strong a path is:

- by synapses: the synapses of its weakest connection (widest, or maximum-bottleneck, paths).
- by input fraction: the product of the input fractions along it, where a connection's input fraction is the share of the target's
  input synapses that it makes. It is the share of the end's input that comes this way, were signals to add up and pass unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.degrees import degrees
from graphkit.algorithms.logarithms import whole_logarithms
from graphkit.algorithms.path_parts import BestOf, Part, best_paths
from graphkit.algorithms.reach import edges_of, hops_from
from graphkit.algorithms.shares import shares_of
from graphkit.edges import distinct
from graphkit.errors import GraphError
from graphkit.graph import Graph

__all__ = ["MOST_RANKED", "RankedPath", "Strength", "input_fractions", "k_shortest_paths", "strongest_paths"]

MOST_RANKED = 1_000
"""Each further one costs some searches of the graph."""

Strength = Literal["synapses", "input fraction"]

_ENDLESS = 2**62


@dataclass(frozen=True, slots=True)
class RankedPath:
    """A path as neuron ids, and how strong it is: the synapses of its weakest connection, or its product of input fractions."""

    ids: tuple[int, ...]
    strength: int | float


def strongest_paths(
    graph: Graph,
    sources: ArrayLike,
    targets: ArrayLike,
    count: int = 1,
    *,
    by: Strength = "synapses",
    hops: int | None = None,
) -> list[RankedPath]:
    """The ``count`` strongest simple paths from any of ``sources`` to any of ``targets``, of at most ``hops`` connections.

    In the order: as strong as possible, then fewer connections, then the smaller ids from the first on. Exact; products of input
    fractions that differ by less than about a part in 10^12 may change places.

    >>> graph = Graph.from_edges([1, 2, 1], [2, 3, 3], [9, 4, 2])
    >>> strongest_paths(graph, [1], [3], 2)
    [RankedPath(ids=(1, 2, 3), strength=4), RankedPath(ids=(1, 3), strength=2)]
    >>> strongest_paths(graph, [1], [3], by="input fraction")
    [RankedPath(ids=(1, 2, 3), strength=0.6666666666666666)]

    Raises:
        GraphError: an id is not in the graph; a number is below 1, or more than 1,000 paths are asked for.
    """
    return _ranked(graph, sources, targets, count, by, hops, shortest=False)


def k_shortest_paths(
    graph: Graph,
    sources: ArrayLike,
    targets: ArrayLike,
    count: int = 1,
    *,
    by: Strength = "synapses",
    hops: int | None = None,
) -> list[RankedPath]:
    """The ``count`` simple paths of the fewest connections, which may be more than those of the very shortest; of as many
    connections the strongest first, then the smaller ids.

    >>> graph = Graph.from_edges([1, 2, 1], [2, 3, 3], [9, 4, 2])
    >>> [path.ids for path in k_shortest_paths(graph, [1], [3], 2)]
    [(1, 3), (1, 2, 3)]

    Raises:
        GraphError: as ``strongest_paths``.
    """
    return _ranked(graph, sources, targets, count, by, hops, shortest=True)


def input_fractions(graph: Graph) -> NDArray[np.float64]:
    """Each connection's share of the target's input synapses (autapses count), float64 in the order of ``graph.indices``."""
    total = np.bincount(graph.indices, weights=graph.synapses, minlength=len(graph))
    return shares_of(graph.synapses, total[graph.indices])


def _ranked(
    graph: Graph, sources: ArrayLike, targets: ArrayLike, count: int, by: Strength, hops: int | None, *, shortest: bool
) -> list[RankedPath]:
    if not 1 <= count <= MOST_RANKED:
        raise GraphError(f"From 1 to {MOST_RANKED:,} paths can be asked for, got {count:,}.")
    if hops is not None and hops < 1:
        raise GraphError(f"hops must be at least 1, got {hops}.")
    if by not in ("synapses", "input fraction"):
        raise GraphError(f"Paths are not strong by {by!r}; expected 'synapses' or 'input fraction'.")
    is_target = np.zeros(len(graph), dtype=np.bool_)
    is_target[graph.index_of(targets)] = True
    starts = distinct(np.atleast_1d(graph.index_of(sources))).tolist()
    search, strength = (_widest if by == "synapses" else _likeliest)(
        graph, is_target, _ENDLESS if hops is None else hops, shortest
    )
    found = best_paths(starts, is_target.tolist(), search, count)
    return [RankedPath(tuple(graph.ids[list(rows)].tolist()), strength(rows)) for rows in found]


Strong = Callable[[tuple[int, ...]], Any]


def _widest(graph: Graph, is_target: NDArray[np.bool_], hops: int, shortest: bool) -> tuple[BestOf, Strong]:
    from graphkit.algorithms.widest_kernels import fewest_hops, weakest_of, widest_path, work_space

    n = len(graph)
    blocked, banned = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    work, held = work_space(n)
    targets = np.flatnonzero(is_target)
    strongest_end = int(graph.in_synapses[edges_of(graph.in_indptr, targets)].max(initial=0))
    edges = (graph.indptr, graph.indices, graph.synapses, graph.in_indptr, graph.in_indices, graph.in_synapses)

    def width(rows: tuple[int, ...]) -> int:
        return weakest_of(*edges[:3], np.array(rows, dtype=np.int64))

    def best_of(part: Part, worst: tuple[int, int] | None) -> tuple[Any, tuple[int, ...]] | None:
        gone = max(0, len(part.root) - 1)
        left, floor, left_at_floor = hops - gone, 1, _ENDLESS
        if worst is not None and shortest:  # (hops, -strength)
            left = min(left, worst[0] - gone)
        elif worst is not None:  # (-strength, hops)
            floor, left_at_floor = -worst[0], worst[1] - gone
        if left < 1:
            return None
        starts = np.array(part.starts, dtype=np.int64)
        passed, not_first = list(part.root), list(part.banned)
        blocked[passed], banned[not_first] = True, True
        if shortest:
            left = fewest_hops(*edges, starts, targets, blocked, banned, left, work, held)
        found, rows = 0, np.empty(0, dtype=np.int64)
        if left:
            most = min(width(part.root), strongest_end)
            limits = floor, most, left, left_at_floor
            found, rows = widest_path(*edges, starts, targets, blocked, banned, *limits, work, held)
        blocked[passed], banned[not_first] = False, False
        path = (*part.root[:-1], *rows.tolist())
        key = (len(path) - 1, -found) if shortest else (-found, len(path) - 1)
        return (key, path) if found else None

    return best_of, width


def _likeliest(graph: Graph, is_target: NDArray[np.bool_], hops: int, shortest: bool) -> tuple[BestOf, Strong]:
    from graphkit.algorithms.path_costs import cheapest_path, costs_to_targets, work_space

    n = len(graph)
    inputs = degrees(graph).input_synapses
    of_inputs = whole_logarithms(np.maximum(inputs, 1))
    costs = _costs(graph.synapses, of_inputs[graph.indices])
    in_costs = _costs(graph.in_synapses, np.repeat(of_inputs, np.diff(graph.in_indptr)))
    to_cost, to_hops = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    costs_to_targets(graph.in_indptr, graph.in_indices, in_costs, is_target, shortest, to_cost, to_hops)
    fewest = hops_from(graph, graph.ids[is_target], direction="in")
    hops = hops if hops < n else _ENDLESS  # a simple path has no more
    blocked, banned = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    work = work_space(n, hops, shortest)

    def best_of(part: Part, worst: tuple[int, int] | None) -> tuple[Any, tuple[int, ...]] | None:
        gone = max(0, len(part.root) - 1)
        if hops - gone < 1:
            return None
        spent = sum(int(costs[_edge(graph, a, b)]) for a, b in pairwise(part.root))
        limit = _ENDLESS if worst is None else worst[0] - (gone if shortest else spent)
        passed, not_first = list(part.root), list(part.banned)
        blocked[passed], banned[not_first] = True, True
        cost, length, rows = cheapest_path(
            graph.indptr, graph.indices, costs, np.array(part.starts, dtype=np.int64), blocked, banned, is_target,
            to_cost, to_hops, fewest, hops if hops == _ENDLESS else hops - gone, shortest, limit, work,
        )  # fmt: skip
        blocked[passed], banned[not_first] = False, False
        path = (*part.root[:-1], *rows.tolist())
        key = (length + gone, cost + spent) if shortest else (cost + spent, length + gone)
        return (key, path) if length else None

    def product(rows: tuple[int, ...]) -> float:
        return math.prod(int(graph.synapses[_edge(graph, a, b)]) / int(inputs[b]) for a, b in pairwise(rows))

    return best_of, product


def _costs(synapses: NDArray[np.int64], of_inputs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Minus the logarithm of the share, in whole units, from that of the inputs."""
    found: NDArray[np.int64] = np.maximum(of_inputs - whole_logarithms(synapses), 0)
    return found


def _edge(graph: Graph, pre: int, post: int) -> int:
    """Where the connection between two rows stands."""
    begin, end = int(graph.indptr[pre]), int(graph.indptr[pre + 1])
    return begin + int(np.searchsorted(graph.indices[begin:end], post))
