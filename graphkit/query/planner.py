"""From the typed form to SQL over a dataset's views (motifs: to the graph that the kernels count)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.conditions import condition_sql, region_list_sql, require_neuron_regions

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["Plan", "plan", "selected_neurons_sql", "selected_pairs_sql"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run. ``engine`` is "DuckDB" or "graph kernels"; ``notes`` go with the answer."""

    sql: str
    engine: str = "DuckDB"
    notes: tuple[str, ...] = ()


def plan(form: ir.Form, dataset: Dataset) -> Plan:
    """The plan of a form, without its limit.

    Raises:
        NotAnswerableError: the dataset does not hold what the question needs.
    """
    match form:
        case ir.Motifs():
            notes = _require_connections(form.selection, dataset)
            return Plan(selected_pairs_sql(form.selection, dataset), "graph kernels", notes)
        case ir.Neurons():
            return Plan(_neurons_sql(form, dataset))
        case ir.Types():
            return Plan(_types_sql(form, dataset))
        case ir.Regions():
            return Plan(_regions_sql(dataset))
        case ir.Partners():
            notes = _require_connections(form.selection, dataset, by=form.by)
            return Plan(_partners_sql(form, dataset), notes=notes)
        case ir.Connections():
            notes = _require_connections(form.selection, dataset, by=form.by)
            return Plan(_connections_sql(form, dataset), notes=notes)
        case ir.Synapses():
            notes = _require_connections(form.selection, dataset)
            return Plan(_synapses_sql(form, dataset), notes=notes)
        case ir.Match():
            raise NotAnswerableError("MATCH patterns cannot be answered yet.", hint="Ask for motifs.")


# -- what a dataset must have -----------------------------------------------------------------------------------


def _require_connections(selection: ir.Selection, dataset: Dataset, by: tuple[ir.Group, ...] = ()) -> tuple[str, ...]:
    if not dataset.has("connections"):
        raise NotAnswerableError(
            f"{dataset.url!r} has no graph yet.", hint=f"Build it first: graphkit build -d {dataset.url}"
        )
    if selection.regions is None and "region" not in by and not selection.per_region:
        return ()
    resolved = (dataset.snapshot.build or {}).get("resolved", {})
    known, unknown = resolved.get("synapses", 0), resolved.get("unresolved", 0)
    names = " and ".join(selection.regions) if selection.regions else "a region"
    if unknown and not known:
        hint = "Ask without a region."
        if dataset.has("neuron_regions") and dataset.snapshot.tables["neuron_regions"].rows and selection.regions:
            hint = (
                f"Ask `between neurons of {names}` instead: connections between the neurons that belong to {names} "
                "(at least half of their inputs or outputs there), wherever their synapses are."
            )
        raise NotAnswerableError(
            f"The connections of this dataset are totals over all regions, so which synapses lie in {names} is not known.",
            hint=hint,
        )
    if unknown:
        share = 100 * unknown / (known + unknown)
        many = "1 synapse has" if unknown == 1 else f"{unknown:,} synapses have"
        return (
            f"{many} no resolved region ({share:.1f} %) and {'is' if unknown == 1 else 'are'} not counted in any region.",
        )
    return ()


# -- connections of a selection ---------------------------------------------------------------------------------


def _rows_sql(
    selection: ir.Selection,
    dataset: Dataset,
    *,
    pre: ir.Condition | None = None,
    post: ir.Condition | None = None,
    table: str = "connections",
) -> str:
    """Stored connections of the selection: pre_id, post_id, region_id, synapses (not summed)."""
    terms = [f"kind = '{selection.kind}'"]
    if selection.regions is not None:
        terms.append(f"region_id IN {region_list_sql(dataset, selection.regions)}")
    if selection.nt is not None:
        terms.append(condition_sql(ir.Comparison("nt", "in", selection.nt), dataset))
    if not selection.autapses:
        terms.append("pre_id <> post_id")
    source = f"SELECT pre_id, post_id, region_id, synapses FROM {table} WHERE {' AND '.join(terms)}"
    if selection.kind == "electrical":
        back = f"SELECT post_id, pre_id, region_id, synapses FROM ({source}) WHERE pre_id <> post_id"
        source = f"SELECT * FROM ({source}) UNION ALL {back}"
    ends = []
    for column, condition in (
        ("pre_id", pre),
        ("post_id", post),
        ("pre_id", selection.neurons),
        ("post_id", selection.neurons),
    ):
        if condition is not None:
            ends.append(f"{column} IN (SELECT neuron_id FROM neurons WHERE {condition_sql(condition, dataset)})")
    return f"SELECT * FROM ({source}) WHERE {' AND '.join(ends)}" if ends else source


