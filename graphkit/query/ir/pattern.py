"""The typed form of MATCH: a pattern of neurons and connections, and what is asked about its matches.

Different variables bind different neurons. A pattern is not induced unless ``induced``: other connections between its neurons
do not matter. Symmetric matches are counted once unless ``labelled``: two matches that an automorphism of the whole pattern
(with its conditions) turns into each other are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from graphkit.query.ir.conditions import Condition, Value
from graphkit.query.ir.selection import EVERYTHING, Selection

__all__ = ["Attribute", "Match", "Order", "PatternEdge", "PatternNode", "Test", "TestOperator"]

TestOperator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class PatternNode:
    """A variable that stands for one neuron; ``where`` is on the columns of the neuron table."""

    name: str
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class PatternEdge:
    """A connection from ``pre`` to ``post``; ``absent``: there must be none that meets its conditions.

    ``regions`` and ``nt`` say which of the pair's synapses count for this edge (within the selection of the question), and
    ``synapses`` compares their number. ``hops`` other than (1, 1): a chain of that many connections, through any neurons of
    the selected graph.
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
    """A column of the neuron that ``of`` stands for, or ``synapses`` of the edge of that name."""

    of: str
    name: str


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison between two variables, such as a.type = b.type or e.synapses > f.synapses."""

    left: Attribute
    op: TestOperator
    right: Attribute | Value


@dataclass(frozen=True, slots=True)
class Order:
    """By a column of the answer."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The matches of a pattern in the selected graph: their number, one row each, or how many each neuron takes part in."""

    nodes: tuple[PatternNode, ...]
    edges: tuple[PatternEdge, ...]
    tests: tuple[Test, ...] = ()
    selection: Selection = EVERYTHING
    induced: bool = False
    labelled: bool = False
    returns: Literal["rows", "count", "neurons"] = "rows"
    columns: tuple[Attribute, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    name: ClassVar[str] = "match"
