"""In which order the rows of an answer come."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Sort"]


@dataclass(frozen=True, slots=True)
class Sort:
    """By a column of the answer; nulls last either way."""

    column: str
    descending: bool = False
