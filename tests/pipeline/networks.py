"""Networks with weights set by hand, for tests of what goes on around a network."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from graphkit_pipeline.ffn.network import build_network, save_network
from graphkit_pipeline.ffn.settings import NetworkSettings
from graphkit_pipeline.membrane.settings import NetworkSettings as MembraneSettings
from graphkit_pipeline.unet import network as unet


def threshold_ffn(
    path: Path,
    *,
    level: float,
    voxel_size_nm: tuple[float, float, float] = (16.0, 16.0, 16.0),
    sees: Literal["image", "membrane"] = "image",
) -> Path:
    """A flood-filling network that adds to the seed what is brighter than ``level`` and takes away what is darker.

    The image goes through the middle taps of both convolutions, offset to stay above 0, into the last one.
    """
    settings = NetworkSettings(
        field_of_view=(17, 17, 17),
        deltas=(6, 6, 6),
        depth=1,
        features=1,
        voxel_size_nm=voxel_size_nm,
        mean=level,
        std=8.0,
        input=sees,
    )
    network = build_network(settings)
    kernels = [np.zeros(v.shape, np.float32) for v in network.model.weights]
    offset = 50.0
    middle = (1, 1, 1)
    kernels[0][middle][0, 0] = 1.0  # conv0_a: the image's channel
    kernels[1][:] = offset
    kernels[2][middle][0, 0] = 1.0  # conv0_b
    kernels[4][0, 0, 0, 0, 0] = 2.0  # conv_lom
    kernels[5][:] = -2.0 * offset
    network.model.set_weights(kernels)
    save_network(network, path)
    return path


def threshold_membrane(
    path: Path,
    *,
    level: float,
    slope: float = 0.1,
    voxel_size_nm: float = 16.0,
    offsets: tuple[tuple[int, int, int], ...] = ((0, 0, 1),),
) -> Path:
    """A membrane network of one convolution: the logit of the inside is ``slope`` times the grey value above ``level``.

    It sees one voxel. Those of the affinities are the same.
    """
    settings = MembraneSettings(
        voxel_size_nm=(voxel_size_nm,) * 3,
        features=(1,),
        pooling=(),
        kernels=((1, 1, 1),),
        convolutions=(1,),
        patch=(16, 16, 16),
        mean=0.0,
        spread=1.0,
        offsets=offsets,
    )
    network = unet.build_network(settings)
    kernels = [np.ones(v.shape, np.float32) for v in network.model.weights]
    kernels[1][:] = 0.0
    for head in (2, 4):
        kernels[head][:], kernels[head + 1][:] = slope, -slope * level
    network.model.set_weights(kernels)
    unet.save_network(network, path)
    return path
