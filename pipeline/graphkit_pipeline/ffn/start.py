"""The network that a training begins from, in place of chance: a `.keras` file, or a checkpoint of google/ffn.

Depth, features and normalisation are the shape of its weights, and stay. All other settings change no weight: they may be
others than its own. Its settings are read without TensorFlow where it is a `.keras` file; its weights are read once the
training has its own network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.network import FfnNetwork, load_network, read_settings
from graphkit_pipeline.ffn.settings import NetworkSettings

__all__ = ["Start", "check_start", "start_of"]

_SHAPE = ("depth", "features", "normalization")


@dataclass(frozen=True, slots=True)
class Start:
    """A network to begin from.

    ``settings`` are its own; of a checkpoint of google/ffn, which holds little of them, those of the published network
    for FIB-25 with its depth and features. ``sha256`` is that of its file (of a checkpoint its index), or of the weights of a
    network in memory, whose ``location`` is None.
    """

    location: str | None
    settings: NetworkSettings
    sha256: str
    _network: FfnNetwork | None = None

    def weights(self) -> list[NDArray[np.float32]]:
        """Its arrays, in the model's order."""
        if self._network is not None:
            return list(self._network.model.get_weights())
        assert self.location is not None
        if Path(self.location).suffix == ".keras":
            return list(load_network(self.location).model.get_weights())
        from graphkit_pipeline.ffn.checkpoint import import_ffn_checkpoint

        return list(import_ffn_checkpoint(self.location, self.settings).model.get_weights())

    def recorded(self) -> dict[str, Any]:
        """Plain JSON values, for the record of a training."""
        return {"network": self.location, "sha256": self.sha256}


def start_of(given: FfnNetwork | str | Path) -> Start:
    """What is to be known of a network before a training begins from it.

    Raises GraphkitError where there is none, or it is of another kind.
    """
    if isinstance(given, FfnNetwork):
        weights = (np.ascontiguousarray(w).data for w in given.model.get_weights())
        return Start(None, given.settings, _sha256(weights), given)
    path = Path(given)
    if path.suffix == ".keras":
        return Start(str(path), read_settings(path), _sha256([path.read_bytes()]))
    from graphkit_pipeline.ffn.checkpoint import checkpoint_digest, checkpoint_settings

    return Start(str(path), checkpoint_settings(path), checkpoint_digest(path))


def check_start(start: Start, network: NetworkSettings) -> None:
    """Raises GraphkitError where a network of these settings cannot take its weights, or sees something else."""
    its = start.settings
    if any(getattr(network, name) != getattr(its, name) for name in _SHAPE):
        raise GraphkitError(
            f"The network to begin from has {_said(its)}; the one to be trained {_said(network)}.",
            hint="Leave these out of [network], so that they are those of the one to begin from, or begin from chance.",
        )
    if its.input != network.input:
        seen = {"image": "images", "membrane": "what a membrane network sees"}
        raise GraphkitError(
            f"The network to begin from was trained on {seen[its.input]}; this training is on {seen[network.input]}.",
            hint='Give --membrane NETWORK, or say [network] input = "membrane" where the volumes are what one saw.'
            if its.input == "membrane"
            else "Leave the membrane network out, or begin from a network that was trained on what one sees.",
        )


def _said(settings: NetworkSettings) -> str:
    return ", ".join(f"{name} {getattr(settings, name)}" for name in _SHAPE)


def _sha256(parts: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
