"""Answers as text and files: table, csv, tsv, json, ndjson, markdown, parquet, arrow.

A table on a terminal is set with rules, thousands separators and at most as many rows as fit a reader; anywhere else it is
plain: aligned columns, every row, digits only.
"""

from __future__ import annotations

import io
import json
import os
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from graphkit.errors import GraphkitError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.query.result import Result

__all__ = ["FORMATS", "Format", "format_of", "write_result"]

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
_TERMINAL_ROWS = 60


def format_of(path: Path | None, given: str | None) -> str:
    """The format to write: the one given, else by the file's suffix, else a table.

    Raises:
        GraphkitError: an unknown format or suffix.
    """
    if given is not None:
        if given not in FORMATS:
            raise GraphkitError(
                f"There is no format {given!r}.", hint=did_you_mean(given, FORMATS) or f"There are {', '.join(FORMATS)}."
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


def write_result(result: Result, form: str, path: Path | None = None) -> None:
    """Writes an answer to a file (whole or not at all) or to stdout.

    Raises:
        GraphkitError: the file cannot be written, or stdout is a terminal and the format binary.
    """
    if path is None:
        if form in _BINARY and sys.stdout.isatty():
            raise GraphkitError(f"{form} is binary and not for a terminal.", hint="Write it to a file with -o FILE, or pipe it.")
        if form == "table" and sys.stdout.isatty():
            _print_table(result)
            return
        _write(result, form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            _write(result, form, file)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise GraphkitError(
            f"Cannot write {str(path)!r}: {os.strerror(error.errno) if error.errno else error}.",
            hint="Choose another file with -o, in a folder that exists and has space.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _write(result: Result, form: str, out: IO[bytes]) -> None:
    table = result.table
    match form:
        case "parquet":
            import pyarrow.parquet as pq

            pq.write_table(_annotated(result), out, compression="zstd")
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

            options = pv.WriteOptions(delimiter="," if form == "csv" else "\t", quoting_style="needed")
            pv.write_csv(_flat(table), out, options)
        case "markdown":
            _write_lines(_markdown(result), out)
        case _:
            _write_lines(_plain(result), out)


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


def _flat(table: pa.Table) -> pa.Table:
    """Nested columns as JSON text, for formats that have none."""
    import pyarrow as pa

    for i, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            values = [None if v is None else json.dumps(v, default=str) for v in table.column(i).to_pylist()]
            table = table.set_column(i, field.name, pa.array(values, pa.string()))
    return table


def _text(value: Any, *, share: bool = False) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}" if share else f"{value:.6g}"
    return str(value)


def _cells(result: Result) -> tuple[list[list[str]], list[bool]]:
    """Text of every cell by column, and which columns are numbers."""
    import pyarrow as pa

    columns, numeric = [], []
    for name, column in zip(result.columns, result.table.columns, strict=True):
        kind = column.type
        numeric.append(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
        columns.append([_text(v, share=name == "share") for v in column.to_pylist()])
    return columns, numeric


def _plain(result: Result) -> Iterable[str]:
    columns, numeric = _cells(result)
    widths = [max([len(n), *map(len, c)]) for n, c in zip(result.columns, columns, strict=True)]

    def line(cells: Iterable[str]) -> str:
        parts = (c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numeric, strict=True))
        return "  ".join(parts).rstrip()

    yield line(result.columns)
    for row in zip(*columns, strict=True):
        yield line(row)


def _markdown(result: Result) -> Iterable[str]:
    columns, numeric = _cells(result)

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    yield line(result.columns)
    yield "|" + "|".join("---:" if n else "---" for n in numeric) + "|"
    for row in zip(*columns, strict=True):
        yield line(row)


def _print_table(result: Result) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    shown = result.table.slice(0, _TERMINAL_ROWS)
    filled = [n for n in result.columns if len(shown) == 0 or shown[n].null_count < len(shown)]
    empty = [n for n in result.columns if n not in filled]
    table = Table(box=box.SIMPLE_HEAD, header_style="bold cyan", pad_edge=False)
    import pyarrow as pa

    for name in filled:
        kind = shown[name].type
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
    columns = [[_pretty(name, v) for v in shown[name].to_pylist()] for name in filled]
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    console.print(table)
    if len(result) > _TERMINAL_ROWS:
        more = len(result) - _TERMINAL_ROWS
        print(f"... and {more:,} more rows: all of them with -o FILE or through a pipe.", file=sys.stderr)
    if empty:
        print(f"(without a value here: {', '.join(empty)})", file=sys.stderr)


def _pretty(name: str, value: Any) -> str:
    from rich.markup import escape

    if isinstance(value, int) and not isinstance(value, bool) and not name.endswith("_id"):
        return f"{value:,}"
    if isinstance(value, float) and name == "share":
        return f"{100 * value:.1f} %"
    return escape(_text(value))
