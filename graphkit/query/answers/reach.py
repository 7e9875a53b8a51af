"""What lies some hops upstream or downstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of, neurons_in
from graphkit.query.answers.perturbed import INTERVAL, SHARE, graph_of, over_samples
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Reach, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron, the nearest first, without those that were asked about; by group: a row a group and distance."""
    from graphkit.algorithms.reach import hops_from
    from graphkit.query.answers.perturbed_reach import DIRECTIONS, groups_again, neurons_again

    graph, asked = graph_of(form, dataset)
    of = neurons_in(graph, form.of, dataset)
    hops = hops_from(graph, of, hops=form.hops, direction=DIRECTIONS[form.direction])  # type: ignore[arg-type]
    found = np.flatnonzero(hops > 0)
    found = found[np.argsort(hops[found], kind="stable")]
    ids, away = graph.ids[found], hops[found]
    counted = np.bincount(away, minlength=form.hops + 1)[1:] if len(away) else np.zeros(form.hops, np.int64)
    note = f"{len(ids):,} neurons; by hops: {', '.join(f'{n:,}' for n in counted)}."
    notes = (note,) if len(of) else ("None of the neurons asked about has a connection in the graph asked.",)
    if form.by:
        named = neuron_columns_of(dataset, ids, form.by)
        table = pa.table({**dict(zip(form.by, named, strict=True)), "hops": pa.array(away)})
        table = table.group_by([*form.by, "hops"]).aggregate([([], "count_all")])
        table = table.rename_columns([*form.by, "hops", "neurons"])
        ranked = [ir.Sort("hops"), ir.Sort("neurons", True), *(ir.Sort(g) for g in form.by)]
        table = ordered_table(table, tuple(ranked)).select([*form.by, "hops", "neurons"])
    else:
        name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
        table = pa.table({"neuron_id": pa.array(ids), "name": name, "type": type_, "hops": pa.array(away)})
    if form.errors is None or asked is None:
        return cut(ordered_table(table, form.order), form.limit, notes)
    if form.by:
        more, said, samples = groups_again(form, dataset, asked, form.errors, table)
    else:
        more, said, samples = neurons_again(form, dataset, asked, form.errors, found)
    for column, values in more.items():
        table = table.append_column(column, values)
    given = cut(ordered_table(table, form.order), form.limit, (*notes, *said))
    return over_samples(given, form.errors, samples)


def columns(form: ir.Reach) -> list[str]:
    """The columns of the answer."""
    own = [*form.by, "hops", "neurons"] if form.by else ["neuron_id", "name", "type", "hops"]
    return own if form.errors is None else [*own, *INTERVAL, SHARE]
