"""From the statements of a motif to the typed form."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

from lark import Token, Tree

from graphkit.errors import QuerySyntaxError, UnknownNameError, did_you_mean
from graphkit.query import ir
from graphkit.query.dotmotif.macros import Condition, Link, Same, Statement
from graphkit.query.english.source import Node, Source, as_token, number_of, span_of, unquoted
from graphkit.query.english.where import condition_of
from graphkit.query.match.check import Problem, problem_of

__all__ = ["EXCITATORY", "INHIBITORY", "read_motif"]

INHIBITORY = ("gaba", "glycine")
"""Transmitters of ``A -| B``."""

EXCITATORY = ("acetylcholine",)
"""Transmitters of ``A -+ B``. Glutamate excites in vertebrates and mostly inhibits in insects, so it is in neither list."""

_SYNAPSES = {"synapses", "weight", "n_synapses", "syn_count", "count"}
_TRANSMITTER = {"nt", "transmitter", "neurotransmitter", "nt_type"}
_REGION = {"region", "roi", "neuropil"}
_COLUMNS = {
    "cell_type": "type",
    "bodyid": "neuron_id",
    "root_id": "neuron_id",
    "pt_root_id": "neuron_id",
    "instance": "name",
}
"""What other datasets call the columns of neurons."""

_OPERATORS = {"==": "=", "<>": "!="}


def read_motif(source: Source, statements: list[Statement]) -> ir.Match:
    """The typed form; each neuron has all that was said about it, and each connection too."""
    links = [s for s in statements if isinstance(s, Link)]
    where: dict[str, list[ir.Condition]] = {n: [] for link in links for n in (link.pre, link.post)}
    if not where:
        raise QuerySyntaxError("The motif has no connection.", hint="For example: A -> B")
    edges, places, by_name = _edges(source, links, set(where))
    tests: list[ir.Test] = []
    for said in (s for s in statements if isinstance(s, Condition)):
        for name in (said.of, *([said.other[0]] if isinstance(said.other, tuple) else [])):
            if name not in where and name not in by_name:
                raise _unknown(source, said, name, [*where, *by_name])
        if isinstance(said.other, tuple):
            tests.append(_test(source, said, {name: str(edges[at].name) for name, at in by_name.items()}))
        elif said.of in by_name:
            at = by_name[said.of]
            edges[at] = _with(source, edges[at], said.key, said.operator, said.other)
        else:
            where[said.of].append(_of_neuron(source, said, said.other))
    for same in (s for s in statements if isinstance(s, Same)):
        for name in (same.first, same.second):
            if name not in where:
                raise source.refusal(same.place, f"There is no neuron {name!r} in the motif.")
        both = list(dict.fromkeys([*where[same.first], *where[same.second]]))
        where[same.first] = where[same.second] = both
    nodes = tuple(ir.PatternNode(name, _all_of(terms)) for name, terms in where.items())
    form = ir.Match(nodes, tuple(edges), tuple(dict.fromkeys(tests)), labelled=True)
    if (problem := problem_of(form)) is not None:
        raise _placed(source, problem, places)
    return form


def _all_of(terms: list[ir.Condition]) -> ir.Condition | None:
    listed = tuple(dict.fromkeys(terms))
    return (listed[0] if len(listed) == 1 else ir.And(listed)) if listed else None


# -- connections ------------------------------------------------------------------------------------------------


def _edges(
    source: Source, links: list[Link], neurons: set[str]
) -> tuple[list[ir.PatternEdge], list[Node], dict[str, int]]:
    """The edges, where they are said, and their places by name; one that is said twice has what both say, and both names."""
    edges: list[ir.PatternEdge] = []
    places: list[Node] = []
    by_name: dict[str, int] = {}
    for link in links:
        edge = ir.PatternEdge(link.pre, link.post, absent=link.absent, nt=_of_sign(source, link))
        for clause in link.clauses:
            key, operator, value = map(as_token, clause.children)
            edge = _with(source, edge, key, operator, value)
        if link.name in neurons or link.name in by_name:
            raise source.refusal(link.place, f"{link.name!r} names something else already.", "Choose another name.")
        at = next((i for i, e in enumerate(edges) if _may_join(e, edge)), None)
        if at is None:
            at = len(edges)
            edges.append(edge)
            places.append(link.place)
        synapses = tuple(dict.fromkeys((*edges[at].synapses, *edge.synapses)))
        edges[at] = replace(edges[at], synapses=synapses, name=edges[at].name or link.name)
        if link.name is not None:
            by_name[link.name] = at
    return edges, places, by_name


def _may_join(edge: ir.PatternEdge, other: ir.PatternEdge) -> bool:
    def key(e: ir.PatternEdge) -> tuple[object, ...]:
        return e.pre, e.post, e.nt, e.regions

    if key(edge) != key(other) or edge.absent != other.absent:
        return False
    return not edge.absent or set(edge.synapses) == set(other.synapses)


def _of_sign(source: Source, link: Link) -> tuple[str, ...] | None:
    if link.sign == ">":
        return None
    wanted = EXCITATORY if link.sign == "+" else INHIBITORY
    found: list[str] = []
    for name in wanted:
        try:
            found += source.vocabulary.transmitter(name)
        except UnknownNameError:
            continue
    if not found:
        kind = "an excitatory" if link.sign == "+" else "an inhibitory"
        raise source.refusal(
            link.place,
            f"This asks for {kind} connection, and no synapse of this dataset has the transmitter {' or '.join(wanted)}.",
            'Write A -> B [nt = "..."] with a transmitter that the dataset has.',
        )
    return tuple(dict.fromkeys(found))


def _with(source: Source, edge: ir.PatternEdge, key: Token, operator: Token, value: Token) -> ir.PatternEdge:
    """The edge under one more condition."""
    name, op = unquoted(key).casefold(), _OPERATORS.get(str(operator), str(operator))
    if name in _SYNAPSES:
        return replace(edge, synapses=tuple(dict.fromkeys((*edge.synapses, *_counted(source, op, value)))))
    if name not in _TRANSMITTER | _REGION:
        raise source.refusal(
            key,
            f"Connections have no {unquoted(key)!r} here.",
            "They have synapses (weight means the same), nt and region.",
        )
    if op != "=":
        raise source.refusal(operator, f"{unquoted(key)!r} of a connection goes with = only.")
    field = "nt" if name in _TRANSMITTER else "regions"
    text = unquoted(value)
    if field == "nt":
        said = source.placed(value, lambda: source.vocabulary.transmitter(text))
    else:
        said = (source.placed(value, lambda: source.dataset.region_tree.find(text).name),)
    before = edge.nt if field == "nt" else edge.regions
    if before is not None and set(before) != set(said):
        kept = tuple(s for s in said if s in before)
        if not kept:
            raise source.refusal(value, f"A connection cannot be both {' or '.join(before)} and {text}.")
        said = kept
    return replace(edge, nt=said) if field == "nt" else replace(edge, regions=said)


def _counted(source: Source, op: str, value: Token) -> list[tuple[ir.TestOperator, int]]:
    """A comparison of a number of synapses, which is a whole one, with any number."""
    number = number_of(unquoted(value))
    if number is None or op not in ("=", "!=", "<", "<=", ">", ">=") or abs(number) > 10**17:
        raise source.refusal(value, f"Synapses are compared with a number, not by {op} {unquoted(value)!r}.")
    whole = number == int(number)
    match op:
        case ">=" | ">":
            least = math.ceil(number) + (op == ">" and whole)
            return [(">=", max(0, least))]
        case "<" | "<=":
            below = math.ceil(number) if op == "<" else math.floor(number) + 1
            return [("<", max(0, below))]
        case "!=":
            return [("!=", int(number))] if whole and number >= 0 else []
    if not whole or number < 0:
        raise source.refusal(value, f"No connection has {unquoted(value)} synapses: they are counted.")
    return [("=", int(number))]


# -- neurons ----------------------------------------------------------------------------------------------------


def _column(source: Source, key: Token) -> str:
    name = unquoted(key)
    return source.placed(key, lambda: source.vocabulary.column(_COLUMNS.get(name.casefold(), name)))


def _of_neuron(source: Source, said: Condition, value: Token) -> ir.Condition:
    column = _column(source, said.key)
    op = str(said.operator)
    if op.lstrip("!") in ("contains", "in"):
        return _of_parts(source, said, column, unquoted(value))
    if value.type == "STRING" and source.vocabulary.holds(column) == "numbers":
        value = Token.new_borrow_pos("NAME", unquoted(value), value)
    children: list[Tree[Token] | Token] = [
        Tree("column", [Token.new_borrow_pos("NAME", column, said.key)], said.place.meta),
        said.operator,
        Tree("value", [value], said.place.meta),
    ]
    return condition_of(source, cast(Node, Tree("compare", children, said.place.meta)))


def _of_parts(source: Source, said: Condition, column: str, text: str) -> ir.Condition:
    """``contains``: the value holds the text; ``in``: the text holds the value. Case matters, as in DotMotif."""
    op = str(said.operator)
    if source.vocabulary.holds(column) != "text":
        raise source.refusal(said.operator, f"{op} goes with text, and {column!r} holds none.")
    found = tuple(v for v in source.vocabulary.values(column) if (text in v if op.endswith("contains") else v in text))
    if not found:
        raise UnknownNameError(
            f"No neuron has a {column} that {'contains' if op.endswith('contains') else 'is in'} {text!r}.",
            hint=did_you_mean(text, source.vocabulary.values(column)),
        ).at(source.text, *span_of(said.place))
    condition = ir.Comparison(column, "=", found[0]) if len(found) == 1 else ir.Comparison(column, "in", found)
    return ir.Not(condition) if op.startswith("!") else condition


def _test(source: Source, said: Condition, name_of: dict[str, str]) -> ir.Test:
    assert isinstance(said.other, tuple)
    op = _OPERATORS.get(str(said.operator), str(said.operator))
    if op not in ("=", "!=", "<", "<=", ">", ">="):
        raise source.refusal(said.operator, f"{op} goes with a value, not with another attribute.")
    said_sides = ((said.of, said.key), said.other)
    sides = []
    for of, key in said_sides:
        if of in name_of:
            if unquoted(key).casefold() not in _SYNAPSES:
                raise source.refusal(key, "Of connections only the synapses (weight) can be compared.")
            sides.append(ir.Attribute(name_of[of], "synapses"))
        else:
            sides.append(ir.Attribute(of, _column(source, key)))
    holds = [
        "synapses" if of in name_of else source.vocabulary.holds(s.name)
        for (of, _), s in zip(said_sides, sides, strict=True)
    ]
    if holds[0] != holds[1]:
        raise source.refusal(said.place, "These two cannot be compared: they hold different kinds of values.")
    return ir.Test(sides[0], cast(ir.TestOperator, op), sides[1])


def _unknown(source: Source, said: Condition, name: str, known: list[str]) -> QuerySyntaxError:
    hint = did_you_mean(name, known) or f"It has {', '.join(known)}."
    value = (
        f' A value is written in quotes: "{name}".' if isinstance(said.other, tuple) and said.other[0] == name else ""
    )
    return source.refusal(said.place, f"There is no {name!r} in the motif.", hint + value)


def _placed(source: Source, problem: Problem, places: list[Node]) -> QuerySyntaxError:
    start, end = span_of(places[problem.at]) if isinstance(problem.at, int) else (0, len(source.text.rstrip()))
    return QuerySyntaxError(problem.message, hint=problem.hint, text=source.text, start=start, end=end)
