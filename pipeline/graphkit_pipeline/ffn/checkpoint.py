"""Networks trained with google/ffn, read from their TensorFlow 1 checkpoints.

A checkpoint is named by what its files begin with: `model.ckpt-123` for `model.ckpt-123.index` and
`model.ckpt-123.data-00000-of-00001`. It holds `seed_update/conv{k}_{a,b}/{weights,biases}`, from which depth and features
follow; what it does not hold (field of view, deltas, normalisation, thresholds) is given in the settings.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError, MissingExtraError
from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.ffn.network import FfnNetwork, build_network
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from graphkit_pipeline.networks import no_network

__all__ = [
    "FIB25",
    "FIB25_POLICY",
    "checkpoint_digest",
    "checkpoint_settings",
    "import_ffn_checkpoint",
]

FIB25 = NetworkSettings(
    field_of_view=(33, 33, 33), deltas=(8, 8, 8), depth=12, features=32, voxel_size_nm=(10.0, 10.0, 10.0)
)
"""The settings of the published network for the FIB-25 volume (Drosophila medulla, 10 nm)."""

FIB25_POLICY = FillPolicy(
    min_segment_voxels=1000, min_boundary_distance=(1, 1, 1), disconnected_share=0.0, mirror=False
)
"""How the reference fills FIB-25 with it."""

_SCOPE = "seed_update/"
_FILES = "Copy both of its files, or all: NAME.index and NAME.data-00000-of-00001."


def import_ffn_checkpoint(
    path: str | Path, settings: NetworkSettings = FIB25, *, precision: str = "float32"
) -> FfnNetwork:
    """The network of a google/ffn checkpoint; ``settings`` says what the checkpoint does not hold.

    Raises GraphkitError where there is no checkpoint, or it is of another kind, depth or number of features.
    """
    arrays = _read(Path(path))
    depth, features = _shape(arrays, path)
    if (depth, features) != (settings.depth, settings.features):
        raise GraphkitError(
            f"The checkpoint {path} has depth {depth} and {features} features; the settings say depth {settings.depth} "
            f"and {settings.features} features.",
            hint="Leave depth and features out: `graphkit train import-ffn CHECKPOINT -o NAME.keras --settings FILE.TOML` takes "
            "them from the checkpoint.",
        )
    network = build_network(settings, precision=precision)
    for layer in network.model.layers:
        if layer.weights:
            layer.set_weights(_of_layer(arrays, layer, path))
    return network


def checkpoint_settings(path: str | Path) -> NetworkSettings:
    """The depth and features of a google/ffn checkpoint; what it does not hold is that of the published FIB-25 network.

    Raises GraphkitError where there is no checkpoint, or it is of another kind.
    """
    depth, features = _shape(_read(Path(path)), path)
    return replace(FIB25, depth=depth, features=features)


def checkpoint_digest(path: str | Path) -> str:
    """What tells a checkpoint from another: the digest of its index, which holds a checksum of each array.

    Raises GraphkitError where there is no checkpoint.
    """
    return hashlib.sha256(_index(Path(path)).read_bytes()).hexdigest()


def _shape(arrays: dict[str, Any], path: str | Path) -> tuple[int, int]:
    """Depth and features."""
    depth = sum(name.endswith("_a/weights") for name in arrays)
    first = arrays.get("conv0_a/weights")
    if first is None or first.ndim != 5 or depth == 0:
        raise GraphkitError(
            f"The checkpoint {path} is not one of a three-dimensional flood-filling network.",
            hint=f"Expected arrays named {_SCOPE}conv0_a/weights and so on, as google/ffn's convstack_3d writes them.",
        )
    return depth, int(first.shape[-1])


def _prefix(path: Path) -> Path:
    """What the names of the checkpoint's files begin with."""
    if path.suffix in (".index", ".meta"):
        return path.with_suffix("")
    name, data, _ = path.name.rpartition(".data-")
    return path.with_name(name) if data else path


def _index(path: Path) -> Path:
    """The file that lists the checkpoint's arrays."""
    prefix = _prefix(path)
    index = prefix.with_name(f"{prefix.name}.index")
    if not index.is_file():
        raise no_network(path)
    return index


def _of_layer(arrays: dict[str, Any], layer: Any, path: str | Path) -> list[Any]:
    found = []
    for part, variable in zip(("weights", "biases"), layer.weights, strict=True):
        name = f"{layer.name}/{part}"
        shape = None if name not in arrays else arrays[name].shape
        if shape != tuple(variable.shape):
            raise GraphkitError(
                f"The checkpoint {path} does not fit: {_SCOPE}{name} is {shape or 'missing'}, expected {tuple(variable.shape)}."
            )
        found.append(arrays[name])
    return found


def _read(path: Path) -> dict[str, Any]:
    """Every array of the network, without the scope that all names begin with."""
    import_keras()
    try:
        import tensorflow as tf
    except ImportError:
        raise MissingExtraError("tensorflow", "pipeline", "Reading a TensorFlow checkpoint") from None
    prefix = str(_index(path)).removesuffix(".index")
    try:
        reader = tf.train.load_checkpoint(prefix)
        names = [n for n in reader.get_variable_to_shape_map() if n.startswith(_SCOPE)]
        return {n.removeprefix(_SCOPE): np.asarray(reader.get_tensor(n)) for n in names}
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise GraphkitError(f"The checkpoint {path} cannot be read: {error}", hint=_FILES) from None
