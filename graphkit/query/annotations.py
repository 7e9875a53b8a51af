"""The user's own columns for the neurons of a dataset, joined by id: the view ``neurons`` has them like its own.

    neurons              every column of the dataset, then those of the annotations (null where a neuron has none)
    annotations          the user's rows as they were read: neuron_id and their columns
    neurons_unannotated  the neurons as the dataset has them

Nothing is written to the dataset. A column whose name the neurons have already gets ``annotated_`` before it. A neuron may stand
in one row only (or in equal ones); each id has to be a neuron's, unless unknown ones are to be skipped.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import QueryError, UnknownNameError
from graphkit.query.user_table import id_column, local_copy, write_table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from graphkit.dataset import Dataset

__all__ = ["Annotations", "annotated_columns", "annotations_of", "join_annotations"]

_PREFIX = "annotated_"
_MADE = "CREATE OR REPLACE TABLE graphkit_annotations AS SELECT DISTINCT * FROM"
_ID_HINT = "Say which with --annotations-id COLUMN (in Python: id_column=...)."


@dataclass(frozen=True)
class Annotations:
    """A table of the user's: a file's bytes as they were when it was named, or an Arrow table with ``neuron_id`` first."""

    name: str
    table: pa.Table | None = None
    content: bytes = b""
    suffix: str = ""
    id_column: str | None = None

    @functools.cached_property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of what it says."""
        if self.table is None:
            return hashlib.sha256(f"{self.id_column!r} {self.suffix!r} ".encode() + self.content).hexdigest()
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.table.schema) as writer:
            writer.write_table(self.table)
        return hashlib.sha256(sink.getvalue()).hexdigest()


def annotations_of(source: Any, given: str | None = None) -> Annotations:
    """The annotations in a file, a DataFrame, an Arrow table or an answer; ``given`` names the column of ids.

    Raises:
        GraphkitError: there is no such file, or no column of ids.
    """
    if isinstance(source, str | os.PathLike):
        with local_copy(source) as path:
            return Annotations(path.name, content=path.read_bytes(), suffix="".join(path.suffixes), id_column=given)
    table = _arrow(source)
    names = list(table.column_names)
    if len({n.casefold() for n in names}) < len(names):
        raise QueryError("Two columns of the annotations have the same name.", hint="Rename one of them.")
    ids = id_column(names, "the annotations", _ID_HINT, given)
    import pyarrow as pa

    from graphkit.query.sets import ids_of

    columns = {"neuron_id": pa.array(ids_of(table[ids], f"Column {ids!r}"), pa.int64())}
    for name in names:
        if name != ids:
            column = table[name]
            plain = pa.types.is_dictionary(column.type)
            columns[name] = column.cast(column.type.value_type) if plain else column
    if ids != "neuron_id" and "neuron_id" in names:
        raise QueryError(f"The annotations have a column 'neuron_id' besides {ids!r}.", hint="Rename or drop it.")
    return Annotations("the annotations", table=pa.table(columns))


def _arrow(source: Any) -> pa.Table:
    import pyarrow as pa

    if isinstance(source, pa.Table):
        return source
    if hasattr(source, "arrow") and hasattr(source, "question"):
        return source.arrow()
    if hasattr(source, "to_arrow"):  # Polars
        return source.to_arrow()
    if hasattr(source, "dtypes") and hasattr(source, "columns"):
        try:
            return pa.Table.from_pandas(source, preserve_index=None if source.index.name else False)
        except (pa.ArrowException, TypeError, AttributeError) as error:
            raise QueryError(f"The annotations cannot be read as a table: {error}.") from error
    raise QueryError(
        f"Annotations are a table (a DataFrame, an Arrow table, an answer) or a file's path, got {type(source).__name__}."
    )


