"""The connections that a selection chooses, as SQL, and whether a dataset can choose them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.conditions import condition_sql, region_list_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = [
    "among_sql",
    "ends_terms",
    "pairs_sql",
    "require_connections",
    "rows_sql",
    "selected_neurons_sql",
    "selected_pairs_sql",
    "synapse_terms",
]


def require_connections(selection: ir.Selection, dataset: Dataset, by: tuple[ir.Group, ...] = ()) -> tuple[str, ...]:
    """Notes on what is not counted.

    Raises:
        NotAnswerableError: there is no graph, or it is not known where synapses lie.
    """
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


def synapse_terms(selection: ir.Selection, dataset: Dataset) -> list[str]:
    """Which rows of synapses, or of connections, are of the selection, as terms of a WHERE, without its neurons and threshold."""
    terms = [f"kind = '{selection.kind}'"]
    if selection.regions is not None:
        terms.append(f"region_id IN {region_list_sql(dataset, selection.regions)}")
    if selection.nt is not None:
        terms.append(condition_sql(ir.Comparison("nt", "in", selection.nt), dataset))
    if selection.compartments is not None:
        terms.append(condition_sql(ir.Comparison("compartment", "in", selection.compartments), dataset))
    if not selection.autapses:
        terms.append("pre_id <> post_id")
    return terms


def rows_sql(
    selection: ir.Selection,
    dataset: Dataset,
    *,
    pre: ir.Condition | None = None,
    post: ir.Condition | None = None,
    table: str = "connections",
    signed: str | None = None,
) -> str:
    """Stored connections of the selection: pre_id, post_id, region_id, synapses (not summed), and ``signed`` (SQL) if given."""
    terms = synapse_terms(selection, dataset)
    more = f", {signed} AS signed" if signed else ""
    source = f"SELECT pre_id, post_id, region_id, synapses{more} FROM {table} WHERE {' AND '.join(terms)}"
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


def pairs_sql(rows: str, selection: ir.Selection, *, by_region: bool = False, signed: bool = False) -> str:
    """Rows summed by pair (and region), after the threshold: pre_id, post_id, [region_id,] synapses[, signed]."""
    least = selection.min_synapses
    sums = "sum(synapses)::BIGINT AS synapses" + (", sum(signed)::BIGINT AS signed" if signed else "")
    per_region = f"SELECT pre_id, post_id, region_id, {sums} FROM ({rows}) GROUP BY ALL"
    if selection.per_region and least > 1:
        per_region += f" HAVING sum(synapses) >= {least}"
        rows = per_region
    elif by_region and least > 1:
        return f"SELECT * FROM ({per_region}) QUALIFY sum(synapses) OVER (PARTITION BY pre_id, post_id) >= {least}"
    if by_region:
        return per_region
    having = f" HAVING sum(synapses) >= {least}" if least > 1 and not selection.per_region else ""
    return f"SELECT pre_id, post_id, {sums} FROM ({rows}) GROUP BY pre_id, post_id{having}"


def selected_pairs_sql(selection: ir.Selection, dataset: Dataset) -> str:
    """The edges of the selected graph: pre_id, post_id, synapses."""
    return pairs_sql(rows_sql(selection, dataset), selection)


def selected_neurons_sql(selection: ir.Selection, dataset: Dataset) -> str | None:
    """The neurons of the selected graph besides those with edges: all that the selection names, else all of the
    dataset; None where the graph is cut out by place alone (then it has the neurons with an edge in it).
    """
    if selection.neurons is not None:
        return f"SELECT neuron_id FROM neurons WHERE {condition_sql(selection.neurons, dataset)}"
    return None if selection.regions is not None else "SELECT neuron_id FROM neurons"


def among_sql(pre: ir.Condition | None, post: ir.Condition | None, dataset: Dataset) -> str:
    """True for rows from one of ``pre`` to one of ``post``, false for others."""
    return " AND ".join(f"coalesce({term}, false)" for term in ends_terms(pre, post, dataset)) or "true"


def ends_terms(pre: ir.Condition | None, post: ir.Condition | None, dataset: Dataset) -> list[str]:
    """As ``among_sql``, or null for others. As terms of a WHERE DuckDB makes joins of them, and reads only the synapses
    that can meet them: 60 times faster on 55 M synapses.
    """
    return [
        f"{column} IN (SELECT neuron_id FROM neurons WHERE {condition_sql(c, dataset)})"
        for column, c in (("pre_id", pre), ("post_id", post))
        if c is not None
    ]
