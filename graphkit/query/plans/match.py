"""The plan of a MATCH question: a join in DuckDB where its conditions leave few connections, else the search over the graph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.match.check import check
from graphkit.query.match.joined import edge_sql, joined_sql
from graphkit.query.plans.plan import Plan
from graphkit.query.plans.selected import require_connections, selected_pairs_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["FEW", "plan_match"]

FEW = 100_000
"""Partial matches, as estimated, up to which the join is taken. It begins at once, and kernels take half a second to load."""


def plan_match(form: ir.Match, dataset: Dataset) -> Plan:
    """The SELECT that answers, or the connections of the graph that is searched.

    Raises:
        QueryError: the pattern makes no sense.
        NotAnswerableError: the dataset does not hold what the question needs.
    """
    check(form)
    notes = list(require_connections(form.selection, dataset))
    for edge in form.edges:
        if edge.regions is not None:
            wanted = ir.Selection(regions=edge.regions)
            notes += [n for n in require_connections(wanted, dataset) if n not in notes]
    expected, why = _partial_matches(form, dataset)
    if expected is not None and expected <= FEW:
        return Plan(joined_sql(form, dataset), "DuckDB", tuple(notes), why)
    return Plan(selected_pairs_sql(form.selection, dataset), "graph kernels", tuple(notes), why)


def _partial_matches(form: ir.Match, dataset: Dataset) -> tuple[float | None, str]:
    """About how many partial matches a join meets at most, and in words; None where it is not to be asked."""
    if any(edge.hops != (1, 1) for edge in form.edges):
        return None, "walks are followed over the graph"
    there = [edge for edge in form.edges if not edge.absent]
    limited = {node.name for node in form.nodes if node.where is not None}
    if not there:
        return 0.0, "the pattern is one neuron"
    if not limited and form.selection.neurons is None:
        return math.inf, "no condition limits its neurons"
    sizes = {i: _sizes(form, edge, dataset) for i, edge in enumerate(there)}
    known: set[str] = set()
    expected = largest = 0.0
    while len(sizes):
        steps = {i: _step(there[i], sizes[i], known, expected) for i in sizes}
        joined = {i: n for i, n in steps.items() if not known or {there[i].pre, there[i].post} & known}
        at = min(joined, key=joined.__getitem__)
        expected = joined[at]
        largest = max(largest, expected)
        known |= {there[at].pre, there[at].post}
        del sizes[at]
    return largest, f"about {largest:,.0f} partial matches are expected"


def _sizes(form: ir.Match, edge: ir.PatternEdge, dataset: Dataset) -> tuple[int, int, int]:
    """Connections that the edge can be, and how many different neurons they come from and go to."""
    sql = edge_sql(form, edge, dataset)
    sql = f"SELECT count(*), count(DISTINCT pre_id), count(DISTINCT post_id) FROM ({sql})"
    found: tuple[int, int, int] = dataset.cursor(sql).execute(sql).fetchall()[0]
    return found


def _step(edge: ir.PatternEdge, sizes: tuple[int, int, int], known: set[str], expected: float) -> float:
    """Partial matches after the edge has joined those that are known, if neurons were all alike."""
    connections, pre, post = sizes
    if not known:
        return float(connections)
    shared = (max(pre, 1) if edge.pre in known else 1) * (max(post, 1) if edge.post in known else 1)
    return expected * connections / shared
