"""The neurons that a measure puts first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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

_EXACT = 5_000
"""Neurons up to which betweenness is exact in any case."""
_LOOKED_AT = 3_000_000_000
"""Connections that the searches of larger graphs look at, about: half a minute on two busy cores."""
_FEWEST = 1_000
"""Searches of a graph of many connections."""

_COLUMN = {"core number": "core_number", "attractor": "time_share", "repeller": "time_share"}


def answer(form: ir.Ranking, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron, the highest first; of the same value, the smaller id."""
    graph, of = graph_of(form, dataset)
    values, notes = _measured(form.measure, graph)
    known = ~np.isnan(values)
    found = listed(form, graph, dataset, values, known)
    best, notes = found.rows, (*notes, *found.notes)
    ids = graph.ids[best]
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    rows = {"neuron_id": ids, "name": name, "type": type_, _column(form): values[best]}
    if form.of is not None:
        rows[RANK] = ranks(values, known)[best].astype(np.int64)
    if form.errors is None or of is None:
        return Answer(ordered_table(pa.table(rows), form.order), found.whole, notes)
    from graphkit.query.answers.perturbed_neurons import followed

    def measured(one: Perturbation) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        again, _ = _measured(form.measure, one.graph)
        return again, ~np.isnan(again)

    more, said, samples = followed(measured, best, of, form, _column(form))
    table = ordered_table(pa.table({**rows, **more}), form.order)
    return over_samples(Answer(table, found.whole, (*notes, *said)), form.errors, samples)


def columns(form: ir.Ranking) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", _column(form), *rank_columns(form)]


def _column(form: ir.Ranking) -> str:
    return _COLUMN.get(form.measure, form.measure)


def _searches(neurons: int, connections: int) -> int | None:
    """From how many neurons betweenness is estimated; None: exact, from all."""
    samples = max(_FEWEST, _LOOKED_AT // max(connections, 1))
    return None if neurons <= max(_EXACT, samples) else samples


def _measured(measure: ir.Measure, graph: Graph) -> tuple[NDArray[np.float64] | NDArray[np.int64], tuple[str, ...]]:
    match measure:
        case "pagerank":
            from graphkit.algorithms.walks import pagerank

            return pagerank(graph), (
                "PageRank with damping 0.85, along connections in proportion to synapses; it adds up to 1.",
            )
        case "betweenness":
            from graphkit.algorithms.betweenness import betweenness

            samples = _searches(len(graph), graph.n_connections)
            found = betweenness(graph, samples=samples)
            how = "exact" if samples is None else f"estimated from {samples:,} of {len(graph):,} neurons, seed 0"
            return found, (f"Shortest paths through the neuron, in pairs of other neurons; {how}.",)
        case "core number":
            from graphkit.algorithms.cores import core_numbers

            return core_numbers(graph), (
                "The largest k such that the neuron has k partners that have k partners, and so on.",
            )
        case "clustering":
            from graphkit.algorithms.reciprocity import directed_clustering

            said = "Directed clustering coefficient (Fagiolo 2007), 0 to 1; who connects alike is in `clusters of ...`."
            return directed_clustering(graph), (said,)
        case "attractor" | "repeller":
            from graphkit.algorithms.walks import stationary

            way = "along" if measure == "attractor" else "against"
            found = stationary(graph, reverse=measure == "repeller")
            return found, (f"Share of time of an endless walk {way} connections, in the largest strong component.",)
    raise AssertionError(measure)
