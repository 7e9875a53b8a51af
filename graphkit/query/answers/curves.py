"""Answers that are curves: the rich club by degree, the distribution of degrees, connection probability by distance,
percolation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.progress import shown
from graphkit.query import ir
from graphkit.query.answers import Answer, cut, perturbed_curves
from graphkit.query.answers.perturbed import INTERVAL, graph_of, over_samples
from graphkit.query.ordering import ordered_table
from graphkit.stopping import current

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_STEPS = 100
"""Of a percolation that are shown, about."""

Curve = ir.RichClub | ir.Degrees | ir.Distances | ir.Percolation

_COLUMNS = {
    "rich_club": ["degree", "neurons", "connections", "density"],
    "degrees": ["degree", "neurons", "neurons_by_in", "neurons_by_out"],
    "percolation": ["removed", "degree", "largest", "second", "components"],
    "distances": ["from_nm", "to_nm", "pairs", "connected", "probability"],
}


def answer(form: Curve, dataset: Dataset, planned: Plan) -> Answer:
    """A row a point of the curve."""
    graph, of = graph_of(form, dataset)
    if isinstance(form, ir.RichClub) and form.against is not None:
        return _rich_club_against(graph, form, dataset)
    if form.errors is not None and of is not None:
        return _with_errors(form, form.errors, of, dataset)
    table, notes = _curve(form, graph, dataset)
    return cut(ordered_table(table, form.order), form.limit, notes)


def columns(form: Curve) -> list[str]:
    """The columns of the answer."""
    if isinstance(form, ir.Degrees):
        several = [*perturbed_curves.DEGREE_INTERVALS, *perturbed_curves.AT_LEAST_INTERVALS]
        more = [name for names in several for name in names] if form.errors else []
        return [form.of, *_COLUMNS["degrees"][1:], *more]
    more = INTERVAL if form.errors else []
    if isinstance(form, ir.RichClub) and form.against:
        more = ["null_mean", "null_sd", "ratio", "z"]
    return [*_COLUMNS[form.name], *more]


def _curve(form: Curve, graph: Graph, dataset: Dataset) -> tuple[pa.Table, tuple[str, ...]]:
    match form:
        case ir.RichClub():
            return _rich_club(graph, form.by), (
                "Connections over ordered pairs of the neurons of at least this degree.",
            )
        case ir.Degrees():
            return _degrees(graph, form.of), ()
        case ir.Percolation():
            notes = ("Weak components of what is left; `degree` is that of the neuron removed last.",)
            return _percolation(graph, form), notes
        case ir.Distances():
            return _distances(graph, _somata(graph, dataset))


def _with_errors(form: Curve, errors: ir.ReconstructionErrors, of: Perturbable, dataset: Dataset) -> Answer:
    """The curve beside those of perturbed graphs."""
    match form:
        case ir.Degrees():
            table, notes, samples = perturbed_curves.degrees(of, form.of, errors)
            return over_samples(cut(ordered_table(table, form.order), form.limit, notes), errors, samples)
        case ir.RichClub():
            table, notes = _curve(form, of.graph, dataset)
            more, samples = perturbed_curves.rich_club(of, form.by, errors)
        case ir.Percolation():
            table, notes = _curve(form, of.graph, dataset)
            more, samples = perturbed_curves.percolation(of, form.first, table["removed"].to_numpy(), errors)
            notes += ("The interval is that of `largest`.",)
        case ir.Distances():
            points = _somata(of.base, dataset)
            table, notes = _distances(of.graph, points[of.asked.origins])
            pairs, bin_nm = table["pairs"].to_numpy(), float(table["to_nm"][0].as_py()) if len(table) else 1.0
            more, samples = perturbed_curves.distances(of, points, pairs, bin_nm, errors)
    for name, column in more.items():
        table = table.append_column(name, column)
    return over_samples(cut(ordered_table(table, form.order), form.limit, notes), errors, samples)


def _rich_club(graph: Graph, by: ir.DegreeKind) -> pa.Table:
    from graphkit.algorithms.rich_club import rich_club

    found = rich_club(graph, by=by)
    density = pa.array(found.phi, mask=np.isnan(found.phi))
    return pa.table([found.k, found.neurons, found.connections, density], names=_COLUMNS["rich_club"])


def _rich_club_against(graph: Graph, form: ir.RichClub, dataset: Dataset) -> Answer:
    from graphkit.algorithms.rich_club import rich_club_against
    from graphkit.motifs.nulls.by_name import keeps
    from graphkit.query.answers.significance import null_options

    assert form.against is not None
    current().hands_over = True  # Ctrl-C: what is ready, and not nothing
    against = form.against
    options, notes = null_options(graph, against.model, dataset)
    drawn = {"samples": against.samples, "seed": against.seed}
    found = rich_club_against(graph, against.model, by=form.by, progress=shown(), **drawn, **options)
    curve = found.observed
    figures = (curve.phi, found.null_mean, found.null_sd, found.ratio, found.z)
    rows = [curve.k, curve.neurons, curve.connections, *(pa.array(f, mask=np.isnan(f)) for f in figures)]
    notes += (
        "Connections over ordered pairs of the neurons of at least this degree, over the mean of the random graphs.",
        f"{found.samples:,} random graphs of the null model {against.model} (seed {against.seed}) keep "
        f"{keeps(against.model)}; their neurons are ranked by their own degrees.",
    )
    if found.mixing is not None and found.mixing.warning:
        notes += (f"Warning: {found.mixing.warning}",)
    whole = found.samples == against.samples
    if not whole:
        notes += (f"Stopped early: {found.samples:,} of {against.samples:,} null graphs were ready.",)
    given = cut(ordered_table(pa.table(rows, names=columns(form)), form.order), form.limit, notes)
    return Answer(given.table, given.complete and whole, notes, interrupted=not whole)


def _degrees(graph: Graph, of: str) -> pa.Table:
    kinds = perturbed_curves.degree_kinds(graph, of)
    used = np.unique(np.concatenate(kinds))
    counted = []
    for values in kinds:
        counts = np.zeros(len(used), dtype=np.int64)
        np.add.at(counts, np.searchsorted(used, values), 1)
        counted.append(counts)
    return pa.table([used, *counted], names=[of, *_COLUMNS["degrees"][1:]])


def _percolation(graph: Graph, form: ir.Percolation) -> pa.Table:
    from graphkit.algorithms.degrees import degrees
    from graphkit.algorithms.percolation import percolation

    found = percolation(graph, first=form.first)
    steps = np.unique(np.linspace(0, len(graph), _STEPS + 1).astype(np.int64))
    total = degrees(graph).totals[found.order]
    degree = pa.array(np.concatenate([[0], total])[steps], mask=steps == 0)
    rows = [steps, degree, found.largest[steps], found.second[steps], found.components[steps]]
    return pa.table(rows, names=_COLUMNS["percolation"])


def _somata(graph: Graph, dataset: Dataset) -> NDArray[np.float64]:
    from graphkit.query.answers.graphs import neuron_columns_of

    axes = [f"soma_{axis}_nm" for axis in "xyz"]
    columns_of = neuron_columns_of(dataset, graph.ids, tuple(axes))
    points = np.stack([c.cast(pa.float64()).to_numpy(zero_copy_only=False) for c in columns_of], axis=1)
    if len(graph) and not np.isfinite(points).all(axis=1).any():
        raise NotAnswerableError(
            "No neuron of the graph has the position of its soma.",
            hint="Positions in nm come with the neurons: columns soma_x_nm, soma_y_nm, soma_z_nm.",
        )
    return points


def _distances(graph: Graph, points: NDArray[np.float64]) -> tuple[pa.Table, tuple[str, ...]]:
    from graphkit.algorithms.distance import connection_probability

    found = connection_probability(graph, points)
    edges = found.edges_nm.astype(np.int64)
    probability = pa.array(found.probability, mask=np.isnan(found.probability))
    notes: tuple[str, ...] = ("Of ordered pairs of neurons, by the distance of their somata.",)
    if found.left_out:
        notes += (f"{found.left_out:,} of {len(graph):,} neurons have no position and are left out.",)
    rows = [edges[:-1], edges[1:], found.pairs, found.connected, probability]
    return pa.table(rows, names=_COLUMNS["distances"]), notes
