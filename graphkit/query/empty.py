"""Why an answer has no rows, where that can be said: conditions that no neuron meets, regions without a synapse."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from graphkit.query import ir
from graphkit.query.conditions import condition_sql
from graphkit.query.echo.words import bare_text, names_text

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["no_connections", "why_empty"]

_CONDITION = (ir.Comparison, ir.BelongsTo, ir.HasSynapsesIn, ir.NamedSet, ir.And, ir.Or, ir.Not)


def why_empty(form: ir.Form, dataset: Dataset) -> tuple[str, ...]:
    """A sentence for each condition of the question that no neuron meets, and for regions in which there is no synapse."""
    notes = []
    for condition in _conditions(form):
        if _count(condition, dataset):
            continue
        if isinstance(condition, ir.And):
            each = "; ".join(f"{bare_text(t)}: {_count(t, dataset):,}" for t in condition.terms)
            notes.append(f"No neuron meets all of the conditions. Each by itself, in neurons: {each}.")
        else:
            notes.append(f"No neuron meets the condition: {bare_text(condition)}.")
    regions = getattr(form, "regions", None) or getattr(getattr(form, "selection", None), "regions", None)
    if regions and dataset.has("neuron_regions") and not _count(ir.HasSynapsesIn(regions), dataset):
        notes.append(f"No neuron has a synapse in {names_text(regions)}.")
    return tuple(notes)


def no_connections(form: ir.Form, dataset: Dataset) -> tuple[str, ...]:
    """For a question about connections: that the dataset has none at all, so that its zeros are none of the brain's."""
    if getattr(form, "selection", None) is None or dataset.snapshot.build is None:
        return ()
    if dataset.snapshot.tables["connections"].rows:
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


def _count(condition: ir.Condition, dataset: Dataset) -> int:
    sql = f"SELECT count(*) FROM neurons WHERE {condition_sql(condition, dataset)}"
    return int(dataset.cursor(sql).execute(sql).fetchall()[0][0])
