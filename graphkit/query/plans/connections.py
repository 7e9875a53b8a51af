"""Connections and single synapses, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.conditions import condition_sql, region_list_sql
from graphkit.query.plans.columns import REGION_NAME, group_columns, neuron_columns, region_join
from graphkit.query.plans.plan import Plan
from graphkit.query.plans.selected import among_sql, ends_terms, pairs_sql, require_connections, rows_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["plan_connections", "plan_synapses"]


def plan_connections(form: ir.Connections, dataset: Dataset) -> Plan:
    """A row a pair, or a pair of groups."""
    notes = require_connections(form.selection, dataset, by=form.by)
    return Plan(_connections_sql(form, dataset), notes=notes)


def plan_synapses(form: ir.Synapses, dataset: Dataset) -> Plan:
    """A row a synapse."""
    notes = require_connections(form.selection, dataset)
    return Plan(_synapses_sql(form, dataset), notes=notes)


def _connections_sql(form: ir.Connections, dataset: Dataset) -> str:
    by_region = "region" in form.by
    groups = tuple(g for g in form.by if g != "region")
    rows = rows_sql(form.selection, dataset, pre=form.pre, post=form.post)
    if form.both_ways and form.selection.kind != "electrical":
        back = rows_sql(form.selection, dataset, pre=form.post, post=form.pre)
        rows = f"SELECT * FROM ({rows}) UNION ALL SELECT * FROM ({back}) WHERE NOT ({among_sql(form.pre, form.post, dataset)})"
    edges = pairs_sql(rows, form.selection, by_region=by_region)
    joins = "JOIN neurons a ON a.neuron_id = e.pre_id JOIN neurons b ON b.neuron_id = e.post_id"
    joins += region_join(dataset) if by_region else ""
    if form.selection.kind == "electrical":
        # Rows hold both orientations. Where both meet the question, one is shown: by group, then by id.
        first, second = (
            ", ".join([*(f'{n}."{g}"' for g in groups), f"e.{end}"]) for n, end in (("a", "pre_id"), ("b", "post_id"))
        )
        joins += f" WHERE row({first}) <= row({second}) OR NOT ({among_sql(form.post, form.pre, dataset)})"
    region = f", {REGION_NAME}" if by_region else ""
    if not groups:
        return (
            f"SELECT e.pre_id, {neuron_columns('a', 'pre_')}, e.post_id, {neuron_columns('b', 'post_')}{region}, e.synapses "
            f"FROM ({edges}) e {joins} ORDER BY e.synapses DESC, e.pre_id, e.post_id{', region' if by_region else ''}"
        )
    keys = [*group_columns(groups, "a", "pre_"), *group_columns(groups, "b", "post_")]
    names = ", ".join(f'"{end}_{g}" NULLS LAST' for end in ("pre", "post") for g in groups)
    return (
        f"SELECT {', '.join(keys)}{region}, count(DISTINCT e.pre_id) AS pre_neurons, count(DISTINCT e.post_id) AS post_neurons, "
        f"count(DISTINCT (e.pre_id, e.post_id)) AS connections, sum(e.synapses)::BIGINT AS synapses FROM ({edges}) e {joins} "
        f"GROUP BY ALL ORDER BY synapses DESC, {names}{', region' if by_region else ''}"
    )


def _synapses_sql(form: ir.Synapses, dataset: Dataset) -> str:
    if not dataset.has("synapses"):
        raise NotAnswerableError(
            "This dataset has no single synapses: it was made from pair totals.",
            hint="Ask for `connections from A to B`.",
        )
    selection = form.selection
    terms = [f"kind = '{selection.kind}'"]
    if selection.regions is not None:
        terms.append(f"region_id IN {region_list_sql(dataset, selection.regions)}")
    if selection.nt is not None:
        terms.append(condition_sql(ir.Comparison("nt", "in", selection.nt), dataset))
    if not selection.autapses:
        terms.append("pre_id <> post_id")
    if form.box is not None:
        low, high, end = form.box.low_nm, form.box.high_nm, form.box.end
        terms += [f"{end}_{a}_nm >= {low[i]} AND {end}_{a}_nm < {high[i]}" for i, a in enumerate("xyz")]
    if form.pre is not None or form.post is not None:
        if selection.kind == "electrical":
            either = (among_sql(*ends, dataset) for ends in ((form.pre, form.post), (form.post, form.pre)))
            terms.append(f"(({') OR ('.join(either)}))")
        else:
            terms += ends_terms(form.pre, form.post, dataset)
    if selection.neurons is not None:
        terms += ends_terms(selection.neurons, selection.neurons, dataset)
    if selection.min_synapses > 1:
        found = rows_sql(selection, dataset, pre=form.pre, post=form.post)
        pairs = pairs_sql(found, selection, by_region=selection.per_region)
        # Region ids are -1 where not resolved, since a null is equal to nothing.
        region = ", coalesce(region_id, -1)" if selection.per_region else ""
        electrical = selection.kind == "electrical"  # of which both orientations were counted
        rows = "least(pre_id, post_id), greatest(pre_id, post_id)" if electrical else "pre_id, post_id"
        terms.append(f"({rows}{region}) IN (SELECT ({rows}{region}) FROM ({pairs}))")
    points = ", ".join(f"{end}_{a}_nm" for end in ("pre", "post") for a in "xyz")
    return (
        f"SELECT synapse_id, pre_id, post_id, {points}, size, score, {REGION_NAME}, nt FROM "
        f"(SELECT * FROM synapses WHERE {' AND '.join(terms)}) e{region_join(dataset)} ORDER BY pre_id, post_id, synapse_id"
    )
