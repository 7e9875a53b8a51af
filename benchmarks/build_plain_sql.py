"""The same files as graphkit's build, by plain DuckDB SQL: python build_plain_sql.py RAW FOLDER MEMORY_LIMIT.

Written as one would without graphkit: one statement a file, no digests, no snapshot.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb

from graphkit.place import placed_sql


def main(raw: str, folder: str, memory_limit: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir()
    connection = duckdb.connect(config={"memory_limit": memory_limit, "temp_directory": f"{folder}/spill"})

    def copy(query: str, name: str) -> str:
        path = f"{folder}/{name}.parquet"
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)")
        return f"read_parquet('{path}')"

    absent = "NULL::SMALLINT AS pre_region_id, NULL::SMALLINT AS post_region_id, NULL::BIGINT AS pre_segment_id, "
    absent += "NULL::BIGINT AS post_segment_id"
    synapses = copy(f"SELECT *, {absent} FROM read_parquet('{raw}') ORDER BY pre_id, post_id, synapse_id", "synapses")
    numbered = synapses.replace(")", ", file_row_number = true)")
    places = placed_sql(numbered, "post_x_nm", "post_y_nm", "post_z_nm", keep="file_row_number")
    copy(f"SELECT place, file_row_number AS row FROM ({places}) ORDER BY place, row", "synapses_by_place")
    copy(f"SELECT post_id, file_row_number AS row FROM {numbered} ORDER BY post_id, row", "synapses_by_post")
    keys = "pre_id, post_id, region_id, kind, compartment"
    connections = copy(
        f"SELECT {keys}, count(*) AS synapses, sum(size)::BIGINT AS size_sum, mode(nt) AS nt FROM {synapses} "
        f"GROUP BY {keys} ORDER BY {keys}",
        "connections",
    )
    copy(f"FROM {connections} ORDER BY post_id, pre_id, region_id, kind, compartment", "connections_by_post")
    copy(
        "SELECT neuron_id, region_id, sum(i)::BIGINT AS inputs, sum(o)::BIGINT AS outputs FROM ("
        f"SELECT pre_id AS neuron_id, region_id, 0 AS i, synapses AS o FROM {connections} UNION ALL "
        f"SELECT post_id, region_id, synapses, 0 FROM {connections}) GROUP BY ALL ORDER BY ALL",
        "neuron_regions",
    )
    copy(
        "SELECT neuron_id, sum(i)::BIGINT AS inputs, sum(o)::BIGINT AS outputs, count(DISTINCT p) AS partners FROM ("
        f"SELECT pre_id AS neuron_id, 0 AS i, synapses AS o, post_id AS p FROM {connections} UNION ALL "
        f"SELECT post_id, synapses, 0, pre_id FROM {connections}) GROUP BY ALL ORDER BY ALL",
        "neurons",
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
