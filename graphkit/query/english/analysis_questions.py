"""Statistics, rankings, roles, communities, signals that spread: from the tree to the form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from graphkit.query import ir
from graphkit.query.english.parts import Parts
from graphkit.query.english.sets import asked_about
from graphkit.query.english.source import Node, Source, as_token, count_of, two_sides

__all__ = ["ANALYSIS_QUESTIONS"]

_MEASURES: dict[str, ir.Measure] = {
    "pagerank": "pagerank",
    "betweenness": "betweenness",
    "core number": "core number",
    "clustering": "clustering",
    "attractor": "attractor",
    "repeller": "repeller",
}


def _statistics(source: Source, question: Node, parts: Parts) -> ir.Form:
    limit, order = parts.take("limit"), parts.take("order", ())
    errors, against = _errors_or_against(source, parts)
    groups = parts.take("by", ())
    if groups not in ((), ("region",)):
        raise source.refusal(parts.places["by"], f"Statistics are grouped by region only, not by {', '.join(groups)}.")
    return ir.Statistics(parts.selection(), limit, order, errors, against, bool(groups))


def _errors_or_against(source: Source, parts: Parts) -> tuple[ir.ReconstructionErrors | None, ir.Against | None]:
    errors, against = parts.take("errors"), parts.take("against")
    if errors is not None and against is not None:
        raise source.refusal(
            parts.places["errors"], "An error model and a null model are two questions.", "Ask one after the other."
        )
    return errors, against


def _ranking(source: Source, question: Node, parts: Parts) -> ir.Form:
    word = " ".join(as_token(question.children[0]).lower().split())
    measure = _MEASURES[word if word in _MEASURES else word.removesuffix("s")]
    of, shown = asked_about(source, question, ir.RANKED_SHOWN)
    limit, order = parts.take("limit", shown), parts.take("order", ())
    return ir.Ranking(measure, parts.selection(), limit, order, of=of)


def _roles(source: Source, question: Node, parts: Parts) -> ir.Form:
    word = re.sub(r"[\s-]+", " ", as_token(question.children[0]).lower())
    numbers = [as_token(c) for c in question.children[1:] if getattr(c, "type", None) == "INT"]
    degree = count_of(source, numbers[0]) if numbers else ir.CLUB_DEGREE
    of, _ = asked_about(source, question, None)
    limit, order = parts.take("limit"), parts.take("order", ())
    return ir.Roles(cast(ir.Role, word), degree, parts.selection(), limit, order, of=of)


def _rich_club(source: Source, question: Node, parts: Parts) -> ir.Form:
    kinds = [as_token(c).lower() for c in question.children[1:] if getattr(c, "type", None) == "DEGREE_KIND"]
    by = re.split(r"[\s-]", kinds[0])[0] if kinds else "total"
    limit, order = parts.take("limit"), parts.take("order", ())
    errors, against = _errors_or_against(source, parts)
    if against is not None and against.model == "synapse-counts":
        raise source.refusal(
            parts.places["against"], "Synapse counts are shuffled in it: all connections stay in place."
        )
    return ir.RichClub(cast(ir.DegreeKind, by), parts.selection(), limit, order, against, errors)


def _degrees(source: Source, question: Node, parts: Parts) -> ir.Form:
    limit, order = parts.take("limit"), parts.take("order", ())
    strengths = any(getattr(c, "type", None) == "STRENGTHS" for c in question.children)
    return ir.Degrees(parts.selection(), limit, order, "strength" if strengths else "degree")


def _components(source: Source, question: Node, parts: Parts) -> ir.Form:
    strong = any(getattr(c, "type", None) == "STRONG" for c in question.children)
    limit, order = parts.take("limit"), parts.take("order", ())
    return ir.Components(strong, parts.selection(), limit, order)


def _distances(source: Source, question: Node, parts: Parts) -> ir.Form:
    limit, order = parts.take("limit"), parts.take("order", ())
    return ir.Distances(parts.selection(), limit, order)


def _percolation(source: Source, question: Node, parts: Parts) -> ir.Form:
    least = any(getattr(c, "type", None) == "LEAST" for c in question.children)
    limit, order = parts.take("limit"), parts.take("order", ())
    return ir.Percolation("least connected" if least else "most connected", parts.selection(), limit, order)


def _compare_connections(source: Source, question: Node, parts: Parts) -> ir.Form:
    first, second = two_sides(source, question)
    limit, order = parts.take("limit"), parts.take("order", ())
    return ir.SideConnections(first, second, parts.selection(), limit, order)


def _projectome(source: Source, question: Node, parts: Parts) -> ir.Form:
    return ir.Projectome(parts.take("limit"), parts.take("order", ()))


def _communities(source: Source, question: Node, parts: Parts) -> ir.Form:
    by_type = _only_by_type(source, parts, "Communities")
    limit, order = parts.take("limit"), parts.take("order", ())
    return ir.Communities(by_type, parts.selection(), limit, order)


def _spread(source: Source, question: Node, parts: Parts) -> ir.Form:
    word = as_token(question.children[0])
    of, to = parts.take("from"), parts.take("to")
    if of is None:
        raise source.refusal(
            parts.places.get("from", word),
            "A signal starts from certain neurons.",
            f"For example: {' '.join(word.split())} from type 'ORN*'",
        )
    model, hops = ("flow" if word.type == "FLOW" else "cascade"), parts.take("within")
    if hops is not None and model == "flow":
        raise source.refusal(
            parts.places["within"], "Information flow goes on until all is reached.", "A signal cascade takes hops."
        )
    if hops is None and model == "cascade":
        hops = 8
    by_type = _only_by_type(source, parts, "A signal")
    limit, order, seed = parts.take("limit"), parts.take("order", ()), parts.take("seed", 0)
    chosen = parts.selection()
    return ir.Spread(of, model, hops, by_type, chosen, seed=seed, limit=limit, order=order, to=to)  # type: ignore[arg-type]


def _effective(source: Source, question: Node, parts: Parts) -> ir.Form:
    by = parts.take("by", ())
    if "region" in by:
        wrong = "Walks go through several regions, and are not grouped by them."
        raise source.refusal(parts.places["by"], wrong, "By type, class, side or another column of neurons.")
    pre, post, hops = parts.take("from"), parts.take("to"), parts.take("within", ir.WALKED)
    limit, order = parts.take("limit"), parts.take("order", ())
    return ir.Effective(pre, post, hops, by, parts.selection(), limit, order)


def _only_by_type(source: Source, parts: Parts, what: str) -> bool:
    by = parts.take("by", ())
    if by not in ((), ("type",)):
        raise source.refusal(parts.places["by"], f"{what} can be grouped by type only, not by {', '.join(by)}.")
    return bool(by)


ANALYSIS_QUESTIONS: dict[str, Callable[[Source, Node, Parts], ir.Form]] = {
    "statistics": _statistics,
    "ranking": _ranking,
    "roles": _roles,
    "rich_club": _rich_club,
    "degrees": _degrees,
    "distances": _distances,
    "percolation": _percolation,
    "compare_connections": _compare_connections,
    "projectome": _projectome,
    "components": _components,
    "communities": _communities,
    "spread": _spread,
    "effective": _effective,
}
