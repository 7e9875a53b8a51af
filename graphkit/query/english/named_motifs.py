"""Motifs by name: `feedforward loops in EB where a.type = 'ER4d'`. They become patterns, as MATCH would say them."""

from __future__ import annotations

import re

from lark import Token, Tree

from graphkit.query import ir
from graphkit.query.english.parts import Parts
from graphkit.query.english.source import Node, Source, as_token, as_tree, unquoted
from graphkit.query.english.where import condition_of
from graphkit.query.match.columns import neuron_columns

__all__ = ["PATTERNS", "named_motif"]

PATTERNS: dict[str, str] = {
    "one-way connection": "ab !ba",
    "reciprocal pair": "ab ba",
    "reciprocal connection": "ab ba",
    "divergence": "ab ac",
    "fan-out": "ab ac",
    "convergence": "ac bc",
    "fan-in": "ac bc",
    "chain": "ab bc",
    "reciprocal pair with an input": "ab ba cb",
    "reciprocal pair with an output": "ab ba bc",
    "feedforward loop": "ab bc ac",
    "feedback loop": "ab bc ca",
    "3-cycle": "ab bc ca",
    "reciprocal chain": "ab ba bc cb",
    "divergence onto a reciprocal pair": "ab ac bc cb",
    "convergence from a reciprocal pair": "ab ba ac bc",
    "chain across a reciprocal pair": "ab bc ac ca",
    "mutual triangle": "ab ba bc cb ac ca",
    "clique": "ab ba bc cb ac ca",
}
"""The connections of each motif, from the first neuron to the second; ! before one that must be absent."""


def named_motif(source: Source, question: Node, parts: Parts) -> ir.Form:
    """The pattern's matches, their number, or how many each neuron takes part in; against a null model always the number."""
    tokens = {t.type: t for t in question.children if isinstance(t, Token)}
    drawn = PATTERNS[_singular(tokens["NAMED_MOTIF"])].split()
    names = sorted({n for edge in drawn for n in edge.strip("!")})
    chosen: dict[str, list[ir.Condition]] = {n: [] for n in names}
    tests: list[ir.Test] = []
    for tree in question.children:
        if isinstance(tree, Tree) and tree.data == "where":
            _add_where(source, as_tree(tree.children[0]), chosen, tests)
    edges = tuple(ir.PatternEdge(e[-2], e[-1], absent=e.startswith("!")) for e in drawn)
    nodes = tuple(ir.PatternNode(n, _all_of(terms)) for n, terms in chosen.items())
    against, errors = parts.take("against"), parts.take("errors")
    if against is not None and errors is not None:
        raise source.refusal(
            parts.places["errors"], "An error model and a null model are two questions.", "Ask one after the other."
        )
    by_neuron = "PER_NEURON" in tokens
    counted = "COUNT_OF" in tokens or against is not None or (errors is not None and not by_neuron)
    if by_neuron and counted:
        raise source.refusal(
            tokens["PER_NEURON"], "A count is one row, and not one per neuron.", "Ask for one of both."
        )
    if "order" in parts.places and counted:
        raise source.refusal(parts.places["order"], "A count is one row, which has no order.", "Leave `order by` out.")
    known = neuron_columns(perturbed=errors is not None) if by_neuron else None
    order = tuple(_order(source, parts.places["order"], sort, names, known) for sort in parts.take("order", ()))
    limit = parts.take("limit")
    shown = tuple(
        ir.Attribute(n, column) for n in names for column in ("neuron_id", "type")
    )  # as where nothing is said
    more = () if by_neuron else tuple(o.by for o in order if o.by not in shown)
    return ir.Match(
        nodes,
        edges,
        tuple(tests),
        parts.selection(),
        induced="INDUCED" in tokens,
        returns="count" if counted else "neurons" if by_neuron else "rows",
        columns=(*shown, *more) if more else (),
        order=order,
        limit=limit,
        against=against,
        errors=errors,
    )


