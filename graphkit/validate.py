"""``graphkit validate``: everything that is wrong with a dataset, each with table, column, rows and an example.

    files ──> rows of each table ──> the tree of regions ──> what the build derived, derived once more
    (``validation.files``)  (``.rows``)          (``.tree``)              (``.derived``)

No problem hides another: a table whose file cannot be read is left out of the later checks (the report says so), all
else goes on. Everything runs in DuckDB in bounded memory.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass

from graphkit.dataset import Dataset, open_dataset
from graphkit.progress import Progress, silent
from graphkit.tables import new_connection, quoted
from graphkit.validation.derived import check_derived
from graphkit.validation.files import check_files
from graphkit.validation.findings import Findings, Problem
from graphkit.validation.rows import check_rows
from graphkit.validation.tree import check_tree

__all__ = ["Problem", "ValidationReport", "validate"]


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What was checked and what is wrong.

    Attributes:
        problems: every broken rule, in the order of the checks.
        checked: what was checked, in words.
        skipped: what could not be checked because of a problem found before, in words.
    """

    problems: tuple[Problem, ...]
    checked: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def validate(
    location: str | os.PathLike[str] | Dataset, *, memory_limit: str | None = None, progress: Progress = silent
) -> ValidationReport:
    """Every broken invariant of a dataset (at its current snapshot, or the given one).

    Args:
        memory_limit: bound on the memory of DuckDB, e.g. "2GB"; what does not fit spills to a temporary folder.

    Raises:
        NotADatasetError, FormatVersionError, DamagedFileError: the pointer or the snapshot itself cannot be read.
    """
    dataset = location if isinstance(location, Dataset) else open_dataset(location)
    with (
        tempfile.TemporaryDirectory(prefix="graphkit-validate-") as spill,
        new_connection(memory_limit=memory_limit) as connection,
    ):
        connection.execute(f"SET temp_directory = {quoted(spill)}")
        connection.execute("SET parquet_metadata_cache = true")
        dataset.storage.register(connection)
        found = Findings(dataset, connection, progress)
        check_files(found)
        check_rows(found)
        found.attempt("regions: the tree", lambda: check_tree(found))
        check_derived(found)
    return ValidationReport(tuple(found.problems), tuple(found.checked), tuple(found.skipped))
