"""Runs a planned question and wraps the answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from graphkit.interrupted import interruptible
from graphkit.query import ir
from graphkit.query.answers import COMPUTED, Answer
from graphkit.query.echo import echo
from graphkit.query.planner import Plan, plan
from graphkit.query.result import Result, cut_off
from graphkit.statement import plain_error

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.dataset import Dataset
    from graphkit.graph import Graph

__all__ = ["explain", "run", "run_rows"]


def run(form: ir.Form, dataset: Dataset) -> Result:
    """The answer to a typed question.

    Raises:
        NotAnswerableError: the dataset does not hold what the question needs.
    """
    planned = plan(form, dataset)
    notes = [*dataset.notes, *planned.notes]
    if (module := COMPUTED.get(form.name)) is not None:
        answer: Answer = importlib.import_module(module).answer(form, dataset, planned)
        table, complete = answer.table, answer.complete
        notes += answer.notes
    else:
        table, complete = run_rows(dataset, planned.sql, form.limit)
    if not complete and form.limit is not None:
        notes.append(cut_off(form.limit))
    return Result(
        table=table,
        question=echo(form),
        complete=complete,
        notes=tuple(notes),
        form=form,
        plan=explain(form, dataset, planned),
        dataset_name=dataset.name,
        snapshot=dataset.snapshot.number,
        _graph=_graph_of(form, dataset, table),
    )


def run_rows(dataset: Dataset, sql: str, limit: int | None) -> tuple[pa.Table, bool]:
    """The rows of a SELECT, at most ``limit``, and whether that is all of them."""
    import duckdb

    cursor = dataset.cursor(sql)
    try:
        if limit is None:
            return interruptible(cursor, cursor.sql(sql).to_arrow_table), True
        table = interruptible(cursor, cursor.sql(f"SELECT * FROM ({sql}\n) LIMIT {limit + 1}").to_arrow_table)
    except duckdb.Error as error:
        raise plain_error(error) from error
    return table.slice(0, limit), len(table) <= limit


def explain(form: ir.Form, dataset: Dataset, planned: Plan | None = None) -> str:
    """The exact question, the typed form, the engine and the SQL."""
    planned = planned or plan(form, dataset)
    lines = [
        f"question  {echo(form)}",
        f"form      {ir.to_json(form)}",
        f"dataset   {dataset.url} (snapshot {dataset.snapshot.number})",
        f"engine    {planned.engine}",
    ]
    if form.name in COMPUTED:
        lines.append("          the SQL selects the connections; the rest is done over their compressed sparse rows")
    return "\n".join([*lines, "sql", *(f"  {line.strip()}" for line in planned.sql.splitlines())])


def _graph_of(form: ir.Form, dataset: Dataset, table: pa.Table) -> Callable[[], Graph] | None:
    def selected(selection: ir.Selection) -> Graph:
        from graphkit.selection import load_selection

        return load_selection(dataset, selection, attributes=("type",))

    def among() -> Graph:
        ids = tuple(sorted(set(table["neuron_id"].to_pylist())))
        return selected(ir.Selection(neurons=ir.Comparison("neuron_id", "in", ids)))

    def answered() -> Graph:
        from graphkit.graph import Graph

        columns = (table["pre_id"], table["post_id"])
        return Graph.from_edges(*columns, table["synapses"] if "synapses" in table.column_names else None)

    if isinstance(form, ir.Motifs):
        return lambda: selected(form.selection)
    if {"pre_id", "post_id"} <= set(table.column_names):
        return answered
    return among if "neuron_id" in table.column_names else None
