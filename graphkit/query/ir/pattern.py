"""The typed form of MATCH: a pattern of neurons and connections, and what is asked about its matches.

Different variables bind different neurons. A pattern is not induced unless ``induced``: other connections between its neurons
do not matter. Symmetric matches are counted once unless ``labelled``: two matches that an automorphism of the whole pattern
(with its conditions) turns into each other are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from graphkit.query.ir.against import Against
from graphkit.query.ir.conditions import Condition
from graphkit.query.ir.reconstruction_errors import ReconstructionErrors
from graphkit.query.ir.selection import EVERYTHING, Selection

__all__ = ["Attribute", "Match", "Order", "PatternEdge", "PatternNode", "Sample", "Test", "TestOperator"]

TestOperator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class PatternNode:
    """A variable that stands for one neuron; ``where`` is on the columns of the neuron table."""

    name: str
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class PatternEdge:
    """A connection from ``pre`` to ``post``; ``absent``: there must be none that meets its conditions.

    It is a connection of the selected graph, with all that the selection demands. ``regions`` and ``nt`` say which of its
    synapses count for this edge, at least one of them must, and ``synapses`` compares their number. ``hops`` other than (1, 1):
    a walk of that many such connections, at least and at most, through any neurons of the selected graph, the same one more
    than once too; it is there or it is not, however many walks there are.
    """

    pre: str
    post: str
    name: str | None = None
    absent: bool = False
    regions: tuple[str, ...] | None = None
    nt: tuple[str, ...] | None = None
    synapses: tuple[tuple[TestOperator, int], ...] = ()
    hops: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column of the neuron that ``of`` stands for, or ``synapses`` of the edge of that name (those that count for it)."""

    of: str
    name: str


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison of two neurons or two edges, such as a.type = b.type or e.synapses > f.synapses; never with a null.

    Comparisons with a value are conditions of the node or the edge.
    """

    left: Attribute
    op: TestOperator
    right: Attribute


@dataclass(frozen=True, slots=True)
class Order:
    """By a column of the answer. Of answers by neuron, ``by`` is Attribute("", "matches") or another column of these."""

    by: Attribute
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """``count`` different matches, each set of them as likely as any other; the same ones for the same seed."""

    count: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """The matches of a pattern in the selected graph: their number, whether there is one, one row each (or each of a
    ``sample``), or how many each neuron takes part in.

    ``against`` a null model: their number, and that in random graphs; with ``errors``: and that in perturbed ones.
    """

    nodes: tuple[PatternNode, ...]
    edges: tuple[PatternEdge, ...]
    tests: tuple[Test, ...] = ()
    selection: Selection = EVERYTHING
    induced: bool = False
    labelled: bool = False
    returns: Literal["rows", "count", "exists", "neurons"] = "rows"
    columns: tuple[Attribute, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    sample: Sample | None = None
    against: Against | None = None
    errors: ReconstructionErrors | None = None
    name: ClassVar[str] = "match"
