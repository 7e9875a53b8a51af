"""``brain.match(...)``: a pattern as text or in a file, all else as arguments."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.match.check import check

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["called"]

_Returns = Literal["rows", "count", "exists", "neurons"]


def called(
    dataset: Dataset,
    pattern: str | Path,
    *,
    returns: _Returns,
    induced: bool | None,
    labelled: bool | None,
    limit: int | None,
    against: ir.Against | None = None,
    errors: ir.ReconstructionErrors | None = None,
    selection: dict[str, Any],
) -> ir.Match:
    """The form of a call; what the text says and what the arguments say go together, and may not contradict."""
    from graphkit.selection import make_selection

    if returns not in get_args(_Returns):
        raise QueryError(f"returns must be 'rows', 'count', 'exists' or 'neurons', got {returns!r}.")
    form = _form(dataset, pattern)
    if selection and form.selection != ir.Selection():
        raise QueryError("The pattern's text and the arguments both say which synapses count.", hint="Say it once.")
    if returns != "rows" and (form.returns not in ("rows", returns) or form.columns):
        raise QueryError(f"The pattern's text returns something else than {returns!r}.", hint="Say it once.")
    if selection:
        form = replace(form, selection=make_selection(dataset, **selection))
    if against is not None and form.against is not None:
        raise QueryError("The pattern's text and the arguments both name a null model.", hint="Say it once.")
    if errors is not None and form.errors is not None:
        raise QueryError("The pattern's text and the arguments both name an error model.", hint="Say it once.")
    if (against is not None or errors is not None) and returns == "rows" and not form.columns:
        returns = "count"
    form = replace(
        form,
        against=form.against if against is None else against,
        errors=form.errors if errors is None else errors,
        returns=form.returns if returns == "rows" else returns,
        induced=form.induced if induced is None else induced,
        labelled=form.labelled if labelled is None else labelled,
        limit=form.limit if limit is None else limit,
    )
    check(form)
    return form


def _form(dataset: Dataset, pattern: str | Path) -> ir.Match:
    if isinstance(pattern, Path):
        from graphkit.query.files import read_question_file

        form = read_question_file(dataset, pattern)
        if not isinstance(form, ir.Match):
            raise QueryError(f"The question in {str(pattern)!r} is not one of MATCH.", hint="Ask it with .query().")
        return form
    from graphkit.query.match.parser import parse_match

    begun = re.match(r"\s*match\b", pattern, re.IGNORECASE)
    return parse_match(dataset, pattern if begun else f"MATCH {pattern}")
