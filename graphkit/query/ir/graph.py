"""Questions about the graph beyond single connections: paths, reach, common partners, hubs, similar neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from graphkit.query.ir.conditions import Condition
from graphkit.query.ir.order import Sort
from graphkit.query.ir.reconstruction_errors import ReconstructionErrors
from graphkit.query.ir.selection import EVERYTHING, Group, Selection

__all__ = [
    "HUBS_SHOWN",
    "MOST_HOPS",
    "MOST_STRONGEST",
    "SIMILAR_SHOWN",
    "Common",
    "Direction",
    "Hubs",
    "Paths",
    "Rank",
    "Reach",
    "Similar",
    "Strength",
]

Direction = Literal["inputs", "outputs", "partners"]
Rank = Literal["degree", "in-degree", "out-degree", "synapses", "inputs", "outputs"]
Strength = Literal["synapses", "input fraction"]
RANKS: tuple[Rank, ...] = ("degree", "in-degree", "out-degree", "synapses", "inputs", "outputs")

MOST_HOPS = 12
"""Of the paths and the reach that can be asked."""

MOST_STRONGEST = 1_000
"""Strongest, or k shortest, paths that can be asked for at once."""

HUBS_SHOWN = 20
SIMILAR_SHOWN = 20
"""Rows where the question does not say how many; the echo says it then."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths from a neuron of ``pre`` to one of ``post``, along connections, no neuron twice.

    - "all": those of at most ``hops`` connections.
    - "shortest": those of the fewest connections from any of ``pre`` to any of ``post``.
    - "k shortest": as many as the limit says, of the fewest connections, then the strongest, then of the smaller ids.
    - "strongest": as many as the limit says, the strongest, then of fewer connections, then of the smaller ids.

    With ``hops``, none longer. ``strength``: the synapses of the weakest connection, or the product of input fractions.
    """

    pre: Condition
    post: Condition
    kind: Literal["all", "shortest", "k shortest", "strongest"]
    hops: int | None = None
    by: tuple[Group, ...] = ()
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    strength: Strength = "synapses"
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "paths"


@dataclass(frozen=True, slots=True)
class Reach:
    """The neurons from which (or to which) the neurons of ``of`` can be reached in at most ``hops`` connections."""

    of: Condition
    direction: Direction
    hops: int
    by: tuple[Group, ...] = ()
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "reach"


@dataclass(frozen=True, slots=True)
class Common:
    """Who is an input (an output, either) of at least one neuron of each of the sets."""

    of: tuple[Condition, ...]
    direction: Direction
    by: tuple[Group, ...] = ()
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "common"


@dataclass(frozen=True, slots=True)
class Hubs:
    """The neurons with the most connections, or the most synapses; with ``of`` these alone, with their place among all."""

    rank: Rank = "degree"
    selection: Selection = EVERYTHING
    limit: int | None = HUBS_SHOWN
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    of: Condition | None = None
    name: ClassVar[str] = "hubs"


@dataclass(frozen=True, slots=True)
class Similar:
    """The neurons whose partners are most like those of the neuron ``of``: the cosine of their synapse counts."""

    of: Condition
    direction: Direction = "partners"
    selection: Selection = EVERYTHING
    limit: int | None = SIMILAR_SHOWN
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "similar"
