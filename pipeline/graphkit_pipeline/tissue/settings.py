"""What a generated tissue is asked to be."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

from graphkit.errors import GraphkitError

__all__ = ["TISSUE_VERSION", "TissueSettings"]

TISSUE_VERSION = 1
"""Raised with every change of a single byte of the output for any settings; figures name the version they are for."""

_MIN_EDGE_VOX = 32
_MIN_EDGE_NM = 500
_MAX_VOXELS = 1 << 30
_VOXEL_NM = (4.0, 64.0)
_MAX_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class TissueSettings:
    """Shape [z, y, x] in voxels, voxel size [z, y, x] in nm, and the seed; the rest tunes the anatomy and the camera.

    The test volumes and the figures of the documentation use the defaults beyond shape, voxel size and seed.

    Raises:
        GraphkitError: a value that no tissue can be made with; names the setting, the value and what was expected.
    """

    shape: tuple[int, int, int] = (256, 256, 256)
    voxel_size_nm: tuple[float, float, float] = (16.0, 16.0, 16.0)
    seed: int = 0
    offset: tuple[int, int, int] = (0, 0, 0)
    """Global voxel index [z, y, x] of the first voxel."""
    synapses_per_um3: float = 10.0
    """Synaptic pairs (one pre, one post) aimed at."""
    vessel: bool = True
    artefacts: bool = True
    """Section artefacts: contrast drift, dark or lost sections, a knife mark, a fold, misalignment."""
    noise: float = 10.0
    """Standard deviation of the camera's noise, in grey levels."""
    regions: int = 3
    """Leaf regions along x under the one root."""

    def __post_init__(self) -> None:
        for name in ("shape", "offset"):
            object.__setattr__(self, name, _three_integers(name, getattr(self, name)))
        object.__setattr__(self, "voxel_size_nm", _three_sizes(self.voxel_size_nm))
        for length, size in zip(self.shape, self.voxel_size_nm, strict=True):
            if length * size < _MIN_EDGE_NM or length < 8:
                raise GraphkitError(
                    f"shape {self.shape} at {self.voxel_size_nm} nm is too small for a tissue: an edge is {length * size:g} nm "
                    f"({length} voxels), expected at least {_MIN_EDGE_NM} nm and 8 voxels.",
                    hint="Ask for a larger shape, for example shape = (64, 64, 64) at 16 nm.",
                )
        if max(self.shape) < _MIN_EDGE_VOX:
            raise GraphkitError(
                f"shape {self.shape} is too small for a tissue: expected at least {_MIN_EDGE_VOX} voxels along one axis."
            )
        voxels = self.shape[0] * self.shape[1] * self.shape[2]
        if voxels > _MAX_VOXELS:
            raise GraphkitError(
                f"shape {self.shape} has {voxels:,} voxels, more than the {_MAX_VOXELS:,} that are made in one piece.",
                hint="Make several smaller tissues with different seeds.",
            )
        if not _is_integer(self.seed) or not 0 <= self.seed <= _MAX_SEED:
            raise GraphkitError(f"seed is {self.seed!r}, expected an integer from 0 to {_MAX_SEED:,}.")
        for name, low, high in (("synapses_per_um3", 0.0, 40.0), ("noise", 0.0, 64.0)):
            value = getattr(self, name)
            if not isinstance(value, numbers.Real) or not low <= float(value) <= high:
                raise GraphkitError(f"{name} is {value!r}, expected a number from {low:g} to {high:g}.")
        if not _is_integer(self.regions) or not 1 <= self.regions <= 16:
            raise GraphkitError(f"regions is {self.regions!r}, expected an integer from 1 to 16.")
        for name in ("vessel", "artefacts"):
            if not isinstance(getattr(self, name), bool):
                raise GraphkitError(f"{name} is {getattr(self, name)!r}, expected true or false.")


def _is_integer(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _three_integers(name: str, value: object) -> tuple[int, int, int]:
    try:
        numbers_given: tuple[Any, ...] = tuple(value)  # type: ignore[arg-type]
    except TypeError:
        numbers_given = ()
    if len(numbers_given) != 3 or not all(_is_integer(n) for n in numbers_given):
        raise GraphkitError(f"{name} is {value!r}, expected three whole numbers of voxels, z, y, x.")
    if name == "shape" and min(numbers_given) < 1:
        raise GraphkitError(f"shape is {value!r}, expected three positive numbers of voxels, z, y, x.")
    z, y, x = (int(n) for n in numbers_given)
    return z, y, x


def _three_sizes(value: object) -> tuple[float, float, float]:
    try:
        sizes = tuple(float(v) for v in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        sizes = ()
    low, high = _VOXEL_NM
    if len(sizes) != 3 or not all(low <= size <= high for size in sizes):
        raise GraphkitError(f"voxel_size_nm is {value!r}, expected three sizes z, y, x from {low:g} to {high:g} nm.")
    z, y, x = sizes
    return z, y, x
