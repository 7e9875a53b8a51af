"""From the text of a motif file to its typed form."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from lark import Lark, UnexpectedInput, UnexpectedToken

from graphkit.errors import QuerySyntaxError
from graphkit.query import ir
from graphkit.query.cache_folder import parser_cache
from graphkit.query.dotmotif.macros import expanded
from graphkit.query.dotmotif.reader import read_motif
from graphkit.query.english.source import Source

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["parse_dotmotif", "parser"]

_EXAMPLE = "A motif file has lines such as: A -> B [weight >= 5]"


def parse_dotmotif(dataset: Dataset, text: str) -> ir.Match:
    """The typed form of a motif. Every order of symmetric neurons is a match of its own, as in DotMotif by default.

    Raises:
        QuerySyntaxError: it cannot be parsed, or its pattern makes no sense; says where.
        UnknownNameError: a column, type, transmitter or region that the dataset does not have.
    """
    source = Source(dataset, text, dataset.vocabulary)
    try:
        tree = parser().parse(text)
    except UnexpectedInput as error:
        raise _complaint(text, error) from None
    return read_motif(source, expanded(source, tree))


@functools.cache
def parser() -> Lark:
    """The compiled grammar, kept between processes in the user's cache folder."""
    return Lark(
        Path(__file__).with_name("dotmotif.lark").read_text(encoding="utf-8"),
        parser="lalr",
        maybe_placeholders=False,
        propagate_positions=True,
        cache=parser_cache("dotmotif"),
    )


def _complaint(text: str, error: UnexpectedInput) -> QuerySyntaxError:
    at = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        end = len(text.rstrip())
        return QuerySyntaxError("The motif stops too early.", hint=_EXAMPLE, text=text, start=end, end=end + 1)
    word = text[at:].split(maxsplit=1)[0] if text[at:].strip() else ""
    if word[:1] in ("'", '"'):
        message = f"The quotation that begins with {word[0]} does not end, or is not expected here."
    else:
        message = f"I do not understand {word[:40]!r} here."
    return QuerySyntaxError(message, hint=_EXAMPLE, text=text, start=at, end=at + max(len(word), 1))
