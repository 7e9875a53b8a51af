"""The analyses in canonical English."""

from __future__ import annotations

from graphkit.query import ir
from graphkit.query.echo.words import (
    against_words,
    by_words,
    length_text,
    quoted_text,
    ranked_words,
    selection_words,
    set_text,
)

__all__ = ["analysis_words"]

_MEASURES = {"core number": "core numbers", "attractor": "attractors", "repeller": "repellers"}


def analysis_words(form: ir.Form) -> list[str]:
    """All but the order and the limit."""
    match form:
        case ir.Projectome():
            return ["projectome"]
        case ir.Morphology():
            return [f"morphology of {set_text(form.of)}", _healing(form.heal_nm)]
        case ir.Compartments():
            return [f"axon dendrite split of {set_text(form.of)}", _healing(form.heal_nm)]
        case ir.StrahlerOrders():
            return [f"strahler orders of {set_text(form.of)}", _healing(form.heal_nm)]
        case ir.Sholl():
            return [f"sholl of {set_text(form.of)} every {length_text(form.every_nm)}", _healing(form.heal_nm)]
        case ir.Statistics():
            words = ["statistics"]
        case ir.Ranking():
            words = [_MEASURES.get(form.measure, form.measure), *ranked_words(form)]
        case ir.Roles():
            of = [f"of {set_text(form.of)}"] if form.of is not None else []
            words = [form.role, f"of degree at least {form.degree}", *of]
        case ir.RichClub():
            words = ["rich club", f"by {form.by}-degree"]
        case ir.Degrees():
            words = [f"{form.of} distribution"]
        case ir.Distances():
            words = ["connection probability by distance"]
        case ir.SideConnections():
            words = [f"compare connections of {quoted_text(form.first)} and {quoted_text(form.second)}"]
        case ir.Percolation():
            words = ["percolation", *(["from the least connected"] if form.first == "least connected" else [])]
        case ir.Components():
            words = [f"{'strong' if form.strong else 'weak'} components"]
        case ir.Communities():
            words = ["communities"]
        case ir.Spread():
            model = "information flow" if form.model == "flow" else "signal cascade"
            words = [model, f"from {set_text(form.of)}", *([f"to {set_text(form.to)}"] if form.to is not None else [])]
            if form.hops is not None:
                words.append(f"within {form.hops} {'hop' if form.hops == 1 else 'hops'}")
        case ir.Effective():
            ends = ((word, end) for word, end in (("from", form.pre), ("to", form.post)) if end is not None)
            words = ["effective connectivity", *(f"{word} {set_text(end)}" for word, end in ends)]
            words.append(f"within {form.hops} {'hop' if form.hops == 1 else 'hops'}")
        case ir.Similarities():
            words = [f"similarity of {set_text(form.of)}", *_compared(form)]
        case ir.SimilarityClusters():
            words = [f"clusters of {set_text(form.of)}", *_compared(form)]
            if form.count is not None:
                words.append(f"into {form.count} clusters")
        case _:
            raise AssertionError(form)
    words += selection_words(form.selection, "among")
    if isinstance(form, ir.Communities | ir.Spread | ir.SimilarityClusters) and form.by_type:
        words.append("by type")
    if isinstance(form, ir.Effective):
        words += by_words(form.by)
    if isinstance(form, ir.Statistics) and form.by_region:
        words.append("by region")
    if isinstance(form, ir.Similarities) and form.each is not None:
        words.append(f"top {form.each} per neuron")
    if isinstance(form, ir.RichClub | ir.Statistics):
        words += against_words(form.against)
    if isinstance(form, ir.Spread) and form.seed:
        words.append(f"seed {form.seed}")
    return words


def _compared(form: ir.Similarities | ir.SimilarityClusters) -> list[str]:
    on = f"{form.direction.removesuffix('s')} types" if form.types else form.direction
    return [f"by {form.measure}", f"on {on}"]


def _healing(heal_nm: int) -> str:
    return f"healing gaps up to {length_text(heal_nm)}" if heal_nm else "without healing"
