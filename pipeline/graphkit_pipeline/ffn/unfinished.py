"""A fill under way, put away every so often, so that a killed run goes on in the middle of a block.

One file a pass of a block, replaced as a whole. It carries a key of all that the fill depends on (image, seeds, policy, network):
a file of another fill, or a damaged one, is not there. What is read back is what was written, to the bit, so that the labels
are those of a fill that was never stopped.
"""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.formats.disk import atomically

__all__ = ["SUFFIX", "Unfinished", "digest", "sweep"]

SUFFIX = ".unfinished"
_KEY = "key"


class Unfinished:
    """The file at ``path``, written at most every ``every_s`` seconds; ``key`` is what the caller alone knows."""

    def __init__(self, path: Path, key: str, every_s: float) -> None:
        if not every_s > 0:
            raise GraphkitError(f"A fill is put away every so many seconds, above 0, not {every_s!r}.")
        self.path, self.key = path, key
        self._every_s = every_s
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to write again."""
        return time.monotonic() - self._last >= self._every_s

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Writes the arrays, atomically."""
        with (
            atomically(self.path) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            for name, array in {**arrays, _KEY: np.array(key)}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
        self._last = time.monotonic()

    def taken_up(self, key: str) -> dict[str, NDArray[Any]] | None:
        """What was put away under the key; None where there is nothing, or nothing whole."""
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                if str(archive[_KEY]) != key:
                    return None
                return {name: archive[name] for name in archive.files}
        except Exception:  # not there, cut, or damaged: numpy and zipfile raise one of many
            return None


def digest(*parts: object) -> str:
    """A digest of arrays and of what can be written as text."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).data)
        else:
            found.update(repr(part).encode())
        found.update(b"\0")
    return found.hexdigest()


def sweep(folder: Path) -> None:
    """Removes the files of blocks that are finished."""
    for path in folder.glob(f"*{SUFFIX}"):
        block = path.name.split(".")[0]
        if (folder / f"{block}.npz").exists():
            path.unlink(missing_ok=True)
