"""The neurons with the most connections or synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.reach import edges_of
from graphkit.query.answers import Answer
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.answers.perturbed import graph_of, over_samples
from graphkit.query.answers.ranks import RANK, listed, rank_columns, ranks
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_FIGURES = ("degree", "in_degree", "out_degree", "synapses", "inputs", "outputs")


def answer(form: ir.Hubs, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron; the limit chooses by the rank, whatever the order of the rows."""
    graph, of = graph_of(form, dataset)
    column = form.rank.replace("-", "_")
    rank = _by(column, graph)
    connected = rank > 0
    found = listed(form, graph, dataset, rank, connected)
    best = found.rows
    ids, figures = graph.ids[best], _figures(graph, best)
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    rows = {"neuron_id": ids, "name": name, "type": type_, **{f: pa.array(figures[f], pa.int64()) for f in _FIGURES}}
    if form.of is not None:
        rows[RANK] = ranks(rank, connected)[best].astype(np.int64)
    middle = f"{float(np.median(rank[connected])):,.10g}" if connected.any() else "none"
    with_any = f"Of {np.count_nonzero(connected):,} neurons with any; the median by {form.rank} is {middle}."
    notes: tuple[str, ...] = (with_any, *found.notes)
    if form.errors is None or of is None:
        return Answer(ordered_table(pa.table(rows), form.order), found.whole, notes)
    from graphkit.query.answers.perturbed_neurons import followed

    def ranked(one: Perturbation) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        again = _by(column, one.graph)
        return again, again > 0

    more, said, samples = followed(ranked, best, of, form, column)
    table = ordered_table(pa.table({**rows, **more}), form.order)
    return over_samples(Answer(table, found.whole, (*notes, *said)), form.errors, samples)


def columns(form: ir.Hubs) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", *_FIGURES, *rank_columns(form)]


def _by(column: str, graph: Graph) -> NDArray[np.int64]:
    return _figures(graph, np.arange(len(graph)), synapses=not column.endswith("degree"))[column]


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
