"""What will run."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run: ``engine`` is "DuckDB" or "graph kernels", and ``why``. ``notes`` go with the answer."""

    sql: str
    engine: str = "DuckDB"
    notes: tuple[str, ...] = ()
    why: str = ""
