"""Figures of a graph, each with what it means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.graph import Graph
from graphkit.progress import shown
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import INTERVAL, graph_of, interval_columns, over_samples, perturbed_values
from graphkit.query.ordering import ordered_table
from graphkit.stopping import current

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers import by_region
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_COUNTS = ("neurons", "connections", "autapses", "synapses", "largest weak component", "largest strong component")
_OVER_NULLS = ["null_mean", "null_sd", "ratio", "z"]
_SEARCHES = 1000
"""Searches for path lengths in a graph of more neurons."""

_NULL_SEARCHES = 100
"""In each random graph of these."""


def answer(form: ir.Statistics, dataset: Dataset, planned: Plan) -> Answer:
    """A row a figure."""
    from graphkit.startup import preload_kernels

    preload_kernels()
    if form.by_region:
        from graphkit.query.answers import by_region

        return by_region.answer(form, dataset, _of_regions(form, dataset))
    graph, of = graph_of(form, dataset)
    rows = _figures(graph)
    drawn = None
    intervals: dict[str, pa.Array] = {}
    notes: tuple[str, ...] = ()
    complete = True
    if form.against is not None:
        intervals, notes, complete = _against(graph, form.against, dataset)
    if form.errors is not None and of is not None:
        drawn = perturbed_values(lambda one: [value for _, value, _ in _figures(one.graph)], of, form.errors)
        intervals = interval_columns(drawn)
    table = _table(rows, intervals)
    if len(graph) > _SEARCHES:
        notes += (f"Path lengths are from {_SEARCHES:,} of the {len(graph):,} neurons, drawn with the seed 0.",)
    given = cut(ordered_table(table, form.order), form.limit, notes)
    if form.errors is not None and drawn is not None:
        return over_samples(given, form.errors, len(drawn))
    return Answer(given.table, given.complete and complete, given.notes, interrupted=not complete)


def columns(form: ir.Statistics) -> list[str]:
    """The columns of the answer."""
    more = INTERVAL if form.errors is not None else _OVER_NULLS if form.against is not None else []
    if form.by_region and not more:
        return ["region", *(_column(name) for name, _, _ in _figures(Graph.from_edges([], [])))]
    return [*(["region"] if form.by_region else []), "statistic", "value", *more, "meaning"]


def _table(rows: list[tuple[str, float, str]], more: dict[str, pa.Array]) -> pa.Table:
    """A row a figure."""
    return pa.table(
        {
            "statistic": pa.array([name for name, _, _ in rows], pa.string()),
            "value": pa.array([None if math.isnan(value) else value for _, value, _ in rows], pa.float64()),
            **more,
            "meaning": pa.array([meaning for _, _, meaning in rows], pa.string()),
        }
    )


def _of_regions(form: ir.Statistics, dataset: Dataset) -> by_region.Figures:
    """What is asked of the graph in each region: one row of all its figures, or a row a figure beside other graphs'."""
    from graphkit.query.answers import by_region

    def against(graph: Graph) -> Answer:
        assert form.against is not None
        columns, notes, complete = _against(graph, form.against, dataset)
        return Answer(_table(_figures(graph), columns), complete, notes, interrupted=not complete)

    return by_region.Figures(
        _row,
        against,
        lambda graph: _table(_figures(graph), {}),
        lambda graph: [value for _, value, _ in _figures(graph)],
    )


def _row(graph: Graph) -> pa.Table:
    """All figures in one row: those that are counts as whole numbers."""
    columns = {}
    for name, value, _ in _figures(graph):
        of_type = pa.int64() if name in _COUNTS else pa.float64()
        columns[_column(name)] = pa.array([None if math.isnan(value) else value], of_type)
    return pa.table(columns)


def _column(statistic: str) -> str:
    return statistic.replace(" ", "_").replace("-", "_")


