"""Cells of a source column as typed values, in SQL, with the reason where a cell cannot be read.

Ids are read from digits only: an id that has been through a float (7.205759406210391e+17) has lost its last digits,
and a neuron that does not exist would take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import ImportDataError
from graphkit.importers.report import Ledger
from graphkit.importers.sources import ROW, Source, identifier
from graphkit.progress import Progress
from graphkit.statement import run_statement
from graphkit.tables import parquet_sql, quoted

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "Cell",
    "count_cell",
    "find_faults",
    "id_cell",
    "number_cell",
    "position_cell",
    "region_cell",
    "text_cell",
    "write_rows",
]

_NOTHING = "('', 'na', 'nan', 'none', 'null', '<na>')"
_INT32 = 2**31


@dataclass(frozen=True, slots=True)
class Cell:
    """One output column: its value in SQL, null where a cell is empty or refused, and the reason (null if not refused).

    ``value`` may name the expression ``cast`` by the alias ``_t(target)``, and ``fault`` the value by ``_v(target)``
    too: each is worked out once a row, and what only a fault needs is worked out for faulty rows.
    """

    target: str
    value: str
    fault: str = "NULL"
    column: str = ""
    hint: str | None = None
    cast: str | None = None

    @property
    def sql(self) -> str:
        """The value as one expression on the source's columns."""
        return self.value if self.cast is None else self.value.replace(_t(self.target), f"({self.cast})")


def _t(target: str) -> str:
    return identifier(f"graphkit_cast_of_{target}")


def _v(target: str) -> str:
    return identifier(f"graphkit_value_of_{target}")


def _relation(source: Source, cells: Sequence[Cell]) -> str:
    """The source with the cells' casts and values beside its columns."""
    casts = "".join(f", {c.cast} AS {_t(c.target)}" for c in cells if c.cast is not None)
    values = "".join(f", {c.value} AS {_v(c.target)}" for c in cells)
    return f"(SELECT *{values} FROM (SELECT *{casts} FROM {source.relation}))"


def _text(source: Source, column: str) -> str:
    """The trimmed text of a cell, null where it says nothing."""
    cell = f"trim(CAST({identifier(column)} AS VARCHAR), ' \t\r\n')"
    return f"CASE WHEN lower({cell}) NOT IN {_NOTHING} THEN {cell} END"


def text_cell(source: Source, column: str, target: str, *, keep_na: bool = False) -> Cell:
    """Trimmed text; ``keep_na`` keeps words such as NA (a name can be one)."""
    if keep_na:
        return Cell(target, f"nullif(trim(CAST({identifier(column)} AS VARCHAR), ' \t\r\n'), '')", column=column)
    return Cell(target, _text(source, column), column=column)


def region_cell(source: Source, column: str, target: str) -> Cell:
    """A region's name; the word None stays: it says "in no region", which is more than nothing."""
    name = text_cell(source, column, target, keep_na=True).value
    return Cell(target, f"CASE WHEN lower({name}) NOT IN ('na', 'nan', 'null', '<na>') THEN {name} END", column=column)


