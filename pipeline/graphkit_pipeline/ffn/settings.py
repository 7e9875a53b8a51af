"""What a flood-filling network is, and how it fills: every default of inference is written here, once.

Two groups, because they belong to different things. ``NetworkSettings`` is part of a trained network and travels in its
file: the values that it was trained with cannot be chosen later. ``FillPolicy`` is chosen for a run.

Axis order is [z, y, x] throughout; probabilities are between 0 and 1 here and logits inside the fill. Where fills begin, where
they may not go, and how often a volume is filled is in `passes`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from graphkit.errors import GraphkitError

__all__ = ["FillPolicy", "NetworkSettings", "logit"]

Triple = tuple[int, int, int]


def logit(probability: float) -> float:
    """The log-odds of a probability strictly between 0 and 1."""
    return math.log(probability / (1.0 - probability))


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The shape of a network and the values it was trained with.

    ``field_of_view`` is what one call sees and predicts, in voxels; ``deltas`` how far a move goes. The image enters as
    ``(value - mean) / std``. The seed canvas is ``pad`` where nothing is known yet and ``init`` at the seed; a fill moves to
    places of at least ``move``, and voxels of at least ``segment`` make the segment. ``normalization`` "layer" puts a layer
    normalisation over the features of each voxel before every residual module and before the last convolution. ``input`` is
    what it was trained on, and is to be given: the "image", or what a "membrane" network makes of it, the probability of being
    inside a cell (255 times).
    """

    field_of_view: Triple = (17, 17, 17)
    deltas: Triple = (4, 4, 4)
    depth: int = 9
    features: int = 16
    normalization: Literal["none", "layer"] = "none"
    voxel_size_nm: tuple[float, float, float] | None = None
    mean: float = 128.0
    std: float = 33.0
    pad: float = 0.05
    init: float = 0.95
    move: float = 0.9
    segment: float = 0.6
    input: Literal["image", "membrane"] = "image"

    def __post_init__(self) -> None:
        view, deltas = _triple(self.field_of_view, "field_of_view"), _triple(self.deltas, "deltas")
        object.__setattr__(self, "field_of_view", view)
        object.__setattr__(self, "deltas", deltas)
        if any(v < 3 or v % 2 == 0 for v in view):
            raise GraphkitError(
                f"field_of_view must be odd and at least 3 along each axis, so that it has a centre, not {view}."
            )
        if any(d < 0 or d > v // 2 for d, v in zip(deltas, view, strict=True)) or not any(deltas):
            half = tuple(v // 2 for v in view)
            raise GraphkitError(f"deltas must be from 0 to half the field of view {half}, and not all 0, not {deltas}.")
        _at_least(self, 1, "depth", "features")
        if self.normalization not in ("none", "layer"):
            raise GraphkitError(f"normalization must be 'none' or 'layer', not {self.normalization!r}.")
        if self.voxel_size_nm is not None:
            size = tuple(float(v) for v in self.voxel_size_nm)
            if len(size) != 3 or not all(math.isfinite(v) and v > 0 for v in size):
                raise GraphkitError(
                    f"voxel_size_nm must be three positive lengths (z, y, x), not {self.voxel_size_nm!r}."
                )
            object.__setattr__(self, "voxel_size_nm", size)
        if not math.isfinite(self.mean):
            raise GraphkitError(f"mean must be a finite grey value, not {self.mean!r}.")
        if not (math.isfinite(self.std) and self.std > 0):
            raise GraphkitError(f"std must be a positive number of grey values, not {self.std!r}.")
        _probabilities(self, "pad", "init", "move", "segment")
        if self.input not in ("image", "membrane"):
            raise GraphkitError(f"input must be 'image' or 'membrane', not {self.input!r}.")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkSettings:
        """The settings that ``as_dict`` wrote. Raises GraphkitError for names that are not settings."""
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise GraphkitError(
                f"Unknown network settings: {', '.join(unknown)}. Known are {', '.join(sorted(known))}."
            )
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class FillPolicy:
    """How a volume is filled with a trained network (Januszewski et al. 2018, and the reference's own options).

    ``min_segment_voxels``: a smaller fill is given up. ``min_boundary_distance``: no seed this near (voxels) to a finished
    segment. ``disconnected_share``: if more than this share of a prediction is sure (>= move), voxels that were below 0.5 may
    not rise: two sides that were found apart stay apart. The reference's fib25 settings have 0.0; None, no guard, fills more with
    the networks that are trained here. ``move``, ``segment`` and ``deltas`` override the network's own values: longer moves are
    fewer, and split more. ``seed_spacing`` and ``seed_sigma`` (voxels) shape the search for seeds, ``seed`` its noise.
    ``mirror`` continues the image by its mirror image beyond its faces, so that fills reach them; without it no field of view is
    centred within half a field of view of a face, as in the reference, and objects near it end early or are missed.
    ``min_unseen_share``: no move to where less than this share of the field of view is new, not predicted yet in this fill, free,
    and part of the answer; 0 makes every move, as the reference does.
    ``precision``: "float32", or where the processor has bfloat16 half the time: "mixed" keeps the first convolution and the sums
    in float32, and its logits are three times nearer to those of float32 than with "bfloat16". "float16" is for accelerators: as
    quick there as "bfloat16", and eight times nearer.
    """

    min_segment_voxels: int = 1000
    min_boundary_distance: Triple = (1, 1, 1)
    disconnected_share: float | None = None
    move: float | None = None
    segment: float | None = None
    seed_spacing: int = 3
    seed_sigma: float = 49.0 / 6.0
    seed: int = 0
    mirror: bool = True
    precision: str = "float32"
    min_unseen_share: float = 0.0
    deltas: Triple | None = None

    def __post_init__(self) -> None:
        distance = _triple(self.min_boundary_distance, "min_boundary_distance")
        object.__setattr__(self, "min_boundary_distance", distance)
        if min(distance) < 0:
            raise GraphkitError(f"min_boundary_distance must be 0 or more voxels along each axis, not {distance}.")
        _at_least(self, 1, "min_segment_voxels", "seed_spacing")
        if self.disconnected_share is not None and not 0 <= self.disconnected_share <= 1:
            raise GraphkitError(
                f"disconnected_share must be from 0 to 1, or None for no guard, not {self.disconnected_share!r}."
            )
        _probabilities(self, *(name for name in ("move", "segment") if getattr(self, name) is not None))
        if not (math.isfinite(self.seed_sigma) and self.seed_sigma > 0):
            raise GraphkitError(f"seed_sigma must be a positive number of voxels, not {self.seed_sigma!r}.")
        if not 0 <= self.min_unseen_share < 1:
            raise GraphkitError(f"min_unseen_share must be from 0 up to and without 1, not {self.min_unseen_share!r}.")
        if self.precision not in ("float32", "mixed", "bfloat16", "float16"):
            raise GraphkitError(
                f"precision must be 'float32', 'mixed', 'bfloat16' or 'float16', not {self.precision!r}."
            )
        if self.deltas is not None:
            object.__setattr__(self, "deltas", _triple(self.deltas, "deltas"))

    def deltas_of(self, network: NetworkSettings) -> Triple:
        """How far a move goes with this network. Raises GraphkitError where it cannot go as far as it was told to."""
        try:
            return network.deltas if self.deltas is None else replace(network, deltas=self.deltas).deltas
        except GraphkitError as error:
            raise GraphkitError(f"Of the fill, {error.message}", hint=error.hint) from None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def _triple(value: Sequence[int] | int, name: str) -> Triple:
    values = (value,) * 3 if isinstance(value, int) else tuple(value)
    if len(values) != 3 or any(isinstance(v, bool) or int(v) != v for v in values):
        raise GraphkitError(f"{name} must be three whole numbers [z, y, x], not {value!r}.")
    z, y, x = (int(v) for v in values)
    return z, y, x


def _at_least(settings: object, least: int, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise GraphkitError(f"{name} must be a whole number of at least {least}, not {value!r}.")


def _probabilities(settings: object, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not 0.0 < value < 1.0:
            raise GraphkitError(f"{name} must be a probability between 0 and 1, without the ends, not {value!r}.")
