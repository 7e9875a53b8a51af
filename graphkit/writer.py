"""Writes a new snapshot of a dataset, all or nothing.

Files are made in a staging folder, named by their content, moved in, and listed by a snapshot that is created last. Until
that moment nobody sees any of it; if the process dies or the disk fills up, the dataset is as it was before. If another
writer has committed since this one began, ``commit`` raises ConflictError and leaves the other's snapshot alone.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graphkit._version import __version__
from graphkit.dataset import Dataset, open_dataset
from graphkit.errors import ConflictError, DatasetError
from graphkit.history import current_snapshot_number, move_pointer
from graphkit.schema import KINDS, TABLES, TableSpec
from graphkit.snapshot import DataFile, Snapshot, TableFiles, snapshot_path
from graphkit.storage import sha256_of, storage_at

__all__ = ["ROW_GROUP_ROWS", "DatasetWriter", "TableStream", "conform"]

ROW_GROUP_ROWS = 122_880
_KEEP: Any = object()


class DatasetWriter:
    """Makes the next snapshot of a dataset.

    Use it as a context manager; leaving it without ``commit`` leaves the dataset as it was.

    Args:
        location: local path or fsspec URL.
        create: True for a new dataset (an existing one is refused), False for a new snapshot of an existing one. Tables
            that are not written again are carried over.
        name, description, voxel_size_nm, bounds_nm, size_unit: as in ``Snapshot``; None keeps what there is.
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        create: bool = False,
        name: str | None = None,
        description: str | None = None,
        voxel_size_nm: Mapping[str, float] | None = None,
        bounds_nm: Mapping[str, list[int]] | None = None,
        size_unit: str | None = None,
    ) -> None:
        self._storage = storage_at(location)
        self._stack = contextlib.ExitStack()
        given = {
            "name": name,
            "description": description,
            "voxel_size_nm": voxel_size_nm,
            "bounds_nm": bounds_nm,
            "size_unit": size_unit,
        }
        self.fields: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        if create:
            self._refuse_what_is_there()
            self.base: Snapshot | None = None
            self.fields.setdefault("name", Path(self._storage.url.rstrip("/")).name)
        else:
            self.base = open_dataset(location).snapshot
        self._tables: dict[str, TableFiles] = dict(self.base.tables) if self.base else {}
        self._staged: dict[str, Path] = {}

    def _refuse_what_is_there(self) -> None:
        if current_snapshot_number(self._storage) is not None:
            raise DatasetError(
                f"There is a dataset at {self._storage.url!r} already.",
                hint="Choose another folder with -o, or delete that one first.",
            )
        folder = Path(self._storage.url)
        if "://" in self._storage.url or not folder.exists():
            return
        if not folder.is_dir():
            raise DatasetError(f"{self._storage.url!r} is a file; a dataset is a folder.", hint="Choose another -o.")
        if any(not p.name.startswith(".") for p in folder.iterdir()):
            raise DatasetError(
                f"The folder {self._storage.url!r} is not empty, and is not a dataset.",
                hint="Choose a new folder with -o.",
            )

    def __enter__(self) -> Self:
        self.staging = self._stack.enter_context(self._storage.staging())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    # -- tables -------------------------------------------------------------------------------------------------

    def add(self, table: str, rows: pa.Table) -> None:
        """The whole of ``table``: cast to its schema, sorted, and written.

        Raises:
            DatasetError: a column is missing, unknown, or cannot be cast.
        """
        spec = TABLES[table]
        rows = conform(rows, spec)
        if spec.sorted_by:
            rows = rows.take(pc.sort_indices(rows, [(c, "ascending") for c in spec.sorted_by]))
        with self.stream(table, rows.schema, in_order=True) as out:
            out.write(rows)

    @contextlib.contextmanager
    def stream(self, table: str, schema: pa.Schema | None = None, *, in_order: bool = False) -> Iterator[TableStream]:
        """A sink for ``table``, batch by batch, in bounded memory. ``in_order``: the batches come sorted as the spec says."""
        spec = TABLES[table]
        path = self.staging / f"{uuid.uuid4().hex}.parquet"
        target = schema or spec.schema
        writer = pq.ParquetWriter(path, target, compression="zstd", write_page_index=False)
        out = TableStream(writer, spec, target)
        try:
            yield out
            out.finish()
        finally:
            writer.close()
        self.add_files(table, [path], in_order=in_order)

    def add_files(self, table: str, paths: Sequence[Path], *, in_order: bool) -> None:
        """Finished Parquet files below ``staging`` become the whole of ``table``, in this order."""
        columns: tuple[str, ...] = tuple(TABLES[table].schema.names)
        files = []
        for path in paths:
            metadata = pq.read_metadata(path)
            columns = tuple(metadata.schema.to_arrow_schema().names)
            digest = sha256_of(path)
            final = f"{table}/{digest[:32]}.parquet"
            files.append(DataFile(final, metadata.num_rows, path.stat().st_size, digest))
            named = self.staging / f"{digest}-{table}.parquet"
            path.replace(named)
            self._staged[final] = named
        self._drop_staged(table, keep={f.path for f in files})
        self._tables[table] = TableFiles(tuple(files), columns, TABLES[table].sorted_by if in_order else ())

    def has(self, table: str) -> bool:
        """Whether the next snapshot will have ``table``."""
        return table in self._tables

    def entry(self, table: str) -> TableFiles:
        """What the next snapshot will list for ``table``."""
        return self._tables[table]

    def files(self, table: str) -> list[str]:
        """Where DuckDB can read ``table`` as the next snapshot will have it: staged files, or those carried over."""
        return [
            str(self._staged[f.path]) if f.path in self._staged else self._storage.duckdb_path(f.path)
            for f in self._tables[table].files
        ]

    def register(self, connection: Any) -> None:
        """Lets a DuckDB connection read the dataset's storage."""
        self._storage.register(connection)

    def drop(self, table: str) -> None:
        """The next snapshot has no ``table``."""
        self._drop_staged(table, keep=set())
        self._tables.pop(table, None)

    def _drop_staged(self, table: str, keep: set[str]) -> None:
        """Forgets what was staged for ``table`` before, so that it takes no disk and is never moved in."""
        for file in self._tables[table].files if table in self._tables else ():
            if file.path in self._staged and file.path not in keep:
                self._staged.pop(file.path).unlink()

    # -- the end ------------------------------------------------------------------------------------------------

    def commit(self, step: Mapping[str, Any], *, build: Mapping[str, Any] | None = _KEEP) -> Dataset:
        """Moves the files in and creates the snapshot; returns the dataset at it.

        Args:
            step: what was done, for the provenance: ``{"command": ..., "settings": ..., "sources": [...]}``.
            build: the options of the graph build that made the tables; kept from before if not given.

        Raises:
            ConflictError: another writer came first.
        """
        for final, staged in self._staged.items():
            self._storage.adopt(staged, final)
        base = self.base
        number = base.number + 1 if base else 1
        inherited = {k: getattr(base, k) for k in _INHERITED} if base else {}
        snapshot = Snapshot(
            number=number,
            parent=base.number if base else None,
            created=_now(),
            tables=self._tables,
            build=(base.build if base else None) if build is _KEEP else build,
            provenance=(*(base.provenance if base else ()), {**step, "graphkit": __version__}),
            **{**inherited, **self.fields},
        )
        for file in (f for t in self._tables.values() for f in t.files):
            if not self._storage.exists(file.path):
                raise ConflictError(
                    f"{file.path} vanished while this command ran (another one pruned the dataset).",
                    hint="Run the command again.",
                )
        try:
            self._storage.create(snapshot_path(number), snapshot.to_json())
        except FileExistsError:
            raise ConflictError(
                f"Another command committed snapshot {number} of {self._storage.url!r} while this one ran; "
                "its result stands and this one's was dropped.",
                hint="Run the command again to apply it to the new snapshot.",
            ) from None
        move_pointer(self._storage, number)
        return Dataset(self._storage, snapshot)