def id_cell(source: Source, column: str, target: str, *, required: bool, unassigned: int | None = None) -> Cell:
    """An int64 id from 0 to 2^63 - 1; ``unassigned`` is the id that means none.

    Raises:
        ImportDataError: the whole column holds floating-point numbers.
    """
    kind = source.columns[column]
    hint = "Read the ids as 64-bit integers or as text at the source, not through a float or a spreadsheet."
    if kind in ("DOUBLE", "FLOAT") or (kind.startswith("DECIMAL") and not kind.endswith(",0)")):
        raise ImportDataError(
            f"Column {column!r} of {source.name} holds ids as floating-point numbers ({kind}); "
            "ids above 2^53 lose their last digits that way.",
            hint=hint,
        )
    missing = "$$is missing$$" if required else "NULL"
    raw, number, text = identifier(column), _t(target), _text(source, column)
    if source.text or kind == "VARCHAR":
        digits = f"regexp_full_match({text}, '[0-9]+')"
        # DuckDB casts 1.6 to 2: what does not read the same again has to be digits (and spaces) only
        value = f"CASE WHEN CAST({number} AS VARCHAR) = {raw} AND {number} >= 0 OR {digits} THEN {number} END"
        refused = (
            f"CASE WHEN {text} IS NULL THEN {missing} WHEN {digits} THEN $$is not below 2^63$$ "
            f"WHEN regexp_full_match({text}, '-[0-9]+') THEN $$is negative; expected an id from 0 to 2^63 - 1$$ "
            f"WHEN TRY_CAST({text} AS DOUBLE) IS NOT NULL THEN $$is a floating-point number; "
            "an id that has been through a float may have lost its last digits$$ "
            "ELSE $$is not a whole number; expected an id$$ END"
        )
    else:
        value = f"CASE WHEN {number} >= 0 THEN {number} END"
        refused = (
            f"CASE WHEN {raw} IS NULL THEN {missing} "
            f"WHEN {raw} < 0 THEN $$is negative; expected an id from 0 to 2^63 - 1$$ ELSE $$is not below 2^63$$ END"
        )
    fault = f"CASE WHEN {_v(target)} IS NULL THEN {refused} END"
    if unassigned is not None:
        fault = f"CASE WHEN {_v(target)} IS NULL AND ({value}) IS NULL THEN {refused} END"
        value = f"nullif({value}, {int(unassigned)})"
    return Cell(target, value, fault, column, hint, f"TRY_CAST({raw} AS BIGINT)")


def count_cell(source: Source, column: str, target: str, *, least: int, required: bool) -> Cell:
    """A whole number of at least ``least``; 6.0 is 6."""
    number = _t(target)
    value = f"CASE WHEN {number} >= {least} AND {number} < 9007199254740992 AND {number} = floor({number}) "
    value += f"THEN CAST({number} AS BIGINT) END"
    raw = identifier(column)
    nothing = f"trim(CAST({raw} AS VARCHAR)) = '' OR lower(trim(CAST({raw} AS VARCHAR))) IN {_NOTHING}"
    fault = (
        f"CASE WHEN {_v(target)} IS NOT NULL THEN NULL WHEN {raw} IS NULL OR {nothing} THEN "
        f"{'$$is missing$$' if required else 'NULL'} "
        f"WHEN {number} IS NULL THEN $$is not a number$$ WHEN {number} < {least} THEN $$is below {least}$$ "
        f"WHEN isfinite({number}) AND {number} < 9007199254740992 THEN $$is not a whole number$$ "
        "ELSE $$is too large a count$$ END"
    )
    return Cell(target, value, fault, column, None, f"TRY_CAST({raw} AS DOUBLE)")


def number_cell(source: Source, column: str, target: str, kind: str) -> Cell:
    """A number of SQL type ``kind``."""
    raw, text = identifier(column), _text(source, column)
    value = f"nullif(TRY_CAST({raw} AS {kind}), 'nan')" if kind in ("FLOAT", "DOUBLE") else f"TRY_CAST({raw} AS {kind})"
    fault = f"CASE WHEN {_v(target)} IS NULL AND {text} IS NOT NULL THEN $$is not a number ({kind.lower()})$$ END"
    return Cell(target, value, fault, column)


def position_cell(source: Source, column: str, target: str, unit_nm: float, part: int | None = None) -> Cell:
    """A coordinate in whole nanometres; ``part`` (1 to 3) takes it out of a position such as ``[10 20 30]``."""
    raw, number, text = identifier(column), _t(target), _text(source, column)
    numbers = f"regexp_extract_all({raw}::VARCHAR, '[-+]?[0-9]*\\.?[0-9]+(?:[eE][-+]?[0-9]+)?')"
    nm = f"round({number} * {float(unit_nm)!r})"
    value = f"CASE WHEN {nm} >= -{_INT32} AND {nm} < {_INT32} THEN CAST({nm} AS INTEGER) END"
    whole = "true" if part is None else f"len({numbers}) = 3"
    fault = (
        f"CASE WHEN {_v(target)} IS NOT NULL OR {text} IS NULL THEN NULL "
        f"WHEN NOT ({whole}) THEN $$is not a position; expected three numbers$$ "
        f"WHEN {number} IS NULL OR isnan({number}) THEN $$is not a number$$ "
        f"ELSE $$is beyond 2.1 metres once in nanometres (times {unit_nm:g})$$ END"
    )
    given = f"TRY_CAST({raw} AS DOUBLE)"
    if part is not None:
        given = f"CASE WHEN {whole} THEN TRY_CAST({numbers}[{part}] AS DOUBLE) END"
    hint = "Check the unit: nanometres a unit are given like --position-unit-nm 4,4,40."
    return Cell(target, value, fault, column, hint, given)


