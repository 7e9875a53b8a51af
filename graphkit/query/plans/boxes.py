"""The stored synapses that can lie in a box, by the index of places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.place import place_ranges
from graphkit.tables import counted_synapses_sql, parquet_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir

__all__ = ["synapses_near_sql"]

_FEW = 2_000
"""Rows that are named one by one: their pages alone are read."""

_MANY = 1_000_000
"""Rows above which all synapses are read."""


def synapses_near_sql(box: ir.Box, dataset: Dataset) -> str:
    """What stands after FROM for the synapses that the graph counts, at least those in the box."""
    if box.end != "post" or not dataset.has("synapses_by_place"):
        return "synapses"
    ranges = place_ranges(box.low_nm, box.high_nm)
    near = " OR ".join(f"place BETWEEN {first} AND {last}" for first, last in ranges)
    sql = f"SELECT row FROM synapses_by_place WHERE {near}"
    rows = [r for (r,) in dataset.cursor(sql).execute(f"{sql} LIMIT {_MANY + 1}").fetchall()]
    if len(rows) > _MANY:
        return "synapses"
    parts, begin = [], 0
    for file, stored in zip(dataset.files("synapses"), dataset.snapshot.tables["synapses"].files, strict=True):
        end = begin + stored.rows
        here = [r - begin for r in rows if begin <= r < end]
        if here:
            listed = ", ".join(map(str, here))
            if len(here) > _FEW:
                listed = (
                    f"SELECT row - {begin} FROM synapses_by_place WHERE row >= {begin} AND row < {end} AND ({near})"
                )
            read = parquet_sql([file], row_numbers=True)
            parts.append(
                f"SELECT * EXCLUDE (file_row_number, filename) FROM {read} WHERE file_row_number IN ({listed})"
            )
        begin = end
    found = " UNION ALL ".join(parts) or "SELECT * FROM synapses WHERE false"
    return f"(SELECT * FROM ({found}) WHERE {counted_synapses_sql(dataset.snapshot.build)})"
