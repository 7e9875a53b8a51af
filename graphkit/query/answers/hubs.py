"""The neurons with the most connections or synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.reach import edges_of
from graphkit.query.answers import Answer
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_FIGURES = ("degree", "in_degree", "out_degree", "synapses", "inputs", "outputs")


def answer(form: ir.Hubs, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron; the limit chooses by the rank, whatever the order of the rows."""
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    column = form.rank.replace("-", "_")
    rank = _figures(graph, np.arange(len(graph)), synapses=not column.endswith("degree"))[column]
    connected = np.flatnonzero(rank > 0)
    best = connected[np.argsort(-rank[connected], kind="stable")][: form.limit]
    ids, figures = graph.ids[best], _figures(graph, best)
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    table = pa.table(
        {"neuron_id": ids, "name": name, "type": type_, **{f: pa.array(figures[f], pa.int64()) for f in _FIGURES}}
    )
    middle = f"{float(np.median(rank[connected])):,.10g}" if len(connected) else "none"
    note = f"Of {len(connected):,} neurons with any; the median by {form.rank} is {middle}."
    return Answer(ordered_table(table, form.order), len(best) == len(connected), (note,))


def columns(form: ir.Hubs) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", *_FIGURES]


def _figures(graph: Graph, rows: NDArray[np.int64], *, synapses: bool = True) -> dict[str, NDArray[np.int64]]:
    """Connections with others, and synapses where asked (which takes reading them), of these rows."""
    found = {}
    among = edges_of(graph.indptr, rows)
    owners = np.repeat(np.arange(len(rows)), graph.indptr[rows + 1] - graph.indptr[rows])
    itself = np.bincount(owners[graph.indices[among] == rows[owners]], minlength=len(rows))
    for degree, sums, indptr, counts in (
        ("in_degree", "inputs", graph.in_indptr, graph.in_synapses),
        ("out_degree", "outputs", graph.indptr, graph.synapses),
    ):
        lengths = indptr[rows + 1] - indptr[rows]
        found[degree] = lengths - itself
        if synapses:
            before = np.concatenate([[0], np.cumsum(counts[edges_of(indptr, rows)])])
            ends = np.cumsum(lengths)
            found[sums] = before[ends] - before[ends - lengths]
    found["degree"] = found["in_degree"] + found["out_degree"]
    if synapses:
        found["synapses"] = found["inputs"] + found["outputs"]
    return found
