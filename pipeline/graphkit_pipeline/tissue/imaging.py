"""The picture: grey values of tissue as an electron microscope shows it, and what goes wrong with sections.

Grey values run from 0 (dark) to 255. The contrast is set first voxel by voxel (membranes by their distance to the
next cell), then blurred a little, then spoilt section by section, then noise is added. Section artefacts move or
darken the image only: the truth stays where the tissue is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.tissue import organelles
from graphkit_pipeline.tissue.chance import bell, bell_of, hashed, new_key, new_stream, noise_tile, uniform, uniform_of
from graphkit_pipeline.tissue.compiled import compiled
from graphkit_pipeline.tissue.growth import VESSEL, Forest
from graphkit_pipeline.tissue.settings import TissueSettings

__all__ = ["make_image"]


def make_image(
    settings: TissueSettings,
    forest: Forest,
    labels: NDArray[np.int32],
    depth_nm: NDArray[np.float32],
    matter: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """The image, uint8 [z, y, x]."""
    key = new_key(settings.seed, 6)
    grey = np.empty(labels.shape, np.float32)
    fine, medium, coarse = (noise_tile(settings.seed, 7 + n, pitch) for n, pitch in enumerate((2, 4, 16)))
    strength = noise_tile(settings.seed, 10, 8)
    _paint(grey, labels, forest.owner, depth_nm, matter, forest.size_nm, fine, medium, coarse, strength, key)
    _blur(grey, settings.voxel_size_nm[0] <= 24.0)
    gain, level, shifts = _sections(settings)
    image = np.empty(labels.shape, np.uint8)
    _develop(grey, image, gain, level, shifts, _marks(settings), settings.noise, new_key(settings.seed, 11))
    return image


def _sections(settings: TissueSettings) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """For each section its gain and level (grey values), and its shift in y and x (voxels): [z], [z], [z, 2]."""
    sections = settings.shape[0]
    gain, level = np.ones(sections, np.float32), np.zeros(sections, np.float32)
    shifts = np.zeros((sections, 2), np.float32)
    if not settings.artefacts:
        return gain, level, shifts
    stream = new_stream(settings.seed, 12)
    drift_gain = drift_level = drift_y = drift_x = 0.0
    for z in range(sections):
        drift_gain = 0.93 * drift_gain + 0.025 * bell(stream)
        drift_level = 0.93 * drift_level + 2.0 * bell(stream)
        drift_y = 0.8 * drift_y + 0.16 * bell(stream)
        drift_x = 0.8 * drift_x + 0.16 * bell(stream)
        gain[z] = 1.0 + drift_gain + 0.04 * bell(stream)
        level[z] = drift_level + 3.0 * bell(stream)
        shifts[z] = min(1.0, max(-1.0, drift_y)), min(1.0, max(-1.0, drift_x))
        chance = uniform(stream)
        if chance < 1 / 800:  # lost
            gain[z], level[z] = 0.04, -95.0
        elif chance < 1 / 90:  # dark
            gain[z], level[z] = 0.45, -40.0
        elif chance < 1 / 60:  # charged
            gain[z], level[z] = 0.7, 35.0
    return gain, level, shifts


def _marks(settings: TissueSettings) -> NDArray[np.float32]:
    """Knife marks and folds, rows (first section, last section, y, slope, half width, grey change), [n, 6]."""
    rows = []
    if settings.artefacts:
        stream = new_stream(settings.seed, 13)
        depth, height, width = settings.shape
        for _ in range(1 + round(depth * height * width / 8e6)):
            first = uniform(stream) * depth
            fold = uniform(stream) < 0.4
            rows.append(
                (
                    first,
                    first + (1.0 + 2.0 * uniform(stream) if fold else (0.1 + 0.3 * uniform(stream)) * depth),
                    uniform(stream) * height,
                    0.5 * bell(stream),
                    2.2 if fold else 1.2,
                    -75.0 if fold else (28.0 if uniform(stream) < 0.5 else -28.0),
                )
            )
    return np.array(rows, np.float32).reshape(-1, 6)


@compiled
def _paint(grey, labels, owner, depth_nm, matter, size, fine, medium, coarse, strength, key):  # type: ignore[no-untyped-def]
    depth, height, width = labels.shape
    half = 0.5 * min(size[1], size[2])
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                label = labels[z, y, x]
                away = depth_nm[z, y, x] - half  # from the border itself, not from the next cell's nearest voxel
                weak = strength[z & 63, (y + (z >> 6) * 17) & 63, (x + (y >> 6) * 29 + (z >> 6) * 11) & 63]
                if label == 0:
                    if owner[z, y, x] == VESSEL:  # the vessel: bright lumen, grey wall
                        value = 212.0 if away > 110.0 else 128.0 + 7.0 * medium[z & 63, y & 63, x & 63]
                        if 96.0 < away <= 112.0:
                            value = 95.0
                    else:
                        value = 182.0
                else:
                    shift = np.int64(hashed(key, label) & np.uint64(0xFFFFFF))
                    sz, sy, sx = shift & 63, (shift >> 6) & 63, (shift >> 12) & 63
                    tone = 152.0 + 9.0 * bell_of(key, label)
                    a, b, c = (z + sz) & 63, (y + sy) & 63, (x + sx) & 63
                    value = tone + 7.0 * fine[a, b, c] + 6.0 * medium[a, b, c] + 4.0 * coarse[a, b, c]
                    code = matter[z, y, x]
                    if code == organelles.PLAIN:
                        # Reticulum: thin dark sheets where a smooth noise crosses zero, well inside thick neurites.
                        sheet = coarse[b, c, a]
                        if away > 62.0 and -0.075 < sheet < 0.075 and medium[c, a, b] > -0.4:
                            value -= 42.0
                    elif code == organelles.MATRIX:
                        value = 112.0 + 9.0 * medium[b, a, c] - 16.0 * (abs(medium[c, b, a]) < 0.3)
                    elif code == organelles.MITO_OUTLINE:
                        value = 74.0
                    elif code == organelles.NUCLEUS:
                        value = 140.0 + 17.0 * medium[a, b, c] + 8.0 * coarse[a, b, c]
                    elif code == organelles.ENVELOPE:
                        value = 82.0
                    elif code == organelles.MICROTUBULE:
                        value -= 20.0
                    elif code == organelles.VESICLE:
                        value = 76.0
                    elif code == organelles.TBAR:
                        value = 38.0
                    elif code == organelles.POST_DENSITY:
                        value = 48.0
                # Membranes: dark where the next cell is near; weak in places, missing in a few.
                if away < 40.0:
                    present = 1.0
                    if weak < -0.8:
                        present = max(0.12, 1.0 + (weak + 0.8) * 0.9)
                    profile = away / 17.0
                    profile = present / (1.0 + profile * profile * profile * profile)
                    value = value * (1.0 - profile) + min(value, 62.0) * profile
                grey[z, y, x] = value


@compiled
def _blur(grey, along_z):  # type: ignore[no-untyped-def]
    """The beam's spread: three taps (1, 4, 1)/6 in x, y and, for thin sections, z."""
    depth, height, width = grey.shape
    for z in range(depth):
        for y in range(height):
            before = grey[z, y, 0]
            for x in range(width):
                here = grey[z, y, x]
                after = grey[z, y, min(x + 1, width - 1)]
                grey[z, y, x] = (before + np.float32(4.0) * here + after) * np.float32(1.0 / 6.0)
                before = here
        line = grey[z, 0].copy()
        for y in range(height):
            for x in range(width):
                here = grey[z, y, x]
                after = grey[z, min(y + 1, height - 1), x]
                grey[z, y, x] = (line[x] + np.float32(4.0) * here + after) * np.float32(1.0 / 6.0)
                line[x] = here
    if along_z:
        sheet = grey[0].copy()
        for z in range(depth):
            for y in range(height):
                for x in range(width):
                    here = grey[z, y, x]
                    after = grey[min(z + 1, depth - 1), y, x]
                    grey[z, y, x] = (sheet[y, x] + np.float32(4.0) * here + after) * np.float32(1.0 / 6.0)
                    sheet[y, x] = here


