"""From the typed form to what will run: SQL over a dataset's views, or the graph that kernels count over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.answers import COMPUTED
from graphkit.query.ordering import ordered_sql
from graphkit.query.plans.common import plan_common
from graphkit.query.plans.connections import plan_connections, plan_synapses, plan_total
from graphkit.query.plans.match import plan_match
from graphkit.query.plans.neurons import plan_neurons, plan_regions, plan_types
from graphkit.query.plans.partners import plan_partners
from graphkit.query.plans.plan import Plan
from graphkit.query.plans.regions import plan_projections, plan_projectome, plan_sides
from graphkit.query.plans.selected import pairs_sql, require_connections, rows_sql, selected_pairs_sql
from graphkit.query.plans.skeletons import plan_skeletons

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["Plan", "plan", "plan_graph"]


def plan(form: ir.Form, dataset: Dataset) -> Plan:
    """The plan of a form, without its limit.

    Raises:
        NotAnswerableError: the dataset does not hold what the question needs.
    """
    planned = _plan(form, dataset)
    if form.order and not isinstance(form, ir.Match) and form.name not in COMPUTED and not _perturbed(form):
        return replace(planned, sql=ordered_sql(planned.sql, form.order, dataset))
    return planned


def _perturbed(form: ir.Form) -> bool:
    by_rows = ir.Connections | ir.Partners | ir.Common | ir.Projectome | ir.Regions | ir.Projections
    return isinstance(form, by_rows) and form.errors is not None


def _beside(form: ir.Projectome | ir.Regions | ir.Projections, planned: Plan) -> Plan:
    """The same, where nothing is perturbed."""
    if form.errors is None:
        return planned
    return replace(planned, engine="graph kernels", why="counted again on perturbed synapses")


def _plan(form: ir.Form, dataset: Dataset) -> Plan:
    match form:
        case ir.Motifs(by_region=True) | ir.Statistics(by_region=True):
            return plan_graph(form.selection, dataset, by_region=True)
        case ir.Motifs() | ir.Paths() | ir.Reach() | ir.Hubs() | ir.Similar():
            return plan_graph(form.selection, dataset)
        case ir.Statistics() | ir.Ranking() | ir.Roles() | ir.RichClub() | ir.Degrees() | ir.Communities():
            return plan_graph(form.selection, dataset)
        case ir.Components() | ir.Similarities() | ir.SimilarityClusters():
            return plan_graph(form.selection, dataset)
        case ir.Spread() | ir.Effective() | ir.Distances() | ir.Percolation() | ir.SideConnections():
            return plan_graph(form.selection, dataset)
        case ir.Projectome():
            return _beside(form, plan_projectome(dataset))
        case ir.Morphology() | ir.Compartments() | ir.StrahlerOrders() | ir.Sholl():
            return plan_skeletons(form.of, dataset)
        case ir.Neurons():
            return plan_neurons(form, dataset)
        case ir.Types():
            return plan_types(form, dataset)
        case ir.Regions():
            return _beside(form, plan_regions(form, dataset))
        case ir.Partners():
            return plan_partners(form, dataset)
        case ir.Connections():
            return plan_connections(form, dataset)
        case ir.Synapses():
            return plan_synapses(form, dataset)
        case ir.Projections():
            return _beside(form, plan_projections(form, dataset))
        case ir.Sides():
            return plan_sides(form, dataset)
        case ir.Common():
            return plan_common(form, dataset)
        case ir.Match():
            return plan_match(form, dataset)
        case ir.Count(of=ir.Synapses() as counted_synapses) if (
            total := plan_total(counted_synapses, dataset)
        ) is not None:
            return total
        case ir.Count():
            planned = _plan(form.of, dataset)
            counted = {"partners": "neurons", "projections": "neurons", "common": "neurons"}.get(
                form.of.name, form.of.name
            )
            engine = planned.engine if _perturbed(form.of) else "DuckDB"
            rows = "type" if form.of.name == "types" else "*"  # neurons without a type are of none
            return replace(planned, sql=f"SELECT count({rows}) AS {counted} FROM ({planned.sql})", engine=engine)


def plan_graph(selection: ir.Selection, dataset: Dataset, *, by_region: bool = False) -> Plan:
    """The connections of the graph that kernels go over, or of one in each region."""
    notes = require_connections(selection, dataset, ("region",) if by_region else ())
    if not by_region:
        return Plan(selected_pairs_sql(selection, dataset), "graph kernels", notes)
    sql = pairs_sql(
        f"SELECT * FROM ({rows_sql(selection, dataset)}) WHERE region_id IS NOT NULL", selection, by_region=True
    )
    return Plan(sql, "graph kernels", notes)
