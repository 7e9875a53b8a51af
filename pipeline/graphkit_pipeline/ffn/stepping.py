"""One gradient step, on any backend of Keras.

On TensorFlow it is a compiled graph of its own (``on_tensorflow``), which gives more figures and runs on several replicas;
elsewhere it is Keras's ``train_on_batch``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.ffn.network import FfnNetwork, build_network
from graphkit_pipeline.ffn.optimizing import build_optimizer
from graphkit_pipeline.ffn.team import Cluster
from graphkit_pipeline.ffn.training_settings import TrainingSettings

__all__ = ["StepFigures", "Stepper", "build_stepper"]

_Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StepFigures:
    """Of the whole batch: mean loss, voxels found rightly and wrongly, and the gradients before they were clipped.

    ``norm`` is that of all gradients together, ``largest`` the largest component, ``clipped`` whether any was; None where the
    backend does not tell.
    """

    loss: float
    true_positive: float
    false_positive: float
    false_negative: float
    voxels: int
    norm: float | None = None
    largest: float | None = None
    clipped: bool | None = None


class Stepper(Protocol):
    """The network and its optimizer, and the step that changes both."""

    network: FfnNetwork
    optimizer: Any

    def step(self, image: _Float32, seed: _Float32, target: _Float32, rate: float) -> tuple[_Float32, StepFigures]:
        """The logits of this replica's share [share, z, y, x, 1], before the step's change, and figures of the batch."""


def build_stepper(settings: TrainingSettings, cluster: Cluster | None = None) -> Stepper:
    """The stepper of the backend that Keras runs on, or of one of several replicas (on TensorFlow)."""
    if import_keras().backend.backend() == "tensorflow":
        from graphkit_pipeline.ffn.on_tensorflow import TensorflowStepper, strategy_of

        if cluster is None:
            return TensorflowStepper(settings)
        return TensorflowStepper(settings, len(cluster.addresses), strategy_of(cluster))
    if cluster is not None:
        raise GraphkitError(
            "Several replicas train on TensorFlow, and Keras runs on another backend.", hint="Leave KERAS_BACKEND out."
        )
    return _KerasStepper(settings)


class _KerasStepper:
    """Keras's own step, with a layer that keeps the logits: a second, plain call for them would cost a third more."""

    def __init__(self, settings: TrainingSettings) -> None:
        keras = import_keras()
        shape = (settings.batch, *settings.network.field_of_view, 1)

        class Recorder(keras.layers.Layer):  # type: ignore[misc,name-defined]
            def build(self, _shape: Any) -> None:
                self.last = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="last")

            def call(self, logits: Any) -> Any:
                if logits.shape[0] is not None:
                    self.last.assign(keras.ops.reshape(logits, shape))
                return logits

        self.network = build_network(settings.network, seed=settings.seed, precision=settings.precision)
        self.optimizer = build_optimizer(settings)
        self._recorder = Recorder(dtype="float32")
        inputs = [keras.Input(batch_shape=shape, name=name) for name in ("image", "seed")]
        self._trainer = keras.Model(inputs, self._recorder(self.network.model(inputs)))
        self._trainer.compile(
            optimizer=self.optimizer,
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            jit_compile=keras.backend.backend() == "jax",  # JAX runs in no other way
        )
        self.optimizer.build(self._trainer.trainable_variables)

    def step(self, image: _Float32, seed: _Float32, target: _Float32, rate: float) -> tuple[_Float32, StepFigures]:
        self.optimizer.learning_rate = rate
        loss = float(self._trainer.train_on_batch([image, seed], target))
        logits = np.asarray(import_keras().ops.convert_to_numpy(self._recorder.last))
        found, true = logits >= 0, target > 0.5
        tp, fp, fn = (float(np.count_nonzero(m)) for m in (found & true, found & ~true, ~found & true))
        return logits, StepFigures(loss, tp, fp, fn, target.size)
