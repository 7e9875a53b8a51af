"""Connections from group to group beside those of perturbed graphs, in which a piece of a neuron is of its group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.shares import shares_of
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
    from graphkit.query.plans.plan import Plan

__all__ = ["answer"]


def answer(form: ir.Connections, dataset: Dataset, planned: Plan, errors: ir.ReconstructionErrors) -> Answer:
    """The rows of the plan's SQL with the interval of their figure, or of their synapses where none is asked for."""
    from graphkit.query.executor import run_rows

    of = perturbable(dataset, form.selection)
    ranked = any(o.column in (*INTERVAL, SHARE) for o in form.order)
    every, _ = run_rows(dataset, planned.sql, None)
    last = (ir.Sort(c) for c in every.column_names if c not in {o.column for o in form.order})
    sorts = (*form.order, *last) if form.order else ()  # nothing is left open, as in SQL
    given = Answer(every) if ranked else cut(ordered_table(every, sorts), form.limit)
    table = given.table.combine_chunks()
    groups = _Groups(form, dataset, of.base.ids)
    keys = groups.keys_of(table)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]

    def figures(one: Perturbation) -> NDArray[np.float64]:
        graph, of_row = one.graph, one.origins
        source, target = np.repeat(np.arange(len(graph)), np.diff(graph.indptr)), graph.indices
        pre, post, code = groups.pre[of_row], groups.post[of_row], groups.code[of_row]
        asked = pre[source] & post[target]
        if form.both_ways:
            asked |= post[source] & pre[target]
            post = pre | post
        pairs = code[source[asked]] * groups.number + code[target[asked]]
        at = np.minimum(np.searchsorted(ordered, pairs), max(len(ordered) - 1, 0))
        shown = ordered[at] == pairs if len(ordered) else np.zeros(len(pairs), dtype=np.bool_)
        sums = np.zeros(len(keys))
        sums[order] = np.bincount(at[shown], weights=graph.synapses[asked][shown], minlength=len(keys))
        values = sums
        if form.figure is not None:
            weights = np.ones(len(graph)) if form.figure == "mean" else np.bincount(target, graph.synapses, len(graph))
            whole = np.bincount(code[post], weights=weights[post], minlength=groups.number)
            values = shares_of(sums, whole[keys % groups.number])
        return np.stack([values, sums > 0])

    drawn = perturbed_values(figures, of, errors, 2 * len(table))
    columns: dict[str, pa.Array] = {**interval_columns(drawn[:, 0], left_out=True), **share_column(drawn[:, 1])}
    for name, column in columns.items():
        table = table.append_column(name, column)
    if ranked:
        given = cut(ordered_table(table, sorts), form.limit)
        table = given.table
    said = "synapses" if form.figure is None else form.figure.replace(" ", "_")
    notes = (
        f"The interval is that of `{said}`; {SHARE}: of the perturbed graphs, those in which the two are connected.",
    )
    return over_samples(Answer(table, given.complete, notes), errors, len(drawn))


class _Groups:
    """The group of each of some neurons, as a number, and whether it is one of the ends that are asked about."""

    def __init__(self, form: ir.Connections, dataset: Dataset, ids: NDArray[np.int64]) -> None:
        names = ", ".join(map(quoted_name, form.by))
        order = ", ".join(f"{quoted_name(g)} NULLS LAST" for g in form.by)
        ends = ", ".join(
            f"{'true' if end is None else f'coalesce({condition_sql(end, dataset)}, false)'} AS {name}"
            for name, end in (("of_pre", form.pre), ("of_post", form.post))
        )
        code = f"dense_rank() OVER (ORDER BY {order}) - 1 AS code"
        sql = f"SELECT neuron_id, {code}, {names}, {ends} FROM neurons ORDER BY neuron_id"
        table = dataset.cursor(sql).sql(sql).to_arrow_table()
        rows = np.searchsorted(table["neuron_id"].to_numpy(), ids)
        codes = table["code"].to_numpy().astype(np.int64)
        self.number = int(codes.max(initial=-1)) + 1
        self.code = codes[rows]
        self.pre, self.post = (
            table[name].to_numpy(zero_copy_only=False).astype(np.bool_)[rows] for name in ("of_pre", "of_post")
        )
        first = pa.array(np.unique(codes, return_index=True)[1])
        self._by = form.by
        self._code_of = {
            key: code for code, key in enumerate(zip(*(table[g].take(first).to_pylist() for g in form.by), strict=True))
        }

    def keys_of(self, table: pa.Table) -> NDArray[np.int64]:
        """The pair of groups of each row of an answer, as one number."""
        pre, post = (
            [self._code_of[key] for key in zip(*(table[f"{end}_{g}"].to_pylist() for g in self._by), strict=True)]
            for end in ("pre", "post")
        )
        return np.array(pre, dtype=np.int64) * self.number + np.array(post, dtype=np.int64)
