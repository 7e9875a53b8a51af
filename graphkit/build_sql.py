"""Pieces of SQL that the steps of the graph build are put together from."""

from __future__ import annotations

from collections.abc import Sequence

from graphkit.schema import TABLES
from graphkit.tables import quoted

__all__ = [
    "CABLE",
    "CONNECTION_ORDER",
    "SQL_TYPES",
    "all_names",
    "column_name",
    "electrical_in_order_sql",
    "grouped_sql",
]

SQL_TYPES = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int16": "SMALLINT",
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "float": "FLOAT",
    "double": "DOUBLE",
}

CONNECTION_ORDER = ", ".join(f"{c} NULLS LAST" for c in TABLES["connections"].sorted_by)

# Summed as exact integers (a node's length in picometres), so that the order of summing cannot show.
CABLE = """SELECT c.neuron_id, sum(round(1000 * sqrt((c.x_nm - p.x_nm)::DOUBLE ** 2 + (c.y_nm - p.y_nm)::DOUBLE ** 2
                   + (c.z_nm - p.z_nm)::DOUBLE ** 2))::BIGINT) / 1000.0 AS length_nm
            FROM {table} c JOIN {table} p ON p.neuron_id = c.neuron_id AND p.node = c.parent GROUP BY c.neuron_id"""


def grouped_sql(table: str, counted: str, transmitters: list[str]) -> str:
    """Connections from synapses. The transmitter is the most frequent one, the first in the alphabet on a tie."""
    keys = "pre_id, post_id, region_id, kind, compartment"
    if len(transmitters) < 2:
        nt = quoted(transmitters[0]) if transmitters else "NULL"
        return f"""SELECT {keys}, count(*) AS synapses, CAST(sum(size) AS BIGINT) AS size_sum,
                          CASE WHEN count(nt) > 0 THEN {nt} END::VARCHAR AS nt
                   FROM {table} WHERE {counted} GROUP BY {keys}"""
    names = "[" + ", ".join(quoted(t) for t in transmitters) + "]"
    return f"""
        WITH coded AS (SELECT {keys}, size, list_position({names}, nt)::SMALLINT AS code FROM {table} WHERE {counted}),
        sums AS (SELECT {keys}, count(*) AS synapses, CAST(sum(size) AS BIGINT) AS size_sum,
                        min(code) AS lowest, max(code) AS highest
                 FROM coded GROUP BY {keys}),
        mixed AS (SELECT {keys} FROM sums WHERE lowest < highest),
        most AS (SELECT {keys}, arg_min(code, -1000000 * n + code) AS code
                 FROM (SELECT c.pre_id, c.post_id, c.region_id, c.kind, c.compartment, c.code, count(*) AS n
                       FROM coded c SEMI JOIN mixed m ON c.pre_id = m.pre_id AND c.post_id = m.post_id
                        AND c.region_id IS NOT DISTINCT FROM m.region_id AND c.kind = m.kind
                        AND c.compartment IS NOT DISTINCT FROM m.compartment
                       WHERE c.code IS NOT NULL GROUP BY ALL)
                 GROUP BY {keys})
        SELECT s.pre_id, s.post_id, s.region_id, s.kind, s.compartment, s.synapses, s.size_sum,
               {names}[coalesce(m.code, s.lowest)] AS nt
        FROM sums s LEFT JOIN most m ON s.pre_id = m.pre_id AND s.post_id = m.post_id
            AND s.region_id IS NOT DISTINCT FROM m.region_id AND s.kind = m.kind
            AND s.compartment IS NOT DISTINCT FROM m.compartment"""


def electrical_in_order_sql(columns: Sequence[str]) -> str:
    """A gap junction has no direction: pre is the end with the lower id (then segment, then point; null last)."""
    names = [*TABLES["synapses"].schema.names, *(c for c in columns if c not in TABLES["synapses"].schema.names)]
    ends = [n.removeprefix("pre_") for n in names if n.startswith("pre_") and "post_" + n.removeprefix("pre_") in names]
    first = ("id", "segment_id", "x_nm", "y_nm", "z_nm", "region_id")
    pre, post = (f"row({', '.join(f'{side}_{e}' for e in first)})" for side in ("pre", "post"))
    pairs = [(f"pre_{e}", f"post_{e}") for e in ends]
    both = [*pairs, *((b, a) for a, b in pairs)]
    swap = f"kind = 'electrical' AND {pre} > {post}"
    return ", ".join(
        f"CASE WHEN {swap} THEN {column_name(b)} ELSE {column_name(a)} END AS {column_name(a)}" for a, b in both
    )


def all_names(table: str, there: tuple[str, ...]) -> list[str]:
    schema = TABLES[table].schema.names
    return [*schema, *(c for c in there if c not in schema)]


def column_name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
