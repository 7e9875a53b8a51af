"""Heat maps: from types to types, from regions to regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.views.amounts import amounts_bar, amounts_image
from graphkit.views.figure import new_figure, shortened, text_width_in, title_height, titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MOST_NAMES", "heat_map"]

MOST_NAMES = 60
"""Rows (and columns) beyond these, which have least, are left out, and the picture says so."""

_ANNOTATED = 14
_NAME_IN = 2.6


def heat_map(
    cells: dict[tuple[str, str], float],
    title: str,
    *,
    unit: str,
    rows: str = "from",
    columns: str = "to",
    note: str = "",
) -> Figure:
    """A square a pair (row, column); pairs without a value stay white, or grey where white is a value. Rows and columns are in
    the same order: names with most first, or, where there are many, those that connect alike beside each other (the leaves of a
    clustering).

    The colours are logarithmic where the values span more than a factor of 50; values of both signs have two colours, from 0 on.
    """
    import numpy as np

    names = _ordered(cells)
    left_out = max(0, len(names) - MOST_NAMES)
    shown = names[:MOST_NAMES]
    down = [n for n in shown if any(a == n and b in shown for a, b in cells)]
    across = [n for n in shown if any(b == n and a in shown for a, b in cells)]
    values = np.full((len(down), len(across)), np.nan)
    for i, a in enumerate(down):
        for j, b in enumerate(across):
            values[i, j] = cells.get((a, b), np.nan)
    signed = bool((values < 0).any())
    if not signed:
        values[values == 0] = np.nan
    cell = 0.34 if max(len(down), len(across)) <= _ANNOTATED else 0.22
    said = {n: shortened(n, _NAME_IN, 8) for n in (*down, *across)}
    longest = max((text_width_in(n, 8) for n in said.values()), default=0.1)
    size = (cell * max(len(across), 4), cell * max(len(down), 4))
    wide = max(3.8, 1.7 + longest + size[0])
    figure = new_figure(wide, 0.85 + title_height(title, wide) + longest + size[1])
    axes = figure.add_subplot()
    image = amounts_image(axes, values)
    axes.set_xticks(range(len(across)), [said[n] for n in across], rotation=90)
    axes.set_yticks(range(len(down)), [said[n] for n in down])
    axes.set_xlabel(columns)
    axes.set_ylabel(rows)
    axes.tick_params(length=0, labelsize=8 if cell > 0.3 else 7)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(-0.5, len(across)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(down)), minor=True)
    axes.grid(which="minor", color="#DDDDDD", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    amounts_bar(axes, image, unit, size, shrink=0.75)
    if max(len(down), len(across)) <= _ANNOTATED:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                strength = float(image.norm(value))  # type: ignore[arg-type]
                light = 0.25 < strength < 0.75 if signed else strength > 0.6
                axes.text(
                    j, i, _short(value), ha="center", va="center", fontsize=6.5, color="black" if light else "white"
                )
    more = f"{left_out:,} more names, which have least, are not shown." if left_out else ""
    nothing = "Grey: no value." if signed and not np.isfinite(values).all() else ""
    titled(figure, title, " ".join(filter(None, (note, nothing, more))))
    return figure


def _ordered(cells: dict[tuple[str, str], float]) -> list[str]:
    totals: dict[str, float] = {}
    for pair, value in cells.items():
        for name in set(pair):
            totals[name] = totals.get(name, 0) + abs(value)
    names = sorted(totals, key=lambda name: (-totals[name], name))
    if len(names) <= _ANNOTATED:
        return names
    return _alike(cells, sorted(names[:MOST_NAMES])) + names[MOST_NAMES:]


def _alike(cells: dict[tuple[str, str], float], names: list[str]) -> list[str]:
    """The names in the order of the leaves of their tree: average linkage of the cosines of their rows and columns."""
    import numpy as np

    from graphkit.algorithms.similarity_matrix import leaf_order

    place = {name: i for i, name in enumerate(names)}
    values = np.zeros((len(names), len(names)))
    for (a, b), value in cells.items():
        if a in place and b in place:
            values[place[a], place[b]] = value or 0
    profiles = np.hstack([values, values.T])
    length = np.sqrt(np.square(profiles).sum(axis=1, keepdims=True))
    profiles = np.divide(profiles, length, out=np.zeros_like(profiles), where=length > 0)
    return [names[i] for i in leaf_order(np.round(profiles @ profiles.T, 12))]


def _short(value: float) -> str:
    if abs(value) >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2g}"
