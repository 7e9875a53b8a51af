"""Conditions on neurons. Names are spelled as the dataset spells them, except where they hold wildcards (* and ?)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "HALF",
    "LEAST_SHARE",
    "And",
    "BelongsTo",
    "Comparison",
    "Condition",
    "HasSynapsesIn",
    "NamedSet",
    "Not",
    "Operator",
    "Or",
    "Value",
]

HALF = 0.5
"""A neuron belongs to a region with at least this share of its inputs or of its outputs there."""

LEAST_SHARE = 1e-6
"""Shares are compared in millionths."""

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "like", "not like", "in", "is null", "is not null"]
Value = str | int | float | bool | tuple[str | int, ...] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column of the neuron table against a value; ``like`` takes the wildcards * and ?, ``in`` a tuple."""

    column: str
    op: Operator
    value: Value = None


@dataclass(frozen=True, slots=True)
class BelongsTo:
    """At least ``share`` of the neuron's inputs, or of its outputs, lie in the regions."""

    regions: tuple[str, ...]
    share: float = HALF


@dataclass(frozen=True, slots=True)
class HasSynapsesIn:
    """The neuron has at least one input or output in the regions."""

    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedSet:
    """The neuron is one of these ids, which the question calls ``@name``; ids ascend, each once."""

    name: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of the terms."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the terms."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not the term; where the term is unknown (a null), this is unknown too, and the neuron is not chosen."""

    term: Condition


Condition = Comparison | BelongsTo | HasSynapsesIn | NamedSet | And | Or | Not
