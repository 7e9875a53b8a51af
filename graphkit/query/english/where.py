"""Conditions on the columns of the neurons, and on the regions that they have to do with."""

from __future__ import annotations

from lark import Token

from graphkit.errors import AmbiguousQuestionError
from graphkit.query import ir
from graphkit.query.english.places import belonging_of, regions_of
from graphkit.query.english.source import Node, Source, as_token, as_tree, number_of, span_of, unquoted, words_of
from graphkit.query.vocabulary import has_wildcard, one_of

__all__ = ["condition_of", "named_set"]

_MOST_NESTED = 50


def condition_of(source: Source, tree: Node, depth: int = 0) -> ir.Condition:
    """The condition that a tree under ``where`` says."""
    children = tree.children
    if depth > _MOST_NESTED:
        raise source.refusal(tree, f"Conditions can be nested {_MOST_NESTED} deep at most.")
    if tree.data == "grouped":
        return condition_of(source, as_tree(children[0]), depth)
    if tree.data in ("either", "both"):
        if tree.data == "either" and len(children) > 1:
            _refuse_mixture(source, tree)
        terms = tuple(condition_of(source, as_tree(c), depth + 1) for c in children)
        if len(terms) == 1:
            return terms[0]
        return ir.Or(terms) if tree.data == "either" else ir.And(terms)
    if tree.data == "negated":
        return ir.Not(condition_of(source, as_tree(children[0]), depth + 1))
    if tree.data == "belongs":
        return belonging_of(source, children)
    if tree.data == "has_synapses":
        return ir.HasSynapsesIn(regions_of(source, as_tree(children[0])))
    if tree.data == "in_set":
        return named_set(source, as_tree(children[0]))
    named = as_token(as_tree(children[0]).children[0])
    column = source.placed(named, lambda: source.vocabulary.column(unquoted(named)))
    if tree.data in ("ids_in_set", "ids_not_in_set"):
        if column != "neuron_id":
            raise source.refusal(named, "A set holds neurons.", "Write `in @name`, or `neuron_id in @name`.")
        chosen = named_set(source, as_tree(children[1]))
        return ir.Not(chosen) if tree.data == "ids_not_in_set" else chosen
    if tree.data in ("is_null", "is_not_null"):
        return ir.Comparison(column, "is null" if tree.data == "is_null" else "is not null")
    source.placed(named, lambda: source.vocabulary.holds(column))
    if tree.data in ("one_of", "none_of"):
        condition = one_of([_compare(source, column, "=", as_token(as_tree(c).children[0])) for c in children[1:]])
        return ir.Not(condition) if tree.data == "none_of" else condition
    return _compare(source, column, str(as_token(children[1])).lower(), as_token(as_tree(children[2]).children[0]))


def named_set(source: Source, tree: Node) -> ir.NamedSet:
    """The neurons that ``@name`` stands for."""
    token = as_token(tree.children[0])
    found = source.placed(token, lambda: source.dataset.neuron_set(token[1:]))
    if len(tree.children) > 1 and int(as_token(tree.children[1])) != len(found.ids):
        raise source.refusal(
            tree,
            f"The set @{found.name} has {len(found.ids):,} neurons now, not {as_token(tree.children[1])}.",
            f"Leave the number out to ask about those that are in it now: @{found.name}",
        )
    return found


def _refuse_mixture(source: Source, either: Node) -> None:
    """`a or b and c` without parentheses: people read it in two ways, so it is asked which."""
    sides = [as_tree(c).children if as_tree(c).data == "both" else [c] for c in either.children]
    if all(len(side) == 1 for side in sides):
        return
    said = [[words_of(source, as_tree(term)) for term in side] for side in sides]
    first = " or ".join(f"({' and '.join(side)})" if len(side) > 1 else side[0] for side in said)
    groups: list[list[str]] = [[]]  # between one `and` and the next
    for side in said:
        groups[-1].append(side[0])
        groups += [[term] for term in side[1:]]
    second = " and ".join(f"({' or '.join(group)})" if len(group) > 1 else group[0] for group in groups)
    start, end = span_of(either)
    raise AmbiguousQuestionError(
        "`and` and `or` side by side have two readings.",
        hint=f"Say which, with parentheses: {first}, or {second}.",
        text=source.text,
        start=start,
        end=end,
    )


def _compare(source: Source, column: str, op: str, token: Token) -> ir.Condition:
    op = {"==": "=", "~": "like", "<>": "!="}.get(op, op)
    match source.vocabulary.holds(column):
        case "truth":
            if token.lower() not in ("true", "false") or op not in ("=", "!="):
                raise source.refusal(token, f"{column!r} is true or false.", f"For example: {column} = true")
            return ir.Comparison(column, op, token.lower() == "true")  # type: ignore[arg-type]
        case "numbers":
            return _compare_number(source, column, op, token)
        case "text":
            return _compare_text(source, column, op, token)
    text = unquoted(token)
    if op == "like":
        raise source.refusal(token, f"Wildcards go with text, and {column!r} holds none.")
    source.placed(token, lambda: source.vocabulary.check_value(column, text))
    return ir.Comparison(column, op, text)  # type: ignore[arg-type]


def _compare_text(source: Source, column: str, op: str, token: Token) -> ir.Condition:
    text = unquoted(token)
    if op in ("=", "like", "!="):
        equal = source.placed(token, lambda: source.vocabulary.equals(column, text))
        return ir.Not(equal) if op == "!=" else equal
    if has_wildcard(text):
        raise source.refusal(token, f"Wildcards go with = and !=, not with {op}.")
    if token.type in ("INT", "NUMBER"):
        raise source.refusal(
            token, f"{column!r} holds text, and {text} is a number.", f"As text it is written {column} {op} '{text}'."
        )
    return ir.Comparison(column, op, text)  # type: ignore[arg-type]


def _compare_number(source: Source, column: str, op: str, token: Token) -> ir.Condition:
    number = number_of(unquoted(token))
    if op == "like":
        raise source.refusal(
            token, f"Wildcards go with text, and {column!r} holds numbers.", f"For example: {column} >= 100"
        )
    if number is None:
        raise source.refusal(
            token, f"{column!r} holds numbers, and {unquoted(token)!r} is none.", f"For example: {column} >= 100"
        )
    if column == "neuron_id":
        if not isinstance(number, int):
            raise source.refusal(token, f"{str(token)!r} is not a neuron's id: ids are whole numbers.")
        if op == "=":
            source.placed(token, lambda: source.vocabulary.neuron_id(number))
    return ir.Comparison(column, op, number)  # type: ignore[arg-type]
