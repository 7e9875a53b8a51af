"""Questions: typed form, English, planner, executor, Result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from graphkit.errors import QueryError

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.result import Result

__all__ = ["ask", "with_limit"]


def ask(
    dataset: Dataset,
    question: str | ir.Form,
    *,
    limit: int | None = None,
    cache: bool = True,
    timeout: float | None = None,
) -> Result:
    """The answer to a question, in English, MATCH or the typed form; ``limit`` is on its rows, below any that the question has.

    Raises:
        QueryError: the question has an error.
        TimeLimitError: ``timeout`` seconds were not enough.
    """
    from graphkit.query.executor import run
    from graphkit.query.reading import parse_question

    if not isinstance(question, str) and type(question) not in get_args(ir.Form):
        raise QueryError(
            f"A question is text or of the typed form, got {question!r}.", hint='For example: "motifs in region EB"'
        )
    form = with_limit(parse_question(dataset, question) if isinstance(question, str) else question, limit)
    return run(form, dataset, cache=cache, timeout=timeout)


def with_limit(form: ir.Form, limit: int | None) -> ir.Form:
    """The form with at most ``limit`` rows.

    Raises:
        QueryError: the limit is below 1.
    """
    if limit is None:
        return form
    if not ir.is_whole(limit) or limit < 1:
        raise QueryError(f"The limit must be a whole number of at least 1, got {limit!r}.")
    return replace(form, limit=limit if form.limit is None else min(limit, form.limit))
