"""The neurons with the most connections or synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers import Answer
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_FIGURES = ("degree", "in_degree", "out_degree", "synapses", "inputs", "outputs")


def answer(form: ir.Hubs, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron; the limit chooses by the rank, whatever the order of the rows."""
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    figures = {
        "in_degree": np.diff(graph.in_indptr),
        "out_degree": np.diff(graph.indptr),
        "inputs": _sums(graph.in_indptr, graph.in_synapses),
        "outputs": _sums(graph.indptr, graph.synapses),
    }
    figures["degree"] = figures["in_degree"] + figures["out_degree"]
    figures["synapses"] = figures["inputs"] + figures["outputs"]
    rank = figures[form.rank.replace("-", "_")]
    connected = np.flatnonzero(rank > 0)
    best = connected[np.argsort(-rank[connected], kind="stable")][: form.limit]
    ids = graph.ids[best]
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    table = pa.table(
        {"neuron_id": ids, "name": name, "type": type_, **{f: pa.array(figures[f][best], pa.int64()) for f in _FIGURES}}
    )
    middle = f"{float(np.median(rank[connected])):,.10g}" if len(connected) else "none"
    note = f"Of {len(connected):,} neurons with any; the median {form.rank} is {middle}."
    return Answer(ordered_table(table, form.order), len(best) == len(connected), (note,))


def columns(form: ir.Hubs) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", *_FIGURES]


def _sums(indptr: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    before = np.concatenate([[0], np.cumsum(values)])
    sums: NDArray[np.int64] = before[indptr[1:]] - before[indptr[:-1]]
    return sums
