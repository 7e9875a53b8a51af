"""What can be set about a U-Net, whatever it finds. The network of a purpose derives from these, and adds its heads and its own.

Axis order [z, y, x] throughout. A setting that has one value an axis is a tuple of three in that order. A value is checked
when it is set; the messages say of which network it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

from graphkit.errors import GraphkitError

__all__ = ["Head", "NetworkSettings", "PredictSettings", "Settings", "TrainingSettings"]

Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Head:
    """One output of a network: a 1x1x1 convolution into ``channels``, whose bias begins at ``bias``."""

    name: str
    channels: int
    bias: float = 0.0


class Settings:
    """To and from plain JSON types; an unknown name is refused. ``about`` is the network's name in messages."""

    about: ClassVar[str] = "U-Net"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        for name in values:
            cls._require(name in known, repr(name), values[name], f"one of the names {', '.join(known)}")
        return cls(**values)

    @classmethod
    def _require(cls, holds: bool, setting: str, value: object, expected: str) -> None:
        if not holds:
            raise GraphkitError(
                f"The {cls.about} setting {setting} is {value!r}; expected {expected}.",
                hint=f"Mend {setting} in the settings.",
            )

    @classmethod
    def _triple(cls, value: Any, setting: str, kind: type, least: float) -> tuple[Any, Any, Any]:
        """``value`` as a tuple of three ``kind``, each at least ``least`` (JSON and TOML send lists)."""
        expected = f"three {'whole numbers' if kind is int else 'numbers'} [z, y, x] of at least {least:g}"
        try:
            parts = tuple(kind(part) for part in value)
            same = all(float(part) == float(given) for part, given in zip(parts, value, strict=True))
        except (TypeError, ValueError):
            parts, same = (), False
        right = same and len(parts) == 3 and all(math.isfinite(p) and p >= least for p in parts)
        cls._require(right, setting, value, expected)
        return parts[0], parts[1], parts[2]

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """The U-Net, and what images it is for. Kept inside the network's file.

    ``features`` has one number a level, ``pooling`` one factor [z, y, x] between two levels: (1, 2, 2) where sections
    are thick. ``convolutions`` are those of a level on each side; their kernels are ``kernels[level]``. A grey value v
    enters as (v - mean) / spread. ``patch`` is what it was trained on.
    """

    command: ClassVar[str] = ""
    """What trains such a network."""

    voxel_size_nm: tuple[float, float, float] = (16.0, 16.0, 16.0)
    features: tuple[int, ...] = (16, 32, 64)
    pooling: tuple[Triple, ...] = ((2, 2, 2), (2, 2, 2))
    kernels: tuple[Triple, ...] = ((3, 3, 3), (3, 3, 3), (3, 3, 3))
    convolutions: tuple[int, ...] = (2, 2, 2)
    patch: Triple = (64, 64, 64)
    mean: float = 128.0
    spread: float = 33.0

    def __post_init__(self) -> None:
        keep, require = self._keep, self._require
        keep("voxel_size_nm", self._triple(self.voxel_size_nm, "voxel_size_nm", float, 1e-3))
        keep("patch", self._triple(self.patch, "patch", int, 1))
        for name in ("features", "convolutions"):
            value = tuple(getattr(self, name))
            whole = all(isinstance(v, int) and not isinstance(v, bool) and v >= 1 for v in value)
            require(bool(value) and whole, name, value, "a whole number of at least 1 for every level")
            keep(name, value)
        levels = len(self.features)
        require(len(self.convolutions) == levels, "convolutions", self.convolutions, f"{levels}, one a level")
        require(len(self.pooling) == levels - 1, "pooling", self.pooling, f"{levels - 1} factors for {levels} levels")
        require(len(self.kernels) == levels, "kernels", self.kernels, f"{levels}, one a level")
        keep("pooling", tuple(self._triple(p, "pooling", int, 1) for p in self.pooling))
        keep("kernels", tuple(self._triple(k, "kernels", int, 1) for k in self.kernels))
        require(all(k % 2 for kernel in self.kernels for k in kernel), "kernels", self.kernels, "odd numbers")
        require(math.isfinite(self.mean), "mean", self.mean, "a number")
        require(math.isfinite(self.spread) and self.spread > 0, "spread", self.spread, "a number above 0")
        fits = all(p % s == 0 for p, s in zip(self.patch, self.stride, strict=True))
        require(fits, "patch", self.patch, f"multiples of the pooling, {self.stride}")

    @property
    def heads(self) -> tuple[Head, ...]:
        """The network's outputs, in their order."""
        raise NotImplementedError

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
class PredictSettings(Settings):
    """How a volume is cut for the network, and in how many bits it is computed.

    ``tile`` voxels at a time, halo included (it costs memory, not results): 120, less a halo of 24 on each side, keep up to 72.
    ``precision``, in which a stage loads the network: "float32", or in six tenths of the time "bfloat16", where the processor has
    it.
    """

    tile: Triple = (120, 120, 120)
    precision: str = "float32"

    def __post_init__(self) -> None:
        self._keep("tile", self._triple(self.tile, "tile", int, 1))
        known = self.precision in ("float32", "bfloat16")
        self._require(known, "precision", self.precision, '"float32" or "bfloat16"')

    @property
    def said(self) -> dict[str, str]:
        """What results hang on, where it is not the default: what was made before there was a choice stays as it is."""
        return {} if self.precision == "float32" else {"precision": self.precision}


@dataclass(frozen=True)
class TrainingSettings(Settings):
    """Training of a U-Net: the same settings, volumes and seed give the same network.

    The rate climbs over ``warmup_steps`` to ``learning_rate`` and falls to a hundredth of it along a cosine. The loss leaves
    out ``margin`` voxels at each face of a patch, where the network sees padding in place of tissue. ``contrast``,
    ``brightness`` and ``noise`` vary a patch, in units of the network's ``spread``. ``half_precision`` computes in
    bfloat16 (weights, losses and the optimiser stay in float32).
    """

    steps: int = 6000
    batch: int = 1
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    margin: int = 4
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
            self._require(isinstance(value, int) and value >= 1, name, value, "a whole number of at least 1")
        for name in ("warmup_steps", "margin", "seed"):
            value = getattr(self, name)
            self._require(isinstance(value, int) and value >= 0, name, value, "a whole number of at least 0")
        self._above_0("learning_rate")
        self._at_least_0("brightness", "noise")
        self._require(0 <= self.contrast < 1, "contrast", self.contrast, "a fraction from 0 to below 1")

    def _above_0(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            self._require(math.isfinite(value) and value > 0, name, value, "a number above 0")

    def _at_least_0(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            self._require(math.isfinite(value) and value >= 0, name, value, "a number of at least 0")
