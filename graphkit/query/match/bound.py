"""From the typed form to the pattern that the search takes: conditions become arrays over the neurons of the graph.

Edges under the same conditions share one graph, neurons under the same conditions one colour, so that the search sees which
matches are symmetric. An electrical connection has no direction: each stands in the pattern both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.interrupted import interruptible
from graphkit.motifs.pattern import MISSING, Edge, Pattern, Test
from graphkit.query import ir
from graphkit.query.conditions import condition_sql
from graphkit.query.match.edges import edge_pairs_sql
from graphkit.query.match.symmetry import conditions_key, own_tests
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.dataset import Dataset

__all__ = ["Bound", "GraphOf", "bound", "over"]

_OPERATIONS = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True, slots=True)
class Bound:
    """The pattern, and where the form's edges are among the pattern's."""

    pattern: Pattern
    place_of: dict[str, int]
    """By name, for the edges that have one."""


def bound(form: ir.Match, dataset: Dataset) -> Bound:
    """The pattern of a form over the graph that its selection chooses."""
    from graphkit.selection import load_selection

    base = load_selection(dataset, form.selection)
    row = {node.name: i for i, node in enumerate(form.nodes)}
    place_of = {e.name: i for i, e in enumerate(form.edges) if e.name}
    keys = [(node.where, own_tests(form, node.name)) for node in form.nodes]
    distinct = list(dict.fromkeys(keys))
    masks = {key: _mask(dataset, base, *key) for key in distinct}
    graphs = _Graphs(
        form, dataset, base, {node.name: (key, masks[key]) for node, key in zip(form.nodes, keys, strict=True)}
    )
    edges = [Edge(row[e.pre], row[e.post], *graphs.of(e)) for e in form.edges]
    mirror: dict[int, int] = {}
    if form.selection.kind == "electrical":
        edges, mirror = _both_ways(edges)
    pattern = Pattern(
        n_nodes=len(form.nodes),
        edges=tuple(edges),
        allowed=tuple(masks[key] for key in keys),
        colours=tuple(distinct.index(key) for key in keys),
        base=base,
        induced=form.induced,
        labelled=form.labelled,
        tests=_tests(form, dataset, base, row, place_of, mirror),
    )
    return Bound(pattern, place_of)


GraphOf = Callable[[ir.PatternEdge], Graph]
"""The connections that meet the regions and transmitters of an edge."""


def over(
    found: Bound,
    form: ir.Match,
    graph: Graph,
    origins: NDArray[np.int64] | None = None,
    of_edge: GraphOf | None = None,
) -> Pattern:
    """The same pattern in another graph; without ``of_edge`` no edge of it is of certain regions or transmitters.

    It has the same neurons, or, with ``origins``, others that have what is known of those in these rows.
    """
    of_edge = of_edge or (lambda _: graph)
    pattern = found.pattern
    if origins is not None:
        allowed = tuple(None if mask is None else mask[origins] for mask in pattern.allowed)
        moved = [
            replace(t, left_values=t.left_values[origins], right_values=t.right_values[origins])
            if t.left_values is not None and t.right_values is not None
            else t
            for t in pattern.tests
        ]
        bare = replace(pattern, edges=(), tests=(), allowed=allowed, base=graph)
        return _over(pattern, bare, form, tuple(moved), of_edge)
    return _over(pattern, replace(pattern, edges=(), tests=(), base=graph), form, pattern.tests, of_edge)


def _over(pattern: Pattern, bare: Pattern, form: ir.Match, tests: tuple[Test, ...], of_edge: GraphOf) -> Pattern:
    """``bare`` with the edges of ``pattern`` in its graph."""
    masks = dict(zip((node.name for node in form.nodes), bare.allowed, strict=True))
    directed = form.selection.kind == "chemical"
    made: dict[int, Graph] = {}
    for edge, said in zip(pattern.edges, form.edges, strict=False):  # of gap junctions, those that go back come after
        if edge.colour not in made:
            ends = (masks[said.pre], masks[said.post]) if directed else (None, None)
            made[edge.colour] = _in_steps(_compared(of_edge(said), said.synapses), said, *ends)
    edges = tuple(replace(edge, graph=made[edge.colour]) for edge in pattern.edges)
    return replace(bare, edges=edges, tests=tests)


def _in_steps(
    graph: Graph, edge: ir.PatternEdge, sources: NDArray[np.bool_] | None, targets: NDArray[np.bool_] | None
) -> Graph:
    """Walks of as many connections as the edge says."""
    if edge.hops == (1, 1):
        return graph
    from graphkit.query.match.walks import walks

    return walks(graph, *edge.hops, sources, targets)


def _both_ways(edges: list[Edge]) -> tuple[list[Edge], dict[int, int]]:
    """The edges and, for each, the one that goes back; its place by the place of the first."""
    every, mirror = list(edges), {}
    for i, edge in enumerate(edges):
        back = replace(edge, pre=edge.post, post=edge.pre)
        same = (back.pre, back.post, back.colour, back.absent)
        at = next((k for k, e in enumerate(every) if (e.pre, e.post, e.colour, e.absent) == same), None)
        if at is None:
            at = len(every)
            every.append(back)
        mirror[i], mirror[at] = at, i
    return every, mirror


# -- neurons ----------------------------------------------------------------------------------------------------


def _mask(
    dataset: Dataset, base: Graph, where: ir.Condition | None, tests: frozenset[tuple[str, str, str]]
) -> NDArray[np.bool_] | None:
    terms = [f"({quoted_name(a)} {op} {quoted_name(b)})" for a, op, b in sorted(tests)]
    terms += [] if where is None else [condition_sql(where, dataset)]
    if not terms:
        return None
    ids = _fetched(dataset, f"SELECT neuron_id FROM neurons WHERE {' AND '.join(terms)}")["neuron_id"].to_numpy()
    return np.isin(base.ids, ids, assume_unique=True)


def _tests(
    form: ir.Match,
    dataset: Dataset,
    base: Graph,
    row: dict[str, int],
    place_of: dict[str, int],
    mirror: dict[int, int],
) -> tuple[Test, ...]:
    columns: dict[tuple[str, str], dict[str, NDArray[np.int64]]] = {}
    tests = []
    for test in form.tests:
        if test.left.of in place_of:
            left, right = place_of[test.left.of], place_of[test.right.of]
            for a in dict.fromkeys((left, mirror.get(left, left))):
                tests += [Test(a, test.op, b) for b in dict.fromkeys((right, mirror.get(right, right)))]
        elif test.left.of != test.right.of:
            names = cast(tuple[str, str], tuple(sorted((test.left.name, test.right.name))))
            if names not in columns:
                columns[names] = _codes(dataset, base, names)
            values = columns[names]
            left, right = row[test.left.of], row[test.right.of]
            tests.append(Test(left, test.op, right, values[test.left.name], values[test.right.name]))
    return tuple(tests)


def _codes(dataset: Dataset, base: Graph, names: tuple[str, str]) -> dict[str, NDArray[np.int64]]:
    """The rank of each neuron's value among those of both columns; MISSING where it has none. Ranks compare as values do."""
    distinct = dict.fromkeys(names)
    every = " UNION ALL ".join(f"SELECT {quoted_name(n)} AS v FROM neurons" for n in distinct)
    ranks = (
        f"(SELECT v, row_number() OVER (ORDER BY v) AS r FROM (SELECT DISTINCT v FROM ({every}) WHERE v IS NOT NULL))"
    )
    found = {}
    for name in distinct:
        sql = (
            f"SELECT n.neuron_id, coalesce(k.r, {MISSING}) AS r FROM neurons n LEFT JOIN {ranks} k "
            f"ON k.v = n.{quoted_name(name)} ORDER BY n.neuron_id"
        )
        table = _fetched(dataset, sql)
        at = np.searchsorted(table["neuron_id"].to_numpy(), base.ids)
        found[name] = table["r"].to_numpy()[at]
    return found


