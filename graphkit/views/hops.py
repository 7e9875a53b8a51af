"""Heat maps side by side, one a number of hops: how much of the input comes from whom over walks of so many connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from graphkit.views.amounts import amounts_bar, amounts_image, amounts_scale
from graphkit.views.figure import new_figure, text_width_in, title_height, titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EFFECTIVE", "hops_map"]

EFFECTIVE = "effective_input_fraction"
"""The column of the figures."""

_MOST = 30
_CELL_IN = 0.24


def hops_map(
    figures: Mapping[tuple[str, str, int], float], title: str, *, unit: str, ends: tuple[str, str], note: str = ""
) -> Figure:
    """A square a (source, target, hops), the same colours in all maps; with one source, or one target, a column a number of hops.

    Sources and targets are those with most, summed over hops. ``ends``: what both are.
    """
    hops = sorted({k for *_, k in figures})
    down, left_down = _most(figures, 0)
    across, left_across = _most(figures, 1)
    every = np.array([[[figures.get((a, b, k), np.nan) for b in across] for a in down] for k in hops])
    every[every == 0] = np.nan
    called = list(ends)
    if len(across) == 1 or len(down) == 1:  # then hops are an axis, and there is one map
        every = every[:, :, 0].T[None] if len(across) == 1 else every[:, 0].T[None]
        left_over = down if len(across) == 1 else across
        maps = [(f"{ends[1]} {across[0]}" if len(across) == 1 else f"{ends[0]} {down[0]}", every[0])]
        called[0] = ends[0] if len(across) == 1 else ends[1]
        called[1], rows, columns = "hops", left_over, [str(k) for k in hops]
    else:
        maps = [(f"{k} hop{'s' * (k > 1)}", one) for k, one in zip(hops, every, strict=True)]
        rows, columns = down, across
    size = (_CELL_IN * max(len(columns), 2), _CELL_IN * max(len(rows), 3))
    longest = [max(text_width_in(n, 8) for n in names) for names in (rows, columns)]
    wide = max(1.9 + longest[0] + (size[0] + 0.35) * len(maps), 4.0)
    figure = new_figure(wide, 1.2 + title_height(title, wide) + longest[1] + size[1])
    scale = amounts_scale(every)
    drawn = figure.subplots(1, len(maps), squeeze=False)[0]
    for place, (axes, (name, values)) in enumerate(zip(drawn, maps, strict=True)):
        image = amounts_image(axes, values, scale)
        axes.set_title(name, fontsize=9)
        axes.set_xticks(range(len(columns)), columns, rotation=90 if called[1] != "hops" else 0)
        axes.set_yticks(range(len(rows)), rows if place == 0 else [])
        axes.set_xlabel(called[1])
        axes.tick_params(length=0, labelsize=8)
        axes.spines[:].set(color="#BBBBBB", linewidth=0.6)
    drawn[0].set_ylabel(called[0])
    amounts_bar(drawn[-1], image, unit, size, shrink=0.9)
    left = left_down + left_across
    more = f"{left:,} more names, which have least, are not shown." if left else ""
    titled(figure, title, " ".join(filter(None, (note, "White: none." if np.isnan(every).any() else "", more))))
    return figure


def _most(figures: Mapping[tuple[str, str, int], float], end: int) -> tuple[list[str], int]:
    """The names of sources (0) or targets (1) with most, and how many others there are."""
    totals: dict[str, float] = {}
    for key, value in figures.items():
        name = str(key[end])
        totals[name] = totals.get(name, 0.0) + (value or 0.0)
    names = sorted(totals, key=lambda n: (-totals[n], n))
    return names[:_MOST], max(0, len(names) - _MOST)
