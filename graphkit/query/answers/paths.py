"""Paths between neurons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.pairs import synapses_of_pairs
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of, neurons_in
from graphkit.query.answers.perturbed import INTERVAL, SHARE, graph_of, over_samples
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.plans.plan import Plan

__all__ = ["MOST_ROWS", "answer", "columns"]

MOST_ROWS = 1_000_000
"""Of paths, however many a limit allows."""


def answer(form: ir.Paths, dataset: Dataset, planned: Plan) -> Answer:
    """A row a path; by type: a row a sequence of types."""
    from graphkit.startup import preload_kernels

    preload_kernels("graphkit.algorithms.path_kernels")
    graph, of = graph_of(form, dataset)
    sources, targets = neurons_in(graph, form.pre, dataset), neurons_in(graph, form.post, dataset)
    ranked = form.kind in ("k shortest", "strongest")
    search = _ranked if ranked else _searched
    found = search(graph, sources, targets, form)
    table = _table(graph, found, form, dataset)
    notes = found.notes
    if form.by:
        table = _by_type(table)
        notes += (
            () if _typed(dataset) else ("No neuron of this dataset has a type: all paths of as many hops are one row.",)
        )
    if form.errors is not None and of is not None:
        return _with_errors(form, dataset, of, form.errors, table, found, notes)
    if ranked:  # the limit has chosen which
        return Answer(ordered_table(table, form.order), found.complete, notes)
    rows = cut(ordered_table(table, form.order), form.limit)
    return Answer(rows.table, rows.complete and found.complete, notes)


def _with_errors(
    form: ir.Paths,
    dataset: Dataset,
    of: Perturbable,
    errors: ir.ReconstructionErrors,
    table: pa.Table,
    found: _Found,
    notes: tuple[str, ...],
) -> Answer:
    from graphkit.query.answers.perturbed_paths import paths_again, types_again

    limit = None if form.kind in ("k shortest", "strongest") else form.limit
    ranked = any(o.column in (*INTERVAL, SHARE) for o in form.order)
    given = Answer(table) if ranked else cut(ordered_table(table, form.order), limit)
    table = given.table
    if form.by:
        search = _ranked if form.kind in ("k shortest", "strongest") else _searched
        more, said, samples = types_again(form, dataset, of, errors, partial(search, form=form), table)
    else:
        more, said, samples = paths_again(form, dataset, of, errors, table["neuron_ids"].combine_chunks())
    for name, column in more.items():
        table = table.append_column(name, column)
    if ranked:
        given = cut(ordered_table(table, form.order), limit)
        table = given.table
    return over_samples(Answer(table, given.complete and found.complete, (*notes, *said)), errors, samples)


def columns(form: ir.Paths) -> list[str]:
    """The columns of the answer."""
    more = [] if form.errors is None else [*INTERVAL, SHARE]
    if form.by:
        return ["types", "hops", "paths", "strongest", *more]
    if form.strength == "synapses":
        return ["hops", "weakest", "neuron_ids", "names", "types", "synapses", *more]
    return ["hops", "strength", "neuron_ids", "names", "types", "synapses", "input_fractions", *more]


@dataclass(frozen=True, slots=True)
class _Found:
    """Paths as flat arrays with their strengths, whether they are all, and sentences about them."""

    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    strengths: NDArray[Any]
    complete: bool
    notes: tuple[str, ...] = ()


_NOTHING = np.empty(0, dtype=np.int64)


def _searched(graph: Graph, sources: NDArray[np.int64], targets: NDArray[np.int64], form: ir.Paths) -> _Found:
    from graphkit.algorithms.simple_paths import MOST_PATHS, paths_within, shortest_paths

    if not len(sources) or not len(targets):
        return _Found(_NOTHING, np.zeros(1, np.int64), _NOTHING, True, _absent(sources, targets))
    whole = bool(form.by or form.order)  # all paths are wanted, before the limit
    most = MOST_PATHS if form.limit is None or whole else min(form.limit, MOST_ROWS)
    if form.kind == "shortest":
        found = shortest_paths(graph, sources, targets, hops=form.hops, most=most)
    else:
        assert form.hops is not None
        found = paths_within(graph, sources, targets, form.hops, most=most)
    if not found.complete:
        how = "The search was stopped: there are too many paths. Better ones than these may be missing."
        return _Found(found.ids, found.offsets, found.weakest, False, (how, _NARROW))
    if found.count == len(found):
        many = "There is 1 path." if found.count == 1 else f"There are {found.count:,} paths."
        return _Found(found.ids, found.offsets, found.weakest, True, (many,))
    known = f"{found.count:,} paths" if found.count is not None else "too many paths to count"
    taken = (
        f"There are {known}; the answer {'counts' if form.by else 'has'} {len(found):,} of them: those of the fewest hops, "
        "then those whose weakest connection is strongest."
    )
    return _Found(found.ids, found.offsets, found.weakest, False, (taken,))


_NARROW = "Ask for fewer hops, more synapses, a region, or fewer neurons."


def _ranked(graph: Graph, sources: NDArray[np.int64], targets: NDArray[np.int64], form: ir.Paths) -> _Found:
    from graphkit.algorithms.ranked_paths import k_shortest_paths, strongest_paths

    kind = np.int64 if form.strength == "synapses" else np.float64
    if not len(sources) or not len(targets):
        return _Found(_NOTHING, np.zeros(1, np.int64), np.empty(0, kind), True, _absent(sources, targets))
    search = strongest_paths if form.kind == "strongest" else k_shortest_paths
    paths = search(graph, sources, targets, form.limit or 1, by=form.strength, hops=form.hops)
    ids = np.array([i for path in paths for i in path.ids], dtype=np.int64)
    offsets = np.cumsum([0, *(len(path.ids) for path in paths)], dtype=np.int64)
    order = "then the fewest hops" if form.kind == "strongest" else "after the fewest hops"
    return _Found(
        ids,
        offsets,
        np.array([p.strength for p in paths], dtype=kind),
        True,
        (f"Strongest: {_STRONGEST[form.strength]}; {order}, then the smaller ids.",),
    )


_STRONGEST = {
    "synapses": "the weakest connection has the most synapses",
    "input fraction": "the largest product of input fractions, each the share of the target's input synapses in the graph asked",
}


def _absent(sources: NDArray[np.int64], targets: NDArray[np.int64]) -> tuple[str, ...]:
    ends = [word for word, ids in (("from", sources), ("to", targets)) if not len(ids)]
    return (f"None of the neurons {' and '.join(ends)} which paths go has a connection in the graph asked.",)


def _typed(dataset: Dataset) -> bool:
    """Whether any neuron has a type."""
    sql = "SELECT count(type) > 0 FROM neurons"
    ((typed,),) = dataset.cursor(sql).execute(sql).fetchall()
    return bool(typed)


def _table(graph: Graph, found: _Found, form: ir.Paths, dataset: Dataset) -> pa.Table:
    hops = np.diff(found.offsets) - 1
    names, types = neuron_columns_of(dataset, found.ids, ("name", "type"))
    last = np.zeros(len(found.ids), dtype=np.bool_)
    last[found.offsets[1:] - 1] = True
    begins = np.flatnonzero(~last)
    rows = np.searchsorted(graph.ids, found.ids)
    synapses = synapses_of_pairs(graph, rows[begins], rows[begins + 1])
    lists = pa.array(found.offsets, pa.int32())
    along = pa.array(np.concatenate([[0], np.cumsum(hops)]), pa.int32())
    columns = {
        "hops": pa.array(hops, pa.int64()),
        "weakest" if form.strength == "synapses" else "strength": pa.array(found.strengths),
        "neuron_ids": pa.ListArray.from_arrays(lists, pa.array(found.ids)),
        "names": _along(lists, names),
        "types": pa.ListArray.from_arrays(lists, types) if form.by else _along(lists, types),
        "synapses": pa.ListArray.from_arrays(along, pa.array(synapses)),
    }
    if form.strength == "input fraction":
        inputs = np.bincount(graph.indices, weights=graph.synapses, minlength=len(graph))
        fractions = synapses / inputs[rows[begins + 1]]
        columns["input_fractions"] = pa.ListArray.from_arrays(along, pa.array(fractions))
    return pa.table(columns)


def _along(lists: pa.Array, texts: pa.Array) -> pa.ListArray:
    """What the neurons of each path are called; nothing for a path none of whose neurons is called anything."""
    known = np.concatenate([[0], np.cumsum(texts.is_valid().to_numpy(zero_copy_only=False))])
    bounds = lists.to_numpy()
    unknown = known[bounds[1:]] == known[bounds[:-1]]
    return pa.ListArray.from_arrays(lists, texts, mask=pa.array(unknown))


def _by_type(table: pa.Table) -> pa.Table:
    """Paths summed by the types along them."""
    groups: dict[tuple[str | None, ...], list[Any]] = {}
    for types, strength in zip(table["types"].to_pylist(), table[1].to_pylist(), strict=True):
        row = groups.setdefault(tuple(types), [0, 0])
        row[0] += 1
        row[1] = max(row[1], strength)
    ranked = sorted(groups.items(), key=lambda g: (len(g[0]), -g[1][0], -g[1][1], [(t is None, t or "") for t in g[0]]))
    return pa.table(
        {
            "types": pa.array([list(t) for t, _ in ranked], pa.list_(pa.string())),
            "hops": pa.array([len(t) - 1 for t, _ in ranked], pa.int64()),
            "paths": pa.array([n for _, (n, _) in ranked], pa.int64()),
            "strongest": pa.array([w for _, (_, w) in ranked], table.schema.field(1).type),
        }
    )
