"""What a question is given on the command line besides its words: sets of neurons, annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphkit.errors import GraphkitError

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["with_given"]


def with_given(
    brain: Dataset,
    sets: Sequence[str] | None = None,
    neurons: str | None = None,
    annotations: str | None = None,
    annotations_id: str | None = None,
    *,
    skip_unknown: bool = False,
) -> Dataset:
    """The dataset with the ``NAME=FILE`` of ``--set``, the file of ``--neurons`` and the table of ``--annotations``.

    Raises:
        GraphkitError: an option is not understood, or a table cannot be used.
    """
    named = {"neurons": neurons} if neurons is not None else {}
    for text in sets or ():
        name, equals, file = text.partition("=")
        name = name.removeprefix("@")
        if not (name and equals and file):
            raise GraphkitError(f"--set takes NAME=FILE, got {text!r}.", hint="For example: --set mine=ids.txt")
        if name in named:
            raise GraphkitError(f"The set @{name} was given twice.", hint="Give each set once.")
        named[name] = file
    if [*named.values(), annotations].count("-") > 1:
        raise GraphkitError("Standard input (-) can be read once only.", hint="Write one of the tables to a file.")
    if annotations_id is not None and annotations is None:
        raise GraphkitError("--annotations-id goes with --annotations FILE.", hint="Give the file too.")
    if annotations is not None:
        brain = brain.annotate(annotations, id_column=annotations_id, skip_unknown=skip_unknown)
    return brain.with_sets(named, skip_unknown=skip_unknown) if named or skip_unknown else brain
