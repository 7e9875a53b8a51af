"""DuckDB over a dataset: one view a table, in memory bounds that one can set.

    neurons  neuron_regions  regions  connections  connections_by_post  segments  segment_to_neuron  skeletons
                          as stored (docs/dataset-format.md)
    synapses              the synapses that the graph counts: both neurons known, and the build's minimum score and
                          rule for autapses applied, so that its sums are those of `connections`
    detected_synapses     every row that is stored
    synapses_by_place  synapses_by_post    row numbers into detected_synapses

A sandboxed connection can read exactly the snapshot's files and nothing else: no other file, no write, no setting.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphkitError

if TYPE_CHECKING:
    import duckdb

    from graphkit.dataset import Dataset

__all__ = [
    "bare_connection",
    "connect",
    "counted_synapses_sql",
    "create_views",
    "new_connection",
    "parquet_sql",
    "quoted",
]


def quoted(text: str) -> str:
    """``text`` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def parquet_sql(paths: Iterable[str], *, row_numbers: bool = False) -> str:
    """The table function that reads these Parquet files, in order."""
    listed = ", ".join(quoted(p) for p in paths)
    extra = ", file_row_number = true, filename = true" if row_numbers else ""
    return f"read_parquet([{listed}]{extra})"


def new_connection(*, memory_limit: str | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An empty in-memory DuckDB; spills to the system's temporary folder.

    Raises:
        GraphkitError: the limit or the number of threads makes no sense.
    """
    import tempfile

    import duckdb

    config: dict[str, Any] = {"temp_directory": f"{tempfile.gettempdir()}/graphkit-duckdb-{_user()}"}
    if memory_limit is not None:
        config["memory_limit"] = _checked_memory(memory_limit)
    if threads is not None:
        if threads < 1:
            raise GraphkitError(f"threads must be at least 1, got {threads}.")
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET enable_progress_bar = false; SET python_enable_replacements = false")
    return connection


def _user() -> str:
    """A folder for each user: the first one's is closed to the others."""
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def _checked_memory(limit: str) -> str:
    if (
        not re.fullmatch(r"\s*\d+(\.\d+)?\s*[KMGT]i?B\s*", limit, re.IGNORECASE)
        or float(re.sub(r"[^\d.]", "", limit)) <= 0
    ):
        raise GraphkitError(f"The memory limit {limit!r} is not a size.", hint="Write it like 4GB or 512MB.")
    return limit.strip()


def counted_synapses_sql(build: Mapping[str, Any] | None, *, ends: Iterable[str] = ("pre_id", "post_id")) -> str:
    """The condition on a stored synapse for the graph to count it, from the options of the build; ``ends``: these are known."""
    terms = [f"{end} IS NOT NULL" for end in ends]
    options = build or {}
    if options.get("min_score") is not None:
        terms.append(f"score >= {float(options['min_score'])!r}::FLOAT")  # as scores are stored
    if not options.get("autapses", True):
        terms.append("pre_id IS DISTINCT FROM post_id")
    return " AND ".join(terms)


def connect(
    dataset: Dataset, *, memory_limit: str | None = None, threads: int | None = None, sandbox: bool = False
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the dataset's views.

    Raises:
        DamagedFileError: a file is missing or has the wrong size.
    """
    connection = bare_connection(dataset, memory_limit=memory_limit, threads=threads)
    paths = create_views(connection, dataset, dataset.snapshot.tables)
    if sandbox:
        _close_off(connection, paths)
    return connection


def bare_connection(
    dataset: Dataset, *, memory_limit: str | None = None, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that can read the dataset's storage and has no views yet."""
    connection = new_connection(memory_limit=memory_limit, threads=threads)
    connection.execute("SET parquet_metadata_cache = true")
    dataset.storage.register(connection)
    return connection


def create_views(connection: duckdb.DuckDBPyConnection, dataset: Dataset, tables: Iterable[str]) -> list[str]:
    """Creates the views of these tables; returns the paths of their files.

    Raises:
        DamagedFileError: a file is missing or has the wrong size.
    """
    paths: list[str] = []
    for table in tables:
        files = dataset.files(table)
        if not files:
            continue
        paths += files
        name = "detected_synapses" if table == "synapses" else table
        if table == "neurons" and dataset.annotations is not None:
            from graphkit.query.annotations import join_annotations

            join_annotations(connection, dataset, parquet_sql(files))
            continue
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS FROM {parquet_sql(files)}")
        if table == "synapses":
            condition = counted_synapses_sql(dataset.snapshot.build)
            connection.execute(f"CREATE OR REPLACE VIEW synapses AS FROM detected_synapses WHERE {condition}")
    return paths


def _close_off(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    """Named files only. ``allowed_directories`` would let COPY write beside them."""
    both_forms = dict.fromkeys(form for p in paths for form in (p, p.replace(":///", "://")))  # DuckDB asks for either
    connection.execute(f"SET allowed_paths = [{', '.join(quoted(p) for p in both_forms)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
