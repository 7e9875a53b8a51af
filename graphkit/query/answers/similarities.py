"""How alike many neurons connect: a row a pair of them, or the clusters that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.conditions import condition_sql
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_MOST = 10_000
"""Neurons whose matrix (0.8 GB) is made for a question."""

_MOST_LISTED = 3_000
"""Neurons all of whose pairs are given (4.5 million); of more, as many pairs as the limit says."""

_NAMED = 20

_COLUMNS = {
    "similarities": [*(f"{end}_{c}" for end in ("first", "second") for c in ("id", "name", "type")), "similarity"],
    "similarity_clusters": ["cluster", "neuron_id", "name", "type", "similarity"],
}
_MEANING = {
    "cosine": "the cosine of the numbers of synapses",
    "jaccard": "partners that both have over those that either has",
    "ruzicka": "the sum of the smaller over the sum of the larger numbers of synapses",
}

Form = ir.Similarities | ir.SimilarityClusters


def answer(form: Form, dataset: Dataset, planned: Plan) -> Answer:
    """Pairs by similarity, the most alike first; or neurons by cluster, the largest first."""
    from graphkit.algorithms.similarity_matrix import similarity_matrix
    from graphkit.selection import load_selection

    graph = load_selection(dataset, form.selection)
    asked = _asked(form.of, dataset)
    inside = asked[np.isin(asked, graph.ids, assume_unique=True)]
    _check_size(form, len(inside))
    groups, notes = _groups(form, graph, dataset)
    matrix = similarity_matrix(graph, inside, measure=form.measure, direction=form.direction, groups=groups)
    compared = np.flatnonzero(np.diagonal(matrix) > 0)
    ids, matrix = inside[compared], matrix[np.ix_(compared, compared)]
    left_out = np.setdiff1d(asked, ids, assume_unique=True)
    if len(ids) < 2:
        raise NotAnswerableError(
            f"Of the {len(asked):,} neurons asked about, {len(ids)} {'has' if len(ids) == 1 else 'have'} {_what(form)} in the "
            "graph asked; two or more are compared.",
            hint="What is most like one neuron: neurons like 123",
        )
    if len(left_out):
        notes += (
            f"{len(left_out):,} of {len(asked):,} neurons have no {_what(form)} and are left out: {_listed(left_out)}.",
        )
    notes = (f"Similarity: {_MEANING[form.measure]}, over {_what(form)}.", *notes)
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    if isinstance(form, ir.Similarities):
        return _pairs(form, matrix, ids, name, type_, notes)
    return _clusters(form, matrix, ids, name, type_, notes)


def columns(form: Form) -> list[str]:
    """The columns of the answer."""
    if isinstance(form, ir.SimilarityClusters) and form.by_type:
        return ["cluster", "type", "neurons"]
    return _COLUMNS[form.name]


def _asked(of: ir.Condition | None, dataset: Dataset) -> NDArray[np.int64]:
    where = "" if of is None else f" WHERE {condition_sql(of, dataset)}"
    sql = f"SELECT neuron_id FROM neurons{where} ORDER BY neuron_id"
    ids: NDArray[np.int64] = dataset.cursor(sql).sql(sql).to_arrow_table()["neuron_id"].to_numpy()
    return ids


def _check_size(form: Form, count: int) -> None:
    listed = isinstance(form, ir.Similarities) and form.limit is None
    most = _MOST_LISTED if listed else _MOST
    if count > most:
        pairs = f" make {count * (count - 1) // 2:,} pairs" if listed else " are too many to compare all with all"
        hint = "Choose fewer (type 'EPG', in a region)" + (
            ", or give a limit: top 1000" if listed and count <= _MOST else ""
        )
        raise NotAnswerableError(f"{count:,} neurons{pairs}; {most:,} neurons are the most.", hint=f"{hint}.")


def _what(form: Form) -> str:
    """What is compared."""
    return f"{form.direction.removesuffix('s')} types" if form.types else form.direction


def _groups(form: Form, graph: Graph, dataset: Dataset) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """A number for the type of each neuron of the graph, -1 for none; None where partners count one by one."""
    if not form.types:
        return None, ()
    (types,) = neuron_columns_of(dataset, graph.ids, ("type",))
    codes = types.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    untyped = int((codes < 0).sum())
    if untyped == len(codes):
        raise NotAnswerableError("No neuron of the graph has a type.", hint="Compare on partners, inputs or outputs.")
    notes = (
        (f"{untyped:,} of {len(codes):,} neurons of the graph have no type and are no partner here.",)
        if untyped
        else ()
    )
    return codes, notes


def _listed(ids: NDArray[np.int64]) -> str:
    more = len(ids) - _NAMED
    return ", ".join(map(str, ids[:_NAMED].tolist())) + (f" and {more:,} more" if more > 0 else "")


def _pairs(
    form: ir.Similarities,
    matrix: NDArray[np.float64],
    ids: NDArray[np.int64],
    name: pa.Array,
    type_: pa.Array,
    notes: tuple[str, ...],
) -> Answer:
    first, second = np.triu_indices(len(ids), 1)
    values = matrix[first, second]
    total = len(values)
    limit = total if form.limit is None else min(form.limit, total)
    if limit < total // 4 and not form.order:  # all that can be among the first: no need to sort the others
        least = np.partition(values, total - limit)[total - limit]
        chosen = np.flatnonzero(values >= least)
        first, second, values = first[chosen], second[chosen], values[chosen]
    best = np.argsort(-values, kind="stable")
    if not form.order:
        best = best[:limit]
    data = [
        column
        for rows in (first[best], second[best])
        for column in (pa.array(ids[rows]), name.take(pa.array(rows)), type_.take(pa.array(rows)))
    ]
    table = ordered_table(pa.table([*data, pa.array(values[best])], names=columns(form)), form.order)
    return Answer(table.slice(0, limit), limit == total, notes)


def _clusters(
    form: ir.SimilarityClusters,
    matrix: NDArray[np.float64],
    ids: NDArray[np.int64],
    name: pa.Array,
    type_: pa.Array,
    notes: tuple[str, ...],
) -> Answer:
    from graphkit.algorithms.silhouette import best_count, silhouette
    from graphkit.algorithms.similarity_matrix import clusters

    how = "the number of clusters that fits best, of up to 20"
    count = form.count
    if count is None:
        count, _ = best_count(matrix)
    else:
        how = "as asked"
    labels = clusters(matrix, count)
    number = int(labels.max()) + 1
    fits = f", mean silhouette {silhouette(matrix, labels):.2f}" if number > 1 else ""
    notes += (f"{number:,} clusters ({how}{fits}): average linkage of 1 - similarity.",)
    if form.by_type:
        counted = pa.table({"cluster": labels + 1, "type": type_, "neuron_id": ids})
        grouped = counted.group_by(["cluster", "type"], use_threads=False).aggregate([("neuron_id", "count")])
        ranks = [("cluster", "ascending"), ("neurons", "descending"), ("type", "ascending")]
        table = grouped.rename_columns(["cluster", "type", "neurons"]).sort_by(ranks)
        return cut(ordered_table(table, form.order), form.limit, notes)
    same = labels[:, None] == labels[None, :]
    np.fill_diagonal(same, False)
    others = same.sum(axis=1)
    mean = np.divide((matrix * same).sum(axis=1), others, out=np.full(len(ids), np.nan), where=others > 0)
    best = np.lexsort((ids, -np.nan_to_num(mean), labels))
    data = [labels[best] + 1, ids[best], name.take(pa.array(best)), type_.take(pa.array(best))]
    alike = pa.array(mean[best], mask=np.isnan(mean[best]))
    notes += ("`similarity` is the mean of a neuron's with the others of its cluster.",)
    return cut(ordered_table(pa.table([*data, alike], names=columns(form)), form.order), form.limit, notes)
