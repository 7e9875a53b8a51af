"""The stored synapses of a selection by pair and region, in memory, to be perturbed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.located_errors import Located
from graphkit.interrupted import interruptible
from graphkit.query.plans.connections import signed_sql
from graphkit.query.plans.selected import rows_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir

__all__ = ["located_rows", "places_by_name"]

_ROWS_AT_ONCE = 1 << 17


def located_rows(
    dataset: Dataset, selection: ir.Selection, ids: NDArray[np.int64], signs: ir.Signs | None = None
) -> Located:
    """The rows of a selection before its threshold, between the neurons ``ids``; a place of -1 is that of what is not resolved.

    With ``signs`` a row has that of the transmitter that most of its synapses have.
    """
    rows = rows_sql(replace(selection, min_synapses=1), dataset, signed=signed_sql(signs))
    counts_as = "0" if signs is None else "sign(signed)"
    place = "coalesce(region_id, -1)::SMALLINT AS place"
    sql = f"SELECT pre_id, post_id, {place}, synapses, {counts_as}::TINYINT AS sign FROM ({rows})"
    cursor = dataset.cursor(sql)
    most = dataset.snapshot.tables["connections"].rows
    kinds = (np.int32, np.int32, np.int16, np.int64, np.int8)
    columns: list[NDArray[Any]] = [np.empty(most, dtype=kind) for kind in kinds]  # what is not filled takes no room

    def fill() -> int:
        held = 0
        for batch in cursor.sql(sql).to_arrow_reader(_ROWS_AT_ONCE):
            pre, post, *rest = (column.to_numpy() for column in batch.columns)
            values = (np.searchsorted(ids, pre), np.searchsorted(ids, post), *rest)
            for column, more in zip(columns, values, strict=True):
                column[held : held + len(batch)] = more
            held += len(batch)
        return held

    held = interruptible(cursor, fill)
    found = [column[:held] for column in columns]
    return Located(ids, *(found[:-1] if signs is None else found))


def places_by_name(dataset: Dataset) -> dict[str, int]:
    """The place of each region that answers name."""
    named = {region.name: number for number, region in dataset.region_tree.by_id.items()}
    return {"(outside)": 0, "(not resolved)": -1, **named}
