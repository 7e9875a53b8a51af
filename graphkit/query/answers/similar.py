"""Neurons whose partners are like those of one neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers import Answer
from graphkit.query.answers.graphs import neuron_columns_of, neurons_in
from graphkit.query.answers.perturbed import INTERVAL, SHARE, graph_of, over_samples
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_FIGURES = ("similarity", "by_inputs", "by_outputs", "common_inputs", "common_outputs")


def answer(form: ir.Similar, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron that shares a partner, the most similar first; the limit chooses by similarity."""
    from graphkit.algorithms.similarity import similar_partners

    graph, asked = graph_of(form, dataset)
    of = neurons_in(graph, form.of, dataset)
    notes: tuple[str, ...] = (
        "Similarity: the cosine of the numbers of synapses with each partner, inputs and outputs apart.",
    )
    if not len(of):
        return Answer(_empty(form), True, ("The neuron has no connection in the graph asked.",))
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
    rows = {"neuron_id": ids, "name": name, "type": type_, **{f: pa.array(figures[f][best]) for f in _FIGURES}}
    whole = len(best) == len(alike)
    if form.errors is None or asked is None:
        return Answer(ordered_table(pa.table(rows), form.order), whole, notes)
    from graphkit.query.answers.perturbed_neurons import TIES, chosen, first_of

    me = int(graph.index_of(of[0]))

    def ranked(one: Perturbation) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        body = one.bodies[me]
        values = getattr(similar_partners(one.graph, int(one.graph.ids[body])), form.direction).copy()
        values[body] = 0
        held = first_of(values, form.limit, values > 0)
        values[body] = np.nan  # who is one with the neuron is not like it
        return values, held

    more, samples = chosen(ranked, best, asked, form.errors)
    notes += ("The interval is that of `similarity`, left out where the two are merged.", TIES)
    table = ordered_table(pa.table({**rows, **more}), form.order)
    return over_samples(Answer(table, whole, notes), form.errors, samples)


def columns(form: ir.Similar) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", *_FIGURES, *([] if form.errors is None else [*INTERVAL, SHARE])]


def _empty(form: ir.Similar) -> pa.Table:
    names = columns(form)
    kinds = [
        pa.int64(),
        pa.string(),
        pa.string(),
        *[pa.float64()] * 3,
        *[pa.int64()] * 2,
        *[pa.float64()] * (len(names) - 8),
    ]
    return pa.table({n: pa.array([], k) for n, k in zip(names, kinds, strict=True)})
