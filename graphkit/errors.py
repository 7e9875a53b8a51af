"""Every error graphkit raises on purpose.

    GraphkitError                 something the user can mend; the command prints it in one line
    ├── DatasetError              the dataset itself: missing, foreign, damaged, of another version
    │   ├── NotADatasetError      nothing there, or something else is
    │   ├── FormatVersionError    written by a newer (or unreadably old) graphkit
    │   ├── DamagedFileError      a file is missing, truncated or swapped: its digest differs
    │   └── ConflictError         another writer committed first
    ├── ImportDataError           a source table cannot be read as what it was said to be
    ├── BuildError                the graph build cannot go on
    ├── GraphError                a Graph cannot be made, or an id is not in it
    ├── QueryError                the question has an error; knows the place (``text``, ``start``, ``end``)
    │   ├── QuerySyntaxError      it cannot be parsed
    │   ├── UnknownNameError      a region, type, class, column or id that the dataset does not have
    │   ├── AmbiguousNameError    a name with several readings; the message lists them
    │   ├── AmbiguousQuestionError  a question with several readings; the hint lists them
    │   └── NotAnswerableError    a sound question that this dataset cannot answer (and what can be asked instead)
    ├── SqlError                  the SQL is refused or fails
    ├── CatalogueError            no such question in the catalogue, its file is broken, or a parameter does not fit
    ├── TimeLimitError            the time that was given is over, and a part of the answer would be none
    └── MissingExtraError         an optional dependency is not installed; names the install command

A message gives the value, what was expected, and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "AmbiguousNameError",
    "AmbiguousQuestionError",
    "BuildError",
    "CatalogueError",
    "ConflictError",
    "DamagedFileError",
    "DatasetError",
    "FormatVersionError",
    "GraphError",
    "GraphkitError",
    "ImportDataError",
    "MissingExtraError",
    "NotADatasetError",
    "NotAnswerableError",
    "QueryError",
    "QuerySyntaxError",
    "SqlError",
    "TimeLimitError",
    "UnknownNameError",
    "did_you_mean",
    "wildcard_meant",
]


class GraphkitError(Exception):
    """Something the user can mend.

    ``hint`` is what to do next; it is printed on a line of its own, after the message.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class DatasetError(GraphkitError):
    """The dataset itself is at fault."""


class NotADatasetError(DatasetError):
    """Nothing there, or something that is not a graphkit dataset."""


class FormatVersionError(DatasetError):
    """A format version that this graphkit does not read."""


class DamagedFileError(DatasetError):
    """A file of the snapshot is missing, truncated or not the one that was written."""


class ConflictError(DatasetError):
    """Another writer committed a snapshot first; nothing of this write was kept."""


class ImportDataError(GraphkitError):
    """A source table cannot be read as what it was said to be."""


class BuildError(GraphkitError):
    """The graph build cannot go on."""


class GraphError(GraphkitError):
    """A Graph cannot be made from what was given, or does not hold what was asked for."""


class QueryError(GraphkitError):
    """The question has an error.

    ``text[start:end]`` is the place at fault, where it is known; the command draws a caret under it.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        text: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.text = text
        self.start = start
        self.end = end

    def at(self, text: str, start: int, end: int) -> QueryError:
        """The same error, with its place in ``text`` (kept if it already has one)."""
        if self.start is None:
            self.text, self.start, self.end = text, start, end
        return self

    def caret(self) -> str:
        """The question with carets under the place at fault, or an empty string."""
        if self.text is None or self.start is None:
            return ""
        line_start = self.text.rfind("\n", 0, self.start) + 1
        line_end = self.text.find("\n", self.start)
        line = self.text[line_start : line_end if line_end >= 0 else len(self.text)]
        begin = self.start - line_start
        stop = max((self.end or self.start + 1) - line_start, begin + 1)
        width = max(1, min(stop, max(len(line), begin + 1)) - begin)
        return f"{line}\n{' ' * begin}{'^' * width}"


class QuerySyntaxError(QueryError):
    """The question cannot be parsed."""


class UnknownNameError(QueryError):
    """A name or id that this dataset does not have."""


class AmbiguousNameError(QueryError):
    """A name with several readings."""


class AmbiguousQuestionError(QueryError):
    """A question with several readings."""


class NotAnswerableError(QueryError):
    """A sound question that this dataset cannot answer."""


class SqlError(GraphkitError):
    """The SQL is refused or fails."""


class CatalogueError(GraphkitError):
    """The catalogue has no such question, a file of it is broken, or what a parameter was given does not fit."""


class TimeLimitError(GraphkitError):
    """The time that was given is over."""


class MissingExtraError(GraphkitError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed.",
            hint=f'Install it with: pip install "graphkit[{extra}]"',
        )


def did_you_mean(name: str, known: Iterable[str], limit: int = 3) -> str | None:
    """'Did you mean 'EB'?' for the nearest of ``known`` names (case-insensitive), or None."""
    import difflib

    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), candidate)
    folded = name.casefold()
    close = difflib.get_close_matches(folded, by_folded, n=limit, cutoff=0.6)
    if not close and len(folded) >= 2:
        close = sorted(c for c in by_folded if c.startswith(folded) or folded.startswith(c))[:limit]
    if not close:
        return None
    names = [repr(by_folded[c]) for c in close]
    return "Did you mean " + (names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]) + "?"


def wildcard_meant(name: str, known: Iterable[str]) -> str | None:
    """'Did you mean 'ER*'?' where several of ``known`` names begin with ``name``, the one that does, or None."""
    folded = name.casefold()
    begin = [k for k in known if k.casefold().startswith(folded)]
    if not begin or not folded or "*" in name or "?" in name:
        return None
    if len(begin) == 1:
        return f"Did you mean {begin[0]!r}?"
    shown = ", ".join(map(repr, begin[:3])) + (f" and {len(begin) - 3:,} more" if len(begin) > 3 else "")
    return f"Did you mean '{name}*'? {len(begin):,} begin so: {shown}."
