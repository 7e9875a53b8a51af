"""The stored synapses of a selection by pair and region, in memory, to be perturbed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.located_errors import Located
from graphkit.interrupted import interruptible
from graphkit.query.plans.selected import rows_sql

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir

__all__ = ["located_rows", "places_by_name"]

_ROWS_AT_ONCE = 1 << 17


def located_rows(dataset: Dataset, selection: ir.Selection, ids: NDArray[np.int64], mark: str | None = None) -> Located:
    """The rows of a selection before its threshold, between the neurons ``ids``; a place of -1 is that of what is not resolved.

    ``mark`` is a whole number in SQL, over the columns of connections; ``nt`` is what most of a row's synapses have.
    """
    rows = rows_sql(replace(selection, min_synapses=1), dataset, signed=mark)
    place = "coalesce(region_id, -1)::SMALLINT AS place"
    marked = "0" if mark is None else "signed"
    sql = f"SELECT pre_id, post_id, {place}, synapses, {marked}::SMALLINT AS mark FROM ({rows})"
    cursor = dataset.cursor(sql)
    most = dataset.snapshot.tables["connections"].rows * (2 if selection.kind == "electrical" else 1)
    kinds = (np.int32, np.int32, np.int16, np.int64, np.int16)
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
    return Located(ids, *(found[:-1] if mark is None else found))


def places_by_name(dataset: Dataset) -> dict[str, int]:
    """The place of each region that answers name."""
    named = {region.name: number for number, region in dataset.region_tree.by_id.items()}
    return {"(outside)": 0, "(not resolved)": -1, **named}
