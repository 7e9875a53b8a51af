"""The exact form of a question in canonical English: what every answer says it has answered.

Parsing the echo gives the same form again (tested), so an echo can be copied, stored and asked anew. Only a list of more
than eight neurons by id, which the API can give, is abbreviated, and says so; the typed form has them all.
"""

from __future__ import annotations

from graphkit.query import ir
from graphkit.query.echo.words import (
    against_words,
    bare_text,
    by_words,
    either_text,
    error_words,
    names_text,
    order_text,
    quoted_text,
    ranked_words,
    selection_words,
    set_text,
    where_words,
)

__all__ = ["echo"]


def echo(form: ir.Form) -> str:
    """The form in words.

    >>> echo(ir.Motifs(ir.Selection(regions=("EB",), min_synapses=5)))
    "motifs in region 'EB' with at least 5 synapses"
    """
    if isinstance(form, ir.Count):
        return f"count of {echo(form.of)}"
    if isinstance(form, ir.Match):
        from graphkit.query.match.text import match_text

        return match_text(form)
    words = [*_words(form), *error_words(getattr(form, "errors", None))]
    if form.order:
        words.append("order by " + ", ".join(map(order_text, form.order)))
    if form.limit is not None and not (isinstance(form, ir.Paths) and form.kind == "k shortest"):  # said in front
        words.append(f"limit {form.limit}")
    return " ".join(words)


def _words(form: ir.Form) -> list[str]:
    """All but the order and the limit."""
    match form:
        case ir.Motifs():
            group = ["by type"] if form.by_type else ["by region"] if form.by_region else []
            last = [*group, *against_words(form.against)]
            kind = "motif roles" if form.roles else "motifs"
            size = ["of size 4"] if form.size == 4 else []
            return [kind, *size, *selection_words(form.selection, "between"), *last]
        case ir.Neurons():
            return ["neurons", *_in(form.regions), *where_words(form.where), *by_words(form.by)]
        case ir.Types():
            return ["types", *_in(form.regions), *where_words(form.where)]
        case ir.Partners():
            return [form.direction, "of", set_text(form.of), *_selected(form)]
        case ir.Connections():
            if form.both_ways:
                ends = f"between {set_text(form.pre)} and {set_text(form.post)}"
                return ["connections", ends, *_selected(form), *_figure(form)]
            return ["connections", *_ends(form.pre, form.post), *_selected(form), *_figure(form)]
        case ir.Synapses():
            box = [_box(form.box)] if form.box is not None else []
            return ["synapses", *_ends(form.pre, form.post), *box, *selection_words(form.selection, "among")]
        case ir.Regions():
            return ["regions"]
        case ir.Projections():
            ends = f"from region {names_text(form.sources)} to region {names_text(form.targets)}"
            where = [f"where {bare_text(form.where)}"] if form.where is not None else []
            return ["projections", ends, *where, *by_words(form.by)]
        case ir.Sides():
            sides = f"compare {quoted_text(form.first)} and {quoted_text(form.second)}"
            return [sides, *_in(form.regions), *where_words(form.where)]
        case ir.Paths():
            kind = f"{form.limit} shortest" if form.kind == "k shortest" else form.kind.removeprefix("all")
            strength = [] if form.strength == "synapses" else [f"by {form.strength}"]
            return [
                *kind.split(),
                "paths",
                *_ends(form.pre, form.post),
                *_within(form.hops),
                *_selected(form),
                *strength,
            ]
        case ir.Reach():
            kind = {"inputs": "upstream of", "outputs": "downstream of", "partners": "partners of"}[form.direction]
            return [kind, set_text(form.of), *_within(form.hops), *_selected(form)]
        case ir.Common():
            sets = " and ".join(either_text(c) for c in form.of)
            return [f"common {form.direction} of", sets, *_selected(form)]
        case ir.Hubs():
            return ["hubs", *ranked_words(form), *selection_words(form.selection, "among"), f"by {form.rank}"]
        case ir.Similar():
            like = f"neurons like {set_text(form.of)} by {form.direction}"
            return [like, *selection_words(form.selection, "among")]
    from graphkit.query.echo.analysis import analysis_words

    return analysis_words(form)


def _selected(form: ir.Partners | ir.Connections | ir.Paths | ir.Reach | ir.Common) -> list[str]:
    return [*selection_words(form.selection, "among"), *by_words(form.by)]


def _figure(form: ir.Connections) -> list[str]:
    if form.figure is None:
        return []
    signs = form.signs or ir.Signs((), ())
    named = (("excitatory", signs.excitatory), ("inhibitory", signs.inhibitory))
    said = [f"with {word} {names_text(names)}" for word, names in named if names]
    return [f"as {'signed synapses' if form.figure == 'signed' else form.figure}", *said]


def _in(regions: tuple[str, ...] | None) -> list[str]:
    return [f"in region {names_text(regions)}"] if regions else []


def _ends(pre: ir.Condition | None, post: ir.Condition | None) -> list[str]:
    return [f"{word} {set_text(end)}" for word, end in (("from", pre), ("to", post)) if end is not None]


def _within(hops: int | None) -> list[str]:
    return [] if hops is None else [f"within {hops} {'hop' if hops == 1 else 'hops'}"]


def _box(box: ir.Box) -> str:
    low, high = (f"({', '.join(map(str, point))})" for point in (box.low_nm, box.high_nm))
    return f"with {box.end}synaptic points in box {low}-{high} nm"
