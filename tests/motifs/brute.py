"""The matches of a pattern from the definition: every way to bind its nodes, on raw pairs.

``BruteEdge.pairs`` are the synapses of each ordered pair (pre, post) that meets the edge's conditions; two edges with
the same conditions have the same ``colour``. A test is ("edges", place, operator, place) or ("nodes", node, operator,
node, values by neuron left, and right), a value None being none.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["BruteEdge", "brute_matches"]

OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TURNED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class BruteEdge:
    """A connection of the pattern."""

    pre: int
    post: int
    pairs: Mapping[tuple[int, int], int]
    absent: bool = False
    colour: int = 0


def brute_matches(
    ids: Iterable[int],
    n_nodes: int,
    edges: Sequence[BruteEdge],
    *,
    allowed: Sequence[set[int] | None] | None = None,
    colours: Sequence[int] | None = None,
    tests: Sequence[tuple[Any, ...]] = (),
    base: Mapping[tuple[int, int], int] | None = None,
    labelled: bool = False,
) -> set[frozenset[tuple[int, ...]]]:
    """The classes of symmetric matches (of one each if ``labelled``); ``base`` given means induced in it."""
    allowed = allowed or [None] * n_nodes
    colours = colours or [0] * n_nodes
    wanted = {(e.pre, e.post) for e in edges if not e.absent}
    matches = []
    for neurons in itertools.permutations(sorted(ids), n_nodes):
        if any(mask is not None and neuron not in mask for neuron, mask in zip(neurons, allowed, strict=True)):
            continue
        if any(((neurons[e.pre], neurons[e.post]) in e.pairs) == e.absent for e in edges):
            continue
        if base is not None and any(
            (neurons[a], neurons[b]) in base
            for a, b in itertools.permutations(range(n_nodes), 2)
            if (a, b) not in wanted
        ):
            continue
        if all(_met(test, neurons, edges) for test in tests):
            matches.append(neurons)
    symmetries = [tuple(range(n_nodes))] if labelled else symmetries_of(n_nodes, edges, colours, tests)
    return {frozenset(tuple(match[p[node]] for node in range(n_nodes)) for p in symmetries) for match in matches}


def _met(test: tuple[Any, ...], neurons: tuple[int, ...], edges: Sequence[BruteEdge]) -> bool:
    if test[0] == "edges":
        _, left, compare, right = test
        sides = [edges[place].pairs[neurons[edges[place].pre], neurons[edges[place].post]] for place in (left, right)]
    else:
        _, left, compare, right, left_values, right_values = test
        sides = [left_values[neurons[left]], right_values[neurons[right]]]
        if None in sides:
            return False
    return bool(OPERATORS[compare](*sides))


def symmetries_of(
    n_nodes: int, edges: Sequence[BruteEdge], colours: Sequence[int], tests: Sequence[tuple[Any, ...]] = ()
) -> list[tuple[int, ...]]:
    """All permutations of the nodes that leave the description of the pattern as it is."""

    def described(p: Sequence[int]) -> set[Any]:
        told: set[Any] = {("node", p[node], colours[node]) for node in range(n_nodes)}
        told |= {("edge", p[e.pre], p[e.post], e.colour, e.absent) for e in edges}
        for test in tests:
            if test[0] == "edges":
                sides = [(p[edges[k].pre], p[edges[k].post], edges[k].colour) for k in (test[1], test[3])]
            else:
                sides = [(p[test[1]], repr(test[4])), (p[test[3]], repr(test[5]))]
            told |= {("test", sides[0], test[2], sides[1]), ("test", sides[1], TURNED[test[2]], sides[0])}
        return told

    plain = described(range(n_nodes))
    return [p for p in itertools.permutations(range(n_nodes)) if described(p) == plain]