def _pairs_sql(rows: str, selection: ir.Selection, *, by_region: bool = False) -> str:
    """Rows summed by pair (and region), after the threshold: pre_id, post_id, [region_id,] synapses."""
    least = selection.min_synapses
    per_region = f"SELECT pre_id, post_id, region_id, sum(synapses)::BIGINT AS synapses FROM ({rows}) GROUP BY ALL"
    if selection.per_region and least > 1:
        per_region += f" HAVING sum(synapses) >= {least}"
        rows = per_region
    elif by_region and least > 1:
        return f"SELECT * FROM ({per_region}) QUALIFY sum(synapses) OVER (PARTITION BY pre_id, post_id) >= {least}"
    if by_region:
        return per_region
    having = f" HAVING sum(synapses) >= {least}" if least > 1 and not selection.per_region else ""
    return f"SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses FROM ({rows}) GROUP BY pre_id, post_id{having}"


def selected_pairs_sql(selection: ir.Selection, dataset: Dataset) -> str:
    """The edges of the selected graph: pre_id, post_id, synapses."""
    return _pairs_sql(_rows_sql(selection, dataset), selection)


def selected_neurons_sql(selection: ir.Selection, dataset: Dataset) -> str | None:
    """The neurons of the selected graph besides those with edges: all that the selection names, else all of the
    dataset; None where the graph is cut out by place alone (then it has the neurons with an edge in it).
    """
    if selection.neurons is not None:
        return f"SELECT neuron_id FROM neurons WHERE {condition_sql(selection.neurons, dataset)}"
    return None if selection.regions is not None else "SELECT neuron_id FROM neurons"


# -- questions --------------------------------------------------------------------------------------------------


def _where(condition: ir.Condition | None, dataset: Dataset) -> str:
    return condition_sql(condition, dataset) if condition is not None else "true"


def _there_sql(regions: tuple[str, ...], dataset: Dataset) -> str:
    require_neuron_regions(dataset, regions)
    return (
        "SELECT neuron_id, sum(inputs)::BIGINT AS inputs_there, sum(outputs)::BIGINT AS outputs_there FROM neuron_regions "
        f"WHERE region_id IN {region_list_sql(dataset, regions)} GROUP BY neuron_id HAVING sum(inputs) + sum(outputs) > 0"
    )


def _neurons_sql(form: ir.Neurons, dataset: Dataset) -> str:
    known = [c for c in ("name", "type", "class", "side", "nt", "status") if c in dataset.vocabulary.columns]
    own = ", ".join(f'n."{c}"' for c in ["neuron_id", *known])
    where = _where(form.where, dataset)
    chosen = f"(SELECT * FROM neurons WHERE {where}) n"
    if form.regions is None:
        totals = "n.inputs, n.outputs, n.partners"
        return f"SELECT {own}, {totals} FROM {chosen} ORDER BY n.inputs + n.outputs DESC, n.neuron_id"
    totals = "r.inputs_there, r.outputs_there, n.inputs, n.outputs"
    return (
        f"SELECT {own}, {totals} FROM {chosen} JOIN ({_there_sql(form.regions, dataset)}) r USING (neuron_id) "
        "ORDER BY inputs_there + outputs_there DESC, n.neuron_id"
    )


def _types_sql(form: ir.Types, dataset: Dataset) -> str:
    chosen = f"(SELECT * FROM neurons WHERE {_where(form.where, dataset)}) n"
    inputs, outputs, join = "n.inputs", "n.outputs", ""
    if form.regions is not None:
        inputs, outputs = "r.inputs_there", "r.outputs_there"
        join = f" JOIN ({_there_sql(form.regions, dataset)}) r USING (neuron_id)"
    return (
        f'SELECT n.type, min(n."class") AS "class", count(*) AS neurons, sum({inputs})::BIGINT AS inputs, '
        f"sum({outputs})::BIGINT AS outputs FROM {chosen}{join} GROUP BY n.type "
        "ORDER BY neurons DESC, n.type NULLS LAST"
    )


