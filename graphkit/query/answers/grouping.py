"""Neurons and regions by which the synapses of perturbed graphs are summed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query.answers.graphs import ids_meeting
from graphkit.query.answers.located import places_by_name
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir

__all__ = ["Groups", "neurons_meeting", "summing"]


def summing(keys: NDArray[np.int64]) -> Callable[[NDArray[np.int64], NDArray[Any]], NDArray[np.float64]]:
    """What sums weights by their keys, for each of ``keys``, which are distinct; what has another key is left out."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]

    def sums(found: NDArray[np.int64], weights: NDArray[Any]) -> NDArray[np.float64]:
        of_each = np.zeros(len(keys))
        if len(keys):
            at = np.minimum(np.searchsorted(ordered, found), len(keys) - 1)
            shown = ordered[at] == found
            of_each[order] = np.bincount(at[shown], weights=weights[shown], minlength=len(keys))
        return of_each

    return sums


def neurons_meeting(condition: ir.Condition | None, dataset: Dataset, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these neurons meet the condition (None: all)."""
    if condition is None:
        return np.ones(len(ids), dtype=np.bool_)
    meets: NDArray[np.bool_] = np.isin(ids, ids_meeting(condition, dataset), assume_unique=True)
    return meets


class Groups:
    """The group of each of some neurons, as a number; and the regions, where synapses are grouped by them as well."""

    number: int
    code: NDArray[np.int64]

    def __init__(self, by: tuple[str, ...], dataset: Dataset, ids: NDArray[np.int64]) -> None:
        self._by = tuple(g for g in by if g != "region")
        self._places = places_by_name(dataset) if "region" in by else {}
        self._span = max(self._places.values(), default=-1) + 2
        if not self._by:
            self.number, self.code, self._code_of = 1, np.zeros(len(ids), dtype=np.int64), {(): 0}
            return
        by = self._by
        names = ", ".join(map(quoted_name, by))
        order = ", ".join(f"{quoted_name(g)} NULLS LAST" for g in by)
        code = f"dense_rank() OVER (ORDER BY {order}) - 1 AS code"
        sql = f"SELECT neuron_id, {code}, {names} FROM neurons ORDER BY neuron_id"
        table = dataset.cursor(sql).sql(sql).to_arrow_table()
        codes = table["code"].to_numpy().astype(np.int64)
        self.number = int(codes.max(initial=-1)) + 1
        self.code = codes[np.searchsorted(table["neuron_id"].to_numpy(), ids)]
        first = pa.array(np.unique(codes, return_index=True)[1])
        named = zip(*(table[g].take(first).to_pylist() for g in by), strict=True)
        self._code_of = {key: code for code, key in enumerate(named)}

    def of_rows(self, table: pa.Table, prefix: str = "") -> NDArray[np.int64]:
        """The group of each row of an answer, from its columns."""
        if not self._by:
            return np.zeros(len(table), dtype=np.int64)
        keys = zip(*(table[f"{prefix}{g}"].to_pylist() for g in self._by), strict=True)
        return np.array([self._code_of[key] for key in keys], dtype=np.int64)

    def by_place(self, code: NDArray[np.int64], places: NDArray[np.int16] | pa.Table | None) -> NDArray[np.int64]:
        """A number of group and region, of synapses that lie in ``places`` or rows of an answer that name them; the group's alone
        where regions are not asked for.
        """
        if not self._places or places is None:
            return code
        if isinstance(places, pa.Table):
            places = np.array([self._places[name] for name in places["region"].to_pylist()], dtype=np.int16)
        return code * self._span + places + 1
