"""One import at work: the new dataset's writer, a DuckDB connection within the memory limit, and the books.

Every importer is the same three steps: ``importing(...)`` opens the work, the importer puts raw tables into
``work.writer``, ``work.finish(...)`` builds the graph and commits the one snapshot. Until then nothing of it can be
seen.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.build import BuildOptions, build_into
from graphkit.errors import ImportDataError
from graphkit.importers.cells import Cell
from graphkit.importers.filters import filtered
from graphkit.importers.options import ImportOptions
from graphkit.importers.report import ImportReport, Ledger
from graphkit.importers.sources import Source, identifier, natural_types, source_record
from graphkit.importers.staging import stage
from graphkit.progress import Progress
from graphkit.schema import TABLES
from graphkit.tables import new_connection, quoted
from graphkit.writer import DatasetWriter

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["Work", "extra_cells", "importing", "nothing_left", "outside_sql", "region_rows"]

_OUTSIDE_WORDS = "('none', 'unasgd', 'unassigned', 'notprimary', 'outside', 'no neuropil')"
_MOST_REGIONS = 2**15 - 1


@dataclass(slots=True)
class Work:
    """What an importer works with. ``rows_to_sum``: rows of connections that are left for the build to sum, if any."""

    writer: DatasetWriter
    connection: duckdb.DuckDBPyConnection
    ledger: Ledger
    folder: Path
    options: ImportOptions
    sources: list[Path] = field(default_factory=list)
    rows_to_sum: int | None = None

    @property
    def progress(self) -> Progress:
        """Is told how far the import is."""
        return self.options.progress

    def new_file(self) -> Path:
        """A name for a Parquet file below the staging folder."""
        return self.folder / f"{uuid.uuid4().hex}.parquet"

    def read(self, paths: Sequence[Path], *, where: str | None = None, sheet: str | None = None) -> list[Source]:
        """The tables in ``paths``, staged, and cut down to the rows for which ``where`` holds."""
        found = []
        for path in paths:
            source = stage(self.connection, path, self.folder, self.ledger, sheet=sheet, progress=self.progress)
            if where is not None:
                source = self.select(source, where)
            found.append(source)
            self.sources.append(path)
        return found

    def select(self, source: Source, where: str) -> Source:
        """The rows of ``source`` for which ``where`` holds."""
        limits = {"memory_limit": self.options.memory_limit, "threads": self.options.threads}
        return filtered(self.connection, source, where, self.folder, self.ledger, **limits)  # type: ignore[arg-type]

    def finish(self, command: str, settings: Mapping[str, Any], options: BuildOptions) -> ImportReport:
        """Builds the graph, commits the snapshot and closes the books."""
        every = {**settings, "on_error": self.options.on_error}
        said = {k: v for k, v in every.items() if v not in (None, {}, ())}
        step = {"command": command, "settings": said, "sources": [source_record(p) for p in self.sources]}
        record = build_into(
            self.writer,
            options,
            memory_limit=self.options.memory_limit,
            threads=self.options.threads,
            progress=self.progress,
        )
        if self.rows_to_sum is not None:
            self.say_summed(self.rows_to_sum - sum(f.rows for f in self.writer.entry("connections").files))
        return self.ledger.report(self.writer.commit(step, build=record))

    def say_summed(self, more: int) -> None:
        """Notes that ``more`` rows were added to an earlier one of the same pair."""
        if more:
            self.ledger.note(
                f"{more:,} {'row is' if more == 1 else 'rows are'} of a pair that the same file has before (same region, kind "
                "and compartment); their weights were summed."
            )


@contextlib.contextmanager
def importing(
    output: str | os.PathLike[str],
    options: ImportOptions,
    *,
    voxel_size_nm: Sequence[float] | None = None,
    size_unit: str | None = None,
) -> Iterator[Work]:
    """Opens the work on a new dataset at ``output``; leaves nothing behind if it is not finished."""
    ledger = Ledger(options.on_error)
    voxel = dict(zip("xyz", map(float, voxel_size_nm), strict=True)) if voxel_size_nm else None
    with DatasetWriter(output, create=True, name=options.name, voxel_size_nm=voxel, size_unit=size_unit) as writer:
        folder = writer.staging / "sources"
        folder.mkdir()
        connection = new_connection(memory_limit=options.memory_limit, threads=options.threads)
        try:
            connection.execute(f"SET temp_directory = {quoted(str(folder / 'spill'))}")
            yield Work(writer, connection, ledger, folder, options)
        finally:
            connection.close()


def nothing_left(ledger: Ledger, what: str) -> ImportDataError:
    """The error for an import of which no row is left."""
    reasons = [f"{left.rows:,} {left.reason}" for left in _left_out(ledger)]
    read = f"{ledger.rows_read:,} rows were read" + (f"; left out: {'; '.join(reasons)}" if reasons else "")
    return ImportDataError(f"There is no {what} to import: {read}.", hint="Check the files and the filter.")


def _left_out(ledger: Ledger) -> Any:
    return ledger.report(None).left_out  # type: ignore[arg-type]  # the dataset is not looked at


def extra_cells(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], used: Sequence[Mapping[str, str]], table: str
) -> list[list[Cell]]:
    """For each source the columns that no field uses, with one name and type over all the sources.

    ``used`` gives each source's fields. A name that the table's own schema has already gets ``source_`` before it.
    """
    free = [[c for c in s.columns if c not in set(u.values())] for s, u in zip(sources, used, strict=True)]
    names: dict[str, str] = {}  # by folded name, so that the files' X and x are one column
    for columns in free:
        for column in columns:
            names.setdefault(column.casefold(), column)
    types = natural_types(connection, sources, [c for columns in free for c in columns])
    wide: dict[str, str] = {}
    for columns in free:
        for column in columns:
            key = column.casefold()
            wide[key] = types[column] if wide.get(key, types[column]) == types[column] else "VARCHAR"
    taken = {n.casefold() for n in TABLES[table].schema.names}
    cells: list[list[Cell]] = []
    for columns in free:
        own = {c.casefold(): c for c in columns}
        row = []
        for key, column in names.items():
            target = f"source_{column}" if key in taken else column
            value = f"CAST({identifier(own[key])} AS {wide[key]})" if key in own else f"CAST(NULL AS {wide[key]})"
            row.append(Cell(target, value, column=column))
        cells.append(row)
    return cells


def outside_sql(text: str) -> str:
    """SQL that is true where a region's name means "in no region"."""
    return f"lower({text}) IN {_OUTSIDE_WORDS}"


def region_rows(names: Sequence[str], parents: Mapping[str, str] | None = None) -> tuple[pa.Table, dict[str, int]]:
    """The table of regions and the id of each name, 1 upwards in the order of ``names``.

    Raises:
        ImportDataError: more regions than region_id can count; usually the wrong column.
    """
    import pyarrow as pa

    if len(names) > _MOST_REGIONS:
        raise ImportDataError(
            f"There are {len(names):,} different regions, {_MOST_REGIONS:,} at most can be; the first are "
            f"{names[0]!r}, {names[1]!r}.",
            hint="The column may not be one of regions: name another with --columns region=NAME.",
        )
    ids = {name: i for i, name in enumerate(names, start=1)}
    parent_ids = [ids.get((parents or {}).get(n, "")) for n in names]
    table = pa.table(
        {
            "region_id": pa.array(list(ids.values()), pa.int16()),
            "name": pa.array(list(names), pa.string()),
            "parent_id": pa.array(parent_ids, pa.int16()),
        }
    )
    return table, ids
