"""Label planes as coloured PNG, and the marks drawn over them. Colours are safe for the colour-blind."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape

import numpy as np

__all__ = ["COLOURS", "as_grey", "contrasting", "filled", "glyph", "png", "scale_bar"]

COLOURS = np.array(
    [
        (86, 180, 233),
        (230, 159, 0),
        (0, 158, 115),
        (240, 228, 66),
        (0, 114, 178),
        (213, 94, 0),
        (204, 121, 167),
        (170, 170, 255),
    ]
)
"""Okabe and Ito's colours without black, and one more."""


def contrasting(planes: Iterable[np.ndarray]) -> dict[int, np.ndarray]:
    """A colour for every label, different from those of the labels next to it: greedy, the most crowded label first."""
    neighbours: dict[int, set[int]] = {}
    for labels in planes:
        for label in np.unique(labels[labels != 0]).tolist():
            neighbours.setdefault(label, set())
        for axis in (0, 1):
            for step in (1, 3, 6):  # across a membrane gap as well
                a, b = np.moveaxis(labels, axis, 0)[step:], np.moveaxis(labels, axis, 0)[:-step]
                touching = (a != b) & (a != 0) & (b != 0)
                for one, two in np.unique(np.stack([a[touching], b[touching]], axis=1), axis=0).tolist():
                    neighbours[one].add(two)
                    neighbours[two].add(one)
    chosen: dict[int, int] = {}
    used = [0] * len(COLOURS)
    for label in sorted(neighbours, key=lambda n: (-len(neighbours[n]), n)):
        taken = {chosen[n] for n in neighbours[label] if n in chosen}
        free = [c for c in range(len(COLOURS)) if c not in taken] or list(range(len(COLOURS)))
        chosen[label] = min(free, key=lambda c: (used[c], c))
        used[chosen[label]] += 1
    return {label: COLOURS[c] for label, c in chosen.items()}


def filled(
    labels: np.ndarray, colours: dict[int, np.ndarray], alpha: float, *, outline_of: np.ndarray | None = None
) -> np.ndarray:
    """uint8 [rows, columns, 4]: each label in its colour, see-through, with a firm outline; others clear."""
    ids, inverse = np.unique(labels, return_inverse=True)
    known = np.array([int(i) in colours for i in ids])
    table = np.array([colours.get(int(i), np.zeros(3)) for i in ids]).reshape(-1, 3)
    inverse = inverse.reshape(labels.shape)
    shown = known[inverse]
    fill = np.zeros((*labels.shape, 4), np.uint8)
    fill[..., :3] = table[inverse]
    fill[..., 3] = np.where(shown, round(255 * alpha), 0)
    edges = _outline(labels if outline_of is None else outline_of) & shown
    fill[edges, 3] = round(255 * min(1.0, alpha + 0.45))
    return fill


def _outline(labels: np.ndarray) -> np.ndarray:
    """bool: pixels whose neighbour to any side has another label."""
    edges = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        differs = np.diff(labels, axis=axis) != 0
        before: list[slice] = [slice(None)] * 2
        after: list[slice] = [slice(None)] * 2
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        edges[tuple(before)] |= differs
        edges[tuple(after)] |= differs
    return edges


def as_grey(image: np.ndarray) -> np.ndarray:
    """uint8: the image itself, or stretched from its darkest to its brightest."""
    if image.dtype == np.uint8:
        return image
    low, high = float(image.min()), float(image.max())
    return np.asarray((image - low) / max(high - low, 1e-12) * 255, dtype=np.uint8)


def png(array: np.ndarray) -> str:
    """The array (grey or RGBA) as a PNG in a data address."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def glyph(kind: str, at: np.ndarray, unit: float) -> str:
    """A synapse at ``at`` (x, y), in a picture a hundred ``unit`` wide: a cross where it is false, else a circle."""
    x, y, r = float(at[0]), float(at[1]), unit * 1.15
    if kind == "false":
        path = f"M{x - r:.0f} {y - r:.0f}L{x + r:.0f} {y + r:.0f}M{x - r:.0f} {y + r:.0f}L{x + r:.0f} {y - r:.0f}"
        strokes = (("halo", 1.3), ("mark", 0.6))
        return "".join(f'<path class="{layer}" d="{path}" stroke-width="{unit * w:.1f}"/>' for layer, w in strokes)
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{r:.0f}" stroke-width="{unit * 0.5:.1f}"/>'


def scale_bar(width: float, height: float, *, scale: float = 1.0) -> str:
    """A bar of a round length, about a fifth of the picture; ``scale`` enlarges its text where the picture is shown small."""
    wanted = width / 5
    length = max(step for step in (10**e * m for e in range(7) for m in (1, 2, 5)) if step <= max(wanted, 1))
    unit = width / 100
    text = f"{length / 1000:g} µm" if length >= 1000 else f"{length:g} nm"
    x, y = 3 * unit, height - 3 * unit
    return (
        f'<g class="scale"><rect x="{x:.1f}" y="{y - unit:.1f}" width="{length:g}" height="{unit:.1f}"/>'
        f'<text x="{x:.1f}" y="{y - 2 * unit:.1f}" font-size="{4.2 * unit * scale:.1f}">{escape(text)}</text></g>'
    )
