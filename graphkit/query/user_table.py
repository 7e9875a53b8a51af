"""A table of the user's about neurons, from a file: CSV, TSV (``.gz`` too), Parquet, Feather, xls, xlsx, or standard input.

One of its columns holds ids of neurons. Text is read as the importers read it, so that no id goes through a float.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphkit.errors import ImportDataError, QueryError, did_you_mean

__all__ = ["ID_COLUMNS", "id_column", "local_copy", "table_ids", "write_table"]

ID_COLUMNS = ("neuron_id", "root_id", "pt_root_id", "bodyId", "body_id", "body", "skid", "cell_id", "id")
"""Names of columns of ids, the surest first (as ``graphkit.importers.fields`` has them)."""


def id_column(names: Sequence[str], what: str, hint: str, given: str | None = None) -> str:
    """The column of ``names`` that holds ids: the one given, else the surest of ``ID_COLUMNS``.

    Raises:
        QueryError: there is none.
    """
    folded = {n.casefold(): n for n in reversed(names)}
    for name in (given,) if given is not None else ID_COLUMNS:
        if name.casefold() in folded:
            return folded[name.casefold()]
    listed = ", ".join(map(repr, names))
    if given is not None:
        raise QueryError(f"{what} has no column {given!r}.", hint=did_you_mean(given, names) or f"It has: {listed}.")
    raise QueryError(f"No column of {what} is recognised as ids of neurons; its columns: {listed}.", hint=hint)


@contextlib.contextmanager
def local_copy(source: str | os.PathLike[str]) -> Iterator[Path]:
    """The file; of standard input (``-``) and of pipes a copy, since a table is read twice.

    Raises:
        ImportDataError: there is no such file, or it is empty.
    """
    from graphkit.importers.sources import checked_files

    path = Path(source)
    if os.fspath(source) != "-" and (path.is_file() or not path.exists() or path.is_dir()):
        yield checked_files(path)[0]
        return
    with tempfile.TemporaryDirectory(prefix="graphkit-") as folder:
        shown = "standard input" if os.fspath(source) == "-" else path.name
        copied = Path(folder) / shown
        with copied.open("wb") as out:
            if os.fspath(source) == "-":
                shutil.copyfileobj(sys.stdin.buffer, out)
            else:
                with path.open("rb") as pipe:
                    shutil.copyfileobj(pipe, out)
        if not copied.stat().st_size:
            raise ImportDataError(f"There was nothing to read on {shown}.", hint="Give ids, one a line, or a table.")
        yield copied


def table_ids(path: Path, what: str) -> list[int]:
    """The ids of the table at ``path``, in its order."""
    from graphkit.tables import new_connection, parquet_sql

    with tempfile.TemporaryDirectory(prefix="graphkit-") as folder:
        target = Path(folder) / "ids.parquet"
        write_table(path, target, what, None, only_ids=True)
        with new_connection() as connection:
            return [row[0] for row in connection.execute(f"FROM {parquet_sql([str(target)])}").fetchall()]


def write_table(path: Path, target: Path, what: str, given: str | None, *, only_ids: bool = False) -> None:
    """Writes the table at ``path`` to the Parquet file ``target``: ``neuron_id`` first, then its other columns.

    ``given`` names the column of ids where it is not to be recognised.

    Raises:
        ImportDataError: it is no table, or a cell that should be an id is none.
        QueryError: no column is recognised as ids.
    """
    from graphkit.importers.cells import Cell, id_cell, write_rows
    from graphkit.importers.report import Ledger
    from graphkit.importers.sources import identifier, natural_types
    from graphkit.importers.staging import stage
    from graphkit.progress import silent
    from graphkit.tables import new_connection

    with tempfile.TemporaryDirectory(prefix="graphkit-") as folder, new_connection() as connection:
        ledger = Ledger("fail")
        try:
            source = stage(connection, path, Path(folder), ledger, progress=silent)
            names = list(source.columns)
            hint = (
                "Call it neuron_id, or give that column alone."
                if only_ids
                else "Say which with --annotations-id COLUMN (in Python: id_column=...)."
            )
            ids = id_column(names, source.name, hint, given)
            cells = [id_cell(source, ids, "neuron_id", required=True)]
            if not only_ids:
                others = [n for n in names if n != ids]
                kinds = natural_types(connection, [source], others)
                cells += [Cell(n, f"CAST({identifier(n)} AS {kinds[n]})", column=n) for n in others]
            write_rows(connection, source, cells, target, ledger, silent)
        except ImportDataError as error:  # who gives a set cannot leave rows out
            hint_ = (error.hint or "").replace(" Or leave such rows out, counted, with --on-error skip.", "")
            raise ImportDataError(error.message, hint=None if hint_.startswith("Or leave") else hint_ or None) from None
