"""Runs one long SQL statement: with progress, stoppable by Ctrl-C, its failures said plainly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from graphkit.errors import BuildError, DamagedFileError, DatasetError, GraphkitError
from graphkit.interrupted import interruptible

if TYPE_CHECKING:
    import duckdb

__all__ = ["plain_error", "run_statement"]


def run_statement(
    connection: duckdb.DuckDBPyConnection, sql: str, report: Callable[[float], None] = lambda fraction: None
) -> None:
    """Runs ``sql``, calling ``report`` with the fraction done now and then.

    Raises:
        GraphkitError: the disk is full, the memory limit is too low, or a file cannot be read.
    """
    import duckdb

    connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    report(0.0)
    try:
        interruptible(
            connection,
            lambda: connection.execute(sql),
            lambda: report(max(0.0, min(connection.query_progress() / 100, 1.0))),
        )
    except duckdb.Error as error:
        raise plain_error(error) from error
    report(1.0)


def plain_error(error: Exception) -> GraphkitError:
    """What a DuckDB error means to the person at the keyboard."""
    text = str(error)
    first = text.splitlines()[0]
    if "No space left" in text or "Disk quota" in text or "File too large" in text or "max_temp_directory_size" in text:
        return DatasetError(
            "No space left on the disk; the dataset is as it was before.",
            hint="Free some space, or work on another disk, and run the command again.",
        )
    if "Out of Memory" in text or "could not allocate" in text.lower():
        return BuildError(
            f"The memory limit is too low for this dataset ({first}).",
            hint="Give more with --memory-limit, or fewer --threads (each needs memory of its own).",
        )
    if type(error).__name__ in ("InvalidInputException", "IOException", "SerializationException", "Error"):
        return DamagedFileError(
            f"A file of the dataset cannot be read: {first}",
            hint="Run `graphkit validate` to see which files are damaged.",
        )
    return GraphkitError(f"DuckDB failed: {first}")
