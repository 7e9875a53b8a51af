"""Where a network sees clefts, and which way they point. Arrays are [z, y, x]; directions [3, z, y, x], (z, y, x) in nm space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphkit.progress import Progress, silent
from graphkit_pipeline.synapse.settings import NetworkSettings, PredictSettings
from graphkit_pipeline.unet.network import Network
from graphkit_pipeline.unet.predict import predict_tiles, probability

__all__ = ["predict_array"]


def predict_array(
    image: np.ndarray,
    network: Network[NetworkSettings],
    settings: PredictSettings | None = None,
    *,
    origin: Sequence[int] = (0, 0, 0),
    progress: Progress = silent,
) -> tuple[np.ndarray, np.ndarray]:
    """Cleft probability, float32 [z, y, x] from 0 to 1, and direction, float32 [3, z, y, x], unit vectors from post to pre
    (zeros where the network gives none).

    ``origin`` is the global voxel of ``image[0, 0, 0]``; see ``predict_tiles`` for what the network sees at the faces.

    Raises:
        GraphkitError: the image is not uint8 [z, y, x], is empty, or the tile is too small for the network's halo.
    """
    cleft, direction = predict_tiles(
        image, network, _finish, settings or PredictSettings(), origin=origin, progress=progress
    )
    return cleft, direction


def _finish(outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    logit, vector = outputs
    length = np.sqrt((vector**2).sum(-1, keepdims=True))
    return probability(logit[..., 0]), np.moveaxis(vector / np.maximum(length, 1e-12), -1, 0)
