"""What perturbed graphs say of the neurons of an answer: the interval of their figure, and how often they are in the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.agreement import adjusted_rand, kept_together
from graphkit.query.answers.perturbed import interval_columns, perturbed_values, share_column, spread_words
from graphkit.query.answers.ranks import RANK, RANK_INTERVAL, ranks

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable

__all__ = ["TIES", "TOGETHER", "chosen", "first_of", "followed", "partitions"]

TOGETHER = "perturbed_together"

TIES = (
    "perturbed_share: of the perturbed graphs, those in whose answer the neuron is, ties for the last place included."
)


def first_of(values: NDArray[Any], limit: int | None, admitted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the values are among the ``limit`` largest of those that are admitted; who ties for the last place is."""
    if limit is None or limit >= int(admitted.sum()):
        return admitted
    least = np.partition(values[admitted], -limit)[-limit]
    among: NDArray[np.bool_] = admitted & (values >= least)
    return among


def chosen(
    measure: Callable[[Perturbation], tuple[NDArray[Any], NDArray[np.bool_]]],
    rows: NDArray[np.int64],
    of: Perturbable,
    errors: ir.ReconstructionErrors,
) -> tuple[dict[str, pa.Array], int]:
    """For the neurons in these rows of the graph: the columns of the interval and of the share; how many graphs there were.

    ``measure`` gives, of all neurons of a perturbed graph, a figure (NaN where it has none, which is left out) and whether it
    is in the answer. A neuron has those of the one that holds it.
    """

    def figures(one: Perturbation) -> NDArray[np.float64]:
        values, held = measure(one)
        at = one.bodies[rows]
        return np.stack([values[at], held[at]]).astype(np.float64)

    drawn = perturbed_values(figures, of, errors, 2 * len(rows))
    return {**interval_columns(drawn[:, 0], left_out=True), **share_column(drawn[:, 1])}, len(drawn)


def followed(
    measure: Callable[[Perturbation], tuple[NDArray[Any], NDArray[np.bool_]]],
    rows: NDArray[np.int64],
    of: Perturbable,
    form: ir.Ranking | ir.Hubs,
    figure: str,
) -> tuple[dict[str, pa.Array], tuple[str, ...], int]:
    """For the neurons in these rows of a ranking: the interval of their figure, and how often they are among the first; of those
    that were asked about, the interval of their place among all. Columns, sentences, and how many graphs there were.

    ``measure`` gives a figure of all neurons of a perturbed graph, and which of them it ranks.
    """
    assert form.errors is not None
    if form.of is None:

        def first(one: Perturbation) -> tuple[NDArray[Any], NDArray[np.bool_]]:
            values, ranked = measure(one)
            return values, first_of(values, form.limit, ranked)

        more, samples = chosen(first, rows, of, form.errors)
        return more, (f"The interval is that of {figure}.", TIES), samples

    def figures(one: Perturbation) -> NDArray[np.float64]:
        values, ranked = measure(one)
        at = one.bodies[rows]
        return np.stack([values[at], ranks(values, ranked)[at]])

    drawn = perturbed_values(figures, of, form.errors, 2 * len(rows))
    more = {
        **interval_columns(drawn[:, 0], left_out=True),
        **interval_columns(drawn[:, 1], RANK_INTERVAL, left_out=True),
    }
    return more, (f"The intervals are those of {figure}, and of {RANK} among all neurons.",), len(drawn)


def partitions(
    found: NDArray[np.int64],
    again: Callable[[Perturbation], tuple[NDArray[np.int64], float]],
    of: Perturbable,
    errors: ir.ReconstructionErrors,
    quality: str,
) -> tuple[NDArray[np.float64], tuple[str, ...], int]:
    """How a partition of neurons fares: the share of perturbed graphs in which each stays with the others of its part, mean over
    these (NaN for one that is alone); sentences; how many graphs there were.

    ``again`` gives the part of each of the same neurons on a perturbed graph, and a figure of how good the parts are.
    """
    together = np.zeros(len(found))

    def figures(one: Perturbation) -> list[float]:
        nonlocal together
        parts, good = again(one)
        together = together + kept_together(found, parts)
        return [len(np.unique(parts)), good, adjusted_rand(found, parts)]

    drawn = perturbed_values(figures, of, errors, 3)
    count, good, agreement = (spread_words(drawn[:, k], digits) for k, digits in enumerate((",.4g", ".3f", ".3f")))
    notes = (
        f"On perturbed graphs {count} of them, {quality} {good}; their adjusted Rand index with those here is {agreement}.",
        f"{TOGETHER}: of the others of its group, those that are in one group with the neuron on a perturbed graph, in the mean.",
    )
    return together / len(drawn), notes, len(drawn)
