"""Runs a planned question and wraps the answer."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from graphkit.errors import TimeLimitError
from graphkit.interrupted import interruptible
from graphkit.query import ir
from graphkit.query.answer_cache import cached_answer, keep_answer
from graphkit.query.answers import COMPUTED, Answer
from graphkit.query.echo import echo
from graphkit.query.planner import Plan, plan
from graphkit.query.plans.skeletons import SKELETONS
from graphkit.query.result import Result, cut_off
from graphkit.statement import plain_error
from graphkit.stopping import current, limited, stoppable

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.dataset import Dataset
    from graphkit.graph import Graph

__all__ = ["explain", "run", "run_rows"]


def run(form: ir.Form, dataset: Dataset, *, cache: bool = True, timeout: float | None = None) -> Result:
    """The answer to a typed question: as it was given before where that is kept (``cache``), else found now.

    Raises:
        NotAnswerableError: the dataset does not hold what the question needs.
        TimeLimitError: nothing was found within ``timeout`` seconds, or a part of the answer would be none.
    """
    with limited(timeout):
        answer = cached_answer(form, dataset) if cache else None
        if answer is None:
            began = time.monotonic()
            answer = _answered(form, dataset)
            if cache:
                keep_answer(form, dataset, answer, time.monotonic() - began)
    return Result(
        table=answer.table,
        question=echo(form),
        complete=answer.complete,
        notes=(*dataset.notes, *answer.notes),
        form=form,
        plan=lambda: explain(form, dataset),
        dataset_name=dataset.name,
        snapshot=dataset.snapshot.number,
        _graph=_graph_of(form, dataset, answer.table),
        dataset=dataset,
    )


def _answered(form: ir.Form, dataset: Dataset) -> Answer:
    planned = plan(form, dataset)
    module = COMPUTED.get(form.name)
    if module is None and planned.engine == "graph kernels":
        asked = form.of if isinstance(form, ir.Count) else form
        by_region = isinstance(asked, ir.Projectome | ir.Regions | ir.Projections)
        module = f"graphkit.query.answers.{'perturbed_regions' if by_region else 'group_connections'}"
    if module is not None:
        found = _computed(module, form, dataset, planned)
    else:
        found = Answer(*run_rows(dataset, planned.sql, form.limit))
    from graphkit.query.empty import about_the_graph, no_connections, why_empty

    notes = [*planned.notes, *found.notes, *(no_connections(form, dataset) or about_the_graph(form, dataset))]
    if found.timed_out:
        if not len(found.table):
            raise current().error()
        notes.append(
            f"Stopped after {current().seconds:g} s: only the {len(found.table):,} rows found until then are given."
        )
    elif not found.complete and len(found.table) == form.limit and not found.interrupted:
        notes.append(cut_off(form.limit))
    if not len(found.table):
        notes += why_empty(form, dataset)
    return replace(found, complete=found.complete and not found.timed_out, notes=tuple(notes))


def _computed(module: str, form: ir.Form, dataset: Dataset, planned: Plan) -> Answer:
    try:
        found: Answer = stoppable(lambda: importlib.import_module(module).answer(form, dataset, planned))
        return found
    except TimeLimitError as error:
        if not (isinstance(form, ir.Match) and form.sample):
            raise
        raise TimeLimitError(
            f"{error.message} All matches are counted before some are drawn.",
            hint="Give it more time (--timeout; in Python timeout=), ask for fewer neurons or stronger connections, or take "
            "the first matches that are found: LIMIT.",
        ) from None


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
    alone = planned is None
    planned = planned or plan(form, dataset)
    lines = [
        f"question  {echo(form)}",
        f"form      {ir.to_json(form)}",
        f"dataset   {dataset.url} (snapshot {dataset.snapshot.number})",
        f"engine    {planned.engine}{f' ({planned.why})' if planned.why else ''}",
    ]
    if planned.engine == SKELETONS:
        lines.append(
            "          the SQL selects the nodes; their synapses are read beside them, and the rest is done neuron by neuron"
        )
    elif planned.why.startswith("counted again"):
        lines.append("          the SQL finds the rows; what stands beside them is counted on perturbed graphs")
    elif planned.engine != "DuckDB":
        lines.append("          the SQL selects the connections; the rest is done over their compressed sparse rows")
    if alone and isinstance(form, ir.Match) and planned.engine != "DuckDB":
        from graphkit.query.answers.match import search_order

        lines += [f"          {line}" for line in search_order(form, dataset).splitlines()]
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

    def coupled() -> Graph:
        import numpy as np

        from graphkit.graph import Graph

        a, b, synapses = (table[c].to_numpy() for c in ("a_id", "b_id", "synapses"))
        back = a != b  # a gap junction leads either way
        return Graph.from_edges(
            *(np.concatenate(both) for both in ((a, b[back]), (b, a[back]), (synapses, synapses[back])))
        )

    if isinstance(form, ir.Motifs):
        return lambda: selected(form.selection)
    if {"pre_id", "post_id"} <= set(table.column_names):
        return answered
    if isinstance(form, ir.Connections) and {"a_id", "b_id"} <= set(table.column_names):
        return coupled
    return among if "neuron_id" in table.column_names else None
