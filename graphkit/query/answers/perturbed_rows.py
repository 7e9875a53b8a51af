"""Rows that SQL finds beside perturbed graphs: connections, partners, common partners, and how many these are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from graphkit.query.conditions import condition_sql
from graphkit.query.ordering import ordered_table
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.plans.plan import Plan

__all__ = ["Figures", "Groups", "Synapses", "answer", "held_in", "neurons_meeting", "summing", "synapses_of"]


@dataclass(frozen=True, slots=True)
class Synapses:
    """Those of a perturbed graph: a row a pair of its neurons, or a pair and region, of one sign."""

    origins: NDArray[np.int64]
    bodies: NDArray[np.int64]
    pre: NDArray[Any]
    post: NDArray[Any]
    count: NDArray[np.int64]
    place: NDArray[np.int16] | None = None
    sign: NDArray[np.int8] | None = None


Figures = Callable[[Synapses], NDArray[np.float64]]
"""The figure of each row and whether it is there, shape (2, rows)."""


def answer(form: ir.Connections | ir.Partners | ir.Common, dataset: Dataset, planned: Plan) -> Answer:
    """The rows of the plan's SQL, each with the interval of its figure, and how often it is there at all."""
    from graphkit.query.answers import perturbed_connections, perturbed_partners
    from graphkit.query.executor import run_rows

    assert form.errors is not None
    signs = form.signs if isinstance(form, ir.Connections) else None
    of = perturbable(dataset, form.selection, by_region="region" in form.by, signs=signs)
    every, whole = run_rows(dataset, planned.sql, None if form.order else form.limit)
    last = (ir.Sort(c) for c in every.column_names if c not in {o.column for o in form.order})
    sorts = (*form.order, *last) if form.order else ()  # nothing is left open, as in SQL
    ranked = any(o.column in (*INTERVAL, SHARE) for o in form.order)
    given = Answer(every, whole) if ranked or not form.order else cut(ordered_table(every, sorts), form.limit)
    table = given.table.combine_chunks()
    figures: Figures
    if isinstance(form, ir.Connections):
        figures, note = perturbed_connections.figures(form, dataset, of, table)
    else:
        figures, note = perturbed_partners.figures(form, dataset, of, table)
    drawn = _drawn(figures, form, of, len(table))
    columns: dict[str, pa.Array] = {**interval_columns(drawn[:, 0], left_out=True), **share_column(drawn[:, 1])}
    for name, column in columns.items():
        table = table.append_column(name, column)
    if ranked:
        given = cut(ordered_table(table, sorts), form.limit)
        table = given.table
    return over_samples(Answer(table, given.complete, (note,)), form.errors, len(drawn))


def _drawn(
    figures: Figures, form: ir.Connections | ir.Partners | ir.Common, of: Perturbable, rows: int
) -> NDArray[np.float64]:
    """The figures of the rows on each perturbed graph, shape (perturbed graphs, 2, rows)."""
    assert form.errors is not None
    located = of.located
    if located is None or ("region" not in form.by and located.sign is None):
        return perturbed_values(lambda one: figures(synapses_of(one)), of, form.errors, 2 * rows)
    from graphkit.algorithms.located_errors import LocatedPerturbation, strong, those_asked

    def strong_ones(one: LocatedPerturbation) -> LocatedPerturbation:
        kept = strong(one.located, of.least, per_place=form.selection.per_region)
        kept = kept if of.autapses else kept.chosen(kept.pre != kept.post)
        return those_asked(replace(one, located=kept), of.alone)

    def of_rows(one: LocatedPerturbation) -> NDArray[np.float64]:
        at = one.located
        return figures(Synapses(one.origins, one.bodies, at.pre, at.post, at.synapses, at.place, at.sign))

    check_kept(2 * rows, form.errors)
    return np.stack(located_each(of_rows, strong_ones, located, form.errors))


