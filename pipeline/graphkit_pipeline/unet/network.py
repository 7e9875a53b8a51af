"""A 3-D U-Net and its one file.

    image [z, y, x, 1] ─ level 0 ──────────────(+)─ level 0 ─┬─ 1x1x1 ─ head
                             └ pool ─ level 1 ─┘ up          └─ 1x1x1 ─ head ...

Skips are added, not concatenated: half the cost of the top level, which is what costs. There is no normalisation layer: a
prediction then depends on the image within ``settings.halo`` and on nothing else, so that a volume can be cut in any
way (see predict.py).

After Ronneberger et al. 2015 (U-Net).

The file is a Keras archive (``.keras``) with one more member, ``graphkit.json``: what the network is for and how its
images are scaled. Keras reads it as well, under any backend.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.formats.disk import atomically
from graphkit_pipeline.unet.settings import NetworkSettings

__all__ = ["Network", "build_network", "load_network", "read_settings", "save_network"]

_MEMBER = "graphkit.json"
_VERSION = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)  # archives of the same network have the same bytes

S = TypeVar("S", bound=NetworkSettings)


@dataclass(frozen=True)
class Network(Generic[S]):
    """A Keras model, image in, one output for each of ``settings.heads`` out, and the settings that it was built from."""

    model: Any
    settings: S


def build_network(settings: S, *, seed: int = 0, precision: str = "float32") -> Network[S]:
    """A new network with weights drawn from ``seed``. Takes images of any size that is a multiple of ``settings.stride``.

    ``precision``: "float32", or "bfloat16", in which all but the heads is computed.

    Raises:
        MissingExtraError: Keras (or its backend) is not installed.
    """
    keras = import_keras(f"The {settings.about} network")
    layers, policy = keras.layers, "mixed_bfloat16" if precision == "bfloat16" else "float32"
    numbers = itertools.count()
    seeds = iter(
        np.random.SeedSequence(seed).generate_state(
            2 * sum(settings.convolutions) + len(settings.features) + len(settings.heads)
        )
    )

    def convolve(x: Any, features: int, kernel: tuple[int, int, int], activation: str | None = "relu") -> Any:
        layer = layers.Conv3D(
            features,
            kernel,
            padding="same",
            activation=activation,
            kernel_initializer=keras.initializers.HeNormal(seed=int(next(seeds))),
            dtype=policy,
            name=f"conv{next(numbers)}",  # names of our own: Keras counts on, and the file would differ
        )
        return layer(x)

    def level(x: Any, number: int) -> Any:
        for _ in range(settings.convolutions[number]):
            x = convolve(x, settings.features[number], settings.kernels[number])
        return x

    image = keras.Input((None, None, None, 1), name="image")
    x, skips = image, []
    for number, factor in enumerate(settings.pooling):
        x = level(x, number)
        skips.append(x)
        x = layers.MaxPooling3D(factor, dtype=policy, name=f"down{number}")(x)
    x = level(x, len(settings.features) - 1)
    for number in reversed(range(len(settings.pooling))):
        x = convolve(x, settings.features[number], (1, 1, 1), None)  # before the upsampling: an eighth of the work
        x = layers.UpSampling3D(settings.pooling[number], dtype=policy, name=f"up{number}")(x)
        x = level(layers.Add(dtype=policy, name=f"skip{number}")([x, skips[number]]), number)
    heads = [
        layers.Conv3D(
            head.channels,
            1,
            name=head.name,
            kernel_initializer=keras.initializers.GlorotUniform(seed=int(next(seeds))),
            bias_initializer=keras.initializers.Constant(head.bias),
            dtype="float32",
        )(x)
        for head in settings.heads
    ]
    return Network(keras.Model(image, heads, name=f"{settings.about}_unet"), settings)


def save_network(network: Network[Any], path: str | Path) -> None:
    """Writes ``network`` to ``path`` (``.keras``), atomically. The same weights give the same bytes.

    Raises:
        GraphkitError: the name does not end in ``.keras``, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise GraphkitError(f"A network is saved as FILE.keras, not {path.name!r}.")
    about = {"kind": _kind(type(network.settings)), "version": _VERSION, "settings": network.settings.to_dict()}
    with tempfile.TemporaryDirectory() as folder, atomically(path) as file:
        plain = Path(folder) / "plain.keras"
        network.model.save(plain)
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(file, "w") as target:
            for name in sorted(source.namelist()):
                data = source.read(name)
                if name == "metadata.json":  # it holds the time of saving
                    data = json.dumps({"keras_version": json.loads(data)["keras_version"]}).encode()
                target.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
            target.writestr(zipfile.ZipInfo(_MEMBER, _EPOCH), json.dumps(about, indent=2))


def load_network(path: str | Path, settings_type: type[S], *, precision: str = "float32") -> Network[S]:
    """The network in the file ``path``, ready to predict; ``settings_type`` says of which purpose.

    ``precision`` is that of ``build_network``: a file is of none.

    Raises:
        GraphkitError: no such file, a network for something else, of a later version, or its weights are not of the shape
            that its settings say.
        MissingExtraError: Keras (or its backend) is not installed.
    """
    path = Path(path)
    settings = read_settings(path, settings_type)
    network = build_network(settings, precision=precision)
    try:
        network.model.load_weights(path)
    except Exception as error:  # Keras raises whatever its readers raise
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise GraphkitError(
            f"{path} is damaged, or its weights are not those of a U-Net with features {settings.features}: {first_line}",
            hint=f"Take the file anew, or train a network with: {settings.command}",
        ) from error
    return network


def read_settings(path: str | Path, settings_type: type[S]) -> S:
    """What the network in the file ``path`` is for, without loading it (no Keras is needed).

    Raises:
        GraphkitError: no such file, a network for something else, or of a later version.
    """
    path, about = Path(path), settings_type.about
    if not path.is_file():
        raise GraphkitError(
            f"There is no {about} network at {path}.",
            hint=f"Expected a file NAME.keras, or {about}-tissue, which is shipped for generated tissue.",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            found = json.loads(archive.read(_MEMBER))
        kind, version, values = found["kind"], found["version"], found["settings"]
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError) as error:
        raise GraphkitError(
            f"{path} is not a {about} network of graphkit.",
            hint=f"Expected a file made by: {settings_type.command}",
        ) from error
    if kind != _kind(settings_type):
        raise GraphkitError(
            f"{path} holds a {kind!r}, not a {_kind(settings_type)!r}.",
            hint=f"Expected a file made by: {settings_type.command}",
        )
    if version != _VERSION:
        raise GraphkitError(f"{path} is of format version {version}; this graphkit reads version {_VERSION}.")
    return settings_type.from_dict(values)


def _kind(settings_type: type[NetworkSettings]) -> str:
    return f"graphkit {settings_type.about} U-Net"
