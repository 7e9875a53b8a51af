"""Read-only SQL over the documented views, in a sandbox.

What holds: exactly one statement, and it is a SELECT that changes nothing (in this DuckDB a WITH can hold an INSERT) and
calls no table function but those of ``_TABLE_FUNCTIONS``; the snapshot's files are the only files that can be opened, each
by its name; settings are locked; Python variables are out of reach. Nothing can be written, and no network reached.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graphkit.errors import SqlError, did_you_mean
from graphkit.interrupted import interruptible
from graphkit.query.answer_cache import cached_rows, keep_rows
from graphkit.query.answers import Answer
from graphkit.query.ir import is_whole
from graphkit.query.result import Result, cut_off
from graphkit.tables import connect

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from graphkit.dataset import Dataset

__all__ = ["check_predicate", "run_sql"]

_TABLE_FUNCTIONS = {
    *("unnest", "range", "generate_series", "repeat", "repeat_row", "json_each", "json_tree", "summary"),
    *("histogram", "histogram_values", "query_table", "pragma_table_info", "pragma_version"),
    *("duckdb_columns", "duckdb_functions", "duckdb_keywords", "duckdb_tables", "duckdb_types", "duckdb_views"),
}
"""Those that look at nothing but their arguments, the views and what DuckDB itself is."""

_CHANGING = {
    *("current_connection_id", "current_date", "current_query", "current_query_id", "current_setting", "current_time"),
    *("current_timestamp", "current_transaction_id", "currval", "gen_random_uuid", "get_current_time"),
    *("get_current_timestamp", "getvariable", "localtime", "localtimestamp", "nextval", "now", "random", "reservoir"),
    *("sample", "setseed", "stats", "tablesample", "today", "transaction_timestamp", "txid_current"),
    *("uuid", "uuidv4", "uuidv7"),
    "age",  # of one argument: as of today
}
"""What can give another value each time it is asked: DuckDB's functions that are not CONSISTENT, and samples."""

_QUERY_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}


def run_sql(
    dataset: Dataset,
    statement: str,
    *,
    limit: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    keep: bool = False,
) -> Result:
    """The answer to one SELECT over the views of ``graphkit.tables``; $name in it stands for ``parameters["name"]``.

    With ``keep`` it is the one given before to the same statement and parameters, where that is known; not where the statement
    has a function that can give another value each time.

    Raises:
        SqlError: not one SELECT, or DuckDB refuses it or fails.
    """
    import duckdb

    if limit is not None and (not is_whole(limit) or limit < 1):
        raise SqlError(f"The limit must be a whole number of at least 1, got {limit!r}.")
    text = _one_select(statement)
    asked = {"sql": text, "limit": limit, "parameters": dict(parameters or {})}
    key = json.dumps(asked, sort_keys=True, default=repr) if keep and _CHANGING.isdisjoint(_words(text)) else None
    kept = None if key is None else cached_rows(key, dataset)
    if kept is not None:
        return _result(dataset, text, parameters, kept.table, kept.complete, limit)
    began = time.monotonic()
    with connect(dataset, sandbox=True) as connection:
        views = [
            row[0] for row in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        ]
        _check(text, connection, views)
        try:
            limited = text if limit is None else f"SELECT * FROM ({text}\n) LIMIT {limit + 1}"
            relation = interruptible(connection, lambda: connection.sql(limited, params=dict(parameters or {}) or None))
            table = interruptible(connection, relation.to_arrow_table)
            found = _integers_kept(table, [str(t) for t in relation.types])
            found = found.rename_columns(_distinct(found.column_names))
        except duckdb.Error as error:
            raise _explained(error, views) from error
    complete = limit is None or len(found) <= limit
    found = found if complete else found.slice(0, limit)
    if key is not None:
        keep_rows(key, dataset, Answer(found, complete), time.monotonic() - began)
    return _result(dataset, text, parameters, found, complete, limit)


def _result(
    dataset: Dataset,
    text: str,
    parameters: Mapping[str, Any] | None,
    table: pa.Table,
    complete: bool,
    limit: int | None,
) -> Result:
    return Result(
        table=table,
        question=text,
        complete=complete,
        notes=(*dataset.notes, *(() if complete else (cut_off(limit),))),
        plan=lambda: _plan(dataset, text, parameters),
        dataset_name=dataset.name,
        snapshot=dataset.snapshot.number,
        dataset=dataset,
    )


def check_predicate(dataset: Dataset, predicate: str) -> None:
    """Raises SqlError unless ``predicate`` is one expression over the neurons that is true or false."""
    import duckdb

    try:
        # A parenthesis too many would be an error without ours, and words behind the expression one within ours.
        alone = [duckdb.extract_statements(f"SELECT {p}\n") for p in (predicate, f"({predicate}\n)")]
    except (duckdb.Error, UnicodeError) as error:
        raise _not_a_condition(predicate, _said(error)) from error
    if not predicate.strip() or any(len(statements) != 1 for statements in alone):
        raise _not_a_condition(predicate, "It must be one expression.")
    described = run_sql(dataset, f"DESCRIBE SELECT ({predicate}\n) FROM neurons").rows()
    if len(described) != 1 or described[0]["column_type"] != "BOOLEAN":
        raise _not_a_condition(predicate, f"It is not true or false but {described[0]['column_type']}.")


