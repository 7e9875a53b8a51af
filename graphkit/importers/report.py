"""What an import did: rows read, rows kept, and every row left out with its reason.

The books balance: ``rows_read == rows_kept + sum(l.rows for l in left_out)``. Rows that are summed into one connection
count as kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from graphkit.errors import GraphkitError, ImportDataError

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["ImportReport", "Ledger", "LeftOut", "OnError", "listed"]

OnError = Literal["fail", "skip"]

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that are not in the dataset: why, how many, and up to three of them."""

    reason: str
    rows: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        dataset: the new dataset.
        rows_read: rows of the source tables (of synapses or pairs; neuron tables are in ``notes``).
        rows_kept: rows that are in the dataset, or in a sum that is.
        left_out: the others, by reason.
        names_kept: neurons whose names the source used as ids; they are in ``neurons.name``.
        notes: sentences that a person wants to read.
    """

    dataset: Dataset
    rows_read: int
    rows_kept: int
    left_out: tuple[LeftOut, ...]
    names_kept: int
    notes: list[str]

    def __str__(self) -> str:
        lines = [f"{self.rows_read:,} rows read, {self.rows_kept:,} kept."]
        for left in self.left_out:
            lines.append(f"{left.rows:,} left out: {left.reason}")
            lines += [f"  e.g. {example}" for example in left.examples]
        return "\n".join([*lines, *self.notes])


class Ledger:
    """Keeps the books while an import runs. ``fail`` raises at the first fault, ``skip`` counts it."""

    def __init__(self, on_error: OnError) -> None:
        if on_error not in ("fail", "skip"):
            raise GraphkitError(f"on_error must be 'fail' or 'skip', got {on_error!r}.")
        self.on_error = on_error
        self.rows_read = 0
        self.names_kept = 0
        self.notes: list[str] = []
        self._left_out: dict[str, tuple[int, tuple[str, ...]]] = {}

    def note(self, sentence: str) -> None:
        """Adds a sentence once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def fault(
        self,
        reason: str,
        rows: int,
        examples: Iterable[str],
        *,
        hint: str | None = None,
        skipping: str = "leave such rows out, counted,",
    ) -> None:
        """Rows that should not be as they are: an error in mode ``fail``, counted in mode ``skip``.

        ``skipping`` says what the second does to them.
        """
        shown = list(examples)
        if self.on_error == "fail":
            more = f" ({rows:,} rows are like this.)" if rows > 1 else ""
            skip = f"{skipping} with --on-error skip."
            raise ImportDataError(
                f"{shown[0] if shown else reason}{more}",
                hint=f"{hint} Or {skip}" if hint else skip[0].upper() + skip[1:],
            )
        if not rows:  # nothing that counts as a row, but nothing to be silent about
            self.note(f"{shown[0]} ({reason})" if shown else reason)
        self.leave_out(reason, rows, shown)

    def leave_out(self, reason: str, rows: int, examples: Iterable[str] = ()) -> None:
        """Rows that are rightly not in the dataset; they are counted."""
        if rows:
            before, kept = self._left_out.get(reason, (0, ()))
            self._left_out[reason] = (before + rows, (*kept, *examples)[:_EXAMPLES])

    def absorb(self, other: Ledger) -> None:
        """Takes over what another ledger has in its books."""
        self.rows_read += other.rows_read
        for note in other.notes:
            self.note(note)
        for reason, (rows, examples) in other._left_out.items():
            self.leave_out(reason, rows, examples)

    def report(self, dataset: Dataset) -> ImportReport:
        """The closed books."""
        left_out = tuple(LeftOut(reason, rows, examples) for reason, (rows, examples) in self._left_out.items())
        kept = self.rows_read - sum(left.rows for left in left_out)
        return ImportReport(dataset, self.rows_read, kept, left_out, self.names_kept, self.notes)


def listed(names: Sequence[str], limit: int = 40) -> str:
    """``'a', 'b', 'c'``, cut after ``limit``."""
    text = ", ".join(repr(n) for n in names[:limit])
    return text if len(names) <= limit else f"{text}, ... ({len(names) - limit} more)"
