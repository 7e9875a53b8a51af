"""The questions, one dataclass each; those about paths and the like are in ``graph``, patterns in ``pattern``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from graphkit.errors import QueryError
from graphkit.query.ir.against import Against
from graphkit.query.ir.analysis import (
    Communities,
    Components,
    Degrees,
    Distances,
    Effective,
    Percolation,
    Projectome,
    Ranking,
    RichClub,
    Roles,
    SideConnections,
    Spread,
    Statistics,
)
from graphkit.query.ir.conditions import Condition
from graphkit.query.ir.graph import Common, Direction, Hubs, Paths, Reach, Similar
from graphkit.query.ir.morphology import Compartments, Morphology, Sholl, StrahlerOrders
from graphkit.query.ir.order import Sort
from graphkit.query.ir.pattern import Match
from graphkit.query.ir.reconstruction_errors import ReconstructionErrors
from graphkit.query.ir.selection import EVERYTHING, Group, Selection
from graphkit.query.ir.similarity import Similarities, SimilarityClusters

__all__ = [
    "FORMS",
    "Box",
    "Connections",
    "Count",
    "Figure",
    "Form",
    "Motifs",
    "Neurons",
    "Partners",
    "Projections",
    "Regions",
    "Sides",
    "Signs",
    "Synapses",
    "Types",
    "box_between",
]


@dataclass(frozen=True, slots=True)
class Motifs:
    """Motifs of the selected graph: dyads and triads; or, of ``size`` 4, the connected classes of four neurons.

    ``by_type``: by the types of the neurons in each role; ``against`` a null model; ``roles``: how often each neuron has
    each role; ``by_region``: of the graph in each region.
    """

    selection: Selection = EVERYTHING
    by_type: bool = False
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    against: Against | None = None
    errors: ReconstructionErrors | None = None
    size: Literal[3, 4] = 3
    roles: bool = False
    by_region: bool = False
    name: ClassVar[str] = "motifs"


@dataclass(frozen=True, slots=True)
class Neurons:
    """Neurons that meet a condition, with their totals, and with those in ``regions`` where given; or groups of them."""

    where: Condition | None = None
    regions: tuple[str, ...] | None = None
    limit: int | None = None
    by: tuple[Group, ...] = ()
    order: tuple[Sort, ...] = ()
    name: ClassVar[str] = "neurons"


@dataclass(frozen=True, slots=True)
class Partners:
    """Who gives input to, or gets output from, the neurons of ``of``; one row a partner, or a group of partners."""

    of: Condition
    direction: Direction
    by: tuple[Group, ...] = ()
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "partners"


Figure = Literal["mean", "input fraction", "signed", "signed input fraction"]
FIGURES: tuple[Figure, ...] = ("mean", "input fraction", "signed", "signed input fraction")


@dataclass(frozen=True, slots=True)
class Signs:
    """Transmitters that excite and that inhibit, as the dataset spells them; others count for nothing."""

    excitatory: tuple[str, ...]
    inhibitory: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections from ``pre`` to ``post``; with ``both_ways`` also from ``post`` to ``pre``. None: any neuron.

    ``figure`` beside the synapses; of whole groups or of pairs of neurons:

    - "mean": synapses onto a neuron of the post group, over all its neurons in the graph that the selection makes.
    - "input fraction": over all inputs of the post group (neuron) in that graph, whoever they are from.
    - "signed": synapses of transmitters that excite less those that inhibit (``signs``).
    - "signed input fraction": these over all inputs.
    """

    pre: Condition | None = None
    post: Condition | None = None
    both_ways: bool = False
    by: tuple[Group, ...] = ()
    selection: Selection = EVERYTHING
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    figure: Figure | None = None
    signs: Signs | None = None
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "connections"

    def __post_init__(self) -> None:
        if self.selection.kind == "electrical":  # no direction: either way asks the same
            object.__setattr__(self, "both_ways", False)


