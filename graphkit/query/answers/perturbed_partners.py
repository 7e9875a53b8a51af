"""Partners on perturbed graphs: of what holds the neurons asked about, and of their pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers.perturbed import SHARE
from graphkit.query.answers.perturbed_rows import Groups, neurons_meeting, summing

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.answers.perturbed_rows import Figures, Synapses

__all__ = ["figures"]


def figures(form: ir.Partners, dataset: Dataset, of: Perturbable, table: pa.Table) -> tuple[Figures, str]:
    """What finds the synapses of each row of the table, inputs and outputs together where it has both; what to say."""
    mine = neurons_meeting(form.of, dataset, of)
    held = np.flatnonzero(mine[of.asked.origins])
    groups = Groups(form.by, dataset, of) if form.by else None
    if groups is None:
        rows = np.searchsorted(of.graph.ids, table["neuron_id"].to_numpy())
    else:
        sums_of = summing(groups.by_place(groups.of_rows(table), table))

    def found(one: Synapses) -> NDArray[np.float64]:
        asked = mine[one.origins]
        asked[one.bodies[held]] = True
        sums, values = np.zeros(len(one.origins)), np.zeros(len(table))
        for direction, near, far in (("inputs", one.post, one.pre), ("outputs", one.pre, one.post)):
            if form.direction in (direction, "partners"):
                here = asked[near]
                if groups is None:
                    sums += np.bincount(far[here], weights=one.count[here], minlength=len(sums))
                else:
                    code = groups.code[one.origins[far[here]]]
                    place = None if one.place is None else one.place[here]
                    values += sums_of(groups.by_place(code, place), one.count[here])
        if groups is None:
            values = sums[one.bodies[rows]]
        return np.stack([values, values > 0])

    what = "inputs and outputs together" if form.direction == "partners" else "synapses"
    return found, f"The interval is that of {what}; {SHARE}: of the perturbed graphs, those in which it is a partner."
