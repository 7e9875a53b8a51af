"""Networks with weights set by hand, for tests of what goes on around a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from graphkit_pipeline.ffn.network import build_network, save_network
from graphkit_pipeline.ffn.settings import NetworkSettings


def threshold_ffn(path: Path, *, level: float, voxel_size_nm: tuple[float, float, float] = (16.0, 16.0, 16.0)) -> Path:
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
