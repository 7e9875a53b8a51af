"""The inside of cells, block by block: the job for the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from graphkit_pipeline.blocks import Block
from graphkit_pipeline.membrane.predict import predict_array
from graphkit_pipeline.membrane.settings import NetworkSettings, PredictSettings
from graphkit_pipeline.unet.job import UNetJob
from graphkit_pipeline.unet.network import Network
from graphkit_pipeline.volume import Volume

__all__ = ["MembraneJob"]


@dataclass(frozen=True)
class MembraneJob(UNetJob):
    """Of each block's core ``inside`` (uint8 [z, y, x]) and, where asked for, ``affinities`` (uint8 [offset, z, y, x])."""

    network_settings: ClassVar[type[NetworkSettings]] = NetworkSettings

    predict: PredictSettings = field(default_factory=PredictSettings)
    affinities: bool = False

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "mirrors": self.predict.mirrors, "affinities": self.affinities}

    def run(self, state: tuple[Volume, Network[NetworkSettings]], block: Block) -> dict[str, np.ndarray]:
        image, box = self._seen(state, block)
        found = predict_array(image, state[1], self.predict, origin=box.start, affinities=self.affinities)
        core = block.core.slices(origin=box.start)
        arrays = {"inside": found.inside[core]}
        if found.affinities is not None:
            arrays["affinities"] = found.affinities[(slice(None), *core)]
        return arrays
