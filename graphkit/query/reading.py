"""A question in words, of whichever language: MATCH where that is the first word, else English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir

__all__ = ["parse_again", "parse_question"]


def parse_question(dataset: Dataset, text: str) -> ir.Form:
    """The typed form of a question.

    Raises:
        QueryError: the question has an error.
    """
    if re.match(r"\s*match\b", text, re.IGNORECASE):
        from graphkit.query.match.parser import parse_match

        return parse_match(dataset, text)
    from graphkit.query.english import parse_english

    return parse_english(dataset, text)


def parse_again(dataset: Dataset, text: str) -> ir.Form:
    """As ``parse_question``, which is spared where the same was asked of the same dataset before."""
    from graphkit.query.answer_cache import remember_form, remembered_form

    form = remembered_form(dataset, text)
    if form is None:
        form = parse_question(dataset, text)
        remember_form(dataset, text, form)
    return form
