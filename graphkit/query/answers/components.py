"""Components: sets of neurons that hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.query.answers import Answer, cut
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Components, dataset: Dataset, planned: Plan) -> Answer:
    """A row a component, the largest first."""
    from graphkit.algorithms.components import strongly_connected_components, weakly_connected_components
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    of = (strongly_connected_components if form.strong else weakly_connected_components)(graph)
    count = int(of.max(initial=-1)) + 1
    pre = np.repeat(of, np.diff(graph.indptr))
    inside = pre == of[graph.indices]
    first = np.unique(of, return_index=True)[1]
    neurons = np.bincount(of, minlength=count)
    table = pa.table(
        {
            "component": np.arange(1, count + 1),
            "neurons": neurons,
            "share": neurons / max(len(graph), 1),
            "connections": np.bincount(pre[inside], minlength=count),
            "synapses": np.bincount(pre[inside], weights=graph.synapses[inside], minlength=count).astype(np.int64),
            "first_id": graph.ids[first],
        }
    )
    together = "that reach each other along connections" if form.strong else "that are joined, directions left aside"
    alone = int((neurons == 1).sum())
    notes = (
        f"Sets of neurons {together}: {count:,}, of which {alone:,} of one neuron. `first_id` is the smallest id in it.",
    )
    return cut(ordered_table(table, form.order), form.limit, notes)


def columns(form: ir.Components) -> list[str]:
    """The columns of the answer."""
    return ["component", "neurons", "share", "connections", "synapses", "first_id"]
