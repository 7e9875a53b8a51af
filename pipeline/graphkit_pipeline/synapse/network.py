"""The synapse network: a 3-D U-Net with a head for clefts and a head for directions, and its one file.

    image [z, y, x, 1] ─ level 0 ──────────────(+)─ level 0 ─┬─ 1x1x1 ─ cleft: a logit
                             └ pool ─ level 1 ─┘ up          └─ 1x1x1 ─ direction: (z, y, x), not yet of unit length

Direction points from the postsynaptic to the presynaptic side, in nm space, in the order z, y, x. It is only trained, and
only meaningful, at cleft voxels. Skips are added, not concatenated: half the cost of the top level, which is what
costs. There is no normalisation layer: a prediction then depends on the image within ``settings.halo`` and on
nothing else, so that a volume can be cut in any way (see predict.py).

After Ronneberger et al. 2015 (U-Net); mask and vectors together as in Buhmann et al. 2021 (Synful).

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
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.formats.disk import atomically
from graphkit_pipeline.synapse.settings import NetworkSettings

__all__ = ["Network", "build_network", "load_network", "read_settings", "save_network"]

_MEMBER = "graphkit.json"
_KIND = "graphkit synapse U-Net"
_VERSION = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)  # archives of the same network have the same bytes


@dataclass(frozen=True)
class Network:
    """A Keras model, image in, [cleft logit, direction] out, and the settings that it was built from."""

    model: Any
    settings: NetworkSettings


def build_network(settings: NetworkSettings, *, seed: int = 0, half_precision: bool = False) -> Network:
    """A new network with weights drawn from ``seed``. Takes images of any size that is a multiple of ``settings.stride``.

    Raises:
        MissingExtraError: Keras (or its backend) is not installed.
    """
    keras = import_keras("The synapse network")
    layers, policy = keras.layers, "mixed_bfloat16" if half_precision else "float32"
    numbers = itertools.count()
    seeds = iter(
        np.random.SeedSequence(seed).generate_state(2 * sum(settings.convolutions) + len(settings.features) + 1)
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
            channels,
            1,
            name=name,
            kernel_initializer=keras.initializers.GlorotUniform(seed=int(next(seeds))),
            bias_initializer=keras.initializers.Constant(bias),
            dtype="float32",
        )(x)
        for name, channels, bias in (("cleft", 1, -3.0), ("direction", 3, 0.0))  # -3: clefts are rare
    ]
    return Network(keras.Model(image, heads, name="synapse_unet"), settings)


def save_network(network: Network, path: str | Path) -> None:
    """Writes ``network`` to ``path`` (``.keras``), atomically. The same weights give the same bytes.

    Raises:
        GraphkitError: the name does not end in ``.keras``, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise GraphkitError(f"A network is saved as FILE.keras, not {path.name!r}.")
    about = {"kind": _KIND, "version": _VERSION, "settings": network.settings.to_dict()}
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


def load_network(path: str | Path) -> Network:
    """The network in the file ``path``, ready to predict (float32).

    Raises:
        GraphkitError: no such file, not a synapse network, of a later version, or its weights are not of the shape that its
            settings say.
        MissingExtraError: Keras (or its backend) is not installed.
    """
    path = Path(path)
    settings = read_settings(path)
    network = build_network(settings)
    try:
        network.model.load_weights(path)
    except Exception as error:  # Keras raises whatever its readers raise
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise GraphkitError(
            f"{path} is damaged, or its weights are not those of a U-Net with features {settings.features}: {first_line}",
            hint="Take the file anew, or train a network with: graphkit train synapses",
        ) from error
    return network


def read_settings(path: str | Path) -> NetworkSettings:
    """What the network in the file ``path`` is for, without loading it (no Keras is needed).

    Raises:
        GraphkitError: no such file, not a synapse network, or of a later version.
    """
    path = Path(path)
    if not path.is_file():
        raise GraphkitError(f"There is no synapse network at {path}.", hint="Expected a file NAME.keras.")
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(_MEMBER))
        kind, version, values = about["kind"], about["version"], about["settings"]
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError) as error:
        raise GraphkitError(
            f"{path} is not a synapse network of graphkit.",
            hint="Expected a file made by: graphkit train synapses",
        ) from error
    if kind != _KIND:
        raise GraphkitError(f"{path} holds a {kind!r}, not a {_KIND!r}.")
    if version != _VERSION:
        raise GraphkitError(f"{path} is of format version {version}; this graphkit reads version {_VERSION}.")
    return NetworkSettings.from_dict(values)
