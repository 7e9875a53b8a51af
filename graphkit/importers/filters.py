"""An SQL condition on a source's own columns, run where it can read nothing else."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import ImportDataError
from graphkit.importers.report import Ledger, listed
from graphkit.importers.sources import ROW, Source, identifier, natural_types
from graphkit.tables import new_connection, parquet_sql, quoted

if TYPE_CHECKING:
    import duckdb

__all__ = ["filtered"]


def filtered(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    where: str,
    folder: Path,
    ledger: Ledger,
    *,
    memory_limit: str,
    threads: int | None,
) -> Source:
    """The rows of ``source`` for which the SQL predicate ``where`` holds; the others are counted as left out.

    The predicate runs on a connection of its own that can read this one table and nothing else.

    Raises:
        ImportDataError: the predicate cannot be read, or names a column that the file does not have.
    """
    import duckdb
    import pyarrow.parquet as pq

    here = folder / f"{uuid.uuid4().hex}.parquet"
    target = folder / f"{uuid.uuid4().hex}.parquet"
    connection.execute(f"COPY (FROM {source.relation}) TO {quoted(str(here))} (FORMAT parquet, COMPRESSION lz4)")
    types = natural_types(connection, [source], list(source.columns))
    view = ", ".join(f"CAST({identifier(n)} AS {types[n]}) AS {identifier(n)}" for n in source.columns)
    sandbox = new_connection(memory_limit=memory_limit, threads=threads)
    try:
        sandbox.execute(f"CREATE VIEW t AS SELECT {view}, {ROW} FROM {parquet_sql([str(here)])}")
        sandbox.execute(f"SET allowed_paths = [{quoted(str(here))}]")
        sandbox.execute("SET enable_external_access = false")
        sandbox.execute("SET lock_configuration = true")
        sql = f"SELECT {ROW} FROM t WHERE (\n{where}\n)"
        statements = sandbox.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ImportDataError(f"The filter {where!r} is not one SQL condition.", hint="For example: weight >= 5")
        rows = sandbox.sql(sql).to_arrow_reader(100_000)
        with pq.ParquetWriter(target, rows.schema) as writer:
            for batch in rows:
                writer.write_batch(batch)
    except duckdb.Error as error:
        raise ImportDataError(
            f"The filter {where!r} does not work on {source.name}: {str(error).splitlines()[0]}",
            hint=f"It is an SQL condition on the file's columns: {listed(list(source.columns))}.",
        ) from error
    finally:
        sandbox.close()
    kept = pq.read_metadata(target).num_rows
    ledger.leave_out(f"not selected by the filter ({where})", source.rows - kept)
    ledger.rows_read += source.rows - kept
    relation = f"(FROM {parquet_sql([str(here)])} s SEMI JOIN {parquet_sql([str(target)])} k USING ({ROW}))"
    return replace(source, relation=relation, rows=kept)