_INHERITED = ("name", "description", "voxel_size_nm", "bounds_nm", "size_unit")


class TableStream:
    """Takes the rows of one table, batch by batch, and writes them in full row groups."""

    def __init__(self, writer: pq.ParquetWriter, spec: TableSpec, schema: pa.Schema) -> None:
        self._writer, self._spec, self._schema = writer, spec, schema
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0

    def write(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Adds rows, cast to the table's schema."""
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        self._waiting.append(conform(table, self._spec).select(self._schema.names))
        self._waiting_rows += table.num_rows
        if self._waiting_rows >= ROW_GROUP_ROWS:
            whole = pa.concat_tables(self._waiting)
            full = len(whole) // ROW_GROUP_ROWS * ROW_GROUP_ROWS
            self._writer.write_table(whole.slice(0, full), row_group_size=ROW_GROUP_ROWS)
            self._waiting = [whole.slice(full)] if full < len(whole) else []
            self._waiting_rows = len(whole) - full

    def finish(self) -> None:
        """Writes what still waits."""
        if self._waiting_rows:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=ROW_GROUP_ROWS)


def conform(rows: pa.Table, spec: TableSpec) -> pa.Table:
    """``rows`` with the spec's columns in order and type, the source's own columns after them.

    Missing columns become null, missing counts 0, a missing kind chemical.

    Raises:
        DatasetError: a required column is missing or has nulls, a column is unknown, or a value does not fit its type.
    """
    columns, fields = [], []
    for field in spec.schema:
        columns.append(_column(rows, field, spec))
        fields.append(field)
    own = [n for n in rows.column_names if n not in spec.schema.names]
    _refuse_clashes(rows.column_names, spec)
    if own and not spec.extensible:
        raise DatasetError(f"Table {spec.name!r} has no column {own[0]!r}; it has {', '.join(spec.schema.names)}.")
    for name in own:
        fields.append(rows.schema.field(name))
        columns.append(rows[name])
    return pa.table(columns, schema=pa.schema(fields))


