"""Patterns without conditions of their own, which are counted without a search: from a census, or as pairs of wedges.

The graph may have been cut by a threshold: it must be the same one for all edges of the pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.motifs.census import in_ranges, packable, triad_census
from graphkit.motifs.names import BIT_OF_EDGE, CLASS_OF_CODE, containment
from graphkit.motifs.pattern import Pattern, automorphisms, parts

__all__ = ["shortcut"]

_Lists = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]
_Way = tuple[bool, bool]  # from u to v, and on to w: whether along the connection or against it
_Corner = tuple[_Way, _Way]  # the two ways from a corner of a square to the one opposite


def shortcut(pattern: Pattern) -> tuple[str, Callable[[int | None], int]] | None:
    """(how, the function from threads to the number of matches), or None where the pattern has to be searched."""
    graph = _one_graph(pattern)
    if graph is None:
        return None
    edges = sorted({(edge.pre, edge.post) for edge in pattern.edges})
    times = 1 if not pattern.labelled else len(automorphisms(pattern))
    loop = _LOOPS.get(frozenset(edges)) if pattern.n_nodes == 3 and not pattern.induced else None
    if loop is not None and _few_ways(graph):
        return "as ways of two connections that a third one closes", lambda _: times * _closed_ways(graph, loop)
    if pattern.n_nodes == 3:
        return "from the triad census", lambda threads: times * _of_triads(graph, edges, pattern.induced, threads)
    ways = _square(edges) if pattern.n_nodes == 4 and not pattern.induced else None
    if ways is not None:
        once = len(automorphisms(pattern)) if not pattern.labelled else 1
        return "as pairs of ways between opposite corners", lambda threads: _squares(graph, ways, threads) // once
    if pattern.n_nodes == 4:
        return (
            "from the census of four neurons",
            lambda threads: times * _of_four(graph, edges, pattern.induced, threads),
        )
    return None


def _one_graph(pattern: Pattern) -> Graph | None:
    """The graph of a pattern that has nothing but present edges of it, in one part."""
    if pattern.tests or not pattern.edges or len(set(pattern.colours)) > 1:
        return None
    if any(mask is not None and not mask.all() for mask in pattern.allowed):
        return None
    graph = pattern.edges[0].graph
    if any(edge.absent or edge.pre == edge.post or edge.graph is not graph for edge in pattern.edges):
        return None
    if len({edge.colour for edge in pattern.edges}) > 1 or len(parts(pattern)) > 1:
        return None
    return None if pattern.induced and pattern.base is not graph else graph


def _loops() -> dict[frozenset[tuple[int, int]], bool]:
    """The feedforward loop (True) and the 3-cycle (False), with their neurons numbered in any way."""
    loops = {}
    for a, b, c in permutations(range(3)):
        loops[frozenset({(a, b), (b, c), (a, c)})] = True
        loops[frozenset({(a, b), (b, c), (c, a)})] = False
    return loops


_LOOPS = _loops()


def _few_ways(graph: Graph) -> bool:
    """Whether walking all ways of two connections costs less than reading the graph some times, as a census does."""
    n_ways = int(np.diff(graph.in_indptr) @ np.diff(graph.indptr))
    return n_ways <= graph.n_neurons + graph.n_connections


def _closed_ways(graph: Graph, forward: bool) -> int:
    from graphkit.motifs import kernels

    out = graph.indptr, graph.indices
    if forward:
        return int(kernels.closed_ways(*out, *out))
    return int(kernels.closed_ways(*out, graph.in_indptr, graph.in_indices)) // 3  # once from each of its neurons


def _of_triads(graph: Graph, edges: list[tuple[int, int]], induced: bool, threads: int | None) -> int:
    code = sum(BIT_OF_EDGE[edge] for edge in edges)
    wanted, found = CLASS_OF_CODE[code], list(triad_census(graph, threads=threads).values())
    if induced:
        return found[wanted]
    return sum(times * count for times, count in zip(containment()[wanted].tolist(), found, strict=True))


def _of_four(graph: Graph, edges: list[tuple[int, int]], induced: bool, threads: int | None) -> int:
    from graphkit.motifs.four_census import four_node_counts
    from graphkit.motifs.four_nodes import code_of, four_nodes

    row = four_node_counts(graph, threads=threads)[int(four_nodes().class_of_code[code_of(edges)])]
    return row.induced if induced else row.count


def _square(edges: list[tuple[int, int]]) -> list[_Corner] | None:
    """The corners, opposite ones side by side, if the edges make a square."""
    joined = {frozenset(edge) for edge in edges}
    apart = [pair for pair in combinations(range(4), 2) if frozenset(pair) not in joined]
    if len(edges) != 4 or len(joined) != 4 or len(apart) != 2 or set(apart[0]) & set(apart[1]):
        return None
    present = set(edges)
    corners = []
    for (a, b), (v, x) in (apart, apart[::-1]):
        for u, w in ((a, b), (b, a)):
            ways = sorted([((u, v) in present, (v, w) in present), ((u, x) in present, (x, w) in present)])
            corners.append((ways[0], ways[1]))
    return corners


def _squares(graph: Graph, corners: list[_Corner], threads: int | None) -> int:
    """Labelled matches, by the highest neuron u of two opposite corners, or of all four if hubs make that quicker.

    Where u is the highest of all four, only neurons of lower degree are passed (Chiba & Nishizeki 1985).
    """
    from graphkit.motifs import four_kernels as kernels

    packable(graph)
    if kernels.autapses(graph.indptr, graph.indices):
        graph = graph.without_autapses()
    out, into = (graph.indptr, graph.indices), (graph.in_indptr, graph.in_indices)
    corners, below, by_degree = _cheapest(graph, corners)
    if by_degree:
        order = np.argsort(np.diff(graph.indptr) + np.diff(graph.in_indptr), kind="stable").astype(np.int32)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order), dtype=np.int32)
        out, into = kernels.ranked_lists(rank, order, *out, *into), kernels.ranked_lists(rank, order, *into, *out)
    along = {True: out, False: into}
    total = 0
    for one, other in dict.fromkeys(corners):
        first, second = (*along[one[0]], *along[one[1]]), (*along[other[0]], *along[other[1]])

        def count(
            begin: int, end: int, first: _Lists = first, second: _Lists = second, alike: bool = one == other
        ) -> int:
            return int(kernels.squares(begin, end, first, second, alike, below))

        found = sum(in_ranges(count, out[0] + into[0], threads))
        if one != other:  # ways over the same neuron are taken back
            back = (*along[not one[0]], *along[not other[0]])
            found -= int(kernels.folded(back, (*along[one[1]], *along[other[1]]), below))
        total += corners.count((one, other)) * found
    return total


def _cheapest(graph: Graph, corners: list[_Corner]) -> tuple[list[_Corner], bool, bool]:
    """(the corners where u stands, whether only neurons below u are passed, in order of degree): the fewest steps."""
    n_out, n_in = np.diff(graph.indptr), np.diff(graph.in_indptr)
    degree = {True: n_out, False: n_in}
    sampled = np.arange(0, graph.n_connections, graph.n_connections // 20_000 + 1)
    pre, post = np.searchsorted(graph.indptr, sampled, side="right") - 1, graph.indices[sampled]
    rising = (n_out + n_in)[pre] < (n_out + n_in)[post]

    def steps(chosen: list[_Corner], share: float) -> float:
        """Over all ways, of which a share has its u above the others."""
        ways = {way for corner in set(chosen) for way in corner}
        return share * sum(float((degree[not near] * degree[far]).sum()) for near, far in ways)

    def steps_by_degree() -> float:
        """Over the pairs in which v has fewer connections than u."""
        ways = {way for corner in set(corners) for way in corner}
        passed = sum(float(degree[far][post[~rising] if near else pre[rising]].sum()) for near, far in ways)
        return 2 / 3 * passed * graph.n_connections / max(len(sampled), 1)

    quick = min(corners[:2], corners[2:], key=lambda chosen: steps(chosen, 1 / 2))
    options = [
        (steps(quick, 1 / 2), (quick, False, False)),
        (steps(corners, 1 / 3), (corners, True, False)),
        (steps_by_degree() + 40 * graph.n_connections, (corners, True, True)),
    ]
    return min(options, key=lambda option: option[0])[1]
