"""The skeletons that are asked about, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.query.conditions import condition_sql
from graphkit.query.plans.plan import Plan

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir

__all__ = ["SKELETONS", "plan_skeletons"]

SKELETONS = "skeletons"
"""The engine of these plans."""


def plan_skeletons(of: ir.Condition | None, dataset: Dataset) -> Plan:
    """neuron_id, node, parent, x_nm, y_nm, z_nm of the neurons' nodes.

    Raises:
        NotAnswerableError: the dataset has no skeletons.
    """
    if not dataset.has("skeletons") or not dataset.snapshot.tables["skeletons"].rows:
        raise NotAnswerableError(
            f"{dataset.url!r} has no skeletons.",
            hint="A reconstruction makes them, and `graphkit import swc` reads them from SWC files.",
        )
    chosen = "" if of is None else f" WHERE {condition_sql(of, dataset)}"
    nodes = "SELECT neuron_id, node, parent, x_nm, y_nm, z_nm FROM skeletons"
    return Plan(f"{nodes} WHERE neuron_id IN (SELECT neuron_id FROM neurons{chosen})", SKELETONS)
