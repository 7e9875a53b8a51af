"""What a blockwise job leaves in its folder: one file a block, and the settings they were made with.

    job.json          the job's name, its settings and their digest
    z0-64_..._.npz    the arrays of a finished block, and where the block lies (``_block``)
    failed.json       the blocks that were set aside, with their errors; absent where there are none

Every file is written whole or not at all, and the same arrays give the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.formats.disk import TEMPORARY, atomically, said_plainly

__all__ = ["FAILED", "JOB", "claimed", "digest_of", "is_finished", "prepare", "read_block", "write_block"]

JOB = "job.json"
FAILED = "failed.json"
_PLACE = "_block"
_LEVEL = 1  # labels shrink as well at the lowest level, and floats hardly at any


def write_block(folder: Path, block: Block, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes ``folder/NAME.npz``, atomically.

    Raises GraphkitError for what is not a mapping of names to plain arrays, and for a full disk.
    """
    if not isinstance(arrays, Mapping) or not all(isinstance(name, str) for name in arrays):
        raise GraphkitError(f"A job's run() returns arrays by name, not {type(arrays).__name__}.")
    plain = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in plain.items():
        if name == _PLACE or array.dtype.hasobject:
            raise GraphkitError(f"A job's run() cannot return {name!r} of type {array.dtype}.")
    with (
        atomically(_file(folder, block)) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
    ):
        for name, array in {_PLACE: _place(block), **plain}.items():
            # ZipInfo has a fixed date: the same arrays are the same bytes
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_block(folder: Path | str, block: Block) -> dict[str, np.ndarray]:
    """The arrays that a finished block left, by name.

    Raises GraphkitError where the block is not finished, its file is damaged, or was made for another block.
    """
    path = _file(Path(folder), block)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise GraphkitError(
            f"The block {block.name} is not finished: {path} is not there.", hint="Run its job again; see failed.json."
        ) from None
    except Exception as error:  # a damaged zip raises one of many
        raise GraphkitError(
            f"The block file {path} is damaged: {error or type(error).__name__}.",
            hint="Remove it and run its job again.",
        ) from error
    if not np.array_equal(arrays.pop(_PLACE, None), _place(block)):
        raise GraphkitError(
            f"{path} was made for another block than {block.box} with the core {block.core}.",
            hint="Run its job again: blocks of another size or halo are not reused.",
        )
    return arrays


def is_finished(folder: Path, block: Block) -> bool:
    """Whether the block's file is there, whole, and of this very block (its core and its halo).

    A cut file is found without reading it through: a zip's table of contents is at its end.
    """
    try:
        with _file(folder, block).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return bool(np.array_equal(archive[_PLACE], _place(block)))
    except Exception:  # not there, cut, or not ours: it is done again
        return False


def digest_of(settings: object) -> str:
    """The SHA-256 of ``settings`` as JSON with sorted keys.

    Raises GraphkitError where they cannot be written as JSON.
    """
    try:
        text = json.dumps(settings, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise GraphkitError(f"A job's settings cannot be written as JSON: {error}.") from error
    return hashlib.sha256(text.encode()).hexdigest()


def prepare(
    folder: Path, name: str, settings: dict[str, Any], *, restart: bool, formerly: dict[str, Any] | None = None
) -> None:
    """Makes the folder ready for the job: its ``job.json`` is there, and nothing of another job or a killed process.

    ``formerly`` are the same settings as runs wrote them that named their inputs by place.

    Raises GraphkitError where the folder holds the blocks of a job with other settings, unless ``restart`` is said.
    """
    with said_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
    record = {"job": name, "settings": settings, "digest": digest_of({"job": name, "settings": settings})}
    path = folder / JOB
    if restart:
        for file in folder.glob("z*_y*_x*.npz"):
            file.unlink()
    elif path.exists():
        _refuse_other(path, record, digest_of({"job": name, "settings": formerly}))
    for leftover in folder.glob(f".*{TEMPORARY}"):
        leftover.unlink(missing_ok=True)
    (folder / FAILED).unlink(missing_ok=True)
    with atomically(path) as out:
        out.write(json.dumps(record, indent=1, sort_keys=True).encode())


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Holds the folder for one run; released by the system when the process ends, however it ends.

    Raises GraphkitError where another run has it. On a file system without locks nothing is held.
    """
    import fcntl

    with said_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GraphkitError(
                f"Another run is at work in {folder}.", hint="Wait until it ends, or choose another folder."
            ) from None
        except OSError:  # no locks here (some network file systems): blocks are whole files all the same
            pass
        yield
    finally:
        os.close(descriptor)


def _refuse_other(path: Path, record: dict[str, Any], formerly: str) -> None:
    try:
        there = json.loads(path.read_text())
        same = there["digest"] in (record["digest"], formerly)
    except (ValueError, KeyError, TypeError):
        raise GraphkitError(
            f"{path} is damaged, so it is not known with which settings the blocks beside it were made.",
            hint="Say restart to do them all again, or choose another folder.",
        ) from None
    if not same:
        raise GraphkitError(
            f"{path.parent} holds blocks made with other settings: {_difference(there, record)}.",
            hint="Use the former settings to go on, say restart to do all blocks again, or choose another folder.",
        )


def _difference(there: dict[str, Any], here: dict[str, Any]) -> str:
    if there.get("job") != here["job"]:
        return f"they are of the job {there.get('job')}, and this is {here['job']}"
    old, new = there.get("settings") or {}, json.loads(json.dumps(here["settings"]))
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return ", ".join(f"{name} was {json.dumps(old.get(name))} and is {json.dumps(new.get(name))}" for name in names[:5])


def _file(folder: Path, block: Block) -> Path:
    return folder / f"{block.name}.npz"


def _place(block: Block) -> np.ndarray:
    return np.array([block.core.start, block.core.stop, block.box.start, block.box.stop], np.int64)
