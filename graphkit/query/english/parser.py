"""From a question's text to its form."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from lark import Lark, UnexpectedInput

from graphkit.errors import AmbiguousNameError, AmbiguousQuestionError, QueryError, QuerySyntaxError, UnknownNameError
from graphkit.query import ir
from graphkit.query.cache_folder import parser_cache
from graphkit.query.english.errorless import no_error_model
from graphkit.query.english.questions import form_of
from graphkit.query.english.rephrased import rephrased
from graphkit.query.english.sets import neuron_set
from graphkit.query.english.source import Source
from graphkit.query.syntax_error import explain_syntax

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["GRAMMAR", "parse_english", "parse_set", "parser"]

GRAMMAR = Path(__file__).parents[1] / "english.lark"


def parse_english(dataset: Dataset, text: str) -> ir.Form:
    """The typed form of a question, its names spelled as the dataset spells them.

    Raises:
        QuerySyntaxError: it cannot be parsed; says where, and what could stand there.
        AmbiguousQuestionError: it cannot be parsed, and has several readings in other words.
        UnknownNameError, AmbiguousNameError: a name in it is not in the dataset, or has several readings.
    """
    if not text.strip():
        raise QuerySyntaxError("The question is empty.", hint="For example: motifs in region EB")
    try:
        tree = parser().parse(text, start="start")
    except UnexpectedInput as error:
        refused = no_error_model(text, lambda without: parse_english(dataset, without))
        raise refused or _meant(dataset, explain_syntax(text, error)) from None
    return form_of(Source(dataset, text, dataset.vocabulary), tree)


def _meant(dataset: Dataset, error: QuerySyntaxError) -> QueryError:
    """The error with questions of the language that may have been meant, where there are any."""
    text = error.text or ""

    def asks(question: str, names: type[Exception] | tuple[type[Exception], ...] = ()) -> bool:
        try:
            if question.startswith("MATCH"):
                from graphkit.query.match.parser import parse_match

                parse_match(dataset, question)
                return True
            form_of(Source(dataset, question, dataset.vocabulary), parser().parse(question, start="start"))
        except names:
            return True
        except (UnexpectedInput, QueryError):
            return False
        return True

    readings = rephrased(text, asks) or rephrased(
        text, lambda q: asks(q, (UnknownNameError, AmbiguousNameError)), known=False
    )
    if not readings:
        return error
    said = [f"`{r.question}`" + (f" ({r.meaning})" if r.meaning else "") for r in readings]
    if len(said) == 1:
        error.hint = f"Did you mean {said[0]}?"
        return error
    return AmbiguousQuestionError(
        f"This has {len(said)} readings.",
        hint=f"Say which: {', or '.join(said)}.",
        text=text,
        start=0,
        end=len(text.rstrip()),
    )


def parse_set(dataset: Dataset, text: str) -> ir.Condition | None:
    """The neurons that ``text`` means where a question takes neurons: "type 'ER*', EPG"; None for any neuron.

    Raises:
        QuerySyntaxError, UnknownNameError, AmbiguousNameError: as ``parse_english``.
    """
    try:
        tree = parser().parse(text, start="set")
    except UnexpectedInput as error:
        raise explain_syntax(text, error, question=False) from None
    return neuron_set(Source(dataset, text, dataset.vocabulary), tree)


@functools.cache
def parser() -> Lark:
    """The compiled grammar, kept between processes in the user's cache folder."""
    return Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        parser="lalr",
        start=["start", "set"],
        maybe_placeholders=False,
        propagate_positions=True,
        cache=parser_cache("english"),
    )
