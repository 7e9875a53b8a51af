"""The exact form of a question in canonical English: what every answer says it has answered.

Parsing the echo gives the same form again (tested), so an echo can be copied, stored and asked anew. Only a list of more
than eight neurons by id, which the API can give, is abbreviated, and says so; the typed form has them all.
"""

from __future__ import annotations

from graphkit.query import ir
from graphkit.query.echo.words import by_words, names_text, selection_words, set_text, where_words

__all__ = ["echo"]


def echo(form: ir.Form) -> str:
    """The form in words.

    >>> echo(ir.Motifs(ir.Selection(regions=("EB",), min_synapses=5)))
    "motifs in region 'EB' with at least 5 synapses"
    """
    match form:
        case ir.Motifs():
            words = ["motifs", *selection_words(form.selection, "between")]
            if form.by_type:
                words.append("by type")
        case ir.Neurons() | ir.Types():
            words = [form.name]
            if form.regions:
                words.append(f"in region {names_text(form.regions)}")
            words += where_words(form.where)
        case ir.Partners():
            words = [
                form.direction,
                "of",
                set_text(form.of),
                *selection_words(form.selection, "among"),
                *by_words(form.by),
            ]
        case ir.Connections() | ir.Synapses():
            words = [form.name]
            if isinstance(form, ir.Connections) and form.both_ways:
                words.append(f"between {set_text(form.pre)} and {set_text(form.post)}")
            else:
                words += [f"from {set_text(form.pre)}"] if form.pre is not None else []
                words += [f"to {set_text(form.post)}"] if form.post is not None else []
            words += selection_words(form.selection, "among")
            words += by_words(form.by) if isinstance(form, ir.Connections) else []
        case ir.Regions():
            words = ["regions"]
        case ir.Match():
            from graphkit.query.match.text import match_text

            return match_text(form)
    if form.limit is not None:
        words.append(f"limit {form.limit}")
    return " ".join(words)
