"""Significance of motifs: z of each motif beside its drawing, a column of points a null model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphkit.errors import NotAnswerableError
from graphkit.views.census import ROLES, motif_name
from graphkit.views.figure import (
    GREY,
    INK,
    PALETTE,
    new_figure,
    plain_axes,
    text_width_in,
    thousands,
    title_height,
    titled,
)
from graphkit.views.glyphs import draw_motif, pattern_edges

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

__all__ = ["significance_chart"]

_ROW_IN = 0.46
_NAMES_IN = 2.6
_CHART_IN = 5.2
_LINE_IN = 0.17
_MOST_ROWS = 40
_MARKERS = "osD^vPX"


def significance_chart(
    tables: Mapping[str, pa.Table], title: str, *, level: float = 0.05, samples: Mapping[str, int] | None = None
) -> Figure:
    """z of each motif, by null model, on a scale that is linear from -2 to 2 and logarithmic beyond.

    Args:
        tables: by the name of the null model, what ``graphkit.motifs.Significance.table`` gives; all of the same motifs.
        level: motifs with an adjusted p above it are drawn hollow.
        samples: random graphs by the name of the null model; the caption says how small a p they allow.

    Raises:
        NotAnswerableError: no table, tables of different motifs, or too many motifs for a picture.
    """
    rows = {model: {_key(row): row for row in table.to_pylist()} for model, table in tables.items()}
    first = next(iter(rows.values()), {})
    if not first or any(set(of_model) != set(first) for of_model in rows.values()):
        raise NotAnswerableError("A picture of significance needs tables of the same motifs, one a null model.")
    motifs = list(first.values())
    if len(motifs) > _MOST_ROWS:
        raise NotAnswerableError(
            f"{len(motifs)} motifs are too many for a picture; {_MOST_ROWS} are the most.",
            hint="Ask for the first of them: order by z desc limit 20.",
        )
    names_in = max(_NAMES_IN, *(0.2 + text_width_in(motif_name(motif), 9) for motif in motifs))
    width = names_in + _ROW_IN + 0.2 + _CHART_IN
    below = 0.85 + _LINE_IN * len(samples or {})
    tall = 0.45 + below + title_height(title, width) + _ROW_IN * len(motifs)
    figure = new_figure(width, tall, by_hand=True)
    bottom, height = below / tall, _ROW_IN * len(motifs) / tall
    drawings = figure.add_axes((names_in / width, bottom, _ROW_IN / width, height))
    plain_axes(drawings)
    drawings.set_xlim(-0.5, 0.5)
    drawings.set_ylim(len(motifs) - 0.5, -0.5)
    axes = figure.add_axes(((names_in + _ROW_IN + 0.1) / width, bottom, (_CHART_IN - 0.1) / width, height))
    axes.set_ylim(len(motifs) - 0.5, -0.5)
    axes.set_yticks([])
    for y, motif in enumerate(motifs):
        nodes, edges = pattern_edges(motif["pattern"])
        drawings.text(-0.55, y, motif_name(motif), ha="right", va="center", fontsize=9)
        look: dict[str, Any] = {"size": 0.92, "line_width": 0.7, "apart": 2.0, "downwards": True}
        colours = ROLES if "type_a" in motif else {}
        draw_motif(drawings, edges, nodes=nodes, colours=colours, at=(0.0, y), **look)
    step = 0.7 / max(len(rows), 1)
    for place, (model, of_model) in enumerate(rows.items()):
        colour, marker = PALETTE[place % len(PALETTE)], _MARKERS[place % len(_MARKERS)]
        axes.plot([], [], marker=marker, linestyle="", color=colour, markeredgecolor=INK, label=model)
        for y, motif in enumerate(motifs):
            row = of_model[_key(motif)]
            if row["z"] is None:
                continue
            at = y + (place - (len(rows) - 1) / 2) * step
            surely = row["p_adjusted"] is not None and row["p_adjusted"] <= level
            axes.plot([0, row["z"]], [at, at], color=colour, linewidth=1.2, zorder=2)
            face = colour if surely else "white"
            (point,) = axes.plot(
                row["z"], at, marker=marker, color=face, markeredgecolor=INK, markersize=5.5, markeredgewidth=0.7
            )
            point.set_gid(f"{model} {motif['code']} {row['z']:.3g}")
    axes.set_xscale("symlog", linthresh=2, linscale=0.5)
    known = [row["z"] for of_model in rows.values() for row in of_model.values() if row["z"] is not None]
    if max(map(abs, known), default=0) < 20:
        axes.set_xticks([-20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20])
        axes.set_xlim(1.08 * min([0, *known]) - 0.3, 1.08 * max([0, *known]) + 0.3)
    thousands(axes.xaxis)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    axes.axvspan(-2, 2, color=GREY, alpha=0.15, linewidth=0, zorder=0)
    caption = f"z: fewer than in random graphs  ←  →  more      (hollow: adjusted p above {level:g})"
    axes.set_xlabel("\n".join([caption, *(_smallest(model, n, level) for model, n in (samples or {}).items())]))
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color=GREY, alpha=0.3, linewidth=0.6)
    titled(figure, title, "" if known else "No z: the random graphs do not differ.")
    return figure


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    """A motif, by type with the types of its neurons."""
    return (row["code"], *(row.get(f"type_{role}") for role in "abc"))


def _smallest(model: str, samples: int, level: float) -> str:
    """How small a p can be: two-sided, with the original counted among the samples."""
    least = min(1.0, 2 / (samples + 1))
    words = f"{model}: no p of {samples:,} random graphs is below {least:.2g}"
    return words + (", so all are hollow" if least > level else "")
