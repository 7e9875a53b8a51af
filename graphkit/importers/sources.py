"""Source tables, whatever their format was, as Parquet with the number of each row.

Text formats are staged with every cell as text (``graphkit.importers.staging``), so that no id goes through a float.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import ImportDataError
from graphkit.storage import sha256_of
from graphkit.tables import parquet_sql, quoted

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "ROW",
    "Source",
    "checked_files",
    "identifier",
    "natural_types",
    "parquet_source",
    "source_record",
    "staged_text",
]

ROW = "graphkit_row"
"""The column that carries a row's number in its file, from 0."""

_BATCH = 50_000
_INTEGER = r"\s*[+-]?[0-9]+\s*"
_BY_WIDTH = ("BIGINT", "DOUBLE", "VARCHAR")


@dataclass(frozen=True, slots=True)
class Source:
    """One source table, staged.

    Attributes:
        name: the file's name, for messages.
        columns: name -> DuckDB type, in the file's order.
        rows: rows that could be cut into cells.
        text: whether every cell is text.
        relation: SQL to select from; has the columns and ``ROW``.
        first_line: the line of row 0 (1 for formats without lines).
        unit: what rows are called in messages, "line" or "row".
        repeated: column names that the file has more than once.
        rejected: lines that could not be cut, ascending; they shift the numbers of the lines after them.
    """

    name: str
    columns: dict[str, str]
    rows: int
    text: bool
    relation: str
    first_line: int = 1
    unit: str = "row"
    repeated: tuple[str, ...] = ()
    rejected: tuple[int, ...] = ()

    def place(self, row: int) -> str:
        """'edges.csv, line 12'."""
        number = row + self.first_line
        for line in self.rejected:
            if line > number:
                break
            number += 1
        return f"{self.name}, {self.unit} {number:,}"


def identifier(name: str) -> str:
    """``name`` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def checked_files(files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[Path]:
    """The files, each of which exists, is a file, and has something in it.

    Raises:
        ImportDataError: none given, one twice, or one is missing, a folder, empty or not readable.
    """
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    paths = [Path(f) for f in files]
    if not paths:
        raise ImportDataError("No file was given to import.", hint="Name at least one.")
    for path in paths:
        if "://" in str(path) or str(path).startswith(("http:/", "https:/", "s3:/", "gs:/")):
            raise ImportDataError(f"{str(path)!r} is an address; sources are local files.", hint="Download it first.")
        if path.is_dir():
            raise ImportDataError(
                f"{str(path)!r} is a folder; a table is a file.", hint=f"Name the files in it, e.g. {path}/*.csv"
            )
        if not path.exists():
            raise ImportDataError(f"There is no file {str(path)!r}.", hint="Check the name and the folder.")
        if not os.access(path, os.R_OK):
            raise ImportDataError(f"{str(path)!r} may not be read.", hint="Ask its owner for read permission.")
        if path.stat().st_size == 0:
            raise ImportDataError(f"{str(path)!r} is empty (0 bytes).", hint="Download or write it again.")
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise ImportDataError(f"{str(path)!r} was given twice; its rows would count twice.", hint="Name it once.")
        seen.add(path.resolve())
    return paths


def source_record(path: Path) -> dict[str, Any]:
    """What the provenance says of a source file."""
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def parquet_source(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> Source:
    import duckdb

    try:
        described = connection.execute(f"DESCRIBE FROM {parquet_sql([str(path)])}").fetchall()
        row = connection.execute(f"SELECT count(*) FROM {parquet_sql([str(path)])}").fetchall()[0]
    except duckdb.Error as error:
        raise ImportDataError(
            f"{name!r} begins like a Parquet file but cannot be read: {str(error).splitlines()[0]}",
            hint="It may be truncated: download it again.",
        ) from error
    columns = {r[0]: r[1] for r in described}
    relation = f"(SELECT * EXCLUDE (file_row_number), file_row_number AS {ROW} FROM "
    relation += f"read_parquet({quoted(str(path))}, file_row_number = true))"
    return Source(name, columns, row[0], text=False, relation=relation)


def staged_text(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    unit: str = "row",
) -> Source:
    """Rows of text, in batches, as a Source."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(n, pa.string()) for n in header])
    target = folder / f"{uuid.uuid4().hex}.parquet"
    with pq.ParquetWriter(target, schema) as writer:
        waiting = iter(rows)
        while batch := list(itertools.islice(waiting, _BATCH)):
            writer.write_table(_text_table(batch, schema))
    return replace(parquet_source(connection, target, name), text=True, unit=unit)


def _text_table(rows: list[Sequence[str | None]], schema: Any) -> Any:
    import pyarrow as pa

    return pa.table([pa.array([r[i] for r in rows], pa.string()) for i in range(len(schema))], schema=schema)


def natural_types(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], names: Sequence[str]
) -> dict[str, str]:
    """The narrowest of BIGINT, DOUBLE, VARCHAR that holds every cell of each column; typed columns keep their type."""
    found: dict[str, str] = {}
    for name in names:
        having = [s for s in sources if name in s.columns]
        typed = {s.columns[name] for s in having if not s.text}
        if typed:
            one = typed.pop() if len(typed) == 1 and not any(s.text for s in having) else "VARCHAR"
            found[name] = "VARCHAR" if "[" in one or one.startswith(("STRUCT", "MAP", "UNION")) else one
    texts = [n for n in names if n not in found]
    for source in sources:
        asked = [n for n in texts if n in source.columns and found.get(n) != "VARCHAR"]
        if not asked:
            continue
        cells = [f"nullif({identifier(n)}, '')" for n in asked]
        tests = ", ".join(
            f"bool_and(regexp_full_match({c}, '{_INTEGER}') AND TRY_CAST({c} AS BIGINT) IS NOT NULL) FILTER ({c} IS "
            f"NOT NULL), bool_and(TRY_CAST({c} AS DOUBLE) IS NOT NULL) FILTER ({c} IS NOT NULL)"
            for c in cells
        )
        row: Any = connection.execute(f"SELECT {tests} FROM {source.relation}").fetchall()[0]
        for i, n in enumerate(asked):
            whole, number = row[2 * i], row[2 * i + 1]
            if whole is None:  # a column of nulls says nothing
                continue
            mine = "BIGINT" if whole else "DOUBLE" if number else "VARCHAR"
            found[n] = max(mine, found.get(n, "BIGINT"), key=_BY_WIDTH.index)
    return {n: found.get(n, "VARCHAR") for n in names}
