"""Neurons whose partners are like those of one neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.query.answers import Answer
from graphkit.query.answers.graphs import neuron_columns_of, neurons_in
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_FIGURES = ("similarity", "by_inputs", "by_outputs", "common_inputs", "common_outputs")


def answer(form: ir.Similar, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron that shares a partner, the most similar first; the limit chooses by similarity."""
    from graphkit.algorithms.similarity import similar_partners
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    of = neurons_in(graph, form.of, dataset)
    notes = ("Similarity: the cosine of the numbers of synapses with each partner, inputs and outputs apart.",)
    if not len(of):
        return Answer(_empty(), True, ("The neuron has no connection in the graph asked.",))
    found = similar_partners(graph, int(of[0]))
    figures = {
        "similarity": getattr(found, form.direction),
        "by_inputs": found.inputs,
        "by_outputs": found.outputs,
        "common_inputs": found.common_inputs,
        "common_outputs": found.common_outputs,
    }
    rank = figures["similarity"].copy()
    rank[graph.index_of(of[0])] = 0  # like itself, which is no news
    alike = np.flatnonzero(rank > 0)
    best = alike[np.argsort(-rank[alike], kind="stable")][: form.limit]
    ids = graph.ids[best]
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    table = pa.table(
        {"neuron_id": ids, "name": name, "type": type_, **{f: pa.array(figures[f][best]) for f in _FIGURES}}
    )
    return Answer(ordered_table(table, form.order), len(best) == len(alike), notes)


def columns(form: ir.Similar) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", *_FIGURES]


def _empty() -> pa.Table:
    kinds = [pa.int64(), pa.string(), pa.string(), *[pa.float64()] * 3, *[pa.int64()] * 2]
    names = ["neuron_id", "name", "type", *_FIGURES]
    return pa.table({n: pa.array([], k) for n, k in zip(names, kinds, strict=True)})