def _refuse_clashes(names: Sequence[str], spec: TableSpec) -> None:
    """SQL knows no upper and lower case: columns that differ only by it would shadow each other."""
    seen = {name.casefold(): name for name in spec.schema.names}
    twice = next((n for i, n in enumerate(names) if n in names[:i]), None)
    clash = next((n for n in names if seen.setdefault(n.casefold(), n) != n), twice)
    if clash is not None:
        raise DatasetError(
            f"Table {spec.name!r} has two columns named {clash!r} and {seen[clash.casefold()]!r}; names must differ by "
            "more than upper and lower case.",
            hint="Rename one of them at the source.",
        )


def _column(rows: pa.Table, field: pa.Field, spec: TableSpec) -> pa.ChunkedArray:
    if field.name not in rows.column_names:
        if field.nullable:
            return pa.chunked_array([pa.nulls(rows.num_rows, field.type)])
        if (field.metadata or {}).get(b"unit") == b"count":
            return pa.chunked_array([pa.repeat(pa.scalar(0, field.type), rows.num_rows)])
        if field.name == "kind":
            return pa.chunked_array([pa.repeat(pa.scalar(KINDS[0], field.type), rows.num_rows)])
        raise DatasetError(f"Table {spec.name!r} needs the column {field.name!r}; got {', '.join(rows.column_names)}.")
    values = rows[field.name]
    if field.name.endswith("_id") and pa.types.is_floating(values.type):
        raise DatasetError(
            f"Column {field.name!r} of {spec.name!r} holds floating-point numbers ({values.type}); ids above 2^53 would "
            "be corrupted.",
            hint="Read the ids as 64-bit integers (or text) at the source.",
        )
    try:
        cast = values.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DatasetError(
            f"Column {field.name!r} of {spec.name!r} cannot be read as {field.type}: {error}",
        ) from error
    if not field.nullable and cast.null_count:
        raise DatasetError(f"Column {field.name!r} of {spec.name!r} has {cast.null_count:,} nulls; it must have none.")
    return cast


def _now() -> str:
    """The time in UTC; SOURCE_DATE_EPOCH (reproducible-builds.org) overrides it."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.datetime.fromtimestamp(int(fixed), datetime.UTC) if fixed else datetime.datetime.now(datetime.UTC)
    return moment.isoformat(timespec="seconds")
