"""Motifs: a bar a pattern beside a drawing of it, and a bar a motif by the types of its neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.views.bars import INTERVAL_LABEL, interval_lines
from graphkit.views.figure import (
    GREY,
    INK,
    PALETTE,
    new_figure,
    plain_axes,
    powers_of_ten,
    text_width_in,
    thousands,
    title_height,
    titled,
)
from graphkit.views.glyphs import draw_motif, pattern_edges

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ROLES", "census_chart", "motif_name", "motifs_by_type_chart"]

_ROW_IN = 0.42
_AXES_IN = 4.9
_MOST, _MOST_BY_TYPE = 40, 25
_LOGARITHMIC = 30.0
"""The scale is logarithmic where the counts span more than this factor."""

ROLES = dict(zip("abc", PALETTE, strict=False))
_COUNT = ("count", "copies, whatever else connects the neurons", PALETTE[5])
_INDUCED = ("induced", "exactly these connections", PALETTE[0])


def census_chart(table: pa.Table, title: str) -> Figure:
    """Copies of each connected pattern and sets with exactly it; with an error model the sets, and their interval."""
    with_errors = "perturbed_low" in table.column_names
    rows = [row for row in table.to_pylist() if with_errors or row["count"] is not None]
    shown = rows[:_MOST]
    figure, axes = _figure(title, shown, [row["motif"] for row in shown])
    series = ((*_INDUCED[:2], PALETTE[5]),) if with_errors else (_COUNT, _INDUCED)
    axes.set_xlabel("sets of neurons" + _bars(axes, shown, series))
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=8, borderaxespad=0.2)
    titled(figure, title, _more(len(rows) - len(shown)))
    return figure


def motifs_by_type_chart(table: pa.Table, title: str) -> Figure:
    """The most frequent motifs by the types of the neurons in each role."""
    from matplotlib.lines import Line2D

    rows = table.slice(0, _MOST_BY_TYPE).to_pylist()
    figure, axes = _figure(title, rows, [motif_name(row) for row in rows], by_role=True)
    with_errors = "perturbed_low" in table.column_names
    scale = _bars(axes, rows, ((*_INDUCED[:2], PALETTE[5]),) if with_errors else (_INDUCED,))
    used = [role for role in ROLES if any(role in _roles(row) for row in rows)]
    handles = [
        Line2D([], [], marker="o", linestyle="", color=ROLES[r], markeredgecolor=INK, label=f"neuron {r}") for r in used
    ]
    if with_errors:
        handles.append(Line2D([], [], color=INK, linewidth=1.6, label=INTERVAL_LABEL))
    axes.legend(handles=handles, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, fontsize=8)
    axes.set_xlabel(f"sets of neurons with exactly these connections{scale}")
    titled(figure, title, _more(len(table) - len(rows)))
    return figure


def _more(left_out: int) -> str:
    return f"{left_out:,} more rows are not shown." if left_out > 0 else ""


def motif_name(row: dict[str, Any]) -> str:
    """The name of a motif; by type who has which role in it."""
    if "type_a" not in row:
        return str(row["motif"])
    return ", ".join(f"{role}: {row[f'type_{role}'] or '(no type)'}" for role in _roles(row))


def _roles(row: dict[str, Any]) -> list[str]:
    return pattern_edges(row["pattern"])[0]


def _figure(title: str, rows: list[dict[str, Any]], names: list[str], *, by_role: bool = False) -> tuple[Figure, Axes]:
    """Axes with a row a pattern, and drawings at their left, in places set by hand: the drawings must not be squeezed."""
    left = 0.25 + max((text_width_in(n, 9) for n in names), default=0.0)
    width = left + _ROW_IN + 0.15 + 5.0
    tall = 1.2 + title_height(title, width) + _ROW_IN * max(len(rows), 1)
    figure = new_figure(width, tall, by_hand=True)
    bottom, height = 0.75 / tall, _ROW_IN * max(len(rows), 1) / tall
    drawings = figure.add_axes((left / width, bottom, _ROW_IN / width, height))
    plain_axes(drawings)
    drawings.set_xlim(-0.5, 0.5)
    drawings.set_ylim(len(rows) - 0.5, -0.5)
    axes = figure.add_axes(((left + _ROW_IN + 0.1) / width, bottom, _AXES_IN / width, height))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    for y, (row, name) in enumerate(zip(rows, names, strict=True)):
        nodes, edges = pattern_edges(row["pattern"])
        drawings.text(-0.55, y, name, ha="right", va="center", fontsize=9)
        colours = ROLES if by_role else {}
        draw_motif(
            drawings,
            edges,
            nodes=nodes,
            colours=colours,
            at=(0.0, y),
            size=0.92,
            line_width=0.7,
            apart=2.0,
            downwards=True,
        )
    return figure, axes


def _bars(axes: Axes, rows: list[dict[str, Any]], series: tuple[tuple[str, str, str], ...]) -> str:
    """Bars of the columns, with their numbers, and the intervals of an error model; what to say of the scale."""
    values = [row[column] for row in rows for column, *_ in series]
    with_errors = bool(rows) and "perturbed_low" in rows[0]
    ends = [row["perturbed_high"] for row in rows if row["perturbed_high"] is not None] if with_errors else []
    most, least = max([*values, *ends], default=1), min((v for v in values if v > 0), default=1)
    logarithmic = most / least > _LOGARITHMIC
    low = 0.8 if logarithmic else 0.0
    thick = 0.74 / len(series)
    for i, (column, label, colour) in enumerate(series):
        at = [y + (i - (len(series) - 1) / 2) * thick for y in range(len(rows))]
        drawn = axes.barh(at, [row[column] for row in rows], height=thick * 0.94, color=colour, label=label)
        for y, row, bar in zip(at, rows, drawn, strict=True):
            bar.set_gid(f"{column} {row[column]}")
            end = max(row[column], low, (row["perturbed_high"] or 0) if with_errors else 0)
            where: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": 7.5}
            axes.annotate(f"{row[column]:,}", (end, y), (3, 0), **where)
    if with_errors:
        known = [
            (y, row["perturbed_low"], row["perturbed_high"])
            for y, row in enumerate(rows)
            if row["perturbed_low"] is not None
        ]
        interval_lines(axes, [(y, max(start, low), max(end, low)) for y, start, end in known])
    room = _AXES_IN - (
        0.1 + text_width_in(f"{max(values, default=1):,}", 7.5)
    )  # for the longest bar, its number beside it
    if logarithmic:
        axes.set_xlim(low, low * (max(10, most) / low) ** (_AXES_IN / room))
        axes.set_xscale("log")
        powers_of_ten(axes.xaxis)
    else:
        axes.set_xlim(0, max(most, 1) * _AXES_IN / room)
        thousands(axes.xaxis, whole=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    return " (logarithmic)" if logarithmic else ""
