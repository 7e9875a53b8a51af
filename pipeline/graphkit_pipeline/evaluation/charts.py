"""Charts as inline SVG and HTML. Colours are classes that the report's style sheet gives, for light and for dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from graphkit_pipeline.evaluation.connections import ConnectionScore

__all__ = ["bars", "histogram", "matrices", "shares"]


def shares(parts: Sequence[tuple[str, str, float]], total: float) -> str:
    """One bar of parts that add up to ``total``: (label, colour class, amount); parts of nothing are left out."""
    cells = []
    for label, kind, amount in parts:
        if amount <= 0 or not total:
            continue
        share = amount / total
        text = f"{share:.0%}" if share >= 0.06 else ""
        cells.append(
            f'<span class="{kind}" style="flex:{share:.4f} 0 0" title="{escape(label)}: {share:.1%}">{text}</span>'
        )
    return f'<div class="shares">{"".join(cells)}</div>'


def bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars of figures from 0 to 1: (label, figure, remark)."""
    lines = []
    for label, value, remark in rows:
        defined = np.isfinite(value)
        width = 100 * value if defined else 0
        lines.append(
            f'<tr><th scope="row">{escape(label)}</th>'
            f'<td class="track"><span class="fill" style="width:{width:.1f}%"></span></td>'
            f'<td class="num">{f"{value:.3f}" if defined else "–"}</td><td class="remark">{escape(remark)}</td></tr>'
        )
    return f'<table class="bars">{"".join(lines)}</table>'


def histogram(
    series: Sequence[tuple[str, str, np.ndarray]],
    *,
    label: str,
    low: float,
    high: float,
    bins: int = 24,
    unit: str = "",
    weigh: bool = False,
) -> str:
    """Stacked columns: (label, colour class, values) for each series, over [low, high], ``high`` rounded up.

    ``weigh``: a column is the sum of its values, not their number.
    """
    width, height, left, right, bottom = 360, 200, 40, 14, 38
    high = low + _round_up(high - low)
    edges = np.linspace(low, high, bins + 1)
    counts = np.stack([np.histogram(v, edges, weights=v if weigh else None)[0] for _, _, v in series])
    top = _round_up(float(counts.sum(axis=0).max(initial=1)))
    step = (width - left - right) / bins
    scale = (height - bottom - 8) / top
    parts = []
    for fraction in (0, 0.5, 1):
        y = height - bottom - fraction * top * scale
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end">{fraction * top:,g}</text>')
    for k in range(bins):
        base = float(height - bottom)
        for (name, kind, _), amount in zip(series, counts[:, k], strict=True):
            tall = float(amount) * scale
            if amount:
                span = f"{edges[k]:g} to {edges[k + 1]:g}{unit}"
                parts.append(
                    f'<rect class="{kind}" x="{left + k * step + 0.6:.1f}" y="{base - tall:.1f}" width="{step - 1.2:.1f}" '
                    f'height="{tall:.1f}"><title>{escape(name)}, {span}: {amount:,.0f}</title></rect>'
                )
            base -= tall
    for fraction in (0, 0.25, 0.5, 0.75, 1):
        x = left + fraction * (width - left - right)
        value = low + fraction * (high - low)
        parts.append(f'<text x="{x:.1f}" y="{height - bottom + 15}" text-anchor="middle">{value:g}</text>')
    parts.append(
        f'<text class="axis" x="{(left + width - right) / 2:.0f}" y="{height - 4}" text-anchor="middle">{escape(label)}</text>'
    )
    return f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 6, 8 and 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next((m * power for m in (1, 2, 4, 6, 8) if m * power >= value * (1 - 1e-9)), 10 * power))


def matrices(graph: ConnectionScore, *, most: int = 44) -> tuple[str, str, int, int]:
    """(SVG of the true graph, SVG of the found one, neurons shown, neurons in all), rows pre and columns post.

    The neurons with most synapses in both graphs together, in that order. In the found one a connection is right, false
    or missing; segments that stand for no neuron have no row.
    """
    real = (graph.pairs > 0).all(axis=1)
    pairs, weight = graph.pairs[real], (graph.true_counts + graph.found_counts)[real]
    ids, inverse = np.unique(pairs, return_inverse=True)
    strength = np.bincount(inverse.ravel(), weights=np.repeat(weight, 2), minlength=len(ids))
    shown = ids[np.lexsort((ids, -strength))[:most]]
    row = {int(i): k for k, i in enumerate(shown)}
    largest = max(1, int(max(graph.true_counts.max(initial=1), graph.found_counts.max(initial=1))))
    true_cells, found_cells = [], []
    for (pre, post), true, found in zip(graph.pairs.tolist(), graph.true_counts, graph.found_counts, strict=True):
        if pre not in row or post not in row:
            continue
        where = (row[pre], row[post])
        note = f"{pre} → {post}: {true} true, {found} found"
        if true:
            true_cells.append(_cell(where, "kept", int(true), largest, note))
        kind = "kept" if true and found else "false" if found else "missed"
        found_cells.append(_cell(where, kind, int(found or true), largest, note))
    size = len(shown) * 10
    return (
        _matrix(true_cells, size, "the true graph"),
        _matrix(found_cells, size, "the graph found"),
        len(shown),
        len(ids),
    )


def _cell(where: tuple[int, int], kind: str, synapses: int, largest: int, note: str) -> str:
    y, x = where
    side = 5.0 + 4.0 * np.log1p(synapses) / np.log1p(largest)
    start = (10 - side) / 2
    return (
        f'<rect class="{kind}" x="{x * 10 + start:.1f}" y="{y * 10 + start:.1f}" width="{side:.1f}" height="{side:.1f}">'
        f"<title>{escape(note)}</title></rect>"
    )


def _matrix(cells: list[str], size: int, what: str) -> str:
    lines = "".join(
        f'<path class="grid" d="M{k} 0V{size}M0 {k}H{size}"/>' for k in range(0, size + 1, 10 * max(1, size // 100))
    )
    return (
        f'<svg class="matrix" viewBox="-1 -1 {size + 2} {size + 2}" role="img" aria-label="{escape(what)}">{lines}'
        f'<path class="grid strong" d="M0 0H{size}V{size}H0Z M0 0L{size} {size}"/>{"".join(cells)}</svg>'
    )
