"""What can be set about the membrane network: every default is written here, once, and checked when it is set.

The network has a head for the inside of cells (a logit: inside, against membrane, extracellular space and whatever is no cell)
and a head for affinities: a logit for each offset, of whether the voxel and the one at + offset lie in the same cell.

Axis order [z, y, x] throughout. A setting that has one value an axis is a tuple of three in that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from graphkit_pipeline.unet import settings as unet
from graphkit_pipeline.unet.settings import Head

__all__ = ["NetworkSettings", "PredictSettings", "TrainingSettings"]

Triple = tuple[int, int, int]

_ABOUT = "membrane"

_OFFSETS: tuple[Triple, ...] = tuple(
    (far * (axis == 0), far * (axis == 1), far * (axis == 2)) for far in (1, 3, 6) for axis in range(3)
)
"""The neighbour, one across a membrane, one across a thin neurite: on generated tissue their mean tells more than each."""


@dataclass(frozen=True)
class NetworkSettings(unet.NetworkSettings):
    """The membrane network: an image in, inside and affinities out.

    ``offsets`` [z, y, x] are those of the affinities, 0 or more voxels along each axis.
    """

    about: ClassVar[str] = _ABOUT
    command: ClassVar[str] = "graphkit train membrane"

    features: tuple[int, ...] = (12, 32, 64)
    convolutions: tuple[int, ...] = (2, 2, 3)
    patch: Triple = (48, 48, 48)
    mean: float = 125.0
    spread: float = 34.0
    offsets: tuple[Triple, ...] = _OFFSETS

    def __post_init__(self) -> None:
        super().__post_init__()
        offsets = tuple(self._triple(offset, "offsets", int, 0) for offset in self.offsets)
        fit = all(any(o) and all(a < p for a, p in zip(o, self.patch, strict=True)) for o in offsets)
        self._require(bool(offsets) and fit, "offsets", offsets, "one or more, none of them 0, within the patch")
        self._keep("offsets", offsets)

    @property
    def heads(self) -> tuple[Head, ...]:
        return Head("inside", 1), Head("affinities", len(self.offsets))


@dataclass(frozen=True)
class PredictSettings(unet.PredictSettings):
    """How a volume is cut for the membrane network, and how many mirror images of it are averaged.

    152 voxels, less a halo of 28 on each side, keep up to 96: a block of 192 is 8 tiles. Larger ones are quicker.
    ``mirrors``: 1, the image as it is; 2, also mirrored in x; 4, in x and y; 8, in all three. It costs as many times the time.
    """

    about: ClassVar[str] = _ABOUT

    tile: Triple = (152, 152, 152)
    mirrors: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        whole = isinstance(self.mirrors, int) and not isinstance(self.mirrors, bool)
        self._require(whole and self.mirrors in (1, 2, 4, 8), "mirrors", self.mirrors, "1, 2, 4 or 8")


@dataclass(frozen=True)
class TrainingSettings(unet.TrainingSettings):
    """Training of the membrane network: ``inside_weight`` is the weight of the inside's loss, that of the affinities being 1.

    ``apart``: voxels that touch another cell are taken for membrane, for labels that leave none between the cells.
    """

    about: ClassVar[str] = _ABOUT

    learning_rate: float = 3e-3
    margin: int = 0
    contrast: float = 0.15
    brightness: float = 0.15
    inside_weight: float = 2.0
    apart: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._above_0("inside_weight")

    def to_dict(self) -> dict[str, Any]:
        """Without ``apart`` where it is off: trainings of before did not have it, and are resumed."""
        return {name: value for name, value in super().to_dict().items() if name != "apart" or value}
