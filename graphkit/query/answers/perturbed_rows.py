"""Rows that SQL finds beside perturbed graphs: connections from group to group, and partners."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import (
    INTERVAL,
    SHARE,
    interval_columns,
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

__all__ = ["Groups", "answer", "neurons_meeting"]

Figures = Callable[["Perturbation"], NDArray[np.float64]]
"""The figure of each row and whether it is there, shape (2, rows)."""


def answer(form: ir.Connections | ir.Partners, dataset: Dataset, planned: Plan) -> Answer:
    """The rows of the plan's SQL, each with the interval of its figure, and how often it is there at all."""
    from graphkit.query.answers import perturbed_connections, perturbed_partners
    from graphkit.query.executor import run_rows

    assert form.errors is not None
    of = perturbable(dataset, form.selection)
    every, _ = run_rows(dataset, planned.sql, None)
    last = (ir.Sort(c) for c in every.column_names if c not in {o.column for o in form.order})
    sorts = (*form.order, *last) if form.order else ()  # nothing is left open, as in SQL
    ranked = any(o.column in (*INTERVAL, SHARE) for o in form.order)
    given = Answer(every) if ranked else cut(ordered_table(every, sorts), form.limit)
    table = given.table.combine_chunks()
    figures: Figures
    if isinstance(form, ir.Connections):
        figures, note = perturbed_connections.figures(form, dataset, of, table)
    else:
        figures, note = perturbed_partners.figures(form, dataset, of, table)
    drawn = perturbed_values(figures, of, form.errors, 2 * len(table))
    columns: dict[str, pa.Array] = {**interval_columns(drawn[:, 0], left_out=True), **share_column(drawn[:, 1])}
    for name, column in columns.items():
        table = table.append_column(name, column)
    if ranked:
        given = cut(ordered_table(table, sorts), form.limit)
        table = given.table
    return over_samples(Answer(table, given.complete, (note,)), form.errors, len(drawn))


def neurons_meeting(condition: ir.Condition | None, dataset: Dataset, of: Perturbable) -> NDArray[np.bool_]:
    """Which neurons of the base meet the condition (None: all)."""
    if condition is None:
        return np.ones(len(of.base), dtype=np.bool_)
    sql = f"SELECT neuron_id FROM neurons WHERE {condition_sql(condition, dataset)}"
    ids = dataset.cursor(sql).sql(sql).to_arrow_table()["neuron_id"].to_numpy()
    meets: NDArray[np.bool_] = np.isin(of.base.ids, ids, assume_unique=True)
    return meets


class Groups:
    """The group of each neuron of the base, as a number."""

    def __init__(self, by: tuple[str, ...], dataset: Dataset, of: Perturbable) -> None:
        names = ", ".join(map(quoted_name, by))
        order = ", ".join(f"{quoted_name(g)} NULLS LAST" for g in by)
        code = f"dense_rank() OVER (ORDER BY {order}) - 1 AS code"
        sql = f"SELECT neuron_id, {code}, {names} FROM neurons ORDER BY neuron_id"
        table = dataset.cursor(sql).sql(sql).to_arrow_table()
        codes = table["code"].to_numpy().astype(np.int64)
        self.number = int(codes.max(initial=-1)) + 1
        self.code: NDArray[np.int64] = codes[np.searchsorted(table["neuron_id"].to_numpy(), of.base.ids)]
        first = pa.array(np.unique(codes, return_index=True)[1])
        named = zip(*(table[g].take(first).to_pylist() for g in by), strict=True)
        self._code_of = {key: code for code, key in enumerate(named)}
        self._by = by

    def of_rows(self, table: pa.Table, prefix: str = "") -> NDArray[np.int64]:
        """The group of each row of an answer, from its columns."""
        keys = zip(*(table[f"{prefix}{g}"].to_pylist() for g in self._by), strict=True)
        return np.array([self._code_of[key] for key in keys], dtype=np.int64)
