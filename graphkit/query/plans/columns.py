"""Columns that several kinds of answers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["REGION_NAME", "group_columns", "neuron_columns", "region_join"]


def neuron_columns(alias: str, prefix: str = "") -> str:
    """Name and type of a neuron."""
    return ", ".join(f'{alias}."{c}" AS "{prefix}{c}"' for c in ("name", "type"))


def group_columns(by: tuple[ir.Group, ...], alias: str, prefix: str = "") -> list[str]:
    """The columns that answers are grouped by, but the region."""
    return [f"{alias}.{quoted_name(g)} AS {quoted_name(prefix + g)}" for g in by if g != "region"]


REGION_NAME = "coalesce(reg.name, CASE WHEN e.region_id = 0 THEN '(outside)' ELSE '(not resolved)' END) AS region"


def region_join(dataset: Dataset) -> str:
    """Joins the names of ``e.region_id``, for ``REGION_NAME``."""
    if dataset.has("regions"):
        return " LEFT JOIN regions reg ON reg.region_id = e.region_id"
    return " LEFT JOIN (SELECT NULL::SMALLINT AS region_id, NULL::VARCHAR AS name LIMIT 0) reg ON reg.region_id = e.region_id"
