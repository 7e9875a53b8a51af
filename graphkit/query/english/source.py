"""A question's text together with the dataset that it asks: what every part of the reader is given."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from lark import Token, Tree

from graphkit.errors import QueryError, QuerySyntaxError

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.vocabulary import Vocabulary

__all__ = [
    "Node",
    "Source",
    "as_token",
    "as_tree",
    "count_of",
    "name_of",
    "number_of",
    "span_of",
    "unquoted",
    "words_of",
]

Node = Tree[Token]

_T = TypeVar("_T")
_MOST_DIGITS = 18
_MOST_SEED_DIGITS = 100
"""Of a number that counts something: more would not be a count."""

_LARGEST = 10**30
"""Above it a number is not kept as a whole one."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a question, and the dataset whose names it uses."""

    dataset: Dataset
    text: str
    vocabulary: Vocabulary

    def placed(self, node: Node | Token, make: Callable[[], _T]) -> _T:
        """``make()``; an error in it is placed at ``node``."""
        try:
            return make()
        except QueryError as error:
            start, end = span_of(node)
            raise error.at(self.text, start, end) from None

    def refusal(self, node: Node | Token, message: str, hint: str | None = None) -> QuerySyntaxError:
        """The error to raise about ``node``."""
        start, end = span_of(node)
        return QuerySyntaxError(message, hint=hint, text=self.text, start=start, end=end)


def words_of(source: Source, node: Node | Token) -> str:
    """The words of the question that a node was made of."""
    start, end = span_of(node)
    return source.text[start:end]


def count_of(source: Source, token: Token, hint: str | None = None) -> int:
    """A whole number of at least 1; ``hint`` goes with the refusal of 0."""
    if len(token) > _MOST_DIGITS:
        raise source.refusal(token, f"The number is too large; {_MOST_DIGITS} digits are the most.")
    if int(token) < 1:
        raise source.refusal(token, f"The number must be at least 1, not {int(token)}.", hint)
    return int(token)


def seed_of(source: Source, seeded: Node) -> int:
    """The number after ``seed``, which may be 0."""
    token = as_token(seeded.children[0])
    if len(token) > _MOST_SEED_DIGITS:
        raise source.refusal(token, f"The number is too large; {_MOST_SEED_DIGITS} digits are the most.")
    return int(token)


def number_of(text: str) -> int | float | None:
    """``text`` as a number, a whole one without ever having been a float; None where it is none, or out of bounds."""
    if not re.fullmatch(r"[-+]?\d{1,400}(\.\d{1,400})?([eE][-+]?\d{1,3})?", text):
        return None
    exact = Decimal(text)
    if abs(exact) < _LARGEST and exact == exact.to_integral_value():
        return int(exact)
    return float(exact) if math.isfinite(float(exact)) else None


def unquoted(token: Token) -> str:
    """The text that a token stands for."""
    text = str(token)
    if token.type == "STRING":
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def name_of(node: Node) -> str:
    """The text of a node that holds one name."""
    return unquoted(as_token(node.children[0]))


def as_tree(node: Any) -> Node:
    """``node``, which the grammar says is a tree."""
    assert isinstance(node, Tree), node
    return node


def as_token(node: Any) -> Token:
    """``node``, which the grammar says is a token."""
    assert isinstance(node, Token), node
    return node


def span_of(node: Node | Token) -> tuple[int, int]:
    """First place and the one after the last in the question's text."""
    if isinstance(node, Token):
        return node.start_pos or 0, node.end_pos or 0
    if node.meta.empty:
        return 0, 0
    return node.meta.start_pos, node.meta.end_pos


def two_sides(source: Source, question: Node) -> tuple[str, str]:
    """The two sides that a question begins with, as the dataset spells them; refused where they are one."""
    names = [as_tree(c) for c in question.children[:2]]
    first, second = (source.placed(n, lambda n=n: source.vocabulary.spelled("side", name_of(n))) for n in names)  # type: ignore[misc]
    if first == second:
        raise source.refusal(names[1], f"Both sides are {second!r}.", "For example: compare left and right of EB")
    return first, second
