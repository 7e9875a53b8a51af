"""Dyads, triads, fours and roles in them, of a graph that a dataset's connections make up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import (
    INTERVAL,
    SHARE,
    graph_of,
    interval_columns,
    over_samples,
    perturbed_values,
    share_column,
)
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.motifs import Orbits
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.planner import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Motifs, dataset: Dataset, planned: Plan) -> Answer:
    """A row a motif; by type: a row a motif and types of its neurons; against a null model: with its significance."""
    from graphkit.startup import preload_kernels

    preload_kernels()
    if form.by_region:
        from graphkit.query.answers import by_region
        from graphkit.query.answers.significance import of_motifs

        figures = by_region.Figures(
            _census,
            lambda graph: of_motifs(graph, form, dataset),
            _induced,
            lambda graph: _induced(graph)["induced"].to_pylist(),
        )
        return by_region.answer(form, dataset, figures)
    graph, of = graph_of(form, dataset, ("type",) if form.by_type else ())
    size = f"{graph.n_neurons:,} neurons, {graph.n_connections:,} connections and {graph.n_synapses:,} synapses"
    sources = np.repeat(np.arange(len(graph), dtype=np.int32), np.diff(graph.indptr))
    autapses = int(np.count_nonzero(sources == graph.indices))
    apart = f" {autapses:,} of the connections are autapses, which are part of no motif." if autapses else ""
    notes: tuple[str, ...] = (f"The graph asked has {size}.{apart}",)
    if not graph.n_connections:
        notes += ("No connection meets the question, so every count of a connected motif is 0.",)
    if form.against is not None:
        from graphkit.query.answers.significance import of_motifs

        found = of_motifs(graph, form, dataset)
        shown = cut(ordered_table(found.table, form.order), form.limit)
        complete = shown.complete and found.complete
        return Answer(shown.table, complete, (*notes, *found.notes), interrupted=found.interrupted)
    if form.errors is not None and of is not None:
        perturbed = _roles_perturbed if form.roles else _by_type_perturbed if form.by_type else _perturbed
        table, samples = perturbed(of, form.errors, form.size)
        return over_samples(cut(ordered_table(table, form.order), form.limit, notes), form.errors, samples)
    if form.roles:
        table = _roles(graph, form.size)
    elif form.size == 4:
        table = _fours(graph)
    else:
        table = _by_type(graph) if form.by_type else _census(graph)
    return cut(ordered_table(table, form.order), form.limit, notes)


def columns(form: ir.Motifs) -> list[str]:
    """The columns of the answer."""
    if form.by_region:
        return ["region", *columns(replace(form, by_region=False))]
    if form.against is not None:
        from graphkit.query.answers import significance

        return significance.columns(form)
    if form.roles:
        more = [] if form.errors is None else [*INTERVAL, SHARE]
        return ["neuron_id", "motif", "code", "role", "count", "pattern", *more]
    if form.errors is not None and not form.by_type:
        return ["motif", "code", "pattern", "size", "induced", *INTERVAL]
    if form.errors is not None:
        return ["motif", "code", "type_a", "type_b", "type_c", "induced", "pattern", *INTERVAL]
    if form.by_type:
        return ["motif", "code", "type_a", "type_b", "type_c", "induced", "pattern"]
    return ["motif", "code", "pattern", "size", "count", "induced"]


def _perturbed(of: Perturbable, errors: ir.ReconstructionErrors, size: int) -> tuple[pa.Table, int]:
    """The induced counts of connected motifs beside those on perturbed graphs; how many these are."""
    table = _induced(of.graph, size)
    drawn = perturbed_values(lambda one: _induced(one.graph, size)["induced"].to_numpy(), of, errors, len(table))
    for name, column in interval_columns(drawn).items():
        table = table.append_column(name, column)
    return table, len(drawn)


def _induced(graph: Graph, size: int = 3) -> pa.Table:
    """The induced counts of connected motifs."""
    from graphkit.motifs import four_node_counts, motif_counts

    rows = four_node_counts(graph) if size == 4 else motif_counts(graph)
    columns = {
        "motif": pa.array([row.name for row in rows], pa.string()),
        "code": pa.array([row.code for row in rows], pa.string()),
        "pattern": pa.array([row.pattern for row in rows], pa.string()),
        "size": pa.array([row.n_neurons for row in rows], pa.int64()),
        "induced": pa.array([row.induced for row in rows], pa.int64()),
    }
    return pa.table(columns)


def _by_type_perturbed(of: Perturbable, errors: ir.ReconstructionErrors, size: int) -> tuple[pa.Table, int]:
    """The rows that the graph has beside their counts on perturbed graphs, in which a piece of a neuron is of its type."""
    from graphkit.motifs import motifs_by_type

    table = _by_type(of.graph)
    types = list(of.base.attributes.get("type", [None] * of.base.n_neurons))
    place = {key: row for row, key in enumerate(zip(*(table[c].to_pylist() for c in _KEY), strict=True))}

    def counts(one: Perturbation) -> NDArray[np.float64]:
        found = motifs_by_type(one.graph, [types[row] for row in one.origins.tolist()])
        counted = np.zeros(len(place))
        for *key, count in zip(found.code, found.type_a, found.type_b, found.type_c, found.count, strict=True):
            if (row := place.get(tuple(key))) is not None:
                counted[row] = count
        return counted

    drawn = perturbed_values(counts, of, errors, len(place))
    for name, column in interval_columns(drawn).items():
        table = table.append_column(name, column)
    return table, len(drawn)


def _roles_perturbed(of: Perturbable, errors: ir.ReconstructionErrors, size: int) -> tuple[pa.Table, int]:
    """The rows that the graph has beside the counts of those that hold the neurons on perturbed graphs."""
    neuron, role = np.nonzero(_orbits(of.graph, size).counts)

    def counts(one: Perturbation) -> NDArray[np.int64]:
        found: NDArray[np.int64] = _orbits(one.graph, size).counts[one.bodies[neuron], role]
        return found

    table, drawn = _roles(of.graph, size), perturbed_values(counts, of, errors, len(neuron))
    for name, column in {**interval_columns(drawn), **share_column(drawn > 0)}.items():
        table = table.append_column(name, column)
    return table, len(drawn)


_KEY = ("code", "type_a", "type_b", "type_c")


def _by_type(graph: Graph) -> pa.Table:
    from graphkit.motifs import DYADS, TRIADS, motifs_by_type

    found = motifs_by_type(graph, list(graph.attributes.get("type", [None] * graph.n_neurons)))
    named = {m.code: m for m in (*DYADS, *TRIADS)}
    columns = {
        "motif": pa.array([named[c].name for c in found.code], pa.string()),
        "code": pa.array(list(found.code), pa.string()),
        "type_a": pa.array(list(found.type_a), pa.string()),
        "type_b": pa.array(list(found.type_b), pa.string()),
        "type_c": pa.array(list(found.type_c), pa.string()),
        "induced": pa.array(found.count, pa.int64()),
        "pattern": pa.array([named[c].pattern for c in found.code], pa.string()),
    }
    ascending = [(name, "ascending") for name in _KEY]
    return pa.table(columns).sort_by([("induced", "descending"), *ascending])


def _census(graph: Graph) -> pa.Table:
    from graphkit.motifs import TRIADS, dyad_census, motif_counts, triad_census

    rows: list[tuple[str, str, str, int, int | None, int]] = [
        (m.name, m.code, m.pattern, m.n_neurons, m.count, m.induced) for m in motif_counts(graph)
    ]
    census = triad_census(graph)
    rows.append(("no connection", "N", "(a), (b)", 2, None, dyad_census(graph).null))
    rows += [(m.name, m.code, m.pattern, 3, None, census[m.code]) for m in TRIADS[:3]]
    return _counts(rows)


def _fours(graph: Graph) -> pa.Table:
    """The 199 connected classes, those that occur first."""
    from graphkit.motifs import four_node_counts

    found = sorted(four_node_counts(graph), key=lambda m: -m.induced)
    return _counts([(m.name, m.code, m.pattern, m.n_neurons, m.count, m.induced) for m in found])


def _roles(graph: Graph, size: int) -> pa.Table:
    """A row for each neuron and role that it has."""
    from graphkit.motifs import CONNECTED_TRIADS, four_nodes

    orbits = _orbits(graph, size)
    named = {m.code: m for m in (four_nodes().motifs if size == 4 else CONNECTED_TRIADS)}
    neuron, role = np.nonzero(orbits.counts)
    roles = orbits.roles
    names = {
        "motif": [named[r.motif].name for r in roles],
        "code": [r.motif for r in roles],
        "role": [r.nodes for r in roles],
        "pattern": [named[r.motif].pattern for r in roles],
    }
    texts = {name: pa.array(column, pa.string()).take(pa.array(role)) for name, column in names.items()}
    count = pa.array(orbits.counts[neuron, role])
    return pa.table(
        {
            "neuron_id": pa.array(graph.ids[neuron]),
            "motif": texts["motif"],
            "code": texts["code"],
            "role": texts["role"],
            "count": count,
            "pattern": texts["pattern"],
        }
    )


def _orbits(graph: Graph, size: int) -> Orbits:
    from graphkit.motifs import four_node_orbits, triad_orbits

    return four_node_orbits(graph) if size == 4 else triad_orbits(graph)


def _counts(rows: list[tuple[str, str, str, int, int | None, int]]) -> pa.Table:
    names = ("motif", "code", "pattern", "size", "count", "induced")
    types = (pa.string(), pa.string(), pa.string(), pa.int64(), pa.int64(), pa.int64())
    columns = zip(*rows, strict=True)
    return pa.table({n: pa.array(c, t) for n, t, c in zip(names, types, columns, strict=True)})