def find_faults(connection: duckdb.DuckDBPyConnection, source: Source, cells: Sequence[Cell], ledger: Ledger) -> int:
    """Rows of ``source`` with a cell that cannot be read (each row once, by its first such cell); reports them."""
    checked = [c for c in cells if c.fault != "NULL"]
    if not checked:
        return 0
    whens = " ".join(f"WHEN ({c.fault}) IS NOT NULL THEN {i}" for i, c in enumerate(checked))
    first = f"CASE {whens} ELSE -1 END"
    relation = _relation(source, checked)
    counted = connection.execute(
        f"SELECT i, count(*), min({ROW}) FROM (SELECT {first} AS i, {ROW} FROM {relation}) "
        f"WHERE i >= 0 GROUP BY i ORDER BY min({ROW})"
    ).fetchall()
    for i, _, _ in counted:
        cell = checked[i]
        rows = connection.execute(
            f"SELECT reason, count(*), min({ROW}), arg_min(v, {ROW}, 3), min({ROW}, 3) FROM ("
            f"SELECT {cell.fault} AS reason, coalesce(CAST({identifier(cell.column)} AS VARCHAR), '') AS v, {ROW} "
            f"FROM {relation} WHERE ({first}) = {i}) GROUP BY reason ORDER BY min({ROW})"
        ).fetchall()
        for reason, n, _, values, numbers in rows:
            examples = [
                f"{source.place(row)}, column {cell.column!r}: {_quoted(value)} {reason}."
                for value, row in zip(values, numbers, strict=True)
            ]
            ledger.fault(f"{cell.column} {reason}, in {source.name}", n, examples, hint=cell.hint)
    return sum(n for _, n, _ in counted)


def _quoted(value: Any) -> str:
    return "the value" if value is None or not str(value).strip() else repr(str(value)[:80])


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    cells: Sequence[Cell],
    target: Path,
    ledger: Ledger,
    progress: Progress,
) -> int:
    """Writes the readable rows of ``source`` to the Parquet file ``target``; returns how many there are."""
    ledger.rows_read += source.rows
    values = ", ".join(f"{_v(c.target)} AS {identifier(c.target)}" for c in cells)
    relation = _relation(source, cells)

    def copy(where: str) -> None:
        run_statement(
            connection,
            f"COPY (SELECT {values} FROM {relation}{where}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION "
            "zstd)",
            lambda fraction: progress(f"checking {source.name}", fraction),
        )

    copy("")
    suspects = _with_nulls(connection, target, [c for c in cells if c.fault != "NULL"])
    bad = find_faults(connection, source, suspects, ledger)
    if bad:
        copy(f" WHERE {' AND '.join(f'({c.fault}) IS NULL' for c in suspects)}")
    return source.rows - bad


def _with_nulls(connection: duckdb.DuckDBPyConnection, path: Path, cells: Sequence[Cell]) -> list[Cell]:
    """The cells without a value in some row. Only there can a fault be; to look for its reason costs more than all
    else."""
    if not cells:
        return []
    counts = ", ".join(f"count(*) - count({identifier(c.target)})" for c in cells)
    row: Any = connection.execute(f"SELECT {counts} FROM {parquet_sql([str(path)])}").fetchall()[0]
    return [c for c, nulls in zip(cells, row, strict=True) if nulls]
