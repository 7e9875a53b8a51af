"""From the text of a MATCH question to its form."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from lark import Lark, Token, Tree, UnexpectedInput

from graphkit.query import ir
from graphkit.query.cache_folder import parser_cache
from graphkit.query.english.source import Source
from graphkit.query.match.complaint import complaint, plain_name
from graphkit.query.match.reader import read_match

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["parse_match", "parser"]

GRAMMAR = Path(__file__).with_name("match.lark")


def parse_match(dataset: Dataset, text: str) -> ir.Match:
    """The typed form of a MATCH question, its names spelled as the dataset spells them.

    Raises:
        QuerySyntaxError: it cannot be parsed, or its pattern makes no sense; says where.
        UnknownNameError, AmbiguousNameError: a name in it is not in the dataset or the pattern, or has several readings.
    """
    try:
        tree = parser().parse(text)
    except UnexpectedInput as error:
        raise complaint(text, error) from None
    return read_match(Source(dataset, text, dataset.vocabulary), _plainly_named(tree))


@functools.cache
def parser() -> Lark:
    """The compiled grammar, kept between processes in the user's cache folder."""
    return Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        parser="lalr",
        import_paths=[str(GRAMMAR.parents[1])],
        maybe_placeholders=False,
        propagate_positions=True,
        cache=parser_cache("match"),
    )


def _plainly_named(tree: Tree[Token]) -> Tree[Token]:
    """The tree with English's own names for what the grammar takes from it; lark puts the grammar's name before them."""
    for node in tree.iter_subtrees():
        node.data = plain_name(node.data)
        for child in node.children:
            if isinstance(child, Token):
                child.type = plain_name(child.type)
    return tree
