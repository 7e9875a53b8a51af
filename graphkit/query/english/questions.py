"""One function a question: from its tree and its parts to its form."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from lark import Tree

from graphkit.query import ir
from graphkit.query.english.parts import Parts, parts_of
from graphkit.query.english.sets import neuron_set
from graphkit.query.english.source import Node, Source, as_token, as_tree

__all__ = ["form_of"]


def form_of(source: Source, tree: Node) -> ir.Form:
    """The form of a whole question."""
    question = as_tree(tree.children[0])
    listed = [as_tree(c) for c in question.children if isinstance(c, Tree) and c.data not in _NO_PARTS]
    return _QUESTIONS[str(question.data)](source, question, parts_of(source, listed))


_NO_PARTS = {"set"}


def _motifs(source: Source, question: Node, parts: Parts) -> ir.Form:
    groups = parts.take("by", ())
    if groups not in ((), ("type",)):
        raise source.refusal(parts.places["by"], f"Motifs can be grouped by type only, not by {', '.join(groups)}.")
    return ir.Motifs(parts.selection(), by_type=bool(groups), limit=parts.take("limit"))


def _neurons(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.Neurons(_chosen(parts), parts.take("regions"), parts.take("limit"))


def _types(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.Types(_chosen(parts), parts.take("regions"), parts.take("limit"))


def _chosen(parts: Parts) -> ir.Condition | None:
    """All of ``in @NAME``, ``of REGION`` and ``where``."""
    terms = [parts.take(name) for name in ("within", "belonging", "where") if name in parts.values]
    return ir.And(tuple(terms)) if len(terms) > 1 else (terms[0] if terms else None)


def _regions(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.Regions(parts.take("limit"))


def _partners(source: Source, question: Node, parts: Parts) -> ir.Form:
    word, of = as_token(question.children[0]), as_tree(question.children[1])
    if excess := [parts.places[k] for k in ("from", "to", "between") if k in parts.places]:
        raise source.refusal(excess[0], f"`{word} of` takes no `from`, `to` or `between`.")
    condition = neuron_set(source, of)
    if condition is None:
        raise source.refusal(of, f"`{word} of` needs certain neurons.", "For example: inputs of type 'EPG'")
    by, limit = parts.take("by", ()), parts.take("limit")
    return ir.Partners(condition, _DIRECTIONS[word.type], by, parts.selection(), limit)


_DIRECTIONS: dict[str, ir.Direction] = {"INPUTS": "inputs", "OUTPUTS": "outputs", "PARTNERS": "partners"}


def _connections(source: Source, question: Node, parts: Parts) -> ir.Form:
    pre, post, among = parts.take("from"), parts.take("to"), None
    between, both_ways = _between(source, parts), False
    if len(between) == 1:
        among = between[0]
    elif between:
        (pre, post), both_ways = between, True
    if question.data == "gap_junctions":
        parts.values["kind"] = "electrical"
    by, limit = parts.take("by", ()), parts.take("limit")
    return ir.Connections(pre, post, both_ways, by, parts.selection(among), limit)


def _synapses(source: Source, question: Node, parts: Parts) -> ir.Form:
    pre, post, among = parts.take("from"), parts.take("to"), None
    between = _between(source, parts)
    if len(between) == 1:
        among = between[0]
    elif between:
        raise source.refusal(parts.places["between"], "Say which way: `synapses from A to B`.")
    if parts.take("by"):
        raise source.refusal(
            parts.places["by"], "Single synapses are not grouped.", "Ask for `connections ... by type`."
        )
    limit = parts.take("limit")
    return ir.Synapses(pre, post, parts.selection(among), limit)


def _between(source: Source, parts: Parts) -> list[ir.Condition | None]:
    """The one or two sets of ``between``."""
    between = cast(list[ir.Condition | None], parts.take("between", []))
    if between and ({"from", "to"} & parts.places.keys()):
        raise source.refusal(parts.places["between"], "`between` and `from ... to` cannot stand in one question.")
    if len(between) == 1 and parts.values.get("among") is not None:
        raise source.refusal(
            parts.places["among"], "`between` one set and `among` mean the same.", "Leave one of them out."
        )
    return between


_QUESTIONS: dict[str, Callable[[Source, Node, Parts], ir.Form]] = {
    "motifs": _motifs,
    "neurons": _neurons,
    "types": _types,
    "regions": _regions,
    "partners": _partners,
    "connections": _connections,
    "gap_junctions": _connections,
    "synapses": _synapses,
}
