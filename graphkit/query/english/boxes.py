"""Boxes in space (two opposite corners and their unit) and lengths."""

from __future__ import annotations

from lark import Token

from graphkit.query import ir
from graphkit.query.english.source import Node, Source, as_token, as_tree, number_of

__all__ = ["box_of", "length_nm_of"]


def box_of(source: Source, tree: Node) -> ir.Box:
    """The box between two points, in nm; of the presynaptic points where that is said, else of the postsynaptic ones."""
    children = list(tree.children)
    said = str(children.pop(0)).lower() if isinstance(children[0], Token) else "post"
    scale = 1 if str(as_token(children[2])).lower() == "nm" else 1000
    one, other = ([_nm(source, as_token(c), scale) for c in as_tree(point).children] for point in children[:2])
    return source.placed(tree, lambda: ir.box_between(one, other, "pre" if said.startswith("pre") else "post"))


def length_nm_of(source: Source, tree: Node) -> int:
    """What a number and its unit say, in nm."""
    number, unit = (as_token(c) for c in tree.children)
    length = number_of(str(number))
    scale = 1 if str(unit).lower() == "nm" else 1000
    if length is None or length * scale != int(length * scale) or not 1 <= length * scale < 2**31:
        raise source.refusal(number, f"{str(number)!r} is no length: lengths are whole nanometres, 1 or more.")
    return int(length * scale)


def _nm(source: Source, token: Token, scale: int) -> int:
    number = number_of(str(token))
    if number is None or number * scale != int(number * scale) or abs(number * scale) >= 2**31:
        raise source.refusal(
            token, f"{str(token)!r} is no position: positions are whole nanometres, below 2,147,483,648 either way."
        )
    return int(number * scale)
