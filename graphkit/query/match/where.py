"""WHERE of a MATCH question.

A comparison of two neurons, or of two connections, is a test of the pattern. All else is about one neuron or one connection,
and joins what its parentheses or brackets say, so that the same question has one typed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lark import Token, Tree

from graphkit.errors import UnknownNameError, did_you_mean
from graphkit.query import ir
from graphkit.query.english.source import Node, Source, as_token, as_tree
from graphkit.query.english.where import condition_of
from graphkit.query.match.shape import Shape, comparison_of, operator_of

__all__ = ["attribute_of", "read_tests"]

_MOST_NESTED = 100
"""Levels of the tree; `or` and `and` are a level each."""


def read_tests(source: Source, shape: Shape, where: Node) -> tuple[ir.Test, ...]:
    """The tests; conditions on single neurons and connections are added to ``shape``."""
    tests: list[ir.Test] = []
    for term in _terms(source, as_tree(where.children[0])):
        if term.data == "between_two":
            tests.append(_between_two(source, shape, term))
            continue
        names = {_split(as_token(t.children[0]))[0]: t for t in term.find_data("attribute")}
        for name, place in names.items():
            _require_known(source, shape, name, place)
        if len(names) > 1 or next(term.find_data("between_two"), None) is not None:
            raise source.refusal(
                term,
                "`or`, `not` and parentheses in WHERE can be about one neuron only.",
                "Comparisons of several are joined by `and`.",
            )
        (name,) = names
        edge = shape.edge_named(name)
        if edge is None:
            said = condition_of(source, _as_english(term))
            shape.nodes[name] += list(said.terms) if isinstance(said, ir.And) else [said]
        else:
            both = (*shape.edges[edge].synapses, _of_synapses(source, shape, term))
            shape.edges[edge] = replace(shape.edges[edge], synapses=tuple(dict.fromkeys(both)))
    return tuple(dict.fromkeys(tests))


def _terms(source: Source, tree: Node, depth: int = 0) -> Iterator[Node]:
    """What `and` joins."""
    if depth > _MOST_NESTED:
        raise source.refusal(tree, f"Conditions can be nested {_MOST_NESTED} deep at most.")
    if tree.data in ("either", "both") and (tree.data == "both" or len(tree.children) == 1):
        for child in tree.children:
            yield from _terms(source, as_tree(child), depth + 1)
    else:
        yield tree


def _between_two(source: Source, shape: Shape, term: Node) -> ir.Test:
    first, operator, second = term.children
    left, right = (attribute_of(source, shape, as_tree(t)) for t in (first, second))
    op = operator_of(source, as_token(operator))
    of_edges = [shape.edge_named(side.of) is not None for side in (left, right)]
    if of_edges[0] != of_edges[1]:
        raise source.refusal(
            term, "A neuron cannot be compared with a connection.", "For example: e.synapses > f.synapses"
        )
    if not of_edges[0] and (_kind(source, left.name) != _kind(source, right.name)):
        raise source.refusal(
            term,
            f"{left.name!r} and {right.name!r} cannot be compared: they hold {_kind(source, left.name)} "
            f"and {_kind(source, right.name)}.",
        )
    return ir.Test(left, op, right)


def _kind(source: Source, column: str) -> str:
    kind = source.vocabulary.holds(column)
    return source.vocabulary.columns[column] if kind == "other" else "true or false" if kind == "truth" else kind


def _of_synapses(source: Source, shape: Shape, term: Node) -> tuple[ir.TestOperator, int]:
    attribute = as_tree(term.children[0]) if isinstance(term.children[0], Tree) else term
    if term.data != "compare":
        raise source.refusal(
            term, "The synapses of a connection are compared with a whole number.", "For example: e.synapses >= 5"
        )
    attribute_of(source, shape, attribute)
    value = as_token(as_tree(term.children[2]).children[0])
    if not value.isdecimal():
        raise source.refusal(value, f"{str(value)!r} is not a whole number of synapses.")
    return comparison_of(source, as_token(term.children[1]), value)


def attribute_of(source: Source, shape: Shape, tree: Node) -> ir.Attribute:
    """What ``a.type``, ``e.synapses``, ``a`` or ``e`` mean; a neuron by itself is its id, a connection its synapses."""
    token = as_token(tree.children[0])
    of, name = _split(token)
    _require_known(source, shape, of, tree)
    if shape.edge_named(of) is None:
        column = source.placed(token, lambda: source.vocabulary.column(name or "neuron_id"))
        source.placed(token, lambda: source.vocabulary.holds(column))
        return ir.Attribute(of, column)
    if name not in ("", "synapses"):
        raise source.refusal(token, f"Connections have no {name!r}.", f"For example: {of}.synapses")
    return ir.Attribute(of, "synapses")


def _require_known(source: Source, shape: Shape, name: str, place: Node) -> None:
    known = [*shape.nodes, *(e.name for e in shape.edges if e.name)]
    if name not in known:
        hint = did_you_mean(name, known) or f"The pattern has {', '.join(known)}."
        if len(known) == len(shape.nodes):
            hint += " A connection is named in its brackets: (a)-[e]->(b)."
        error = UnknownNameError(f"There is no {name!r} in the pattern.", hint=hint)
        source.placed(place, lambda: _raise(error))


def _raise(error: UnknownNameError) -> None:
    raise error


def _split(token: Token) -> tuple[str, str]:
    of, _, name = str(token).partition(".")
    return of, name[1:-1].replace('""', '"') if name.startswith('"') else name


def _as_english(term: Node, depth: int = 0) -> Node:
    """The condition on one neuron, with columns in place of the neuron's attributes."""
    if depth > _MOST_NESTED:
        return term  # which is refused as too deep
    if term.data == "attribute":
        token = as_token(term.children[0])
        name = _split(token)[1]
        return Tree("column", [Token.new_borrow_pos("NAME", name, token)], term.meta)
    return Tree(term.data, [_as_english(c, depth + 1) if isinstance(c, Tree) else c for c in term.children], term.meta)
