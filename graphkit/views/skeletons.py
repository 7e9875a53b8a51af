"""Skeletons in the colours of their compartments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.views.figure import GREY, INK, PALETTE, new_figure, plain_axes, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from graphkit.dataset import Dataset
    from graphkit.query.answers.skeletons import Grown

__all__ = ["COMPARTMENTS", "MOST_SKELETONS", "split_drawing"]

COMPARTMENTS = frozenset({"neuron_id", "compartment", "cable_um", "segregation"})
"""The columns of the answer."""

MOST_SKELETONS = 6
_COLOURS = {"dendrite": PALETTE[0], "axon": PALETTE[3], "linker": PALETTE[2], "not split": GREY}


def split_drawing(dataset: Dataset, ids: list[int], title: str, heal_nm: int) -> Figure:
    """The first neurons, each seen along the axis of its least extent, axon and dendrite in two colours, with a scale bar.

    Gaps of at most ``heal_nm`` join what the split sees as one tree; they are drawn dotted.
    """
    from graphkit.query import ir
    from graphkit.query.answers.skeletons import Reader
    from graphkit.query.plans.skeletons import plan_skeletons

    chosen = ir.Comparison("neuron_id", "in", tuple(sorted(ids[:MOST_SKELETONS])))
    grown = {g.of.neuron_id: g for g in Reader(dataset, chosen, plan_skeletons(chosen, dataset), heal_nm).read()}
    across = min(len(grown), 3)
    down = -(-len(grown) // across)
    figure = new_figure(max(6.6, 3.6 * across + 0.6), 3.9 * down + 1.0)
    seen: set[str] = set()
    for k, neuron_id in enumerate(i for i in ids if i in grown):
        axes = figure.add_subplot(down, across, k + 1)
        seen |= _draw(axes, grown[neuron_id])
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=c, linewidth=2.5, label=name) for name, c in _COLOURS.items() if name in seen]
    handles.append(Line2D([], [], color=INK, marker="o", linestyle="", markersize=5, label="soma (or root)"))
    if any(g.skeleton.healed.any() for g in grown.values()):
        handles.append(Line2D([], [], color=INK, linewidth=0.9, linestyle=":", label="gap"))
    figure.legend(handles=handles, frameon=False, loc="outside lower right", ncols=len(handles), fontsize=8)
    left = len(ids) - len(grown)
    note = "Seen along the axis of least extent."
    titled(figure, title, f"{note} {left:,} more neurons are not shown." if left > 0 else note)
    return figure


def _draw(axes: Axes, grown: Grown) -> set[str]:
    from matplotlib.collections import LineCollection

    from graphkit.morphology import split_axon_dendrite
    from graphkit.query.answers.morphology import why_whole

    skeleton = grown.skeleton
    why = why_whole(grown)
    named: NDArray[Any] = np.full(len(skeleton), "not split")
    segregation = None
    if not why:
        split = split_axon_dendrite(skeleton, grown.inputs, grown.outputs)
        named, segregation = split.compartment, split.segregation
    points = skeleton.points_nm / 1000
    extent = np.ptp(points, axis=0)
    flat = sorted(np.argsort(extent, kind="stable")[1:].tolist())
    if extent[flat[1]] > extent[flat[0]]:
        flat.reverse()  # wide rather than high
    plane = points[:, flat]
    outer = np.flatnonzero((skeleton.parent_row >= 0) & ~skeleton.healed)
    lines = np.stack([plane[outer], plane[skeleton.parent_row[outer]]], axis=1)
    for name, colour in _COLOURS.items():
        inside = named[outer] == name
        if inside.any():
            axes.add_collection(LineCollection(list(lines[inside]), colors=colour, linewidths=0.9, capstyle="round"))
    if (gaps := np.flatnonzero(skeleton.healed)).size:
        bridges = np.stack([plane[gaps], plane[skeleton.parent_row[gaps]]], axis=1)
        axes.add_collection(LineCollection(list(bridges), colors=INK, linewidths=0.9, linestyles=":"))
    root = np.array(grown.of.soma_nm) / 1000 if grown.of.soma_nm is not None else points[skeleton.roots[0]]
    axes.plot([root[flat[0]]], [root[flat[1]]], "o", color=INK, markersize=5, zorder=3)
    plain_axes(axes)
    axes.margins(0.04)
    axes.autoscale_view()
    if flat == [0, 1] or flat == [0, 2] or flat == [2, 1]:
        axes.invert_yaxis()  # as images have it: y and z down
    _scale_bar(axes, float(extent.max()))
    label = grown.of.name or str(grown.of.neuron_id)
    said = why if why else f"segregation {segregation:.2f}"
    axes.set_title(f"{label}\n{said}", fontsize=9, loc="left")
    return set(named.tolist())


def _scale_bar(axes: Axes, extent_um: float) -> None:
    """A bar of 1, 2 or 5 times a power of ten um, about a fifth of the extent, below the drawing."""
    goal = max(extent_um, 1e-3) / 5
    ten = 10.0 ** np.floor(np.log10(goal))
    length = float(max(step * ten for step in (1, 2, 5) if step * ten <= goal * 1.0001))
    low, high = sorted(axes.get_xlim())
    bottom, top = axes.get_ylim()
    y = bottom - 0.03 * (top - bottom)
    axes.plot([low, low + length], [y, y], color=INK, linewidth=2, solid_capstyle="butt", clip_on=False)
    axes.text(
        low + length / 2, y - 0.02 * (top - bottom), f"{length:g} µm", ha="center", va="top", fontsize=8, clip_on=False
    )
    axes.set_ylim(y - 0.08 * (top - bottom), top)
    axes.set_xlim(low, high)
