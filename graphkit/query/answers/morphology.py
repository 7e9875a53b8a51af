"""What is measured on skeletons: a row a neuron, a row a compartment, a row a Strahler order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphkit.query import ir
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.skeletons import Grown, Named, Reader, listed
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.dataset import Dataset
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns", "why_whole"]

_INT, _FLOAT, _TEXT = pa.int64(), pa.float64(), pa.string()
_NEURON = {"neuron_id": _INT, "name": _TEXT, "type": _TEXT}
_COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "morphology": {
        **_NEURON,
        "cable_um": _FLOAT,
        "nodes": _INT,
        "trees": _INT,
        "gaps": _INT,
        "gaps_um": _FLOAT,
        "branch_points": _INT,
        "ends": _INT,
        "strahler": _INT,
        "x_um": _FLOAT,
        "y_um": _FLOAT,
        "z_um": _FLOAT,
        "inputs": _INT,
        "outputs": _INT,
        "synapses_per_um": _FLOAT,
        "segregation": _FLOAT,
    },
    "compartments": {
        **_NEURON,
        "compartment": _TEXT,
        "cable_um": _FLOAT,
        "nodes": _INT,
        "inputs": _INT,
        "outputs": _INT,
        "synapses_per_um": _FLOAT,
        "segregation": _FLOAT,
    },
    "strahler_orders": {
        **_NEURON,
        "strahler": _INT,
        "branches": _INT,
        "cable_um": _FLOAT,
        "inputs": _INT,
        "outputs": _INT,
        "synapses_per_um": _FLOAT,
    },
}

Form = ir.Morphology | ir.Compartments | ir.StrahlerOrders
Row = dict[str, Any]


def answer(form: Form, dataset: Dataset, planned: Plan) -> Answer:
    """Rows by neuron, ids ascending; those without a skeleton last."""
    reader = Reader(dataset, form.of, planned, form.heal_nm)
    notes: list[str] = []
    match form:
        case ir.Morphology():
            by_id = {row["neuron_id"]: row for row in reader.each(_measured)}
            rows = [by_id[i] for i in reader.neurons if i in by_id]
            rows += [_without(n) for i, n in reader.neurons.items() if i not in by_id]
            notes.append(
                "x_um, y_um and z_um are the sides of the box around the skeleton; a skeleton in pieces has several trees, "
                "some of them joined across gaps."
            )
        case ir.Compartments():
            rows = _split_rows(reader, notes)
        case ir.StrahlerOrders():
            rows = [row for rows in reader.each(_orders) for row in rows]
            notes.append(
                "Branches of order 1 are those that end; where several of the highest order meet, one more begins."
            )
    kinds = _COLUMNS[form.name]
    table = pa.table({c: pa.array([row.get(c) for row in rows], kind) for c, kind in kinds.items()})
    return cut(ordered_table(table, form.order), form.limit, (*reader.notes(), *notes))


def columns(form: Form) -> list[str]:
    """The columns of the answer."""
    return list(_COLUMNS[form.name])


def _named(neuron: Named) -> Row:
    return {"neuron_id": neuron.neuron_id, "name": neuron.name, "type": neuron.type}


def _without(neuron: Named) -> Row:
    """Of a neuron without a skeleton."""
    return _named(neuron)


def _density(row: Row) -> Row:
    """With the synapses per um, where they are known and there is a length."""
    if row["inputs"] is not None and row["outputs"] is not None and row["cable_um"]:
        row["synapses_per_um"] = (row["inputs"] + row["outputs"]) / row["cable_um"]
    return row


def _measured(grown: Grown) -> Row:
    from graphkit.morphology import cable_length_nm, split_axon_dendrite, strahler

    skeleton = grown.skeleton
    segregation = None
    if not why_whole(grown):
        segregation = split_axon_dendrite(skeleton, grown.inputs, grown.outputs).segregation
    bridged = skeleton.edge_lengths_nm(gaps=True)[skeleton.healed]
    sides = skeleton.sides_nm() / 1000
    return _density(
        {
            **_named(grown.of),
            "cable_um": cable_length_nm(skeleton) / 1000,
            "nodes": len(skeleton),
            "trees": grown.trees,
            "gaps": len(bridged),
            "gaps_um": float(bridged.sum()) / 1000,
            "branch_points": len(skeleton.branch_points),
            "ends": len(skeleton.ends),
            "strahler": int(strahler(skeleton).max()),
            **{f"{axis}_um": float(side) for axis, side in zip("xyz", sides, strict=True)},
            "inputs": grown.n_inputs,
            "outputs": grown.n_outputs,
            "segregation": segregation,
        }
    )


def why_whole(grown: Grown) -> str:
    """Why the neuron cannot be split; "" where it can."""
    if (trees := len(grown.skeleton.roots)) > 1:
        return f"{trees} trees"
    if grown.n_inputs is None:
        return "no single synapses"
    if not (grown.inputs.any() and grown.outputs.any()):
        lacking = [name for name, at in (("inputs", grown.inputs), ("outputs", grown.outputs)) if not at.any()]
        return f"no {' and no '.join(lacking)} with a position"
    at = np.flatnonzero(grown.inputs + grown.outputs)
    return "all synapses at one node" if len(at) == 1 else ""


def _split_rows(reader: Reader, notes: list[str]) -> list[Row]:
    rows: list[Row] = []
    whole: dict[str, list[Named]] = {}
    for of, why, found in reader.each(_split):
        if why:
            whole.setdefault(why, []).append(of)
        rows += found
    notes += [
        f"{len(neurons):,} of {len(reader.nodes):,} neurons are not split, for {why}: {listed(neurons)}."
        for why, neurons in sorted(whole.items())
    ]
    notes.append(
        "Split at the cable of at least 0.9 of the highest synapse flow centrality (Schneider-Mizell et al. 2016), the linker; "
        "segregation is of the neuron: 1 inputs and outputs apart, 0 mixed."
    )
    return rows


def _split(grown: Grown) -> tuple[Named, str, list[Row]]:
    """The neuron, why it is left whole, and its rows."""
    from graphkit.morphology import split_axon_dendrite

    lengths = grown.skeleton.edge_lengths_nm()
    if why := why_whole(grown):
        return grown.of, why, [_part(grown, lengths, np.ones(len(lengths), dtype=bool), {"compartment": None})]
    split = split_axon_dendrite(grown.skeleton, grown.inputs, grown.outputs)
    return (
        grown.of,
        "",
        [
            _part(grown, lengths, split.compartment == name, {"compartment": name, "segregation": split.segregation})
            for name in ("dendrite", "linker", "axon")
        ],
    )


def _part(grown: Grown, lengths: NDArray[np.float64], inside: NDArray[np.bool_], more: Row) -> Row:
    """Cable and synapses of some of the nodes; an edge belongs to its outer node."""
    known = grown.n_inputs is not None
    return _density(
        {
            **_named(grown.of),
            **more,
            "cable_um": float(lengths[inside].sum()) / 1000,
            "nodes": int(inside.sum()),
            "inputs": int(grown.inputs[inside].sum()) if known else None,
            "outputs": int(grown.outputs[inside].sum()) if known else None,
        }
    )


def _orders(grown: Grown) -> list[Row]:
    from graphkit.morphology import strahler

    skeleton = grown.skeleton
    order, lengths, parent = strahler(skeleton), skeleton.edge_lengths_nm(), skeleton.parent_row
    begins = (parent < 0) | (order != order[np.maximum(parent, 0)])  # of a branch, seen from the root
    return [
        _part(grown, lengths, order == k, {"strahler": k, "branches": int((begins & (order == k)).sum())})
        for k in range(1, int(order.max()) + 1)
    ]
