"""Neurons between regions, and the two sides of the brain, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.conditions import require_neuron_regions
from graphkit.query.plans.columns import group_columns
from graphkit.query.plans.neurons import known_columns, there_sql, where_sql
from graphkit.query.plans.plan import Plan
from graphkit.query.vocabulary import quoted_name
from graphkit.tables import quoted

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["plan_projections", "plan_projectome", "plan_sides"]


def plan_projections(form: ir.Projections, dataset: Dataset) -> Plan:
    """A row a neuron, or a group of neurons."""
    chosen = (
        f"(SELECT * FROM neurons WHERE {where_sql(form.where, dataset)}) n "
        f"JOIN ({there_sql(form.sources, dataset)}) a USING (neuron_id) "
        f"JOIN ({there_sql(form.targets, dataset)}) b USING (neuron_id) WHERE a.inputs_there > 0 AND b.outputs_there > 0"
    )
    if form.by:
        names = ", ".join(f"{quoted_name(g)} NULLS LAST" for g in form.by)
        return Plan(
            f"SELECT {', '.join(group_columns(form.by, 'n'))}, count(*) AS neurons, sum(a.inputs_there)::BIGINT AS inputs_from, "
            f"sum(b.outputs_there)::BIGINT AS outputs_to FROM {chosen} GROUP BY ALL "
            f"ORDER BY least(inputs_from, outputs_to) DESC, {names}"
        )
    return Plan(
        f"SELECT {known_columns(dataset)}, a.inputs_there AS inputs_from, b.outputs_there AS outputs_to, "
        "a.inputs_there / n.inputs AS input_share, b.outputs_there / n.outputs AS output_share "
        f"FROM {chosen} ORDER BY least(inputs_from, outputs_to) DESC, n.neuron_id"
    )


def plan_sides(form: ir.Sides, dataset: Dataset) -> Plan:
    """A row a type, the largest differences first; the sums are in the notes."""
    source = f"(SELECT * FROM neurons WHERE {where_sql(form.where, dataset)}) n"
    inputs, outputs = "n.inputs", "n.outputs"
    if form.regions is not None:
        source += f" JOIN ({there_sql(form.regions, dataset)}) r USING (neuron_id)"
        inputs, outputs = "r.inputs_there", "r.outputs_there"
    figures = []
    for what, sum_ in (("neurons", "count(*)"), ("inputs", f"sum({inputs})"), ("outputs", f"sum({outputs})")):
        figures += [
            f"coalesce({sum_} FILTER (n.side = {quoted(side)}), 0)::BIGINT AS {quoted_name(f'{what}_{side}')}"
            for side in (form.first, form.second)
        ]
    one, other = (quoted_name(f"neurons_{side}") for side in (form.first, form.second))
    grouped = (
        f"SELECT n.type, {', '.join(figures)} FROM {source} "
        f"WHERE n.side IN ({quoted(form.first)}, {quoted(form.second)}) GROUP BY n.type"
    )
    sql = f"SELECT *, {one} - {other} AS difference FROM ({grouped}) ORDER BY abs(difference) DESC, type NULLS LAST"
    return Plan(sql, notes=_sides_notes(form, grouped, source, dataset))


def _sides_notes(form: ir.Sides, grouped: str, source: str, dataset: Dataset) -> tuple[str, ...]:
    sides = (form.first, form.second)
    columns = [quoted_name(f"{what}_{side}") for side in sides for what in ("neurons", "inputs", "outputs")]
    one, other = (quoted_name(f"neurons_{side}") for side in sides)
    sums = ", ".join(f"coalesce(sum({c}), 0)::BIGINT" for c in columns)
    sql = f"SELECT {sums}, count(*) FILTER ({one} <> {other}), count(*) FROM ({grouped})"
    *totals, different, types = dataset.cursor(sql).execute(sql).fetchall()[0]
    said = [
        f"{side}: {totals[3 * i]:,} neurons with {totals[3 * i + 1]:,} inputs and {totals[3 * i + 2]:,} outputs"
        for i, side in enumerate(sides)
    ]
    neither = f"n.side IS NULL OR n.side NOT IN ({', '.join(map(quoted, sides))})"
    sql = f"SELECT count(*) FILTER ({neither}), count(*) FROM {source}"
    left_out, every = dataset.cursor(sql).execute(sql).fetchall()[0]
    notes = [f"{'; '.join(said)}. {different:,} of {types:,} types have different numbers of neurons."]
    if left_out:
        notes.append(
            f"{left_out:,} of {every:,} neurons are of neither side, or of an unknown one, and have no part in it."
        )
    return tuple(notes)


def plan_projectome(dataset: Dataset) -> Plan:
    """A row an ordered pair of regions.

    Shares are whole numbers of a binary fraction of a synapse, as fine as leaves every sum of them exact in a float64: the order
    of summing, hence the number of threads, does not matter, and rows add up to whole synapses. What a neuron makes in a region
    is cut up at the running sums of its inputs, so that its shares are all of it.
    """
    require_neuron_regions(dataset, ("each region",))
    if not dataset.has("regions"):
        raise NotAnswerableError("This dataset has no regions.", hint="Ask without one: `connections by type`.")
    names = ", ".join(
        f"coalesce({alias}.name, CASE WHEN {rows}.region_id = 0 THEN '(outside)' ELSE '(not resolved)' END) AS {column}"
        for alias, rows, column in (("a", "i", "from_region"), ("b", "o", "to_region"))
    )
    sql = "SELECT coalesce(sum(outputs), 0)::BIGINT FROM neuron_regions"
    ((every,),) = dataset.cursor(sql).execute(sql).fetchall()
    parts = 1 << max(52 - int(every).bit_length(), 0)
    until = "sum(r.inputs) OVER (PARTITION BY neuron_id ORDER BY r.region_id NULLS LAST ROWS UNBOUNDED PRECEDING)"
    shares = (
        f"SELECT neuron_id, r.region_id, r.inputs, {until} / n.inputs AS until, ({until} - r.inputs) / n.inputs AS since "
        "FROM neuron_regions r JOIN neurons n USING (neuron_id) WHERE r.inputs > 0"
    )
    cut = [f"floor({parts}::DOUBLE * o.outputs * i.{end})::BIGINT" for end in ("until", "since")]
    return Plan(
        f"SELECT {names}, count(*) AS neurons, sum({' - '.join(cut)})::BIGINT / {parts} AS synapses "
        f"FROM ({shares}) i JOIN neuron_regions o USING (neuron_id) "
        "LEFT JOIN regions a ON a.region_id = i.region_id LEFT JOIN regions b ON b.region_id = o.region_id "
        "WHERE o.outputs > 0 GROUP BY ALL ORDER BY synapses DESC, from_region, to_region",
        notes=(
            "Synapses made in one region by neurons, each counted with the share of the neuron's inputs that lie in the other; "
            "regions without their children.",
        ),
    )
