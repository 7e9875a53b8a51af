"""What can be set about synapses: every default is written here, once, and checked when it is set.

Axis order [z, y, x] throughout. A setting that has one value an axis is a tuple of three in that order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from graphkit.errors import GraphkitError

__all__ = ["AssignSettings", "NetworkSettings", "PredictSettings", "TrainingSettings"]

Triple = tuple[int, int, int]


def _require(holds: bool, setting: str, value: object, expected: str) -> None:
    if not holds:
        raise GraphkitError(f"{setting} is {value!r}; expected {expected}.", hint=f"Mend {setting} in the settings.")


def _triple(value: Any, setting: str, kind: type, least: float) -> tuple[Any, Any, Any]:
    """``value`` as a tuple of three ``kind``, each at least ``least`` (JSON and TOML send lists)."""
    expected = f"three {'whole numbers' if kind is int else 'numbers'} [z, y, x] of at least {least:g}"
    try:
        parts = tuple(kind(part) for part in value)
        same = all(float(part) == float(given) for part, given in zip(parts, value, strict=True))
    except (TypeError, ValueError):
        raise GraphkitError(f"{setting} is {value!r}; expected {expected}.") from None
    _require(same and len(parts) == 3 and all(math.isfinite(p) and p >= least for p in parts), setting, value, expected)
    return parts[0], parts[1], parts[2]


class _Settings:
    """To and from plain JSON types; an unknown name is refused."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        for name in values:
            _require(name in known, f"synapse setting {name!r}", values[name], f"one of the names {', '.join(known)}")
        return cls(**values)


