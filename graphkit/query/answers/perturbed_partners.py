"""Partners on perturbed graphs: of what holds the neurons asked about, and of their pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers.perturbed import SHARE
from graphkit.query.answers.perturbed_rows import Groups, neurons_meeting

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.answers.perturbed_rows import Figures

__all__ = ["figures"]


def figures(form: ir.Partners, dataset: Dataset, of: Perturbable, table: pa.Table) -> tuple[Figures, str]:
    """What finds the synapses of each row of the table, inputs and outputs together where it has both; what to say."""
    mine = neurons_meeting(form.of, dataset, of)
    held = np.flatnonzero(mine[of.asked.origins])
    groups = Groups(form.by, dataset, of) if form.by else None
    rows = np.searchsorted(of.graph.ids, table["neuron_id"].to_numpy()) if groups is None else groups.of_rows(table)

    def found(one: Perturbation) -> NDArray[np.float64]:
        graph = one.graph
        asked = mine[one.origins]
        asked[one.bodies[held]] = True
        source, target = np.repeat(np.arange(len(graph)), np.diff(graph.indptr)), graph.indices
        sums = np.zeros(len(graph))
        for direction, near, far in (("inputs", target, source), ("outputs", source, target)):
            if form.direction in (direction, "partners"):
                here = asked[near]
                sums += np.bincount(far[here], weights=graph.synapses[here], minlength=len(graph))
        if groups is None:
            values = sums[one.bodies[rows]]
        else:
            values = np.bincount(groups.code[one.origins], weights=sums, minlength=groups.number)[rows]
        return np.stack([values, values > 0])

    what = "inputs and outputs together" if form.direction == "partners" else "synapses"
    return found, f"The interval is that of {what}; {SHARE}: of the perturbed graphs, those in which it is a partner."
