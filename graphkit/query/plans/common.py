"""Common partners of several sets of neurons, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.plans.columns import group_columns, neuron_columns
from graphkit.query.plans.plan import Plan
from graphkit.query.plans.selected import pairs_sql, require_connections, rows_sql
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["plan_common"]


def plan_common(form: ir.Common, dataset: Dataset) -> Plan:
    """A row a common partner, or a group of them; ``with_1`` are its synapses with the first set, and so on."""
    notes = require_connections(form.selection, dataset)
    if form.errors is not None:
        return Plan(_common_sql(form, dataset), "graph kernels", notes, "counted again on perturbed graphs")
    return Plan(_common_sql(form, dataset), notes=notes)


def _common_sql(form: ir.Common, dataset: Dataset) -> str:
    joined = " JOIN ".join(
        f"({_with_sql(of, form, dataset)}) p{i}{' USING (partner)' if i > 1 else ''}" for i, of in enumerate(form.of, 1)
    )
    with_each = [f"p{i}.synapses" for i in range(1, len(form.of) + 1)]
    source = f"{joined} JOIN neurons n ON n.neuron_id = p1.partner"
    names = [f"with_{i}" for i in range(1, len(with_each) + 1)]
    weakest = f"least({', '.join(names)}) DESC, synapses DESC"
    if form.by:
        figures = ", ".join(f"sum({s})::BIGINT AS {name}" for s, name in zip(with_each, names, strict=True))
        groups = ", ".join(f"{quoted_name(g)} NULLS LAST" for g in form.by)
        return (
            f"SELECT {', '.join(group_columns(form.by, 'n'))}, count(*) AS neurons, "
            f"sum({' + '.join(with_each)})::BIGINT AS synapses, {figures} FROM {source} GROUP BY ALL "
            f"ORDER BY {weakest}, {groups}"
        )
    figures = ", ".join(f"{s} AS {name}" for s, name in zip(with_each, names, strict=True))
    return (
        f"SELECT n.neuron_id, {neuron_columns('n')}, {' + '.join(with_each)} AS synapses, {figures} FROM {source} "
        f"ORDER BY {weakest}, n.neuron_id"
    )


def _with_sql(of: ir.Condition, form: ir.Common, dataset: Dataset) -> str:
    """partner, synapses: with all the neurons of one set together."""
    parts = []
    if form.direction in ("inputs", "partners"):
        rows = rows_sql(form.selection, dataset, post=of, table="connections_by_post")
        parts.append(f"SELECT pre_id AS partner, synapses FROM ({pairs_sql(rows, form.selection)})")
    # a gap junction has no direction: both ways hold the same
    if form.direction == "outputs" or (form.direction == "partners" and form.selection.kind != "electrical"):
        rows = rows_sql(form.selection, dataset, pre=of)
        parts.append(f"SELECT post_id AS partner, synapses FROM ({pairs_sql(rows, form.selection)})")
    return f"SELECT partner, sum(synapses)::BIGINT AS synapses FROM ({' UNION ALL '.join(parts)}) GROUP BY partner"
