"""The neurons and connections of a pattern, as they are drawn: ``(a:ER4d)-[synapses >= 5]->(b)->(c), NOT (c)->(a)``."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from lark import Token, Tree

from graphkit.query import ir
from graphkit.query.english.places import regions_of
from graphkit.query.english.sets import neuron_set
from graphkit.query.english.source import Node, Source, as_token, as_tree, name_of
from graphkit.query.english.where import condition_of

__all__ = ["Shape", "comparison_of", "shape_of", "whole_number"]

_MOST_DIGITS = 18


@dataclass(slots=True)
class Shape:
    """What has been read of a pattern, and where it stands in the text."""

    nodes: dict[str, list[ir.Condition]] = field(default_factory=dict)
    edges: list[ir.PatternEdge] = field(default_factory=list)
    node_places: dict[str, Node] = field(default_factory=dict)
    edge_places: list[Node] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """All that the question names, so that a neuron without a name gets one of its own."""

    def edge_named(self, name: str) -> int | None:
        """The place of the edge of that name."""
        return next((i for i, edge in enumerate(self.edges) if edge.name == name), None)

    def finished_nodes(self) -> tuple[ir.PatternNode, ...]:
        """The neurons, each with all that was said about it."""
        return tuple(ir.PatternNode(name, _all_of(terms)) for name, terms in self.nodes.items())


def _all_of(terms: list[ir.Condition]) -> ir.Condition | None:
    listed = tuple(dict.fromkeys(terms))
    return (listed[0] if len(listed) == 1 else ir.And(listed)) if listed else None


def shape_of(source: Source, pattern: Node) -> Shape:
    """The shape that a pattern draws."""
    tokens = (t for tree in pattern.iter_subtrees() for t in tree.children if isinstance(t, Token))
    shape = Shape(names={str(t) for t in tokens if t.type == "VARIABLE"})
    for element in map(as_tree, pattern.children):
        if element.data == "absent":
            _add_absent(source, shape, element)
        else:
            _add_chain(source, shape, element, absent=False)
    return shape


def _add_absent(source: Source, shape: Shape, element: Node) -> None:
    chain = as_tree(element.children[0])
    arrows = [as_tree(c) for c in chain.children[1::2]]
    if len(arrows) != 1 or arrows[0].data == "mutual":
        raise source.refusal(element, "NOT goes with one connection in one direction.", "For example: NOT (c)->(a)")
    _add_chain(source, shape, chain, absent=True)


def _add_chain(source: Source, shape: Shape, chain: Node, *, absent: bool) -> None:
    ends = [_add_node(source, shape, as_tree(c)) for c in chain.children[::2]]
    for left, right, arrow in zip(ends, ends[1:], map(as_tree, chain.children[1::2]), strict=False):
        _add_edge(source, shape, arrow, left, right, absent=absent)


def _add_node(source: Source, shape: Shape, node: Node) -> str:
    name = next((str(c) for c in node.children if isinstance(c, Token)), None)
    if name is None:
        name = next(n for n in (f"_{i}" for i in count(1)) if n not in shape.names)
        shape.names.add(name)
    elif shape.edge_named(name) is not None:
        raise source.refusal(node, f"{name!r} is the name of a connection already.", "Give the neuron another name.")
    terms = shape.nodes.setdefault(name, [])
    shape.node_places.setdefault(name, node)
    for part in (c for c in node.children if isinstance(c, Tree)):
        inner = as_tree(part.children[0])
        said = neuron_set(source, inner) if part.data == "node_set" else condition_of(source, inner)
        terms += [] if said is None else list(said.terms) if isinstance(said, ir.And) else [said]
    return name


def _add_edge(source: Source, shape: Shape, arrow: Node, left: str, right: str, *, absent: bool) -> None:
    said: dict[str, Any] = {}
    for part in (c for c in arrow.children if isinstance(c, Tree)):
        said |= {"hops": _hops(source, part)} if part.data == "hops" else _edge_body(source, shape, part)
    if "name" in said and arrow.data == "mutual":
        raise source.refusal(
            arrow, "<-[ ]-> stands for two connections, which cannot share a name.", "Write each by itself to name it."
        )
    ways = {"forward": [(left, right)], "backward": [(right, left)], "mutual": [(left, right), (right, left)]}
    for pre, post in ways[str(arrow.data)]:
        shape.edges.append(ir.PatternEdge(pre, post, absent=absent, **said))
        shape.edge_places.append(arrow)


def _hops(source: Source, part: Node) -> tuple[int, int]:
    least, *most = (whole_number(source, as_token(c)) for c in part.children)
    return least, most[0] if most else least


def _edge_body(source: Source, shape: Shape, body: Node) -> dict[str, Any]:
    said: dict[str, Any] = {}
    tests: list[tuple[ir.TestOperator, int]] = []
    for part in body.children:
        if isinstance(part, Token):
            name = str(part)
            if name in shape.nodes or shape.edge_named(name) is not None:
                raise source.refusal(
                    part, f"{name!r} names something else already.", "Give the connection another name."
                )
            said["name"] = name
        elif part.data == "edge_synapses":
            tests.append(comparison_of(source, as_token(part.children[0]), as_token(part.children[1])))
        else:
            key = "nt" if part.data == "edge_nt" else "regions"
            if key in said:
                raise source.refusal(part, "This stands in the brackets twice.", "Leave one of them out.")
            said[key] = _named(source, part)
    return said | ({"synapses": tuple(dict.fromkeys(tests))} if tests else {})


def _named(source: Source, part: Node) -> tuple[str, ...]:
    """The regions or transmitters of a condition in brackets."""
    *operator, names = part.children
    if operator and str(operator[0]) not in ("=", "=="):
        raise source.refusal(as_token(operator[0]), "Regions and transmitters go with =, or in (...).")
    names = as_tree(names)
    if part.data == "edge_regions":
        return regions_of(source, names)
    listed = [as_tree(n) for n in names.children] if names.data == "names" else [names]
    spelled = [source.placed(n, lambda n=n: source.vocabulary.transmitter(name_of(n))) for n in listed]  # type: ignore[misc]
    return tuple(dict.fromkeys(s for several in spelled for s in several))


def comparison_of(source: Source, operator: Token, number: Token) -> tuple[ir.TestOperator, int]:
    """A comparison with a number of synapses."""
    return operator_of(source, operator), whole_number(source, number)


def operator_of(source: Source, token: Token) -> ir.TestOperator:
    """How two numbers or two neurons are compared."""
    op = {"==": "=", "<>": "!="}.get(str(token), str(token))
    if op not in ("=", "!=", "<", "<=", ">", ">="):
        raise source.refusal(token, f"{str(token)!r} does not go here.", "Compare with =, !=, <, <=, > or >=.")
    return cast(ir.TestOperator, op)


def whole_number(source: Source, token: Token) -> int:
    """A whole number that counts something."""
    if len(token) > _MOST_DIGITS:
        raise source.refusal(token, f"The number is too large; {_MOST_DIGITS} digits are the most.")
    return int(token)
