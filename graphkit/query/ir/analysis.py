"""Questions about a graph as a whole and about what its neurons are in it: the analyses of the connectome papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from graphkit.query.ir.against import Against
from graphkit.query.ir.conditions import Condition
from graphkit.query.ir.order import Sort
from graphkit.query.ir.reconstruction_errors import ReconstructionErrors
from graphkit.query.ir.selection import EVERYTHING, Group, Selection

__all__ = [
    "CLUB_DEGREE",
    "RANKED_SHOWN",
    "RUNS",
    "WALKED",
    "Communities",
    "Components",
    "DegreeKind",
    "Degrees",
    "Distances",
    "Effective",
    "Measure",
    "Percolation",
    "Projectome",
    "Ranking",
    "RichClub",
    "Role",
    "Roles",
    "SideConnections",
    "Spread",
    "Statistics",
]

Measure = Literal["pagerank", "betweenness", "core number", "clustering", "attractor", "repeller"]
Role = Literal["broadcasters", "integrators", "rich club neurons"]
DegreeKind = Literal["total", "in", "out"]

RANKED_SHOWN = 20
"""Neurons of a ranking where the question does not say how many; the echo says it then."""

CLUB_DEGREE = 37
"""The total degree from which neurons of the fly's brain are in its rich club (Lin et al. 2024)."""

WALKED = 3
"""Connections of the longest walks of effective connectivity, where the question does not say."""

RUNS = 100
"""Runs of a signal that spreads at random."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of the selected graph: size, density, reciprocity, clustering, components, path lengths; ``against`` a null model
    beside those of its random graphs; ``by_region``: of the graph in each region.
    """

    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    against: Against | None = None
    by_region: bool = False
    name: ClassVar[str] = "statistics"


@dataclass(frozen=True, slots=True)
class Ranking:
    """The neurons that a measure puts first; with ``of`` these alone, measured in the same graph, with their place among all."""

    measure: Measure
    selection: Selection = EVERYTHING
    limit: int | None = RANKED_SHOWN
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    of: Condition | None = None
    name: ClassVar[str] = "ranking"


@dataclass(frozen=True, slots=True)
class Roles:
    """Neurons of a total degree of at least ``degree``, and among them those that mostly send or mostly receive; with ``of``
    those of them that are among these.
    """

    role: Role
    degree: int = CLUB_DEGREE
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    of: Condition | None = None
    name: ClassVar[str] = "roles"


@dataclass(frozen=True, slots=True)
class RichClub:
    """The density among neurons of at least each degree; ``against`` a null model beside that of its random graphs."""

    by: DegreeKind = "total"
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    against: Against | None = None
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "rich_club"


@dataclass(frozen=True, slots=True)
class Degrees:
    """How many neurons have each number of partners; ``of`` "strength": of synapses."""

    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    of: Literal["degree", "strength"] = "degree"
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "degrees"


@dataclass(frozen=True, slots=True)
class Communities:
    """Neurons by community; ``by_type``: how many of each type."""

    by_type: bool = False
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "communities"


@dataclass(frozen=True, slots=True)
class Components:
    """The weak or (``strong``) strong components, the largest first, a row each."""

    strong: bool = False
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "components"


@dataclass(frozen=True, slots=True)
class Spread:
    """How a signal from the neurons of ``of`` spreads: the layers of information flow, or a cascade of at most ``hops``; with
    ``to`` how it comes to these.
    """

    of: Condition
    model: Literal["flow", "cascade"]
    hops: int | None = None
    by_type: bool = False
    selection: Selection = EVERYTHING
    runs: int = RUNS
    seed: int = 0
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    to: Condition | None = None
    name: ClassVar[str] = "spread"


@dataclass(frozen=True, slots=True)
class Effective:
    """Connectivity from ``pre`` to ``post`` over walks of 1 to ``hops`` connections, in products of input fractions; of neurons,
    or of groups. None: any neuron.
    """

    pre: Condition | None = None
    post: Condition | None = None
    hops: int = WALKED
    by: tuple[Group, ...] = ()
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "effective"


@dataclass(frozen=True, slots=True)
class Distances:
    """The probability of a connection by the distance of the neurons' somata."""

    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "distances"


@dataclass(frozen=True, slots=True)
class SideConnections:
    """Connections within one side of the brain beside those within the other, a row a pair of types, with a test."""

    first: str
    second: str
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "side_connections"


@dataclass(frozen=True, slots=True)
class Percolation:
    """The components that are left when neurons are taken away, those of the most (or the fewest) connections first."""

    first: Literal["most connected", "least connected"] = "most connected"
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "percolation"


@dataclass(frozen=True, slots=True)
class Projectome:
    """From each region to each: outputs there of neurons, in proportion to their inputs here."""

    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "projectome"
