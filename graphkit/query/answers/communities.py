"""Neurons by community."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.answers.perturbed import graph_of, over_samples
from graphkit.query.answers.perturbed_neurons import TOGETHER, partitions
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Communities, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron, by community, the largest first; by type a row a community and type."""
    from graphkit.algorithms.communities import communities, modularity

    graph, of = graph_of(form, dataset)
    found = communities(graph)
    name, type_ = neuron_columns_of(dataset, graph.ids, ("name", "type"))
    table = pa.table({"community": found + 1, "neuron_id": graph.ids, "name": name, "type": type_})
    more: tuple[str, ...] = ()
    samples = 0
    if form.errors is not None and of is not None:

        def again(one: Perturbation) -> tuple[NDArray[np.int64], float]:
            parts = communities(one.graph)
            return parts[one.bodies], modularity(one.graph, parts)

        together, more, samples = partitions(found, again, of, form.errors, "modularity")
        table = table.append_column(TOGETHER, pa.array(together, mask=np.isnan(together)))
    if form.by_type:
        sums = [("neuron_id", "count"), *([] if of is None else [(TOGETHER, "mean")])]
        grouped = table.group_by(["community", "type"], use_threads=False).aggregate(sums)
        table = grouped.rename_columns(columns(form)).sort_by(
            [("community", "ascending"), ("neurons", "descending"), ("type", "ascending")]
        )
    else:
        table = table.sort_by([("community", "ascending"), ("neuron_id", "ascending")])
    count = int(found.max()) + 1 if len(found) else 0
    quality = f"modularity {modularity(graph, found):.3f}" if graph.n_synapses else "without connections"
    called = "community" if count == 1 else "communities"
    alone = int((np.bincount(found) == 1).sum()) if len(found) else 0
    if alone and count > 1:
        called += f" ({alone:,} of one neuron)"
    notes = (
        f"{count:,} {called}, {quality}: Leiden, resolution 1, weighted by synapses, directions left aside.",
        *more,
    )
    given = cut(ordered_table(table, form.order), form.limit, notes)
    return given if form.errors is None else over_samples(given, form.errors, samples)


def columns(form: ir.Communities) -> list[str]:
    """The columns of the answer."""
    more = [] if form.errors is None else [TOGETHER]
    return [*(["community", "type", "neurons"] if form.by_type else ["community", "neuron_id", "name", "type"]), *more]