@dataclass(frozen=True, slots=True)
class Box:
    """A box in nm, x, y, z: from ``low_nm``, inclusive, to ``high_nm``, exclusive; for the points of one end of a synapse."""

    low_nm: tuple[int, int, int]
    high_nm: tuple[int, int, int]
    end: Literal["pre", "post"] = "post"


def box_between(one_nm: Sequence[int], other_nm: Sequence[int], end: Literal["pre", "post"] = "post") -> Box:
    """The box between two opposite corners.

    Raises:
        QueryError: they are no points of whole nanometres, or have a coordinate in common.
    """
    for point in (one_nm, other_nm):
        if len(point) != 3 or not all(isinstance(c, int) and abs(c) < _FARTHEST_NM for c in point):
            raise QueryError(f"A corner of a box is x, y, z in whole nanometres below {_FARTHEST_NM:,}, got {point!r}.")
    if end not in ("pre", "post"):
        raise QueryError(f"The end of a synapse is 'pre' or 'post', got {end!r}.")
    for axis, a, b in zip("xyz", one_nm, other_nm, strict=True):
        if a == b:
            raise QueryError(
                f"The box has no width along {axis}.", hint="It holds what lies before its far corner, not on it."
            )
    (x, y, z), (far_x, far_y, far_z) = (tuple(map(f, one_nm, other_nm)) for f in (min, max))
    return Box((x, y, z), (far_x, far_y, far_z), end)


_FARTHEST_NM = 2**31


@dataclass(frozen=True, slots=True)
class Synapses:
    """Single synapses from ``pre`` to ``post``. None: any neuron."""

    pre: Condition | None = None
    post: Condition | None = None
    selection: Selection = EVERYTHING
    limit: int | None = None
    box: Box | None = None
    order: tuple[Sort, ...] = ()
    name: ClassVar[str] = "synapses"


@dataclass(frozen=True, slots=True)
class Regions:
    """The tree of regions, with neurons and synapses in each (its children's included)."""

    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "regions"


@dataclass(frozen=True, slots=True)
class Types:
    """The cell types, with their neurons and totals; in ``regions``, or among the neurons that meet a condition."""

    where: Condition | None = None
    regions: tuple[str, ...] | None = None
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    name: ClassVar[str] = "types"


@dataclass(frozen=True, slots=True)
class Projections:
    """Neurons with inputs in ``sources`` and outputs in ``targets``, with how many; or groups of them."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    where: Condition | None = None
    by: tuple[Group, ...] = ()
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "projections"


@dataclass(frozen=True, slots=True)
class Sides:
    """Two sides of the brain, a row a type: its neurons and synapses on each; in ``regions`` where given."""

    first: str
    second: str
    where: Condition | None = None
    regions: tuple[str, ...] | None = None
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    name: ClassVar[str] = "sides"


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows another question has: one without groups, order or limit."""

    of: Neurons | Types | Partners | Connections | Synapses | Projections | Common
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    name: ClassVar[str] = "count"


Form = (
    Motifs
    | Neurons
    | Partners
    | Connections
    | Synapses
    | Regions
    | Types
    | Projections
    | Sides
    | Paths
    | Reach
    | Common
    | Hubs
    | Similar
    | Statistics
    | Ranking
    | Roles
    | SideConnections
    | RichClub
    | Degrees
    | Communities
    | Components
    | Spread
    | Distances
    | Effective
    | Percolation
    | Projectome
    | Similarities
    | SimilarityClusters
    | Morphology
    | Compartments
    | StrahlerOrders
    | Sholl
    | Match
    | Count
)

FORMS = {
    c.name: c
    for c in (
        Motifs,
        Neurons,
        Partners,
        Connections,
        Synapses,
        Regions,
        Types,
        Projections,
        Sides,
        Paths,
        Reach,
        Common,
        Hubs,
        Similar,
        Statistics,
        Ranking,
        Roles,
        SideConnections,
        RichClub,
        Degrees,
        Communities,
        Components,
        Spread,
        Distances,
        Effective,
        Percolation,
        Projectome,
        Similarities,
        SimilarityClusters,
        Morphology,
        Compartments,
        StrahlerOrders,
        Sholl,
        Match,
        Count,
    )
}
