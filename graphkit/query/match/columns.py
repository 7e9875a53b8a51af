"""The columns of the answer to a MATCH question."""

from __future__ import annotations

from graphkit.query import ir

__all__ = ["answered", "column_name", "neuron_columns"]


def neuron_columns(*, perturbed: bool) -> tuple[str, ...]:
    """Of answers by neuron, with an error model or without."""
    more = ("perturbed_mean", "perturbed_low", "perturbed_high", "perturbed_share") if perturbed else ()
    return ("neuron_id", "name", "type", "matches", *more)


def answered(form: ir.Match) -> dict[ir.Attribute, str]:
    """What is returned of each match, and its column's name; by default ids, names, types, and synapses of named connections."""
    chosen = form.columns
    if not chosen:
        of_nodes = [ir.Attribute(node.name, column) for node in form.nodes for column in ("neuron_id", "name", "type")]
        named = [e.name for e in form.edges if e.name and not e.absent and e.hops == (1, 1)]
        chosen = (*of_nodes, *(ir.Attribute(name, "synapses") for name in named))
    names: dict[ir.Attribute, str] = {}
    for attribute in chosen:
        name, number = column_name(attribute), 0
        while name in names.values():
            number += 1
            name = f"{column_name(attribute)}_{number}"
        names[attribute] = name
    return names


def column_name(attribute: ir.Attribute) -> str:
    """a_id, b_type, e_synapses.

    >>> column_name(ir.Attribute("a", "neuron_id"))
    'a_id'
    """
    return f"{attribute.of}_{'id' if attribute.name == 'neuron_id' else attribute.name}"
