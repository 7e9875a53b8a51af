"""The exact form of a question in canonical English: what every answer says it has answered.

Parsing the echo gives the same form again (tested), so an echo can be copied, stored and asked anew. Only a list of more
than eight neurons by id, which the API can give, is abbreviated, and says so; the typed form has them all.
"""

from __future__ import annotations

import re
from decimal import Decimal

from graphkit.query import ir

__all__ = ["echo"]


def echo(form: ir.Form) -> str:
    """The form in words.

    >>> echo(ir.Motifs(ir.Selection(regions=("EB",), min_synapses=5)))
    "motifs in region 'EB' with at least 5 synapses"
    """
    match form:
        case ir.Motifs():
            words = ["motifs", *_selection(form.selection, "between")]
            if form.by_type:
                words.append("by type")
        case ir.Neurons() | ir.Types():
            words = [form.name]
            if form.regions:
                words.append(f"in region {_names(form.regions)}")
            words += _where(form.where)
        case ir.Partners():
            words = [form.direction, "of", _set(form.of), *_selection(form.selection, "among"), *_by(form.by)]
        case ir.Connections() | ir.Synapses():
            words = [form.name]
            if isinstance(form, ir.Connections) and form.both_ways:
                words.append(f"between {_set(form.pre)} and {_set(form.post)}")
            else:
                words += [f"from {_set(form.pre)}"] if form.pre is not None else []
                words += [f"to {_set(form.post)}"] if form.post is not None else []
            words += _selection(form.selection, "among")
            words += _by(form.by) if isinstance(form, ir.Connections) else []
        case ir.Regions():
            words = ["regions"]
        case ir.Match():
            return ir.to_json(form)
    if form.limit is not None:
        words.append(f"limit {form.limit}")
    return " ".join(words)


def _selection(selection: ir.Selection, among: str) -> list[str]:
    words = []
    if selection.regions:
        words.append(f"in region {_names(selection.regions)}")
    if selection.neurons is not None:
        words.append(f"{among} {_set(selection.neurons)}")
    if selection.kind != "chemical":
        words.append(f"with {selection.kind} synapses")
    if selection.nt:
        words.append(f"with transmitter {_names(selection.nt)}")
    if selection.min_synapses > 1:
        words.append(
            f"with at least {selection.min_synapses} synapses" + (" per region" if selection.per_region else "")
        )
    if not selection.autapses:
        words.append("without autapses")
    return words


def _by(groups: tuple[ir.Group, ...]) -> list[str]:
    return [f"by {', '.join(groups)}"] if groups else []


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(_quoted(n) for n in names)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _set(condition: ir.Condition | None) -> str:
    """A set of neurons, as it stands after `of`, `from`, `to` and `between`."""
    if isinstance(condition, ir.Or) and not any(isinstance(t, ir.Or) for t in condition.terms):
        return ", ".join(_set(t) for t in condition.terms)
    match condition:
        case None:
            return "any neuron"
        case ir.BelongsTo(regions, share):
            return f"neurons of region ({_names(regions)}){_share(share)}"
        case ir.HasSynapsesIn(regions):
            return f"neurons in region ({_names(regions)})"
        case ir.Comparison("neuron_id", "=", value):
            return str(value)
        case ir.Comparison(("type" | "class" | "side" | "name") as column, ("=" | "like"), value):
            return f"{column} {_quoted(str(value))}"
        case ir.Comparison(("type" | "class" | "side" | "name") as column, "in", tuple(values)):
            return f"{column} ({', '.join(_quoted(str(v)) for v in values)})"
        case ir.Comparison("neuron_id", "in", tuple(values)):
            shown = ", ".join(map(str, values[:_SHOWN_IDS]))
            more = f", ... {len(values):,} ids in all" if len(values) > _SHOWN_IDS else ""
            return f"neurons ({shown}{more})"
    return f"neurons where {_condition(condition)}"


_SHOWN_IDS = 8


def _share(share: float) -> str:
    return "" if share == ir.HALF else f" at {Decimal(repr(share)).scaleb(2).normalize():f} %"


def _where(condition: ir.Condition | None) -> list[str]:
    match condition:
        case None:
            return []
        case ir.BelongsTo(regions, share):
            return [f"of region {_names(regions)}{_share(share)}"]
        case ir.And((ir.BelongsTo() as belonging, rest)):
            return [*_where(belonging), f"where {_bare(rest)}"]
    return [f"where {_bare(condition)}"]


def _bare(condition: ir.Condition) -> str:
    """Without the parentheses around the whole."""
    text = _condition(condition)
    return text[1:-1] if isinstance(condition, ir.And | ir.Or) else text


def _condition(condition: ir.Condition) -> str:
    match condition:
        case ir.And(terms):
            return "(" + " and ".join(_condition(t) for t in terms) + ")"
        case ir.Or(terms):
            return "(" + " or ".join(_condition(t) for t in terms) + ")"
        case ir.Not(ir.Comparison(column, ("=" | "like"), str(value))):
            return f"{_column(column)} != {_quoted(value)}"
        case ir.Not(ir.Comparison(column, "in", tuple(values))):
            return f"{_column(column)} not in ({_values(values)})"
        case ir.Not(term):
            return f"not {_condition(term)}"
        case ir.Comparison(column, ("is null" | "is not null") as op):
            return f"{_column(column)} {op}"
        case ir.Comparison(column, "in", tuple(values)):
            return f"{_column(column)} in ({_values(values)})"
        case ir.Comparison(column, op, value):
            return f"{_column(column)} {'=' if op == 'like' else op} {_value(value)}"
        case ir.BelongsTo(regions, share):
            return f"belong to region ({_names(regions)}){_share(share)}"
        case ir.HasSynapsesIn(regions):
            return f"have synapses in region ({_names(regions)})"


def _column(name: str) -> str:
    """A column's name; in quotes where it would be read as a word of the question."""
    plain = re.fullmatch(r"[A-Za-z_]\w*", name) and name.lower() not in _WORDS
    return name if plain else '"' + name.replace('"', '""') + '"'


_WORDS = {"not", "belong", "belongs", "have", "has"}


def _values(values: tuple[object, ...]) -> str:
    more = f", ... {len(values):,} values in all" if len(values) > _SHOWN_VALUES else ""
    return ", ".join(_value(v) for v in values[:_SHOWN_VALUES]) + more


_SHOWN_VALUES = 100


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else _quoted(str(value))
