"""An error model with a question that takes none: which it is, why, and what can be asked."""

from __future__ import annotations

import re
from collections.abc import Callable

from graphkit.errors import GraphkitError, QueryError, QuerySyntaxError
from graphkit.query import ir
from graphkit.query.error_model_words import EXAMPLE

__all__ = ["no_error_model", "why_not"]

_CLAUSE = re.compile(
    r"\bwith\s+(?:\d+\s+)?error\s+models?\b"
    rf"(?:\s*,?\s*\b(?:{'|'.join(ir.ERROR_KINDS)})\b\s+[\d.]+(?:e[-+]?\d+)?\s*%?)*"
    r"(?:\s+seed\s+\d+)?",
    re.IGNORECASE,
)
_TAKEN = (
    "What is counted over the graph takes one: statistics, motifs, MATCH, rankings such as hubs, connections, partners, paths, "
    "similarity, communities, curves, figures by region."
)
_FORMS = (
    (
        (ir.Synapses,),
        "Single synapses are listed, which is no statistic",
        "`connections from A to B with error model ...` has their number, and how often there is any.",
    ),
    (
        (ir.Count,),
        "Rows that are stored are counted, and not the graph",
        "`statistics with error model ...` has the number of neurons, connections and synapses; `how many connections ...` takes "
        "one, too.",
    ),
    (
        (ir.Neurons, ir.Types, ir.Sides),
        "Neurons are listed with the totals that are stored, which is no statistic",
        "`regions with error model ...` counts the neurons of each region.",
    ),
    (
        (ir.Morphology, ir.Compartments, ir.StrahlerOrders, ir.Sholl),
        "The errors are of connections, and skeletons stay as they are",
        "",
    ),
)


def no_error_model(text: str, form_of: Callable[[str], ir.Form]) -> QueryError | None:
    """The refusal of a question that would be one without its error model; None where that is not what is wrong."""
    clause = _CLAUSE.search(text)
    if clause is None:
        return None
    try:
        form = form_of(text[: clause.start()] + text[clause.end() :])
    except GraphkitError:
        return None
    if not hasattr(form.of if isinstance(form, ir.Count) else form, "errors"):
        message, hint = why_not(form)
    elif re.search(r"\d\s*%?\s*$|seed", clause[0], re.IGNORECASE):
        return None
    else:
        message, hint = "An error model says which errors are made, and how often.", f"For example: {EXAMPLE}"
    return QuerySyntaxError(message, hint=hint, text=text, start=clause.start(), end=clause.end())


def why_not(form: ir.Form) -> tuple[str, str]:
    """Why a question takes no error model, and what does."""
    why, hint = "What is stored is listed, which is no statistic", ""
    for kinds, reason, instead in _FORMS:
        if isinstance(form, kinds):
            why, hint = reason, instead
    return f"{why}: this question takes no error model.", f"{hint} {_TAKEN}".strip()
