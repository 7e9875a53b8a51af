"""Similarities of neurons, all with all, as a heat map."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.views.figure import GREY, PALETTE, SEQUENCE, new_figure, own_labels, titled

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MOST_NEURONS", "PAIRS", "similarity_map"]

PAIRS = frozenset({"first_id", "second_id", "similarity"})

MOST_NEURONS = 2_000
"""Beyond these a square would be smaller than a point of the picture."""

_LABELLED = 60
_STRIP = 0.018
"""Width of the strip of types, of that of the map."""


def similarity_map(
    table: pa.Table, title: str, *, complete: bool = True, unit: str = "similarity of their partners"
) -> Figure:
    """A square a pair of neurons, those that are alike side by side (the leaves of an average linkage); their types beside it;
    ``unit`` is what the colours are.

    Raises:
        NotAnswerableError: pairs are missing, or there are too many neurons.
    """
    import numpy as np

    from graphkit.algorithms.similarity_matrix import leaf_order

    if not complete:
        raise NotAnswerableError(
            "A limit has left out pairs, and a heat map shows all.", hint="Ask without a limit, or of fewer neurons."
        )
    ends = [table[f"{end}_id"].to_numpy() for end in ("first", "second")]
    ids = np.unique(np.concatenate(ends))
    if len(ids) > MOST_NEURONS:
        raise NotAnswerableError(
            f"A heat map of {len(ids):,} neurons cannot be read; {MOST_NEURONS:,} are the most.", hint="Ask of fewer."
        )
    rows = [np.searchsorted(ids, end) for end in ends]
    matrix = np.eye(len(ids))
    matrix[rows[0], rows[1]] = matrix[rows[1], rows[0]] = table["similarity"].to_numpy()
    order = leaf_order(np.round(matrix, 12))
    names: dict[int, tuple[str | None, str | None]] = {}
    for end in ("second", "first"):
        columns = (table[f"{end}_{c}"].to_pylist() for c in ("id", "name", "type"))
        names.update({i: (name, kind) for i, name, kind in zip(*columns, strict=True)})
    labels = own_labels({int(i): names[int(i)][0] for i in ids})
    kinds = [names[int(ids[k])][1] for k in order]

    shown = matrix[np.ix_(order, order)]
    np.fill_diagonal(shown, np.nan)
    few = len(ids) <= _LABELLED
    side = max(4.0, min(0.2 * len(ids), 9.0)) if few else 8.0
    longest = max(map(len, labels.values())) * 0.075 if few else 0.3
    figure = new_figure(side + longest + 2.6, side + longest + 1.2)
    axes = figure.add_subplot()
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown)) or 1.0
    low = low if low > high / 2 else min(0.0, low)  # the differences among much alike ones are to be seen
    image = axes.imshow(shown, cmap=SEQUENCE, vmin=low, vmax=high, interpolation="nearest")
    axes.set_facecolor("#DDDDDD")
    if few:
        words = [labels[int(ids[k])] for k in order]
        axes.set_xticks(range(len(ids)), words, rotation=90)
        axes.set_yticks(range(len(ids)), words)
    else:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(f"{len(ids):,} neurons", labelpad=20)
    axes.tick_params(
        length=0, labelsize=7 if len(ids) > 25 else 8, pad=72 * _STRIP * side + 4 if len(set(kinds)) > 1 else 3
    )
    axes.spines[:].set_visible(False)
    _types_beside(axes, kinds)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label(unit)
    bar.outline.set_visible(False)
    titled(figure, title, "Alike neurons side by side: average linkage of 1 - similarity.")
    return figure


def _types_beside(axes: Axes, kinds: list[str | None]) -> None:
    """A strip in the colours of the most frequent types at the left and below, where there are several."""
    from matplotlib.patches import Patch, Rectangle

    often = [kind for kind, _ in sorted(Counter(k for k in kinds if k).items(), key=lambda c: (-c[1], c[0]))]
    if len(often) < 2:
        return
    colours = dict(zip(often, PALETTE, strict=False))
    wide = _STRIP
    n = len(kinds)
    for k, kind in enumerate(kinds):
        colour = colours.get(kind or "", GREY)
        for x, y, w, h in ((-wide, 1 - (k + 1) / n, wide, 1 / n), (k / n, -wide, 1 / n, wide)):
            place = (x - 0.004 if w == wide else x, y - 0.004 if h == wide else y)
            axes.add_patch(Rectangle(place, w, h, transform=axes.transAxes, color=colour, clip_on=False, linewidth=0))
    handles = [Patch(color=colour, label=kind) for kind, colour in colours.items()]
    others = len(often) - len(colours)
    if others or None in kinds:
        handles.append(Patch(color=GREY, label="other types" if others else "no type"))
    axes.legend(
        handles=handles,
        frameon=False,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=min(len(handles), 4),
        fontsize=8,
    )
