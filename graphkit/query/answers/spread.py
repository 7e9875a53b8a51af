"""Layers of information flow, and how often a signal cascade reaches a neuron."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import ids_meeting, neuron_columns_of, neurons_in
from graphkit.query.answers.perturbed import INTERVAL, SHARE, graph_of, interval_columns, over_samples, perturbed_values
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Spread, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron that was reached, the earliest (the most often) first; by type a row a type."""
    graph, asked = graph_of(form, dataset)
    seeds = neurons_in(graph, form.of, dataset)
    if not len(seeds):
        raise NotAnswerableError(
            "None of the neurons that the signal starts from has a connection in the graph that is asked.",
            hint="Leave out the region, or lower the threshold of synapses.",
        )
    step, share = _spread(form, graph, seeds)
    how = "each synapse passes it on with the chance 0.05"
    if form.model == "flow":
        how = "each step passes a connection with the chance of its share of the target's inputs / 0.3"
    reached = np.flatnonzero(share > 0)
    notes: tuple[str, ...] = (f"{len(reached):,} of {len(graph):,} neurons were reached in at least one run.",)
    if form.to is not None:
        to = ids_meeting(form.to, dataset)
        reached = reached[np.isin(graph.ids[reached], to)]
        notes += (
            f"It came to {len(reached):,} of the {len(to):,} neurons asked about, by way of the whole graph asked.",
        )
    first = reached[np.lexsort((graph.ids[reached], -share[reached], step[reached]))]
    ids = graph.ids[first]
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    step_name = _step_name(form)
    table = pa.table({"neuron_id": ids, "name": name, "type": type_, step_name: step[first], "reached": share[first]})
    if form.by_type:
        sums = table.group_by("type", use_threads=False).aggregate(
            [("neuron_id", "count"), (step_name, "mean"), ("reached", "mean")]
        )
        named = ["type", "neurons", step_name, "reached"]
        table = sums.rename_columns(named).sort_by([(step_name, "ascending"), ("type", "ascending")])
    start = f"From {len(seeds):,} neuron{'' if len(seeds) == 1 else 's'}, {form.runs:,} runs, seed {form.seed}; {how}."
    notes = (start, *notes)
    if form.errors is None or asked is None:
        return cut(ordered_table(table, form.order), form.limit, notes)
    begin = np.searchsorted(graph.ids, seeds)

    def again(one: Perturbation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return _spread(form, one.graph, one.graph.ids[np.unique(one.bodies[begin])])

    if form.by_type:
        more, samples = _types_again(table, first, type_, again, asked, form.errors)
    else:
        from graphkit.query.answers.perturbed_neurons import chosen

        def held(one: Perturbation) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
            steps, shares = again(one)
            return steps, shares > 0

        more, samples = chosen(held, first, asked, form.errors)
        notes += (f"{SHARE}: of the perturbed graphs, those in which the neuron was reached in at least one run.",)
    for name, column in more.items():
        table = table.append_column(name, column)
    notes += (f"The interval is that of `{step_name}`, where it was reached.",)
    return over_samples(cut(ordered_table(table, form.order), form.limit, notes), form.errors, samples)


def columns(form: ir.Spread) -> list[str]:
    """The columns of the answer; layers begin at 1, hops at 0."""
    step, more = _step_name(form), [] if form.errors is None else INTERVAL if form.by_type else [*INTERVAL, SHARE]
    if form.by_type:
        return ["type", "neurons", step, "reached", *more]
    return ["neuron_id", "name", "type", step, "reached", *more]


def _step_name(form: ir.Spread) -> str:
    return "layer" if form.model == "flow" else "hop"


def _spread(form: ir.Spread, graph: Graph, seeds: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(the layer or the hop at which the signal comes, in the mean; the share of runs in which it does) of each neuron."""
    from graphkit.algorithms.flow import information_flow, signal_cascade

    if form.model == "flow":
        flow = information_flow(graph, seeds, runs=form.runs, seed=form.seed)
        return flow.layer, flow.reached / form.runs
    cascade = signal_cascade(graph, seeds, max_hops=form.hops or 8, runs=form.runs, seed=form.seed)
    times = cascade.counts.sum(axis=1)
    weighted = cascade.counts @ np.arange(cascade.counts.shape[1])
    return np.divide(weighted, times, out=np.full(len(graph), np.nan), where=times > 0), cascade.reached


def _types_again(
    table: pa.Table,
    rows: NDArray[np.int64],
    type_: pa.Array,
    again: Callable[[Perturbation], tuple[NDArray[np.float64], NDArray[np.float64]]],
    of: Perturbable,
    errors: ir.ReconstructionErrors,
) -> tuple[dict[str, pa.Array], int]:
    """The interval of the mean step of each type's neurons that are in these rows, over those of them that are reached."""
    place = {name: row for row, name in enumerate(table["type"].to_pylist())}
    type_of = np.array([place[name] for name in type_.to_pylist()], dtype=np.int64)

    def means(one: Perturbation) -> NDArray[np.float64]:
        steps = again(one)[0][one.bodies[rows]]
        known = ~np.isnan(steps)
        counts = np.bincount(type_of[known], minlength=len(place))
        sums = np.bincount(type_of[known], weights=steps[known], minlength=len(place))
        mean: NDArray[np.float64] = np.divide(sums, counts, out=np.full(len(place), np.nan), where=counts > 0)
        return mean

    drawn = perturbed_values(means, of, errors, len(place))
    return interval_columns(drawn, left_out=True), len(drawn)
