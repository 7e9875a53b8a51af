"""Effective connectivity over walks of several connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.progress import shown
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.answers.grouping import neurons_meeting
from graphkit.query.answers.perturbed import INTERVAL, graph_of, interval_columns, over_samples, perturbed_values
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["FIGURE", "answer", "columns"]

FIGURE = "effective_input_fraction"

_MOST = 20_000_000
"""Figures, 8 bytes each: of every pair of groups and number of connections."""


def answer(form: ir.Effective, dataset: Dataset, planned: Plan) -> Answer:
    """A row a pair of neurons (or groups) and number of connections where there is a walk, the fewest and the strongest first."""
    from graphkit.algorithms.effective import effective_connectivity

    graph, asked = graph_of(form, dataset)
    (pre, senders), (post, receivers) = (
        _grouped(dataset, graph.ids, neurons_meeting(end, dataset, graph.ids), form.by) for end in (form.pre, form.post)
    )
    ends, groups = (senders, receivers), (pre, post)
    if not len(senders) or not len(receivers):
        missing = [word for word, rows in (("from", senders), ("to", receivers)) if not len(rows)]
        none = f"None of the neurons {' and '.join(missing)} which walks go is in the graph asked."
        return Answer(_table(form, dataset, graph, ends, groups, _NOTHING, np.empty(0)), notes=(none,))
    size = len(senders) * len(receivers) * form.hops
    if size > _MOST:
        raise NotAnswerableError(
            f"{len(senders):,} times {len(receivers):,} {'groups' if form.by else 'neurons'} over up to {form.hops} connections "
            f"are {size:,} figures; {_MOST:,} are the most.",
            hint="Ask from or to fewer neurons, for fewer hops, or by type.",
        )
    found = effective_connectivity(graph, pre, post, form.hops, progress=shown())
    cells = np.array(np.nonzero(found))
    values = found[tuple(cells)]
    cells = cells[:, np.lexsort((cells[2], cells[1], -values, cells[0]))]
    values = found[tuple(cells)]
    table = _table(form, dataset, graph, ends, groups, cells, values)
    note = (
        "Share of the input of the postsynaptic neuron that comes from the presynaptic one over walks of so many connections "
        "through any neurons: the product of the input fractions along a walk, summed over walks."
    )
    if form.by:
        note += " Of groups: summed over the presynaptic neurons, the mean over the postsynaptic ones that have inputs."
    notes: tuple[str, ...] = (note,)
    if form.errors is None or asked is None:
        return cut(ordered_table(table, form.order), form.limit, notes)

    def again(one: Perturbation) -> NDArray[np.float64]:
        of = (whole_pre[one.origins], whole_post[one.origins])  # a piece is of its neuron's group
        of_cells: NDArray[np.float64] = effective_connectivity(one.graph, *of, form.hops)[tuple(cells)]
        return of_cells

    rows = asked.asked.origins  # of the base, from which perturbed graphs are made
    whole_pre, whole_post = (np.full(len(asked.base), -1, dtype=np.int64) for _ in range(2))
    whole_pre[rows], whole_post[rows] = pre, post
    drawn = perturbed_values(again, asked, form.errors, len(values))
    for name, column in interval_columns(drawn).items():
        table = table.append_column(name, column)
    return over_samples(cut(ordered_table(table, form.order), form.limit, notes), form.errors, len(drawn))


def columns(form: ir.Effective) -> list[str]:
    """The columns of the answer."""
    more = [] if form.errors is None else INTERVAL
    if not form.by:
        ends = [f"{end}_{column}" for end in ("pre", "post") for column in ("id", "name", "type")]
        return [*ends, "hops", FIGURE, *more]
    groups = [f"{end}_{group}" for end in ("pre", "post") for group in form.by]
    return [*groups, "hops", "pre_neurons", "post_neurons", FIGURE, *more]


_NOTHING = np.empty((3, 0), dtype=np.int64)


def _grouped(
    dataset: Dataset, ids: NDArray[np.int64], meets: NDArray[np.bool_], by: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(the group of each neuron, -1 where it is not asked about; a row of the graph for each group), groups by their names."""
    groups = np.full(len(ids), -1, dtype=np.int64)
    rows = np.flatnonzero(meets)
    if not by:
        groups[rows] = np.arange(len(rows))
        return groups, rows
    keys = list(zip(*(column.to_pylist() for column in neuron_columns_of(dataset, ids[rows], by)), strict=True))
    first: dict[tuple[Any, ...], int] = {}
    for row, key in zip(rows.tolist(), keys, strict=True):
        first.setdefault(key, row)
    ordered = sorted(first, key=lambda key: [(value is None, "" if value is None else value) for value in key])
    number = {key: place for place, key in enumerate(ordered)}
    groups[rows] = [number[key] for key in keys]
    return groups, np.array([first[key] for key in ordered], dtype=np.int64)


def _table(
    form: ir.Effective,
    dataset: Dataset,
    graph: Graph,
    named: tuple[NDArray[np.int64], NDArray[np.int64]],
    groups: tuple[NDArray[np.int64], NDArray[np.int64]],
    cells: NDArray[np.int64],
    values: NDArray[np.float64],
) -> pa.Table:
    ids, has_inputs = graph.ids, np.diff(graph.in_indptr) > 0
    table: dict[str, Any] = {}
    sizes: dict[str, Any] = {}
    shown_columns = form.by or ("name", "type")
    for end, rows, of, place in zip(("pre", "post"), named, groups, cells[1:], strict=True):
        at = rows[place] if len(rows) else np.empty(0, dtype=np.int64)
        if not form.by:
            table[f"{end}_id"] = pa.array(ids[at])
        for column, values_of in zip(shown_columns, neuron_columns_of(dataset, ids[at], shown_columns), strict=True):
            table[f"{end}_{column}"] = values_of
        if form.by:
            counted = of[(of >= 0) & (has_inputs if end == "post" else True)]
            sizes[f"{end}_neurons"] = pa.array(np.bincount(counted, minlength=max(len(rows), 1))[place])
    return pa.table({**table, "hops": pa.array(cells[0] + 1), **sizes, FIGURE: pa.array(values)})
