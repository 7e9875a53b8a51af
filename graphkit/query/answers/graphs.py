"""What answers that walk over a graph have in common: the neurons that a condition means in it, and their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.edges import distinct
from graphkit.query.conditions import condition_sql
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir

__all__ = ["ids_meeting", "neuron_columns_of", "neurons_in"]

_FEW = 2_000
"""Up to so many neurons are looked up one by one."""


def neurons_in(graph: Graph, condition: ir.Condition, dataset: Dataset) -> NDArray[np.int64]:
    """Ids of the neurons that meet the condition and are in the graph, ascending."""
    ids = ids_meeting(condition, dataset)
    return ids[np.isin(ids, graph.ids, assume_unique=True)]


def ids_meeting(condition: ir.Condition | None, dataset: Dataset) -> NDArray[np.int64]:
    """Ids of the neurons that meet the condition (None: of all), ascending."""
    where = "" if condition is None else f" WHERE {condition_sql(condition, dataset)}"
    sql = f"SELECT neuron_id FROM neurons{where} ORDER BY neuron_id"
    ids: NDArray[np.int64] = dataset.cursor(sql).sql(sql).to_arrow_table()["neuron_id"].to_numpy()
    return ids


def neuron_columns_of(dataset: Dataset, ids: NDArray[np.int64], columns: tuple[str, ...]) -> list[pa.Array]:
    """Columns of the neuron table for these ids, in their order; an id may come several times."""
    wanted = distinct(ids)
    where = f" WHERE neuron_id IN ({', '.join(map(str, wanted.tolist()))})" if len(wanted) <= _FEW else ""
    if not len(wanted):
        where = " WHERE false"
    sql = f"SELECT neuron_id, {', '.join(map(quoted_name, columns))} FROM neurons{where} ORDER BY neuron_id"
    table = dataset.cursor(sql).sql(sql).to_arrow_table().combine_chunks()
    rows = pa.array(np.searchsorted(table["neuron_id"].to_numpy(), ids))
    return [table[c].combine_chunks().take(rows) if len(table) else table[c].combine_chunks() for c in columns]
