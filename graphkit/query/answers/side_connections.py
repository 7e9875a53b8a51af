"""Connections within the two sides of a brain, compared by type."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.progress import shown
from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import INTERVAL, interval_columns, over_samples, perturbable, perturbed_values
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns", "too_many"]

_PERMUTATIONS = 1000


def answer(form: ir.SideConnections, dataset: Dataset, planned: Plan) -> Answer:
    """A row a pair of types, the surest differences first."""
    from graphkit.algorithms.compare import compare_types
    from graphkit.selection import load_selection

    sides = []
    for side in (form.first, form.second):
        here = ir.Comparison("side", "=", side)
        among = form.selection.neurons
        chosen = replace(form.selection, neurons=here if among is None else ir.And((among, here)))
        graph = load_selection(dataset, chosen, attributes=("type",))
        sides.append((graph, list(graph.attributes.get("type", [None] * len(graph)))))
    (first, first_types), (second, second_types) = sides
    found = compare_types(first, first_types, second, second_types, permutations=_PERMUTATIONS, progress=shown())
    order = np.lexsort((found.post_type, found.pre_type, -np.abs(found.first - found.second), found.p))
    figures = (found.first, found.second, found.first - found.second, found.p, found.p_adjusted)
    data = [
        *(pa.array(names[order].tolist(), pa.string()) for names in (found.pre_type, found.post_type)),
        *(pa.array(values[order], pa.float64()) for values in figures),
    ]
    table = pa.table(data, names=columns(replace(form, errors=None)))
    surely = int((found.p_adjusted <= 0.05).sum())
    notes: tuple[str, ...] = (
        f"Synapses from one type onto a neuron of another, within each side: {len(first):,} and {len(second):,} neurons.",
        f"{surely:,} of {len(found.p):,} pairs of types differ at a false discovery rate of 5 % "
        f"({_PERMUTATIONS:,} permutations of neurons, seed 0).",
        *too_many(len(found.p), surely),
    )
    if form.errors is None:
        return cut(ordered_table(table, form.order), form.limit, notes)
    drawn = _differences(form, form.errors, dataset, table)
    for name, column in interval_columns(drawn).items():
        table = table.append_column(name, column)
    notes += ("The interval is that of `difference`; a piece of a neuron is of its type and side.",)
    return over_samples(cut(ordered_table(table, form.order), form.limit, notes), form.errors, len(drawn))


def columns(form: ir.SideConnections) -> list[str]:
    """The columns of the answer."""
    more = [] if form.errors is None else INTERVAL
    return [
        "pre_type",
        "post_type",
        f"mean_{form.first}",
        f"mean_{form.second}",
        "difference",
        "p",
        "p_adjusted",
        *more,
    ]


def too_many(rows: int, surely: int) -> tuple[str, ...]:
    """What to say where so many pairs are tested that hardly any could pass."""
    from graphkit.algorithms.compare import must_reach

    needed = must_reach(rows, _PERMUTATIONS)
    if surely or needed == 1:
        return ()
    return (
        f"Of so many pairs, {needed:,} would have to have the smallest p there is (1 / {_PERMUTATIONS + 1:,}) for any to pass: "
        "fewer types are tested more sharply (`among ...`, a region, more synapses).",
    )


def _differences(
    form: ir.SideConnections, errors: ir.ReconstructionErrors, dataset: Dataset, table: pa.Table
) -> NDArray[np.float64]:
    """The differences of the rows on perturbed graphs of both sides, in which they are not apart; shape (graphs, rows)."""
    from graphkit.algorithms.compare import compare_types

    among, either = form.selection.neurons, ir.Comparison("side", "in", (form.first, form.second))
    both = replace(form.selection, neurons=either if among is None else ir.And((among, either)))
    of = perturbable(dataset, both, attributes=("type", "side"))
    types = np.array(list(of.base.attributes.get("type", [None] * len(of.base))), dtype=object)
    sides = np.array(list(of.base.attributes["side"]), dtype=object)
    place = {key: row for row, key in enumerate(zip(*(table[c].to_pylist() for c in columns(form)[:2]), strict=True))}

    def differences(one: Perturbation) -> NDArray[np.float64]:
        parts = []
        for side in (form.first, form.second):
            here = sides[one.origins] == side
            parts += [one.graph.subgraph(one.graph.ids[here]), types[one.origins][here]]
        found = compare_types(*parts, permutations=1)
        values = np.zeros(len(place))
        for pre, post, first, second in zip(found.pre_type, found.post_type, found.first, found.second, strict=True):
            if (row := place.get((str(pre), str(post)))) is not None:
                values[row] = first - second
        return values

    return perturbed_values(differences, of, errors, len(place))
