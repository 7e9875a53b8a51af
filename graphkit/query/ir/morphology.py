"""Questions about the skeletons of neurons, with the synapses on them.

A skeleton in pieces is joined across gaps of at most ``heal_nm`` first; 0: it is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from graphkit.errors import QueryError
from graphkit.query.ir.conditions import Condition
from graphkit.query.ir.order import Sort
from graphkit.query.ir.selection import is_whole

__all__ = ["EVERY_NM", "HEAL_NM", "Compartments", "Morphology", "Sholl", "StrahlerOrders"]

EVERY_NM = 10_000
"""Between the spheres of a Sholl analysis where the question does not say; the echo says it then."""

HEAL_NM = 10_000
"""The longest gap across which a skeleton in pieces is joined where the question does not say; the echo says it then."""


@dataclass(frozen=True, slots=True)
class Morphology:
    """A row a neuron: cable, branches, extent, synapses and how well inputs and outputs are kept apart. None: any neuron."""

    of: Condition | None = None
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    heal_nm: int = HEAL_NM
    name: ClassVar[str] = "morphology"

    def __post_init__(self) -> None:
        _gap_given(self.heal_nm)


@dataclass(frozen=True, slots=True)
class Compartments:
    """Axon, dendrite and the cable between them, by synapse flow centrality. None: any neuron."""

    of: Condition | None = None
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    heal_nm: int = HEAL_NM
    name: ClassVar[str] = "compartments"

    def __post_init__(self) -> None:
        _gap_given(self.heal_nm)


@dataclass(frozen=True, slots=True)
class StrahlerOrders:
    """A row a neuron and Strahler order: its branches, cable and synapses. None: any neuron."""

    of: Condition | None = None
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    heal_nm: int = HEAL_NM
    name: ClassVar[str] = "strahler_orders"

    def __post_init__(self) -> None:
        _gap_given(self.heal_nm)


@dataclass(frozen=True, slots=True)
class Sholl:
    """How often each skeleton crosses spheres around its soma that lie ``every_nm`` apart. None: any neuron."""

    of: Condition | None = None
    every_nm: int = EVERY_NM
    limit: int | None = None
    order: tuple[Sort, ...] = ()
    heal_nm: int = HEAL_NM
    name: ClassVar[str] = "sholl"

    def __post_init__(self) -> None:
        if not is_whole(self.every_nm) or self.every_nm < 1:
            raise QueryError(
                f"Spheres lie whole nanometres apart, 1 or more; got {self.every_nm!r} nm.",
                hint="For example: every 10 um",
            )
        _gap_given(self.heal_nm)


def _gap_given(heal_nm: object) -> None:
    if not is_whole(heal_nm) or not 0 <= int(heal_nm) < 2**31:  # type: ignore[call-overload]
        raise QueryError(
            f"Gaps are healed up to a length of whole nanometres below 2,147,483,648; got {heal_nm!r} nm.",
            hint="For example: healing gaps up to 20 um. 0, or `without healing`, leaves the pieces apart.",
        )
