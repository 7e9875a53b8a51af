"""Connections from group to group on perturbed graphs, in which a piece of a neuron is of its group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.shares import shares_of
from graphkit.query.answers.perturbed import SHARE
from graphkit.query.answers.perturbed_rows import Groups, neurons_meeting

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.answers.perturbed_rows import Figures

__all__ = ["figures"]


def figures(form: ir.Connections, dataset: Dataset, of: Perturbable, table: pa.Table) -> tuple[Figures, str]:
    """What finds the figure of each row of the table, or its synapses where none is asked for; what to say."""
    groups = Groups(form.by, dataset, of)
    ends = [neurons_meeting(end, dataset, of) for end in (form.pre, form.post)]
    keys = groups.of_rows(table, "pre_") * groups.number + groups.of_rows(table, "post_")
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]

    def found(one: Perturbation) -> NDArray[np.float64]:
        graph, code = one.graph, groups.code[one.origins]
        pre, post = (end[one.origins] for end in ends)
        source, target = np.repeat(np.arange(len(graph)), np.diff(graph.indptr)), graph.indices
        asked = pre[source] & post[target]
        if form.both_ways:
            asked |= post[source] & pre[target]
            post = pre | post
        pairs = code[source[asked]] * groups.number + code[target[asked]]
        at = np.minimum(np.searchsorted(ordered, pairs), max(len(ordered) - 1, 0))
        shown = ordered[at] == pairs if len(ordered) else np.zeros(len(pairs), dtype=np.bool_)
        sums = np.zeros(len(keys))
        sums[order] = np.bincount(at[shown], weights=graph.synapses[asked][shown], minlength=len(keys))
        values = sums
        if form.figure is not None:
            weights = np.ones(len(graph)) if form.figure == "mean" else np.bincount(target, graph.synapses, len(graph))
            whole = np.bincount(code[post], weights=weights[post], minlength=groups.number)
            values = shares_of(sums, whole[keys % groups.number])
        return np.stack([values, sums > 0])

    said = "synapses" if form.figure is None else form.figure.replace(" ", "_")
    return (
        found,
        f"The interval is that of `{said}`; {SHARE}: of the perturbed graphs, those in which the two are connected.",
    )
