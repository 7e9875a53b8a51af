"""Where the discs of a circuit diagram stand: in two columns, on a circle, in layers, or by forces; in inches, y upwards."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Literal, NamedTuple

from graphkit.views.force import force_places
from graphkit.views.layers import layer_places

__all__ = ["Arrangement", "Shape", "arranged", "circle_order", "two_groups"]

Shape = Literal["circuit", "force", "layers"]

Place = tuple[float, float]

_ACROSS_IN = 5.2
_LAYER_IN, _ROW_IN = 1.8, 0.75
_LINK_IN, _APART_IN = 1.15, 0.62
_WIDEST_IN = 9.0


class Arrangement(NamedTuple):
    """The place of each disc, the angles at which its name should stand, the best first, and the groups of two columns."""

    places: dict[str, Place]
    sides: dict[str, list[float]]
    columns: tuple[set[str], set[str]] | None


def arranged(edges: Mapping[tuple[str, str], int], names: list[str], shape: Shape) -> Arrangement:
    """The places by ``shape``; "circuit" is two columns where two groups are connected only with each other, else a circle."""
    if shape == "layers":
        found = layer_places(edges, names)
        high = _ROW_IN * max(Counter(x for x, _ in found.values()).values())
        places = {n: (_LAYER_IN * x, high * y) for n, (x, y) in found.items()}
        return Arrangement(places, {n: [0.25] for n in names}, None)
    if shape == "force":
        found = force_places(edges, circle_order(edges, names), apart=_APART_IN / _LINK_IN)
        wide = max(x for x, _ in found.values()) - min(x for x, _ in found.values())
        scale = min(_LINK_IN, _WIDEST_IN / max(wide, 1e-9))
        return Arrangement({n: (scale * x, scale * y) for n, (x, y) in found.items()}, {n: [] for n in names}, None)
    groups = two_groups(edges, names)
    if groups is not None:
        sides = {n: [0.5] if n in groups[0] else [0.0] for n in names}
        return Arrangement(_columns(edges, *groups), sides, groups)
    order = circle_order(edges, names)
    radius = max(min(1.1 + 0.12 * len(order), 3.2), 0.6 * len(order) / (2 * math.pi))
    turns = {n: i / len(order) for i, n in enumerate(order)}
    places = {n: (radius * math.sin(2 * math.pi * t), radius * math.cos(2 * math.pi * t)) for n, t in turns.items()}
    return Arrangement(places, {n: [(0.25 - t) % 1] for n, t in turns.items()}, None)


def circle_order(edges: Mapping[tuple[str, str], float], names: list[str]) -> list[str]:
    """Names in an order in which each stands beside the one that it is most connected with, greedily from the strongest."""
    weight = {frozenset(p): edges.get(p, 0) + edges.get((p[1], p[0]), 0) for p in edges if p[0] != p[1]}

    def between(a: str, b: str) -> float:
        return weight.get(frozenset((a, b)), 0)

    total = {n: sum(w for p, w in weight.items() if n in p) for n in names}
    order = [min(names, key=lambda n: (-total[n], n))]
    left = set(names) - set(order)
    while left:
        end, begin = order[-1], order[0]
        after = min(left, key=lambda n: (-between(end, n), -total[n], n))
        before = min(left, key=lambda n: (-between(begin, n), -total[n], n))
        if between(begin, before) > between(end, after):
            order.insert(0, before)
            left.remove(before)
        else:
            order.append(after)
            left.remove(after)
    return order


def two_groups(edges: Mapping[tuple[str, str], int], names: list[str]) -> tuple[set[str], set[str]] | None:
    """Names in two groups without a connection within either, the one that gives more first; None where there are none."""
    around: dict[str, set[str]] = {n: set() for n in names}
    for a, b in edges:
        around[a].add(b)
        around[b].add(a)
    group: dict[str, int] = {}
    for first in names:
        if first in group:
            continue
        gives = sum(w for (a, _), w in edges.items() if a == first) - sum(
            w for (_, b), w in edges.items() if b == first
        )
        group[first], waiting = int(gives < 0), [first]
        while waiting:
            name = waiting.pop()
            for other in sorted(around[name]):
                if other not in group:
                    group[other] = 1 - group[name]
                    waiting.append(other)
                elif group[other] == group[name]:
                    return None
    return {n for n in names if group[n] == 0}, {n for n in names if group[n] == 1}


def _columns(edges: Mapping[tuple[str, str], int], sources: set[str], targets: set[str]) -> dict[str, Place]:
    longer = max(len(sources), len(targets))
    high = longer * min(0.9, max(0.42, 3.4 / longer))
    places: dict[str, Place] = {}
    for x, side in ((0.0, sources), (_ACROSS_IN, targets)):
        total = {n: sum(w for pair, w in edges.items() if n in pair) for n in side}
        order = sorted(side, key=lambda n: (-total[n], n))
        for i, name in enumerate(order):
            places[name] = (x, high * (0.5 - (i + 0.5) / len(order)))
    return places
