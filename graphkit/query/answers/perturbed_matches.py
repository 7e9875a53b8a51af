"""The matches of a pattern on perturbed graphs, in which a piece of a neuron has what is known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import (
    SHARE,
    interval_columns,
    over_samples,
    perturbable,
    perturbed_values,
    share_column,
)

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.motifs.pattern import Pattern
    from graphkit.query import ir

__all__ = ["answer"]


def answer(form: ir.Match, dataset: Dataset, errors: ir.ReconstructionErrors) -> Answer:
    """How many matches there are, or of each neuron; whether there is one, and in how many of the perturbed graphs."""
    from graphkit.motifs.pattern import contradiction
    from graphkit.motifs.search import any_match, count_matches, matches_by_neuron
    from graphkit.query.match.bound import bound, over

    of = perturbable(dataset, form.selection)
    found = bound(replace(form, selection=replace(form.selection, min_synapses=1)), dataset)

    def pattern(one: Perturbation) -> Pattern | None:
        """None where nothing can match."""
        made = over(found, form, one.graph, one.origins)
        return None if contradiction(made) else made

    def there(one: Perturbation) -> list[bool]:
        made = pattern(one)
        return [made is not None and any_match(made)]

    def matches(one: Perturbation) -> list[int]:
        made = pattern(one)
        return [0 if made is None else count_matches(made)]

    def of_neurons(one: Perturbation) -> NDArray[np.int64]:
        made = pattern(one)
        return np.zeros(len(one.graph), np.int64) if made is None else matches_by_neuron(made)

    if form.returns == "exists":
        (has,), drawn = there(of.asked), perturbed_values(there, of, errors)
        table = pa.table({"exists": pa.array([has]), **share_column(drawn)})
        note = f"{SHARE}: of the perturbed graphs, those that have a match."
        return over_samples(Answer(table, notes=(note,)), errors, len(drawn))
    if form.returns == "count":
        (number,), drawn = matches(of.asked), perturbed_values(matches, of, errors)
        table = pa.table({"matches": pa.array([number], pa.int64()), **interval_columns(drawn)})
        return over_samples(Answer(table), errors, len(drawn))
    from graphkit.query.answers.match import neurons_table

    observed = of_neurons(of.asked)
    rows = np.flatnonzero(observed)
    drawn = perturbed_values(lambda one: of_neurons(one)[one.bodies[rows]], of, errors, len(rows))
    more = {**interval_columns(drawn), **share_column(drawn > 0)}
    table = neurons_table(form, dataset, of.graph.ids[rows], observed[rows], more)
    note = f"The interval is that of `matches`; {SHARE}: of the perturbed graphs, those in which the neuron has any."
    return over_samples(cut(table, form.limit, (note,)), errors, len(drawn))
