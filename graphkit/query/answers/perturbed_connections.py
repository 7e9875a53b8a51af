"""Connections from group to group on perturbed graphs, in which a piece of a neuron is of its group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.shares import shares_of
from graphkit.query.answers.perturbed import SHARE
from graphkit.query.answers.perturbed_rows import Groups, neurons_meeting, summing

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.answers.perturbed_rows import Figures, Synapses

__all__ = ["figures"]


def figures(form: ir.Connections, dataset: Dataset, of: Perturbable, table: pa.Table) -> tuple[Figures, str]:
    """What finds the figure of each row of the table, or its synapses where none is asked for; what to say."""
    groups = Groups(form.by, dataset, of)
    ends = [neurons_meeting(end, dataset, of) for end in (form.pre, form.post)]
    onto = groups.of_rows(table, "post_")
    sums_of = summing(groups.by_place(groups.of_rows(table, "pre_") * groups.number + onto, table))

    def found(one: Synapses) -> NDArray[np.float64]:
        code = groups.code[one.origins]
        pre, post = (end[one.origins] for end in ends)
        asked = pre[one.pre] & post[one.post]
        if form.both_ways:
            asked |= post[one.pre] & pre[one.post]
            post = pre | post
        pairs = code[one.pre[asked]] * groups.number + code[one.post[asked]]
        keys = groups.by_place(pairs, None if one.place is None else one.place[asked])
        values = sums = sums_of(keys, one.count[asked])
        if one.sign is not None:
            values = sums_of(keys, one.count[asked] * one.sign[asked])
        if form.figure not in (None, "signed"):
            n = len(one.origins)
            weights = np.ones(n) if form.figure == "mean" else np.bincount(one.post, one.count, n)
            whole = np.bincount(code[post], weights=weights[post], minlength=groups.number)
            values = shares_of(values, whole[onto])
        return np.stack([values, sums > 0])

    said = "synapses" if form.figure is None else form.figure.replace(" ", "_")
    return (
        found,
        f"The interval is that of `{said}`; {SHARE}: of the perturbed graphs, those in which the two are connected.",
    )
