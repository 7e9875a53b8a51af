"""How many partners or connections perturbed graphs have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphkit.query import ir
from graphkit.query.answers import Answer
from graphkit.query.answers.perturbed import interval_columns, over_samples, perturbable, perturbed_values
from graphkit.query.answers.perturbed_connections import asked_rows
from graphkit.query.answers.perturbed_partners import synapses_with
from graphkit.query.answers.perturbed_synapses import synapses_of

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query.plans.plan import Plan

__all__ = ["answer"]


def answer(form: ir.Count, dataset: Dataset, planned: Plan) -> Answer:
    """One row: the number, and its interval."""
    from graphkit.query.executor import run_rows

    counted = form.of
    assert isinstance(counted, ir.Connections | ir.Partners | ir.Common)
    assert counted.errors is not None
    of = perturbable(dataset, counted.selection)
    if isinstance(counted, ir.Connections):
        rows = asked_rows(counted, dataset, of)

        def number(one: Perturbation) -> int:
            return int(np.count_nonzero(rows(synapses_of(one))))
    else:
        sums = synapses_with(counted, dataset, of)

        def number(one: Perturbation) -> int:
            return int(np.count_nonzero(sums(synapses_of(one))))

    table, _ = run_rows(dataset, planned.sql, None)
    drawn = perturbed_values(lambda one: [number(one)], of, counted.errors)
    for name, column in interval_columns(drawn).items():
        table = table.append_column(name, column)
    return over_samples(Answer(table), counted.errors, len(drawn))
