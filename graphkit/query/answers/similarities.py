"""How alike many neurons connect: a row a pair of them, or the clusters that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphkit.errors import NotAnswerableError
from graphkit.progress import shown
from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import neuron_columns_of
from graphkit.query.answers.perturbed import (
    INTERVAL,
    SHARE,
    graph_of,
    interval_columns,
    over_samples,
    perturbed_values,
    share_column,
)
from graphkit.query.answers.perturbed_neurons import TIES, TOGETHER, first_of, partitions
from graphkit.query.conditions import condition_sql
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.algorithms.error_model import Perturbation
    from graphkit.algorithms.most_similar import SimilarPairs
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_MOST = 10_000
"""Neurons whose matrix (0.8 GB) is made for a question; of more, the pairs of the limit are looked for without one."""

_MOST_LISTED = 3_000
"""Neurons all of whose pairs are given (4.5 million); of more, as many pairs as the limit says."""

_MOST_PAIRS = 5_000_000
"""Pairs that are looked for among those of more neurons than there is a matrix for."""

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

_ALIKE = "The interval is that of `similarity`; two that are merged are alike."

Form = ir.Similarities | ir.SimilarityClusters


def answer(form: Form, dataset: Dataset, planned: Plan) -> Answer:
    """Pairs by similarity, the most alike first; or neurons by cluster, the largest first."""
    graph, of = graph_of(form, dataset)
    asked = _asked(form.of, dataset)
    inside = asked[np.isin(asked, graph.ids, assume_unique=True)]
    _check_size(form, len(inside))
    groups, notes = _groups(form, graph if of is None else of.base, dataset)
    mine = groups if groups is None or of is None else groups[of.asked.origins]
    best: SimilarPairs | None = None
    if len(inside) > _MOST or _each(form) is not None:
        best = _best(form, graph, inside, mine)
        compared = np.flatnonzero(best.partners)
    else:
        matrix = _matrix(form, graph, inside, mine)
        compared = np.flatnonzero(np.diagonal(matrix) > 0)
        matrix = matrix[np.ix_(compared, compared)]
    ids = inside[compared]
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
    again = None if of is None else _Again(form, of, np.searchsorted(graph.ids, ids), groups)
    if best is not None:
        return _best_pairs(form, best, inside, compared, name, type_, notes, again)
    if isinstance(form, ir.Similarities):
        return _pairs(form, matrix, ids, name, type_, notes, again)
    return _clusters(form, matrix, ids, name, type_, notes, again)


def columns(form: Form) -> list[str]:
    """The columns of the answer."""
    more = [TOGETHER] if isinstance(form, ir.SimilarityClusters) else [*INTERVAL, SHARE]
    if form.errors is None:
        more = []
    if isinstance(form, ir.SimilarityClusters) and form.by_type:
        return ["cluster", "type", "neurons", *more]
    return [*_COLUMNS[form.name], *more]


@dataclass(frozen=True, slots=True)
class _Again:
    """The same neurons on perturbed graphs."""

    form: Form
    of: Perturbable
    rows: NDArray[np.int64]
    groups: NDArray[np.int64] | None
    """Of the neurons of ``of.base``."""

    def held(self, one: Perturbation) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64] | None]:
        """The ids of those that hold the neurons, for each neuron which of them does, and the groups of all."""
        bodies, place = np.unique(one.bodies[self.rows], return_inverse=True)
        return one.graph.ids[bodies], place, None if self.groups is None else self.groups[one.origins]

    def matrix(self, one: Perturbation) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The similarity of those that hold the neurons, and for each neuron which of them does."""
        ids, place, groups = self.held(one)
        return _matrix(self.form, one.graph, ids, groups), place


def _matrix(form: Form, graph: Graph, ids: NDArray[np.int64], groups: NDArray[np.int64] | None) -> NDArray[np.float64]:
    from graphkit.algorithms.similarity_matrix import similarity_matrix

    return similarity_matrix(graph, ids, measure=form.measure, direction=form.direction, groups=groups)


def _best(form: Form, graph: Graph, ids: NDArray[np.int64], groups: NDArray[np.int64] | None) -> SimilarPairs:
    from graphkit.algorithms.most_similar import most_similar_pairs, most_similar_partners

    options = {"measure": form.measure, "direction": form.direction, "groups": groups, "progress": shown()}
    if (each := _each(form)) is not None:
        return most_similar_partners(graph, ids, each, **options)  # type: ignore[arg-type]
    return most_similar_pairs(graph, ids, form.limit or 1, **options)  # type: ignore[arg-type]


def _each(form: Form) -> int | None:
    return form.each if isinstance(form, ir.Similarities) else None


