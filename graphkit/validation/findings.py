"""What a check has to work with, and how it says what it found.

A check asks DuckDB for the rows that break a rule. On a sound dataset it costs one pass; the example is fetched only
where there is something to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from graphkit.dataset import Dataset
from graphkit.errors import DamagedFileError
from graphkit.progress import Progress
from graphkit.statement import plain_error
from graphkit.tables import quoted

if TYPE_CHECKING:
    import duckdb

__all__ = ["PART_ROWS", "Findings", "Problem", "name", "shown"]

PART_ROWS = 12_000_000
"""Rows grouped at a time: their groups fit in well under a gigabyte."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule of one column (or of a table, where ``column`` is empty).

    Attributes:
        rule: short name of the rule, as docs/dataset-format.md lists them.
        rows: how many rows break it (for a file: how many rows it should hold).
        example: one of them, by its key or value; always the same one.
        message: the whole in one sentence.
    """

    table: str
    column: str
    rule: str
    rows: int
    example: str
    message: str


@dataclass
class Findings:
    """The connection, which columns of which tables can be read, and what was found so far."""

    dataset: Dataset
    connection: duckdb.DuckDBPyConnection
    progress: Progress
    columns: dict[str, set[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, table: str, column: str, rule: str, rows: int, example: str, message: str) -> None:
        self.problems.append(Problem(table, column, rule, rows, example, message))

    @property
    def built(self) -> bool:
        """Whether the graph was built: only then are tables sorted and derived ones there."""
        return self.dataset.snapshot.build is not None

    def can(self, table: str, *columns: str) -> bool:
        """Whether these columns of ``table`` are there and of a type that can be compared."""
        return table in self.columns and self.columns[table].issuperset(columns)

    def rows_of(self, table: str) -> int:
        """Rows of ``table`` as the snapshot says."""
        entry = self.dataset.snapshot.tables.get(table)
        return entry.rows if entry else 0

    def source(self, table: str) -> str:
        """SQL that reads ``table``, its files in order."""
        entry = self.dataset.snapshot.tables[table]
        paths = ", ".join(quoted(self.dataset.storage.duckdb_path(f.path)) for f in entry.files)
        return f"read_parquet([{paths}], union_by_name = true)"  # files of one table may differ where they are damaged

    def attempt(self, what: str, check: Callable[[], None]) -> None:
        """Runs a check; where a damaged file stops it, it is noted as skipped and the others go on."""
        import duckdb

        try:
            check()
        except duckdb.Error as error:
            plain = plain_error(error)
            if not isinstance(plain, DamagedFileError):
                raise plain from error
            self.skipped.append(f"{what}: {plain.message}")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return rows

    def one(self, sql: str) -> tuple[Any, ...]:
        return self.ask(sql)[0]

    def offenders(
        self,
        table: str,
        column: str,
        rule: str,
        query: str,
        message: str,
        *,
        shown: str | None = None,
        rows: str = "count(*)",
    ) -> None:
        """Reports the rows of ``query`` (``FROM ... WHERE ...``), if any.

        ``message`` may use {rows} and {example}; ``shown`` is SQL for the example, ``rows`` for their number.
        """
        (number,) = self.one(f"SELECT coalesce({rows}, 0) {query}")
        if number:
            (example,) = self.one(f"SELECT min({shown or 'NULL'}) {query}")
            text = "" if example is None else str(example)
            self.add(table, column, rule, int(number), text, message.format(rows=f"{int(number):,}", example=text))

    def conditions(self, table: str, broken: Sequence[tuple[str, str, str, str, str]]) -> None:
        """Reports the rows of ``table`` that meet any of the conditions, counted in one pass.

        ``broken`` has (column, rule, condition in SQL, message, example in SQL).
        """
        if not broken:
            return
        counts = self.one(f"SELECT {', '.join(f'count(*) FILTER ({b[2]})' for b in broken)} FROM {self.source(table)}")
        for (column, rule, condition, message, label), count in zip(broken, counts, strict=True):
            if count:
                query = f"FROM {self.source(table)} WHERE {condition}"
                self.offenders(table, column, rule, query, message, shown=label)

    def differing(
        self,
        table: str,
        column: str,
        rule: str,
        keys: Sequence[str],
        values: Sequence[str],
        *,
        found: str,
        expected: str,
        message: str,
    ) -> None:
        """Reports the keys whose values in ``found`` (SQL) are not those of ``expected`` (SQL), either way round.

        Both are reduced to an order-free sum of hashes first; only where these differ are they compared row by row.
        """
        listed = ", ".join([*keys, *values])
        totals = [self.one(f"SELECT count(*), sum(hash({listed})::HUGEINT) FROM ({q})") for q in (found, expected)]
        if totals[0] == totals[1]:
            return
        key = ", ".join(keys)
        value = shown([*values]) if values else "'is there'"
        stored, wanted = f"SELECT {listed} FROM ({found})", f"SELECT {listed} FROM ({expected})"
        both = f"""SELECT {listed}, 'stored' AS side FROM ({stored} EXCEPT ALL {wanted})
                   UNION ALL SELECT {listed}, 'expected' FROM ({wanted} EXCEPT ALL {stored})"""
        grouped = f"""
            FROM (SELECT {shown(keys)} || ': stored ' || coalesce(min({value}) FILTER (side = 'stored'), 'nothing')
                         || ', expected ' || coalesce(min({value}) FILTER (side = 'expected'), 'nothing') AS example
                  FROM ({both}) GROUP BY {key})"""
        self.offenders(table, column, rule, grouped, message, shown="example")

    def merge(self, first: int) -> None:
        """Problems from ``first`` on of the same table, column and rule (found part by part) become one."""
        merged: dict[tuple[str, str, str], Problem] = {}
        for p in self.problems[first:]:
            known = merged.get((p.table, p.column, p.rule))
            if known is not None:
                rows, example = known.rows + p.rows, min(known.example, p.example)
                message = p.message.replace(f"{p.rows:,}", f"{rows:,}", 1).replace(p.example, example)
                p = replace(p, rows=rows, example=example, message=message)
            merged[p.table, p.column, p.rule] = p
        self.problems[first:] = merged.values()

    def parts(self, table: str, column: str) -> Iterable[str]:
        """Conditions on ``column`` that cut ``table`` into parts of about ``PART_ROWS``; equal values stay together."""
        number = 1 + self.rows_of(table) // PART_ROWS
        if number == 1:
            yield "true"
            return
        for part in range(number):
            yield f"hash({name(column)}) % {number} = {part}"


def name(column: str) -> str:
    """``column`` as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def shown(columns: Iterable[str]) -> str:
    """SQL for 'a=1, b=null' of these columns."""
    parts = (f"{quoted(c + '=')} || coalesce(CAST({name(c)} AS VARCHAR), 'null')" for c in columns)
    return "concat_ws(', ', " + ", ".join(parts) + ")"
