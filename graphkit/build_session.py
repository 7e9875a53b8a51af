"""How the steps of the build run: SQL from Parquet to Parquet, in a bound of memory, the same bytes on any number of threads."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from graphkit.build_sql import SQL_TYPES, column_name
from graphkit.progress import Progress
from graphkit.schema import KINDS, TABLES
from graphkit.statement import plain_error, run_statement
from graphkit.tables import new_connection, parquet_sql, quoted
from graphkit.writer import ROW_GROUP_ROWS, DatasetWriter

__all__ = ["Session"]

_DUCKDB_SHARE = 0.75
"""Of the memory limit; the rest is for Python, Arrow and what DuckDB does not count."""

_MOST_WORDS = 1000
"""A column with more different texts than this is not one of few words."""

_PARQUET = f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"


class Session:
    """A DuckDB connection beside a writer, whose tables it reads and replaces."""

    def __init__(self, writer: DatasetWriter, *, memory_limit: str, threads: int | None, progress: Progress) -> None:
        self._writer, self._progress = writer, progress
        self._has_enum: dict[str, bool] = {}
        self._connection = new_connection(memory_limit=_share(memory_limit), threads=threads)
        writer.register(self._connection)
        self._connection.execute("CREATE TABLE nothing (n INTEGER)")
        self._connection.execute(f"SET temp_directory = {quoted(str(writer.staging / 'spill'))}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            rows: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise plain_error(error) from error
        return rows

    def _from(self, table: str) -> str:
        return parquet_sql(self._writer.files(table))

    def _copy(self, query: str, stage: str, part: float = 0.0, of: float = 1.0) -> Path:
        """Runs a query into a new Parquet file; ``part``/``of`` place its progress within the stage's.

        DuckDB writes a column as required where statistics happen to tell that it holds no null, so that the same rows
        could have different bytes. A case that it cannot know never to come true makes every column optional.
        """
        path = self._writer.staging / f"{uuid.uuid4().hex}.parquet"
        described = [(column_name(row[0]), row[1]) for row in self._rows(f"DESCRIBE {query}")]
        # An enum's dictionary would be written in an order that depends on the number of threads; a text's does not.
        values = [(n, f"{n}::VARCHAR" if kind.startswith("ENUM") else n) for n, kind in described]
        optional = (f"CASE WHEN (SELECT count(*) > 0 FROM nothing) THEN NULL ELSE {v} END AS {n}" for n, v in values)
        query = f"SELECT {', '.join(optional)} FROM ({query})"
        run_statement(
            self._connection,
            f"COPY ({query}) TO {quoted(str(path))} {_PARQUET}",
            lambda fraction: self._progress(stage, part + fraction * of),
        )
        return path

    def _replace(self, table: str, query: str, stage: str) -> None:
        order = ", ".join(f"{c} NULLS LAST" for c in TABLES[table].sorted_by)
        self._writer.add_files(table, [self._copy(f"{query} ORDER BY {order}", stage)], in_order=True)

    def _select(self, table: str, **made: str) -> str:
        """The columns of ``table`` as its schema has them, from its files; ``made`` overrides some by SQL."""
        there = self._writer.entry(table).columns if self._writer.has(table) else ()
        parts = []
        for field in TABLES[table].schema:
            sql = made.get(field.name) or (f"s.{column_name(field.name)}" if field.name in there else "NULL")
            cast = sql if sql.endswith("_word") else f"CAST({sql} AS {SQL_TYPES[str(field.type)]})"
            parts.append(f"{cast} AS {column_name(field.name)}")
        parts += [f"s.{column_name(c)}" for c in there if c not in TABLES[table].schema.names]
        return ", ".join(parts)

    def _make_enums(self, table: str) -> None:
        """Types for the columns of few words: a byte a row, where a text would take 16 in sorting and grouping."""
        there = self._writer.entry(table).columns
        for column in ("nt", "kind", "compartment"):
            words = self._words(table, column) if column in there else []
            if column == "kind":
                words = sorted({*words, *KINDS})
            self._connection.execute(f"DROP TYPE IF EXISTS {column}_word")
            self._has_enum[column] = 0 < len(words) <= _MOST_WORDS
            if self._has_enum[column]:
                self._connection.execute(f"CREATE TYPE {column}_word AS ENUM ({', '.join(map(quoted, words))})")

    def _enum(self, column: str, sql: str) -> str:
        return f"({sql})::{column}_word" if self._has_enum.get(column) else sql

    def _words(self, table: str, column: str) -> list[str]:
        return [
            r[0]
            for r in self._rows(
                f"SELECT DISTINCT {column} FROM {self._from(table)} WHERE {column} IS NOT NULL ORDER BY 1"
            )
        ]


def _share(limit: str) -> str:
    match = re.fullmatch(r"\s*([\d.]+)\s*([A-Za-z]+)\s*", limit)
    return (
        f"{float(match[1]) * _DUCKDB_SHARE:g}{match[2]}" if match else limit
    )  # new_connection refuses what is no size
