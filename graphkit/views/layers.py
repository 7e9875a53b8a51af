"""Places of a layered drawing: from the left those that send, to the right those that receive.

The height of a disc in the flow is that of Carmel et al., IEEE TVCG 10 (2004), by which Varshney et al. (2011) draw the worm's
circuit: each connection wants its source one step before its target, and the heights miss these wishes, by weight, as little as
they can.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

__all__ = ["layer_places", "signal_flow"]


def signal_flow(edges: Mapping[tuple[str, str], float], names: list[str]) -> dict[str, float]:
    """The height of each name, larger ones before; the mean over connected names is 0.

    >>> signal_flow({("a", "b"): 3, ("b", "c"): 1}, ["a", "b", "c"])
    {'a': 1.0, 'b': 0.0, 'c': -1.0}
    """
    place = {name: i for i, name in enumerate(names)}
    weight = np.zeros((len(names), len(names)))
    for (a, b), n in edges.items():
        if a != b:
            weight[place[a], place[b]] += n
    both = (weight + weight.T) / 2
    wishes = (both * np.sign(weight - weight.T)).sum(axis=1)
    laplacian = np.diag(both.sum(axis=1)) - both
    heights = np.linalg.pinv(laplacian) @ wishes
    return {name: round(float(h), 9) + 0.0 for name, h in zip(names, heights, strict=True)}


def layer_places(edges: Mapping[tuple[str, str], float], names: list[str]) -> dict[str, tuple[float, float]]:
    """x (the layer, from 0) and y (from 0 at the bottom to 1) of each name; within a layer beside those that it connects with."""
    heights = signal_flow(edges, names)
    top, bottom = max(heights.values()), min(heights.values())
    n_layers = min(len(names), max(round(top - bottom) + 1, math.ceil(math.sqrt(len(names)))))
    step = (top - bottom) / (n_layers - 1) if top > bottom and n_layers > 1 else 1.0
    layer = {name: round((top - h) / step) for name, h in heights.items()}
    used = sorted(set(layer.values()))
    columns = [sorted((n for n in names if layer[n] == k), key=lambda n: -_weight(edges, n)) for k in used]
    places = {n: (float(x), _at(i, len(c))) for x, c in enumerate(columns) for i, n in enumerate(c)}
    for _ in range(4):
        for x, column in enumerate(columns):
            column.sort(key=lambda n: (-_middle(edges, n, places), n))
            places |= {n: (float(x), _at(i, len(column))) for i, n in enumerate(column)}
    return places


def _weight(edges: Mapping[tuple[str, str], float], name: str) -> float:
    return sum(w for pair, w in edges.items() if name in pair)


def _at(i: int, count: int) -> float:
    return 1 - (i + 0.5) / count


def _middle(edges: Mapping[tuple[str, str], float], name: str, places: Mapping[str, tuple[float, float]]) -> float:
    """The mean height of those that a name connects with, by weight."""
    near = [(w, places[a if b == name else b][1]) for (a, b), w in edges.items() if name in (a, b) and a != b]
    total = sum(w for w, _ in near)
    return sum(w * y for w, y in near) / total if total else 0.5
