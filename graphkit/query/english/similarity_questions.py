"""How alike many neurons connect: from the tree to the form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from graphkit.query import ir
from graphkit.query.english.parts import Parts
from graphkit.query.english.sets import neuron_set
from graphkit.query.english.source import Node, Source, as_tree

__all__ = ["SIMILARITY_QUESTIONS"]


def _similarities(source: Source, question: Node, parts: Parts) -> ir.Form:
    compared, limit, order = _compared(source, question, parts), parts.take("limit"), parts.take("order", ())
    each = parts.take("each")
    return ir.Similarities(**compared, selection=parts.selection(), limit=limit, order=order, each=each)


def _clusters(source: Source, question: Node, parts: Parts) -> ir.Form:
    compared, limit, order = _compared(source, question, parts), parts.take("limit"), parts.take("order", ())
    by, count = parts.take("by", ()), parts.take("into")
    if by not in ((), ("type",)):
        raise source.refusal(parts.places["by"], f"Clusters are counted by type only, not by {', '.join(by)}.")
    chosen = parts.selection()
    return ir.SimilarityClusters(**compared, count=count, by_type=bool(by), selection=chosen, limit=limit, order=order)


def _compared(source: Source, question: Node, parts: Parts) -> dict[str, Any]:
    """The neurons, and what of them is compared."""
    words = re.split(r"[\s-]+", parts.take("features", "partners"))
    return {
        "of": neuron_set(source, as_tree(question.children[0])),
        "measure": parts.take("measure", "cosine"),
        "direction": cast(ir.Direction, words[0].removesuffix("s") + "s"),
        "types": len(words) > 1,
    }


SIMILARITY_QUESTIONS: dict[str, Callable[[Source, Node, Parts], ir.Form]] = {
    "similarities": _similarities,
    "clusters": _clusters,
}
