"""Adjacency matrices as rows of pairs: a row a presynaptic neuron, a column a postsynaptic one, empty or 0 for none.

Every cell that says something is a row of the books; what is neither a whole number nor nothing is a fault, with its
line and column.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphkit.errors import ImportDataError
from graphkit.importers.report import Ledger, listed

__all__ = ["Matrix", "csv_rows", "read_matrix"]

_NOTHING = frozenset({"", "0", "0.0", None})
_MOST = 2**53


@dataclass(frozen=True, slots=True)
class Matrix:
    """The cells above 0 of a matrix.

    Attributes:
        rows, columns: what the rows and the columns are named, in the file's order.
        cells: (row's name, column's name, value).
    """

    rows: list[str]
    columns: list[str]
    cells: list[tuple[str, str, int]]


def csv_rows(path: Path) -> Iterator[list[str | None]]:
    """The rows of a comma-separated file, gzipped or not.

    Raises:
        ImportDataError: damaged, or not text.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig", newline="")
            if packed
            else path.open(encoding="utf-8-sig", newline="") as text
        ):
            yield from csv.reader(text)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ImportDataError(
            f"{path.name!r} cannot be read as a table: {error}.",
            hint="It may be truncated, or not be the table it is named after: download it again.",
        ) from error


def read_matrix(
    rows: Iterable[Sequence[str | None]], name: str, ledger: Ledger, *, first_column: int = 1, first_line: int = 1
) -> Matrix:
    """The matrix whose first row names the columns, from ``first_column`` on; the cell before that names a row.

    Rows and columns without a name are not part of it (sums, labels repeated at the edge).

    Raises:
        ImportDataError: no names, a name twice, or (in mode ``fail``) a cell that is no count.
    """
    lines = iter(rows)
    header = next(lines, [])
    columns = {i: text.strip() for i, text in enumerate(header) if i >= first_column and text and text.strip()}
    if len(columns) < 2:
        raise ImportDataError(
            f"{name!r} is no adjacency matrix: its first line names {len(columns)} columns.",
            hint="Expected a line of neurons, then a line for each neuron that begins with its name.",
        )
    _refuse_twice(list(columns.values()), name, "columns")
    names: list[str] = []
    cells: list[tuple[str, str, int]] = []
    for line, row in enumerate(lines, start=first_line + 1):
        pre = (row[first_column - 1] or "").strip() if len(row) >= first_column else ""
        if not pre:
            continue
        names.append(pre)
        if len(row) < max(columns) + 1:
            missing = sum(i >= len(row) for i in columns)
            ledger.rows_read += 1
            ledger.fault(
                f"a line that is too short, in {name}",
                1,
                [f"{name}, line {line:,} ({pre}): {missing:,} cells are missing."],
            )
        for i in [i for i, text in enumerate(row) if text not in _NOTHING and i in columns]:
            ledger.rows_read += 1
            text = row[i]
            value = _count(text or "")
            if value is None:
                where = f"{name}, line {line:,} ({pre}), column {columns[i]!r}"
                ledger.fault(f"a cell that is no count, in {name}", 1, [f"{where}: {text!r} is no count of synapses."])
            elif value:
                cells.append((pre, columns[i], value))
            else:
                ledger.rows_read -= 1
    _refuse_twice(names, name, "lines")
    return Matrix(names, list(columns.values()), cells)


def _count(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if 0 <= number < _MOST and number.is_integer() else None


def _refuse_twice(names: list[str], name: str, what: str) -> None:
    twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise ImportDataError(f"{name!r} has several {what} named {listed(twice, 5)}; each neuron has one.")