@compiled
def _develop(grey, image, gain, level, shifts, marks, noise, key):  # type: ignore[no-untyped-def]
    depth, height, width = grey.shape
    for z in range(depth):
        shift_y, shift_x = shifts[z, 0], shifts[z, 1]
        for y in range(height):
            y_at = min(max(y + shift_y, 0.0), height - 1.0)
            y0 = min(int(y_at), height - 2)
            fy = y_at - y0
            for x in range(width):
                x_at = min(max(x + shift_x, 0.0), width - 1.0)
                x0 = min(int(x_at), width - 2)
                fx = x_at - x0
                value = (grey[z, y0, x0] * (1 - fx) + grey[z, y0, x0 + 1] * fx) * (1 - fy) + (
                    grey[z, y0 + 1, x0] * (1 - fx) + grey[z, y0 + 1, x0 + 1] * fx
                ) * fy
                for mark in range(marks.shape[0]):
                    if marks[mark, 0] <= z < marks[mark, 1]:
                        off = abs(y - marks[mark, 2] - marks[mark, 3] * (x - 0.5 * width))
                        if off < marks[mark, 4]:
                            value += marks[mark, 5] * (1.0 - 0.3 * uniform_of(key, -1 - x))
                voxel = (z * height + y) * width + x
                value = 128.0 + (value - 128.0) * gain[z] + level[z] + noise * bell_of(key, voxel)
                image[z, y, x] = np.uint8(min(255.0, max(0.0, value + 0.5)))
