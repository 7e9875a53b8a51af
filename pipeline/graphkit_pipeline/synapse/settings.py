"""What can be set about synapses: every default is written here, once, and checked when it is set.

The network has a head for clefts (a logit) and a head for directions: (z, y, x) in nm space, from the postsynaptic to the
presynaptic side, not yet of unit length. Direction is only trained, and only meaningful, at cleft voxels. Mask and
vectors together as in Buhmann et al. 2021 (Synful).

Axis order [z, y, x] throughout. A setting that has one value an axis is a tuple of three in that order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from graphkit_pipeline.unet import settings as unet
from graphkit_pipeline.unet.settings import Head, Settings

__all__ = ["AssignSettings", "NetworkSettings", "PredictSettings", "TrainingSettings"]

_ABOUT = "synapse"


@dataclass(frozen=True)
class NetworkSettings(unet.NetworkSettings):
    """The synapse network: an image in, cleft and direction out."""

    about: ClassVar[str] = _ABOUT
    command: ClassVar[str] = "graphkit train synapses"

    @property
    def heads(self) -> tuple[Head, ...]:
        return Head("cleft", 1, -3.0), Head("direction", 3)  # -3: clefts are rare


@dataclass(frozen=True)
class PredictSettings(unet.PredictSettings):
    """How a volume is cut for the synapse network."""

    about: ClassVar[str] = _ABOUT


@dataclass(frozen=True)
class TrainingSettings(unet.TrainingSettings):
    """Training of the synapse network.

    ``near_synapses`` of the patches hold a synapse by choice, the others are anywhere. ``positive_weight`` is the
    weight of a cleft voxel against a voxel outside clefts; ``direction_weight`` that of the direction's loss against the
    mask's.
    """

    about: ClassVar[str] = _ABOUT

    near_synapses: float = 0.75
    positive_weight: float = 5.0
    direction_weight: float = 1.0
    direction_sigma_nm: float = 32.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._above_0("positive_weight", "direction_sigma_nm")
        self._at_least_0("direction_weight")
        self._require(0 <= self.near_synapses <= 1, "near_synapses", self.near_synapses, "a fraction from 0 to 1")


@dataclass(frozen=True)
class AssignSettings(Settings):
    """From predictions to synapses.

    ``threshold``: a voxel is cleft where its probability is above. ``min_voxels``: smaller sites are dropped.
    A voxel's partners are looked for from ``start_nm`` to ``reach_nm`` along its direction. Where sites ran together, each
    pre segment with at least ``pre_share`` of the voxels of the foremost makes a site of its own; a post segment with
    at least ``post_share`` of a site's voxels, and ``post_voxels`` of them, is a partner of it. Partners whose mean
    probability is below ``min_score`` are dropped. ``site_nm`` is the largest extent of sites that run together for which a
    volume in blocks must give what it gives in one piece: it costs halo.
    """

    about: ClassVar[str] = _ABOUT

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
        require = self._require
        for name in ("threshold", "min_score"):
            value = getattr(self, name)
            require(0 <= value < 1, name, value, "a probability from 0 to below 1")
        for name in ("min_voxels", "post_voxels"):
            value = getattr(self, name)
            require(isinstance(value, int) and value >= 1, name, value, "a whole number of at least 1")
        for name in ("pre_share", "post_share"):
            value = getattr(self, name)
            require(0 < value <= 1, name, value, "a share above 0 and at most 1")
        require(math.isfinite(self.start_nm) and self.start_nm >= 0, "start_nm", self.start_nm, "at least 0 nm")
        require(math.isfinite(self.reach_nm), "reach_nm", self.reach_nm, "a length in nm")
        require(self.reach_nm > self.start_nm, "reach_nm", self.reach_nm, f"more than start_nm, {self.start_nm:g} nm")
        require(math.isfinite(self.site_nm) and self.site_nm > 0, "site_nm", self.site_nm, "a length above 0 nm")

    @property
    def halo_nm(self) -> float:
        """What a block must see around its core."""
        return self.site_nm + self.reach_nm
