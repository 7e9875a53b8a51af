"""Motifs: a bar a pattern beside a drawing of it, and a bar a motif by the types of its neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.views.figure import GREY, INK, PALETTE, new_figure, plain_axes, title_height, titled
from graphkit.views.glyphs import draw_motif, pattern_edges

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["census_chart", "motifs_by_type_chart"]

_ROW_IN = 0.42
_AXES_IN = 4.9
_MOST = 25
_ROLES = dict(zip("abc", PALETTE, strict=False))


def census_chart(table: pa.Table, title: str) -> Figure:
    """Copies of each connected pattern and sets with exactly it, on a logarithmic scale."""
    rows = [row for row in table.to_pylist() if row["count"] is not None]
    figure, axes = _figure(title, rows, [row["motif"] for row in rows])
    series = (
        ("count", "copies, whatever else connects the neurons", PALETTE[5]),
        ("induced", "exactly these connections", PALETTE[0]),
    )
    _bars(axes, rows, series)
    axes.set_xlabel("sets of neurons (logarithmic)")
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=8)
    titled(figure, title)
    return figure


def motifs_by_type_chart(table: pa.Table, title: str) -> Figure:
    """The most frequent motifs by the types of the neurons in each role."""
    from matplotlib.lines import Line2D

    rows = table.slice(0, _MOST).to_pylist()
    names = [", ".join(f"{role}: {row[f'type_{role}'] or '(no type)'}" for role in _roles(row)) for row in rows]
    figure, axes = _figure(title, rows, names, by_role=True)
    _bars(axes, rows, (("induced", "exactly these connections", PALETTE[0]),))
    handles = [
        Line2D([], [], marker="o", linestyle="", color=c, markeredgecolor=INK, label=r) for r, c in _ROLES.items()
    ]
    axes.legend(handles=handles, frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=8)
    axes.set_xlabel("sets of neurons with exactly these connections (logarithmic)")
    left_out = len(table) - len(rows)
    titled(figure, title, f"{left_out:,} more rows are not shown." if left_out > 0 else "")
    return figure


def _roles(row: dict[str, Any]) -> list[str]:
    return pattern_edges(row["pattern"])[0]


def _figure(title: str, rows: list[dict[str, Any]], names: list[str], *, by_role: bool = False) -> tuple[Figure, Axes]:
    """Axes with a row a pattern, and drawings at their left, in places set by hand: the drawings must not be squeezed."""
    left = 0.25 + 0.075 * max((len(n) for n in names), default=0)
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
        colours = _ROLES if by_role else {}
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


def _bars(axes: Axes, rows: list[dict[str, Any]], series: tuple[tuple[str, str, str], ...]) -> None:
    thick = 0.74 / len(series)
    for i, (column, label, colour) in enumerate(series):
        at = [y + (i - (len(series) - 1) / 2) * thick for y in range(len(rows))]
        values = [row[column] for row in rows]
        drawn = axes.barh(at, values, height=thick * 0.94, color=colour, label=label)
        for y, value, bar in zip(at, values, drawn, strict=True):
            bar.set_gid(f"{column} {value}")
            axes.annotate(
                f"{value:,}", (max(value, 0.8), y), (3, 0), textcoords="offset points", va="center", fontsize=7.5
            )
    most = max((row[column] for row in rows for column, *_ in series), default=1)
    room = _AXES_IN - (0.1 + 0.066 * len(f"{most:,}"))  # inches that the longest bar may take, its number beside it
    axes.set_xlim(0.8, 0.8 * (max(10, most) / 0.8) ** (_AXES_IN / room))
    axes.set_xscale("log")  # after the limits: without any motif there is no value to take them from
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
