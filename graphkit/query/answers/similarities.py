"""How alike many neurons connect: a row a pair of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphkit.errors import NotAnswerableError
from graphkit.progress import shown
from graphkit.query.answers import Answer, cut, likeness
from graphkit.query.answers.likeness import CHOOSE_FEWER, asked_of, kept_of, matrix_of
from graphkit.query.answers.perturbed import (
    INTERVAL,
    SHARE,
    interval_columns,
    over_samples,
    perturbed_values,
    share_column,
)
from graphkit.query.answers.perturbed_neurons import TIES, first_of
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.algorithms.error_model import Perturbation
    from graphkit.algorithms.most_similar import SimilarPairs
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers.likeness import Again, Asked, Kept
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_MOST_LISTED = 3_000
"""Neurons all of whose pairs are given (4.5 million); of more, as many pairs as the limit says."""

_MOST_PAIRS = 5_000_000
"""Pairs that are looked for among those of more neurons than there is a matrix for."""

_COLUMNS = [*(f"{end}_{c}" for end in ("first", "second") for c in ("id", "name", "type")), "similarity"]
_ALIKE = "The interval is that of `similarity`; two that are merged are alike."
_IN_ANSWER = TIES.replace("neuron is", "pair is")


def answer(form: ir.Similarities, dataset: Dataset, planned: Plan) -> Answer:
    """Pairs by similarity, the most alike first."""
    asked = asked_of(form, dataset)
    _check_size(form, len(asked.inside))
    if len(asked.inside) > likeness.MOST or form.each is not None:
        best = _best(form, asked)
        compared = np.flatnonzero(best.partners)
        return _best_pairs(form, best, asked, compared, kept_of(form, asked, compared, dataset))
    matrix = matrix_of(form, asked.graph, asked.inside, asked.groups)
    compared = np.flatnonzero(np.diagonal(matrix) > 0)
    return _pairs(form, matrix[np.ix_(compared, compared)], kept_of(form, asked, compared, dataset))


def columns(form: ir.Similarities) -> list[str]:
    """The columns of the answer."""
    return _COLUMNS if form.errors is None else [*_COLUMNS, *INTERVAL, SHARE]


def _best(form: ir.Similarities, asked: Asked) -> SimilarPairs:
    from graphkit.algorithms.most_similar import most_similar_pairs, most_similar_partners

    options: dict[str, Any] = {"measure": form.measure, "direction": form.direction, "groups": asked.groups}
    options["progress"] = shown()
    if form.each is not None:
        return most_similar_partners(asked.graph, asked.inside, form.each, **options)
    return most_similar_pairs(asked.graph, asked.inside, form.limit or 1, **options)


def _best_pairs(
    form: ir.Similarities, best: SimilarPairs, asked: Asked, compared: NDArray[np.int64], kept: Kept
) -> Answer:
    """The pairs that were found, of neurons whose columns are those of ``compared``."""
    total, found = len(compared) * (len(compared) - 1) // 2, len(best.first)
    data = []
    for places in (best.first, best.second):
        at = pa.array(np.searchsorted(compared, places))
        data += [pa.array(asked.inside[places]), kept.name.take(at), kept.type.take(at)]
    table, notes = pa.table([*data, pa.array(best.similarity)], names=_COLUMNS), kept.notes
    if form.each is None:
        if found < min(form.limit or 0, total):
            notes += (f"The other {total - found:,} pairs have nothing in common: their similarity is 0.",)
        return Answer(table, found == total, notes)
    notes += (
        "`second` are those most like `first`, of which each neuron has its own; who has none like it has no row.",
    )
    if form.errors is None or kept.again is None:
        return cut(ordered_table(table, form.order), form.limit, notes)
    pairs = (np.searchsorted(compared, places) for places in (best.first, best.second))
    more, samples = _each_again(form, form.errors, kept.again, *pairs)
    for column, values_of in more.items():
        table = table.append_column(column, values_of)
    given = cut(ordered_table(table, form.order), form.limit, (*notes, _ALIKE, _IN_ANSWER))
    return over_samples(given, form.errors, samples)


def _check_size(form: ir.Similarities, count: int) -> None:
    """All pairs of so many are listed, or those of the limit found; what needs the matrix has another limit."""
    if form.each is not None:
        if form.each * count > _MOST_PAIRS:
            raise NotAnswerableError(
                f"{form.each:,} for each of {count:,} neurons are {form.each * count:,} rows; {_MOST_PAIRS:,} are the most.",
                hint=f"Ask for fewer of each. {CHOOSE_FEWER}.",
            )
        return
    if form.limit is None:
        if count > _MOST_LISTED:
            raise NotAnswerableError(
                f"{count:,} neurons make {count * (count - 1) // 2:,} pairs; without a limit those of {_MOST_LISTED:,} neurons "
                "are listed.",
                hint=f"Say how many, the most alike first: top 1000, or top 5 per neuron. {CHOOSE_FEWER} to see all of theirs.",
            )
    elif count > likeness.MOST and (form.errors is not None or form.order):
        raise NotAnswerableError(
            f"{count:,} neurons are too many to compare all with all, which an error model or another order would take; "
            f"{likeness.MOST:,} are the most.",
            hint=f"{CHOOSE_FEWER}, or ask for the most alike alone: top 1000.",
        )
    elif count > likeness.MOST and form.limit > _MOST_PAIRS:
        raise NotAnswerableError(
            f"The {form.limit:,} most alike pairs of {count:,} neurons are too many; {_MOST_PAIRS:,} are the most.",
            hint="Give a lower limit: top 1000.",
        )


def _pairs(form: ir.Similarities, matrix: NDArray[np.float64], kept: Kept) -> Answer:
    first, second = np.triu_indices(len(kept.ids), 1)
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
        for column in (pa.array(kept.ids[rows]), kept.name.take(pa.array(rows)), kept.type.take(pa.array(rows)))
    ]
    table = pa.table([*data, pa.array(values[best])], names=_COLUMNS)
    if form.errors is None or kept.again is None:
        return Answer(ordered_table(table, form.order).slice(0, limit), limit == total, kept.notes)
    more, samples = _pairs_again(form, form.errors, kept.again, first[best], second[best])
    for column, values_of in more.items():
        table = table.append_column(column, values_of)
    given = Answer(ordered_table(table, form.order).slice(0, limit), limit == total, (*kept.notes, _ALIKE, _IN_ANSWER))
    return over_samples(given, form.errors, samples)


def _pairs_again(
    form: ir.Similarities,
    errors: ir.ReconstructionErrors,
    again: Again,
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
    form: ir.Similarities,
    errors: ir.ReconstructionErrors,
    again: Again,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> tuple[dict[str, pa.Array], int]:
    """The similarity of these pairs on perturbed graphs, and whether the second is among those most like the first."""
    from graphkit.algorithms.most_similar import most_similar_partners, similarity_of_pairs

    each = form.each or 1

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
