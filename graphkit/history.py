"""Which snapshots there are at a place: the pointer, the numbered files, and the deletion of old ones."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from graphkit.errors import DamagedFileError, DatasetError
from graphkit.snapshot import FORMAT, FORMAT_VERSION, Snapshot, read_pointer, snapshot_path
from graphkit.storage import Storage

__all__ = ["POINTER", "current_snapshot_number", "kept_numbers", "load_snapshot", "move_pointer", "prune"]

POINTER = "dataset.json"


def move_pointer(storage: Storage, number: int) -> None:
    """Makes ``dataset.json`` name snapshot ``number``."""
    pointer = {"format": FORMAT, "format_version": FORMAT_VERSION, "snapshot": number}
    storage.replace(POINTER, json.dumps(pointer).encode() + b"\n")


def current_snapshot_number(storage: Storage) -> int | None:
    """The newest committed snapshot's number, or None where there is no dataset."""
    try:
        number = read_pointer(storage.read(POINTER), f"{storage.url}/{POINTER}")
    except (FileNotFoundError, NotADirectoryError):
        number = max(kept_numbers(storage)[:1], default=0)  # without a pointer: on from the oldest that is kept
    except PermissionError as error:
        raise DatasetError(
            f"Cannot read {storage.url}/{POINTER}: {error.strerror}.", hint="Ask its owner for read permission."
        ) from error
    while storage.exists(snapshot_path(number + 1)):  # a writer that died before moving the pointer
        number += 1
    return number or None


def kept_numbers(storage: Storage) -> list[int]:
    """The numbers of the snapshots that are kept, in order."""
    return sorted(int(Path(p).stem) for p in storage.list("snapshots") if re.fullmatch(r"\d{8}\.json", Path(p).name))


def load_snapshot(storage: Storage, number: int, current: int) -> Snapshot:
    """Snapshot ``number``, where ``current`` is the one that the pointer leads to.

    Raises:
        DamagedFileError: the current one is not there, or one cannot be read.
        DatasetError: no such snapshot.
    """
    path = snapshot_path(number)
    try:
        data = storage.read(path)
    except FileNotFoundError:
        kept = kept_numbers(storage)
        if number == current:
            raise DamagedFileError(
                f"{storage.url}/{POINTER} points to {path!r}, which is not there.",
                hint="Restore the folder `snapshots` from a copy of the dataset.",
            ) from None
        raise DatasetError(
            f"{storage.url!r} has no snapshot {number}.", hint=f"It keeps: {', '.join(map(str, kept)) or 'none'}."
        ) from None
    return Snapshot.from_json(data, f"{storage.url}/{path}")


def prune(storage: Storage, *, keep: int, grace_s: float) -> list[str]:
    """Deletes all but the newest ``keep`` snapshots and the files that no kept one lists; returns their paths.

    Files younger than ``grace_s`` seconds stay: a writer may be about to list them.

    Raises:
        DatasetError: ``keep`` is less than one.
    """
    from graphkit.schema import TABLES

    if keep < 1:
        raise DatasetError(f"keep must be at least 1 (the current snapshot), got {keep}.")
    snapshots = [load_snapshot(storage, n, n) for n in kept_numbers(storage)]
    kept, dropped = snapshots[-keep:], snapshots[:-keep]
    needed = set().union(*(s.paths for s in kept))
    deleted = [snapshot_path(s.number) for s in dropped]
    now = time.time()
    tables = {*TABLES, *(p.split("/", 1)[0] for s in snapshots for p in s.paths)}
    unlisted = (p for table in sorted(tables) for p in storage.list(table) if p not in needed)
    deleted += [p for p in unlisted if now - storage.modified(p) >= grace_s]
    if dropped:  # a pointer that lags must not be left pointing at a snapshot that goes
        move_pointer(storage, kept[-1].number)
    for path in deleted:  # snapshots first: a reader must not find one whose files are going
        storage.delete(path)
    return deleted
