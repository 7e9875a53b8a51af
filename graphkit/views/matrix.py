"""Heat maps: from types to types, from regions to regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.views.figure import (
    BOTH_WAYS,
    SEQUENCE,
    new_figure,
    plain_number,
    powers_of_ten,
    text_width_in,
    thousands,
    titled,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MOST_NAMES", "heat_map"]

MOST_NAMES = 60
"""Rows (and columns) beyond these, which have least, are left out, and the picture says so."""

_ANNOTATED = 14
_LOGARITHMIC = 50.0
_NOTHING = "#D0D0D0"


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
    from matplotlib.colors import LogNorm, Normalize, SymLogNorm

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
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    most, least = np.abs(known).max(initial=0.0), np.abs(known[known != 0]).min(initial=np.inf)
    norm: Normalize
    if signed and most / least > _LOGARITHMIC:
        norm = SymLogNorm(most / _LOGARITHMIC, vmin=-most, vmax=most)
    elif signed:
        norm = Normalize(-most, most)
    else:
        span = low > 0 and high / low > _LOGARITHMIC
        norm = LogNorm(low, high) if span else Normalize(min(0.0, low), high or 1.0)

    cell = 0.34 if max(len(down), len(across)) <= _ANNOTATED else 0.22
    longest = max((text_width_in(n, 8) for n in (*down, *across)), default=0.1)
    figure = new_figure(max(3.8, 2.2 + longest + cell * len(across)), max(3.5, 1.6 + longest + cell * len(down)))
    axes = figure.add_subplot()
    image = axes.imshow(
        values, cmap=BOTH_WAYS if signed else SEQUENCE, norm=norm, aspect="equal", interpolation="nearest"
    )
    axes.set_xticks(range(len(across)), across, rotation=90)
    axes.set_yticks(range(len(down)), down)
    axes.set_xlabel(columns)
    axes.set_ylabel(rows)
    axes.tick_params(length=0, labelsize=8 if cell > 0.3 else 7)
    axes.spines[:].set_visible(False)
    axes.set_facecolor(_NOTHING if signed else "white")
    axes.set_xticks(np.arange(-0.5, len(across)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(down)), minor=True)
    axes.grid(which="minor", color="#DDDDDD", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.75, pad=0.02)
    bar.set_label(unit)
    if isinstance(norm, SymLogNorm):
        tens = [10.0**k for k in range(-12, 13) if most / _LOGARITHMIC <= 10.0**k <= most]
        ticks = [*(-t for t in reversed(tens)), 0.0, *tens]
        bar.set_ticks(ticks, labels=[plain_number(t) for t in ticks])
        bar.minorticks_off()
    elif isinstance(norm, LogNorm):
        powers_of_ten(bar.ax.yaxis)
    else:
        thousands(bar.ax.yaxis, whole=bool((known == np.round(known)).all()))
    bar.outline.set_visible(False)
    if max(len(down), len(across)) <= _ANNOTATED:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                light = 0.25 < norm(value) < 0.75 if signed else norm(value) > 0.6
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
