"""``brain.match(...)``: a pattern as text, all else as arguments."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.match.check import check
from graphkit.query.match.parser import parse_match

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["called"]

_Returns = Literal["rows", "count", "neurons"]


def called(
    dataset: Dataset,
    pattern: str,
    returns: _Returns,
    induced: bool,
    labelled: bool,
    limit: int | None,
    selection: dict[str, Any],
) -> ir.Match:
    """The form of a call; what the text says and what the arguments say go together, and may not contradict."""
    from graphkit.selection import make_selection

    if returns not in get_args(_Returns):
        raise QueryError(f"returns must be 'rows', 'count' or 'neurons', got {returns!r}.")
    text = pattern if re.match(r"\s*match\b", pattern, re.IGNORECASE) else f"MATCH {pattern}"
    form = parse_match(dataset, text)
    if selection and form.selection != ir.Selection():
        raise QueryError("The pattern's text and the arguments both say which synapses count.", hint="Say it once.")
    if returns != "rows" and (form.returns not in ("rows", returns) or form.columns):
        raise QueryError(f"The pattern's text returns something else than {returns!r}.", hint="Say it once.")
    if selection:
        form = replace(form, selection=make_selection(dataset, **selection))
    form = replace(
        form,
        returns=form.returns if returns == "rows" else returns,
        induced=form.induced or induced,
        labelled=form.labelled or labelled,
        limit=form.limit if limit is None else limit,
    )
    check(form)
    return form
