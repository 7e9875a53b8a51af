"""Places of a force-directed drawing: what is strongly connected stands together.

Stress majorization (Gansner, Koren & North, Graph Drawing 2004) of the distances of Kamada & Kawai (1989): two discs are to be as
far apart as the shortest path between them is long, where a connection is longer the fewer synapses it has. Parts that no
connection joins are drawn by themselves, the largest above the others. The same connections always give the same places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["force_places", "wished_distances"]

_STARTS = 8
_STEPS = 250
_BETWEEN_PARTS = 1.0
"""The distance of parts that no connection joins."""

Points = NDArray[np.float64]


def force_places(
    edges: Mapping[tuple[str, str], float], names: Sequence[str], *, apart: float = 0.6
) -> dict[str, tuple[float, float]]:
    """x and y of each name, around 0; the strongest connection is to be 1 long, and no two are nearer than ``apart``.

    ``names`` is the order in which they stand on a circle in the first of the tries, of which the one of the least stress is
    taken. Each part is wider than high, and turned so that signals go to the right.
    """
    parts = _parts(edges, names)
    drawn = [_part({pair: w for pair, w in edges.items() if pair[0] in part}, part, apart) for part in parts]
    points = np.concatenate(_packed(drawn))
    flat = [name for part in parts for name in part]
    return {
        name: (round(float(x), 4) + 0.0, round(float(y), 4) + 0.0) for name, (x, y) in zip(flat, points, strict=True)
    }


def _parts(edges: Mapping[tuple[str, str], float], names: Sequence[str]) -> list[list[str]]:
    """The names that connections join, the largest part first, each in the order of the names."""
    part = {name: {name} for name in names}
    for a, b in edges:
        if part[a] is not part[b]:
            part[a] |= part[b]
            for name in part[b]:
                part[name] = part[a]
    found = {id(part[name]): [n for n in names if part[n] is part[name]] for name in names}
    return sorted(found.values(), key=lambda of: -len(of))


def _packed(parts: list[Points]) -> list[Points]:
    """The parts in rows: the first by itself, the others below it, in rows that are no wider than it or than they must be."""
    if len(parts) == 1:
        return parts
    wide = [float(np.ptp(points[:, 0])) + _BETWEEN_PARTS for points in parts]
    room = max(wide[0], *wide, 4 * _BETWEEN_PARTS)
    rows: list[list[int]] = [[0]]
    for k in range(1, len(parts)):
        if len(rows) == 1 or sum(wide[i] for i in rows[-1]) + wide[k] > room:
            rows.append([])
        rows[-1].append(k)
    placed: list[Points] = [points - points.min(axis=0) for points in parts]
    top = 0.0
    for row in rows:
        high = max(float(np.ptp(parts[k][:, 1])) for k in row)
        left = -sum(wide[k] for k in row) / 2 + _BETWEEN_PARTS / 2
        for k in row:
            middle = (high - float(np.ptp(parts[k][:, 1]))) / 2
            placed[k] = placed[k] + np.array([left, top - high + middle])
            left += wide[k]
        top -= high + _BETWEEN_PARTS
    return placed


def _part(edges: Mapping[tuple[str, str], float], names: Sequence[str], apart: float) -> Points:
    n = len(names)
    if n == 1:
        return np.zeros((1, 2))
    wished = wished_distances(edges, names)
    angle = 2 * np.pi * np.arange(n) / n
    rng = np.random.default_rng(0)
    circle = np.stack([np.sin(angle), np.cos(angle)], axis=1) * wished.max() / 2
    starts = [circle, *(rng.normal(size=(n, 2)) * wished.max() / 2 for _ in range(_STARTS - 1))]
    tried = [_majorized(start, wished) for start in starts]
    least = min(stress for stress, _ in tried)
    points = next(found for stress, found in tried if stress <= least * (1 + 1e-6))
    return _spread(_turned(points, edges, names), apart)


def wished_distances(edges: Mapping[tuple[str, str], float], names: Sequence[str]) -> Points:
    """How far apart two names are to be: along connections, 1 for the strongest and up to 2 for the weakest; (n, n), infinite
    where no connections join them."""
    place = {name: i for i, name in enumerate(names)}
    both = np.zeros((len(names), len(names)))
    for (a, b), weight in edges.items():
        if a != b:
            both[place[a], place[b]] += weight
    both += both.T
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(both > 0, 2 - np.sqrt(both / max(both.max(), 1e-12)), np.inf)
    np.fill_diagonal(far, 0)
    for k in range(len(names)):  # Floyd & Warshall
        far = np.minimum(far, far[:, k : k + 1] + far[k : k + 1])
    found: Points = far
    return found


def _majorized(points: Points, wished: Points) -> tuple[float, Points]:
    """The stress, and the places, after steps each of which makes it less."""
    n = len(points)
    with np.errstate(divide="ignore"):
        weight = np.where(wished > 0, wished**-2.0, 0.0)
    laplacian = np.diag(weight.sum(axis=1)) - weight
    inverse = np.linalg.pinv(laplacian)
    for _ in range(_STEPS):  # always all of them, so that no last digit decides when it is done
        far = _distances(points)
        with np.errstate(divide="ignore", invalid="ignore"):
            pull = np.where(far > 0, -weight * wished / far, 0.0)
        pull[np.arange(n), np.arange(n)] = -pull.sum(axis=1)
        points = inverse @ (pull @ points)
    stress = float((weight * np.square(_distances(points) - wished)).sum()) / 2
    return stress, points - points.mean(axis=0)


def _distances(points: Points) -> Points:
    apart = points[:, None] - points[None]
    found: Points = np.sqrt(np.square(apart).sum(axis=2))
    return found


def _turned(points: Points, edges: Mapping[tuple[str, str], Any], names: Sequence[str]) -> Points:
    """Wide rather than high; most synapses go to the right, and what has most of them stands in the upper half."""
    _, axes = np.linalg.eigh(points.T @ points)
    points = points @ axes[:, ::-1]
    place = {name: i for i, name in enumerate(names)}
    total = np.zeros(len(names))
    right = 0.0
    for (a, b), weight in edges.items():
        right += weight * (points[place[b], 0] - points[place[a], 0])
        total[[place[a], place[b]]] += weight
    up = points[int(np.argmax(total)), 1]
    turned: Points = points * np.array([-1.0 if right < -1e-9 else 1.0, -1.0 if up < -1e-9 else 1.0])
    return turned


def _spread(points: Points, apart: float) -> Points:
    """Those that are too near are pushed apart, half of what is wanting each."""
    points = points.copy()
    for _ in range(200):
        far = _distances(points)
        np.fill_diagonal(far, np.inf)
        near = np.argwhere(np.triu(far < apart - 1e-6))
        if not len(near):
            break
        for a, b in near:
            way = points[b] - points[a]
            length = float(np.hypot(*way))
            way = way / length if length > 1e-9 else np.array([np.cos(a), np.sin(a)])
            push = max(apart - length, 0.0) / 2
            points[a] -= push * way
            points[b] += push * way
    return points
