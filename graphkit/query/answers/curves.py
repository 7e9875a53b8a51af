"""Answers that are curves: the rich club by degree, the distribution of degrees, connection probability by distance,
percolation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.errors import NotAnswerableError
from graphkit.progress import shown
from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import INTERVAL, error_notes, interval_columns, perturbed_interval
from graphkit.query.ordering import ordered_table
from graphkit.stopping import current

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
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
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    notes: tuple[str, ...] = ()
    match form:
        case ir.RichClub(against=ir.Against()):
            return _rich_club_against(graph, form, dataset)
        case ir.RichClub(errors=ir.ReconstructionErrors() as errors):
            table, notes = _rich_club_with_errors(graph, form.by, errors)
        case ir.RichClub():
            table = _rich_club(graph, form.by)
            notes = ("Connections over ordered pairs of the neurons of at least this degree.",)
        case ir.Degrees():
            table = _degrees(graph, form.of)
        case ir.Percolation():
            table = _percolation(graph, form)
            notes = ("Weak components of what is left; `degree` is that of the neuron removed last.",)
        case ir.Distances():
            table, notes = _distances(graph, dataset)
    return cut(ordered_table(table, form.order), form.limit, notes)


def columns(form: Curve) -> list[str]:
    """The columns of the answer."""
    if isinstance(form, ir.Degrees):
        return [form.of, *_COLUMNS["degrees"][1:]]
    more: list[str] = []
    if isinstance(form, ir.RichClub):
        more = ["null_mean", "null_sd", "ratio", "z"] if form.against else INTERVAL if form.errors else []
    return [*_COLUMNS[form.name], *more]


def _rich_club(graph: Graph, by: ir.DegreeKind) -> pa.Table:
    from graphkit.algorithms.rich_club import rich_club

    found = rich_club(graph, by=by)
    density = pa.array(found.phi, mask=np.isnan(found.phi))
    return pa.table([found.k, found.neurons, found.connections, density], names=_COLUMNS["rich_club"])


def _rich_club_with_errors(
    graph: Graph, by: ir.DegreeKind, errors: ir.ReconstructionErrors
) -> tuple[pa.Table, tuple[str, ...]]:
    """The curve beside those of perturbed graphs, whose neurons are ranked by their own degrees."""
    from graphkit.algorithms.rich_club import rich_club

    length = len(rich_club(graph, by=by).k)

    def phi(one: Graph) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        curve = np.full(length, np.nan)
        found = rich_club(one, by=by).phi[:length]
        curve[: len(found)] = found
        return curve

    table = _rich_club(graph, by)
    for name, column in interval_columns(perturbed_interval(phi, graph, errors)).items():
        table = table.append_column(name, column)
    return table, ("Connections over ordered pairs of the neurons of at least this degree.", *error_notes(errors))


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
    from graphkit.algorithms.degrees import degrees

    found = degrees(graph)
    ins, outs = (found.ins, found.outs) if of == "degree" else (found.input_synapses, found.output_synapses)
    kinds = (ins + outs, ins, outs)
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


def _distances(graph: Graph, dataset: Dataset) -> tuple[pa.Table, tuple[str, ...]]:
    from graphkit.algorithms.distance import connection_probability
    from graphkit.query.answers.graphs import neuron_columns_of

    axes = [f"soma_{axis}_nm" for axis in "xyz"]
    columns_of = neuron_columns_of(dataset, graph.ids, tuple(axes))
    points = np.stack([c.cast(pa.float64()).to_numpy(zero_copy_only=False) for c in columns_of], axis=1)
    if len(graph) and not np.isfinite(points).all(axis=1).any():
        raise NotAnswerableError(
            "No neuron of the graph has the position of its soma.",
            hint="Positions in nm come with the neurons: columns soma_x_nm, soma_y_nm, soma_z_nm.",
        )
    found = connection_probability(graph, points)
    edges = found.edges_nm.astype(np.int64)
    probability = pa.array(found.probability, mask=np.isnan(found.probability))
    notes: tuple[str, ...] = ("Of ordered pairs of neurons, by the distance of their somata.",)
    if found.left_out:
        notes += (f"{found.left_out:,} of {len(graph):,} neurons have no position and are left out.",)
    rows = [edges[:-1], edges[1:], found.pairs, found.connected, probability]
    return pa.table(rows, names=_COLUMNS["distances"]), notes
