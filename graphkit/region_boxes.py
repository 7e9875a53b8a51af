"""Which region a point lies in, where regions are boxes: the deepest box of the tree that holds it, as one SQL expression.

A box's children are looked at only inside it, so the expression costs a few comparisons a point. Bounds are half-open.
Where boxes overlap, the lower region id wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphkit.schema import OUTSIDE

__all__ = ["region_of_point_sql"]


def region_of_point_sql(boxes: Sequence[Sequence[Any]], prefix: str, given: str) -> str:
    """SQL for the region of the point in columns ``{prefix}x_nm``...; ``given`` (SQL) where the point is null.

    ``boxes`` are rows (region_id, parent_id, min_x, min_y, min_z, max_x, max_y, max_z) in nm.
    """
    ids = {row[0] for row in boxes}
    children: dict[int | None, list[Sequence[Any]]] = {}
    for row in boxes:
        children.setdefault(row[1] if row[1] in ids else None, []).append(row)
    x, y, z = (f"{prefix}{axis}_nm" for axis in "xyz")

    def deepest(parent: int | None, otherwise: int) -> str:
        whens = [
            f"WHEN {x} >= {b[2]} AND {x} < {b[5]} AND {y} >= {b[3]} AND {y} < {b[6]} AND {z} >= {b[4]} AND {z} < {b[7]} "
            f"THEN {deepest(b[0], b[0])}"
            for b in children.get(parent, [])
        ]
        return f"CASE {' '.join(whens)} ELSE {otherwise} END" if whens else str(otherwise)

    known = f"{x} IS NOT NULL AND {y} IS NOT NULL AND {z} IS NOT NULL"
    return f"CASE WHEN {known} THEN {deepest(None, OUTSIDE)} ELSE {given} END"
