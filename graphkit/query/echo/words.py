"""The words of a form's parts: sets of neurons, conditions, selections."""

from __future__ import annotations

import re
from decimal import Decimal

from graphkit.query import ir

__all__ = [
    "against_words",
    "bare_text",
    "by_words",
    "either_text",
    "error_words",
    "length_text",
    "names_text",
    "order_text",
    "quoted_text",
    "ranked_words",
    "selection_words",
    "set_text",
    "where_words",
]


def selection_words(selection: ir.Selection, among: str) -> list[str]:
    words = []
    if selection.regions:
        words.append(f"in region {names_text(selection.regions)}")
    if selection.neurons is not None:
        words.append(f"{among} {set_text(selection.neurons)}")
    if selection.kind != "chemical":
        words.append(f"with {selection.kind} synapses")
    if selection.nt:
        words.append(f"with transmitter {names_text(selection.nt)}")
    if selection.compartments:
        words.append(f"with compartment {names_text(selection.compartments)}")
    if selection.min_synapses > 1:
        words.append(
            f"with at least {selection.min_synapses} synapses" + (" per region" if selection.per_region else "")
        )
    if not selection.autapses:
        words.append("without autapses")
    return words


def ranked_words(form: ir.Ranking | ir.Hubs) -> list[str]:
    """Whose places are asked for; without a limit all neurons', where these are named or not."""
    return [f"of {set_text(form.of)}"] if form.of is not None or form.limit is None else []


def against_words(against: ir.Against | None) -> list[str]:
    if against is None:
        return []
    return [f"against {against.samples} {against.model}" + (f" seed {against.seed}" if against.seed else "")]


def error_words(errors: ir.ReconstructionErrors | None) -> list[str]:
    if errors is None:
        return []
    shown = {kind: rate for kind in ir.ERROR_KINDS if (rate := getattr(errors, kind))} or {"missed": 0.0}
    rates = ", ".join(f"{kind} {Decimal(repr(rate)).scaleb(2).normalize():f} %" for kind, rate in shown.items())
    many = "" if errors.samples == ir.ERROR_SAMPLES else f"{errors.samples} "
    return [f"with {many}error model {rates}" + (f" seed {errors.seed}" if errors.seed else "")]


def by_words(groups: tuple[ir.Group, ...]) -> list[str]:
    named = (group if group in ir.GROUPS else quoted_text(group) for group in groups)
    return [f"by {', '.join(named)}"] if groups else []


def names_text(names: tuple[str, ...]) -> str:
    return ", ".join(quoted_text(n) for n in names)


def quoted_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def length_text(nm: int) -> str:
    """'10 um', '2500 nm'."""
    return f"{nm // 1000} um" if nm % 1000 == 0 else f"{nm} nm"


def set_text(condition: ir.Condition | None) -> str:
    """A set of neurons, as it stands after `of`, `from`, `to` and `between`."""
    if isinstance(condition, ir.Or) and not any(isinstance(t, ir.Or) for t in condition.terms):
        return ", ".join(set_text(t) for t in condition.terms)
    match condition:
        case None:
            return "any neuron"
        case ir.BelongsTo(regions, share):
            return f"neurons of region ({names_text(regions)}){_share(share)}"
        case ir.HasSynapsesIn(regions):
            return f"neurons in region ({names_text(regions)})"
        case ir.NamedSet():
            return _named(condition)
        case ir.Comparison("neuron_id", "=", value):
            return str(value)
        case ir.Comparison(("type" | "class" | "side" | "name") as column, ("=" | "like"), value):
            return f"{column} {quoted_text(str(value))}"
        case ir.Comparison(("type" | "class" | "side" | "name") as column, "in", tuple(values)):
            return f"{column} ({', '.join(quoted_text(str(v)) for v in values)})"
        case ir.Comparison("neuron_id", "in", tuple(values)):
            shown = ", ".join(map(str, values[:_SHOWN_IDS]))
            more = f", ... {len(values):,} ids in all" if len(values) > _SHOWN_IDS else ""
            return f"neurons ({shown}{more})"
    return f"neurons where {_condition(condition)}"


_SHOWN_IDS = 8


def _share(share: float) -> str:
    return "" if share == ir.HALF else f" at {Decimal(repr(share)).scaleb(2).normalize():f} %"


def where_words(condition: ir.Condition | None) -> list[str]:
    match condition:
        case None:
            return []
        case ir.BelongsTo(regions, share):
            return [f"of region {names_text(regions)}{_share(share)}"]
        case ir.And((ir.BelongsTo() as belonging, rest)):
            return [*where_words(belonging), f"where {bare_text(rest)}"]
    return [f"where {bare_text(condition)}"]


def either_text(condition: ir.Condition) -> str:
    """A set as it stands beside `and`: joined by `or`, since a comma there would have two readings."""
    if isinstance(condition, ir.Or) and not any(isinstance(t, ir.Or) for t in condition.terms):
        return " or ".join(set_text(t) for t in condition.terms)
    return set_text(condition)


def order_text(order: ir.Sort) -> str:
    """A column and which way."""
    return f"{quoted_text(order.column)} {'descending' if order.descending else 'ascending'}"


def bare_text(condition: ir.Condition) -> str:
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
            return f"{_column(column)} != {quoted_text(value)}"
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
            return f"belong to region ({names_text(regions)}){_share(share)}"
        case ir.HasSynapsesIn(regions):
            return f"have synapses in region ({names_text(regions)})"
        case ir.NamedSet():
            return f"in {_named(condition)}"


def _named(chosen: ir.NamedSet) -> str:
    return f"@{chosen.name} ({len(chosen.ids)} neuron{'' if len(chosen.ids) == 1 else 's'})"


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
    return repr(value) if isinstance(value, int | float) else quoted_text(str(value))
