"""Makes a raw table of synapses of any size, quickly: skewed degrees, several synapses a connection, any order.

python synapse_table.py ROWS FILE
"""

from __future__ import annotations

import sys

import duckdb

NEURONS = 139_255

_QUERY = """
SELECT i::BIGINT AS synapse_id, 720575940600000000 + a * 37 AS pre_id, 720575940600000000 + b * 37 AS post_id,
       x AS pre_x_nm, y AS pre_y_nm, z AS pre_z_nm, (x + hash(i + 91) % 200)::INT AS post_x_nm,
       (y + hash(i + 92) % 200)::INT AS post_y_nm, (z + hash(i + 93) % 200)::INT AS post_z_nm,
       (20 + hash(i + 5) % 400)::BIGINT AS size, ((hash(i + 6) % 1000) / 1000.0)::FLOAT AS score,
       (1 + (a * 7 // {tenth} + b) % 80)::SMALLINT AS region_id,
       CASE a % 3 WHEN 0 THEN 'acetylcholine' WHEN 1 THEN 'gaba' ELSE 'glutamate' END AS nt, 'chemical' AS kind,
       CASE i % 9 WHEN 0 THEN 'axo-axonic' ELSE 'axo-dendritic' END AS compartment, (i // 4)::BIGINT AS pre_site_id
FROM (SELECT i, (pow((hash(i // 5) % 1000000) / 1e6, 1.7) * {neurons})::BIGINT AS a,
             (pow((hash(i // 5 + 13) % 1000000) / 1e6, 1.5) * {neurons})::BIGINT AS b,
             (hash(i // 5 + 1) % 600000)::INT AS x, (hash(i // 5 + 2) % 300000)::INT AS y,
             (hash(i // 5 + 3) % 250000)::INT AS z
      FROM (SELECT (i * 7919) % {rows} AS i FROM range({rows}) r(i)))
"""


def main(rows: int, path: str) -> None:
    connection = duckdb.connect(config={"memory_limit": "6GB", "preserve_insertion_order": False})
    query = _QUERY.format(rows=rows, neurons=NEURONS, tenth=NEURONS // 10)
    connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
