"""The flood-filling network: from an image and what is known of an object to a better map of the object.

    image ─┐                                  ┌─────────────── + ──▶ ...  ReLU, 1x1x1 ── update
           ├─ concat ─ conv ─ ReLU ─ conv ─┬──┤ReLU, conv,      │                          │
    seed ──┤                               │  │ReLU, conv ──────┘   (depth - 1 of these)   + ──▶ logits
           └───────────────────────────────┼──────────────────────────────────────────────┘

With normalization "layer" the features of each voxel are normalised before the first ReLU of each module and before the last.
All convolutions are 3x3x3 with zero padding. Arrays are [batch, z, y, x, 1] float32; seed and output are logits. The model is
plain Keras 3 and runs on its TensorFlow, JAX and PyTorch backends.

A network's file is an ordinary `.keras` archive, which Keras alone can open, with its ``NetworkSettings`` beside the
weights in an entry ``graphkit.json``.

Januszewski et al. 2018, High-precision automated reconstruction of neurons with flood-filling networks, Nature Methods 15.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.ffn.settings import NetworkSettings
from graphkit_pipeline.formats.disk import said_plainly
from graphkit_pipeline.networks import no_network

__all__ = ["FfnNetwork", "build_network", "load_network", "read_settings", "save_network"]

_ENTRY, _RECORD = "graphkit.json", "training.json"
_KIND = "flood-filling network"


@dataclass(frozen=True)
class FfnNetwork:
    """A Keras model ``[image, seed] -> logits`` and the settings that inference needs."""

    settings: NetworkSettings
    model: Any

    @property
    def parameters(self) -> int:
        """How many numbers it has learnt."""
        return int(self.model.count_params())


def build_network(settings: NetworkSettings, *, seed: int = 0, precision: str = "float32") -> FfnNetwork:
    """An untrained network; the same seed gives the same weights.

    The last convolution begins at zero, so that an untrained network returns its seed unchanged. ``precision``: "float32",
    "bfloat16", "mixed" (bfloat16 but for the first convolution, the sums between modules and the last convolution), or "float16".
    """
    keras = import_keras()
    layers = keras.layers
    policy = {"float32": "float32", "float16": "mixed_float16"}.get(precision, "mixed_bfloat16")
    # What enters the network, and the sum that runs through it, decide how far its logits are from those of float32.
    outer = "float32" if precision == "mixed" else policy
    seeds = iter(np.random.SeedSequence(seed).generate_state(2 * settings.depth).tolist())

    def convolution(name: str, activation: str | None = None, scale: float = 2.0, dtype: str = policy) -> Any:
        start = keras.initializers.VarianceScaling(scale, "fan_in", "truncated_normal", seed=next(seeds))
        options = {"padding": "same", "activation": activation, "kernel_initializer": start}
        return layers.Conv3D(settings.features, 3, name=name, dtype=dtype, **options)

    def rectified(x: Any) -> Any:
        # Not a ReLU layer: TensorFlow's fusion of sums and ReLUs then fails on this graph, and fuses nothing at all.
        return keras.ops.maximum(x, 0)

    def normalized(x: Any, name: str) -> Any:
        return x if settings.normalization == "none" else layers.LayerNormalization(name=name, dtype=outer)(x)

    shape = (*settings.field_of_view, 1)
    image, seed_logits = keras.Input(shape, name="image"), keras.Input(shape, name="seed")
    x = layers.Concatenate(name="both", dtype=outer)([image, seed_logits])
    x = convolution("conv0_b")(convolution("conv0_a", "relu", dtype=outer)(x))
    for k in range(1, settings.depth):
        y = rectified(normalized(x, f"norm{k}"))
        # Smaller on the way back to the sum, so that its variance does not double with every module.
        y = convolution(f"conv{k}_b", scale=1.0 / settings.depth)(convolution(f"conv{k}_a", "relu")(y))
        x = layers.Add(name=f"add{k}", dtype=outer)([x, y])
    x = rectified(normalized(x, "norm_last"))
    # The sum with the seed stays in float32: a logit in bfloat16 moves in steps of 0.016 near the threshold of moves.
    update = layers.Conv3D(1, 1, kernel_initializer="zeros", name="conv_lom", dtype=outer)(x)
    logits = layers.Add(name="logits", dtype="float32")([seed_logits, update])
    return FfnNetwork(settings, keras.Model([image, seed_logits], logits, name="ffn"))


def save_network(network: FfnNetwork, path: str | Path, *, record: dict[str, Any] | None = None) -> None:
    """Writes a `.keras` file that ``load_network`` and Keras alone can open; atomic.

    ``record`` (plain JSON values: what it was trained with, and its score) goes into the file's entry ``training.json``.
    """
    target = Path(path)
    if target.suffix != ".keras":
        raise GraphkitError(f"A network's file ends in .keras, and {target.name!r} does not.")
    with said_plainly(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.stem}.{os.getpid()}.keras")
    with said_plainly(target):
        try:
            network.model.save(unfinished)
            with zipfile.ZipFile(unfinished, "a") as archive:
                entry = {"kind": _KIND, "version": 1, **network.settings.as_dict()}
                archive.writestr(_ENTRY, json.dumps(entry, indent=1))
                if record is not None:
                    archive.writestr(_RECORD, json.dumps(record, indent=1))
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)


def load_network(path: str | Path, *, precision: str = "float32") -> FfnNetwork:
    """The network of a file, for any backend of Keras.

    Raises GraphkitError where there is no file, or one of another kind, or its weights are not of the shape that its settings
    say.
    """
    source = Path(path)
    values = _read_settings(source)
    network = build_network(NetworkSettings.from_dict(values), precision=precision)
    weights = _read_weights(source)
    expected = [tuple(v.shape) for v in network.model.weights]
    found = [w.shape for w in weights]
    if found != expected:
        s = network.settings
        raise GraphkitError(
            f"The weights in {source} are not those of a network of depth {s.depth} with {s.features} features: "
            f"{len(found)} arrays where {len(expected)} were expected, or other shapes.",
            hint="The file is damaged or was put together by hand; take another copy, or train again.",
        )
    network.model.set_weights(weights)
    return network


def read_settings(path: str | Path) -> NetworkSettings:
    """The settings of a network's file, without its weights: Keras is not needed.

    Raises GraphkitError where there is no file, or one of another kind.
    """
    return NetworkSettings.from_dict(_read_settings(Path(path)))


def _read_settings(source: Path) -> dict[str, Any]:
    """The settings of a network's file, without ``kind`` and ``version``."""
    if not source.is_file():
        raise no_network(source)
    kind_error = GraphkitError(
        f"{source} is not the file of a flood-filling network.",
        hint="Expected a .keras file written by `graphkit train ffn`, or a checkpoint of google/ffn without a suffix.",
    )
    try:
        with zipfile.ZipFile(source) as archive:
            values = json.loads(archive.read(_ENTRY))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise kind_error from None
    if not isinstance(values, dict) or values.pop("kind", None) != _KIND:
        raise kind_error
    version = values.pop("version", None)
    if version != 1:
        raise GraphkitError(f"{source} is of version {version!r}; this graphkit reads version 1.")
    return values


def _read_weights(source: Path) -> list[NDArray[np.float32]]:
    """The arrays of the model in the archive, in the model's order."""
    keras = import_keras()
    try:
        model = keras.saving.load_model(source, compile=False)
    except Exception as error:  # Keras raises whatever its readers of zip, JSON and HDF5 do
        raise GraphkitError(f"{source} cannot be read: {error}") from None
    return [np.asarray(w) for w in model.get_weights()]
