"""Writing to a disk: whole or not at all, and a full disk said plainly."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from graphkit.errors import GraphkitError

__all__ = ["TEMPORARY", "atomically", "said_plainly"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
TEMPORARY = ".tmp"
"""The suffix of a file that is being written; one that is left over belongs to a process that was killed."""


@contextlib.contextmanager
def atomically(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that becomes ``path`` when the block ends, and is removed where it fails.

    It is on the disk before it has its name, so that a power cut leaves no file of zeros under it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    with said_plainly(path):
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def said_plainly(path: str | Path) -> Iterator[None]:
    """A full disk, a missing permission or a file in the way of a folder as one clear error."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # HDF5 raises both, and has the number in its text only
        number = getattr(error, "errno", None)
        if number in _FULL or any(f"errno = {code}," in str(error) for code in _FULL) or _cut_short(error):
            raise GraphkitError(
                f"No space left while writing {path}.",
                hint="Free some space, or write to another disk, and run again: what is finished is kept.",
            ) from error
        if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            raise GraphkitError(
                f"Cannot write {path}: {os.strerror(number)}.", hint="Write to a folder that you may write to."
            ) from error
        if number == errno.EEXIST:  # of a folder that is to be made
            raise GraphkitError(f"{path} is a file; expected a folder.", hint="Name another folder.") from error
        if number == errno.ENOENT:
            raise GraphkitError(
                f"Cannot write {path}: {os.strerror(number)}.", hint="Write to a folder that can be made, on a disk."
            ) from error
        raise


def _cut_short(error: Exception) -> bool:
    """NumPy writes an array to a real file by C's fwrite, and of a full disk says how far it came, without a number."""
    return type(error) is OSError and re.fullmatch(r"\d+ requested and \d+ written", str(error)) is not None
