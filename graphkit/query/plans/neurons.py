"""Neurons, types and regions, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.annotations import annotated_columns
from graphkit.query.conditions import condition_sql, region_list_sql, require_neuron_regions
from graphkit.query.plans.columns import REGION_NAME, group_columns, region_join
from graphkit.query.plans.plan import Plan
from graphkit.query.vocabulary import quoted_name
from graphkit.tables import quoted

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["known_columns", "plan_neurons", "plan_regions", "plan_types", "there_sql", "where_sql"]


def plan_neurons(form: ir.Neurons, dataset: Dataset) -> Plan:
    """A row a neuron, or a group of neurons."""
    return Plan(_groups_sql(form, dataset) if form.by else _neurons_sql(form, dataset))


def plan_types(form: ir.Types, dataset: Dataset) -> Plan:
    """A row a type."""
    return Plan(_types_sql(form, dataset))


def plan_regions(form: ir.Regions, dataset: Dataset) -> Plan:
    """A row a region."""
    return Plan(_regions_sql(dataset))


def where_sql(condition: ir.Condition | None, dataset: Dataset) -> str:
    """The condition as SQL; true where there is none."""
    return condition_sql(condition, dataset) if condition is not None else "true"


def there_sql(regions: tuple[str, ...], dataset: Dataset) -> str:
    """neuron_id, inputs_there, outputs_there of the neurons with a synapse in the regions."""
    require_neuron_regions(dataset, regions)
    return (
        "SELECT neuron_id, sum(inputs)::BIGINT AS inputs_there, sum(outputs)::BIGINT AS outputs_there FROM neuron_regions "
        f"WHERE region_id IN {region_list_sql(dataset, regions)} GROUP BY neuron_id HAVING sum(inputs) + sum(outputs) > 0"
    )


def known_columns(dataset: Dataset) -> str:
    """Those of n.neuron_id, n.name, n.type and the like that the dataset has."""
    return ", ".join(f"n.{quoted_name(c)}" for c in _known(dataset))


def _known(dataset: Dataset) -> list[str]:
    known = [c for c in ("name", "type", "class", "side", "nt", "status") if c in dataset.vocabulary.columns]
    return ["neuron_id", *known, *annotated_columns(dataset)]


def _compared(condition: ir.Condition | None) -> list[str]:
    """The columns that a condition compares."""
    match condition:
        case ir.Comparison():
            return [condition.column]
        case ir.And() | ir.Or():
            return [column for term in condition.terms for column in _compared(term)]
        case ir.Not():
            return _compared(condition.term)
    return []


def _asked_for(form: ir.Neurons, dataset: Dataset, *totals: str) -> str:
    """Further columns of the neurons that the question names, in a condition or for the order; ``totals`` are there already."""
    shown = {*_known(dataset), *totals}
    named = dict.fromkeys([*_compared(form.where), *(o.column for o in form.order)])
    return "".join(f", n.{quoted_name(c)}" for c in named if c in dataset.vocabulary.columns and c not in shown)


def _neurons_sql(form: ir.Neurons, dataset: Dataset) -> str:
    own = known_columns(dataset)
    where = where_sql(form.where, dataset)
    chosen = f"(SELECT * FROM neurons WHERE {where}) n"
    if form.regions is None:
        totals = "n.inputs, n.outputs, n.partners" + _asked_for(form, dataset, "inputs", "outputs", "partners")
        return f"SELECT {own}, {totals} FROM {chosen} ORDER BY n.inputs + n.outputs DESC, n.neuron_id"
    totals = "r.inputs_there, r.outputs_there, n.inputs, n.outputs" + _asked_for(form, dataset, "inputs", "outputs")
    return (
        f"SELECT {own}, {totals} FROM {chosen} JOIN ({there_sql(form.regions, dataset)}) r USING (neuron_id) "
        "ORDER BY inputs_there + outputs_there DESC, n.neuron_id"
    )


def _groups_sql(form: ir.Neurons, dataset: Dataset) -> str:
    keys = [*group_columns(form.by, "n"), *([REGION_NAME] if "region" in form.by else [])]
    names = ", ".join(f"{quoted_name(g)} NULLS LAST" for g in form.by)
    chosen = f"(SELECT * FROM neurons WHERE {where_sql(form.where, dataset)}) n"
    if "region" in form.by:
        # rows of neuron_regions, each of a region without its children
        require_neuron_regions(dataset, form.regions or ("each region",))
        inside = "" if form.regions is None else f" AND region_id IN {region_list_sql(dataset, form.regions)}"
        figures = f"(SELECT * FROM neuron_regions WHERE inputs + outputs > 0{inside}) e"
        chosen += f" JOIN {figures} ON e.neuron_id = n.neuron_id{region_join(dataset)}"
        inputs, outputs = "e.inputs", "e.outputs"
    elif form.regions is not None:
        chosen += f" JOIN ({there_sql(form.regions, dataset)}) r ON r.neuron_id = n.neuron_id"
        inputs, outputs = "r.inputs_there", "r.outputs_there"
    else:
        inputs, outputs = "n.inputs", "n.outputs"
    return (
        f"SELECT {', '.join(keys)}, count(DISTINCT n.neuron_id) AS neurons, sum({inputs})::BIGINT AS inputs, "
        f"sum({outputs})::BIGINT AS outputs FROM {chosen} GROUP BY ALL ORDER BY neurons DESC, {names}"
    )


def _types_sql(form: ir.Types, dataset: Dataset) -> str:
    chosen = f"(SELECT * FROM neurons WHERE {where_sql(form.where, dataset)}) n"
    inputs, outputs, join = "n.inputs", "n.outputs", ""
    if form.regions is not None:
        inputs, outputs = "r.inputs_there", "r.outputs_there"
        join = f" JOIN ({there_sql(form.regions, dataset)}) r USING (neuron_id)"
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
    paths = ", ".join(f"({i}, {quoted(tree.path(i))}, {tree.depth(i)})" for i in tree.by_id) or "(NULL, NULL, NULL)"
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
