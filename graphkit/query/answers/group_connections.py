"""All connections of a large dataset by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.ordering import ordered_table
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.plans.plan import Plan

__all__ = ["answer"]


def answer(form: ir.Connections | ir.Partners | ir.Common | ir.Count, dataset: Dataset, planned: Plan) -> Answer:
    """What the SQL of the plan says, summed over the graph's compressed sparse rows; or it beside that of perturbed graphs."""
    if isinstance(form, ir.Count):
        from graphkit.query.answers import perturbed_counts

        return perturbed_counts.answer(form, dataset, planned)
    if not isinstance(form, ir.Connections) or form.errors is not None:
        from graphkit.query.answers import perturbed_rows

        return perturbed_rows.answer(form, dataset, planned)
    from graphkit.algorithms.group_matrix import group_matrix
    from graphkit.selection import load_selection
    from graphkit.startup import preload_kernels

    preload_kernels("graphkit.algorithms.group_kernels")
    graph = load_selection(dataset, form.selection)
    names = ", ".join(map(quoted_name, form.by))
    order = ", ".join(f"{quoted_name(g)} NULLS LAST" for g in form.by)
    coded = f"SELECT neuron_id, dense_rank() OVER (ORDER BY {order}) - 1 AS code FROM neurons ORDER BY neuron_id"
    codes = dataset.cursor(coded).sql(coded).to_arrow_table()
    rows = np.searchsorted(codes["neuron_id"].to_numpy(), graph.ids)
    found = group_matrix(graph, codes["code"].to_numpy()[rows].astype(np.int64))
    listed = f"SELECT DISTINCT {names} FROM neurons ORDER BY {order}"
    groups = dataset.cursor(listed).sql(listed).to_arrow_table().combine_chunks()
    best = np.lexsort((found.post, found.pre, -found.synapses))
    columns = {
        f"{end}_{g}": groups[g].combine_chunks().take(pa.array(of[best]))
        for end, of in (("pre", found.pre), ("post", found.post))
        for g in form.by
    }
    for figure in ("pre_neurons", "post_neurons", "connections", "synapses"):
        columns[figure] = pa.array(getattr(found, figure)[best])
    if form.figure in ("mean", "input fraction"):
        columns[form.figure.replace(" ", "_")] = pa.array(found.figure(form.figure)[best])
    table = pa.table(columns)
    if form.order:
        sorts = (*form.order, *(ir.Sort(c) for c in table.column_names if c not in {o.column for o in form.order}))
        table = ordered_table(table, sorts)
    return cut(table, form.limit)