def _regions_sql(dataset: Dataset) -> str:
    if not dataset.has("regions"):
        raise NotAnswerableError("This dataset has no regions.", hint="Ask without one: `types`, `motifs`.")
    tree = dataset.region_tree
    pairs = [f"({a}, {r})" for a in tree.by_id for r in sorted(tree.below(a))]
    below = f"(VALUES {', '.join(pairs) or '(NULL, NULL)'}) b(ancestor, region_id)"
    paths = ", ".join(f"({i}, {_sql_text(tree.path(i))}, {tree.depth(i)})" for i in tree.by_id) or "(NULL, NULL, NULL)"
    has_figures = dataset.has("neuron_regions")
    figures = (
        "neuron_regions"
        if has_figures
        else "(SELECT NULL::BIGINT AS neuron_id, NULL AS region_id, 0 AS inputs, 0 AS outputs LIMIT 0)"
    )
    return f"""SELECT r.name AS region, p.name AS parent, t.path, coalesce(f.neurons, 0) AS neurons,
        coalesce(f.inputs, 0)::BIGINT AS inputs, coalesce(f.outputs, 0)::BIGINT AS outputs
        FROM regions r LEFT JOIN regions p ON r.parent_id = p.region_id
        JOIN (VALUES {paths}) t(region_id, path, depth) ON t.region_id = r.region_id
        LEFT JOIN (SELECT ancestor, count(DISTINCT neuron_id) AS neurons, sum(inputs) AS inputs, sum(outputs) AS outputs
                   FROM {figures} JOIN {below} USING (region_id) WHERE inputs + outputs > 0 GROUP BY ancestor) f
        ON f.ancestor = r.region_id ORDER BY t.path"""


def _sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _neuron_columns(alias: str, prefix: str = "") -> str:
    return ", ".join(f'{alias}."{c}" AS "{prefix}{c}"' for c in ("name", "type"))


def _group_columns(by: tuple[ir.Group, ...], alias: str, prefix: str = "") -> list[str]:
    return [f'{alias}."{g}" AS "{prefix}{g}"' for g in by if g != "region"]


_REGION_NAME = "coalesce(reg.name, CASE WHEN e.region_id = 0 THEN '(outside)' ELSE '(not resolved)' END) AS region"


def _region_join(dataset: Dataset) -> str:
    if dataset.has("regions"):
        return " LEFT JOIN regions reg ON reg.region_id = e.region_id"
    return " LEFT JOIN (SELECT NULL::SMALLINT AS region_id, NULL::VARCHAR AS name LIMIT 0) reg ON reg.region_id = e.region_id"


def _partners_sql(form: ir.Partners, dataset: Dataset) -> str:
    by_region = "region" in form.by
    parts = []
    for direction in ("inputs", "outputs"):
        if form.direction not in (direction, "partners"):
            continue
        incoming = direction == "inputs"
        rows = _rows_sql(
            form.selection,
            dataset,
            post=form.of if incoming else None,
            pre=None if incoming else form.of,
            table="connections_by_post" if incoming else "connections",
        )
        edges = _pairs_sql(rows, form.selection, by_region=by_region)
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
        figures = "sum(e.i + e.o)::BIGINT AS synapses, sum(e.i + e.o) / sum(sum(e.i + e.o)) OVER () AS share"
        total = "sum(e.i + e.o)"
    if form.by:
        keys = _group_columns(form.by, "n") + ([_REGION_NAME] if by_region else [])
        names = ", ".join(f'"{g}"' for g in form.by if g != "region") or "region"
        return (
            f"SELECT {', '.join(keys)}, count(DISTINCT e.partner) AS neurons, {figures} FROM ({edges}) e "
            f"JOIN neurons n ON n.neuron_id = e.partner{_region_join(dataset) if by_region else ''} "
            f"GROUP BY ALL ORDER BY {total} DESC, {names} NULLS LAST{', region' if by_region else ''}"
        )
    return (
        f"SELECT e.partner AS neuron_id, {_neuron_columns('n')}, {figures}, count(DISTINCT e.mine) AS targets "
        f"FROM ({edges}) e JOIN neurons n ON n.neuron_id = e.partner GROUP BY ALL ORDER BY {total} DESC, neuron_id"
    ).replace(" AS targets", " AS of_neurons")


