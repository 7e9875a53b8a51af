"""Components: how many neurons there are in components of each size."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from graphkit.views.bars import interval_lines
from graphkit.views.figure import GREY, PALETTE, new_figure, thousands, titled

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

__all__ = ["COMPONENTS", "component_chart"]

COMPONENTS = frozenset({"component", "neurons", "share", "first_id"})
"""The columns of the answer."""

_MOST = 25


def component_chart(table: pa.Table, title: str) -> Figure:
    """A bar a size, the largest first: the neurons in all components of this size, so that the bars add up to the graph.

    Of a size that one component has alone, the interval of an error model is drawn.
    """
    rows = sorted(table.to_pylist(), key=lambda row: (-row["neurons"], row["component"]))
    sizes = [(size, list(of)) for size, of in groupby(rows, key=lambda row: int(row["neurons"]))]
    shown = sizes[:_MOST]
    names = [_said(size, len(of)) for size, of in shown]
    together = [(size * len(of), sum(row["share"] for row in of)) for size, of in shown]
    if rest := [row for _, of in sizes[_MOST:] for row in of]:
        names.append(f"{len(rest):,} smaller components")
        together.append((sum(row["neurons"] for row in rest), sum(row["share"] for row in rest)))
    figure = new_figure(8.0, 1.3 + max(0.3 * len(names), 0.8))
    axes = figure.add_subplot()
    alone: list[dict[str, Any] | None] = [of[0] if len(of) == 1 else None for _, of in shown]
    with_errors = "perturbed_low" in table.column_names and any(alone)
    axes.barh(range(len(names)), [n for n, _ in together], height=0.74, color=PALETTE[5 if with_errors else 0])
    ends = [float(n) for n, _ in together]
    if with_errors:
        at = [(y, row["perturbed_low"], row["perturbed_high"]) for y, row in enumerate(alone) if row is not None]
        interval_lines(axes, at)
        for y, _, high in at:
            ends[y] = max(ends[y], high)
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
    for y, (end, (neurons, share)) in enumerate(zip(ends, together, strict=True)):
        said = f"{neurons:,} ({100 * share:.3g} %)"
        axes.annotate(said, (end, y), (3, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 1.2 * max(ends, default=1.0))
    axes.set_xlabel("neurons in components of this size")
    axes.tick_params(left=False)
    thousands(axes.xaxis, whole=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    titled(figure, title)
    return figure


def _said(size: int, count: int) -> str:
    if size == 1:
        return f"{count:,} single neuron{'s' * (count > 1)}"
    return f"{count:,} component{'s' * (count > 1)} of {size:,} neurons"
