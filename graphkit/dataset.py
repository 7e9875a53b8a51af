"""A dataset: a folder (or URL) of Parquet tables under snapshots.

    mybrain/
      dataset.json              the pointer: the current snapshot's number; a hint that may lag, never lead
      snapshots/00000001.json   one state: its files with rows, bytes and SHA-256 (see ``graphkit.snapshot``)
      neurons/<sha256>.parquet  ... one folder a table; files are named by content and never changed

The commit of a snapshot is the creation of its numbered file, which succeeds for one writer only. The pointer is moved
after that; where a writer died in between, whoever opens the dataset follows the numbers on. So a reader never sees half
a dataset, and of two writers one is told that it came second (``graphkit.writer``, ``graphkit.history``).
"""

from __future__ import annotations

import copy
import functools
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import DamagedFileError, DatasetError, NotADatasetError
from graphkit.history import POINTER, current_snapshot_number, kept_numbers, load_snapshot, prune
from graphkit.query.questions import Questions
from graphkit.snapshot import Snapshot
from graphkit.storage import Storage, storage_at

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from graphkit.catalogue import Catalogue
    from graphkit.graph import Graph
    from graphkit.query import ir
    from graphkit.query.annotations import Annotations
    from graphkit.query.result import Result
    from graphkit.query.sets import NeuronSource
    from graphkit.query.vocabulary import Vocabulary
    from graphkit.regions import RegionTree

__all__ = ["Dataset", "open_dataset"]

_GET_ONE = (
    "Make one with `graphkit simulate -o mybrain`, import one with `graphkit import`, or name one with -d DIR "
    "or GRAPHKIT_DATASET."
)


def open_dataset(location: str | os.PathLike[str], *, snapshot: int | None = None) -> Dataset:
    """The dataset at a local path or fsspec URL, at its current (or the given) snapshot.

    Raises:
        NotADatasetError: nothing there, or something else.
        FormatVersionError: written by a graphkit whose format this one does not read.
        DamagedFileError: the pointer or the snapshot cannot be read.
        DatasetError: no such snapshot.
    """
    storage = storage_at(location)
    current = current_snapshot_number(storage)
    if current is None:
        raise _nothing_at(storage)
    return Dataset(storage, load_snapshot(storage, current if snapshot is None else snapshot, current))


def _nothing_at(storage: Storage) -> NotADatasetError:
    local = Path(storage.url)
    if "://" not in storage.url and not local.exists():
        return NotADatasetError(f"No dataset at {storage.url!r}: there is no such folder.", hint=_GET_ONE)
    if "://" not in storage.url and not local.is_dir():
        return NotADatasetError(
            f"{storage.url!r} is a file; a graphkit dataset is a folder with {POINTER} in it.",
            hint="To read a table into a dataset: graphkit import --help",
        )
    return NotADatasetError(f"No dataset at {storage.url!r}: there is no {POINTER} in it.", hint=_GET_ONE)