def _connections_sql(form: ir.Connections, dataset: Dataset) -> str:
    by_region = "region" in form.by
    groups = tuple(g for g in form.by if g != "region")
    rows = _rows_sql(form.selection, dataset, pre=form.pre, post=form.post)
    if form.both_ways and form.selection.kind != "electrical":
        back = _rows_sql(form.selection, dataset, pre=form.post, post=form.pre)
        rows = f"SELECT * FROM ({rows}) UNION ALL SELECT * FROM ({back}) WHERE NOT ({_among(form.pre, form.post, dataset)})"
    edges = _pairs_sql(rows, form.selection, by_region=by_region)
    joins = "JOIN neurons a ON a.neuron_id = e.pre_id JOIN neurons b ON b.neuron_id = e.post_id"
    joins += _region_join(dataset) if by_region else ""
    if form.selection.kind == "electrical":
        # Rows hold both orientations. Where both meet the question, one is shown: by group, then by id.
        first, second = (
            ", ".join([*(f'{n}."{g}"' for g in groups), f"e.{end}"]) for n, end in (("a", "pre_id"), ("b", "post_id"))
        )
        joins += f" WHERE row({first}) <= row({second}) OR NOT ({_among(form.post, form.pre, dataset)})"
    region = f", {_REGION_NAME}" if by_region else ""
    if not groups:
        return (
            f"SELECT e.pre_id, {_neuron_columns('a', 'pre_')}, e.post_id, {_neuron_columns('b', 'post_')}{region}, e.synapses "
            f"FROM ({edges}) e {joins} ORDER BY e.synapses DESC, e.pre_id, e.post_id{', region' if by_region else ''}"
        )
    keys = [*_group_columns(groups, "a", "pre_"), *_group_columns(groups, "b", "post_")]
    names = ", ".join(f'"{end}_{g}" NULLS LAST' for end in ("pre", "post") for g in groups)
    return (
        f"SELECT {', '.join(keys)}{region}, count(DISTINCT e.pre_id) AS pre_neurons, count(DISTINCT e.post_id) AS post_neurons, "
        f"count(DISTINCT (e.pre_id, e.post_id)) AS connections, sum(e.synapses)::BIGINT AS synapses FROM ({edges}) e {joins} "
        f"GROUP BY ALL ORDER BY synapses DESC, {names}{', region' if by_region else ''}"
    )


def _among(pre: ir.Condition | None, post: ir.Condition | None, dataset: Dataset) -> str:
    """True for rows from one of ``pre`` to one of ``post``, false for others."""
    terms = [
        f"coalesce({column} IN (SELECT neuron_id FROM neurons WHERE {condition_sql(c, dataset)}), false)"
        for column, c in (("pre_id", pre), ("post_id", post))
        if c is not None
    ]
    return " AND ".join(terms) or "true"


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
    if form.pre is not None or form.post is not None:
        ends = _among(form.pre, form.post, dataset)
        if selection.kind == "electrical":
            ends = f"({ends}) OR ({_among(form.post, form.pre, dataset)})"
        terms.append(f"({ends})")
    if selection.neurons is not None:
        terms.append(_among(selection.neurons, selection.neurons, dataset))
    if selection.min_synapses > 1:
        found = _rows_sql(selection, dataset, pre=form.pre, post=form.post)
        pairs = _pairs_sql(found, selection, by_region=selection.per_region)
        # Region ids are -1 where not resolved, since a null is equal to nothing.
        region = ", coalesce(region_id, -1)" if selection.per_region else ""
        electrical = selection.kind == "electrical"  # of which both orientations were counted
        rows = "least(pre_id, post_id), greatest(pre_id, post_id)" if electrical else "pre_id, post_id"
        terms.append(f"({rows}{region}) IN (SELECT ({rows}{region}) FROM ({pairs}))")
    points = ", ".join(f"{end}_{a}_nm" for end in ("pre", "post") for a in "xyz")
    return (
        f"SELECT synapse_id, pre_id, post_id, {points}, size, score, {_REGION_NAME}, nt FROM "
        f"(SELECT * FROM synapses WHERE {' AND '.join(terms)}) e{_region_join(dataset)} ORDER BY pre_id, post_id, synapse_id"
    )
