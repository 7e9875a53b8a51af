"""What the network sees in training: one object in a small canvas, visited from the centre outwards.

    canvas = field of view + 2 rings * deltas          + . + . +     visits: the centre first, then the other places of
    the object through its centre: target 0.95         . + + + .     the grid in random order, each only if the canvas
    all else:                      target 0.05         + + C + +     there has come up to `move` by then
                                                       . + + + .
Every visit is one sample of a gradient step; its prediction goes back to the canvas, so the network learns to go on from
its own maps.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.ffn.augment import (
    Augmentation,
    blurred_sections,
    graded,
    graded_sections,
    missing_sections,
    noisy,
    section_shifts,
    spoilt_section,
    turned,
)
from graphkit_pipeline.ffn.settings import NetworkSettings, Triple, logit

__all__ = ["Example", "canvas_shape", "make_example"]

TARGET_IN, TARGET_OUT = 0.95, 0.05


@dataclass(slots=True)
class Example:
    """One canvas in the making: image (normalised), target and seed logits float32 [z, y, x], and the visits to come."""

    image: NDArray[np.float32]
    target: NDArray[np.float32]
    seed: NDArray[np.float32]
    visits: list[Triple]

    def next_visit(self, view: Triple, move: float) -> tuple[slice, slice, slice] | None:
        """The field of view of the next visit whose place has at least the logit ``move``, or None at the end."""
        while self.visits:
            centre = self.visits.pop()
            if self.seed[centre] >= move:
                z, y, x = (slice(c - v // 2, c + v // 2 + 1) for c, v in zip(centre, view, strict=True))
                return z, y, x
        return None


def canvas_shape(network: NetworkSettings, rings: int) -> Triple:
    """The canvas in which the field of view can move ``rings`` deltas from the centre."""
    z, y, x = (v + 2 * rings * d for v, d in zip(network.field_of_view, network.deltas, strict=True))
    return z, y, x


def make_example(
    image: NDArray[np.uint8],
    labels: NDArray[Any],
    centre: Triple,
    network: NetworkSettings,
    augmentation: Augmentation,
    rng: np.random.Generator,
    *,
    rings: int = 1,
    visits: int | None = None,
    connected: bool = True,
) -> Example:
    """The example around ``centre`` of a volume, varied; with at most ``visits`` visits.

    With ``connected``, pieces of the same object that do not hang together with the centre within the canvas are no part of the
    target: from the canvas alone nobody can know that they belong to it.
    """
    shape = canvas_shape(network, rings)
    a = augmentation
    low = np.array(centre) - np.array(shape) // 2
    shifts = np.zeros((shape[0], 2), dtype=np.int64)
    if a.shifted and rng.random() < a.shifted:
        room = np.column_stack([low, np.array(image.shape) - low - np.array(shape)])[1:]
        shifts = section_shifts(shape[0], a.shift_vox, room, rng)
    grey, inside = _seen(image, labels, centre, low, shape, shifts, connected)
    if a.blurred and rng.random() < a.blurred:
        grey = blurred_sections(grey, a.blurred_most, a.blur_vox, rng)
    if a.section_contrast or a.section_brightness:
        grey = graded_sections(grey, a.section_contrast, a.section_brightness, rng)
    if a.section and rng.random() < a.section:
        grey = spoilt_section(grey, rng)
    if a.missing and rng.random() < a.missing:
        grey = missing_sections(grey, a.missing_most, rng)
    grey, inside = turned(grey, inside, network, a, rng)
    grey = graded(grey, a.contrast, a.brightness, rng)
    if a.noise:
        grey = noisy(grey, a.noise, rng)
    seed = np.full(shape, logit(network.pad), dtype=np.float32)
    middle = (shape[0] // 2, shape[1] // 2, shape[2] // 2)
    seed[middle] = logit(network.init)
    return Example(
        ((grey - network.mean) / network.std).astype(np.float32),
        np.where(inside, np.float32(TARGET_IN), np.float32(TARGET_OUT)),
        seed,
        _visits(middle, network.deltas, rings, rng)[-visits if visits else None :],
    )


def _visits(middle: Triple, deltas: Triple, rings: int, rng: np.random.Generator) -> list[Triple]:
    """The places of the grid in the order in which ``pop`` gives them: the centre, then the rest shuffled, ring by ring."""
    order: list[Triple] = []
    steps = [range(-rings, rings + 1) if d else range(1) for d in deltas]
    grid = list(itertools.product(*steps))
    for ring in range(rings + 1):
        places = [p for p in grid if max(map(abs, p)) == ring]
        for k in rng.permutation(len(places)).tolist():
            z, y, x = (m + s * d for m, s, d in zip(middle, places[k], deltas, strict=True))
            order.append((z, y, x))
    return order[::-1]


def _seen(
    image: NDArray[np.uint8],
    labels: NDArray[Any],
    centre: Triple,
    low: NDArray[np.int64],
    shape: Triple,
    shifts: NDArray[np.int64],
    connected: bool,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Grey values and the object in the canvas at ``low``, each section taken from where its shift has put it.

    Whether the object hangs together is asked in the volume, where no section is out of place: a neurite that a displaced section
    cuts in two is still one.
    """
    reach = np.abs(shifts).max(axis=0)
    first, last = low[1:] - np.minimum(reach, low[1:]), low[1:] + shape[1:] + reach
    box = (slice(low[0], low[0] + shape[0]), *(slice(f, e) for f, e in zip(first.tolist(), last.tolist(), strict=True)))
    whole, same = image[box], labels[box] == labels[centre]
    starts = (low[1:] - first + shifts).tolist()
    views = [(z, slice(y, y + shape[1]), slice(x, x + shape[2])) for z, (y, x) in enumerate(starts)]
    if connected:
        visible = np.zeros(same.shape, dtype=bool)
        for view in views:
            visible[view] = same[view]
        y, x = (np.array(centre[1:]) - first).tolist()
        same = _component(visible, (shape[0] // 2, y, x))
    grey = np.stack([whole[view] for view in views]).astype(np.float32)
    return grey, np.stack([same[view] for view in views])


def _component(inside: NDArray[np.bool_], place: Triple) -> NDArray[np.bool_]:
    """The part of the mask that hangs together (by faces, edges or corners) with the voxel at ``place``."""
    from scipy import ndimage

    parts, _ = ndimage.label(inside, structure=np.ones((3, 3, 3)))
    return np.asarray(parts == parts[place])