class Dataset(Questions):
    """A connectome to ask: tables, graph and questions of one snapshot. Made by ``graphkit.open``."""

    def __init__(self, storage: Storage, snapshot: Snapshot) -> None:
        self.storage = storage
        self.snapshot = snapshot
        self.sets: Mapping[str, NeuronSource] = {}
        """Sets of neurons that questions call ``@name``, besides the saved ones (``graphkit.query.sets``)."""
        self.skip_unknown = False
        """Whether ids that the dataset does not have are left out of sets and annotations, and counted, not refused."""
        self.notes: list[str] = []
        """What is to be read with answers: ids that were left out."""
        self.annotations: Annotations | None = None
        """The user's own columns of the neurons (``annotate``)."""
        self._shared = _Shared()

    def __repr__(self) -> str:
        counts = ", ".join(f"{t.rows:,} {name}" for name, t in self.snapshot.tables.items() if name in _COUNTED)
        return f"<graphkit dataset {self.snapshot.name!r}, snapshot {self.snapshot.number}: {counts or 'empty'}>"

    # -- what it holds ------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it lies."""
        return self.storage.url

    @property
    def digest(self) -> str:
        """Names what questions are asked of: the snapshot's tables, and the annotations. Caches are keyed by it."""
        own = self.snapshot.digest
        return own if self.annotations is None else f"{own}+{self.annotations.digest}"

    @property
    def name(self) -> str:
        """Its name."""
        return self.snapshot.name

    def has(self, table: str) -> bool:
        """Whether the snapshot has the table ``table``."""
        return table in self.snapshot.tables

    def files(self, table: str) -> list[str]:
        """The Parquet files of ``table``, in order, as DuckDB, pandas or Polars can open them.

        Raises:
            DatasetError: the snapshot has no such table.
            DamagedFileError: a file is missing or its size differs from what was written.
        """
        entry = self.snapshot.tables.get(table)
        if entry is None:
            raise DatasetError(
                f"{self.url!r} has no table {table!r}.", hint=f"It has: {', '.join(self.snapshot.tables) or 'none'}."
            )
        for file in entry.files:
            self._check_size(file.path, file.bytes)
        return [self.storage.duckdb_path(file.path) for file in entry.files]

    def _check_size(self, path: str, expected: int) -> None:
        try:
            found = self.storage.size(path)
        except FileNotFoundError:
            raise DamagedFileError(
                f"{self.url}/{path} is missing from the dataset.",
                hint="Restore it from a copy, or run `graphkit validate` to see everything that is wrong.",
            ) from None
        if found != expected:
            raise DamagedFileError(
                f"{self.url}/{path} is damaged: it has {found:,} bytes, {expected:,} were written.",
                hint="Restore it from a copy, or run `graphkit validate` to see everything that is wrong.",
            )

    def connect(self, *, memory_limit: str | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with a view for each table (see ``graphkit.tables``)."""
        from graphkit.tables import connect

        return connect(self, memory_limit=memory_limit, threads=threads)

    def cursor(self, sql: str) -> duckdb.DuckDBPyConnection:
        """A DuckDB cursor with the views that ``sql`` names; they are made when first asked for, since opening a big
        table's file takes some milliseconds that most questions need not spend.
        """
        from graphkit.tables import bare_connection, create_views

        shared = self._shared
        with shared.lock:
            if shared.connection is None:
                shared.connection = bare_connection(self)
            words = set(re.findall(r"\w+", sql))
            words |= {"synapses"} if "detected_synapses" in words else set()
            words |= {"neurons"} if words & {"annotations", "neurons_unannotated"} else set()
            wanted = [t for t in self.snapshot.tables if t in words and t not in shared.views]
            create_views(shared.connection, self, wanted)
            shared.views.update(wanted)
            return shared.connection.cursor()

    def table(self, name: str) -> pa.Table:
        """The whole table ``name`` as Arrow, as it is stored."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from graphkit.schema import TABLES

        self.files(name)
        parts = []
        for file in self.snapshot.tables[name].files:
            with self.storage.open(file.path) as handle:
                # Arrow's threads may still hold the handle when a short script ends, and abort it.
                parts.append(pq.read_table(handle, use_threads=False))
        return pa.concat_tables(parts) if parts else TABLES[name].schema.empty_table()

    @functools.cached_property
    def region_tree(self) -> RegionTree:
        """The tree of regions."""
        from graphkit.regions import RegionTree

        return RegionTree.of(self)

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """Names that questions can use: regions, types, classes, sides, transmitters, columns."""
        from graphkit.query.vocabulary import Vocabulary

        return Vocabulary.of(self)

    @property
    def catalogue(self) -> Catalogue:
        """Named questions to run: ``brain.catalogue.run("strongest_inputs", neurons="EPG")``."""
        from graphkit.catalogue import Catalogue

        return Catalogue(self)

    # -- questions ----------------------------------------------------------------------------------------------

    def query(
        self,
        question: str | ir.Form,
        *,
        limit: int | None = None,
        sets: Mapping[str, NeuronSource] | None = None,
        cache: bool = True,
        timeout: float | None = None,
    ) -> Result:
        """The answer to a question, in English (``motifs in region EB``) or in the typed form.

        ``sets`` gives the neurons that the question calls ``@name``: ids, a DataFrame, an answer, a file. An answer that was
        given before is given again (``graphkit.query.answer_cache``) unless ``cache`` is False. After ``timeout`` seconds
        the rows found are given, marked as incomplete, or an error.

        Raises:
            QueryError: the question has an error; says where and what was meant.
            TimeLimitError: the time was not enough.
        """
        from graphkit.query import ask

        return ask(self.with_sets(sets) if sets else self, question, limit=limit, cache=cache, timeout=timeout)

    def with_sets(self, sets: Mapping[str, NeuronSource], *, skip_unknown: bool | None = None) -> Dataset:
        """The same dataset, of which questions can say ``@name`` for each of ``sets``.

        Raises:
            QueryError: a name is none; what is wrong with a set is said when a question names it.
        """
        from graphkit.query.sets import checked_names

        like = self._alike()
        like.sets = checked_names({**self.sets, **sets})
        like.skip_unknown = self.skip_unknown if skip_unknown is None else skip_unknown
        return like

    def annotate(self, annotations: Any, *, id_column: str | None = None, skip_unknown: bool | None = None) -> Dataset:
        """The same dataset, whose neurons have the columns of ``annotations`` too, joined by id: in questions, SQL and graphs.

        ``annotations`` is a DataFrame, an Arrow table, an answer or a file; its column of ids is recognised, or is
        ``id_column``. Nothing is written (``graphkit.query.annotations``).

        Raises:
            QueryError: no column of ids, a neuron in two rows, or ids that are no neurons' (see ``skip_unknown``).
        """
        like = self._annotated(annotations, id_column, self.skip_unknown if skip_unknown is None else skip_unknown)
        like.cursor("neurons").close()  # what is wrong with the table is said now
        return like

    def _annotated(self, source: Any, id_column: str | None, skip_unknown: bool) -> Dataset:
        from graphkit.query.annotations import annotations_of

        if self.annotations is not None:
            raise DatasetError("This dataset has annotations already.", hint="Join the tables into one first.")
        like = self._alike()
        like.annotations, like.skip_unknown = annotations_of(source, id_column), skip_unknown
        like._shared = _Shared()
        like.__dict__.pop("vocabulary", None)
        return like

    def neuron_set(self, name: str) -> ir.NamedSet:
        """The neurons that ``@name`` stands for.

        Raises:
            UnknownNameError: there is no such set, or ids in it are not in the dataset.
        """
        from graphkit.query.sets import named_set

        return named_set(self, name)

    def _alike(self) -> Dataset:
        like = copy.copy(self)
        like.notes = list(self.notes)
        return like

    def sql(self, statement: str, *, limit: int | None = None, timeout: float | None = None) -> Result:
        """The answer to one SELECT over the views of ``graphkit.tables``; nothing else can be read or written.

        Raises:
            SqlError: refused or failed.
            TimeLimitError: it took more than ``timeout`` seconds.
        """
        from graphkit.query.sql import run_sql
        from graphkit.stopping import limited

        with limited(timeout):
            return run_sql(self, statement, limit=limit)

    def report(self, region: str | None = None, *, min_synapses: int = 1, path: str | os.PathLike[str]) -> None:
        """Writes one self-contained HTML page about a region, or about the whole dataset."""
        from graphkit.reporting import report

        report(self, region, min_synapses=min_synapses, path=path)

    def graph(self, **selection: Any) -> Graph:
        """The graph of the dataset or of a part of it, as ``graphkit.selection.load_graph`` describes."""
        from graphkit.selection import load_graph

        return load_graph(self, **selection)

    # -- history ------------------------------------------------------------------------------------------------

    def history(self) -> list[Snapshot]:
        """The snapshots that are kept, oldest first."""
        return [load_snapshot(self.storage, number, number) for number in kept_numbers(self.storage)]

    def at(self, snapshot: int) -> Dataset:
        """The same dataset at another snapshot."""
        return Dataset(self.storage, load_snapshot(self.storage, snapshot, self.snapshot.number))

    def prune(self, *, keep: int = 1, grace_s: float = 24 * 3600.0) -> list[str]:
        """Deletes all but the newest ``keep`` snapshots and the files that no kept one lists; returns their paths.

        Files younger than ``grace_s`` seconds stay: a writer may be about to list them.
        """
        return prune(self.storage, keep=keep, grace_s=grace_s)


class _Shared:
    """The connection of a dataset and of those that differ from it in what questions are given only."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.views: set[str] = set()


_COUNTED = ("neurons", "synapses", "connections", "segments")
