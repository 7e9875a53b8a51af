"""The neurons with the most connections or synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.reach import edges_of
from graphkit.query.answers import Answer
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.answers.perturbed import INTERVAL, SHARE, graph_of, over_samples
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
    rank = _ranks(graph, column)
    connected = np.flatnonzero(rank > 0)
    best = connected[np.argsort(-rank[connected], kind="stable")][: form.limit]
    ids, figures = graph.ids[best], _figures(graph, best)
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    rows = {"neuron_id": ids, "name": name, "type": type_, **{f: pa.array(figures[f], pa.int64()) for f in _FIGURES}}
    middle = f"{float(np.median(rank[connected])):,.10g}" if len(connected) else "none"
    notes: tuple[str, ...] = (f"Of {len(connected):,} neurons with any; the median by {form.rank} is {middle}.",)
    whole = len(best) == len(connected)
    if form.errors is None or of is None:
        return Answer(ordered_table(pa.table(rows), form.order), whole, notes)
    from graphkit.query.answers.perturbed_neurons import TIES, chosen, first_of

    def ranked(one: Perturbation) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        ranks = _ranks(one.graph, column)
        return ranks, first_of(ranks, form.limit, ranks > 0)

    more, samples = chosen(ranked, best, of, form.errors)
    table = ordered_table(pa.table({**rows, **more}), form.order)
    return over_samples(
        Answer(table, whole, (*notes, f"The interval is that of {column}.", TIES)), form.errors, samples
    )


def columns(form: ir.Hubs) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", *_FIGURES, *([] if form.errors is None else [*INTERVAL, SHARE])]


def _ranks(graph: Graph, column: str) -> NDArray[np.int64]:
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
