"""Components: sets of neurons that hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import (
    INTERVAL,
    graph_of,
    interval_columns,
    over_samples,
    perturbed_each,
    spread_words,
)
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Components, dataset: Dataset, planned: Plan) -> Answer:
    """A row a component, the largest first."""
    from graphkit.algorithms.components import strongly_connected_components, weakly_connected_components

    graph, asked = graph_of(form, dataset)
    components_of = strongly_connected_components if form.strong else weakly_connected_components
    of = components_of(graph)
    count = int(of.max(initial=-1)) + 1
    pre = np.repeat(of, np.diff(graph.indptr))
    inside = pre == of[graph.indices]
    apart = inside & (np.repeat(np.arange(len(graph)), np.diff(graph.indptr)) != graph.indices)  # as statistics counts
    first = np.unique(of, return_index=True)[1]
    neurons = np.bincount(of, minlength=count)
    table = pa.table(
        {
            "component": np.arange(1, count + 1),
            "neurons": neurons,
            "share": neurons / max(len(graph), 1),
            "connections": np.bincount(pre[apart], minlength=count),
            "synapses": np.bincount(pre[inside], weights=graph.synapses[inside], minlength=count).astype(np.int64),
            "first_id": graph.ids[first],
        }
    )
    together = "that reach each other along connections" if form.strong else "that are joined, directions left aside"
    alone = int((neurons == 1).sum())
    notes: tuple[str, ...] = (
        f"Sets of neurons {together}: {count:,}, of which {alone:,} of one neuron. `first_id` is the smallest id in it.",
    )
    if form.errors is None or asked is None:
        return cut(ordered_table(table, form.order), form.limit, notes)

    def sizes(one: Perturbation) -> NDArray[np.int64]:
        return np.sort(np.bincount(components_of(one.graph)))[::-1]

    drawn = perturbed_each(sizes, asked, form.errors)
    numbers = np.array([len(one) for one in drawn], dtype=np.float64)
    every = np.zeros(
        (len(drawn), count)
    )  # no more than there are here: of a perturbed graph's others the notes say how many
    for row, one in zip(every, drawn, strict=True):
        row[: len(one)] = one[:count]
    for name, column in interval_columns(every).items():
        table = table.append_column(name, column)
    several = spread_words(numbers)
    notes += (
        f"On perturbed graphs {several}; the interval is that of the neurons of the largest, the second largest ...",
    )
    return over_samples(cut(ordered_table(table, form.order), form.limit, notes), form.errors, len(drawn))


def columns(form: ir.Components) -> list[str]:
    """The columns of the answer."""
    more = [] if form.errors is None else INTERVAL
    return ["component", "neurons", "share", "connections", "synapses", "first_id", *more]
