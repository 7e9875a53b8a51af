"""Connections within the two sides of a brain, compared by type."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.progress import shown
from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_PERMUTATIONS = 1000


def answer(form: ir.SideConnections, dataset: Dataset, planned: Plan) -> Answer:
    """A row a pair of types, the surest differences first."""
    from graphkit.algorithms.compare import compare_types
    from graphkit.selection import load_selection

    sides = []
    for side in (form.first, form.second):
        here = ir.Comparison("side", "=", side)
        among = form.selection.neurons
        chosen = replace(form.selection, neurons=here if among is None else ir.And((among, here)))
        graph = load_selection(dataset, chosen, attributes=("type",))
        sides.append((graph, list(graph.attributes.get("type", [None] * len(graph)))))
    (first, first_types), (second, second_types) = sides
    found = compare_types(first, first_types, second, second_types, permutations=_PERMUTATIONS, progress=shown())
    order = np.lexsort((found.post_type, found.pre_type, -np.abs(found.first - found.second), found.p))
    figures = (found.first, found.second, found.first - found.second, found.p, found.p_adjusted)
    data = [
        *(pa.array(names[order].tolist(), pa.string()) for names in (found.pre_type, found.post_type)),
        *(pa.array(values[order], pa.float64()) for values in figures),
    ]
    table = pa.table(data, names=columns(form))
    surely = int((found.p_adjusted <= 0.05).sum())
    notes = (
        f"Synapses from one type onto a neuron of another, within each side: {len(first):,} and {len(second):,} neurons.",
        f"{surely:,} of {len(found.p):,} pairs of types differ at a false discovery rate of 5 % "
        f"({_PERMUTATIONS:,} permutations of neurons, seed 0).",
    )
    return cut(ordered_table(table, form.order), form.limit, notes)


def columns(form: ir.SideConnections) -> list[str]:
    """The columns of the answer."""
    return ["pre_type", "post_type", f"mean_{form.first}", f"mean_{form.second}", "difference", "p", "p_adjusted"]
