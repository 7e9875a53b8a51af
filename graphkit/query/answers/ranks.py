"""The place of some neurons among all of a graph: by a figure that is measured in the whole of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.query.answers.graphs import ids_meeting
from graphkit.query.answers.perturbed import INTERVAL, SHARE
from graphkit.query.echo.words import set_text

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir

__all__ = ["RANK", "RANK_INTERVAL", "Listed", "listed", "rank_columns", "ranks"]

RANK = "rank"
"""The column of a neuron's place: 1 for the largest figure; equal ones share the better place."""

RANK_INTERVAL = [name.replace("_", f"_{RANK}_", 1) for name in INTERVAL]


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of a graph, those of the largest figure first; whether they are all, and sentences."""

    rows: NDArray[np.int64]
    whole: bool
    notes: tuple[str, ...] = ()


def ranks(values: NDArray[Any], ranked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The place of each value among those that are ``ranked``, float64 of shape (n,); NaN for the others."""
    ascending = np.sort(values[ranked])
    found = np.full(len(values), np.nan)
    found[ranked] = 1 + len(ascending) - np.searchsorted(ascending, values[ranked], side="right")
    return found


def rank_columns(form: ir.Ranking | ir.Hubs) -> list[str]:
    """The columns behind the figures: a neuron's place where some are asked about, and what perturbed graphs say."""
    own = [] if form.of is None else [RANK]
    if form.errors is None:
        return own
    return [*own, *INTERVAL, *(RANK_INTERVAL if own else [SHARE])]


def listed(
    form: ir.Ranking | ir.Hubs, graph: Graph, dataset: Dataset, values: NDArray[Any], ranked: NDArray[np.bool_]
) -> Listed:
    """The neurons of an answer: as many of all that are ``ranked`` as the limit says, or of those that are asked about."""
    if form.of is None:
        every = np.flatnonzero(ranked)
        notes: tuple[str, ...] = ()
        if form.selection.neurons is not None:
            notes = (f"{_ALONE} `of` in place of `among` measures them in the graph of all neurons.",)
    else:
        asked = ids_meeting(form.of, dataset)
        at = np.searchsorted(graph.ids, asked[np.isin(asked, graph.ids, assume_unique=True)])
        every = at[ranked[at]]
        notes = _notes(form.of, len(asked), len(every), int(np.count_nonzero(ranked)))
    best = every[np.argsort(-values[every], kind="stable")][: form.limit]
    return Listed(best, len(best) == len(every), notes)


_ALONE = "Measured in the graph of the neurons named and the connections among them alone;"


def _notes(of: ir.Condition, asked: int, found: int, ranked: int) -> tuple[str, ...]:
    many = "neuron" if ranked == 1 else "neurons"
    said = f"Measured in the whole graph asked: `{RANK}` is the place among its {ranked:,} {many}."
    notes = [f"{said} `among {set_text(of)}` measures them in the graph of these alone."]
    if asked > found:
        notes.append(f"{asked - found:,} of the {asked:,} neurons asked about have no such figure in the graph asked.")
    return tuple(notes)
