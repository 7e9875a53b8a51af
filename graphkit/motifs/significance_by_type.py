"""Which motifs of which types of neurons are more, or less, frequent than in random graphs of a null model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.motifs.by_type import motifs_by_type
from graphkit.motifs.comparison import Figure, NullRun, compared
from graphkit.motifs.names import DYADS, TRIADS, Motif
from graphkit.motifs.significance import refuse_strengths
from graphkit.progress import Progress, silent

__all__ = ["SignificanceByType", "TypedMotif", "significance_by_type"]

_MOTIFS = {motif.code: (place, motif) for place, motif in enumerate((*DYADS, *TRIADS))}


@dataclass(frozen=True, slots=True)
class TypedMotif:
    """A motif with the types of the neurons in its roles."""

    motif: Motif
    types: tuple[str, ...]
    """Of a, b and c of the motif's pattern."""
    figure: Figure


@dataclass(frozen=True, slots=True)
class SignificanceByType(NullRun):
    """The motifs of a graph by type against a null model."""

    rows: tuple[TypedMotif, ...]
    """In the order of motifs and types; those that occur in the original or in a sample."""


def significance_by_type(
    graph: Graph,
    types: Sequence[str | None] | NDArray[np.object_],
    model: str = "configuration",
    *,
    samples: int = 100,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
    **options: Any,
) -> SignificanceByType:
    """The dyads and triads of ``graph`` by the types in their roles, against ``samples`` random graphs of a null model.

    ``types`` is a type or None for each neuron, in the order of ``graph.ids``; in a sample each neuron has its type. How often a
    type connects to another is not kept, unless by the model: ``region-block`` with ``blocks=types`` keeps it. ``p_adjusted`` is
    over all rows, which can be many thousands: it takes that many samples before one of them can be small.

    All else is as in `graphkit.motifs.significance`.

    >>> graph = Graph.from_edges([1, 1, 2, 4], [2, 3, 3, 1])
    >>> found = significance_by_type(graph, ["ER", "EPG", "EPG", None], samples=4)
    >>> [(row.types, row.figure.observed) for row in found.rows if row.motif.code == "030T"]
    [(('ER', 'EPG', 'EPG'), 1.0)]

    Raises:
        GraphError: an argument is out of range; a name is unknown; the model is synapse-counts; there are too many rows.
    """
    refuse_strengths(model, "Motifs by type are")

    def figures(one: Graph, threads: int | None) -> Mapping[tuple[str, ...], float]:
        found = motifs_by_type(one, types, threads=threads)
        return {(code, a, b) if c is None else (code, a, b, c): count for code, a, b, c, count in found}

    found = compared(
        graph.without_autapses(),
        figures,
        model,
        samples=samples,
        seed=seed,
        threads=threads,
        progress=progress,
        **options,
    )
    keys = sorted(found.figures, key=lambda key: (_MOTIFS[key[0]][0], key[1:]))
    return SignificanceByType(
        model=found.model,
        keeps=found.keeps,
        samples=found.samples,
        asked=found.asked,
        seed=found.seed,
        mixing=found.mixing,
        rows=tuple(TypedMotif(_MOTIFS[key[0]][1], key[1:], found.figures[key]) for key in keys),
    )
