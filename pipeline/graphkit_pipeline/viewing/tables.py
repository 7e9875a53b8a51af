"""Tables of a dataset, read from the file list of its current snapshot: all that the viewer needs of the format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import DamagedFileError, FormatVersionError, NotADatasetError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_table"]

_FORMAT_VERSION = 1


def read_table(dataset: Path, name: str, columns: Sequence[str]) -> pa.Table | None:
    """Those of ``columns`` that the table ``name`` has, in the snapshot's order; None if there is no such table.

    Raises:
        NotADatasetError, FormatVersionError, DamagedFileError: it cannot be read as a dataset of this version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    pointer = _read_json(dataset / "dataset.json")
    if pointer.get("format") != "graphkit-dataset":
        raise NotADatasetError(f"{dataset} is not a graphkit dataset.", hint="Its dataset.json is of something else.")
    if pointer.get("format_version") != _FORMAT_VERSION:
        raise FormatVersionError(
            f"{dataset} has format version {pointer.get('format_version')}; this graphkit reads {_FORMAT_VERSION}.",
            hint="Update graphkit: pip install --upgrade graphkit",
        )
    snapshot = _read_json(dataset / "snapshots" / f"{pointer['snapshot']:08d}.json")
    entry = snapshot.get("tables", {}).get(name)
    if entry is None:
        return None
    wanted = [column for column in columns if column in entry["columns"]]
    try:
        pieces = [pq.read_table(dataset / file["path"], columns=wanted) for file in entry["files"]]
    except (OSError, pa.ArrowInvalid) as error:
        raise DamagedFileError(
            f"The table {name!r} of {dataset} cannot be read: {error}",
            hint=f"Check it with: graphkit validate {dataset}",
        ) from error
    return pa.concat_tables(pieces) if pieces else None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"{path} cannot be read: {error}", hint="Write the dataset again.") from error
    if not isinstance(content, dict):
        raise DamagedFileError(f"{path} does not hold a JSON object.", hint="Write the dataset again.")
    return content
