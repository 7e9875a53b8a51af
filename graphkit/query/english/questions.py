"""One function a question: from its tree and its parts to its form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, cast

from lark import Token, Tree

from graphkit.query import ir
from graphkit.query.english.analysis_questions import ANALYSIS_QUESTIONS
from graphkit.query.english.errorless import why_not
from graphkit.query.english.graph_questions import GRAPH_QUESTIONS
from graphkit.query.english.morphology_questions import MORPHOLOGY_QUESTIONS
from graphkit.query.english.named_motifs import named_motif
from graphkit.query.english.parts import PARTS, Parts, parts_of
from graphkit.query.english.sets import neuron_set
from graphkit.query.english.similarity_questions import SIMILARITY_QUESTIONS
from graphkit.query.english.source import Node, Source, as_token, as_tree, two_sides, words_of
from graphkit.query.figures import check_figure
from graphkit.query.ordering import checked_order

__all__ = ["form_of"]


def form_of(source: Source, tree: Node) -> ir.Form:
    """The form of a whole question."""
    question = as_tree(tree.children[0])
    if question.data == "counted":
        return _counted(source, question)
    kind = str(question.data)
    listed = [as_tree(c) for c in question.children if isinstance(c, Tree) and c.data in PARTS]
    if kind == "named_motif":
        listed = [c for c in listed if c.data != "where"]  # which speaks of the pattern's neurons
    parts = parts_of(source, listed)
    form = _QUESTIONS[kind](source, question, parts)
    if "errors" in parts.values:
        if not hasattr(form, "errors"):
            raise source.refusal(parts.places["errors"], *why_not(form))
        form = replace(form, errors=parts.take("errors"))
    if "order" not in parts.places:
        return form
    return source.placed(parts.places["order"], lambda: checked_order(form, source.dataset))


def _counted(source: Source, question: Node) -> ir.Form:
    inner = as_tree(question.children[-1])
    of = form_of(source, Tree("start", [inner]))
    if not isinstance(
        of, ir.Neurons | ir.Types | ir.Partners | ir.Connections | ir.Synapses | ir.Projections | ir.Common
    ):
        raise source.refusal(inner, "Neurons some hops away are not counted.", "The notes of the answer say how many.")
    if getattr(of, "by", ()) or of.order or of.limit is not None or getattr(of, "figure", None):
        words = words_of(source, inner)
        raise source.refusal(
            inner, "What is counted has no groups, figures, order or limit.", f"`{words}` has a figure for each row."
        )
    return ir.Count(of)


def _motifs(source: Source, question: Node, parts: Parts) -> ir.Form:
    groups = parts.take("by", ())
    if groups not in ((), ("type",), ("region",)):
        raise source.refusal(
            parts.places["by"], f"Motifs are grouped by type or by region, not by {', '.join(groups)}."
        )
    limit, order, against = parts.take("limit"), parts.take("order", ()), parts.take("against")
    errors = parts.take("errors")
    if errors is not None and against is not None:
        raise source.refusal(
            parts.places["errors"], "An error model and a null model are two questions.", "Ask one after the other."
        )
    roles, size = _kind_of_motifs(source, question)
    for place in ("by", "against"):
        if place in parts.places and (roles or (size == 4 and place == "by")):
            wrong = "Only motifs of size 3 are grouped."
            if place == "against":
                wrong = "The roles of single neurons are not compared with random graphs; motifs are."
            raise source.refusal(parts.places[place], wrong)
    by_type, by_region = groups == ("type",), groups == ("region",)
    return ir.Motifs(parts.selection(), by_type, limit, order, against, errors, size, roles, by_region)


def _kind_of_motifs(source: Source, question: Node) -> tuple[bool, Literal[3, 4]]:
    """(whether roles are asked for, of how many neurons)."""
    words = [child for child in question.children if isinstance(child, Token)]
    roles = any(word.type == "MOTIF_ROLES" for word in words)
    sizes = [word for word in words if word.type == "INT"]
    if sizes and str(sizes[0]) not in ("3", "4"):
        wrong = f"Motifs are counted of size 3 or 4, not {sizes[0]}."
        raise source.refusal(sizes[0], wrong, "MATCH finds larger ones.")
    return roles, 4 if sizes and str(sizes[0]) == "4" else 3


def _neurons(source: Source, question: Node, parts: Parts) -> ir.Form:
    by, order = parts.take("by", ()), parts.take("order", ())
    return ir.Neurons(_chosen(parts), parts.take("regions"), parts.take("limit"), by, order)


def _types(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.Types(_chosen(parts), parts.take("regions"), parts.take("limit"), parts.take("order", ()))


def _chosen(parts: Parts) -> ir.Condition | None:
    """All of ``in @NAME``, ``of REGION`` and ``where``."""
    terms = [parts.take(name) for name in ("chosen", "belonging", "where") if name in parts.values]
    return ir.And(tuple(terms)) if len(terms) > 1 else (terms[0] if terms else None)


def _regions(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.Regions(parts.take("limit"), parts.take("order", ()))


def _partners(source: Source, question: Node, parts: Parts) -> ir.Form:
    word, of = as_token(question.children[0]), as_tree(question.children[1])
    if len(parts.values.get("between", ())) == 1 and "among" not in parts.values:
        parts.values["among"] = parts.take("between")[0]  # of one set it means the same
        del parts.places["between"]
    if excess := [parts.places[k] for k in ("from", "to", "between") if k in parts.places]:
        raise source.refusal(excess[0], f"`{word} of` takes no `from`, `to` or `between`.")
    condition = neuron_set(source, of)
    if condition is None:
        raise source.refusal(of, f"`{word} of` needs certain neurons.", "For example: inputs of type 'EPG'")
    direction = _direction(word)
    by, limit, order, hops = parts.take("by", ()), parts.take("limit"), parts.take("order", ()), parts.take("within")
    if hops is None:
        return ir.Partners(condition, direction, by, parts.selection(), limit, order)
    if "region" in by:
        raise source.refusal(parts.places["by"], "Neurons some hops away are not grouped by region.")
    return ir.Reach(condition, direction, hops, by, parts.selection(), limit, order)


def _direction(word: Token) -> ir.Direction:
    return cast(ir.Direction, word.type.lower())


def _connections(source: Source, question: Node, parts: Parts) -> ir.Form:
    pre, post, among = parts.take("from"), parts.take("to"), None
    between, both_ways = _between(source, parts), False
    if len(between) == 1:
        among = between[0]
    elif between:
        (pre, post), both_ways = between, True
    if question.data == "gap_junctions":
        parts.values["kind"] = "electrical"
    by, limit, order = parts.take("by", ()), parts.take("limit"), parts.take("order", ())
    figure, signs = _figure(source, parts, by)
    return ir.Connections(pre, post, both_ways, by, parts.selection(among), limit, order, figure, signs)


def _figure(source: Source, parts: Parts, by: tuple[ir.Group, ...]) -> tuple[ir.Figure | None, ir.Signs | None]:
    """What stands beside the synapses, and with which signs."""
    figure, signs = parts.take("figure"), [parts.take(name) for name in ("excitatory", "inhibitory")]
    signed = figure is not None and "signed" in figure
    if given := [parts.places[name] for name in ("excitatory", "inhibitory") if name in parts.places]:
        if not signed:
            raise source.refusal(given[0], "Signs go with signed figures.", "For example: by type as signed synapses")
        if overlap := set(signs[0] or ()) & set(signs[1] or ()):
            raise source.refusal(given[-1], f"{min(overlap)!r} cannot both excite and inhibit.")
    if figure is None:
        return None, None
    place = parts.places["figure"]
    source.placed(place, lambda: check_figure(figure, by, parts.values.get("kind", "chemical")))
    if not signed:
        return figure, None
    return figure, source.placed(place, lambda: source.vocabulary.signs(*signs))


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
    limit, order, box = parts.take("limit"), parts.take("order", ()), parts.take("box")
    return ir.Synapses(pre, post, parts.selection(among), limit, box, order)


def _between(source: Source, parts: Parts) -> list[ir.Condition | None]:
    """The one or two sets of ``between``."""
    between = cast(list[ir.Condition | None], parts.take("between", []))
    if len(between) > 1 and ({"from", "to"} & parts.places.keys()):
        raise source.refusal(parts.places["between"], "`between` and `from ... to` cannot stand in one question.")
    if len(between) == 1 and parts.values.get("among") is not None:
        raise source.refusal(
            parts.places["among"], "`between` one set and `among` mean the same.", "Leave one of them out."
        )
    return between


def _sides(source: Source, question: Node, parts: Parts) -> ir.Form:
    first, second = two_sides(source, question)
    limit, order = parts.take("limit"), parts.take("order", ())
    return ir.Sides(first, second, _chosen(parts), parts.take("regions"), limit, order)


_QUESTIONS: dict[str, Callable[[Source, Node, Parts], ir.Form]] = {
    "motifs": _motifs,
    "neurons": _neurons,
    "types": _types,
    "regions": _regions,
    "partners": _partners,
    "connections": _connections,
    "gap_junctions": _connections,
    "synapses": _synapses,
    "compare": _sides,
    "named_motif": named_motif,
    **GRAPH_QUESTIONS,
    **ANALYSIS_QUESTIONS,
    **MORPHOLOGY_QUESTIONS,
    **SIMILARITY_QUESTIONS,
}
