"""Read-only SQL over the documented views, in a sandbox.

What holds: exactly one statement, and it is a SELECT; the snapshot's files are the only files that can be opened, each by
its name; settings are locked; Python variables are out of reach. Nothing can be written, and no network reached.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphkit.errors import SqlError, did_you_mean
from graphkit.query.result import Result
from graphkit.tables import connect

if TYPE_CHECKING:
    import duckdb

    from graphkit.dataset import Dataset

__all__ = ["run_sql"]


def run_sql(dataset: Dataset, statement: str, *, limit: int | None = None) -> Result:
    """The answer to one SELECT over the views of ``graphkit.tables``.

    Raises:
        SqlError: not one SELECT, or DuckDB refuses it or fails.
    """
    import duckdb

    if limit is not None and limit < 1:
        raise SqlError(f"The limit must be at least 1, got {limit}.")
    _check(statement)
    text = statement.strip().rstrip(";").rstrip()
    with connect(dataset, sandbox=True) as connection:
        views = [row[0] for row in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
        try:
            if limit is None:
                table, complete = connection.execute(statement).to_arrow_table(), True
            else:
                table = connection.execute(f"SELECT * FROM ({text}\n) LIMIT {limit + 1}").to_arrow_table()
                complete = len(table) <= limit
                table = table.slice(0, limit)
            plan = _plan(connection, text)
        except duckdb.Error as error:
            raise _explained(error, views) from error
        except KeyboardInterrupt:
            connection.interrupt()
            raise
    return Result(
        table=table,
        question=text,
        complete=complete,
        notes=() if complete else (f"Only the first {limit:,} rows are shown; there are more.",),
        plan=plan,
        dataset_name=dataset.name,
        snapshot=dataset.snapshot.number,
    )


def _check(statement: str) -> None:
    import duckdb

    try:
        statements = duckdb.extract_statements(statement)
    except duckdb.Error as error:
        raise SqlError(_first_lines(error)) from error
    if not statements:
        raise SqlError("The SQL is empty.", hint="For example: SELECT type, count(*) FROM neurons GROUP BY type")
    if len(statements) > 1:
        raise SqlError(f"One statement at a time, please; there are {len(statements)} here.")
    kind = str(statements[0].type).rpartition(".")[2]
    if kind != "SELECT":
        raise SqlError(
            f"Only SELECT is answered; this is {kind}.",
            hint="To see the plan use --explain; to write the answer to a file use -o FILE.",
        )


def _plan(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    rows = connection.execute(f"EXPLAIN {text}").fetchall()
    return "\n".join(["engine    DuckDB", "sql", f"  {text}", "plan", *(str(row[-1]) for row in rows)])


def _explained(error: duckdb.Error, views: list[str]) -> SqlError:
    text = _first_lines(error)
    if "file system operations are disabled" in text or "Permission Error" in text:
        return SqlError(
            f"The SQL tries to open something that is not part of the dataset. {text}",
            hint=f"It can read these views: {', '.join(sorted(views))}.",
        )
    missing = re.search(r"Table with name (\S+) does not exist", text)
    if missing:
        hint = did_you_mean(missing[1], views) or f"The views are {', '.join(sorted(views))}."
        return SqlError(f"There is no view {missing[1]!r} in this dataset.", hint=hint)
    return SqlError(text)


def _first_lines(error: Exception) -> str:
    """DuckDB's message with its caret, without candidate lists' noise."""
    return str(error).strip()
