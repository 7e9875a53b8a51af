"""Neurons by community."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Communities, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron, by community, the largest first; by type a row a community and type."""
    from graphkit.algorithms.communities import communities, modularity
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    found = communities(graph)
    name, type_ = neuron_columns_of(dataset, graph.ids, ("name", "type"))
    table = pa.table({"community": found + 1, "neuron_id": graph.ids, "name": name, "type": type_})
    if form.by_type:
        grouped = table.group_by(["community", "type"], use_threads=False).aggregate([("neuron_id", "count")])
        table = grouped.rename_columns(["community", "type", "neurons"]).sort_by(
            [("community", "ascending"), ("neurons", "descending"), ("type", "ascending")]
        )
    else:
        table = table.sort_by([("community", "ascending"), ("neuron_id", "ascending")])
    count = int(found.max()) + 1 if len(found) else 0
    quality = f"modularity {modularity(graph, found):.3f}" if graph.n_synapses else "without connections"
    notes = (f"{count:,} communities, {quality}: Leiden, resolution 1, weighted by synapses, directions left aside.",)
    return cut(ordered_table(table, form.order), form.limit, notes)


def columns(form: ir.Communities) -> list[str]:
    """The columns of the answer."""
    return ["community", "type", "neurons"] if form.by_type else ["community", "neuron_id", "name", "type"]
