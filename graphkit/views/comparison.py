"""Connections of two sides, or of two datasets, beside each other: a point a pair of types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from graphkit.views.figure import GREY, PALETTE, halo, new_figure, powers_of_ten, titled

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["compared", "comparison_chart"]

_SURE = 0.05
_NAMED = 8
_TRIED = 200
_DOTS = 5_000
"""Points beyond which they are an image within an .svg or .pdf, and paler."""
_FIGURES = {
    "mean_": "synapses onto a postsynaptic neuron",
    "input_fraction_": "share of the inputs of a postsynaptic neuron",
}


class Compared(NamedTuple):
    """The columns of a comparison: the names of both ends, and the figure on both sides."""

    pre: str
    post: str
    first: str
    second: str
    prefix: str


def compared(columns: Sequence[str]) -> Compared | None:
    """What an answer with these columns compares, or None."""
    if not {"difference", "p", "p_adjusted"} <= set(columns):
        return None
    ends = [next((c for c in columns if c.startswith(end)), None) for end in ("pre_", "post_")]
    for prefix in _FIGURES:
        figures = [c for c in columns if c.startswith(prefix)]
        if len(figures) == 2 and ends[0] is not None and ends[1] is not None:
            return Compared(ends[0], ends[1], figures[0], figures[1], prefix)
    return None


def comparison_chart(table: pa.Table, title: str, *, note: str = "") -> Figure:
    """A point a row, the first side across and the second up, both logarithmic; on the line both are alike.

    What one side does not have stands at its edge. The surest differences are named, up to ``_NAMED`` that do not overlap.
    """
    import numpy as np

    of = compared(table.column_names)
    assert of is not None, "it fits"
    x, y, p = (table[c].to_numpy() for c in (of.first, of.second, "p_adjusted"))
    positive = np.concatenate([x[x > 0], y[y > 0]])
    low, high = (float(positive.min()) / 2, float(positive.max()) * 1.6) if len(positive) else (0.5, 2.0)
    across, up = np.maximum(x, low), np.maximum(y, low)
    figure = new_figure(6.6, 6.2)
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low * 0.85, high)
    axes.set_ylim(low * 0.85, high)
    axes.set_aspect("equal")
    axes.plot([low, high], [low, high], color=GREY, linewidth=0.9, zorder=1)
    sure = p <= _SURE
    share = f"{100 * _SURE:g} %"
    for shown, colour, marker, label in (
        (~sure, PALETTE[0], "o", "no difference shown"),
        (sure, PALETTE[3], "D", f"different (false discovery rate {share})"),
    ):
        if shown.any():
            label = f"{label}: {int(shown.sum()):,}"
            few = shown.sum() <= _DOTS
            axes.scatter(
                across[shown],
                up[shown],
                s=20 if few else 6,
                color=colour,
                marker=marker,
                alpha=0.7 if few else 0.25,
                linewidth=0,
                label=label,
                zorder=3,
                rasterized=not few,
            )
    _name(axes, across, up, table, of, np.flatnonzero(sure)[:_TRIED].tolist())
    unit = _FIGURES[of.prefix]
    axes.set_xlabel(f"{of.first.removeprefix(of.prefix)}: {unit}")
    axes.set_ylabel(f"{of.second.removeprefix(of.prefix)}: {unit}")
    powers_of_ten(axes.xaxis)
    powers_of_ten(axes.yaxis)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    for handle in axes.legend(frameon=False, loc="upper left", fontsize=8).legend_handles:
        if handle is not None:
            handle.set_alpha(0.7)  # also where the points are pale
    edge = "Points at an edge: none on that side." if ((x == 0) | (y == 0)).any() else ""
    said = (f"A point a pair of {of.pre.removeprefix('pre_')}s.", edge, note)
    titled(figure, title, " ".join(filter(None, said)))
    return figure


def _name(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], table: pa.Table, of: Compared, rows: list[int]
) -> None:
    """Names of the first of these rows, where there is room."""
    taken: list[tuple[float, float]] = []
    for row in rows:
        at = axes.transAxes.inverted().transform(axes.transData.transform((x[row], y[row])))
        if len(taken) == _NAMED:
            return
        if any(abs(at[0] - u) < 0.3 and abs(at[1] - v) < 0.035 for u, v in taken):
            continue
        taken.append((at[0], at[1]))
        side = "right" if at[0] > 0.6 else "left"
        axes.annotate(
            f"{table[of.pre][row].as_py()} \u2192 {table[of.post][row].as_py()}",
            (x[row], y[row]),
            (-5 if side == "right" else 5, 3),
            textcoords="offset points",
            ha=side,
            fontsize=7.5,
            path_effects=halo(),
            zorder=5,
        )