def join_annotations(connection: duckdb.DuckDBPyConnection, dataset: Dataset, neurons: str) -> None:
    """Makes the views ``neurons``, ``neurons_unannotated`` and ``annotations``; ``neurons`` is the stored table in SQL.

    Raises:
        GraphkitError: the table cannot be read, or does not go with the dataset.
    """
    annotations = dataset.annotations
    assert annotations is not None
    connection.execute(f"CREATE OR REPLACE VIEW neurons_unannotated AS FROM {neurons}")
    _load(connection, annotations)
    _check(connection, dataset, annotations)
    own = [str(row[0]) for row in connection.execute("DESCRIBE neurons_unannotated").fetchall()]
    theirs = [str(row[0]) for row in connection.execute("DESCRIBE graphkit_annotations").fetchall()][1:]
    renamed = _renamed(theirs, own)
    columns = ", ".join(f"a.{_quoted(c)} AS {_quoted(renamed[c])}" for c in theirs)
    connection.execute("CREATE OR REPLACE VIEW annotations AS FROM graphkit_annotations")
    connection.execute(
        f"CREATE OR REPLACE VIEW neurons AS SELECT n.*{', ' if columns else ''}{columns} FROM neurons_unannotated n "
        "LEFT JOIN graphkit_annotations a USING (neuron_id)"
    )
    for column in theirs:
        if renamed[column] != column:
            _note(
                dataset,
                f"The neurons have a column {column!r} already; that of {annotations.name} is {renamed[column]!r}.",
            )


def annotated_columns(dataset: Dataset) -> list[str]:
    """The columns that the annotations have added to the neurons."""
    if dataset.annotations is None:
        return []
    columns = dataset.vocabulary.columns  # reading them joins the annotations
    own = dataset.cursor("neurons").execute("DESCRIBE neurons_unannotated").fetchall()
    return list(columns)[len(own) :]


def _load(connection: duckdb.DuckDBPyConnection, annotations: Annotations) -> None:
    from graphkit.tables import parquet_sql

    if annotations.table is not None:
        connection.register("graphkit_given", annotations.table)
        connection.execute(f"{_MADE} graphkit_given ORDER BY neuron_id")
        connection.unregister("graphkit_given")
        return
    with tempfile.TemporaryDirectory(prefix="graphkit-") as folder:
        path, target = Path(folder) / annotations.name, Path(folder) / "graphkit-read.parquet"
        path.write_bytes(annotations.content)
        write_table(path, target, annotations.name, annotations.id_column)
        rows = parquet_sql([str(target)])
        connection.execute(f"{_MADE} {rows} ORDER BY neuron_id")


def _check(connection: duckdb.DuckDBPyConnection, dataset: Dataset, annotations: Annotations) -> None:
    found: list[tuple[Any, ...]] = connection.execute(
        "SELECT neuron_id FROM graphkit_annotations GROUP BY neuron_id HAVING count(*) > 1 ORDER BY neuron_id"
    ).fetchall()
    if found:
        many = "1 neuron stands" if len(found) == 1 else f"{len(found):,} neurons stand"
        raise QueryError(
            f"{many} in several rows of {annotations.name} with different values: {_examples(found)}.",
            hint="Keep one row a neuron.",
        )
    missing = "FROM graphkit_annotations WHERE neuron_id NOT IN (SELECT neuron_id FROM neurons_unannotated)"
    unknown = connection.execute(f"SELECT neuron_id {missing} ORDER BY neuron_id").fetchall()
    total: Any = connection.execute("SELECT count(*) FROM graphkit_annotations").fetchall()[0][0]
    if not total:
        raise UnknownNameError(f"{annotations.name} has no row.", hint="Give a table with one row a neuron.")
    if not unknown:
        return
    said = f"{len(unknown):,} of the {total:,} neurons of {annotations.name} are"
    if len(unknown) == total:
        raise UnknownNameError(
            f"None of the {total:,} ids of {annotations.name} is a neuron of this dataset: {_examples(unknown)}.",
            hint="`neurons limit 5` shows what ids look like here; --annotations-id names another column of ids.",
        )
    if not dataset.skip_unknown:
        raise UnknownNameError(
            f"{said} not in this dataset: {_examples(unknown)}.",
            hint="--skip-unknown (in Python: skip_unknown=True) goes on with the others.",
        )
    connection.execute(f"DELETE {missing}")
    _note(dataset, f"{said} not in this dataset and were left out: {_examples(unknown)}.")


def _renamed(theirs: Sequence[str], own: Sequence[str]) -> dict[str, str]:
    taken = {n.casefold() for n in own}
    free = {n.casefold() for n in theirs}
    found = {}
    for name in theirs:
        new = name
        while new.casefold() in taken or (new != name and new.casefold() in free):
            new = _PREFIX + new
        taken.add(new.casefold())
        found[name] = new
    return found


def _examples(rows: Sequence[tuple[Any, ...]]) -> str:
    return ", ".join(str(row[0]) for row in rows[:3]) + (", ..." if len(rows) > 3 else "")


def _note(dataset: Dataset, sentence: str) -> None:
    if sentence not in dataset.notes:
        dataset.notes.append(sentence)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
