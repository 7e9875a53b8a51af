"""Questions in files: MATCH or English (.match, .txt), and DotMotif's motifs (.motif)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import QueryError

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir

__all__ = ["read_question_file"]

_LARGEST_BYTES = 1 << 20
_KINDS = (".match", ".motif", ".txt")


def read_question_file(dataset: Dataset, path: str | Path, more: str = "") -> ir.Form:
    """The typed form of the question in a file; ``more`` goes on with it, such as "IN EB RETURN count".

    Lines that begin with --, // or # are comments. A motif counts every order of symmetric neurons, as DotMotif does, unless
    ``more`` says UNLABELLED.

    Raises:
        QueryError: the file cannot be read, or the question has an error.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _KINDS:
        raise QueryError(f"{str(path)!r} is no file of a question.", hint=f"Their names end in {', '.join(_KINDS)}.")
    text = _text(path)
    if suffix == ".motif":
        from graphkit.query.dotmotif.parser import parse_dotmotif

        form = parse_dotmotif(dataset, text)
        if not more.strip():
            return form
        from graphkit.query.match.parser import parse_match
        from graphkit.query.match.text import match_text

        if re.search(r"\bunlabelled\b", more, re.IGNORECASE):
            form = replace(form, labelled=False)
        return parse_match(dataset, f"{match_text(form)} {more}")
    from graphkit.query.reading import parse_question

    question = re.sub(r"(?m)^[ \t]*(--|//|#).*$", "", text).strip()
    return parse_question(dataset, f"{question} {more}".strip())


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise QueryError(f"{str(path)!r} is too large for a question.", hint="A question is a few lines of text.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise QueryError(f"Cannot read {str(path)!r}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise QueryError(f"{str(path)!r} is not text in UTF-8.") from error
