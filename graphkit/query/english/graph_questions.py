"""Paths, common partners, hubs, projections, similar neurons: from the tree to the form."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import cast

from lark import Token

from graphkit.errors import AmbiguousQuestionError
from graphkit.query import ir
from graphkit.query.english.parts import Parts
from graphkit.query.english.places import regions_of
from graphkit.query.english.sets import asked_about, neuron_set, neuron_term
from graphkit.query.english.source import Node, Source, as_token, as_tree, count_of, span_of, words_of

__all__ = ["GRAPH_QUESTIONS"]


def _paths(source: Source, question: Node, parts: Parts) -> ir.Form:
    tokens = [child for child in question.children if isinstance(child, Token)]
    word, counts = tokens[-1], tokens[:-1]
    kind = {"PATHS": "all", "SHORTEST": "k shortest" if counts else "shortest", "STRONGEST": "strongest"}[word.type]
    ends: list[ir.Condition] = []
    for name in ("from", "to"):
        condition = parts.take(name)
        if condition is None:
            raise source.refusal(
                parts.places.get(name, word),
                "Paths go from certain neurons to certain others.",
                f"For example: {word} from type 'ORN*' to type 'MBON*'{' within 3 hops' if kind == 'all' else ''}",
            )
        ends.append(condition)
    hops = parts.take("within")
    if kind == "all" and hops is None:
        raise source.refusal(
            word, "Say how long paths may be.", f"For example: {source.text.strip().rstrip('.?;')} within 3 hops"
        )
    by, limit, order = parts.take("by", ()), parts.take("limit"), parts.take("order", ())
    if by not in ((), ("type",)):
        raise source.refusal(parts.places["by"], f"Paths can be grouped by type only, not by {', '.join(by)}.")
    strength, ranked = parts.take("strength", "synapses"), kind in ("k shortest", "strongest")
    if strength != "synapses" and not ranked:
        raise source.refusal(
            parts.places["strength"],
            "Say how many paths, where they are ranked by input fraction.",
            "For example: 10 shortest paths ... by input fraction, or 10 strongest paths ... by input fraction",
        )
    if ranked:
        said = parts.places.get("limit", word)
        if counts and limit is not None:
            raise source.refusal(said, "How many paths are wanted stands in the question twice.", "Leave one out.")
        said, limit = (counts[0], count_of(source, counts[0])) if counts else (said, 1 if limit is None else limit)
        if limit > ir.MOST_STRONGEST:
            raise source.refusal(said, f"{ir.MOST_STRONGEST:,} paths are the most.")
    return ir.Paths(ends[0], ends[1], kind, hops, by, parts.selection(), limit, order, strength)  # type: ignore[arg-type]


def _common(source: Source, question: Node, parts: Parts) -> ir.Form:
    word = as_token(question.children[0])
    sets = [as_tree(c) for c in question.children[1:] if as_tree(c).data == "set"]
    for tree in sets:
        spans = [span_of(as_tree(term)) for term in tree.children]
        if any("," in source.text[end:start] for (_, end), (start, _) in pairwise(spans)):
            _refuse_list(source, word, sets)
    named = []
    for tree in sets:
        condition = neuron_set(source, tree)
        if condition is None:
            raise source.refusal(
                tree, f"`common {word} of` needs certain neurons.", f"For example: common {word} of 'EPG' and 'PEG'"
            )
        named.append(condition)
    by, limit, order = parts.take("by", ()), parts.take("limit"), parts.take("order", ())
    if "region" in by:
        raise source.refusal(parts.places["by"], "Common partners are not grouped by region.")
    return ir.Common(tuple(named), cast(ir.Direction, word.type.lower()), by, parts.selection(), limit, order)


def _refuse_list(source: Source, word: Token, sets: list[Node]) -> None:
    """`common inputs of A, B and C`: of three, or of two of which the first is A or B?"""
    terms = [[words_of(source, as_tree(t)) for t in tree.children] for tree in sets]
    apart = " and ".join(term for listed in terms for term in listed)
    together = " and ".join(" or ".join(listed) for listed in terms)
    raise AmbiguousQuestionError(
        "A comma beside `and` has two readings.",
        hint=f"Say which: common {word} of {apart}, or common {word} of {together}.",
        text=source.text,
        start=span_of(sets[0])[0],
        end=span_of(sets[-1])[1],
    )


def _hubs(source: Source, question: Node, parts: Parts) -> ir.Form:
    rank = parts.take("rank", "degree")
    if rank == "partners":
        raise source.refusal(
            parts.places["rank"],
            "Hubs are not ranked by partners.",
            "By degree, in-degree, out-degree (connections), synapses, inputs or outputs (synapses).",
        )
    of, shown = asked_about(source, question, ir.HUBS_SHOWN)
    limit, order = parts.take("limit", shown), parts.take("order", ())
    return ir.Hubs(rank, parts.selection(), limit, order, of=of)


def _similar(source: Source, question: Node, parts: Parts) -> ir.Form:
    tree = as_tree(question.children[0])
    of = source.placed(tree, lambda: source.vocabulary.one_neuron(neuron_term(source, tree)))
    direction = parts.take("rank", "partners")
    if direction not in ("inputs", "outputs", "partners"):
        raise source.refusal(
            parts.places["rank"], f"Neurons are not alike by {direction}.", "By inputs, outputs or partners (both)."
        )
    limit, order = parts.take("limit", ir.SIMILAR_SHOWN), parts.take("order", ())
    return ir.Similar(of, direction, parts.selection(), limit, order)


def _projections(source: Source, question: Node, parts: Parts) -> ir.Form:
    sources, targets = (regions_of(source, as_tree(c)) for c in question.children[:2])
    by, limit, order = parts.take("by", ()), parts.take("limit"), parts.take("order", ())
    if "region" in by:
        raise source.refusal(
            parts.places["by"], "Projections are not grouped by region.", "Ask for `projections from A to B` of each."
        )
    return ir.Projections(sources, targets, parts.take("where"), by, limit, order)


GRAPH_QUESTIONS: dict[str, Callable[[Source, Node, Parts], ir.Form]] = {
    "paths": _paths,
    "common": _common,
    "hubs": _hubs,
    "similar": _similar,
    "projections": _projections,
}
