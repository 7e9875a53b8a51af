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

from graphkit_pipeline.ffn.settings import NetworkSettings, Triple, logit

__all__ = ["Augmentation", "Example", "canvas_shape", "make_example"]

TARGET_IN, TARGET_OUT = 0.95, 0.05


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How examples are varied. Probabilities, and grey values as shares of the range.

    ``mirror`` flips each axis half of the time; ``turn`` swaps axes whose voxel size, field of view and delta are equal.
    ``contrast`` and ``brightness`` are the standard deviations of a factor around 1 and of a shift. ``section`` is the chance
    that one section (z) of an example is lost (flat) or dark.
    """

    mirror: bool = True
    turn: bool = True
    contrast: float = 0.08
    brightness: float = 0.03
    section: float = 0.05


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
    box = tuple(slice(c - n // 2, c + n // 2 + 1) for c, n in zip(centre, shape, strict=True))
    grey = image[box].astype(np.float32)
    inside = labels[box] == labels[centre]
    if connected:
        inside = _component(inside)
    if augmentation.section and rng.random() < augmentation.section:
        _spoil_section(grey, rng)
    grey, inside = _turned(grey, inside, network, augmentation, rng)
    factor = 1 + augmentation.contrast * rng.standard_normal()
    shift = 255 * augmentation.brightness * rng.standard_normal()
    grey = np.clip((grey - 128) * factor + 128 + shift, 0, 255)
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


def _component(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part of the mask that hangs together (by faces, edges or corners) with its middle voxel."""
    from scipy import ndimage

    parts, _ = ndimage.label(inside, structure=np.ones((3, 3, 3)))
    middle = tuple(n // 2 for n in inside.shape)
    return np.asarray(parts == parts[middle])


def _spoil_section(grey: NDArray[np.float32], rng: np.random.Generator) -> None:
    """One section is lost (its mean grey value everywhere) or dark, in place."""
    z = int(rng.integers(grey.shape[0]))
    if rng.random() < 0.5:
        grey[z] = grey[z].mean()
    else:
        grey[z] *= rng.uniform(0.3, 0.8)


def _turned(
    grey: NDArray[np.float32],
    inside: NDArray[np.bool_],
    network: NetworkSettings,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    if augmentation.turn:
        size = network.voxel_size_nm or (1.0, 1.0, 1.0)
        kinds = list(zip(size, network.field_of_view, network.deltas, strict=True))
        axes = [
            p
            for p in itertools.permutations(range(3))
            if all(kinds[a] == kinds[b] for a, b in zip(p, range(3), strict=True))
        ]
        turn = axes[int(rng.integers(len(axes)))]
        grey, inside = grey.transpose(turn), inside.transpose(turn)
    if augmentation.mirror:
        flips = tuple(axis for axis in range(3) if rng.random() < 0.5)
        grey, inside = np.flip(grey, flips), np.flip(inside, flips)
    return grey, inside
