"""The connections that meet the conditions of an edge of a pattern, as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.conditions import region_list_sql
from graphkit.query.plans.selected import pairs_sql, rows_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["edge_pairs_sql"]


def edge_pairs_sql(
    edge: ir.PatternEdge,
    selection: ir.Selection,
    dataset: Dataset,
    *,
    ends: Sequence[str] = (),
    table: str = "connections",
) -> str:
    """pre_id, post_id, synapses: connections of the selected graph with the synapses that count for this edge.

    The least number of synapses that the selection demands is on all that the selection counts, in all its regions and of all
    its transmitters; of these the edge takes its own. ``ends`` are terms on pre_id and post_id, met before pairs are summed.
    """
    if edge.nt is None:
        nt = selection.nt
    else:
        nt = edge.nt if selection.nt is None else tuple(n for n in edge.nt if n in selection.nt)

    def limited(selection: ir.Selection) -> str:
        rows = rows_sql(selection, dataset, table=table)
        return f"SELECT * FROM ({rows}) WHERE {' AND '.join(ends)}" if ends else rows

    rows = limited(replace(selection, nt=nt))
    if edge.regions is not None:
        rows = f"SELECT * FROM ({rows}) WHERE region_id IN {region_list_sql(dataset, edge.regions)}"
    if selection.min_synapses > 1 and (edge.regions is not None or edge.nt is not None):
        whole = pairs_sql(limited(selection), selection, by_region=selection.per_region)
        # Region ids are -1 where not resolved, since a null is equal to nothing.
        key = "pre_id, post_id" + (", coalesce(region_id, -1)" if selection.per_region else "")
        rows = f"SELECT * FROM ({rows}) WHERE ({key}) IN (SELECT ({key}) FROM ({whole}))"
        selection = replace(selection, min_synapses=1)
    pairs = pairs_sql(rows, selection)
    if not edge.synapses:
        return pairs
    return f"SELECT * FROM ({pairs}) WHERE {' AND '.join(f'synapses {op} {number}' for op, number in edge.synapses)}"
