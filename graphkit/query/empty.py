"""Why an answer has no rows, where that can be said: conditions that no neuron meets, regions without a synapse."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from graphkit.query import ir
from graphkit.query.conditions import condition_sql
from graphkit.query.echo.words import bare_text, names_text
from graphkit.query.plans.selected import rows_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["about_the_graph", "no_connections", "why_empty"]

BOTH_WAYS = "A gap junction has no direction: each counts both ways, as two connections and twice its synapses."

_ANALYSES = (
    *("hubs", "statistics", "ranking", "roles", "rich_club", "degrees", "distances", "percolation", "components"),
    *("communities", "spread", "effective", "similar", "paths", "reach"),
)
"""Questions over one graph that do not say by themselves that it has no connection."""
_COUNTED_TWICE = ("hubs", "statistics", "motifs", "roles", "rich_club", "degrees", "percolation", "components")
"""Those in whose figures a gap junction is two connections."""

_CONDITION = (ir.Comparison, ir.BelongsTo, ir.HasSynapsesIn, ir.NamedSet, ir.And, ir.Or, ir.Not)


def why_empty(form: ir.Form, dataset: Dataset) -> tuple[str, ...]:
    """A sentence for each condition of the question that no neuron meets, and for regions in which there is no synapse."""
    notes = []
    for condition in _conditions(form):
        if meeting := _count(condition, dataset):
            if _of_connections(form) and not _connected(condition, _kind(form), dataset):
                who = "1 neuron, which has" if meeting == 1 else f"{meeting:,} neurons, none of which has"
                what = "gap junction" if _kind(form) == "electrical" else "connection"
                notes.append(f"{bare_text(condition)}: {who} {'no' if meeting == 1 else 'a'} {what} in this dataset.")
            continue
        if isinstance(condition, ir.And):
            each = "; ".join(f"{bare_text(t)}: {_count(t, dataset):,}" for t in condition.terms)
            notes.append(f"No neuron meets all of the conditions. Each by itself, in neurons: {each}.")
        else:
            notes.append(f"No neuron meets the condition: {bare_text(condition)}.")
    regions = getattr(form, "regions", None) or getattr(getattr(form, "selection", None), "regions", None)
    if regions and dataset.has("neuron_regions") and not _count(ir.HasSynapsesIn(regions), dataset):
        notes.append(f"No neuron has a synapse in {names_text(regions)}.")
    elif (
        regions
        and _of_connections(form)
        and not _any(rows_sql(ir.Selection(regions=regions, kind=_kind(form)), dataset), dataset)
    ):
        notes.append(f"No connection of this dataset lies in {names_text(regions)}.")
    return tuple(notes)


def about_the_graph(form: ir.Form, dataset: Dataset) -> tuple[str, ...]:
    """What holds of any answer over a graph: that it has no connection, that gap junctions count both ways."""
    notes = []
    selection = getattr(form, "selection", None)
    if selection is not None and form.name in _ANALYSES and not getattr(form, "by_region", False):
        from graphkit.selection import load_selection

        if not load_selection(dataset, selection).n_connections:
            notes.append("No connection meets the question: the graph asked has neurons alone.")
    if form.name in _COUNTED_TWICE and _kind(form) == "electrical":
        notes.append(BOTH_WAYS)
    return tuple(notes)


def no_connections(form: ir.Form, dataset: Dataset) -> tuple[str, ...]:
    """For a question about connections: that the dataset has none at all, so that its zeros are none of the brain's."""
    if getattr(form, "selection", None) is None or dataset.snapshot.build is None:
        return ()
    if dataset.snapshot.tables["connections"].rows:
        if _kind(form) == "electrical" and not _any("SELECT 1 FROM connections WHERE kind = 'electrical'", dataset):
            return ("This dataset has no gap junctions.",)
        return ()
    stored = dataset.snapshot.tables["synapses"].rows if "synapses" in dataset.snapshot.tables else 0
    if not stored:
        return ("This dataset has no connections at all: it says nothing of who synapses onto whom.",)
    return (
        f"This dataset has no connections at all: its {stored:,} synapses are not counted in the graph; "
        "`graphkit info` says why.",
    )


def _conditions(form: ir.Form) -> list[ir.Condition]:
    if isinstance(form, ir.Match):  # says so itself, neuron by neuron
        return []
    values: list[Any] = [getattr(form, f.name) for f in fields(form)]
    values += [v for value in values if isinstance(value, tuple) for v in value]
    return [v for v in values if isinstance(v, _CONDITION)]


def _of_connections(form: ir.Form) -> bool:
    return getattr(form, "selection", None) is not None and form.name != "synapses"


def _kind(form: ir.Form) -> ir.Kind:
    kind: ir.Kind = form.selection.kind if _of_connections(form) else "chemical"  # type: ignore[union-attr]
    return kind


def _connected(condition: ir.Condition, kind: ir.Kind, dataset: Dataset) -> bool:
    """Whether any neuron that meets the condition has a connection of this kind at all."""
    every = ir.Selection(kind=kind)
    sent = rows_sql(every, dataset, pre=condition)
    received = rows_sql(every, dataset, post=condition, table="connections_by_post")
    return _any(sent, dataset) or _any(received, dataset)


def _any(sql: str, dataset: Dataset) -> bool:
    return bool(dataset.cursor(sql).execute(f"SELECT 1 FROM ({sql}) LIMIT 1").fetchall())


def _count(condition: ir.Condition, dataset: Dataset) -> int:
    sql = f"SELECT count(*) FROM neurons WHERE {condition_sql(condition, dataset)}"
    return int(dataset.cursor(sql).execute(sql).fetchall()[0][0])