@dataclass(frozen=True)
class NetworkSettings(_Settings):
    """The U-Net, and what images it is for. Kept inside the network's file.

    ``features`` has one number a level, ``pooling`` one factor [z, y, x] between two levels: (1, 2, 2) where sections
    are thick. ``convolutions`` are those of a level on each side; their kernels are ``kernels[level]``. A grey value v
    enters as (v - mean) / spread. ``patch`` is what it was trained on.
    """

    voxel_size_nm: tuple[float, float, float] = (16.0, 16.0, 16.0)
    features: tuple[int, ...] = (16, 32, 64)
    pooling: tuple[Triple, ...] = ((2, 2, 2), (2, 2, 2))
    kernels: tuple[Triple, ...] = ((3, 3, 3), (3, 3, 3), (3, 3, 3))
    convolutions: tuple[int, ...] = (2, 2, 2)
    patch: Triple = (64, 64, 64)
    mean: float = 128.0
    spread: float = 33.0

    def __post_init__(self) -> None:
        def keep(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        keep("voxel_size_nm", _triple(self.voxel_size_nm, "voxel_size_nm", float, 1e-3))
        keep("patch", _triple(self.patch, "patch", int, 1))
        for name in ("features", "convolutions"):
            value = tuple(getattr(self, name))
            whole = all(isinstance(v, int) and not isinstance(v, bool) and v >= 1 for v in value)
            _require(bool(value) and whole, name, value, "a whole number of at least 1 for every level")
            keep(name, value)
        levels = len(self.features)
        _require(len(self.convolutions) == levels, "convolutions", self.convolutions, f"{levels}, one a level")
        _require(len(self.pooling) == levels - 1, "pooling", self.pooling, f"{levels - 1} factors for {levels} levels")
        _require(len(self.kernels) == levels, "kernels", self.kernels, f"{levels}, one a level")
        keep("pooling", tuple(_triple(p, "pooling", int, 1) for p in self.pooling))
        keep("kernels", tuple(_triple(k, "kernels", int, 1) for k in self.kernels))
        _require(all(k % 2 for kernel in self.kernels for k in kernel), "kernels", self.kernels, "odd numbers")
        _require(math.isfinite(self.mean), "mean", self.mean, "a number")
        _require(math.isfinite(self.spread) and self.spread > 0, "spread", self.spread, "a number above 0")
        fits = all(p % s == 0 for p, s in zip(self.patch, self.stride, strict=True))
        _require(fits, "patch", self.patch, f"multiples of the pooling, {self.stride}")

    @property
    def stride(self) -> Triple:
        """How many voxels of the image one voxel of the lowest level stands for: the grid that tiles start on."""
        z, y, x = (math.prod(p[axis] for p in self.pooling) for axis in range(3))
        return z, y, x

    @property
    def halo(self) -> Triple:
        """How far, in voxels on each axis, the image has a say in the prediction at a voxel."""
        z, y, x = (self._reach(axis) for axis in range(3))
        return z, y, x

    def _reach(self, axis: int) -> int:
        farthest = 0
        for voxel in range(self.stride[axis]):  # a voxel's place on the pooling grid matters
            low, high = self._interval(voxel, voxel, 0, axis)
            farthest = max(farthest, voxel - low, high - voxel)
        return farthest

    def _interval(self, low: int, high: int, level: int, axis: int) -> tuple[int, int]:
        """The voxels of ``level``'s input that the voxels low..high of its output depend on."""
        grow = self.convolutions[level] * (self.kernels[level][axis] // 2)
        low, high = low - grow, high + grow
        if level == len(self.features) - 1:
            return low, high
        factor = self.pooling[level][axis]
        below_low, below_high = self._interval(low // factor, high // factor, level + 1, axis)
        low, high = min(low, below_low * factor), max(high, below_high * factor + factor - 1)
        return low - grow, high + grow


@dataclass(frozen=True)
class PredictSettings(_Settings):
    """How a volume is cut for the network: ``tile`` voxels at a time, halo included (it costs memory, not results).

    120 voxels, less a halo of 24 on each side, keep up to 72.
    """

    tile: Triple = (120, 120, 120)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tile", _triple(self.tile, "tile", int, 1))


@dataclass(frozen=True)
class TrainingSettings(_Settings):
    """Training of the U-Net: the same settings, volumes and seed give the same network.

    The rate climbs over ``warmup_steps`` to ``learning_rate`` and falls to a hundredth of it along a cosine.
    ``near_synapses`` of the patches hold a synapse by choice, the others are anywhere. The loss leaves out ``margin``
    voxels at each face of a patch, where the network sees padding in place of tissue. ``positive_weight`` is the
    weight of a cleft voxel against a voxel outside clefts; ``direction_weight`` that of the direction's loss against the
    mask's. ``half_precision`` computes in bfloat16 (weights, losses and the optimiser stay in float32).
    """

    steps: int = 6000
    batch: int = 1
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    near_synapses: float = 0.75
    margin: int = 4
    positive_weight: float = 5.0
    direction_weight: float = 1.0
    direction_sigma_nm: float = 32.0
    contrast: float = 0.2
    brightness: float = 0.2
    noise: float = 0.1
    seed: int = 0
    checkpoint_every: int = 500
    validate_every: int = 2000
    half_precision: bool = False

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "checkpoint_every", "validate_every"):
            value = getattr(self, name)
            _require(isinstance(value, int) and value >= 1, name, value, "a whole number of at least 1")
        for name in ("warmup_steps", "margin", "seed"):
            value = getattr(self, name)
            _require(isinstance(value, int) and value >= 0, name, value, "a whole number of at least 0")
        for name in ("learning_rate", "positive_weight", "direction_sigma_nm"):
            value = getattr(self, name)
            _require(math.isfinite(value) and value > 0, name, value, "a number above 0")
        for name in ("direction_weight", "brightness", "noise"):
            value = getattr(self, name)
            _require(math.isfinite(value) and value >= 0, name, value, "a number of at least 0")
        _require(0 <= self.near_synapses <= 1, "near_synapses", self.near_synapses, "a fraction from 0 to 1")
        _require(0 <= self.contrast < 1, "contrast", self.contrast, "a fraction from 0 to below 1")


@dataclass(frozen=True)
class AssignSettings(_Settings):
    """From predictions to synapses.

    ``threshold``: a voxel is cleft where its probability is above. ``min_voxels``: smaller sites are dropped.
    A voxel's partners are looked for from ``start_nm`` to ``reach_nm`` along its direction. Where sites ran together, each
    pre segment with at least ``pre_share`` of the voxels of the foremost makes a site of its own; a post segment with
    at least ``post_share`` of a site's voxels, and ``post_voxels`` of them, is a partner of it. Partners whose mean
    probability is below ``min_score`` are dropped. ``site_nm`` is the largest extent of sites that run together for which a
    volume in blocks must give what it gives in one piece: it costs halo.
    """

    threshold: float = 0.6
    min_voxels: int = 30
    start_nm: float = 20.0
    reach_nm: float = 112.0
    pre_share: float = 0.25
    post_share: float = 0.06
    post_voxels: int = 12
    min_score: float = 0.0
    site_nm: float = 800.0

    def __post_init__(self) -> None:
        for name in ("threshold", "min_score"):
            value = getattr(self, name)
            _require(0 <= value < 1, name, value, "a probability from 0 to below 1")
        for name in ("min_voxels", "post_voxels"):
            value = getattr(self, name)
            _require(isinstance(value, int) and value >= 1, name, value, "a whole number of at least 1")
        for name in ("pre_share", "post_share"):
            value = getattr(self, name)
            _require(0 < value <= 1, name, value, "a share above 0 and at most 1")
        _require(math.isfinite(self.start_nm) and self.start_nm >= 0, "start_nm", self.start_nm, "at least 0 nm")
        _require(math.isfinite(self.reach_nm), "reach_nm", self.reach_nm, "a length in nm")
        _require(self.reach_nm > self.start_nm, "reach_nm", self.reach_nm, f"more than start_nm, {self.start_nm:g} nm")
        _require(math.isfinite(self.site_nm) and self.site_nm > 0, "site_nm", self.site_nm, "a length above 0 nm")

    @property
    def halo_nm(self) -> float:
        """What a block must see around its core."""
        return self.site_nm + self.reach_nm
