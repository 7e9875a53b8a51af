"""The matches of a pattern."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.errors import TimeLimitError
from graphkit.interrupted import interruptible
from graphkit.query.answers import Answer, cut
from graphkit.query.conditions import condition_sql
from graphkit.query.match.columns import answered
from graphkit.query.match.edges import edge_pairs_sql
from graphkit.query.vocabulary import quoted_name
from graphkit.stopping import limited

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.motifs.pattern import Pattern
    from graphkit.query import ir
    from graphkit.query.match.bound import Bound
    from graphkit.query.planner import Plan

__all__ = ["MOST_ROWS", "answer", "neurons_table", "sampled", "search_order"]

MOST_ROWS = 5_000_000
"""Matches that are given where the question has no limit."""

_ALL = f"Only the first {MOST_ROWS:,} matches are given; RETURN count counts all, LIMIT gives more."


def answer(form: ir.Match, dataset: Dataset, planned: Plan) -> Answer:
    """One row a match (or its count, or how many each neuron takes part in)."""
    if form.against is not None:
        from graphkit.query.answers.significance import of_pattern

        return of_pattern(form, dataset)
    if form.errors is not None:
        from graphkit.query.answers import perturbed_matches

        return perturbed_matches.answer(form, dataset, form.errors)
    if planned.engine == "DuckDB":
        return _joined(form, dataset, planned)
    from graphkit.motifs.pattern import contradiction
    from graphkit.motifs.search import any_match, count_matches
    from graphkit.query.match.bound import bound

    found = bound(form, dataset)
    pattern = found.pattern
    reason = contradiction(pattern)
    notes: tuple[str, ...] = () if reason is None else (f"Nothing can match: {_named(reason, form)}.",)
    if form.returns == "count":
        number = 0 if reason is not None else count_matches(pattern)
        return Answer(pa.table({"matches": pa.array([number], pa.int64())}), True, notes)
    if form.returns == "exists":
        return Answer(pa.table({"exists": pa.array([any_match(pattern)])}), True, notes)
    if form.sample is not None:
        return _of_sample(form, dataset, found, form.sample, notes)
    if form.returns == "neurons":
        return cut(_by_neuron(form, dataset, pattern), form.limit, notes)
    rows, complete, timed_out = _rows(form, dataset, found)
    with limited(None):  # where the time is over, what was found is still to be told
        table = matches_table(form, dataset, found, rows)
    if not complete and form.limit is None and not timed_out:
        notes += (_ALL,)
    return Answer(table, complete, notes, timed_out)


def search_order(form: ir.Match, dataset: Dataset) -> str:
    """How the graph is searched, a line a neuron of the pattern."""
    from graphkit.motifs.search import explain
    from graphkit.query.match.bound import bound

    return explain(bound(form, dataset).pattern, [node.name for node in form.nodes])


def _joined(form: ir.Match, dataset: Dataset, planned: Plan) -> Answer:
    from graphkit.query.executor import run_rows

    table, complete = run_rows(dataset, planned.sql, form.limit or MOST_ROWS)
    notes: tuple[str, ...] = ()
    nothing = not len(table) or (form.returns in ("count", "exists") and not table[0][0].as_py())
    if nothing and (reason := _impossible(form, dataset)):
        notes = (f"Nothing can match: {reason}.",)
    return Answer(table, complete, notes if complete or form.limit is not None else (*notes, _ALL))


def _impossible(form: ir.Match, dataset: Dataset) -> str | None:
    """What no neuron, or no connection, meets by itself."""
    for node in form.nodes:
        if node.where is not None and not _some(
            dataset, f"SELECT 1 FROM neurons WHERE {condition_sql(node.where, dataset)}"
        ):
            return f"no neuron meets the conditions of ({node.name})"
    for edge in form.edges:
        if not edge.absent and not _some(dataset, edge_pairs_sql(edge, form.selection, dataset)):
            return f"no connection meets the conditions of the edge ({edge.pre})->({edge.post})"
    return None


def _some(dataset: Dataset, sql: str) -> bool:
    return bool(dataset.cursor(sql).execute(f"SELECT 1 FROM ({sql}) LIMIT 1").fetchall())


def _named(reason: str, form: ir.Match) -> str:
    """The reason with the names of the question in place of numbers of neurons."""
    names = [node.name for node in form.nodes]
    reason = re.sub(r"\bnode (\d+)", lambda m: f"({names[int(m[1])]})", reason)
    return re.sub(r"\b(\d+) -> (\d+)", lambda m: f"({names[int(m[1])]})->({names[int(m[2])]})", reason)


# -- one row a match --------------------------------------------------------------------------------------------


def _rows(form: ir.Match, dataset: Dataset, found: Bound) -> tuple[NDArray[np.int32], bool, bool]:
    """The matches to give, in their order, whether they are all, and whether the time limit cut them."""
    from graphkit.motifs.search import match_batches
    from graphkit.query.match.first import firsts

    first = firsts(found.pattern)
    limit = MOST_ROWS if form.limit is None else form.limit
    kept = np.empty((0, found.pattern.n_nodes), dtype=np.int32)
    waiting: list[NDArray[np.int32]] = []
    n_waiting, complete = 0, True
    try:
        for batch in match_batches(found.pattern):
            waiting.append(first(batch))
            n_waiting += len(batch)
            if len(kept) + n_waiting <= limit or (form.order and n_waiting < _SORT_AT):
                continue
            kept, complete = np.concatenate([kept, *waiting]), False
            waiting, n_waiting = [], 0
            if not form.order:
                break
            kept = _ordered(form, dataset, found, kept)[:limit]
    except TimeLimitError:
        if form.order:  # the first rows of an order are known when all are
            raise
        return np.concatenate([kept, *waiting])[:limit], False, True
    kept = np.concatenate([kept, *waiting])
    complete = complete and len(kept) <= limit
    return _ordered(form, dataset, found, kept[: None if form.order else limit])[:limit], complete, False


_SORT_AT = 1_000_000


def _ordered(form: ir.Match, dataset: Dataset, found: Bound, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """By what the question says, then by ids; neurons without a value last."""
    import pyarrow.compute as pc

    keys: list[tuple[str, str]] = []
    columns: dict[str, Any] = {}
    for order in form.order:
        keys.append((str(len(keys)), "descending" if order.descending else "ascending"))
        columns[keys[-1][0]] = _column(order.by, form, dataset, found, rows)
    for node in range(rows.shape[1]):
        keys.append((str(len(keys)), "ascending"))
        columns[keys[-1][0]] = pa.array(rows[:, node])
    order_of: NDArray[np.uint64] = pc.sort_indices(pa.table(columns), sort_keys=keys).to_numpy()
    return rows[order_of]


def matches_table(form: ir.Match, dataset: Dataset, found: Bound, rows: NDArray[np.int32]) -> pa.Table:
    """The columns of the answer, of matches given by rows of the graph, shape (k, neurons of the pattern)."""
    return pa.table({name: _column(of, form, dataset, found, rows) for of, name in answered(form).items()})


def _column(
    attribute: ir.Attribute, form: ir.Match, dataset: Dataset, found: Bound, rows: NDArray[np.int32]
) -> pa.ChunkedArray | pa.Array:
    place = found.place_of.get(attribute.of)
    if place is not None:
        edge = found.pattern.edges[place]
        return pa.array(_synapses(edge.graph, rows[:, edge.pre], rows[:, edge.post]))
    node = [n.name for n in form.nodes].index(attribute.of)
    base = found.pattern.base
    if attribute.name == "neuron_id":
        return pa.array(base.ids[rows[:, node]])
    distinct, at = np.unique(rows[:, node], return_inverse=True)
    values = _of_neurons(dataset, [attribute.name], base.ids[distinct])[attribute.name]
    return values.take(pa.array(at)).combine_chunks()


def _synapses(graph: Any, pre: NDArray[np.int32], post: NDArray[np.int32]) -> NDArray[np.int64]:
    """Synapses of the connections from rows ``pre`` to rows ``post``, which are there."""
    n = np.int64(len(graph))
    keys = np.repeat(np.arange(n), np.diff(graph.indptr)) * n + graph.indices
    synapses: NDArray[np.int64] = np.asarray(graph.synapses)[np.searchsorted(keys, pre.astype(np.int64) * n + post)]
    return synapses


def _of_neurons(dataset: Dataset, names: list[str], ids: NDArray[np.int64]) -> pa.Table:
    """Columns of the neurons ``ids``, in their order."""
    listed = ", ".join(map(quoted_name, names))
    sql = f"SELECT neuron_id, {listed} FROM neurons ORDER BY neuron_id"
    cursor = dataset.cursor(sql)
    table: pa.Table = interruptible(cursor, cursor.sql(sql).to_arrow_table)
    at = np.searchsorted(table["neuron_id"].to_numpy(), ids)
    return table.take(pa.array(at)).drop_columns(["neuron_id"])


# -- a sample ---------------------------------------------------------------------------------------------------


def _of_sample(form: ir.Match, dataset: Dataset, found: Bound, drawn: ir.Sample, notes: tuple[str, ...]) -> Answer:
    table, total = sampled(form, dataset, found, drawn.count, drawn.seed)
    of_all = (
        f"All {total:,} matches" if total <= drawn.count else f"{len(table):,} of {total:,} matches, drawn at random"
    )
    return cut(table, form.limit, (*notes, f"{of_all}."))


def sampled(form: ir.Match, dataset: Dataset, found: Bound, k: int, seed: int) -> tuple[pa.Table, int]:
    """``k`` matches drawn at random (all, where there are fewer), in the order of the answer, and how many there are."""
    from graphkit.motifs.search import sample_of_all
    from graphkit.query.match.first import firsts

    rows, total = sample_of_all(found.pattern, k, seed)
    return matches_table(form, dataset, found, _ordered(form, dataset, found, firsts(found.pattern)(rows))), total


# -- by neuron --------------------------------------------------------------------------------------------------


def _by_neuron(form: ir.Match, dataset: Dataset, pattern: Pattern) -> pa.Table:
    from graphkit.motifs.search import matches_by_neuron

    matches = matches_by_neuron(pattern)
    rows = np.flatnonzero(matches)
    return neurons_table(form, dataset, pattern.base.ids[rows], matches[rows], {})


def neurons_table(
    form: ir.Match, dataset: Dataset, ids: NDArray[np.int64], matches: NDArray[np.int64], more: dict[str, pa.Array]
) -> pa.Table:
    """The neurons ``ids`` with their matches, in the order of the answer, and more columns of them."""
    known = _of_neurons(dataset, ["name", "type"], ids)
    table = pa.table({"neuron_id": ids, **{n: known[n] for n in ("name", "type")}, "matches": matches, **more})
    keys = [(o.by.name, "descending" if o.descending else "ascending") for o in form.order]
    keys += [(n, k) for n, k in (("matches", "descending"), ("neuron_id", "ascending")) if n not in dict(keys)]
    return table.sort_by(keys)
