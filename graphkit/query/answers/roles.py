"""Neurons of the rich club, and those that broadcast or integrate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers import Answer, cut
from graphkit.query.answers.graphs import ids_meeting, neuron_columns_of
from graphkit.query.answers.perturbed import INTERVAL, SHARE, graph_of, over_samples
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.algorithms.degrees import Roles
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]


def answer(form: ir.Roles, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron, the highest degree first."""
    from graphkit.algorithms.degrees import degrees, hub_roles

    graph, of = graph_of(form, dataset)
    roles, found = hub_roles(graph, min_degree=form.degree), degrees(graph)
    chosen = _of_role(roles, form.role)
    asked: tuple[str, ...] = ()
    if form.of is not None:
        among = ids_meeting(form.of, dataset)
        chosen = chosen[np.isin(graph.ids[chosen], among)]
        asked = (
            f"Of the {len(among):,} neurons asked about {len(chosen):,} are {form.role}, in the whole graph asked.",
        )
    chosen = chosen[np.argsort(-found.totals[chosen], kind="stable")]
    ids = graph.ids[chosen]
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    figures = {"degree": found.totals, "in_degree": found.ins, "out_degree": found.outs}
    rows = {"neuron_id": ids, "name": name, "type": type_, **{k: v[chosen] for k, v in figures.items()}}
    club = f"{len(roles.club):,} neurons of a total degree of at least {form.degree}"
    senders, receivers = (
        f"{len(of_role):,} {word}{'' if len(of_role) == 1 else 's'}"
        for of_role, word in ((roles.broadcasters, "broadcaster"), (roles.integrators, "integrator"))
    )
    notes = (f"{club}: {senders} (5 outputs or more for each input), {receivers} (the reverse).", *asked)
    if form.errors is None or of is None:
        return cut(ordered_table(pa.table(rows), form.order), form.limit, notes)
    from graphkit.query.answers.perturbed import spread_words
    from graphkit.query.answers.perturbed_neurons import chosen as followed

    numbers = []

    def held(one: Perturbation) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        has = np.zeros(len(one.graph), dtype=np.bool_)
        has[_of_role(hub_roles(one.graph, min_degree=form.degree), form.role)] = True
        numbers.append(float(has.sum()))
        return degrees(one.graph).totals, has

    more, samples = followed(held, chosen, of, form.errors)
    notes += (
        f"On perturbed graphs there are {spread_words(np.array(numbers))} {form.role}; the interval is that of degree.",
        f"{SHARE}: of the perturbed graphs, those in which the neuron has the role.",
    )
    table = ordered_table(pa.table({**rows, **more}), form.order)
    return over_samples(cut(table, form.limit, notes), form.errors, samples)


def columns(form: ir.Roles) -> list[str]:
    """The columns of the answer."""
    more = [] if form.errors is None else [*INTERVAL, SHARE]
    return ["neuron_id", "name", "type", "degree", "in_degree", "out_degree", *more]


def _of_role(roles: Roles, role: ir.Role) -> NDArray[np.int64]:
    named = {"broadcasters": roles.broadcasters, "integrators": roles.integrators, "rich club neurons": roles.club}
    return named[role]
