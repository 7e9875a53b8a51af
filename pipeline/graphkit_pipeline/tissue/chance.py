"""Chance that is the same everywhere: integer arithmetic only, no library's random stream.

A generated volume is frozen by its version, so its bytes must not depend on the version of NumPy or Numba, on the
processor's mathematics library or on the number of threads. Two forms: a *stream* (a one-element uint64 array that
is advanced) for growth, which is sequential by nature, and a *hash* of (key, counter) for noise a voxel.
Both are SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.tissue.compiled import compiled

__all__ = ["bell", "bell_of", "hashed", "new_key", "new_stream", "noise_tile", "shuffled", "uniform", "uniform_of"]

TILE = 64
"""Edge of the periodic noise tile in voxels (a power of two: the wrap is a bit mask)."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2^-53


@compiled
def hashed(key: np.uint64, counter: int) -> np.uint64:
    """64 random bits for (key, counter)."""
    x = key + np.uint64(counter) * _GOLDEN + _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    return x ^ (x >> np.uint64(31))


@compiled
def uniform_of(key: np.uint64, counter: int) -> float:
    """A number in [0, 1) for (key, counter)."""
    return float(hashed(key, counter) >> np.uint64(11)) * _TO_UNIT


@compiled
def bell_of(key: np.uint64, counter: int) -> float:
    """A nearly normal number (mean 0, sd 1) for (key, counter): the sum of four 16-bit uniforms."""
    x = hashed(key, counter)
    mask = np.uint64(0xFFFF)
    total = (
        float(x & mask)
        + float((x >> np.uint64(16)) & mask)
        + float((x >> np.uint64(32)) & mask)
        + float(x >> np.uint64(48))
    )
    return (total / 65535.0 - 2.0) * 1.7320508075688772


@compiled
def uniform(stream: NDArray[np.uint64]) -> float:
    """The stream's next number in [0, 1)."""
    stream[0] += np.uint64(1)
    return float(hashed(stream[1], int(stream[0])) >> np.uint64(11)) * _TO_UNIT


@compiled
def bell(stream: NDArray[np.uint64]) -> float:
    """The stream's next nearly normal number."""
    stream[0] += np.uint64(1)
    number: float = bell_of(stream[1], int(stream[0]))
    return number


def new_key(seed: int, purpose: int) -> np.uint64:
    """A key of its own for each (seed, purpose), for the hashes."""
    return np.uint64(hashed(np.uint64(seed), purpose))


def shuffled(values: NDArray[np.int64], stream: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The values in a random order."""
    order = np.empty(len(values), np.uint64)
    _fill_order(order, stream)
    shuffled_values: NDArray[np.int64] = values[np.argsort(order, kind="stable")]
    return shuffled_values


@compiled
def _fill_order(order: NDArray[np.uint64], stream: NDArray[np.uint64]) -> None:
    for row in range(order.size):
        stream[0] += np.uint64(1)
        order[row] = hashed(stream[1], int(stream[0]))


def new_stream(seed: int, purpose: int) -> NDArray[np.uint64]:
    """A stream of its own for each (seed, purpose): shape (2,), counter and key."""
    return np.array([0, new_key(seed, purpose)], dtype=np.uint64)


def noise_tile(seed: int, purpose: int, pitch: int) -> NDArray[np.float32]:
    """Smooth periodic noise: float32 [TILE, TILE, TILE], mean 0, sd 1, features about ``pitch`` voxels wide.

    Random values on a lattice of ``pitch`` voxels (a divisor of TILE), interpolated with a smooth step.
    """
    key = new_key(seed, purpose)
    tile = np.empty((TILE, TILE, TILE), np.float32)
    _fill_tile(tile, key, pitch)
    _standardise(tile)
    return tile


@compiled
def _standardise(tile: NDArray[np.float32]) -> None:
    # In one fixed order: a library's sums may be split differently on another processor.
    total = 0.0
    squares = 0.0
    for value in tile.flat:
        total += float(value)
        squares += float(value) * float(value)
    mean = total / tile.size
    scale = 1.0 / np.sqrt(squares / tile.size - mean * mean)
    for z in range(tile.shape[0]):
        for y in range(tile.shape[1]):
            for x in range(tile.shape[2]):
                tile[z, y, x] = (tile[z, y, x] - mean) * scale


@compiled
def _fill_tile(tile: NDArray[np.float32], key: np.uint64, pitch: int) -> None:
    cells = TILE // pitch
    for z in range(TILE):
        z0, fz = z // pitch, (z % pitch) / pitch
        fz = fz * fz * (3.0 - 2.0 * fz)
        for y in range(TILE):
            y0, fy = y // pitch, (y % pitch) / pitch
            fy = fy * fy * (3.0 - 2.0 * fy)
            for x in range(TILE):
                x0, fx = x // pitch, (x % pitch) / pitch
                fx = fx * fx * (3.0 - 2.0 * fx)
                value = 0.0
                for dz in range(2):
                    wz = fz if dz else 1.0 - fz
                    for dy in range(2):
                        wy = fy if dy else 1.0 - fy
                        for dx in range(2):
                            wx = fx if dx else 1.0 - fx
                            cell = (((z0 + dz) % cells) * cells + (y0 + dy) % cells) * cells + (x0 + dx) % cells
                            value += wz * wy * wx * bell_of(key, cell)
                tile[z, y, x] = value
