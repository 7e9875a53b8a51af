"""Importing FlyWire Codex downloads of full size (15 M rows), beside pandas: reading the same file, and summing its pairs.

pandas' figures are not the same work: it ends with a frame in memory, an import with a dataset on disk that is checked,
sorted both ways, summed by pair and region, and can be asked.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import graphkit
from benchmarks import codex_tables
from benchmarks.measuring import FULL, in_turn, printed

HERE = Path(__file__).parent
ROWS = 15_000_000 if FULL else 20_000
ROUNDS = 3 if FULL else 1
MEMORY = "4GB"

_READ = "import sys, pandas; pandas.read_csv(sys.argv[1])"
_SUM = (
    "import sys, pandas; t = pandas.read_csv(sys.argv[1]); "
    "t.groupby(['pre_root_id', 'post_root_id', 'neuropil'], sort=True)['syn_count'].sum(); "
    "t.groupby(['post_root_id', 'pre_root_id', 'neuropil'], sort=True)['syn_count'].sum()"
)


@pytest.mark.slow
def test_import_codex(benchmark: Any, bench_folder: Path) -> None:
    raw = bench_folder / f"codex-{ROWS}"
    if not raw.exists():
        codex_tables.write(ROWS, raw.with_suffix(".part"))
        raw.with_suffix(".part").rename(raw)
    made, connections = bench_folder / "imported-codex", str(raw / "connections.csv.gz")
    commands = {
        "graphkit import codex": [sys.executable, str(HERE / "import_codex.py"), str(raw), str(made), MEMORY],
        "pandas read_csv": [sys.executable, "-c", _READ, connections],
        "pandas read_csv, two groupbys": [sys.executable, "-c", _SUM, connections],
    }
    runs = benchmark.pedantic(lambda: in_turn(ROUNDS, **commands), rounds=1, iterations=1)
    printed(f"Codex tables of {ROWS:,} rows, --memory-limit {MEMORY}", runs, "graphkit import codex")

    import duckdb

    brain = graphkit.open(made)
    asked = "SELECT sum(synapses) FROM connections"
    whole = duckdb.sql(f"SELECT sum(syn_count), count(*) FROM read_csv('{connections}')").fetchall()[0]
    assert brain.sql(asked).scalar() == whole[0]
    assert brain.snapshot.tables["connections"].rows == whole[1]
