"""Sholl profiles: how often skeletons cross spheres around their somata."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.views.figure import GREY, PALETTE, new_figure, own_labels, thousands, titled

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["SHOLL", "sholl_chart"]

SHOLL = frozenset({"neuron_id", "radius_um", "crossings"})
"""The columns of the answer."""


def sholl_chart(table: pa.Table, title: str) -> Figure:
    """A line a neuron where each can have a colour of its own; of more, thin ones and the mean of each type."""
    lines: dict[int, list[tuple[float, int]]] = defaultdict(list)
    names: dict[int, str | None] = {}
    types: dict[int, str] = {}
    for row in table.to_pylist():
        lines[row["neuron_id"]].append((row["radius_um"], row["crossings"]))
        names[row["neuron_id"]] = row["name"]
        types[row["neuron_id"]] = row["type"] or "(none)"
    drawn = {i: np.array(sorted(points), dtype=np.float64).T for i, points in lines.items()}
    figure = new_figure(7.2, 4.2)
    axes = figure.add_subplot()
    note = ""
    if len(drawn) <= len(PALETTE):
        labels = own_labels(names)
        for i, (neuron, (radius, crossings)) in enumerate(drawn.items()):
            axes.plot(radius, crossings, color=PALETTE[i], label=labels[neuron], linewidth=1.4)
    else:
        note = _means(axes, drawn, types)
    if not any(crossings.any() for _, crossings in drawn.values()):
        axes.set_ylim(top=1)
        note = "No skeleton reaches the first sphere: ask for smaller steps, such as `every 0.2 um`."
    axes.set_xlabel("distance from the soma, or else the root (µm)")
    axes.set_ylabel("crossings of the skeleton")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    thousands(axes.xaxis)
    thousands(axes.yaxis, whole=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    titled(figure, title, note)
    return figure


def _means(axes: Axes, drawn: dict[int, NDArray[Any]], types: dict[int, str]) -> str:
    """A thin line a neuron, a thick one the mean of each of the most frequent types."""
    often = sorted(Counter(types.values()).items(), key=lambda c: (-c[1], c[0]))
    colours = dict(zip((kind for kind, _ in often), PALETTE, strict=False))
    for neuron, (radius, crossings) in drawn.items():
        axes.plot(radius, crossings, color=colours.get(types[neuron], GREY), linewidth=0.5, alpha=0.35)
    spheres = np.unique(np.concatenate([radius for radius, _ in drawn.values()]))
    for kind, colour in colours.items():
        sums = np.zeros(len(spheres))
        of_kind = [line for neuron, line in drawn.items() if types[neuron] == kind]
        for radius, crossings in of_kind:
            sums[np.searchsorted(spheres, radius)] += crossings
        axes.plot(
            spheres,
            sums / len(of_kind),
            color=colour,
            linewidth=2.2,
            label=f"{kind}, {len(of_kind):,} neuron{'s' * (len(of_kind) > 1)}",
        )
    left = len(often) - len(colours)
    more = f" Grey: {left:,} more types." if left > 0 else ""
    return f"Thick: the mean of a type; a neuron within a sphere crosses it no more.{more}"
