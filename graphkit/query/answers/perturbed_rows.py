"""Rows that SQL finds, beside what perturbed graphs say of them: connections, partners, common partners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import (
    INTERVAL,
    SHARE,
    check_kept,
    interval_columns,
    located_each,
    over_samples,
    perturbable,
    perturbed_values,
    share_column,
)
from graphkit.query.answers.perturbed_synapses import Synapses, synapses_of
from graphkit.query.ordering import ordered_table
from graphkit.query.plans.connections import signed_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.answers.perturbed_synapses import Figures
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "beside"]

NOTHING = "No perturbed graphs were made, since the graph asked has nothing that the question is about."


def answer(form: ir.Connections | ir.Partners | ir.Common, dataset: Dataset, planned: Plan) -> Answer:
    """The rows of the plan's SQL, each with the interval of its figure, and how often it is there at all."""
    from graphkit.query.answers import perturbed_connections, perturbed_partners

    signed = signed_sql(form.signs) if isinstance(form, ir.Connections) else None
    mark = None if signed is None else f"sign({signed})"
    of = perturbable(dataset, form.selection, by_region="region" in form.by, mark=mark)

    def more(table: pa.Table) -> tuple[dict[str, pa.Array], tuple[str, ...], int]:
        figures: Figures
        if isinstance(form, ir.Connections):
            figures, note = perturbed_connections.figures(form, dataset, of, table)
        else:
            figures, note = perturbed_partners.figures(form, dataset, of, table)
        drawn = _drawn(figures, form, of, len(table))
        columns = {**interval_columns(drawn[:, 0], left_out=True), **share_column(drawn[:, 1])}
        return columns, (note,), len(drawn)

    return beside(form, dataset, planned, more, [*INTERVAL, SHARE])


def beside(
    form: Any,
    dataset: Dataset,
    planned: Plan,
    more: Callable[[pa.Table], tuple[dict[str, pa.Array], tuple[str, ...], int]],
    names: list[str],
) -> Answer:
    """The rows of the plan's SQL with ``more`` columns, of these ``names``; which says what they are, and of how many graphs.

    They are found for the rows that are shown, unless these are chosen by them.
    """
    from graphkit.query.executor import run_rows

    every, whole = run_rows(dataset, planned.sql, None if form.order else form.limit)
    last = (ir.Sort(c) for c in every.column_names if c not in {o.column for o in form.order})
    sorts = (*form.order, *last) if form.order else ()  # nothing is left open, as in SQL
    ranked = any(o.column in names for o in form.order)
    given = Answer(every, whole) if ranked or not form.order else cut(ordered_table(every, sorts), form.limit)
    table = given.table.combine_chunks()
    if not len(table):
        columns = dict(zip(table.column_names, table.columns, strict=True))
        return Answer(pa.table({**columns, **{name: pa.array([], pa.float64()) for name in names}}), notes=(NOTHING,))
    columns, notes, samples = more(table)
    for name, column in columns.items():
        table = table.append_column(name, column)
    if ranked:
        given = cut(ordered_table(table, sorts), form.limit)
        table = given.table
    return over_samples(Answer(table, given.complete, notes), form.errors, samples)


def _drawn(
    figures: Figures, form: ir.Connections | ir.Partners | ir.Common, of: Perturbable, rows: int
) -> NDArray[np.float64]:
    """The figures of the rows on each perturbed graph, shape (perturbed graphs, 2, rows)."""
    assert form.errors is not None
    located = of.located
    if located is None or ("region" not in form.by and located.mark is None):
        return perturbed_values(lambda one: figures(synapses_of(one)), of, form.errors, 2 * rows)
    from graphkit.algorithms.located_errors import LocatedPerturbation, strong, those_asked

    def strong_ones(one: LocatedPerturbation) -> LocatedPerturbation:
        kept = strong(one.located, of.least, per_place=form.selection.per_region)
        kept = kept if of.autapses else kept.chosen(kept.pre != kept.post)
        return those_asked(replace(one, located=kept), of.alone)

    def of_rows(one: LocatedPerturbation) -> NDArray[np.float64]:
        at = one.located
        return figures(Synapses(one.origins, one.bodies, at.pre, at.post, at.synapses, at.place, at.mark))

    check_kept(2 * rows, form.errors)
    return np.stack(located_each(of_rows, strong_ones, located, form.errors))
