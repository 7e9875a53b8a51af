"""A U-Net over blocks of an image volume: what its jobs for the engine have in common.

A block reads the halo that its network needs by itself, so blocks need none.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Block, Box
from graphkit_pipeline.unet.network import Network, load_network
from graphkit_pipeline.unet.predict import check_voxel_size
from graphkit_pipeline.unet.settings import NetworkSettings, PredictSettings
from graphkit_pipeline.volume import Volume, open_volume

__all__ = ["UNetJob", "file_digest"]


@dataclass(frozen=True)
class UNetJob:
    """The image, the network's file, and how it is cut. What a block becomes is said by the job of a purpose."""

    network_settings: ClassVar[type[NetworkSettings]]

    image: str
    network: str
    predict: PredictSettings = field(default_factory=PredictSettings)
    dataset: str | None = None
    voxel_size_nm: tuple[float, float, float] | None = None
    offset: tuple[int, int, int] | None = None

    def settings(self) -> dict[str, Any]:
        # The tile is not among them: it changes memory, not results.
        return {
            "image": self.image,
            "dataset": self.dataset,
            "voxel_size_nm": self.voxel_size_nm and list(self.voxel_size_nm),
            "offset": self.offset and list(self.offset),
            "network": file_digest(self.network),
            **self.predict.said,
        }

    def setup(self) -> tuple[Volume, Network[Any]]:
        """Opens the image and loads the network; raises GraphkitError where they do not fit each other."""
        volume = open_volume(self.image, dataset=self.dataset, voxel_size_nm=self.voxel_size_nm, offset=self.offset)
        network = load_network(self.network, self.network_settings, precision=self.predict.precision)
        check_voxel_size(network.settings, volume.voxel_size_nm, what=f"The image {self.image}")
        return volume, network

    def _seen(self, state: tuple[Volume, Network[Any]], block: Block) -> tuple[np.ndarray, Box]:
        """What the network must see for the block's core, and where it lies."""
        volume, network = state
        box = block.core.grown(network.settings.halo, within=volume.bounds)
        return volume.read(box), box


def file_digest(path: str | Path) -> str:
    """What tells a file's content from another's.

    Raises GraphkitError where it cannot be read.
    """
    try:
        return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise GraphkitError(f"{path} cannot be read: {error.strerror or error}.") from error