def _against(graph: Graph, against: ir.Against, dataset: Dataset) -> tuple[dict[str, pa.Array], tuple[str, ...], bool]:
    """The figures of random graphs beside those of the graph without its autapses; what to say; whether all were drawn."""
    from graphkit.motifs.comparison import compared
    from graphkit.query.answers.significance import null_options

    current().hands_over = True  # Ctrl-C: what is ready, and not nothing
    options, notes = null_options(graph, against.model, dataset)
    searches = _SEARCHES if len(graph) <= _SEARCHES else _NULL_SEARCHES
    found = compared(
        graph.without_autapses(),
        lambda one, _: {name: value for name, value, _ in _figures(one, searches) if not math.isnan(value)},
        against.model,
        samples=against.samples,
        seed=against.seed,
        progress=shown(),
        **options,
    )
    columns: dict[str, list[float | None]] = {name: [] for name in _OVER_NULLS}
    for name, value, _ in _figures(graph):
        figure = found.figures.get(name)
        mean = None if figure is None or math.isnan(value) else figure.null_mean
        columns["null_mean"].append(mean)
        columns["null_sd"].append(None if mean is None or figure is None else figure.null_sd)
        columns["ratio"].append(
            figure.observed / mean if mean and figure is not None and figure.observed is not None else None
        )
        columns["z"].append(None if mean is None or figure is None else figure.z)
    said = (*notes, *found.drawn)
    if graph.without_autapses().n_connections < graph.n_connections:
        said += ("Random graphs have no autapses; ratio and z are of the figures without them.",)
    if searches < _SEARCHES:
        said += (
            f"Path lengths of the random graphs are from {searches:,} neurons each, as is what they are compared with.",
        )
    return {name: pa.array(values, pa.float64()) for name, values in columns.items()}, said, found.complete


def _figures(graph: Graph, searches: int = _SEARCHES) -> list[tuple[str, float, str]]:
    from graphkit.algorithms.components import strongly_connected_components, weakly_connected_components
    from graphkit.algorithms.paths import small_world
    from graphkit.algorithms.reciprocity import density, reciprocity
    from graphkit.motifs import dyad_census

    pairs = dyad_census(graph)
    between = pairs.asymmetric + 2 * pairs.mutual
    dense, mutual = density(graph), reciprocity(graph)
    world = small_world(graph, samples=searches if len(graph) > _SEARCHES else None)
    weak, strong = (
        int(np.bincount(found(graph)).max(initial=0)) if len(graph) else 0
        for found in (weakly_connected_components, strongly_connected_components)
    )
    n = graph.n_neurons
    return [
        ("neurons", n, "neurons of the graph"),
        ("connections", between, "ordered pairs of different neurons that are connected"),
        ("autapses", graph.n_connections - between, "neurons that connect to themselves"),
        ("synapses", graph.n_synapses, "synapses of all of these"),
        (
            "synapses per connection",
            graph.n_synapses / graph.n_connections if graph.n_connections else math.nan,
            "mean",
        ),
        ("mean degree", between / n if n else math.nan, "connections over neurons: outputs, or inputs, of a neuron"),
        ("density", dense, "connections over ordered pairs of neurons"),
        ("reciprocity", mutual, "share of connections whose reverse is one too"),
        ("reciprocity over density", mutual / dense if dense else math.nan, "1 in a random graph"),
        ("clustering", world.clustering, "3 triangles over connected triples, directions left aside"),
        ("clustering over random", _over(world.clustering, world.random_clustering), "1 in a random graph"),
        ("largest weak component", weak, "neurons that are joined, directions left aside"),
        ("largest strong component", strong, "neurons that all reach each other"),
        ("mean path length", world.path_length, "connections on a shortest path, over pairs that have one"),
        ("path length over random", _over(world.path_length, world.random_path_length), "1 in a random graph"),
        (
            "small-world sigma",
            _over(_over(world.clustering, world.random_clustering), _over(world.path_length, world.random_path_length)),
            "well above 1 in a small world",
        ),
    ]


def _over(figure: float, other: float) -> float:
    return figure / other if other else math.nan
