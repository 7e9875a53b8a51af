"""Figures of the graph in each region, one region after the other; of a region without those below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.located_errors import Located, LocatedPerturbation, strong
from graphkit.algorithms.located_graphs import graphs_by_place
from graphkit.errors import TimeLimitError
from graphkit.progress import showing, shown
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import ids_meeting
from graphkit.query.answers.located import located_rows, places_by_name
from graphkit.query.answers.perturbed import check_kept, check_located, interval_columns, located_each, over_samples
from graphkit.query.ordering import ordered_table
from graphkit.stopping import check, current

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir

__all__ = ["Figures", "answer"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What is asked of each graph."""

    plain: Callable[[Graph], pa.Table]
    """Its rows."""
    against: Callable[[Graph], Answer]
    """Its rows beside those of random graphs."""
    named: Callable[[Graph], pa.Table]
    """The rows that stand beside perturbed graphs."""
    values: Callable[[Graph], Sequence[float]]
    """A figure for each of these."""
    notes: tuple[str, ...] = ()
    """What else to say of them."""


def answer(form: ir.Motifs | ir.Statistics, dataset: Dataset, figures: Figures) -> Answer:
    """The rows of each region's graph, the region with the most synapses first."""
    from graphkit.query import ir

    selection = form.selection
    if form.errors is not None:
        check_located(selection)
    every = ids_meeting(None, dataset)
    located = located_rows(dataset, selection, every)
    located = located.chosen(located.place >= 0)
    asked = None
    if selection.neurons is not None:
        asked = np.searchsorted(every, ids_meeting(selection.neurons, dataset))
    there = {int(place): asked for place in np.unique(located.place)} if asked is not None else {}
    enough = strong(located, selection.min_synapses, per_place=selection.per_region)
    names = {place: name for name, place in places_by_name(dataset).items()}
    graphs = {names[place]: graph for place, graph in graphs_by_place(enough, there)}
    ranked = sorted(graphs, key=lambda name: (-graphs[name].n_synapses, name))
    notes = (*_notes(selection, len(graphs)), *figures.notes)
    if form.errors is not None:
        table, samples = _perturbed(form, located, places_by_name(dataset), graphs, ranked, figures)
        given = cut(ordered_table(table, form.order), form.limit, notes)
        return over_samples(given, form.errors, samples)
    current().hands_over = True  # Ctrl-C: the regions that are ready, and not nothing
    tables: list[pa.Table] = []
    interrupted = False
    outer = shown()
    for number, name in enumerate(ranked):
        outer("regions", number / len(ranked))
        try:
            check()
            with showing(_part(outer, number, len(ranked))):
                found = figures.against(graphs[name]) if form.against else Answer(figures.plain(graphs[name]))
        except TimeLimitError:
            if not tables:
                raise
            interrupted = True
            break
        tables.append(_with_region(found.table, name))
        if not number:
            notes += tuple(f"{name}: {note}" if note.startswith("Mixing") else note for note in found.notes)
        elif found.interrupted:
            notes += tuple(f"{name}: {note}" for note in found.notes if note.startswith("Stopped early"))
        if found.interrupted:
            interrupted = True
            break
    if interrupted:
        notes += (f"Stopped early: {len(tables):,} of {len(ranked):,} regions, those with most synapses, are given.",)
    table = pa.concat_tables(tables) if tables else _with_region(_nothing(form, figures), "").slice(0, 0)
    if form.against is not None and isinstance(form, ir.Motifs):
        table, said = _adjusted(table, len(tables))
        notes += said
    given = cut(ordered_table(table, form.order), form.limit, notes)
    return Answer(given.table, given.complete and not interrupted, given.notes, interrupted=interrupted)


def _notes(selection: ir.Selection, count: int) -> tuple[str, ...]:
    graphs = "The graph of 1 region," if count == 1 else f"The graphs of {count:,} regions, each"
    notes: tuple[str, ...] = (f"{graphs} of the synapses located in it, without the regions below it.",)
    if selection.min_synapses > 1 and not selection.per_region:
        where = "in all regions asked" if selection.regions else "in all regions"
        notes += (
            f"The threshold is of a connection's synapses {where}; `with at least {selection.min_synapses} synapses per region` "
            "asks it of each region's.",
        )
    return notes


def _part(outer: Any, number: int, count: int) -> Any:
    return lambda stage, fraction: outer(f"{stage} by region", (number + fraction) / count)


def _with_region(table: pa.Table, name: str) -> pa.Table:
    return table.add_column(0, "region", pa.array([name] * len(table), pa.string()))


def _nothing(form: ir.Motifs | ir.Statistics, figures: Figures) -> pa.Table:
    """The columns of an answer about no region."""
    from graphkit.graph import Graph

    empty = Graph.from_edges([], [])
    return figures.plain(empty) if form.against is None else figures.against(empty).table


def _adjusted(table: pa.Table, regions: int) -> tuple[pa.Table, tuple[str, ...]]:
    """With the p adjusted over all rows, of whatever region: that many were tested."""
    from graphkit.motifs.comparison import benjamini_hochberg

    p = table["p"].to_numpy()
    tested = ~np.isnan(p)
    adjusted = np.full(len(p), np.nan)
    adjusted[tested] = benjamini_hochberg(p[tested].tolist())
    place = table.column_names.index("p_adjusted")
    table = table.set_column(place, "p_adjusted", pa.array(adjusted, pa.float64(), mask=~tested))
    if regions < 2:
        return table, ()
    over = f"p_adjusted is over the {int(tested.sum()):,} motifs of all {regions:,} regions"
    return table, (f"{over}; `motifs in REGION against ...` adjusts over those of the region alone.",)


def _perturbed(
    form: ir.Motifs | ir.Statistics,
    located: Located,
    places: dict[str, int],
    graphs: dict[str, Graph],
    ranked: list[str],
    figures: Figures,
) -> tuple[pa.Table, int]:
    """The rows of all regions beside those of perturbed graphs; how many these were."""
    from graphkit.graph import Graph

    assert form.errors is not None
    selection = form.selection
    tables = [_with_region(figures.named(graphs[name]), name) for name in ranked]
    if not tables:
        table = _with_region(figures.named(Graph.from_edges([], [])), "").slice(0, 0)
        return _beside(table, np.zeros((1, 0))), form.errors.samples
    rows = {places[name]: np.searchsorted(located.ids, graphs[name].ids) for name in ranked}

    def made(one: LocatedPerturbation) -> LocatedPerturbation:
        kept = strong(one.located, selection.min_synapses, per_place=selection.per_region)
        return replace(one, located=kept if selection.autapses else kept.chosen(kept.pre != kept.post))

    def values(one: LocatedPerturbation) -> NDArray[np.float64]:
        stays = {place: one.bodies[held] for place, held in rows.items()}
        found = {place: figures.values(graph) for place, graph in graphs_by_place(one.located, stays) if place in rows}
        return np.concatenate([np.asarray(found[places[name]], dtype=np.float64) for name in ranked])

    table = pa.concat_tables(tables)
    check_kept(len(table), form.errors)
    drawn = np.stack(located_each(values, made, located, form.errors))
    return _beside(table, drawn), len(drawn)


def _beside(table: pa.Table, drawn: NDArray[np.float64]) -> pa.Table:
    """With the intervals, and what the figures mean last."""
    for name, column in interval_columns(drawn).items():
        table = table.append_column(name, column)
    last = [c for c in table.column_names if c == "meaning"]
    return table.select([*(c for c in table.column_names if c not in last), *last])
