"""Heat maps of single neurons: who connects with whom, or how alike they are, with their types beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.views.amounts import amounts_bar, amounts_image
from graphkit.views.figure import GREY, PALETTE, new_figure, text_width_in, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

__all__ = ["MOST_NEURONS", "adjacency_map", "check_neurons", "draw_neurons"]

MOST_NEURONS = 2_000
"""Beyond these a square would be smaller than a point of the picture."""

_LABELLED = 60
_MOST_SQUARES = 500
_STRIP_IN = 0.14

Named = Sequence[tuple[str, str | None]]
"""Label and type of each neuron."""


def check_neurons(count: int) -> None:
    """Raises NotAnswerableError where there are more neurons than can be seen."""
    if count > MOST_NEURONS:
        raise NotAnswerableError(
            f"A heat map of {count:,} neurons cannot be read; {MOST_NEURONS:,} are the most.",
            hint="Ask `by type`, for more synapses (`with at least 10 synapses`), or in a smaller region.",
        )


def adjacency_map(
    pre: NDArray[np.int64],
    post: NDArray[np.int64],
    figures: NDArray[np.float64],
    neurons: Named,
    title: str,
    *,
    unit: str,
    coupled: bool = False,
    note: str = "",
) -> Figure:
    """A row a presynaptic and a column a postsynaptic neuron, both in the order of one clustering of who connects alike.

    ``pre`` and ``post`` are places in ``neurons``; ``coupled``: gap junctions, the same both ways.

    Raises:
        NotAnswerableError: too many neurons.
    """
    check_neurons(len(neurons))
    cells = np.zeros((len(neurons), len(neurons)))
    np.add.at(cells, (pre, post), figures)
    if coupled:
        cells = np.maximum(cells, cells.T)
    order = _alike(cells)
    down, across = (order[(cells != 0).any(axis=axis)[order]] for axis in (1, 0))
    values = cells[np.ix_(down, across)]
    signed = bool((values < 0).any())
    values, together = _pooled(values)
    values = np.where(values == 0, np.nan, values)
    figure, axes = draw_neurons(
        values,
        [neurons[i] for i in down],
        [neurons[i] for i in across],
        unit=unit,
        ways=("", "") if coupled else ("presynaptic", "postsynaptic"),
    )
    axes.spines[:].set_visible(True)
    axes.spines[:].set(color="#BBBBBB", linewidth=0.6)
    notes = [
        "Neurons that connect alike side by side: average linkage of 1 - cosine.",
        f"No connection: {'grey' if signed else 'white'}.",
        *(
            [f"A square has the strongest connection of {together[0]} x {together[1]} neurons."]
            if together != (1, 1)
            else []
        ),
        note,
    ]
    titled(figure, title, " ".join(notes).strip())
    return figure


def _pooled(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The largest figure, its sign left aside, of blocks of so many rows and columns that each of them can be seen; how many."""
    rows, columns = (-(-n // _MOST_SQUARES) for n in values.shape)
    whole = np.pad(values, [(0, -values.shape[0] % rows), (0, -values.shape[1] % columns)])
    blocks = whole.reshape(whole.shape[0] // rows, rows, whole.shape[1] // columns, columns)
    most, least = blocks.max(axis=(1, 3)), blocks.min(axis=(1, 3))
    return np.where(most >= -least, most, least), (rows, columns)


def _alike(cells: NDArray[np.float64]) -> NDArray[np.int64]:
    from graphkit.algorithms.similarity_matrix import leaf_order

    profiles = np.hstack([cells, cells.T])
    length = np.sqrt(np.square(profiles).sum(axis=1, keepdims=True))
    profiles = np.divide(profiles, length, out=np.zeros_like(profiles), where=length > 0)
    return leaf_order(np.round(profiles @ profiles.T, 12))


def draw_neurons(
    values: NDArray[np.float64],
    down: Named,
    across: Named,
    *,
    unit: str,
    norm: Normalize | None = None,
    ways: tuple[str, str] = ("", ""),
) -> tuple[Figure, Axes]:
    """The heat map, its rows and columns named where they are few, with the types of the neurons in strips beside it.

    ``ways``: what the rows and the columns are besides neurons; ``norm``: the scale of the colours, where it is given.
    """
    rows, columns = values.shape
    size = (_side_in(columns, rows), _side_in(rows, columns))
    named = (rows <= _LABELLED, columns <= _LABELLED)
    font = 7 if max(rows, columns) > 25 else 8
    longest = [
        max(text_width_in(n, font) for n, _ in of) if few else 0.3
        for of, few in zip((down, across), named, strict=True)
    ]
    figure = new_figure(size[0] + longest[0] + 2.0, size[1] + longest[1] + 1.6)
    axes = figure.add_subplot()
    image = amounts_image(axes, values, norm)
    if not 0.9 < size[0] * rows / (size[1] * columns) < 1.1:
        axes.set_aspect("auto")
    kinds = [kind for _, kind in (*down, *across)]
    strips = len(set(kinds)) > 1
    room = 72 * _STRIP_IN + 6 if strips else 3
    for axis, of, few, way in ((axes.yaxis, down, named[0], ways[0]), (axes.xaxis, across, named[1], ways[1])):
        axis.set_ticks(range(len(of)) if few else [], [name for name, _ in of] if few else [])
        words = " ".join(filter(None, ("" if few else f"{len(of):,}", way, "neurons")))
        if way or not few:
            axis.set_label_text(words, fontsize=8)
            axis.labelpad = 4 if few else room + 4
    for label in axes.get_xticklabels():
        label.set_rotation(90)
    axes.tick_params(length=0, labelsize=font, pad=room)
    axes.spines[:].set_visible(False)
    if strips:
        _strips(axes, down, across, (_STRIP_IN / size[0], _STRIP_IN / size[1]))
    amounts_bar(axes, image, unit, size, shrink=0.6)
    return figure, axes


def _side_in(n: int, other: int) -> float:
    """How long a side of so many neurons is: squares where the other one allows it, and room for its names."""
    if max(n, other) <= _LABELLED:
        cell = min(0.2, 9.0 / max(n, other))
        return max(n * max(cell, min(4.0 / max(n, other), 0.6)), 1.5)
    if n <= _LABELLED:
        return max(0.16 * n, 1.5)
    return max(8.0 * n / max(n, other), 2.5)


def _strips(axes: Axes, down: Named, across: Named, wide: tuple[float, float]) -> None:
    """The types of rows at the left and of columns below, in the colours of the most frequent ones."""
    from matplotlib.patches import Patch, Rectangle

    kinds = [kind for _, kind in (*down, *across)]
    often = [kind for kind, _ in sorted(Counter(k for k in kinds if k).items(), key=lambda c: (-c[1], c[0]))]
    colours = dict(zip(often, PALETTE, strict=False))
    gaps = (0.25 * wide[0], 0.25 * wide[1])
    for of, flat in ((down, False), (across, True)):
        for k, (_, kind) in enumerate(of):
            n = len(of)
            if flat:
                place, extent = (k / n, -wide[1] - gaps[1]), (1 / n, wide[1])
            else:
                place, extent = (-wide[0] - gaps[0], 1 - (k + 1) / n), (wide[0], 1 / n)
            colour = colours.get(kind or "", GREY)
            patch = Rectangle(place, *extent, transform=axes.transAxes, color=colour, clip_on=False, linewidth=0)
            axes.add_patch(patch)
    handles = [Patch(color=colour, label=kind) for kind, colour in colours.items()]
    others = len(often) - len(colours)
    if others or None in kinds:
        handles.append(Patch(color=GREY, label="other types" if others else "no type"))
    axes.legend(
        handles=handles,
        ncols=min(len(handles), 4),
        frameon=False,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        fontsize=8,
    )