def _order(source: Source, place: Node, sort: ir.Sort, names: list[str], by_neuron: tuple[str, ...] | None) -> ir.Order:
    """By a column of one of the neurons ``names``, or, of answers by neuron, one of their columns."""
    if by_neuron is not None:
        if sort.column.lower() not in by_neuron:
            raise source.refusal(place, f"The answer has no {sort.column!r}.", f"Order by {', '.join(by_neuron)}.")
        return ir.Order(ir.Attribute("", sort.column.lower()), sort.descending)
    name, dot, column = sort.column.partition(".")
    if not dot or name.lower() not in names:
        raise source.refusal(
            place,
            f"{sort.column!r} does not say which neuron of the motif.",
            f"The neurons are {', '.join(names)}: for example order by a.inputs.",
        )
    return ir.Order(
        ir.Attribute(name.lower(), source.placed(place, lambda: source.vocabulary.column(column))), sort.descending
    )


def _singular(token: Token) -> str:
    words = re.sub(r"\s+", " ", token.lower()).replace("feed-forward", "feedforward")
    known = [name for name in PATTERNS if words in (name, f"{name}s", re.sub(r"^(\w+ pair|\w+)", r"\1s", name))]
    return known[0]


def _all_of(terms: list[ir.Condition]) -> ir.Condition | None:
    if len(terms) < 2:
        return terms[0] if terms else None
    return ir.And(tuple(terms))


def _add_where(source: Source, tree: Node, chosen: dict[str, list[ir.Condition]], tests: list[ir.Test]) -> None:
    """Each condition to the neuron that it speaks of; comparisons of two neurons to the tests."""
    for term in _conjuncts(tree):
        other = _variable(as_token(as_tree(term.children[2]).children[0]), chosen) if term.data == "compare" else None
        named = [_named(source, as_token(c.children[0]), chosen) for c in term.find_data("column")]
        if other is not None:
            tests.append(_test(source, term, named[0], other))
            continue
        neurons = {n for n, _ in named}
        if len(neurons) != 1:
            raise source.refusal(
                term,
                "A condition here speaks of one neuron of the motif.",
                "Put conditions on different neurons side by side with `and`, or ask with MATCH.",
            )
        chosen[neurons.pop()].append(condition_of(source, _without_names(term)))


def _conjuncts(tree: Node) -> list[Node]:
    """What `and` joins at the top."""
    if tree.data in ("either", "both") and len(tree.children) == 1:
        return _conjuncts(as_tree(tree.children[0]))
    if tree.data == "both":
        return [part for child in tree.children for part in _conjuncts(as_tree(child))]
    return [tree]


def _variable(token: Token, chosen: dict[str, list[ir.Condition]]) -> tuple[str, str] | None:
    """('a', 'type') of `A.type`."""
    name, dot, column = str(token).partition(".")
    if token.type == "STRING" or not dot or name.lower() not in chosen:
        return None
    return name.lower(), column


def _named(source: Source, token: Token, chosen: dict[str, list[ir.Condition]]) -> tuple[str, str]:
    found = _variable(token, chosen)
    if found is None:
        raise source.refusal(
            token,
            f"{unquoted(token)!r} does not say which neuron of the motif.",
            f"The neurons are {', '.join(chosen)}: for example a.{unquoted(token).split('.')[-1]}.",
        )
    return found


def _test(source: Source, term: Node, left: tuple[str, str], right: tuple[str, str]) -> ir.Test:
    token = as_token(as_tree(term.children[0]).children[0])
    other = as_token(as_tree(term.children[2]).children[0])
    op = {"==": "=", "<>": "!="}.get(str(term.children[1]), str(term.children[1]).lower())
    if op in ("~", "like"):
        raise source.refusal(as_token(term.children[1]), "Two neurons are compared with =, !=, <, <=, > or >=.")
    columns = [
        source.placed(t, lambda name=name: source.vocabulary.column(name))  # type: ignore[misc]
        for t, (_, name) in ((token, left), (other, right))
    ]
    return ir.Test(ir.Attribute(left[0], columns[0]), op, ir.Attribute(right[0], columns[1]))  # type: ignore[arg-type]


def _without_names(tree: Node) -> Node:
    """The tree with `type` for `a.type`."""
    children: list[Node | Token] = []
    for child in tree.children:
        if isinstance(child, Tree):
            children.append(_without_names(child))
        elif tree.data == "column":
            children.append(child.update(value=str(child).partition(".")[2]))
        else:
            children.append(child)
    return Tree(tree.data, children, tree.meta)
