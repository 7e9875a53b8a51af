"""Partners of neurons, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.plans.columns import REGION_NAME, group_columns, neuron_columns, region_join
from graphkit.query.plans.plan import Plan
from graphkit.query.plans.selected import pairs_sql, require_connections, rows_sql
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["plan_partners"]


def plan_partners(form: ir.Partners, dataset: Dataset) -> Plan:
    """A row a partner, or a group of partners."""
    notes = require_connections(form.selection, dataset, by=form.by)
    sql = _partners_sql(form, dataset)
    if form.errors is not None:
        return Plan(sql, "graph kernels", notes, "counted again on perturbed graphs")
    return Plan(sql, notes=notes)


def _partners_sql(form: ir.Partners, dataset: Dataset) -> str:
    by_region = "region" in form.by
    parts = []
    for direction in ("inputs", "outputs"):
        if form.direction not in (direction, "partners"):
            continue
        incoming = direction == "inputs"
        rows = rows_sql(
            form.selection,
            dataset,
            post=form.of if incoming else None,
            pre=None if incoming else form.of,
            table="connections_by_post" if incoming else "connections",
        )
        edges = pairs_sql(rows, form.selection, by_region=by_region)
        mine, other = ("post_id", "pre_id") if incoming else ("pre_id", "post_id")
        i, o = ("synapses", "0") if incoming else ("0", "synapses")
        region = ", region_id" if by_region else ""
        parts.append(f"SELECT {other} AS partner, {mine} AS mine, {i} AS i, {o} AS o{region} FROM ({edges})")
    one_figure = form.direction != "partners"
    if form.selection.kind == "electrical":
        parts, one_figure = parts[:1], True  # a gap junction has no direction: both ways hold the same
    edges = " UNION ALL ".join(parts)
    if not one_figure:
        figures = "sum(e.i)::BIGINT AS inputs, sum(e.o)::BIGINT AS outputs"
        total = "sum(e.i) + sum(e.o)"
    else:
        figures = f"sum(e.i + e.o)::BIGINT AS synapses, sum(e.i + e.o) / ({_whole_sql(form, dataset)}) AS share"
        total = "sum(e.i + e.o)"
    if form.by:
        keys = group_columns(form.by, "n") + ([REGION_NAME] if by_region else [])
        names = ", ".join(quoted_name(g) for g in form.by if g != "region") or "region"
        return (
            f"SELECT {', '.join(keys)}, count(DISTINCT e.partner) AS neurons, {figures} FROM ({edges}) e "
            f"JOIN neurons n ON n.neuron_id = e.partner{region_join(dataset) if by_region else ''} "
            f"GROUP BY ALL ORDER BY {total} DESC, {names} NULLS LAST{', region' if by_region else ''}"
        )
    return (
        f"SELECT e.partner AS neuron_id, {neuron_columns('n')}, {figures}, count(DISTINCT e.mine) AS targets "
        f"FROM ({edges}) e JOIN neurons n ON n.neuron_id = e.partner GROUP BY ALL ORDER BY {total} DESC, neuron_id"
    ).replace(" AS targets", " AS of_neurons")


def _whole_sql(form: ir.Partners, dataset: Dataset) -> str:
    """What a share is of: all synapses of the neurons asked about in this direction, of the kind and in the regions asked."""
    everywhere = ir.Selection(regions=form.selection.regions, kind=form.selection.kind)
    incoming = form.direction == "inputs" or form.selection.kind == "electrical"
    rows = rows_sql(
        everywhere,
        dataset,
        post=form.of if incoming else None,
        pre=None if incoming else form.of,
        table="connections_by_post" if incoming else "connections",
    )
    return f"SELECT sum(synapses) FROM ({rows})"
