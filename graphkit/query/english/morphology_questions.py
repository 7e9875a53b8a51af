"""Questions about skeletons: from the tree to the form."""

from __future__ import annotations

from collections.abc import Callable

from graphkit.query import ir
from graphkit.query.english.parts import Parts
from graphkit.query.english.sets import neuron_set
from graphkit.query.english.source import Node, Source, as_tree

__all__ = ["MORPHOLOGY_QUESTIONS"]


def _morphology(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.Morphology(
        _of(source, question), parts.take("limit"), parts.take("order", ()), parts.take("heal", ir.HEAL_NM)
    )


def _compartments(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.Compartments(
        _of(source, question), parts.take("limit"), parts.take("order", ()), parts.take("heal", ir.HEAL_NM)
    )


def _strahler_orders(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.StrahlerOrders(
        _of(source, question), parts.take("limit"), parts.take("order", ()), parts.take("heal", ir.HEAL_NM)
    )


def _sholl(source: Source, question: Node, parts: Parts) -> ir.Form:
    every_nm, of = parts.take("every", ir.EVERY_NM), _of(source, question)
    return ir.Sholl(of, every_nm, parts.take("limit"), parts.take("order", ()), parts.take("heal", ir.HEAL_NM))


def _of(source: Source, question: Node) -> ir.Condition | None:
    return neuron_set(source, as_tree(question.children[0]))


MORPHOLOGY_QUESTIONS: dict[str, Callable[[Source, Node, Parts], ir.Form]] = {
    "morphology": _morphology,
    "compartments": _compartments,
    "strahler_orders": _strahler_orders,
    "sholl": _sholl,
}
