"""The plan of a MATCH question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.match.check import check
from graphkit.query.plans.plan import Plan
from graphkit.query.plans.selected import require_connections, selected_pairs_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["plan_match"]


def plan_match(form: ir.Match, dataset: Dataset) -> Plan:
    """The graph that is searched.

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
    return Plan(selected_pairs_sql(form.selection, dataset), "graph kernels", tuple(notes))
