"""Neurons of the rich club, and those that broadcast or integrate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Roles, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron, the highest degree first."""
    from graphkit.algorithms.degrees import degrees, hub_roles
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    roles, found = hub_roles(graph, min_degree=form.degree), degrees(graph)
    chosen = {
        "broadcasters": roles.broadcasters,
        "integrators": roles.integrators,
        "rich club neurons": roles.club,
    }[form.role]
    chosen = chosen[np.argsort(-found.totals[chosen], kind="stable")]
    ids = graph.ids[chosen]
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    figures = {"degree": found.totals, "in_degree": found.ins, "out_degree": found.outs}
    table = pa.table({"neuron_id": ids, "name": name, "type": type_, **{k: v[chosen] for k, v in figures.items()}})
    club = f"{len(roles.club):,} neurons of a total degree of at least {form.degree}"
    senders, receivers = f"{len(roles.broadcasters):,} broadcasters", f"{len(roles.integrators):,} integrators"
    notes = (f"{club}: {senders} (5 outputs or more for each input), {receivers} (the reverse).",)
    return cut(ordered_table(table, form.order), form.limit, notes)


def columns(form: ir.Roles) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", "degree", "in_degree", "out_degree"]
