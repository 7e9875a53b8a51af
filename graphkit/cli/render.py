"""Answers as text and files: table, csv, tsv, json, ndjson, markdown, parquet, arrow.

A table on a terminal is set with rules, thousands separators and at most as many rows as fit a reader; anywhere else it is
plain: aligned columns, every row, digits only.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from graphkit.cli.render_plain import markdown_lines, plain_lines
from graphkit.errors import GraphkitError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.query.result import Result

__all__ = ["FORMATS", "Format", "check_place", "format_of", "write_result"]

Format = Literal["table", "csv", "tsv", "json", "ndjson", "parquet", "arrow", "markdown"]
FORMATS: tuple[str, ...] = ("table", "csv", "tsv", "json", "ndjson", "parquet", "arrow", "markdown")

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".md": "markdown",
    ".txt": "table",
}
_BINARY = ("parquet", "arrow")


def format_of(path: Path | None, given: str | None) -> str:
    """The format to write: the one given, else by the file's suffix, else a table.

    Raises:
        GraphkitError: an unknown format or suffix.
    """
    if given is not None:
        if given not in FORMATS:
            raise GraphkitError(
                f"There is no format {given!r}.",
                hint=did_you_mean(given, FORMATS) or f"There are {', '.join(FORMATS)}.",
            )
        return given
    if path is None:
        return "table"
    found = _SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise GraphkitError(
            f"The suffix of {str(path)!r} names no format.",
            hint=f"Use one of {', '.join(_SUFFIXES)}, or say --format {'|'.join(FORMATS)}.",
        )
    return found


def check_place(path: Path | None) -> None:
    """What can be known of a file to be written before there is anything to write: its folder has to be there.

    Raises:
        GraphkitError: no file can be written there.
    """
    if path is None or (path.exists() and not path.is_dir()):
        return
    folder = path.resolve().parent
    fault = errno.EISDIR if path.is_dir() else 0 if folder.is_dir() else errno.ENOENT
    if not fault and not os.access(folder, os.W_OK):
        fault = errno.EACCES
    if fault:
        raise GraphkitError(
            f"Cannot write {str(path)!r}: {os.strerror(fault)}.", hint="Choose another file, in a folder that exists."
        )


def write_result(result: Result, form: str, path: Path | None = None) -> None:
    """Writes an answer to a file (whole or not at all) or to stdout.

    Raises:
        GraphkitError: the file cannot be written, or stdout is a terminal and the format binary.
    """
    if path is None:
        if form in _BINARY and sys.stdout.isatty():
            raise GraphkitError(
                f"{form} is binary and not for a terminal.", hint="Write it to a file with -o FILE, or pipe it."
            )
        if form == "table" and sys.stdout.isatty():
            from graphkit.cli.render_terminal import print_table

            print_table(result)
            return
        _write(result, form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    try:
        if path.exists() and not path.is_file():
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            with path.open("wb") as file:  # a device or a pipe: nothing to replace
                _write(result, form, file)
            return
        path = path.resolve()  # of a link, what it points to
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            with temporary.open("wb") as file:
                _write(result, form, file)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise GraphkitError(
            f"Cannot write {str(path)!r}: {os.strerror(error.errno) if error.errno else error}.",
            hint="Choose another file with -o, in a folder that exists and has space.",
        ) from error


def _write(result: Result, form: str, out: IO[bytes]) -> None:
    table = result.table
    match form:
        case "parquet":
            import pyarrow.parquet as pq

            pq.write_table(_flat(_annotated(result), nested=True), out, compression="zstd")
        case "arrow":
            import pyarrow as pa

            with pa.ipc.new_file(out, _annotated(result).schema) as writer:
                writer.write_table(_annotated(result))
        case "json":
            out.write(result.to_json().encode() + b"\n")
        case "ndjson":
            from graphkit.query.result import json_text

            for row in result:
                out.write(json_text(row).encode() + b"\n")
        case "csv" | "tsv":
            import pyarrow.csv as pv

            delimiter = "," if form == "csv" else "\t"
            options = pv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="needed")
            _write_lines([_delimited(result.columns, delimiter)], out)  # pyarrow quotes the header whatever it is told
            pv.write_csv(_flat(table), out, options)
        case "markdown":
            _write_lines(markdown_lines(result), out)
        case _:
            _write_lines(plain_lines(result), out)


def _write_lines(lines: Iterable[str], out: IO[bytes]) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", write_through=False)
    try:
        text.writelines(f"{line}\n" for line in lines)
        text.flush()
    finally:
        text.detach()


def _annotated(result: Result) -> pa.Table:
    """The table, with the question and whether it is complete in the schema's metadata."""
    metadata = {"question": result.question, "dataset": result.dataset_name, "complete": str(result.complete).lower()}
    return result.table.replace_schema_metadata(metadata)


def _delimited(cells: Iterable[str], delimiter: str) -> str:
    special = (delimiter, '"', "\n", "\r")
    return delimiter.join('"' + c.replace('"', '""') + '"' if any(x in c for x in special) else c for c in cells)


def _flat(table: pa.Table, *, nested: bool = False) -> pa.Table:
    """Columns of types that the format lacks as text (nested ones as JSON), unless it takes ``nested`` ones."""
    import pyarrow as pa

    from graphkit.query.result import json_text

    types = pa.types
    for i, field in enumerate(table.schema):
        if types.is_nested(field.type) and not nested:
            start = len(json_text({field.name: None})) - len("null}")  # ids in a list are text, as in JSON
            values = [None if v is None else json_text({field.name: v})[start:-1] for v in table.column(i).to_pylist()]
        elif types.is_interval(field.type):
            values = [None if v is None else str(v) for v in table.column(i).to_pylist()]
        elif types.is_binary(field.type) and not nested:
            values = [None if v is None else v.hex() for v in table.column(i).to_pylist()]
        else:
            continue
        table = table.set_column(i, field.name, pa.array(values, pa.string()))
    return table
