"""Connections and single synapses, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.conditions import condition_sql
from graphkit.query.plans.boxes import synapses_near_sql
from graphkit.query.plans.columns import REGION_NAME, group_columns, neuron_columns, region_join
from graphkit.query.plans.plan import Plan
from graphkit.query.plans.selected import (
    among_sql,
    ends_terms,
    pairs_sql,
    require_connections,
    rows_sql,
    selected_neurons_sql,
    selected_pairs_sql,
    synapse_terms,
)
from graphkit.query.vocabulary import quoted_name
from graphkit.tables import quoted

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["plan_connections", "plan_synapses", "plan_total", "signed_sql", "whole_matrix"]

LARGE = 2_000_000
"""Stored connections above which a matrix of all of them is summed by a compiled loop, in less time and memory."""


def plan_connections(form: ir.Connections, dataset: Dataset) -> Plan:
    """A row a pair, or a pair of groups."""
    notes = (*require_connections(form.selection, dataset, by=form.by), *_said(form))
    sql = _connections_sql(form, dataset)
    if form.errors is not None:
        return Plan(sql, "graph kernels", notes, "counted again on perturbed graphs")
    if whole_matrix(form, dataset):
        return Plan(sql, "graph kernels", notes, "all connections, by group")
    return Plan(sql, notes=notes)


def ends_named(kind: ir.Kind) -> tuple[str, str]:
    """What the columns of the two ends begin with: gap junctions have no direction."""
    return ("a", "b") if kind == "electrical" else ("pre", "post")


def whole_matrix(form: ir.Form, dataset: Dataset) -> bool:
    """Whether the question is about so many connections that they are summed over their compressed sparse rows."""
    if not isinstance(form, ir.Connections) or not form.by or "region" in form.by or form.signs is not None:
        return False
    selection = form.selection
    part = (form.pre, form.post, selection.regions, selection.neurons, selection.nt, selection.compartments)
    whole = all(p is None for p in part) and selection.kind == "chemical" and not form.both_ways
    return whole and dataset.has("connections") and dataset.snapshot.tables["connections"].rows > LARGE


def _said(form: ir.Connections) -> tuple[str, ...]:
    """What a figure is of."""
    if form.figure is None:
        return ()
    what = "group" if set(form.by) - {"region"} else "neuron"
    which = "second" if form.selection.kind == "electrical" else "postsynaptic"
    if form.figure == "mean":
        return (f"mean: synapses onto a neuron of the {which} group, over all its neurons in the graph asked.",)
    notes = []
    if form.signs is not None:
        excite, inhibit = (", ".join(n) or "none" for n in (form.signs.excitatory, form.signs.inhibitory))
        notes.append(f"Signed: synapses of {excite} less those of {inhibit}; other transmitters count for nothing.")
    if "input fraction" in form.figure:
        notes.append(
            f"Input fraction: over all inputs of the {which} {what} in the graph asked, whoever they are from."
        )
    return tuple(notes)


def plan_synapses(form: ir.Synapses, dataset: Dataset) -> Plan:
    """A row a synapse."""
    notes = require_connections(form.selection, dataset)
    return Plan(_synapses_sql(form, dataset), notes=notes)


def plan_total(form: ir.Synapses, dataset: Dataset) -> Plan | None:
    """How many synapses there are, by the connections; None where the dataset has single ones, or a box is asked."""
    if dataset.has("synapses") or form.box is not None:
        return None
    planned = plan_connections(ir.Connections(form.pre, form.post, selection=form.selection), dataset)
    said = "This dataset has no single synapses: the number is summed over connections."
    return Plan(
        f"SELECT coalesce(sum(synapses), 0)::BIGINT AS synapses FROM ({planned.sql})", notes=(*planned.notes, said)
    )


def _connections_sql(form: ir.Connections, dataset: Dataset) -> str:
    by_region = "region" in form.by
    groups = tuple(g for g in form.by if g != "region")
    signed = signed_sql(form.signs)
    rows = rows_sql(form.selection, dataset, pre=form.pre, post=form.post, signed=signed)
    if form.both_ways and form.selection.kind != "electrical":
        back = rows_sql(form.selection, dataset, pre=form.post, post=form.pre, signed=signed)
        rows = f"SELECT * FROM ({rows}) UNION ALL SELECT * FROM ({back}) WHERE NOT ({among_sql(form.pre, form.post, dataset)})"
    edges = pairs_sql(rows, form.selection, by_region=by_region, signed=signed is not None)
    joins = "JOIN neurons a ON a.neuron_id = e.pre_id JOIN neurons b ON b.neuron_id = e.post_id"
    joins += region_join(dataset) if by_region else ""
    if form.selection.kind == "electrical":
        # Rows hold both orientations. Where both meet the question, one is shown: by group, then by id.
        first, second = (
            ", ".join([*(f"{n}.{quoted_name(g)}" for g in groups), f"e.{end}"])
            for n, end in (("a", "pre_id"), ("b", "post_id"))
        )
        joins += f" WHERE row({first}) <= row({second}) OR NOT ({among_sql(form.post, form.pre, dataset)})"
    region = f", {REGION_NAME}" if by_region else ""
    last = ", region" if by_region else ""
    one, other = ends_named(form.selection.kind)
    if not groups:
        sums = "e.synapses, e.signed" if signed else "e.synapses"
        found = (
            f"SELECT e.pre_id AS {one}_id, {neuron_columns('a', f'{one}_')}, e.post_id AS {other}_id, "
            f"{neuron_columns('b', f'{other}_')}{region}, {sums} FROM ({edges}) e {joins}"
        )
        found = _with_figure(found, (f"{other}_id",), form, dataset)
        return f"{found} ORDER BY synapses DESC, {one}_id, {other}_id{last}"
    keys = [*group_columns(groups, "a", f"{one}_"), *group_columns(groups, "b", f"{other}_")]
    names = ", ".join(f"{quoted_name(f'{end}_{g}')} NULLS LAST" for end in (one, other) for g in groups)
    pairs = "count(DISTINCT (e.pre_id, e.post_id))" if by_region else "count(*)"  # the rows are pairs
    sums = "sum(e.synapses)::BIGINT AS synapses" + (", sum(e.signed)::BIGINT AS signed" if signed else "")
    found = (
        f"SELECT {', '.join(keys)}{region}, count(DISTINCT e.pre_id) AS {one}_neurons, "
        f"count(DISTINCT e.post_id) AS {other}_neurons, {pairs} AS connections, {sums} FROM ({edges}) e {joins} GROUP BY ALL"
    )
    posts = tuple(f"{other}_{g}" for g in groups)
    return f"{_with_figure(found, posts, form, dataset)} ORDER BY synapses DESC, {names}{last}"


def signed_sql(signs: ir.Signs | None) -> str | None:
    """What the synapses of a stored connection count as."""
    if signs is None:
        return None
    sides = (("synapses", signs.excitatory), ("-synapses", signs.inhibitory))
    cases = [f"WHEN nt IN ({', '.join(map(quoted, names))}) THEN {value}" for value, names in sides if names]
    return f"CASE {' '.join(cases)} ELSE 0 END"


def _with_figure(found: str, posts: tuple[str, ...], form: ir.Connections, dataset: Dataset) -> str:
    """The rows ``found`` with the figure asked for: over the neurons, or the inputs, of ``posts``, a neuron or a group."""
    if form.figure is None:
        return found
    if form.figure == "signed":
        return f"SELECT * FROM ({found})"
    to = form.post
    if form.both_ways and form.pre is not None and form.post is not None:
        to = ir.Or((form.pre, form.post))
    elif form.both_ways:
        to = None
    _, other = ends_named(form.selection.kind)
    by_neuron = posts == (f"{other}_id",)
    columns = ["e.post_id"] if by_neuron else [f"n.{quoted_name(c.removeprefix(f'{other}_'))}" for c in posts]
    if form.figure == "mean":
        meets = condition_sql(to, dataset) if to is not None else "true"
        source, whole = f"(SELECT * FROM neurons WHERE {meets} AND {_in_graph(form.selection, dataset)}) n", "count(*)"
    else:
        pairs = pairs_sql(rows_sql(form.selection, dataset, post=to), form.selection)
        source, whole = f"({pairs}) e JOIN neurons n ON n.neuron_id = e.post_id", "sum(e.synapses)"
    of = ", ".join(f"{column} AS k{i}" for i, column in enumerate(columns))
    same = " AND ".join(f"f.{quoted_name(c)} IS NOT DISTINCT FROM w.k{i}" for i, c in enumerate(posts))
    part, name = ("signed", "signed_input_fraction") if form.signs else ("synapses", form.figure.replace(" ", "_"))
    without = " EXCLUDE (signed)" if form.signs else ""
    return (
        f"SELECT f.*{without}, f.{part} / w.whole AS {name} FROM ({found}) f "
        f"JOIN (SELECT {of}, {whole} AS whole FROM {source} GROUP BY ALL) w ON {same}"
    )


def _in_graph(selection: ir.Selection, dataset: Dataset) -> str:
    """Whether a neuron is in the graph that the selection makes."""
    named = selected_neurons_sql(selection, dataset)
    if named is not None:
        return f"neuron_id IN ({named})"
    pairs = selected_pairs_sql(selection, dataset)
    return f"neuron_id IN (SELECT unnest([pre_id, post_id]) FROM ({pairs}))"


def _synapses_sql(form: ir.Synapses, dataset: Dataset) -> str:
    if not dataset.has("synapses"):
        raise NotAnswerableError(
            "This dataset has no single synapses: it was made from pair totals.",
            hint="Ask for `connections from A to B`.",
        )
    selection = form.selection
    terms = synapse_terms(selection, dataset)
    if form.box is not None:
        low, high, end = form.box.low_nm, form.box.high_nm, form.box.end
        terms += [f"{end}_{a}_nm >= {low[i]} AND {end}_{a}_nm < {high[i]}" for i, a in enumerate("xyz")]
    if form.pre is not None or form.post is not None:
        if selection.kind == "electrical":
            either = (among_sql(*ways, dataset) for ways in ((form.pre, form.post), (form.post, form.pre)))
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
    source = "synapses" if form.box is None else synapses_near_sql(form.box, dataset)
    ends = dict(zip(("pre", "post"), ends_named(selection.kind), strict=True))
    ids = ", ".join(f"{end}_id AS {name}_id" for end, name in ends.items())
    points = ", ".join(f"{end}_{a}_nm AS {name}_{a}_nm" for end, name in ends.items() for a in "xyz")
    return (
        f"SELECT synapse_id, {ids}, {points}, size, score, {REGION_NAME}, nt FROM "
        f"(SELECT * FROM {source} WHERE {' AND '.join(terms)}) e{region_join(dataset)} ORDER BY e.pre_id, e.post_id, synapse_id"
    )
