"""Building the graph from 20 M and 100 M synapses, beside plain DuckDB SQL writing the same files, and pandas.

pandas leaves out the index by place (it has no quick way to a Morton code), so its time flatters it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import graphkit
from benchmarks.measuring import FULL, in_turn, printed

HERE = Path(__file__).parent
SIZES = {20_000_000: ("4GB", 3, True), 100_000_000: ("4GB", 1, False)} if FULL else {50_000: ("1GB", 1, True)}


@pytest.mark.parametrize("rows", SIZES)
def test_build(benchmark: Any, bench_folder: Path, rows: int) -> None:
    memory, rounds, with_pandas = SIZES[rows]
    raw = bench_folder / f"raw-{rows}.parquet"
    if not raw.exists():
        made = raw.with_suffix(".part")
        assert (
            os.spawnv(os.P_WAIT, sys.executable, [sys.executable, str(HERE / "synapse_table.py"), str(rows), str(made)])
            == 0
        )
        made.rename(raw)
    ours, plain = bench_folder / f"ours-{rows}", bench_folder / f"plain-{rows}"
    commands = {
        "graphkit": [sys.executable, str(HERE / "build_graphkit.py"), str(raw), str(ours), memory],
        "plain DuckDB SQL": [sys.executable, str(HERE / "build_plain_sql.py"), str(raw), str(plain), memory],
    }
    if with_pandas:
        commands["pandas"] = [sys.executable, str(HERE / "build_pandas.py"), str(raw), str(bench_folder / "pandas")]
    runs = benchmark.pedantic(lambda: in_turn(rounds, **commands), rounds=1, iterations=1)
    printed(f"build of {rows:,} synapses, --memory-limit {memory}", runs, "graphkit")

    brain = graphkit.open(ours)
    for table in ("connections", "neuron_regions"):
        files = ", ".join(f"'{f}'" for f in brain.files(table))
        other = f"FROM '{plain / table}.parquet'"
        same = f"(SELECT COLUMNS(lambda c: c <> 'nt') FROM read_parquet([{files}]))"
        import duckdb

        mine = duckdb.sql(f"SELECT count(*), sum(hash(COLUMNS(*))) FROM {same}")
        theirs = duckdb.sql(
            f"SELECT count(*), sum(hash(COLUMNS(*))) FROM (SELECT COLUMNS(lambda c: c <> 'nt') {other})"
        )
        assert mine.fetchall() == theirs.fetchall(), table
