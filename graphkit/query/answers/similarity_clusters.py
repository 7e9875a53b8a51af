"""Clusters of neurons that connect alike: a row a neuron, or a row a cluster and type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.errors import NotAnswerableError
from graphkit.query.answers import Answer, cut, likeness
from graphkit.query.answers.likeness import CHOOSE_FEWER, asked_of, kept_of, matrix_of
from graphkit.query.answers.perturbed import over_samples
from graphkit.query.answers.perturbed_neurons import TOGETHER, partitions
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.SimilarityClusters, dataset: Dataset, planned: Plan) -> Answer:
    """Neurons by cluster, the largest first."""
    asked = asked_of(form, dataset)
    if len(asked.inside) > likeness.MOST:
        raise NotAnswerableError(
            f"{len(asked.inside):,} neurons are too many to compare all with all, which clusters would take; "
            f"{likeness.MOST:,} are the most.",
            hint=f"{CHOOSE_FEWER}.",
        )
    matrix = matrix_of(form, asked.graph, asked.inside, asked.groups)
    compared = np.flatnonzero(np.diagonal(matrix) > 0)
    matrix = matrix[np.ix_(compared, compared)]
    kept = kept_of(form, asked, compared, dataset)
    ids, again = kept.ids, kept.again
    labels, quality = _clustered(matrix, form.count)
    number = int(labels.max()) + 1
    how = "the number of clusters that fits best, of up to 20" if form.count is None else "as asked"
    if form.count is not None and form.count > number:
        how = f"{form.count:,} were asked for, of {len(ids):,} neurons"
    fits = f", mean silhouette {quality:.2f}" if number > 1 else ""
    notes = (
        *kept.notes,
        f"{number:,} cluster{'' if number == 1 else 's'} ({how}{fits}): average linkage of 1 - similarity.",
    )
    counted = pa.table({"cluster": labels + 1, "type": kept.type, "neuron_id": ids})
    samples, stay = 0, {}
    if form.errors is not None and again is not None:

        def clustered(one: Perturbation) -> tuple[NDArray[np.int64], float]:
            alike, place = again.matrix(one)
            parts, good = np.arange(len(alike)), np.flatnonzero(np.diagonal(alike) > 0)
            parts += len(alike)  # who has no partner left is alone
            found, fit = _clustered(alike[np.ix_(good, good)], form.count)
            parts[good] = found
            return parts[place], fit

        together, more, samples = partitions(labels, clustered, again.of, form.errors, "mean silhouette")
        stay = {TOGETHER: pa.array(together, mask=np.isnan(together))}
        counted, notes = counted.append_column(TOGETHER, stay[TOGETHER]), (*notes, *more)

    def shown(table: pa.Table) -> Answer:
        given = cut(ordered_table(table, form.order), form.limit, notes)
        return given if form.errors is None else over_samples(given, form.errors, samples)

    if form.by_type:
        sums = [("neuron_id", "count"), *((name, "mean") for name in stay)]
        grouped = counted.group_by(["cluster", "type"], use_threads=False).aggregate(sums)
        ranks = [("cluster", "ascending"), ("neurons", "descending"), ("type", "ascending")]
        return shown(grouped.rename_columns(columns(form)).sort_by(ranks))
    same = labels[:, None] == labels[None, :]
    np.fill_diagonal(same, False)
    others = same.sum(axis=1)
    mean = np.divide((matrix * same).sum(axis=1), others, out=np.full(len(ids), np.nan), where=others > 0)
    best = np.lexsort((ids, -np.nan_to_num(mean), labels))
    data = [labels[best] + 1, ids[best], kept.name.take(pa.array(best)), kept.type.take(pa.array(best))]
    alike = pa.array(mean[best], mask=np.isnan(mean[best]))
    notes += ("`similarity` is the mean of a neuron's with the others of its cluster.",)
    stay_of = [column.take(pa.array(best)) for column in stay.values()]
    return shown(pa.table([*data, alike, *stay_of], names=columns(form)))


def columns(form: ir.SimilarityClusters) -> list[str]:
    """The columns of the answer."""
    own = ["cluster", "type", "neurons"] if form.by_type else ["cluster", "neuron_id", "name", "type", "similarity"]
    return own if form.errors is None else [*own, TOGETHER]


def _clustered(matrix: NDArray[np.float64], count: int | None) -> tuple[NDArray[np.int64], float]:
    """Clusters, as many as fit best where no number is said, and their mean silhouette (NaN of one cluster)."""
    from graphkit.algorithms.silhouette import best_count, silhouette
    from graphkit.algorithms.similarity_matrix import clusters

    labels = clusters(matrix, best_count(matrix)[0] if count is None else count)
    return labels, silhouette(matrix, labels) if len(labels) and labels.max() > 0 else np.nan
