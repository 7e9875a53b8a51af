"""The plan of a MATCH question: a join in DuckDB where its conditions leave few connections, else the search over the graph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.conditions import condition_sql
from graphkit.query.match.check import check
from graphkit.query.match.joined import joined_sql
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
    if form.sample is not None:
        return None, "a sample is drawn over the graph, after all matches were counted"
    if form.against is not None:
        return None, "random graphs are searched, too"
    if form.errors is not None:
        return None, "perturbed graphs are searched, too"
    if any(edge.hops != (1, 1) for edge in form.edges):
        return None, "walks are followed over the graph"
    there = [edge for edge in form.edges if not edge.absent]
    if not there:
        return 0.0, "the pattern is one neuron"
    limited = form.selection.neurons is not None or any(node.where is not None for node in form.nodes)
    if not limited:
        return math.inf, "no condition limits its neurons"
    neurons, connections = (dataset.snapshot.tables[t].rows for t in ("neurons", "connections"))
    some = dict(zip((n.name for n in form.nodes), _neurons(form, dataset), strict=True))
    degree = connections / max(neurons, 1)
    known: set[str] = set()
    expected = largest = 0.0
    while there:
        near = [edge for edge in there if not known or {edge.pre, edge.post} & known]
        steps = [(_step(edge, some, neurons, degree, known, expected), i) for i, edge in enumerate(near)]
        expected, at = min(steps)
        largest = max(largest, expected)
        known |= {near[at].pre, near[at].post}
        there.remove(near[at])
    return largest, f"about {largest:,.0f} partial matches are expected"


def _neurons(form: ir.Match, dataset: Dataset) -> tuple[int, ...]:
    """How many neurons meet the conditions of each variable."""
    counts = []
    for node in form.nodes:
        terms = [condition_sql(c, dataset) for c in (node.where, form.selection.neurons) if c is not None]
        counts.append(f"count(*) FILTER ({' AND '.join(terms) or 'true'})")
    sql = f"SELECT {', '.join(counts)} FROM neurons"
    found: tuple[int, ...] = dataset.cursor(sql).execute(sql).fetchall()[0]
    return found


def _step(
    edge: ir.PatternEdge, some: dict[str, int], neurons: int, degree: float, known: set[str], expected: float
) -> float:
    """Partial matches after the edge has joined those that are known, if connections were spread evenly."""
    new = [n for n in dict.fromkeys((edge.pre, edge.post)) if n not in known]
    if len(new) == 2:
        return some[edge.pre] * degree * some[edge.post] / max(neurons, 1)
    if new:
        return (expected if known else some[new[0]]) * degree * some[new[0]] / max(neurons, 1)
    return expected * min(1.0, degree / max(neurons, 1))
