"""How training examples are varied, so that a network meets the faults of real images before it meets real images.

    name                      moves     what it imitates
    mirror, turn              labels    the symmetries of the voxels: 48, or 16 where z differs from y and x
    shifted                   labels    sections out of place: one alone (slip), or all from one on (step)
    missing                   -         sections that were lost: flat, at black, at the mean, or at any grey value
    blurred                   -         sections out of focus
    section_contrast, section_brightness  -   sections stained or lit unlike their neighbours
    contrast, brightness      -         the whole image stained or lit otherwise
    noise                     -         of the detector

A section is a slice of constant z, as the microscope took it; all that is done to sections is done before the axes are
turned. Images are grey values from 0 to 255, float32 [z, y, x]. Every function is pure: what it does follows from its
arguments and the random generator alone. A variation whose chance is 0 draws nothing from the generator.

Lee et al. 2017, Superhuman accuracy on the SNEMI3D connectomics challenge (missing, blurred and misaligned sections).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.settings import NetworkSettings, Triple

__all__ = [
    "Augmentation",
    "blurred_sections",
    "graded",
    "graded_sections",
    "missing_sections",
    "noisy",
    "section_shifts",
    "spoilt_section",
    "symmetries",
    "turned",
]

_Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How examples are varied. Chances are of an example, from 0 (off) to 1; grey values are shares of the range.

    ``mirror`` flips each axis half of the time; ``turn`` swaps axes whose voxel size, field of view and delta are equal.
    ``contrast`` and ``brightness`` are the standard deviations of a factor around 1 and of a shift, and ``section_contrast`` and
    ``section_brightness`` the same for each section by itself. ``noise`` is the largest standard deviation of noise.
    ``section`` is the chance that one section is flat or dark.
    ``missing``, ``blurred`` and ``shifted`` are chances that 1 to ``missing_most`` sections in a row are lost, that 1 to
    ``blurred_most`` are blurred by up to ``blur_vox`` voxels, and that sections are out of place by up to ``shift_vox`` voxels
    in y and x, one section or all from one on, equally often.
    """

    mirror: bool = True
    turn: bool = True
    contrast: float = 0.08
    brightness: float = 0.03
    section: float = 0.05
    missing: float = 0.0
    missing_most: int = 2
    blurred: float = 0.0
    blurred_most: int = 3
    blur_vox: float = 2.0
    shifted: float = 0.0
    shift_vox: int = 4
    section_contrast: float = 0.0
    section_brightness: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("section", "missing", "blurred", "shifted"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise GraphkitError(f"augmentation.{name} must be a chance from 0 to 1, not {getattr(self, name)!r}.")
        for name in ("contrast", "brightness", "section_contrast", "section_brightness", "noise", "blur_vox"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise GraphkitError(f"augmentation.{name} must be 0 or more, not {getattr(self, name)!r}.")
        for name in ("missing_most", "blurred_most", "shift_vox"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise GraphkitError(f"augmentation.{name} must be a whole number of at least 1, not {value!r}.")

    def switched_on(self) -> list[str]:
        """The names of the variations that are on, in the order of the settings."""
        sizes = ("missing_most", "blurred_most", "blur_vox", "shift_vox")
        return [f.name for f in fields(self) if f.name not in sizes and getattr(self, f.name)]


def section_shifts(sections: int, most: int, room: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """int64 [sections, 2]: by how much each section is out of place in y and x; the middle section stays.

    Half of the time one section slips, otherwise all beyond one are displaced. ``room`` [2, 2] is how many voxels the volume
    goes on below and above the canvas along y and x: shifts do not reach beyond.
    """
    shifts = np.zeros((sections, 2), dtype=np.int64)
    if sections < 2:
        return shifts
    reach = np.minimum(room, most)
    by = [int(rng.integers(-low, high + 1)) for low, high in reach.tolist()]
    middle = sections // 2
    at = int(rng.integers(sections - 1))
    at += at >= middle
    if rng.random() < 0.5:
        shifts[at] = by
    elif at > middle:
        shifts[at:] = by
    else:
        shifts[: at + 1] = by
    return shifts


def missing_sections(grey: _Grey, most: int, rng: np.random.Generator) -> _Grey:
    """1 to ``most`` sections in a row are lost: black, the mean of the image, or any one grey value."""
    rows = _rows(len(grey), most, rng)
    fill = (0.0, float(grey.mean()), float(rng.uniform(0, 255)))[int(rng.integers(3))]
    out = grey.copy()
    out[rows] = fill
    return out


def blurred_sections(grey: _Grey, most: int, sigma_vox: float, rng: np.random.Generator) -> _Grey:
    """1 to ``most`` sections in a row are out of focus: Gaussians of up to ``sigma_vox`` voxels in y and x."""
    from scipy import ndimage

    rows = _rows(len(grey), most, rng)
    sigma = float(rng.uniform(0.25, 1.0)) * sigma_vox
    out = grey.copy()
    out[rows] = ndimage.gaussian_filter(grey[rows], (0.0, sigma, sigma), mode="nearest")
    return out


def spoilt_section(grey: _Grey, rng: np.random.Generator) -> _Grey:
    """One section is flat (its mean grey value everywhere) or dark."""
    z = int(rng.integers(grey.shape[0]))
    out = grey.copy()
    if rng.random() < 0.5:
        out[z] = out[z].mean()
    else:
        out[z] *= rng.uniform(0.3, 0.8)
    return out


def graded(grey: _Grey, contrast: float, brightness: float, rng: np.random.Generator) -> _Grey:
    """The whole image with another contrast (around grey 128) and brightness, cut off at 0 and 255."""
    factor = 1 + contrast * rng.standard_normal()
    shift = 255 * brightness * rng.standard_normal()
    return np.asarray(np.clip((grey - 128) * factor + 128 + shift, 0, 255), dtype=np.float32)


def graded_sections(grey: _Grey, contrast: float, brightness: float, rng: np.random.Generator) -> _Grey:
    """Each section with another contrast and brightness of its own."""
    shape = (len(grey), 1, 1)
    factor = 1 + contrast * rng.standard_normal(shape)
    shift = 255 * brightness * rng.standard_normal(shape)
    return np.asarray(np.clip((grey - 128) * factor + 128 + shift, 0, 255), dtype=np.float32)


def noisy(grey: _Grey, most: float, rng: np.random.Generator) -> _Grey:
    """Gaussian noise, of a standard deviation from 0 to ``most`` (a share of the range), cut off at 0 and 255."""
    sigma = 255 * most * rng.random()
    noise = rng.standard_normal(grey.shape, dtype=np.float32)
    return np.asarray(np.clip(grey + sigma * noise, 0, 255), dtype=np.float32)


def symmetries(network: NetworkSettings) -> list[Triple]:
    """The orders of the axes that leave voxel size, field of view and deltas as they are; with mirrors 48, 16 or 8 in all."""
    size = network.voxel_size_nm or (1.0, 1.0, 1.0)
    kinds = list(zip(size, network.field_of_view, network.deltas, strict=True))
    orders: list[Triple] = list(itertools.permutations((0, 1, 2)))  # type: ignore[arg-type]
    return [p for p in orders if all(kinds[a] == kinds[b] for a, b in zip(p, range(3), strict=True))]


def turned(
    grey: _Grey, inside: NDArray[Any], network: NetworkSettings, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[_Grey, NDArray[Any]]:
    """Image and labels, both under the same symmetry of the voxels."""
    if augmentation.turn:
        orders = symmetries(network)
        order = orders[int(rng.integers(len(orders)))]
        grey, inside = grey.transpose(order), inside.transpose(order)
    if augmentation.mirror:
        flips = tuple(axis for axis in range(3) if rng.random() < 0.5)
        grey, inside = np.flip(grey, flips), np.flip(inside, flips)
    return grey, inside


def _rows(sections: int, most: int, rng: np.random.Generator) -> slice:
    count = int(rng.integers(1, min(most, sections) + 1))
    first = int(rng.integers(sections - count + 1))
    return slice(first, first + count)
