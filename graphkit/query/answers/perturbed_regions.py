"""Figures by region on perturbed synapses: the projectome, the tree of regions, neurons between regions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.located_errors import Located, LocatedPerturbation
from graphkit.algorithms.totals_by_place import neurons_by_place, projectome
from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.answers import Answer
from graphkit.query.answers.graphs import ids_meeting
from graphkit.query.answers.grouping import Groups, neurons_meeting
from graphkit.query.answers.located import located_rows, places_by_name
from graphkit.query.answers.perturbed import (
    INTERVAL,
    SHARE,
    check_kept,
    interval_columns,
    located_each,
    over_samples,
    share_column,
)
from graphkit.query.answers.perturbed_rows import beside
from graphkit.query.conditions import region_ids
from graphkit.query.plans.selected import require_connections

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

ByRegion = ir.Projectome | ir.Regions | ir.Projections

_NEURONS, _IN, _OUT = ([n.replace("_", f"_{what}_", 1) for n in INTERVAL] for what in ("neurons", "in", "out"))


def columns(form: ByRegion) -> list[str]:
    """Those that stand beside the rows of SQL."""
    if isinstance(form, ir.Projectome):
        return INTERVAL
    if isinstance(form, ir.Regions):
        return [*INTERVAL, *_NEURONS]
    return [*(_NEURONS if form.by else []), *_IN, *_OUT, *([] if form.by else [SHARE])]


def answer(form: ByRegion | ir.Count, dataset: Dataset, planned: Plan) -> Answer:
    """The rows of the plan's SQL, each with the intervals of its figures.

    Raises:
        NotAnswerableError: the figures by region are not those of the connections, which alone are perturbed.
    """
    if (dataset.snapshot.build or {}).get("totals") == "source":
        raise NotAnswerableError(
            "The figures by region of this dataset are its source's, and count synapses that are in none of its connections: "
            "errors, which are of connections, cannot be made on them.",
            hint="Ask about the connections: `connections by type with error model ...`.",
        )
    require_connections(ir.Selection(), dataset, by=("region",))
    located = located_rows(dataset, ir.Selection(), ids_meeting(None, dataset))
    if isinstance(form, ir.Count):
        assert isinstance(form.of, ir.Projections)
        return _counted(form.of, dataset, planned, located)

    def more(table: pa.Table) -> _Found:
        match form:
            case ir.Projectome():
                return _projectome(form, dataset, located, table)
            case ir.Regions():
                return _regions(form, dataset, located, table)
            case ir.Projections():
                return _projections(form, dataset, located, table)

    return beside(form, dataset, planned, more, columns(form))


_Found = tuple[dict[str, pa.Array], tuple[str, ...], int]


def _drawn(
    figures: Callable[[LocatedPerturbation], NDArray[np.float64]], form: ByRegion, located: Located, size: int
) -> NDArray[np.float64]:
    assert form.errors is not None
    check_kept(size, form.errors)
    return np.stack(located_each(figures, lambda one: one, located, form.errors))


def _projectome(form: ir.Projectome, dataset: Dataset, located: Located, table: pa.Table) -> _Found:
    named = places_by_name(dataset)
    ends = [np.array([named[name] for name in table[c].to_pylist()], np.int64) for c in ("from_region", "to_region")]
    drawn = _drawn(lambda one: projectome(one.located, *ends), form, located, len(table))
    return interval_columns(drawn), ("The interval is that of `synapses`.",), len(drawn)


def _regions(form: ir.Regions, dataset: Dataset, located: Located, table: pa.Table) -> _Found:
    tree = dataset.region_tree
    below = [np.array(sorted(tree.below(tree.find(name).region_id)), np.int64) for name in table["region"].to_pylist()]

    def figures(one: LocatedPerturbation) -> NDArray[np.float64]:
        counts = np.bincount(one.located.place + 1, one.located.synapses, minlength=max(tree.by_id, default=0) + 2)
        synapses = np.array([counts[inside + 1].sum() for inside in below])
        return np.stack([synapses, neurons_by_place(one.located, below)])

    drawn = _drawn(figures, form, located, 2 * len(table))
    found = {**interval_columns(drawn[:, 0]), **interval_columns(drawn[:, 1], _NEURONS)}
    said = "The interval is that of `inputs`, which are as many as `outputs`, and that of `neurons`, of which a piece is one."
    return found, (said,), len(drawn)


def _projections(form: ir.Projections, dataset: Dataset, located: Located, table: pa.Table) -> _Found:
    meets = neurons_meeting(form.where, dataset, located.ids)
    groups = Groups(form.by, dataset, located.ids) if form.by else None
    if groups is None:
        rows = np.searchsorted(located.ids, table["neuron_id"].to_numpy())
    else:
        rows = groups.of_rows(table)

    def figures(one: LocatedPerturbation) -> NDArray[np.float64]:
        found = _with_both(one.located, form, dataset)
        if groups is None:
            return found[:, one.bodies[rows]]
        chosen = (found[0] > 0) & meets[one.origins]
        code = groups.code[one.origins[chosen]]
        return np.stack([np.bincount(code, w[chosen], minlength=groups.number)[rows] for w in found])

    drawn = _drawn(figures, form, located, 3 * len(table))
    found = {**interval_columns(drawn[:, 1], _IN), **interval_columns(drawn[:, 2], _OUT)}
    if groups is not None:
        return (
            {**interval_columns(drawn[:, 0], _NEURONS), **found},
            ("The intervals are those of `neurons`, of which a piece is one, `inputs_from` and `outputs_to`.",),
            len(drawn),
        )
    said = (
        f"The intervals are those of `inputs_from` and `outputs_to`; {SHARE}: of the perturbed graphs, those with both."
    )
    return {**found, **share_column(drawn[:, 0])}, (said,), len(drawn)


def _with_both(located: Located, form: ir.Projections, dataset: Dataset) -> NDArray[np.float64]:
    """Whether each neuron has inputs in the sources and outputs in the targets; these inputs, and these outputs."""
    found = []
    for end, names in ((located.post, form.sources), (located.pre, form.targets)):
        here = np.isin(located.place, region_ids(dataset, names))
        found.append(np.bincount(end[here], located.synapses[here], minlength=len(located.ids)))
    return np.stack([(found[0] > 0) & (found[1] > 0), *found])


def _counted(form: ir.Projections, dataset: Dataset, planned: Plan, located: Located) -> Answer:
    """One row: how many neurons there are, and the interval."""
    from graphkit.query.executor import run_rows

    assert form.errors is not None
    meets = neurons_meeting(form.where, dataset, located.ids)

    def number(one: LocatedPerturbation) -> NDArray[np.float64]:
        return np.array([np.count_nonzero((_with_both(one.located, form, dataset)[0] > 0) & meets[one.origins])], float)

    table, _ = run_rows(dataset, planned.sql, None)
    drawn = _drawn(number, form, located, 1)
    for name, column in interval_columns(drawn).items():
        table = table.append_column(name, column)
    return over_samples(Answer(table), form.errors, len(drawn))
