"""Who is some hops away on perturbed graphs, in which a piece of a neuron asked about is asked about, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.reach import hops_from
from graphkit.query.answers.grouping import Groups, neurons_meeting
from graphkit.query.answers.perturbed import SHARE, interval_columns, perturbed_values, share_column, spread_words
from graphkit.query.answers.perturbed_synapses import held_in

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable

__all__ = ["DIRECTIONS", "groups_again", "neurons_again"]

DIRECTIONS = {"inputs": "in", "outputs": "out", "partners": "both"}

Again = tuple[dict[str, pa.Array], tuple[str, ...], int]
"""Columns, sentences, and how many perturbed graphs there were."""


def neurons_again(
    form: ir.Reach, dataset: Dataset, of: Perturbable, errors: ir.ReconstructionErrors, rows: NDArray[np.int64]
) -> Again:
    """For the neurons in these rows of the graph: the interval of their hops, where they are reached, and how often they are."""
    mine, numbers = neurons_meeting(form.of, dataset, of.base.ids), []

    def figures(one: Perturbation) -> NDArray[np.float64]:
        hops = _hops(form, one, held_in(one, of, mine))
        numbers.append(float((hops > 0).sum()))
        found = hops[one.bodies[rows]].astype(np.float64)
        return np.stack([np.where(found < 0, np.nan, found), found >= 0])

    drawn = perturbed_values(figures, of, errors, 2 * len(rows))
    one = " (0: it is one with a neuron asked about)" if errors.merged else ""
    note = f"The interval is that of `hops`, where it is reached{one}; {SHARE}: of the perturbed graphs, those "
    note += "in which it is reached."
    more = {**interval_columns(drawn[:, 0], left_out=True), **share_column(drawn[:, 1])}
    return more, (_in_all(numbers), note), len(drawn)


def groups_again(
    form: ir.Reach, dataset: Dataset, of: Perturbable, errors: ir.ReconstructionErrors, table: pa.Table
) -> Again:
    """For rows of a group and a number of hops: the interval of the neurons, and how often there is any."""
    mine, groups, numbers = neurons_meeting(form.of, dataset, of.base.ids), Groups(form.by, dataset, of.base.ids), []
    width = form.hops + 1
    keys = groups.of_rows(table) * width + table["hops"].to_numpy()

    def figures(one: Perturbation) -> NDArray[np.float64]:
        hops = _hops(form, one, held_in(one, of, mine))
        reached = hops > 0
        numbers.append(float(reached.sum()))
        code = groups.code[one.origins][reached] * width + hops[reached]
        counts: NDArray[np.float64] = np.bincount(code, minlength=groups.number * width)[keys].astype(np.float64)
        return counts

    drawn = perturbed_values(figures, of, errors, len(table))
    note = f"The interval is that of `neurons`; {SHARE}: of the perturbed graphs, those in which there is one."
    return {**interval_columns(drawn), **share_column(drawn > 0)}, (_in_all(numbers), note), len(drawn)


def _hops(form: ir.Reach, one: Perturbation, asked: NDArray[np.bool_]) -> NDArray[np.int64]:
    ids = one.graph.ids[asked]
    return hops_from(one.graph, ids, hops=form.hops, direction=DIRECTIONS[form.direction])  # type: ignore[arg-type]


def _in_all(numbers: list[float]) -> str:
    return f"On perturbed graphs {spread_words(np.array(numbers), ',.6g')} neurons are reached."