def summing(keys: NDArray[np.int64]) -> Callable[[NDArray[np.int64], NDArray[Any]], NDArray[np.float64]]:
    """What sums weights by their keys, for each of ``keys``, which are distinct; what has another key is left out."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]

    def sums(found: NDArray[np.int64], weights: NDArray[Any]) -> NDArray[np.float64]:
        of_each = np.zeros(len(keys))
        if len(keys):
            at = np.minimum(np.searchsorted(ordered, found), len(keys) - 1)
            shown = ordered[at] == found
            of_each[order] = np.bincount(at[shown], weights=weights[shown], minlength=len(keys))
        return of_each

    return sums


def neurons_meeting(condition: ir.Condition | None, dataset: Dataset, of: Perturbable) -> NDArray[np.bool_]:
    """Which neurons of the base meet the condition (None: all)."""
    if condition is None:
        return np.ones(len(of.base), dtype=np.bool_)
    sql = f"SELECT neuron_id FROM neurons WHERE {condition_sql(condition, dataset)}"
    ids = dataset.cursor(sql).sql(sql).to_arrow_table()["neuron_id"].to_numpy()
    meets: NDArray[np.bool_] = np.isin(of.base.ids, ids, assume_unique=True)
    return meets


def synapses_of(one: Perturbation) -> Synapses:
    """Those of a perturbed graph, wherever they lie."""
    pre = np.repeat(np.arange(len(one.graph)), np.diff(one.graph.indptr))
    return Synapses(one.origins, one.bodies, pre, one.graph.indices, one.graph.synapses)


def held_in(one: Perturbation | Synapses, of: Perturbable, mine: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which neurons of a perturbed graph hold, or are pieces of, those of the base that are ``mine``."""
    asked: NDArray[np.bool_] = mine[one.origins]
    asked[one.bodies[mine[of.asked.origins]]] = True
    return asked


class Groups:
    """The group of each neuron of the base, as a number; and the regions, where synapses are grouped by them as well."""

    number: int
    code: NDArray[np.int64]

    def __init__(self, by: tuple[str, ...], dataset: Dataset, of: Perturbable) -> None:
        self._by = tuple(g for g in by if g != "region")
        self._places = _places(dataset) if "region" in by else {}
        self._span = max(self._places.values(), default=-1) + 2
        if not self._by:
            self.number, self.code, self._code_of = 1, np.zeros(len(of.base), dtype=np.int64), {(): 0}
            return
        by = self._by
        names = ", ".join(map(quoted_name, by))
        order = ", ".join(f"{quoted_name(g)} NULLS LAST" for g in by)
        code = f"dense_rank() OVER (ORDER BY {order}) - 1 AS code"
        sql = f"SELECT neuron_id, {code}, {names} FROM neurons ORDER BY neuron_id"
        table = dataset.cursor(sql).sql(sql).to_arrow_table()
        codes = table["code"].to_numpy().astype(np.int64)
        self.number = int(codes.max(initial=-1)) + 1
        self.code = codes[np.searchsorted(table["neuron_id"].to_numpy(), of.base.ids)]
        first = pa.array(np.unique(codes, return_index=True)[1])
        named = zip(*(table[g].take(first).to_pylist() for g in by), strict=True)
        self._code_of = {key: code for code, key in enumerate(named)}

    def of_rows(self, table: pa.Table, prefix: str = "") -> NDArray[np.int64]:
        """The group of each row of an answer, from its columns."""
        if not self._by:
            return np.zeros(len(table), dtype=np.int64)
        keys = zip(*(table[f"{prefix}{g}"].to_pylist() for g in self._by), strict=True)
        return np.array([self._code_of[key] for key in keys], dtype=np.int64)

    def by_place(self, code: NDArray[np.int64], places: NDArray[np.int16] | pa.Table | None) -> NDArray[np.int64]:
        """A number of group and region, of synapses that lie in ``places`` or rows of an answer that name them; the group's alone
        where regions are not asked for.
        """
        if not self._places or places is None:
            return code
        if isinstance(places, pa.Table):
            places = np.array([self._places[name] for name in places["region"].to_pylist()], dtype=np.int16)
        return code * self._span + places + 1


def _places(dataset: Dataset) -> dict[str, int]:
    """The region of each name that answers have."""
    named = {region.name: number for number, region in dataset.region_tree.by_id.items()}
    return {"(outside)": 0, "(not resolved)": -1, **named}
