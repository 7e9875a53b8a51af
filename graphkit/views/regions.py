"""The tree of regions, with the synapses in each as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.views.bars import interval_lines
from graphkit.views.figure import GREY, PALETTE, new_figure, text_width_in, thousands, title_height, titled

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

__all__ = ["MOST_REGIONS", "region_chart"]

MOST_REGIONS = 80
_INDENT = 0.16
"""Of a level, in inches."""


def region_chart(table: pa.Table, title: str) -> Figure:
    """A row a region in the order of the tree, its name indented below that of its parent; children included in each bar.

    Of more than ``MOST_REGIONS`` those with most synapses: a parent has no fewer than its children, so none is without its own.
    """
    every = table.to_pylist()
    most = sorted(range(len(every)), key=lambda k: (-(every[k]["inputs"] or 0), k))[:MOST_REGIONS]
    rows = [every[k] for k in sorted(most)]
    depth = [row["path"].count(" > ") for row in rows]
    longest = max(
        (0.05 + text_width_in(r["region"], 8.5) + _INDENT * d for r, d in zip(rows, depth, strict=True)), default=1.0
    )
    width = 0.4 + longest + 5.6
    tall = (0.75 if len(rows) == len(every) else 0.95) + title_height(title, width) + 0.2 * max(len(rows), 4)
    figure = new_figure(width, tall, by_hand=True)
    below = 0.65 if len(rows) == len(every) else 0.85
    axes = figure.add_axes(((0.3 + longest) / width, below / tall, 5.2 / width, 0.2 * max(len(rows), 4) / tall))
    values = [row["inputs"] for row in rows]
    colours = [PALETTE[0] if d == 0 else PALETTE[5] for d in depth]
    axes.barh(range(len(rows)), values, height=0.78, color=colours)
    ends = [float(v or 0) for v in values]
    if "perturbed_low" in table.column_names:
        at = [
            (y, r["perturbed_low"], r["perturbed_high"]) for y, r in enumerate(rows) if r["perturbed_low"] is not None
        ]
        interval_lines(axes, at)
        for y, _, high in at:
            ends[y] = max(ends[y], high)
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, fontsize=8)
    for y, (value, end) in enumerate(zip(values, ends, strict=True)):
        axes.annotate(f"{value:,}", (end, y), (3, 0), textcoords="offset points", va="center", fontsize=7.5)
    for y, (row, d) in enumerate(zip(rows, depth, strict=True)):
        at = (-longest + _INDENT * d) / 5.2
        axes.text(
            at - 0.02,
            y,
            row["region"],
            transform=axes.get_yaxis_transform(),
            ha="left",
            va="center",
            fontsize=8.5,
            fontweight="bold" if d == 0 else "normal",
        )
    axes.set_yticks([])
    axes.set_ylim(max(len(rows), 4) - 0.5, -0.5)
    axes.margins(x=0.14)
    thousands(axes.xaxis, whole=True)
    axes.set_xlim(left=0)
    axes.set_xlabel("synapses in the region, what lies below it included")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    left_out = len(every) - len(rows)
    titled(figure, title, f"{left_out:,} smaller regions are not shown." if left_out else "")
    return figure
