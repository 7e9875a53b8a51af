"""Partners on perturbed graphs, of one set of neurons or common to several: of what holds these neurons, and of their pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers.grouping import Groups, neurons_meeting, summing
from graphkit.query.answers.perturbed import SHARE
from graphkit.query.answers.perturbed_synapses import held_in

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.answers.perturbed_synapses import Figures, Synapses

__all__ = ["figures", "synapses_with"]


def figures(form: ir.Partners | ir.Common, dataset: Dataset, of: Perturbable, table: pa.Table) -> tuple[Figures, str]:
    """What finds the synapses of each row of the table, inputs and outputs together where it has both; what to say."""
    both = form.name == "partners" and form.direction == "partners" and not of.symmetric
    what = "inputs and outputs together" if both else "`synapses`"
    common = ", 0 where it is not common to all" if form.name == "common" else ""
    it = f"{'there is such' if form.by else 'it is'} a {'partner' if form.name == 'partners' else 'common partner'}"
    said = f"The interval is that of {what}{common}; {SHARE}: of the perturbed graphs, those in which {it}."
    if "region" in form.by:
        return _by_region(form, dataset, of, table), said
    sums_of = synapses_with(form, dataset, of)
    groups = Groups(form.by, dataset, of.base.ids) if form.by else None
    rows = np.searchsorted(of.graph.ids, table["neuron_id"].to_numpy()) if groups is None else groups.of_rows(table)

    def found(one: Synapses) -> NDArray[np.float64]:
        sums = sums_of(one)
        if groups is None:
            values = sums[one.bodies[rows]]
        else:
            values = np.bincount(groups.code[one.origins], weights=sums, minlength=groups.number)[rows]
        return np.stack([values, values > 0])

    return found, said


def synapses_with(form: ir.Partners | ir.Common, dataset: Dataset, of: Perturbable) -> Figures:
    """What finds the synapses of each neuron of a perturbed graph with the neurons asked about; 0 for one that is no partner."""
    asked = form.of if isinstance(form.of, tuple) else (form.of,)
    sets = [neurons_meeting(each, dataset, of.base.ids) for each in asked]

    def found(one: Synapses) -> NDArray[np.float64]:
        each = np.zeros((len(sets), len(one.origins)))
        for sums, mine in zip(each, sets, strict=True):
            for here, far in _met(form, of, one, mine):
                sums += np.bincount(far[here], weights=one.count[here], minlength=len(sums))
        return np.where((each > 0).all(axis=0), each.sum(axis=0), 0.0)

    return found


def _by_region(form: ir.Partners | ir.Common, dataset: Dataset, of: Perturbable, table: pa.Table) -> Figures:
    assert not isinstance(form.of, tuple)
    mine, groups = neurons_meeting(form.of, dataset, of.base.ids), Groups(form.by, dataset, of.base.ids)
    sums_of = summing(groups.by_place(groups.of_rows(table), table))

    def found(one: Synapses) -> NDArray[np.float64]:
        values = np.zeros(len(table))
        code = groups.code[one.origins]
        for lot in one.lots():
            for here, far in _met(form, of, lot, mine):
                place = None if lot.place is None else lot.place[here]
                values += sums_of(groups.by_place(code[far[here]], place), lot.count[here])
        return np.stack([values, values > 0])

    return found


def _met(
    form: ir.Partners | ir.Common, of: Perturbable, one: Synapses, mine: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.bool_], NDArray[Any]]]:
    """Rows that join the neurons ``mine`` with others, and who these are; a gap junction, which is there both ways, once."""
    asked = held_in(one, of, mine)
    for direction, near, far in (("inputs", one.post, one.pre), ("outputs", one.pre, one.post)):
        if form.direction == direction or (
            form.direction == "partners" and not (of.symmetric and direction == "outputs")
        ):
            yield asked[near], far