def _not_a_condition(predicate: str, why: str) -> SqlError:
    return SqlError(
        f"{predicate!r} is not a condition on neurons. {why}", hint="For example: type = 'EPG' AND inputs >= 100"
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _one_select(statement: str) -> str:
    """The one SELECT that ``statement`` is, without a semicolon or comments after it."""
    import duckdb

    given: object = statement
    if not isinstance(given, str):
        raise SqlError(f"SQL is text, got {given!r}.", hint='For example: "SELECT count(*) FROM neurons"')
    try:
        statements = duckdb.extract_statements(statement)
    except (duckdb.Error, UnicodeError) as error:
        raise SqlError(_said(error)) from error
    if not statements:
        raise SqlError("The SQL is empty.", hint="For example: SELECT type, count(*) FROM neurons GROUP BY type")
    if len(statements) > 1:
        raise SqlError(f"One statement at a time, please; there are {len(statements)} here.")
    kind = str(statements[0].type).rpartition(".")[2]
    if kind == "MULTI":
        raise SqlError(
            "A PIVOT must name its values.", hint="For example: PIVOT neurons ON side IN ('left', 'right') ..."
        )
    if kind != "SELECT":
        raise SqlError(
            f"Only SELECT is answered; this is {kind}.",
            hint="To see the plan use --explain; to write the answer to a file use -o FILE.",
        )
    return _without_end(statement)


def _check(text: str, connection: duckdb.DuckDBPyConnection, views: list[str]) -> None:
    """Raises SqlError where the SELECT holds what changes something, or a function that could look outside."""
    tree = json.loads(connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0][0])
    if tree["error"]:
        raise SqlError(f"This SQL cannot be checked, so it is not run: {tree.get('error_message')}")
    for node in _nodes(tree["statements"]):
        kind = str(node["type"])
        if kind.endswith("_NODE") and kind not in _QUERY_NODES:
            raise SqlError(f"Only SELECT is answered; there is {kind.partition('_')[0]} in this.")
        if kind == "TABLE_FUNCTION":
            name = str(node["function"].get("function_name", "")).lower()
            if name not in _TABLE_FUNCTIONS:
                raise SqlError(
                    f"The function {name} is not available here: SQL sees the dataset's views and nothing else.",
                    hint=f"It can read these views: {', '.join(sorted(views))}.",
                )


def _without_end(statement: str) -> str:
    """``statement`` without the semicolons and comments at its end, so that more can be written around it."""
    import duckdb

    data = statement.encode()
    for start, kind in reversed(duckdb.tokenize(statement)):
        if kind != duckdb.token_type.comment and data[start : start + 1] != b";":
            break
        data = data[:start]
    return data.decode().strip()


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Everything in a parsed statement that has a type."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("type"), str):
                yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _distinct(names: list[str]) -> list[str]:
    """``names``, those that stood there already with a number: a, a_1. Rows are dictionaries elsewhere."""
    taken: dict[str, None] = {}
    for name in names:
        new, number = name, 0
        while new in taken or (number and new in names):
            number += 1
            new = f"{name}_{number}"
        taken[new] = None
    return list(taken)


def _integers_kept(table: pa.Table, types: list[str]) -> pa.Table:
    """Sums of integers are 128 bits wide in DuckDB and decimals in Arrow; those that fit are int64 here."""
    import pyarrow as pa

    for i, (field, kind) in enumerate(zip(table.schema, types, strict=True)):
        if kind == "HUGEINT":
            try:
                table = table.set_column(i, field.name, table.column(i).cast(pa.int64()))
            except pa.ArrowInvalid:
                continue  # a decimal keeps every digit
    return table


def _plan(dataset: Dataset, text: str, parameters: Mapping[str, Any] | None) -> str:
    with connect(dataset, sandbox=True) as connection:
        rows = connection.execute(f"EXPLAIN {text}", dict(parameters or {}) or None).fetchall()
    lines = ["engine    DuckDB", "sql", f"  {text}"]
    lines += [f"  ${name} = {_shown(value)}" for name, value in (parameters or {}).items()]
    return "\n".join([*lines, "plan", *(str(row[-1]) for row in rows)])


def _shown(value: Any) -> str:
    several = isinstance(value, list) and len(value) > _SHOWN_VALUES
    return f"[{', '.join(map(repr, value[:_SHOWN_VALUES]))}, ...] ({len(value):,} values)" if several else repr(value)


_SHOWN_VALUES = 20


def _explained(error: duckdb.Error, views: list[str]) -> SqlError:
    text = _said(error)
    if "file system operations are disabled" in text or str(error).startswith("Permission Error"):
        return SqlError(
            f"The SQL tries to open something that is not part of the dataset. {text}",
            hint=f"It can read these views: {', '.join(sorted(views))}.",
        )
    missing = re.search(r"Table with name (\S+) does not exist", text)
    if missing:
        hint = did_you_mean(missing[1], views) or f"The views are {', '.join(sorted(views))}."
        return SqlError(f"There is no view {missing[1]!r} in this dataset.", hint=hint)
    return SqlError(text)


def _said(error: Exception) -> str:
    """DuckDB's message with its caret, without the name of its class."""
    return re.sub(r"^[A-Z][A-Za-z]* Error: ", "", str(error).strip())
