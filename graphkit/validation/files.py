"""Files: each one there, whole, the one that was written, Parquet, with the rows and columns that it should have."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graphkit.schema import TABLES
from graphkit.snapshot import DataFile
from graphkit.validation.findings import Findings

__all__ = ["check_files"]

_BLOCK_BYTES = 1 << 22


def check_files(found: Findings) -> None:
    """Checks every file of the snapshot, and finds out which columns of which tables the other checks can read."""
    tables = found.dataset.snapshot.tables
    total = sum(t.bytes for t in tables.values()) or 1
    done = 0
    for table, entry in tables.items():
        schemas = []
        for file in entry.files:
            schemas.append(_check_file(found, table, file, partial(_report, found, total, done)))
            done += file.bytes
        if table not in TABLES:
            found.add(
                table,
                "",
                "table-name",
                entry.rows,
                table,
                f"The snapshot lists a table {table!r} that the format does not have.",
            )
        elif any(s is None for s in schemas):
            found.skipped.append(f"{table}: contents (a file cannot be read)")
        else:
            _check_columns(found, table, [s for s in schemas if s is not None])
        found.checked.append(f"{table}: {len(entry.files)} file(s), size, SHA-256, Parquet, rows, columns")
    _report(found, total, total, 0)


def _report(found: Findings, total: int, before: int, read: int) -> None:
    found.progress("reading files", min((before + read) / total, 1.0))


def _check_file(found: Findings, table: str, file: DataFile, report: Callable[[int], None]) -> pa.Schema | None:
    """The file's schema, or None where it cannot be read as Parquet."""

    def problem(rule: str, what: str) -> None:
        found.add(table, "", rule, file.rows, file.path, f"{file.path} {what}")

    storage = found.dataset.storage
    try:
        size = storage.size(file.path)
    except FileNotFoundError:
        problem("file-missing", "is missing from the dataset.")
        return None
    if size != file.bytes:
        problem("file-size", f"has {size:,} bytes, {file.bytes:,} were written: it is truncated or was replaced.")
    digest = hashlib.sha256()
    read = 0
    try:
        with storage.open(file.path) as handle:
            while block := handle.read(_BLOCK_BYTES):
                digest.update(block)
                read += len(block)
                report(read)
    except OSError as error:
        problem("file-unreadable", f"cannot be read: {error.strerror or error}.")
        return None
    if digest.hexdigest() != file.sha256:
        problem("file-digest", "is not the file that was written: its SHA-256 differs.")
    try:
        with storage.open(file.path) as handle:
            metadata = pq.read_metadata(handle)
            schema = metadata.schema.to_arrow_schema()
    except (pa.ArrowException, OSError) as error:
        problem("file-format", f"is not a readable Parquet file ({str(error).splitlines()[0]})")
        return None
    if metadata.num_rows != file.rows:
        problem("row-count", f"has {metadata.num_rows:,} rows, the snapshot says {file.rows:,}.")
    return schema


def _check_columns(found: Findings, table: str, schemas: list[pa.Schema]) -> None:
    spec, entry = TABLES[table], found.dataset.snapshot.tables[table]
    usable = set(entry.columns) | set(spec.schema.names)
    for file, schema in zip(entry.files, schemas, strict=True):
        if tuple(schema.names) != entry.columns:
            differ = sorted(set(schema.names) ^ set(entry.columns))
            example = ", ".join(differ) or "their order"
            message = f"The columns of {file.path} are not those that the snapshot lists: {example} differ."
            found.add(table, "", "manifest-columns", file.rows, example, message)
        for field in spec.schema:
            if field.name not in schema.names:
                usable.discard(field.name)
                if found.built or field.name in spec.key:
                    message = f"{file.path} lacks the column {field.name!r} ({field.type})."
                    found.add(table, field.name, "column-missing", file.rows, file.path, message)
            elif (stored := schema.field(field.name).type) != field.type:
                message = f"Column {field.name!r} of {file.path} is {stored}, expected {field.type}."
                found.add(table, field.name, "type", file.rows, str(stored), message)
                if not _comparable(stored, field.type):
                    usable.discard(field.name)
        for own in (n for n in schema.names if n not in spec.schema.names):
            usable.intersection_update(schema.names)
            if not spec.extensible:
                message = f"{file.path} has a column {own!r} that the table {table!r} does not have."
                found.add(table, own, "column-unknown", file.rows, file.path, message)
    found.columns[table] = usable


def _comparable(stored: Any, expected: Any) -> bool:
    both = (stored, expected)
    return all(map(pa.types.is_integer, both)) or all(map(pa.types.is_floating, both))
