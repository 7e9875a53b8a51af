"""Bars: partners by type, types, transmitters, or any answer of names with a figure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING, Any

from graphkit.views.figure import (
    GREY,
    INK,
    PALETTE,
    halo,
    new_figure,
    own_labels,
    shortened,
    text_width_in,
    thousands,
    titled,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["INTERVAL_LABEL", "MOST_BARS", "bar_chart", "interval_lines", "measures_of"]

MOST_BARS = 40
"""Rows beyond these are left out, and the picture says so."""

_LABEL_IN = 3.6
"""Names that are wider lose their middle."""

INTERVAL_LABEL = "90 % of the perturbed graphs"

_TOGETHER = {
    ("inputs_there", "outputs_there"): "synapses",
    ("inputs_from", "outputs_to"): "synapses",
    ("inputs_left", "inputs_right", "outputs_left", "outputs_right"): "synapses",
    ("outputs_left", "outputs_right"): "synapses",
    ("excitatory", "inhibitory", "other"): "synapses",
    ("same_side", "other_side"): "synapses",
    ("synapses_to_a", "synapses_to_b"): "synapses",
    ("synapses_from_a", "synapses_from_b"): "synapses",
    ("synapses_in", "synapses_out"): "synapses",
    ("left", "right", "other"): "neurons",
    ("cv_inputs", "cv_outputs"): "coefficient of variation",
}
"""Figures that are bars beside each other, and what they are in."""

_INTERVALS = {"inputs_from": "perturbed_in_", "outputs_to": "perturbed_out_"}
"""What the columns of intervals begin with, where there are two."""

_RANKED = ("degree", "matches", "similarity")
_OF_HUBS = ("in_degree", "out_degree", "inputs", "outputs")
_OF_ONE_KIND = {
    frozenset({"strahler", "branches", "cable_um"}): "cable_um",
    frozenset({"trees", "cable_um"}): "cable_um",
    frozenset({"layer", "reached"}): "layer",
    frozenset({"hop", "reached"}): "hop",
    frozenset({"partners", "in_degree", "out_degree"}): "partners",
}
"""Figures that the answer is about, by columns that tell which answer it is."""

_MEASURES = (
    *("synapses", "induced", "flow", "paths", "sites", "probability", "density_per_um3"),
    *("sources", "targets", "neurons", "count", "share"),
)
_NO_FIGURES = ("cluster", "community", "rank")
_FIGURES = ("mean", "input_fraction", "signed", "signed_input_fraction", "inputs_there", "inputs_from")
"""Figures that the interval is of where an answer has them."""
_WORDS = {
    "synapses": "synapses",
    "inputs": "synapses onto them",
    "outputs": "synapses from them",
    "inputs_there": "synapses onto them, in the regions asked",
    "outputs_there": "synapses from them, in the regions asked",
    "density_per_um3": "synapses / µm³",
    "share": "share",
    "cable_um": "cable (µm)",
    "layer": "layer, mean over the runs",
    "hop": "hops, mean over the runs",
}


def measures_of(table: pa.Table) -> list[str]:
    """The columns of figures that a bar chart of the table shows: one, or several that belong together; or none."""
    import pyarrow as pa

    names = [name for name in table.column_names if not name.startswith("perturbed_")]
    for columns, measure in _OF_ONE_KIND.items():
        if columns <= set(names):
            return [measure]
    for several in _TOGETHER:
        if set(several) <= set(names):
            return list(several)
    if not set(_RANKED) & set(names) and {"inputs", "outputs"} <= set(names):
        return ["inputs", "outputs"]
    if {"region", "reciprocity_over_density"} <= set(names):  # statistics by region
        figures = ["synapses", *(name for name in names if name not in ("region", "synapses"))]
        return [next((name for name in figures if _falls(table[name].drop_null().to_pylist())), "synapses")]
    of_hubs = _OF_HUBS if {"degree", "synapses", *_OF_HUBS} <= set(names) else ()
    known = [name for name in (*_RANKED, *_MEASURES, *of_hubs) if name in names]
    numbers = [
        f.name
        for f in table.schema
        if (pa.types.is_integer(f.type) or pa.types.is_floating(f.type))
        and not f.name.endswith("_id")
        and f.name not in _NO_FIGURES
        and f.name in names
    ]
    if ordered := next((name for name in (*known, *numbers) if _falls(table[name].to_pylist())), None):
        return [ordered]  # what the rows are in the order of
    return known[:1] or (numbers if len(numbers) == 1 else [])


def _falls(values: list[float | None]) -> bool:
    """Whether no value is above the one before it, and not all are the same."""
    if len(values) < 2 or None in (values[0], values[-1]) or values[0] == values[-1]:
        return False
    return all(a is not None and b is not None and a >= b for a, b in pairwise(values))


def bar_chart(table: pa.Table, title: str, *, unit: str | None = None) -> Figure:
    """A horizontal bar a row, in the order of the rows; the first at the top.

    The names are all text columns of the table; where a row is a single neuron, its name, or else its id (and its cluster).
    """
    measures = measures_of(table)
    shown = table.slice(0, MOST_BARS)
    rows = shown.to_pylist()
    labels = [_label(row, measures, _texts(table)) for row in rows]
    if len(set(labels)) < len(labels):
        labels = [_label(row, measures, _texts(table), ("pattern", "path", "parent")) for row in rows]
    if "neuron_id" in table.column_names:
        labels = _of_neurons(rows)
    labels = [shortened(label, _LABEL_IN, 9) for label in labels]
    longest = max((text_width_in(label, 9) for label in labels), default=0.0)
    figure = new_figure(max(8.0, 5.6 + longest), 1.3 + max(0.24 * len(rows) * max(1.0, 0.7 * len(measures)), 0.8))
    axes = figure.add_subplot()
    thick = 0.8 / len(measures)
    ends = _interval(rows, measures[0]) if len(measures) == 1 else None
    colours = PALETTE if ends is None else PALETTE[5:]  # pale, below the lines
    with_intervals = len(measures) > 1 and any(f"{_INTERVALS.get(m)}low" in table.column_names for m in measures)
    for i, measure in enumerate(measures):
        offset = (i - (len(measures) - 1) / 2) * thick
        values = [row[measure] or 0 for row in rows]
        drawn = axes.barh(
            [y + offset for y in range(len(rows))],
            values,
            height=thick * 0.92,
            color=colours[i],
            label=measure.replace("_", " "),
        )
        if with_intervals:
            lows, highs = ([row[f"{_INTERVALS[measure]}{way}"] for row in rows] for way in ("low", "high"))
            known = [(y + offset, a, b) for y, (a, b) in enumerate(zip(lows, highs, strict=True)) if a is not None]
            interval_lines(axes, known, label=INTERVAL_LABEL if i == 0 else f"_{measure}")
        if len(measures) == 1:
            if ends is None:
                axes.bar_label(drawn, [_number(v) for v in values], padding=3, fontsize=8)
                continue
            interval_lines(axes, list(zip(range(len(rows)), *ends, strict=True)))
            for y, (value, high) in enumerate(zip(values, ends[1], strict=True)):
                end = value if isnan(high) else max(value, high)
                axes.annotate(_number(value), (end, y), (3, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.12 if len(measures) == 1 else 0.02)
    axes.set_xlim(left=min(0, *(row[m] or 0 for row in rows for m in measures)) if rows else 0)
    axes.set_xlabel(
        unit
        or (
            _WORDS.get(measures[0], measures[0].replace("_", " "))
            if len(measures) == 1
            else _TOGETHER.get(tuple(measures), "synapses")
        )
    )
    if "neuron_id" not in table.column_names and not _texts(table):
        axes.set_ylabel(next(c for c in table.column_names if c not in measures).replace("_", " "))
    axes.tick_params(left=False)
    thousands(axes.xaxis, whole=all(isinstance(row[m] or 0, int) for row in rows for m in measures))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    if len(measures) > 1 or ends:
        axes.legend(
            frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=max(3, len(measures)), borderaxespad=0.2
        )
    left_out = len(table) - len(rows)
    titled(figure, title, f"{left_out:,} more rows are not shown." if left_out > 0 else "")
    return figure


def interval_lines(axes: Axes, at: Sequence[tuple[float, float, float]], label: str = INTERVAL_LABEL) -> None:
    """The interval of an error model on bars, as (y, low, high) each; it is in the legend."""
    if not at:
        return
    places, low, high = zip(*at, strict=True)
    axes.hlines(places, low, high, color=INK, linewidth=1.6, path_effects=halo(), label=label)


def _interval(rows: list[dict[str, Any]], measure: str) -> tuple[list[float], list[float]] | None:
    """(low, high) of perturbed graphs for each row, where they are of this figure and not of another beside it."""
    if not rows or "perturbed_low" not in rows[0] or any(c in rows[0] and c != measure for c in _FIGURES):
        return None
    nothing = float("nan")
    low, high = ([nothing if (v := row[f"perturbed_{end}"]) is None else v for row in rows] for end in ("low", "high"))
    return low, high


def _of_neurons(rows: list[dict[str, Any]]) -> list[str]:
    """The neuron, with its type where it has no name; of several rows a neuron, what tells them apart."""
    own = own_labels({row["neuron_id"]: row.get("name") for row in rows})
    if "strahler" in rows[0] and "branches" in rows[0]:
        orders = [f"order {row['strahler']}" for row in rows]
        return orders if len(own) == 1 else [f"{own[r['neuron_id']]}, {o}" for r, o in zip(rows, orders, strict=True)]
    labels = []
    for row in rows:
        kind = row.get("type") if not row.get("name") else None
        cluster = f"  ({row['cluster']})" if "cluster" in row else ""
        labels.append(own[row["neuron_id"]] + (f", {kind}" if kind else "") + cluster)
    return labels


def _texts(table: pa.Table) -> set[str]:
    """The columns that are no figures."""
    import pyarrow as pa

    return {f.name for f in table.schema if not (pa.types.is_integer(f.type) or pa.types.is_floating(f.type))}


def _label(
    row: dict[str, Any],
    measures: list[str],
    texts: set[str],
    unshown: Sequence[str] = ("class", "pattern", "path", "parent"),
) -> str:
    named = {k: v for k, v in row.items() if k in texts and k not in measures and k not in unshown}
    parts = [v for v in named.values() if isinstance(v, str) or v is None]
    if not parts:
        parts = [next((v for k, v in row.items() if k not in measures), "")]
    return ", ".join("(none)" if p is None else str(p) for p in parts)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
