"""Layers of information flow, and how often a signal cascade reaches a neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of, neurons_in
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Spread, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron that was reached, the earliest (the most often) first; by type a row a type."""
    from graphkit.algorithms.flow import information_flow, signal_cascade
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    seeds = neurons_in(graph, form.of, dataset)
    if not len(seeds):
        raise NotAnswerableError(
            "None of the neurons that the signal starts from has a connection in the graph that is asked.",
            hint="Leave out the region, or lower the threshold of synapses.",
        )
    step: NDArray[np.float64]
    if form.model == "flow":
        flow = information_flow(graph, seeds, runs=form.runs, seed=form.seed)
        step, share = flow.layer, flow.reached / form.runs
        how = "each step passes a connection with the chance of its share of the target's inputs / 0.3"
    else:
        cascade = signal_cascade(graph, seeds, max_hops=form.hops or 8, runs=form.runs, seed=form.seed)
        share = cascade.reached
        times = cascade.counts.sum(axis=1)
        weighted = cascade.counts @ np.arange(cascade.counts.shape[1])
        step = np.divide(weighted, times, out=np.full(len(graph), np.nan), where=times > 0)
        how = "each synapse passes it on with the chance 0.05"
    reached = np.flatnonzero(share > 0)
    first = reached[np.lexsort((graph.ids[reached], -share[reached], step[reached]))]
    ids = graph.ids[first]
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    step_name = columns(form)[-2]
    table = pa.table({"neuron_id": ids, "name": name, "type": type_, step_name: step[first], "reached": share[first]})
    if form.by_type:
        sums = table.group_by("type", use_threads=False).aggregate(
            [("neuron_id", "count"), (step_name, "mean"), ("reached", "mean")]
        )
        table = sums.rename_columns(columns(form)).sort_by([(step_name, "ascending"), ("type", "ascending")])
    start = f"From {len(seeds):,} neurons, {form.runs:,} runs, seed {form.seed}; {how}."
    notes = (start, f"{len(reached):,} of {len(graph):,} neurons were reached in at least one run.")
    return cut(ordered_table(table, form.order), form.limit, notes)


def columns(form: ir.Spread) -> list[str]:
    """The columns of the answer; layers begin at 1, hops at 0."""
    step = "layer" if form.model == "flow" else "hop"
    return ["type", "neurons", step, "reached"] if form.by_type else ["neuron_id", "name", "type", step, "reached"]
