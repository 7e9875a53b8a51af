"""Paths on perturbed graphs: whether those of the answer are still there, or, by type, how many there are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.algorithms.pairs import synapses_of_pairs
from graphkit.algorithms.simple_paths import fewest_hops
from graphkit.query.answers.grouping import Groups, neurons_meeting
from graphkit.query.answers.perturbed import (
    SHARE,
    interval_columns,
    perturbed_each,
    perturbed_values,
    share_column,
    spread_words,
)
from graphkit.query.answers.perturbed_synapses import held_in

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable

__all__ = ["paths_again", "types_again"]

Again = tuple[dict[str, pa.Array], tuple[str, ...], int]
"""Columns, sentences, and how many perturbed graphs there were."""

Search = Callable[["Graph", NDArray[np.int64], NDArray[np.int64]], Any]
"""The paths from some ids to others: ``ids``, ``offsets``, ``complete``."""


def paths_again(
    form: ir.Paths, dataset: Dataset, of: Perturbable, errors: ir.ReconstructionErrors, lists: pa.ListArray
) -> Again:
    """For each path (a list of ids): the interval of its strength, and how often all of its connections are there."""
    offsets = lists.offsets.to_numpy().astype(np.int64)
    rows = np.searchsorted(of.graph.ids, lists.values.to_numpy())
    last = np.zeros(len(rows), dtype=np.bool_)
    last[offsets[1:] - 1] = True
    begins = np.flatnonzero(~last)
    first = offsets[:-1] - np.arange(len(offsets) - 1)  # of each path, among all connections
    ends = [neurons_meeting(end, dataset, of.base.ids) for end in (form.pre, form.post)]
    fewest: list[float] = []

    def figures(one: Perturbation) -> NDArray[np.float64]:
        held = one.bodies[rows]
        synapses = synapses_of_pairs(one.graph, held[begins], held[begins + 1])
        if form.kind == "shortest":
            fewest.append(_fewest(form, one, *(held_in(one, of, end) for end in ends)))
        if not len(lists):
            return np.zeros((2, 0))
        weakest = np.minimum.reduceat(synapses, first)
        if form.strength == "synapses":
            return np.stack([weakest, weakest > 0]).astype(np.float64)
        inputs = np.bincount(one.graph.indices, weights=one.graph.synapses, minlength=len(one.graph))[held[begins + 1]]
        shares = np.divide(synapses, inputs, out=np.zeros(len(synapses)), where=inputs > 0)
        return np.stack([np.multiply.reduceat(shares, first), weakest > 0])

    drawn = perturbed_values(figures, of, errors, 2 * len(lists))
    what = "weakest" if form.strength == "synapses" else "strength"
    note = f"The interval is that of `{what}`, 0 where the path is broken; {SHARE}: of the perturbed graphs, those that have all "
    said = (*([_fewest_words(np.array(fewest))] if fewest else []), f"{note}of its connections.")
    return {**interval_columns(drawn[:, 0]), **share_column(drawn[:, 1])}, said, len(drawn)


def types_again(
    form: ir.Paths, dataset: Dataset, of: Perturbable, errors: ir.ReconstructionErrors, search: Search, table: pa.Table
) -> Again:
    """For rows of types along a path: the interval of how many such paths are found, and how often there is one."""
    groups = Groups(("type",), dataset, of.base.ids)
    ends = [neurons_meeting(end, dataset, of.base.ids) for end in (form.pre, form.post)]
    wanted = table["types"].combine_chunks()
    codes = groups.of_rows(pa.table({"type": wanted.values}))
    place = {tuple(codes[a:b].tolist()): row for row, (a, b) in enumerate(_bounds(wanted.offsets.to_numpy()))}

    def counted(one: Perturbation) -> tuple[NDArray[np.float64], bool]:
        graph = one.graph
        found = search(graph, *(graph.ids[held_in(one, of, end)] for end in ends))
        counts = np.zeros(len(place))
        if not len(found.ids):
            return counts, found.complete
        along = groups.code[one.origins[np.searchsorted(graph.ids, found.ids)]]
        for a, b in _bounds(found.offsets):
            if (row := place.get(tuple(along[a:b].tolist()))) is not None:
                counts[row] += 1
        return counts, found.complete

    drawn = perturbed_each(counted, of, errors)
    values = np.stack([counts for counts, _ in drawn])
    note = "The interval is that of `paths`, which are looked for on each graph; "
    note += f"{SHARE}: of the perturbed graphs, those that have one."
    cut = sum(not complete for _, complete in drawn)
    said = (note, *([f"On {cut:,} of the perturbed graphs not all paths could be counted."] if cut else []))
    return {**interval_columns(values), **share_column(values > 0)}, said, len(drawn)


def _bounds(offsets: NDArray[Any]) -> list[tuple[int, int]]:
    return list(pairwise(offsets.tolist()))


def _fewest(form: ir.Paths, one: Perturbation, sources: NDArray[np.bool_], targets: NDArray[np.bool_]) -> float:
    """The hops of the shortest paths; NaN where there are none."""
    if not sources.any() or not targets.any():
        return np.nan
    found = fewest_hops(one.graph, one.graph.ids[sources], one.graph.ids[targets])
    return np.nan if found is None or (form.hops is not None and found > form.hops) else float(found)


def _fewest_words(hops: NDArray[np.float64]) -> str:
    none = int(np.isnan(hops).sum())
    if none == len(hops):
        return "On perturbed graphs there are no such paths."
    without = f"; {none:,} of them have no such path" if none else ""
    return f"On perturbed graphs the shortest paths have {spread_words(hops)} hops{without}."