def _best_pairs(
    form: Form,
    best: SimilarPairs,
    inside: NDArray[np.int64],
    compared: NDArray[np.int64],
    name: pa.Array,
    type_: pa.Array,
    notes: tuple[str, ...],
    again: _Again | None,
) -> Answer:
    """The pairs that were found, of neurons whose columns are those of ``compared``."""
    total, found = len(compared) * (len(compared) - 1) // 2, len(best.first)
    data = []
    for places in (best.first, best.second):
        at = pa.array(np.searchsorted(compared, places))
        data += [pa.array(inside[places]), name.take(at), type_.take(at)]
    if _each(form) is not None:
        table = pa.table([*data, pa.array(best.similarity)], names=_COLUMNS[form.name])
        notes += (
            "`second` are those most like `first`, of which each neuron has its own; who has none like it has no row.",
        )
        if form.errors is None or again is None:
            return cut(ordered_table(table, form.order), form.limit, notes)
        pairs = (np.searchsorted(compared, places) for places in (best.first, best.second))
        more, samples = _each_again(form, form.errors, again, *pairs)
        for column, values_of in more.items():
            table = table.append_column(column, values_of)
        notes += (_ALIKE, TIES.replace("neuron is", "pair is"))
        return over_samples(cut(ordered_table(table, form.order), form.limit, notes), form.errors, samples)
    if found < min(form.limit or 0, total):
        notes += (f"The other {total - found:,} pairs have nothing in common: their similarity is 0.",)
    table = pa.table([*data, pa.array(best.similarity)], names=_COLUMNS[form.name])
    return Answer(table, found == total, notes)


def _asked(of: ir.Condition | None, dataset: Dataset) -> NDArray[np.int64]:
    where = "" if of is None else f" WHERE {condition_sql(of, dataset)}"
    sql = f"SELECT neuron_id FROM neurons{where} ORDER BY neuron_id"
    ids: NDArray[np.int64] = dataset.cursor(sql).sql(sql).to_arrow_table()["neuron_id"].to_numpy()
    return ids


def _check_size(form: Form, count: int) -> None:
    """All pairs of so many are listed, or those of the limit found; what needs the matrix has another limit."""
    chosen = "Choose fewer (type 'EPG', in a region)"
    each = _each(form)
    if each is not None:
        if each * count > _MOST_PAIRS:
            raise NotAnswerableError(
                f"{each:,} for each of {count:,} neurons are {each * count:,} rows; {_MOST_PAIRS:,} are the most.",
                hint=f"Ask for fewer of each. {chosen}.",
            )
        return
    if isinstance(form, ir.Similarities) and form.limit is None:
        if count > _MOST_LISTED:
            raise NotAnswerableError(
                f"{count:,} neurons make {count * (count - 1) // 2:,} pairs; without a limit those of {_MOST_LISTED:,} neurons "
                "are listed.",
                hint=f"Say how many, the most alike first: top 1000, or top 5 per neuron. {chosen} to see all of theirs.",
            )
    elif count > _MOST and (form.errors is not None or form.order or isinstance(form, ir.SimilarityClusters)):
        what = "clusters" if isinstance(form, ir.SimilarityClusters) else "an error model or another order"
        way = "" if isinstance(form, ir.SimilarityClusters) else ", or ask for the most alike alone: top 1000"
        raise NotAnswerableError(
            f"{count:,} neurons are too many to compare all with all, which {what} would take; {_MOST:,} are the most.",
            hint=f"{chosen}{way}.",
        )
    elif isinstance(form, ir.Similarities) and count > _MOST and (form.limit or 0) > _MOST_PAIRS:
        raise NotAnswerableError(
            f"The {form.limit:,} most alike pairs of {count:,} neurons are too many; {_MOST_PAIRS:,} are the most.",
            hint="Give a lower limit: top 1000.",
        )


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
    again: _Again | None,
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
    table = pa.table([*data, pa.array(values[best])], names=_COLUMNS[form.name])
    if form.errors is None or again is None:
        return Answer(ordered_table(table, form.order).slice(0, limit), limit == total, notes)
    more, samples = _pairs_again(form, form.errors, again, first[best], second[best])
    for column, values_of in more.items():
        table = table.append_column(column, values_of)
    notes += (_ALIKE, TIES.replace("neuron is", "pair is"))
    given = Answer(ordered_table(table, form.order).slice(0, limit), limit == total, notes)
    return over_samples(given, form.errors, samples)


