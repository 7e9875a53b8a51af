"""Boxes in space: two opposite corners and their unit."""

from __future__ import annotations

from graphkit.query import ir
from graphkit.query.english.source import Node, Source, as_token, as_tree, number_of

__all__ = ["box_of"]


def box_of(source: Source, tree: Node) -> ir.Box:
    """The box between two points, in nm; of the presynaptic points where that is said, else of the postsynaptic ones."""
    children = list(tree.children)
    end = str(children.pop(0)).lower() if not hasattr(children[0], "children") else "post"
    scale = 1 if str(as_token(children[2])).lower() == "nm" else 1000
    one, other = (_point(source, as_tree(c), scale) for c in children[:2])
    for axis, (a, b) in enumerate(zip(one, other, strict=True)):
        if a == b:
            raise source.refusal(
                tree, f"The box has no width along {'xyz'[axis]}.", "A box ends before its second corner."
            )
    low = tuple(map(min, one, other))
    high = tuple(map(max, one, other))
    return ir.Box(low, high, "pre" if end.startswith("pre") else "post")  # type: ignore[arg-type]


def _point(source: Source, tree: Node, scale: int) -> tuple[int, ...]:
    return tuple(_nm(source, as_token(c), scale) for c in tree.children)


def _nm(source: Source, token: object, scale: int) -> int:
    token = as_token(token)
    number = number_of(str(token))
    position = None if number is None else number * scale
    if position is None or position != int(position) or abs(position) >= 2**31:
        raise source.refusal(
            token, f"{str(token)!r} is no position: positions are whole nanometres, below 2,147,483,648 either way."
        )
    return int(position)
