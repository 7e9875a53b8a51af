"""What every importer takes besides its own arguments, written once.

An importer is declared as ``import_x(files, output, *, ..., **common: Unpack[CommonKeywords])`` and begins with
``importing(output, ImportOptions(**common))``: the names are checked by the type checker, the defaults stand here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from graphkit.importers.report import OnError
from graphkit.progress import Progress, silent

__all__ = ["CommonKeywords", "ImportOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """Options of every importer.

    Attributes:
        name: the dataset's name; the last part of its place if not given.
        on_error: at a row that cannot be read, "fail", or "skip" it and count it.
        memory_limit: bound on the memory, e.g. "4GB".
        threads: number of threads; the result does not depend on it.
        progress: is told how far the import is.
    """

    name: str | None = None
    on_error: OnError = "fail"
    memory_limit: str = "4GB"
    threads: int | None = None
    progress: Progress = silent


class CommonKeywords(TypedDict, total=False):
    """The fields of `ImportOptions` as keyword arguments."""

    name: str | None
    on_error: OnError
    memory_limit: str
    threads: int | None
    progress: Progress
