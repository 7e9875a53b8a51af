"""Questions about how alike the connections of many neurons are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from graphkit.query.ir.conditions import Condition
from graphkit.query.ir.graph import Direction
from graphkit.query.ir.order import Sort
from graphkit.query.ir.reconstruction_errors import ReconstructionErrors
from graphkit.query.ir.selection import EVERYTHING, Selection

__all__ = ["ALIKE", "Alike", "Similarities", "SimilarityClusters"]

Alike = Literal["cosine", "jaccard", "ruzicka"]
ALIKE: tuple[Alike, ...] = ("cosine", "jaccard", "ruzicka")


@dataclass(frozen=True, slots=True)
class Similarities:
    """How alike the partners of the neurons of ``of`` are, a row a pair of them; partners of one type are one with ``types``.

    With ``each``: so many rows a neuron, of those most like it.
    """

    of: Condition | None = None
    measure: Alike = "cosine"
    direction: Direction = "partners"
    types: bool = False
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    each: int | None = None
    name: ClassVar[str] = "similarities"


@dataclass(frozen=True, slots=True)
class SimilarityClusters:
    """The neurons of ``of`` in ``count`` clusters of such similarities (None: as many as fit best), or how many ``by_type``."""

    of: Condition | None = None
    measure: Alike = "cosine"
    direction: Direction = "partners"
    types: bool = False
    count: int | None = None
    by_type: bool = False
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "similarity_clusters"
