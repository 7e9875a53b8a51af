"""A pattern of neurons and connections, as the search takes it: conditions are arrays, names are gone.

Nodes are numbered from 0. Different nodes bind different neurons. Autapses play no part, unless an edge has
``pre == post``. A match is a neuron (a row of the graph) for each node::

    nodes 0, 1, 2      edges 0 -> 1, 1 -> 2, 0 -> 2      match [17, 4, 90]: rows 17 -> 4 -> 90 and 17 -> 90

The *automorphisms* of a pattern are the permutations of its nodes that keep colours, edges, absences and tests. Matches
that differ by one are the same match, and are counted once unless ``labelled``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph

__all__ = [
    "MAX_NODES",
    "MISSING",
    "Edge",
    "Pattern",
    "Test",
    "TestOperator",
    "automorphisms",
    "contradiction",
    "parts",
    "unconnected_pairs",
]

MAX_NODES = 8
"""The largest pattern that is searched."""

MISSING = -(2**63)
"""No value, in an int64 array of values (in a float64 array NaN is); it meets no test."""

TestOperator = Literal["=", "!=", "<", "<=", ">", ">="]
_TURNED: dict[str, TestOperator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_Permutation = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A connection from node ``pre`` to node ``post``; ``absent``: there must be none.

    ``graph`` holds the connections that meet the edge's conditions, over the same neurons as all graphs of the pattern.
    Edges with the same conditions have the same graph and the same ``colour``.
    """

    pre: int
    post: int
    graph: Graph
    absent: bool = False
    colour: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Test:
    """A comparison of the synapses of two edges, or of the values of two nodes.

    Without values, ``left`` and ``right`` are places in `Pattern.edges`. With values they are nodes, and
    ``left_values`` and ``right_values`` have a value for each neuron: both int64 (`MISSING` where there is none) or
    both float64 (NaN where there is none).
    """

    left: int
    op: TestOperator
    right: int
    left_values: NDArray[Any] | None = None
    right_values: NDArray[Any] | None = None

    __test__ = False  # not a test of pytest's

    @property
    def of_edges(self) -> bool:
        """Whether it compares synapses of edges."""
        return self.left_values is None


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What to search for.

    Args:
        n_nodes: 1 to 8.
        edges: connections and absences.
        allowed: for each node the neurons that it may bind, shape (n_neurons,), or None for all.
        colours: for each node a number; nodes with the same conditions share one.
        base: the selected graph, in which ``induced`` looks for further connections.
        induced: no connections in ``base`` between the nodes but those of the pattern.
        labelled: symmetric matches count each by itself.
        tests: comparisons between nodes or between edges.

    Raises:
        GraphError: too many nodes; a number out of range; graphs of other neurons; a test that cannot be made.
    """

    n_nodes: int
    edges: tuple[Edge, ...]
    allowed: tuple[NDArray[np.bool_] | None, ...]
    colours: tuple[int, ...]
    base: Graph
    induced: bool = False
    labelled: bool = False
    tests: tuple[Test, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.n_nodes <= MAX_NODES:
            raise GraphError(
                f"The pattern has {self.n_nodes:,} neurons; patterns of 1 to {MAX_NODES} are searched.",
                hint="Ask for its parts, each with some of the neurons."
                if self.n_nodes > MAX_NODES
                else "Name at least one neuron.",
            )
        for what, given in (("allowed", self.allowed), ("colours", self.colours)):
            if len(given) != self.n_nodes:
                raise GraphError(f"{what} has {len(given)} entries; expected one for each of {self.n_nodes} nodes.")
        n = self.base.n_neurons
        for mask in self.allowed:
            if mask is not None and (mask.shape != (n,) or mask.dtype != np.bool_):
                raise GraphError(f"allowed is {mask.dtype} of the shape {mask.shape}; expected bool of ({n},).")
        for edge in self.edges:
            if not (0 <= edge.pre < self.n_nodes and 0 <= edge.post < self.n_nodes):
                raise GraphError(f"An edge goes from {edge.pre} to {edge.post}; nodes are 0 to {self.n_nodes - 1}.")
            same = edge.graph.ids is self.base.ids or np.array_equal(edge.graph.ids, self.base.ids)
            if not same:
                raise GraphError("The graph of an edge has other neurons than the base; all must have the same ids.")
        for test in self.tests:
            self._check(test)

    def _check(self, test: Test) -> None:
        if test.op not in _TURNED:
            raise GraphError(f"The comparison {test.op!r} is not known; expected one of {', '.join(_TURNED)}.")
        if (test.left_values is None) != (test.right_values is None):
            raise GraphError("A test compares two edges or two nodes; it has values on one side only.")
        limit = len(self.edges) if test.of_edges else self.n_nodes
        for side, values in ((test.left, test.left_values), (test.right, test.right_values)):
            if not 0 <= side < limit:
                raise GraphError(f"A test names number {side}; there are {limit}, counted from 0.")
            if test.of_edges and self.edges[side].absent:
                raise GraphError("A test compares the synapses of an edge that must be absent; it has none.")
            if values is not None and (values.shape != (len(self.base),) or values.dtype not in (np.int64, np.float64)):
                raise GraphError(
                    f"Values to test are {values.dtype} of the shape {values.shape}; "
                    f"expected int64 or float64 of ({len(self.base)},)."
                )
        if test.left_values is not None and test.right_values is not None:
            kinds = test.left_values.dtype, test.right_values.dtype
            if kinds[0] != kinds[1]:
                raise GraphError(f"A test compares {kinds[0]} with {kinds[1]} values; give both the same type.")


def automorphisms(pattern: Pattern) -> list[_Permutation]:
    """The permutations p that keep the pattern, node i going to p[i]; the identity first.

    >>> graph = Graph.from_edges([1], [2])
    >>> fan = Pattern(3, (Edge(0, 1, graph), Edge(0, 2, graph)), (None,) * 3, (0, 0, 0), graph)
    >>> automorphisms(fan)
    [(0, 1, 2), (0, 2, 1)]
    """
    edges = _edge_keys(pattern)
    touched = [_signature(node, pattern, edges) for node in range(pattern.n_nodes)]
    tests = _test_keys(pattern, tuple(range(pattern.n_nodes)))

    def extended(begun: _Permutation) -> Iterator[_Permutation]:
        node = len(begun)
        if node == pattern.n_nodes:
            if not tests or _test_keys(pattern, begun) == tests:
                yield begun
            return
        for image in range(pattern.n_nodes):
            if image in begun or touched[image] != touched[node]:
                continue
            now = (*begun, image)
            if all(edges.get((a, b)) == edges.get((now[a], now[b])) for a, b in _pairs_with(node)):
                yield from extended(now)

    return list(extended(()))


def contradiction(pattern: Pattern) -> str | None:
    """Why nothing can match, where that is plain without a search; else None."""
    for node, mask in enumerate(pattern.allowed):
        if mask is not None and not mask.any():
            return f"no neuron meets the conditions of node {node}"
    present = {(e.pre, e.post, id(e.graph)) for e in pattern.edges if not e.absent}
    for edge in pattern.edges:
        if not edge.absent and edge.graph.n_connections == 0:
            return f"no connection meets the conditions of the edge {edge.pre} -> {edge.post}"
        if edge.absent and (edge.pre, edge.post, id(edge.graph)) in present:
            return f"the edge {edge.pre} -> {edge.post} must be there and must be absent"
    never = {"!=", "<", ">"}
    for test in pattern.tests:
        if test.left == test.right and test.left_values is test.right_values and test.op in never:
            return f"a {'connection' if test.of_edges else 'neuron'} is compared with itself by {test.op}"
    if pattern.n_nodes > pattern.base.n_neurons:
        return f"the pattern has {pattern.n_nodes} neurons and the graph {pattern.base.n_neurons:,}"
    return None


def parts(pattern: Pattern) -> list[list[int]]:
    """The nodes of each connected part; absences and tests do not connect."""
    part_of = list(range(pattern.n_nodes))
    for edge in pattern.edges:
        if not edge.absent:
            old, new = part_of[edge.post], part_of[edge.pre]
            part_of = [new if part == old else part for part in part_of]
    return [[node for node in range(pattern.n_nodes) if part_of[node] == part] for part in dict.fromkeys(part_of)]


def _edge_keys(pattern: Pattern) -> dict[tuple[int, int], frozenset[tuple[int, bool]]]:
    keys: dict[tuple[int, int], frozenset[tuple[int, bool]]] = {}
    for edge in pattern.edges:
        pair = edge.pre, edge.post
        keys[pair] = keys.get(pair, frozenset()) | {(edge.colour, edge.absent)}
    return keys


def _signature(node: int, pattern: Pattern, edges: dict[tuple[int, int], frozenset[tuple[int, bool]]]) -> object:
    """What a node and its image have in common."""
    out = sorted(sorted(key) for (pre, post), key in edges.items() if pre == node != post)
    into = sorted(sorted(key) for (pre, post), key in edges.items() if post == node != pre)
    return pattern.colours[node], edges.get((node, node)), out, into


def _pairs_with(node: int) -> list[tuple[int, int]]:
    return [(node, node), *((a, node) for a in range(node)), *((node, a) for a in range(node))]


def _test_keys(pattern: Pattern, image: _Permutation) -> set[object]:
    """The tests after the nodes are renamed, each in one of its two directions."""
    values: list[NDArray[Any]] = []

    def number(array: NDArray[Any] | None) -> int:
        if array is None:
            return -1
        for index, known in enumerate(values):
            if known is array or np.array_equal(known, array, equal_nan=known.dtype.kind == "f"):
                return index
        values.append(array)
        return len(values) - 1

    def place(index: int, of_edges: bool) -> tuple[int, ...]:
        if not of_edges:
            return (image[index],)
        edge = pattern.edges[index]
        return image[edge.pre], image[edge.post], edge.colour

    keys: set[object] = set()
    for test in pattern.tests:
        left = (place(test.left, test.of_edges), number(test.left_values))
        right = (place(test.right, test.of_edges), number(test.right_values))
        keys.add(min((left, test.op, right), (right, _TURNED[test.op], left)))
    return keys


def unconnected_pairs(pattern: Pattern) -> list[tuple[int, int]]:
    """Ordered pairs of different nodes that have no edge from the first to the second, which ``induced`` keeps apart."""
    present = {(edge.pre, edge.post) for edge in pattern.edges if not edge.absent}
    both = [pair for a, b in combinations(range(pattern.n_nodes), 2) for pair in ((a, b), (b, a))]
    return [pair for pair in both if pair not in present]
