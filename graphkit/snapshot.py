"""A snapshot: one frozen state of a dataset, as ``snapshots/NNNNNNNN.json`` records it.

A snapshot lists exactly its files, each with rows, bytes and SHA-256. Files are named by their content and never change,
so snapshots share them. ``digest`` names what the snapshot holds (not when or how it was made): caches are keyed by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from graphkit.errors import DamagedFileError, FormatVersionError, NotADatasetError

__all__ = ["FORMAT", "FORMAT_VERSION", "DataFile", "Snapshot", "TableFiles", "read_pointer", "snapshot_path"]

FORMAT = "graphkit-dataset"
FORMAT_VERSION = 1


def snapshot_path(number: int) -> str:
    """Path of snapshot ``number`` below the dataset's root."""
    return f"snapshots/{number:08d}.json"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a table, by its path below the dataset's root."""

    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TableFiles:
    """A table's files in order. ``sorted_by`` is empty where the rows are not sorted (yet)."""

    files: tuple[DataFile, ...]
    columns: tuple[str, ...]
    sorted_by: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(f.rows for f in self.files)

    @property
    def bytes(self) -> int:
        return sum(f.bytes for f in self.files)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a dataset.

    ``voxel_size_nm`` and ``bounds_nm`` carry their axis names: ``{"x": 8, "y": 8, "z": 8}`` and
    ``{"x": [min, max], ...}``. ``build`` holds the options of the graph build, or None before the first one.
    ``provenance`` is a list of steps, oldest first: command, settings, sources, graphkit version.
    """

    number: int
    parent: int | None
    created: str
    name: str
    description: str = ""
    voxel_size_nm: Mapping[str, float] | None = None
    bounds_nm: Mapping[str, list[int]] | None = None
    size_unit: str | None = None
    tables: Mapping[str, TableFiles] = field(default_factory=dict)
    build: Mapping[str, Any] | None = None
    provenance: tuple[Mapping[str, Any], ...] = ()

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 over the tables' files and the build options."""
        content = {
            "tables": {name: [f.sha256 for f in t.files] for name, t in sorted(self.tables.items())},
            "build": self.build,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def paths(self) -> set[str]:
        """Every data file of the snapshot."""
        return {f.path for table in self.tables.values() for f in table.files}

    def to_json(self) -> bytes:
        """The snapshot as it is stored."""
        body = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        return json.dumps(body, indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, where: str) -> Snapshot:
        """The snapshot stored in ``data``; ``where`` names it in errors.

        Raises:
            DamagedFileError: not JSON, or fields are missing.
            FormatVersionError: a version this graphkit does not read.
        """
        body = _parsed(data, where)
        _check_format(body, where)
        try:
            tables = {
                name: TableFiles(
                    tuple(DataFile(**f) for f in entry["files"]), tuple(entry["columns"]), tuple(entry["sorted_by"])
                )
                for name, entry in body["tables"].items()
            }
            fields = {k: v for k, v in body.items() if k not in ("format", "format_version", "tables", "provenance")}
            return cls(**fields, tables=tables, provenance=tuple(body["provenance"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise DamagedFileError(
                f"The snapshot {where!r} lacks or garbles a field: {error}.",
                hint="Restore the file from a copy, or open an older snapshot.",
            ) from error


def read_pointer(data: bytes, where: str) -> int:
    """The number of the current snapshot, from the bytes of ``dataset.json``.

    Raises:
        NotADatasetError: some other JSON file.
        DamagedFileError: not JSON at all.
        FormatVersionError: a version this graphkit does not read.
    """
    body = _parsed(data, where)
    _check_format(body, where)
    number = body.get("snapshot")
    if not isinstance(number, int):
        raise DamagedFileError(f"{where!r} names no snapshot (found {number!r}, expected a number).")
    return number


def _parsed(data: bytes, where: str) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError as error:
        raise DamagedFileError(
            f"{where!r} is not readable JSON ({error}); it is truncated or was overwritten.",
            hint="Restore the file from a copy of the dataset.",
        ) from error
    if not isinstance(body, dict):
        raise NotADatasetError(
            f"{where!r} is not a graphkit file: expected a JSON object, found {type(body).__name__}."
        )
    return body


def _check_format(body: Mapping[str, Any], where: str) -> None:
    if body.get("format") != FORMAT:
        raise NotADatasetError(
            f"{where!r} is not part of a graphkit dataset: its format is {body.get('format')!r}, expected {FORMAT!r}."
        )
    version = body.get("format_version")
    if version != FORMAT_VERSION:
        raise FormatVersionError(
            f"{where!r} has format version {version!r}; this graphkit reads version {FORMAT_VERSION}.",
            hint="Open it with a newer graphkit: pip install -U graphkit",
        )
