"""Several tables about the same neurons become one: of each column the first table that says something counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphkit.importers.sources import identifier
from graphkit.importers.work import Work

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["first_said", "joined"]

_ORDER = "graphkit_order"


def first_said(work: Work, tables: Sequence[pa.Table]) -> dict[str, str]:
    """Registers all rows as the view ``all_neurons``; returns column -> SQL of its first value, grouped by neuron_id."""
    import pyarrow as pa

    tables = [t.append_column(_ORDER, pa.array([i] * t.num_rows, pa.int32())) for i, t in enumerate(tables)]
    work.connection.register("all_neurons", pa.concat_tables(tables, promote_options="permissive"))
    columns = dict.fromkeys(c for t in tables for c in t.column_names if c not in ("neuron_id", _ORDER))
    quoted = {c: identifier(c) for c in columns}
    return {c: f"arg_min({q}, {_ORDER}) FILTER ({q} IS NOT NULL)" for c, q in quoted.items()}


def joined(work: Work, tables: Sequence[pa.Table]) -> pa.Table:
    """One row a neuron, sorted by neuron_id. What the tables say differently is noted, with how often."""
    firsts = first_said(work, tables)
    several = [c for c in firsts if sum(c in t.column_names for t in tables) > 1]
    if several:
        counts = ", ".join(f"count(*) FILTER (n_{i} > 1)" for i in range(len(several)))
        distinct = ", ".join(f"count(DISTINCT {identifier(c)}) AS n_{i}" for i, c in enumerate(several))
        row = work.connection.execute(
            f"SELECT {counts} FROM (SELECT {distinct} FROM all_neurons GROUP BY neuron_id)"
        ).fetchall()[0]
        for column, n in zip(several, row, strict=True):
            if n:
                work.ledger.note(f"The tables differ in {column!r} for {n:,} neurons; the first that says it was kept.")
    listed = "".join(f", {sql} AS {identifier(c)}" for c, sql in firsts.items())
    sql = f"SELECT neuron_id{listed} FROM all_neurons GROUP BY neuron_id ORDER BY neuron_id"
    return work.connection.sql(sql).to_arrow_table()
