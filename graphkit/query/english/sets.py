"""Sets of neurons, as they stand after ``of``, ``from``, ``to``, ``between`` and ``among``."""

from __future__ import annotations

from lark import Token, Tree

from graphkit.query import ir
from graphkit.query.english.places import belonging_of, regions_of
from graphkit.query.english.source import Node, Source, as_token, as_tree, name_of, number_of
from graphkit.query.english.where import condition_of, named_set
from graphkit.query.vocabulary import one_of

__all__ = ["asked_about", "neuron_set", "neuron_term"]


def asked_about(source: Source, question: Node, shown: int | None) -> tuple[ir.Condition | None, int | None]:
    """The neurons of ``of ...`` behind the first words of a ranking, and how many rows of it there are where no limit is said:
    ``shown`` of those that come first, all of those that are asked about.
    """
    trees = [child for child in question.children if isinstance(child, Tree) and child.data == "set"]
    return (neuron_set(source, trees[0]), None) if trees else (None, shown)


def neuron_set(source: Source, tree: Node) -> ir.Condition | None:
    """The neurons of any of the terms; None for any neuron."""
    terms = [neuron_term(source, as_tree(c)) for c in tree.children]
    known = [t for t in terms if t is not None]
    if len(known) < len(terms):
        return None
    return known[0] if len(known) == 1 else ir.Or(tuple(known))


def neuron_term(source: Source, tree: Node) -> ir.Condition | None:
    """One term of a set."""
    children = tree.children
    match tree.data:
        case "any_neuron":
            return None
        case "named_set":
            return named_set(source, tree)
        case "bare":
            return source.placed(tree, lambda: source.vocabulary.bare(name_of(as_tree(children[0]))))
        case "id_set":
            return ir.Comparison("neuron_id", "=", _neuron_id(source, as_token(children[0])))
        case "id_sets":
            return ir.Comparison("neuron_id", "in", tuple(_neuron_id(source, as_token(c)) for c in children))
        case "neurons_of":
            return belonging_of(source, children)
        case "neurons_in":
            return ir.HasSynapsesIn(regions_of(source, as_tree(children[0])))
        case "neurons_where":
            return condition_of(source, as_tree(children[0]))
    column = str(children[0]).lower()
    names = as_tree(children[1])
    listed = [as_tree(n) for n in names.children] if names.data == "names" else [names]
    return one_of([source.placed(n, lambda n=n: source.vocabulary.equals(column, name_of(n))) for n in listed])  # type: ignore[misc]


def _neuron_id(source: Source, token: Token) -> int:
    value = number_of(str(token))
    if not isinstance(value, int) or not str(token).lstrip("+-").isdigit():
        raise source.refusal(
            token, f"{str(token)!r} is not a neuron's id: ids are whole numbers.", "Write its digits alone."
        )
    return source.placed(token, lambda: source.vocabulary.neuron_id(value))