# -- connections ------------------------------------------------------------------------------------------------


class _Graphs:
    """The graph and the colour of each edge's conditions, made once."""

    def __init__(
        self, form: ir.Match, dataset: Dataset, base: Graph, nodes: dict[str, tuple[Any, NDArray[np.bool_] | None]]
    ) -> None:
        """``nodes``: what is said of each neuron, and which rows meet it."""
        self._form, self._dataset, self._base, self._nodes = form, dataset, base, nodes
        self._colours: dict[Any, int] = {}
        self._graphs: dict[Any, Graph] = {}

    def of(self, edge: ir.PatternEdge) -> tuple[Graph, bool, int]:
        """(graph, absent, colour)"""
        key: Any = conditions_key(edge)
        if edge.hops != (1, 1):  # walks are followed from certain neurons only
            key = key, self._nodes[edge.pre][0], self._nodes[edge.post][0]
        colour = self._colours.setdefault(key, len(self._colours))
        if colour not in self._graphs:
            self._graphs[colour] = self._made(edge)
        return self._graphs[colour], edge.absent, colour

    def _made(self, edge: ir.PatternEdge) -> Graph:
        graph = self._base
        if edge.regions is not None or edge.nt is not None:
            pairs = _fetched(self._dataset, edge_pairs_sql(edge, self._form.selection, self._dataset))
            graph = Graph.from_edges(pairs["pre_id"], pairs["post_id"], pairs["synapses"], ids=self._base.ids)
        graph = _compared(graph, edge.synapses)
        ends = (self._nodes[edge.pre][1], self._nodes[edge.post][1])
        return _in_steps(graph, edge, *((None, None) if self._form.selection.kind == "electrical" else ends))


def _compared(graph: Graph, tests: tuple[tuple[ir.TestOperator, int], ...]) -> Graph:
    """The connections whose synapses meet the comparisons."""
    others = []
    for op, number in tests:
        if op in (">=", ">"):
            graph = graph.at_least(number + (op == ">"))
        else:
            others.append((op, number))
    if not others:
        return graph
    pre, post, synapses = graph.edges()
    keep = np.logical_and.reduce([_OPERATIONS[op](synapses, number) for op, number in others])
    return Graph.from_edges(pre[keep], post[keep], synapses[keep], ids=graph.ids)


def _fetched(dataset: Dataset, sql: str) -> pa.Table:
    cursor = dataset.cursor(sql)
    return interruptible(cursor, cursor.sql(sql).to_arrow_table)
