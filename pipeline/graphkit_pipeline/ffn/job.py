"""Segmentation block by block: the job for the engine.

    image ──SegmentJob──> a folder of blocks: labels of each box ──reconcile──> one segmentation

Each block is filled by itself, on its box; a block's labels are 1 .. n. Seeds hang on global voxels, so neighbours begin from the
same places where they overlap. A block needs a halo of several fields of view for its core to be seen whole.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.network import FfnNetwork, Predict, compiled, load_network
from graphkit_pipeline.ffn.settings import FillPolicy
from graphkit_pipeline.volume import Volume, check_block, check_image, open_volume

__all__ = ["SegmentJob"]

State = tuple[Volume, FfnNetwork, Predict]


@dataclass(frozen=True)
class SegmentJob:
    """The segments of each block's box, with a network of ``train_ffn`` (its file) on an image volume.

    The arrays of a block: ``labels`` int64 [z, y, x] of its box; for the ids 1 .. n ``voxels`` [n], ``moves`` [n] and ``seeds``
    [n, 3], the global voxel that each began from; ``counts`` int64 [4]: fills begun, given up as weak, given up as too small, and
    calls of the network.
    """

    image: str
    network: str
    policy: FillPolicy = field(default_factory=FillPolicy)
    dataset: str | None = None
    voxel_size_nm: tuple[float, float, float] | None = None
    offset: tuple[int, int, int] | None = None

    def settings(self) -> dict[str, Any]:
        """All that the labels depend on: the image's place, the network's bytes, the policy."""
        try:
            network = hashlib.blake2b(Path(self.network).read_bytes(), digest_size=16).hexdigest()
        except OSError as error:
            raise GraphkitError(f"The network {self.network} cannot be read: {error.strerror or error}.") from None
        return {
            "image": self.image,
            "dataset": self.dataset,
            "voxel_size_nm": self.voxel_size_nm and list(self.voxel_size_nm),
            "offset": self.offset and list(self.offset),
            "network": network,
            "policy": self.policy.as_dict(),
        }

    def setup(self) -> State:
        """The image and the compiled network; raises GraphkitError where they do not fit each other."""
        volume = open_volume(self.image, dataset=self.dataset, voxel_size_nm=self.voxel_size_nm, offset=self.offset)
        network = load_network(self.network, precision=self.policy.precision)
        s = network.settings
        size = volume.voxel_size_nm if s.voxel_size_nm is None else s.voxel_size_nm
        check_image(volume, dtype=np.uint8, voxel_size_nm=size, field_of_view=s.field_of_view)
        return volume, network, compiled(network)

    def run(self, state: State, block: Block) -> dict[str, np.ndarray]:
        """The block's arrays."""
        volume, network, predict = state
        image = volume.read(block.box)
        check_block(image, block.box)
        result = segment_array(image, network, self.policy, origin=block.box.start, predict=predict)
        counts = result.counts
        return {
            "labels": result.labels,
            "voxels": result.voxels,
            "moves": result.moves,
            "seeds": result.seeds + np.array(block.box.start, dtype=np.int64),
            "counts": np.array([counts.begun, counts.weak, counts.small, counts.moves], dtype=np.int64),
        }
