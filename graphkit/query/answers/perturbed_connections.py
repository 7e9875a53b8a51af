"""Connections on perturbed graphs: single ones, and those from group to group, in which a piece of a neuron is of its group."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.shares import shares_of
from graphkit.query.answers.grouping import Groups, neurons_meeting, summing
from graphkit.query.answers.perturbed import SHARE

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.answers.perturbed_synapses import Figures, Synapses

__all__ = ["asked_rows", "figures"]


def figures(form: ir.Connections, dataset: Dataset, of: Perturbable, table: pa.Table) -> tuple[Figures, str]:
    """What finds the figure of each row of the table, or its synapses where none is asked for; what to say."""
    single = not set(form.by) - {"region"}
    found = (_of_pairs if single else _of_groups)(form, dataset, of, table)
    said = "synapses" if form.figure is None else form.figure.replace(" ", "_")
    gone = ", 0 where there is none" if single else ""
    held = "that have the connection" if single else "in which the two are connected"
    return found, f"The interval is that of `{said}`{gone}; {SHARE}: of the perturbed graphs, those {held}."


def _of_groups(form: ir.Connections, dataset: Dataset, of: Perturbable, table: pa.Table) -> Figures:
    groups = Groups(form.by, dataset, of.base.ids)
    rows_of = asked_rows(form, dataset, of, groups.code)
    meets = neurons_meeting(form.post, dataset, of.base.ids)
    if form.both_ways:
        meets = meets | neurons_meeting(form.pre, dataset, of.base.ids)
    one_end, other_end = _prefixes(form)
    onto = groups.of_rows(table, other_end)
    sums_of = summing(groups.by_place(groups.of_rows(table, one_end) * groups.number + onto, table))

    def found(one: Synapses) -> NDArray[np.float64]:
        code = groups.code[one.origins]
        sums, signed = np.zeros(len(table)), np.zeros(len(table))
        for lot in one.lots():
            asked = rows_of(lot)
            pairs = code[lot.pre[asked]] * groups.number + code[lot.post[asked]]
            keys = groups.by_place(pairs, None if lot.place is None else lot.place[asked])
            sums += sums_of(keys, lot.count[asked])
            if lot.sign is not None:
                signed += sums_of(keys, lot.count[asked] * lot.sign[asked])
        values = sums if one.sign is None else signed
        if form.figure not in (None, "signed"):
            weights = np.ones(len(code)) if form.figure == "mean" else _inputs(one)
            post = meets[one.origins]
            whole = np.bincount(code[post], weights=weights[post], minlength=groups.number)
            values = shares_of(values, whole[onto])
        return np.stack([values, sums > 0])

    return found


def _of_pairs(form: ir.Connections, dataset: Dataset, of: Perturbable, table: pa.Table) -> Figures:
    """Those between what holds the two neurons of each row."""
    places = Groups(form.by, dataset, of.base.ids)
    ends = [np.searchsorted(of.graph.ids, table[f"{end}id"].to_numpy()) for end in _prefixes(form)]

    def found(one: Synapses) -> NDArray[np.float64]:
        n = len(one.origins)
        source, target = (one.bodies[rows] for rows in ends)
        keys, back = np.unique(places.by_place(source * n + target, table), return_inverse=True)
        sums_of, near = summing(keys), np.zeros(n, dtype=np.bool_)
        near[source] = True
        here = near[one.pre]
        place = None if one.place is None else one.place[here]
        pairs = places.by_place(one.pre[here].astype(np.int64) * n + one.post[here], place)
        values = sums = sums_of(pairs, one.count[here])[back]
        if one.sign is not None:
            values = sums_of(pairs, one.count[here] * one.sign[here])[back]
        if form.figure not in (None, "signed"):
            values = shares_of(values, _inputs(one)[target])
        return np.stack([values, sums > 0])

    return found


def asked_rows(
    form: ir.Connections, dataset: Dataset, of: Perturbable, code: NDArray[np.int64] | None = None
) -> Callable[[Synapses], NDArray[np.bool_]]:
    """What finds the rows of a perturbed graph that the question is about; gap junctions once, by ``code`` as in SQL."""
    ends = [neurons_meeting(end, dataset, of.base.ids) for end in (form.pre, form.post)]

    def found(one: Synapses) -> NDArray[np.bool_]:
        pre, post = (end[one.origins] for end in ends)
        asked: NDArray[np.bool_] = pre[one.pre] & post[one.post]
        if form.both_ways or of.symmetric:
            back = post[one.pre] & pre[one.post]
        if form.both_ways:
            asked |= back
        if of.symmetric:
            group = np.zeros(len(pre), dtype=np.int64) if code is None else code[one.origins]
            a, b = group[one.pre], group[one.post]
            asked &= (a < b) | ((a == b) & (one.pre <= one.post)) | ~back
        return asked

    return found


def _inputs(one: Synapses) -> NDArray[np.float64]:
    return np.bincount(one.post, weights=one.count, minlength=len(one.origins)).astype(np.float64)


def _prefixes(form: ir.Connections) -> tuple[str, str]:
    """What the columns of the two ends begin with."""
    return ("a_", "b_") if form.selection.kind == "electrical" else ("pre_", "post_")
