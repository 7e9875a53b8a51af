"""Curves: rich club, degrees, connection probability by distance, percolation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.views.figure import GREY, INK, PALETTE, new_figure, powers_of_ten, thousands, titled

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CURVES", "curve_chart"]

CURVES: dict[str, frozenset[str]] = {
    "rich club": frozenset({"degree", "neurons", "connections", "density"}),
    "degrees": frozenset({"neurons", "neurons_by_in", "neurons_by_out"}),
    "distances": frozenset({"from_nm", "to_nm", "pairs", "connected"}),
    "distances in um": frozenset({"from_um", "to_um", "pairs", "connected"}),
    "percolation": frozenset({"removed", "largest", "second", "components"}),
}
"""What is drawn, by the columns that the answer has."""


def curve_chart(table: pa.Table, title: str) -> Figure:
    """The curve of an answer that has the columns of one of ``CURVES``."""
    kind = next(name for name, columns in CURVES.items() if columns <= set(table.column_names))
    column = {name: np.array(table[name].to_pylist(), dtype=np.float64) for name in table.column_names}
    over_nulls = "null_mean" in column
    figure = new_figure(9.6 if over_nulls else 6.4, 4.2)
    axes = figure.add_subplot(1, 2 if over_nulls else 1, 1)
    note = ""
    match kind:
        case "rich club":
            note = _rich_club(axes, column)
            if over_nulls:
                _over_nulls(axes, figure.add_subplot(1, 2, 2), column)
        case "degrees":
            note = _degrees(axes, column)
        case "distances" | "distances in um":
            note = _distances(axes, column)
        case "percolation":
            _percolation(axes, column)
    if kind in ("rich club", "distances", "distances in um"):
        axes.set_ylim(bottom=0)  # after all that is drawn, so that the top is above it
    for each in figure.axes:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(color=GREY, alpha=0.3, linewidth=0.6)
        each.set_axisbelow(True)
    titled(figure, title, note)
    return figure


def _rich_club(axes: Axes, column: dict[str, np.ndarray]) -> str:
    few = column["neurons"] < _FEW
    axes.plot(column["degree"], np.where(few, np.nan, column["density"]), color=PALETTE[0], label="observed")
    if "perturbed_low" in column:
        _errors(axes, column["degree"], column, ~few)
        axes.legend(frameon=False)
    axes.set_xlabel("degree")
    axes.set_ylabel("connections / ordered pairs,\nneurons of at least this degree")
    thousands(axes.xaxis, whole=True)
    return f"Degrees that fewer than {_FEW} neurons reach are left out." if few.any() else ""


def _errors(
    axes: Axes, x: np.ndarray, column: dict[str, np.ndarray], shown: np.ndarray | None = None, of: str = ""
) -> None:
    """The band that holds 90 % of the perturbed graphs."""
    low, high = (column[f"perturbed_{end}"] for end in ("low", "high"))
    label = f"{of}with errors (90 %)"
    axes.fill_between(x, low, high, where=shown, color=PALETTE[1], alpha=0.35, linewidth=0, label=label)


def _over_nulls(axes: Axes, beside: Axes, column: dict[str, np.ndarray]) -> None:
    """The mean of the null graphs with a band of two standard deviations; beside it the ratio."""
    few = column["neurons"] < _FEW
    mean, sd = (np.where(few, np.nan, column[name]) for name in ("null_mean", "null_sd"))
    axes.fill_between(column["degree"], mean - 2 * sd, mean + 2 * sd, color=PALETTE[3], alpha=0.25, linewidth=0)
    axes.plot(column["degree"], mean, color=PALETTE[3], linestyle="--", label="null graphs (band: 2 sd)")
    axes.legend(frameon=False)
    beside.plot(column["degree"], np.where(few, np.nan, column["ratio"]), color=PALETTE[0])
    beside.axhline(1.0, color=INK, linewidth=0.8, linestyle=":")
    beside.set_xlabel("degree")
    beside.set_ylabel("observed / mean of the null graphs")
    thousands(beside.xaxis, whole=True)


_FEW = 10
"""Neurons below which the density among them is mostly chance."""


def _degrees(axes: Axes, column: dict[str, np.ndarray]) -> str:
    """The share of neurons of at least each degree; with an error model its mean and the band of 90 % of the graphs."""
    of = "degree" if "degree" in column else "strength"
    unit = "connections" if of == "degree" else "synapses"
    series = {"in and out": "neurons", "in": "neurons_by_in", "out": "neurons_by_out"}
    values, smallest = column[of], 1.0
    point = "o" if len(values) <= _FEW_POINTS else ""
    for i, (label, name) in enumerate(series.items()):
        share = _at_least(column[name])
        shown = (values > 0) & (share > 0)
        smallest = min(smallest, share[shown].min(initial=1.0))
        axes.plot(values[shown], share[shown], color=PALETTE[i], label=label, marker=point, markersize=3.5)
        way = ("", "in_", "out_")[i]
        if f"perturbed_{way}mean" in column:
            after = _at_least(column[f"perturbed_{way}mean"])
            shown = (values > 0) & (after > 0)
            axes.plot(values[shown], after[shown], color=PALETTE[i], linestyle=":", linewidth=1.2)
            low, high = (column[f"perturbed_{way}at_least_{end}"] for end in ("low", "high"))
            shown = (values > 0) & (high > 0)
            band: dict[str, Any] = {"alpha": 0.25, "linewidth": 0, "label": f"_{label}, with errors (90 %)"}
            axes.fill_between(values[shown], low[shown], high[shown], color=PALETTE[i], **band)
    positive = values[values > 0]
    if positive.max(initial=0) / positive.min(initial=1) > _LOGARITHMIC:
        axes.set_xscale("log")
        powers_of_ten(axes.xaxis)
    else:
        thousands(axes.xaxis, whole=True)
    if smallest < 1 / _LOGARITHMIC:
        axes.set_yscale("log")
        axes.set_ylim(smallest / 1.6, 1.4)
        powers_of_ten(axes.yaxis)
    else:
        axes.set_ylim(0, 1.04)
    if not len(positive):
        axes.set_xlim(0, 1)
    axes.set_xlabel(f"{of} ({unit})")
    axes.set_ylabel(f"share of neurons of at least this {of}")
    axes.legend(frameon=False, title=unit, alignment="left")
    if "perturbed_mean" in column:
        return "Dotted: the mean of the graphs with errors; bands hold 90 % of them."
    return "" if len(positive) else f"No neuron has any {unit}."


def _at_least(counts: np.ndarray) -> np.ndarray:
    """The share of what is counted in a row or after it."""
    after: np.ndarray = np.cumsum(counts[::-1])[::-1] / max(counts.sum(), 1)
    return after


_FEW_POINTS = 25
_LOGARITHMIC = 15.0
"""Scales are logarithmic where values span more than this factor."""


def _distances(axes: Axes, column: dict[str, np.ndarray]) -> str:
    with np.errstate(invalid="ignore", divide="ignore"):
        probability = column["connected"] / column["pairs"]
    seen = column["pairs"] >= _FEW_PAIRS
    start, end = (column[f"{e}_um"] if f"{e}_um" in column else column[f"{e}_nm"] / 1000 for e in ("from", "to"))
    middle = (start + end) / 2
    error = np.sqrt(np.maximum(probability * (1 - probability), 0) / np.maximum(column["pairs"], 1))
    axes.fill_between(
        middle[seen],
        np.maximum(probability - 1.96 * error, 0)[seen],
        (probability + 1.96 * error)[seen],
        color=PALETTE[0],
        alpha=0.2,
        linewidth=0,
    )
    axes.plot(middle[seen], probability[seen], color=PALETTE[0], label="observed")
    if "perturbed_low" in column:
        _errors(axes, middle, column, seen)
        axes.legend(frameon=False)
    axes.set_xlabel("distance of somata (µm)")
    axes.set_ylabel("probability of a connection")
    thousands(axes.xaxis)
    band = "Blue band" if "perturbed_low" in column else "Band"
    return f"{band}: 95 % interval as if pairs were independent." + (
        f" Bins of fewer than {_FEW_PAIRS} pairs are left out." if not seen.all() else ""
    )


_FEW_PAIRS = 100


def _percolation(axes: Axes, column: dict[str, np.ndarray]) -> None:
    axes.plot(column["removed"], column["largest"], color=PALETTE[0], label="largest component")
    axes.plot(column["removed"], column["second"], color=PALETTE[3], label="second largest")
    if "perturbed_low" in column:
        _errors(axes, column["removed"], column, of="largest, ")
    axes.set_xlabel("neurons removed")
    axes.set_ylabel("neurons of the component")
    thousands(axes.xaxis, whole=True)
    thousands(axes.yaxis, whole=True)
    axes.legend(frameon=False)
