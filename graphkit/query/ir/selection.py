"""Which connections make up the graph that is asked, and what answers are grouped by.

- ``regions``: only synapses located in one of these regions or below it in the tree. None: anywhere.
- ``neurons``: both ends are among these neurons. None: any neuron.
- ``nt``, ``compartments``: only synapses of these transmitters, or that join these compartments ("axo-axonic"). None: of any.
- ``min_synapses`` is on the pair's sum over the chosen regions; with ``per_region`` on each region's row by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Literal, get_args

from graphkit.errors import QueryError
from graphkit.query.ir.conditions import Condition

__all__ = ["EVERYTHING", "GROUPS", "Group", "Kind", "Selection", "is_whole"]

Kind = Literal["chemical", "electrical"]  # schema.KINDS, which would bring pyarrow along
Group = str
"""A column of the neurons, or "region"."""

GROUPS: tuple[Group, ...] = ("type", "class", "side", "nt", "region")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which connections make up the graph that is asked."""

    regions: tuple[str, ...] | None = None
    neurons: Condition | None = None
    min_synapses: int = 1
    per_region: bool = False
    kind: Kind = "chemical"
    nt: tuple[str, ...] | None = None
    autapses: bool = True
    compartments: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.min_synapses, bool) or not isinstance(self.min_synapses, int) or self.min_synapses < 1:
            raise QueryError(
                f"The minimum of synapses must be a whole number of at least 1, got {self.min_synapses!r}."
            )
        if self.kind not in get_args(Kind):
            raise QueryError(f"The kind must be 'chemical' or 'electrical', got {self.kind!r}.")


def is_whole(number: object) -> bool:
    """Whether it is a whole number, of Python or of numpy; for what comes from outside, where types are not checked."""
    return isinstance(number, Integral) and not isinstance(number, bool)


EVERYTHING = Selection()
"""All chemical connections of the dataset."""