def _pairs_again(
    form: ir.Similarities,
    errors: ir.ReconstructionErrors,
    again: _Again,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> tuple[dict[str, pa.Array], int]:
    """The similarity of these pairs on perturbed graphs, and whether they are among the most alike."""

    def figures(one: Perturbation) -> NDArray[np.float64]:
        matrix, place = again.matrix(one)
        values = matrix[place[first], place[second]]
        held = np.ones(len(first))
        if form.limit is not None:
            every = matrix[np.triu_indices(len(matrix), 1)]
            least = every[first_of(every, form.limit, np.ones(len(every), dtype=np.bool_))].min(initial=np.inf)
            held = values >= least
        return np.stack([values, held])

    drawn = perturbed_values(figures, again.of, errors, 2 * len(first))
    return {**interval_columns(drawn[:, 0]), **share_column(drawn[:, 1])}, len(drawn)


def _each_again(
    form: Form,
    errors: ir.ReconstructionErrors,
    again: _Again,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> tuple[dict[str, pa.Array], int]:
    """The similarity of these pairs on perturbed graphs, and whether the second is among those most like the first."""
    from graphkit.algorithms.most_similar import most_similar_partners, similarity_of_pairs

    each = _each(form) or 1

    def figures(one: Perturbation) -> NDArray[np.float64]:
        ids, place, groups = again.held(one)
        options: dict[str, Any] = {"measure": form.measure, "direction": form.direction, "groups": groups}
        values = similarity_of_pairs(one.graph, ids, place[first], place[second], **options)
        best = most_similar_partners(one.graph, ids, each, **options)
        counts = np.bincount(best.first, minlength=len(ids))
        least, full = np.zeros(len(ids)), counts == each
        least[full] = best.similarity[(np.cumsum(counts) - 1)[full]]
        return np.stack([values, (values > 0) & (values >= least[place[first]])])

    drawn = perturbed_values(figures, again.of, errors, 2 * len(first))
    return {**interval_columns(drawn[:, 0]), **share_column(drawn[:, 1])}, len(drawn)


def _clusters(
    form: ir.SimilarityClusters,
    matrix: NDArray[np.float64],
    ids: NDArray[np.int64],
    name: pa.Array,
    type_: pa.Array,
    notes: tuple[str, ...],
    again: _Again | None,
) -> Answer:
    labels, quality = _clustered(matrix, form.count)
    number = int(labels.max()) + 1
    how = "the number of clusters that fits best, of up to 20" if form.count is None else "as asked"
    if form.count is not None and form.count > number:
        how = f"{form.count:,} were asked for, of {len(ids):,} neurons"
    fits = f", mean silhouette {quality:.2f}" if number > 1 else ""
    notes += (f"{number:,} cluster{'' if number == 1 else 's'} ({how}{fits}): average linkage of 1 - similarity.",)
    counted = pa.table({"cluster": labels + 1, "type": type_, "neuron_id": ids})
    samples, kept = 0, {}
    if form.errors is not None and again is not None:

        def clustered(one: Perturbation) -> tuple[NDArray[np.int64], float]:
            alike, place = again.matrix(one)
            parts, good = np.arange(len(alike)), np.flatnonzero(np.diagonal(alike) > 0)
            parts += len(alike)  # who has no partner left is alone
            found, fit = _clustered(alike[np.ix_(good, good)], form.count)
            parts[good] = found
            return parts[place], fit

        together, more, samples = partitions(labels, clustered, again.of, form.errors, "mean silhouette")
        kept = {TOGETHER: pa.array(together, mask=np.isnan(together))}
        counted, notes = counted.append_column(TOGETHER, kept[TOGETHER]), (*notes, *more)

    def shown(table: pa.Table) -> Answer:
        given = cut(ordered_table(table, form.order), form.limit, notes)
        return given if form.errors is None else over_samples(given, form.errors, samples)

    if form.by_type:
        sums = [("neuron_id", "count"), *((name, "mean") for name in kept)]
        grouped = counted.group_by(["cluster", "type"], use_threads=False).aggregate(sums)
        ranks = [("cluster", "ascending"), ("neurons", "descending"), ("type", "ascending")]
        return shown(grouped.rename_columns(columns(form)).sort_by(ranks))
    same = labels[:, None] == labels[None, :]
    np.fill_diagonal(same, False)
    others = same.sum(axis=1)
    mean = np.divide((matrix * same).sum(axis=1), others, out=np.full(len(ids), np.nan), where=others > 0)
    best = np.lexsort((ids, -np.nan_to_num(mean), labels))
    data = [labels[best] + 1, ids[best], name.take(pa.array(best)), type_.take(pa.array(best))]
    alike = pa.array(mean[best], mask=np.isnan(mean[best]))
    notes += ("`similarity` is the mean of a neuron's with the others of its cluster.",)
    kept_of = [column.take(pa.array(best)) for column in kept.values()]
    return shown(pa.table([*data, alike, *kept_of], names=columns(form)))


def _clustered(matrix: NDArray[np.float64], count: int | None) -> tuple[NDArray[np.int64], float]:
    """Clusters, as many as fit best where no number is said, and their mean silhouette (NaN of one cluster)."""
    from graphkit.algorithms.silhouette import best_count, silhouette
    from graphkit.algorithms.similarity_matrix import clusters

    labels = clusters(matrix, best_count(matrix)[0] if count is None else count)
    return labels, silhouette(matrix, labels) if len(labels) and labels.max() > 0 else np.nan
