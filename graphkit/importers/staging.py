"""Reads a table of any format into a Source: CSV, TSV (``.gz`` too), Parquet, Feather, xls and xlsx.

The content decides what a file is, not the ending of its name. Rows of text that cannot be cut into cells (too few, too
many, a broken quote, not UTF-8) are counted in the ledger; an empty cell is null.
"""

from __future__ import annotations

import csv
import gzip
import io
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import DamagedFileError, ImportDataError
from graphkit.importers.report import Ledger
from graphkit.importers.sources import Source, parquet_source, staged_text
from graphkit.progress import Progress
from graphkit.statement import run_statement
from graphkit.tables import quoted

if TYPE_CHECKING:
    import duckdb

__all__ = ["stage"]

_SNIFFED = 1 << 20
_DELIMITERS = ",\t;|"


def stage(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    folder: Path,
    ledger: Ledger,
    *,
    sheet: str | None = None,
    headerless: Sequence[str] = (),
    progress: Progress,
) -> Source:
    """The table in ``path`` as a Source; what has to be rewritten goes below ``folder``.

    ``headerless`` names the columns of text without a header: as many as that in the first line, which begins with a
    number.

    Raises:
        ImportDataError: not a table of a known format, damaged, or (in mode ``fail``) a row that cannot be cut.
    """
    start = _beginning(path)
    if start.startswith(b"PAR1"):
        return parquet_source(connection, path, path.name)
    if start.startswith((b"ARROW1", b"FEA1")):
        return parquet_source(connection, _feather(path, folder), path.name)
    if start.startswith((b"\xd0\xcf\x11\xe0", b"PK\x03\x04")):
        from graphkit.importers.spreadsheet import spreadsheet_rows

        return _spreadsheet(spreadsheet_rows(path, sheet, ledger), connection, path, folder)
    if sheet is not None:
        raise ImportDataError(
            f"{path.name!r} is not a spreadsheet, so it has no sheet {sheet!r}.", hint="Leave --sheet out."
        )
    return _delimited(connection, path, start, folder, ledger, headerless, progress)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        start = file.read(_SNIFFED)
    if start.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as packed:
                start = packed.read(_SNIFFED)
        except (OSError, EOFError) as error:
            raise ImportDataError(
                f"{path.name!r} is a damaged gzip file ({error}).", hint="Download it again."
            ) from error
        if not start:
            raise ImportDataError(f"{path.name!r} is empty once unpacked.", hint="Download it again.")
        if start.startswith((b"PAR1", b"ARROW1", b"FEA1", b"\xd0\xcf\x11\xe0", b"PK\x03\x04")):
            raise ImportDataError(f"{path.name!r} is a packed binary table.", hint=f"Unpack it first: gunzip {path}")
    return start


