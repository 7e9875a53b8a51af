"""What makes a pattern senseless, whoever made it: text, the API, a .motif file, JSON."""

from __future__ import annotations

from dataclasses import dataclass

from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.match.columns import answered, neuron_columns

__all__ = ["MOST_HOPS", "MOST_NEURONS", "MOST_SAMPLED", "Problem", "check", "pieces", "problem_of"]

MOST_NEURONS = 8
"""Of a pattern; as many as graphkit.motifs.pattern takes."""

MOST_HOPS = 10

MOST_SAMPLED = 1_000_000
"""Matches that are drawn at random; they are held in memory together."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and ``at`` which edge (its place), neuron (its name) or part of the question."""

    message: str
    hint: str | None = None
    at: int | str | None = None


def check(form: ir.Match) -> None:
    """Raises QueryError where a pattern makes no sense."""
    if (problem := problem_of(form)) is not None:
        raise QueryError(problem.message, hint=problem.hint)


def problem_of(form: ir.Match) -> Problem | None:
    """The first thing that is wrong with a pattern."""
    return (
        _size(form)
        or _edges(form)
        or _pairs(form)
        or _pieces(form)
        or _names(form)
        or _order(form)
        or _sample(form)
        or _against(form)
        or _errors(form)
    )


def _size(form: ir.Match) -> Problem | None:
    n = len(form.nodes)
    if not n:
        return Problem("The pattern has no neuron.", "For example: MATCH (a)->(b)->(c), (a)->(c)")
    if n > MOST_NEURONS:
        return Problem(
            f"The pattern has {n} neurons; {MOST_NEURONS} are the most.", "Ask for its parts, each with some of them."
        )
    names = [node.name for node in form.nodes] + [e.name for e in form.edges if e.name]
    if (twice := next((x for x in names if names.count(x) > 1), None)) is not None:
        return Problem(f"{twice!r} names two things in the pattern.", "Give one of them another name.")
    return None


def _edges(form: ir.Match) -> Problem | None:
    known = {node.name for node in form.nodes}
    for i, edge in enumerate(form.edges):
        least, most = edge.hops
        if unknown := {edge.pre, edge.post} - known:
            return Problem(f"There is no neuron {min(unknown)!r} in the pattern.", at=i)
        if not 1 <= least <= most:
            return Problem(f"There are no walks of {least} to {most} connections.", "For example: (a)->{1,3}(b)", i)
        if most > MOST_HOPS:
            return Problem(f"Walks of {most} connections are too long; {MOST_HOPS} are the most.", None, i)
        if edge.hops != (1, 1) and form.induced:
            return Problem(
                "INDUCED and walks do not go together: a walk says nothing of the connection between its ends.",
                "Write NOT (a)->(b) for each connection that must be absent.",
                "induced",
            )
        if edge.pre == edge.post and edge.hops == (1, 1) and not edge.absent and not form.selection.autapses:
            return Problem(f"{_drawn(edge)} is an autapse, and the question leaves autapses out.", None, i)
    return None


def _pairs(form: ir.Match) -> Problem | None:
    """Edges between the same two neurons that are the same, or rule each other out."""
    for i, edge in enumerate(form.edges):
        for other in form.edges[:i]:
            if not _same_pair(form, edge, other) or edge.hops != other.hops:
                continue
            same = (edge.regions, edge.nt, set(edge.synapses)) == (other.regions, other.nt, set(other.synapses))
            if edge.absent == other.absent:
                if same and (edge.pre, edge.post) == (other.pre, other.post):
                    return Problem(f"{_drawn(edge)} stands in the pattern twice.", "Leave one of them out.", i)
                continue
            there, gone = (other, edge) if edge.absent else (edge, other)
            if (
                gone.regions in (None, there.regions)
                and gone.nt in (None, there.nt)
                and set(gone.synapses) <= set(there.synapses)
            ):
                return Problem(
                    f"The connection {_drawn(there)} must be there and must be absent, so nothing can match.",
                    "Leave one of the two out.",
                    i,
                )
    return None


def _same_pair(form: ir.Match, edge: ir.PatternEdge, other: ir.PatternEdge) -> bool:
    if (edge.pre, edge.post) == (other.pre, other.post):
        return True
    return form.selection.kind == "electrical" and (edge.pre, edge.post) == (other.post, other.pre)


def _pieces(form: ir.Match) -> Problem | None:
    found = pieces(form)
    if len(found) == 1:
        return None
    shown = " and ".join(f"({', '.join(piece)})" for piece in found)
    return Problem(
        f"The pattern falls into {len(found)} pieces, {shown}: every match of one would go with every match of the others.",
        "Join them by a connection, or ask for each by itself.",
        found[1][0],
    )


