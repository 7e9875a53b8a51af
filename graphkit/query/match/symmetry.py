"""The symmetries of a pattern in its typed form: which matches are the same, and which of them stands for all.

The neurons that the i-th can be turned into, while those before it stay, must not lie below it: of matches that are the same
this keeps the first in lexicographic order (Grochow & Kellis, RECOMB 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from graphkit.query import ir

__all__ = ["conditions_key", "first_of_all", "own_tests"]

_TURNED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def own_tests(form: ir.Match, name: str) -> frozenset[tuple[str, str, str]]:
    """Comparisons of two columns of one neuron."""
    return frozenset((t.left.name, t.op, t.right.name) for t in form.tests if t.left.of == t.right.of == name)


def conditions_key(edge: ir.PatternEdge) -> Hashable:
    """The same for edges under the same conditions."""
    return edge.regions, edge.nt, frozenset(edge.synapses), edge.hops


def first_of_all(form: ir.Match) -> tuple[tuple[str, str], ...]:
    """Pairs of neurons of which the first has the lower id in the match that stands for all."""
    if form.labelled:
        return ()
    keeps = _keeper(form)
    n = len(form.nodes)

    def extended(images: tuple[int, ...]) -> bool:
        if not keeps(images):
            return False
        return len(images) == n or any(extended((*images, j)) for j in range(n) if j not in images)

    found = [(i, j) for i in range(n) for j in range(i + 1, n) if extended((*range(i), j))]
    return tuple((form.nodes[i].name, form.nodes[j].name) for i, j in found)


def _keeper(form: ir.Match) -> Callable[[tuple[int, ...]], bool]:
    """Says whether the beginning of a permutation keeps all conditions, and at its end all connections and tests."""
    place = {node.name: i for i, node in enumerate(form.nodes)}
    colours = [(node.where, own_tests(form, node.name)) for node in form.nodes]
    both_ways = form.selection.kind == "electrical"
    edges: dict[str | None, Any] = {}
    drawn = set()
    for edge in form.edges:
        ends = (place[edge.pre], place[edge.post])
        edges[edge.name] = (ends, conditions_key(edge))
        drawn |= {(e, conditions_key(edge), edge.absent) for e in ((ends, ends[::-1]) if both_ways else (ends,))}
    tests = set()
    for test in form.tests:
        left, right = (edges.get(s.of) or ((place[s.of],), s.name) for s in (test.left, test.right))
        for a in _sides(left, both_ways):
            for b in _sides(right, both_ways):
                tests |= {(a, test.op, b), (b, _TURNED[test.op], a)}

    def keeps(images: tuple[int, ...]) -> bool:
        last = len(images) - 1
        if colours[last] != colours[images[last]]:
            return False
        known = len(images)
        for ends, key, absent in drawn:
            if max(ends) == last and (tuple(images[i] for i in ends), key, absent) not in drawn:
                return False
        if known < len(form.nodes):
            return True

        def moved(side: Any) -> Any:
            return tuple(images[i] for i in side[0]), side[1]

        return all((moved(a), op, moved(b)) in tests for a, op, b in tests)

    return keeps


def _sides(side: Any, both_ways: bool) -> list[Any]:
    return [side, (side[0][::-1], side[1])] if both_ways and len(side[0]) == 2 else [side]