def _feather(path: Path, folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        if file.read(4) == b"FEA1":
            raise ImportDataError(
                f"{path.name!r} is a Feather file of version 1, which Arrow no longer reads.",
                hint="Write it again with pyarrow.feather.write_feather (version 2), or as Parquet.",
            )
    target = folder / f"{uuid.uuid4().hex}.parquet"
    try:
        with (
            pa.memory_map(str(path)) as mapped,
            pa.ipc.open_file(mapped) as reader,
            pq.ParquetWriter(target, reader.schema) as writer,
        ):
            for i in range(reader.num_record_batches):
                writer.write_batch(reader.get_batch(i))
    except pa.ArrowException as error:
        raise ImportDataError(
            f"{path.name!r} begins like a Feather file but cannot be read: {error}", hint="Download it again."
        ) from error
    return target


def _spreadsheet(rows: Any, connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> Source:
    header, repeated = _header([str(c) if c is not None else "" for c in next(rows, [])], path.name)
    source = staged_text(
        connection, folder, path.name, header, ((row + [None] * len(header))[: len(header)] for row in rows)
    )
    return replace(source, first_line=2, repeated=repeated)


# -- delimited text -------------------------------------------------------------------------------------------------


def _delimited(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    start: bytes,
    folder: Path,
    ledger: Ledger,
    headerless: Sequence[str],
    progress: Progress,
) -> Source:
    text = _decoded(start, path)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    first = next(reader, [])
    skipped = reader.line_num
    if headerless and len(first) == len(headerless) and first[0].strip().isdigit():
        first, skipped = list(headerless), 0
    header, repeated = _header(first, path.name)
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in header)
    target = folder / f"{uuid.uuid4().hex}.parquet"
    read = (
        f"read_csv({quoted(str(path))}, auto_detect = false, header = false, skip = {skipped}, "
        f"delim = {quoted(delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}}, "
        f"compression = {quoted('gzip' if _is_gzip(path) else 'none')}, max_line_size = 16777216, "
        "store_rejects = true, rejects_table = 'rejects', rejects_scan = 'reject_scans', rejects_limit = 0)"
    )
    connection.execute("DROP TABLE IF EXISTS rejects; DROP TABLE IF EXISTS reject_scans")
    try:
        run_statement(
            connection,
            f"COPY (FROM {read}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION lz4)",
            lambda fraction: progress(f"reading {path.name}", fraction),
        )
    except DamagedFileError as error:
        raise ImportDataError(
            f"{path.name!r} cannot be read as a table: {error.message.split(': ', 1)[-1]}",
            hint="It may be truncated, or not be the table it is named after.",
        ) from error
    rejected = _count_rejects(connection, path.name, ledger)
    source = parquet_source(connection, target, path.name)
    ledger_line = skipped + 1
    return replace(source, text=True, first_line=ledger_line, unit="line", repeated=repeated, rejected=rejected)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _decoded(start: bytes, path: Path) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportDataError(
            f"{path.name!r} is UTF-16 text; tables are read as UTF-8.",
            hint=f"iconv -f UTF-16 -t UTF-8 {path} > new.csv",
        )
    if b"\x00" in start[:65536]:
        raise ImportDataError(
            f"{path.name!r} is a binary file of an unknown format; expected CSV, TSV (.gz), Parquet, Feather, xls or "
            "xlsx."
        )
    if start.lstrip()[:1] in (b"{", b"["):
        raise ImportDataError(
            f"{path.name!r} is JSON, not a table.", hint="`graphkit import neuprint` reads neuPrint's JSON."
        )
    if start.lstrip()[:5].lower() in (b"<?xml", b"<html", b"<!doc", b"<grap"):
        raise ImportDataError(
            f"{path.name!r} is XML or a web page, not a table.",
            hint="`graphkit import graphml` reads GraphML; a web page in place of a table may mean a missing login.",
        )
    return start.decode("utf-8-sig", errors="replace")


def _delimiter(text: str) -> str:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    return max(_DELIMITERS, key=lambda d: (first.count(d), -_DELIMITERS.index(d)))


def _header(cells: Sequence[str], name: str) -> tuple[list[str], tuple[str, ...]]:
    """Column names: trimmed, unnamed ones numbered, repeated ones told apart by a number (and reported)."""
    if not any(c.strip() for c in cells):
        raise ImportDataError(
            f"The first line of {name!r} is blank; it must name the columns.", hint="Add a header line."
        )
    header: list[str] = []
    taken: set[str] = set()
    repeated: list[str] = []
    for i, cell in enumerate(cells, start=1):
        wanted = " ".join(cell.split()) or f"column_{i}"
        chosen, n = wanted, 1
        while chosen.casefold() in taken:  # DuckDB does not tell X from x
            n += 1
            chosen = f"{wanted}_{n}"
        if n > 1:
            repeated.append(wanted)
        taken.add(chosen.casefold())
        header.append(chosen)
    return header, tuple(repeated)


def _count_rejects(connection: duckdb.DuckDBPyConnection, name: str, ledger: Ledger) -> tuple[int, ...]:
    found = connection.execute(
        """SELECT line, any_value(error_type)::VARCHAR, any_value(csv_line), any_value(error_message)
           FROM rejects GROUP BY line ORDER BY line"""
    ).fetchall()
    if not found:
        return ()
    ledger.rows_read += len(found)
    for kind in dict.fromkeys(f[1] for f in found):
        rows = [f for f in found if f[1] == kind]
        reason = f"{_REJECTS.get(kind, kind.lower())}, in {name}"
        examples = [f"{name}, line {r[0]:,}: {_REJECTS.get(kind, r[3])}: {_shown(r[2])}" for r in rows[:3]]
        ledger.fault(reason, len(rows), examples, hint="Mend the line, or write the table again as CSV.")
    return tuple(f[0] for f in found)


_REJECTS = {
    "MISSING COLUMNS": "fewer cells than the header has columns",
    "TOO MANY COLUMNS": "more cells than the header has columns",
    "UNQUOTED VALUE": "a quotation mark that is not closed, or followed by other text",
    "INVALID ENCODING": "not UTF-8 text",
    "LINE SIZE OVER MAXIMUM": "longer than 16 MB",
}


def _shown(text: str | None) -> str:
    cut = " ".join((text or "").split())
    return repr(cut if len(cut) <= 80 else cut[:77] + "...")