def pieces(form: ir.Match) -> list[list[str]]:
    """The names of the neurons that connections hold together."""
    piece_of = {node.name: node.name for node in form.nodes}
    for edge in form.edges:
        if not edge.absent:
            old, new = piece_of[edge.post], piece_of[edge.pre]
            piece_of = {name: new if piece == old else piece for name, piece in piece_of.items()}
    return [[n for n, p in piece_of.items() if p == piece] for piece in dict.fromkeys(piece_of.values())]


def _names(form: ir.Match) -> Problem | None:
    nodes = {node.name for node in form.nodes}
    edges = {edge.name: edge for edge in form.edges if edge.name}
    for attribute, part in (
        *((side, "tests") for test in form.tests for side in (test.left, test.right)),
        *((column, "returns") for column in form.columns),
    ):
        if attribute.of not in nodes and attribute.of not in edges:
            return Problem(f"There is no {attribute.of!r} in the pattern.", at=part)
        edge = edges.get(attribute.of)
        if edge is None:
            continue
        if attribute.name != "synapses":
            return Problem(f"Connections have no {attribute.name!r}.", f"For example: {edge.name}.synapses", part)
        if edge.absent:
            return Problem(f"The connection {edge.name!r} must be absent, so it has no synapses.", None, part)
        if edge.hops != (1, 1):
            return Problem(f"{edge.name!r} is a walk of several connections, not one.", "It has no synapses.", part)
        if edge.pre == edge.post and part == "tests":
            return Problem(
                f"{edge.name!r} is an autapse, which cannot be compared with another connection.",
                "Give the least number of synapses in its brackets.",
                part,
            )
    for test in form.tests:
        if (test.left.of in edges) != (test.right.of in edges):
            return Problem(
                "A neuron cannot be compared with a connection.", "For example: e.synapses > f.synapses", "tests"
            )
    return None


def _order(form: ir.Match) -> Problem | None:
    if form.order and form.returns in ("count", "exists"):
        what = "A count" if form.returns == "count" else "Whether there is a match"
        return Problem(f"{what} is one row, so there is nothing to order.", "Leave ORDER BY out.", "order")
    for order in form.order:
        if form.returns == "neurons":
            known = neuron_columns(perturbed=form.errors is not None)
            if order.by.of or order.by.name not in known:
                return Problem(f"The answer has no {order.by.name!r}.", f"Order by {', '.join(known)}.", "order")
        elif order.by not in answered(form):
            return Problem(
                f"The answer has no {order.by.of}.{order.by.name}, so it cannot be ordered by it.",
                "Add it to RETURN.",
                "order",
            )
    return None


def _sample(form: ir.Match) -> Problem | None:
    if form.sample is None:
        return None
    if form.returns != "rows":
        return Problem(
            "A sample has a row for each match that was drawn, and the question asks for something else.",
            "Leave one of the two out.",
            "sample",
        )
    if not 1 <= form.sample.count <= MOST_SAMPLED:
        return Problem(
            f"{form.sample.count:,} matches are too many or too few to be drawn; 1 to {MOST_SAMPLED:,} can be.",
            "LIMIT gives the first matches; brain.match_batches streams all of them.",
            "sample",
        )
    if form.sample.seed < 0:
        return Problem(f"The seed is {form.sample.seed}; expected 0 or more.", None, "sample")
    return None


def _against(form: ir.Match) -> Problem | None:
    """What random graphs do not have: they know the neurons, and how many synapses a connection has."""
    if form.against is None:
        return None
    if form.returns != "count":
        return Problem("Only the number of matches is compared with random graphs.", "Ask for RETURN count.", "returns")
    if form.selection.kind == "electrical":
        return Problem("Random graphs are made of chemical connections.", "Leave `against` out.")
    for i, edge in enumerate(form.edges):
        if edge.regions is not None or edge.nt is not None:
            return Problem(
                "A connection of a random graph has no region and no transmitter of its own.",
                "Choose the connections of the whole graph by them: MATCH ... IN region EB AGAINST 100 configuration.",
                i,
            )
        if edge.pre == edge.post and edge.hops == (1, 1):
            return Problem("Random graphs have no autapses.", f"Leave {_drawn(edge)} out.", i)
    of_synapses = any(edge.synapses for edge in form.edges) or any(
        edge.name == test.left.of for test in form.tests for edge in form.edges if edge.name
    )
    if form.against.model == "synapse-counts" and not of_synapses:
        return Problem(
            "The null model synapse-counts leaves every connection in place, and the pattern does not ask for synapses.",
            "Ask for `against 100 configuration`.",
        )
    return None


def _errors(form: ir.Match) -> Problem | None:
    """What is no statistic, or two questions."""
    if form.errors is None:
        return None
    if form.against is not None:
        return Problem("An error model and a null model are two questions.", "Ask one after the other.")
    if form.returns == "rows":
        return Problem(
            "Single matches are listed, which is no statistic: they take no error model.",
            "Ask for RETURN count, per neuron or exists.",
            "returns" if form.sample is None else "sample",
        )
    return None


def _drawn(edge: ir.PatternEdge) -> str:
    return f"({edge.pre})->({edge.post})"
