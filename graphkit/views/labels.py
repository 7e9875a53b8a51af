"""Where names and numbers stand so that they cover each other, discs and arrows as little as can be; in inches, y upwards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Box", "best_boxes", "box_at", "box_beside"]

Place = tuple[float, float]


class Box(NamedTuple):
    """The rectangle that a text takes."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> Place:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def meets(self, other: Box) -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(wide, 0.0) * max(high, 0.0)

    def holds(self, place: Place) -> bool:
        return self.left <= place[0] <= self.right and self.bottom <= place[1] <= self.top


def box_at(place: Place, wide: float, high: float) -> Box:
    """A text around a place."""
    return Box(place[0] - wide / 2, place[1] - high / 2, place[0] + wide / 2, place[1] + high / 2)


def box_beside(place: Place, turn: float, radius: float, wide: float, high: float) -> Box:
    """A text that touches the circle around a place at an angle, given in turns: 0 at the right, 0.25 above."""
    across, up = math.cos(2 * math.pi * turn), math.sin(2 * math.pi * turn)
    x, y = place[0] + radius * across, place[1] + radius * up
    left = x - wide * (1 - across) / 2
    bottom = y - high * (1 - up) / 2
    return Box(left, bottom, left + wide, bottom + high)


def best_boxes(
    choices: Mapping[str, Sequence[Box]], discs: Mapping[str, Box], lines: Sequence[Sequence[Place]]
) -> dict[str, Box]:
    """For each text one of its boxes, earlier ones first where they are as good.

    Covering another text weighs most, then a disc that is not its own (by the same key), then points of lines.
    """
    points = [point for line in lines for point in line]
    cost: dict[str, list[float]] = {}
    for key, boxes in choices.items():
        cost[key] = []
        for rank, box in enumerate(boxes):
            area = (box.right - box.left) * (box.top - box.bottom)
            others = sum(box.meets(disc) for of, disc in discs.items() if of != key)
            covered = sum(box.holds(point) for point in points)
            cost[key].append(0.1 * rank + 20 * others / area + 0.15 * covered)
    chosen = {key: min(range(len(boxes)), key=lambda k, key=key: cost[key][k]) for key, boxes in choices.items()}  # type: ignore[misc]
    for _ in range(6):
        before = dict(chosen)
        for key, boxes in choices.items():
            others_now = [choices[other][k] for other, k in chosen.items() if other != key]

            def total(k: int, key: str = key, boxes: Sequence[Box] = boxes, near: list[Box] = others_now) -> float:
                area = (boxes[k].right - boxes[k].left) * (boxes[k].top - boxes[k].bottom)
                met = [boxes[k].meets(other) for other in near]
                return cost[key][k] + sum(5 + 40 * m / area for m in met if m > 0)

            chosen[key] = min(range(len(boxes)), key=total)
        if chosen == before:
            break
    return {key: choices[key][k] for key, k in chosen.items()}
