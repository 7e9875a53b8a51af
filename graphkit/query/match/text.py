"""From the typed form of a pattern to a MATCH text that parses to the same form."""

from __future__ import annotations

import re

from graphkit.query import ir
from graphkit.query.echo.words import against_words, error_words, names_text, selection_words, set_text

__all__ = ["match_text"]


def match_text(form: ir.Match) -> str:
    """The form as a MATCH question.

    >>> match_text(ir.Match((ir.PatternNode("a"), ir.PatternNode("b")), (ir.PatternEdge("a", "b"),), returns="count"))
    'MATCH (a)->(b) RETURN count'
    """
    words = ["MATCH", _pattern(form), *selection_words(form.selection, "among")]
    if form.tests:
        words.append("WHERE " + " and ".join(_test(test) for test in form.tests))
    words += ["INDUCED"] if form.induced else []
    words += ["LABELLED"] if form.labelled else []
    words += against_words(form.against) + error_words(form.errors)
    if form.columns:
        words.append("RETURN " + ", ".join(map(_attribute, form.columns)))
    elif form.returns != "rows":
        words.append("RETURN " + ("per neuron" if form.returns == "neurons" else form.returns))
    if form.sample is not None:
        words += [] if form.columns else ["RETURN"]
        words.append(f"sample {form.sample.count}" + (f" seed {form.sample.seed}" if form.sample.seed else ""))
    if form.order:
        words.append("ORDER BY " + ", ".join(_attribute(o.by) + (" DESC" if o.descending else "") for o in form.order))
    if form.limit is not None:
        words.append(f"LIMIT {form.limit}")
    return " ".join(words)


def _pattern(form: ir.Match) -> str:
    said = {node.name: node.where for node in form.nodes}
    met = list(dict.fromkeys(name for edge in form.edges for name in (edge.pre, edge.post)))
    waiting = dict(said)

    def node(name: str) -> str:
        where = waiting.pop(name, None)
        return f"({name})" if where is None else f"({name}: {set_text(where)})"

    # Neurons are numbered in the order in which they are met; where that differs, they are listed first.
    listed = [] if met == list(said) else [node(name) for name in said]
    drawn = []
    for edge in form.edges:
        pre = node(edge.pre)
        drawn.append(f"{'NOT ' if edge.absent else ''}{pre}{_arrow(edge)}{node(edge.post)}")
    return ", ".join([*listed, *drawn])


def _arrow(edge: ir.PatternEdge) -> str:
    terms = [f"synapses {op} {number}" for op, number in edge.synapses]
    terms += [f"nt in ({names_text(edge.nt)})"] if edge.nt else []
    terms += [f"region in ({names_text(edge.regions)})"] if edge.regions else []
    name = [] if edge.name is None else [edge.name]
    inside = ": ".join([*name, *([" and ".join(terms)] if terms else [])])
    least, most = edge.hops
    walk = "" if edge.hops == (1, 1) else f"{{{least}}}" if least == most else f"{{{least},{most}}}"
    return (f"-[{inside}]->" if inside else "->") + walk


def _test(test: ir.Test) -> str:
    return f"{_attribute(test.left)} {test.op} {_attribute(test.right)}"


def _attribute(attribute: ir.Attribute) -> str:
    if not attribute.of:
        return attribute.name
    plain = re.fullmatch(r"[^\W\d]\w*", attribute.name)
    return f"{attribute.of}." + (attribute.name if plain else '"' + attribute.name.replace('"', '""') + '"')
