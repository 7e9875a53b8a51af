"""What training takes from TensorFlow alone: the compiled step, replicas in several processes, TensorBoard's files.

Within the step of several replicas, everything that is summed over them goes into one vector, and so over the network once:

    replica 0: share of the batch -> logits, gradients ─┐
    replica 1: share of the batch -> logits, gradients ─┴─ sum ── clip ── the same update of the same weights on each
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.ffn.network import build_network
from graphkit_pipeline.ffn.optimizing import build_optimizer
from graphkit_pipeline.ffn.stepping import StepFigures
from graphkit_pipeline.ffn.team import Cluster
from graphkit_pipeline.ffn.training_settings import TrainingSettings
from graphkit_pipeline.formats.disk import said_plainly

__all__ = ["EventFile", "TensorflowStepper", "strategy_of"]

_Float32 = NDArray[np.float32]


class TensorflowStepper:
    """A step as one graph of fixed shape. With a ``strategy`` of ``replicas`` processes each is given its share."""

    def __init__(self, settings: TrainingSettings, replicas: int = 1, strategy: Any = None) -> None:
        self._settings = settings
        batch, _ = settings.of_all(replicas)
        view = settings.network.field_of_view
        self._voxels = batch * int(np.prod(view))
        self._strategy = strategy or tf.distribute.get_strategy()
        with self._strategy.scope():
            self.network = build_network(settings.network, seed=settings.seed, precision=settings.precision)
            self.optimizer = build_optimizer(settings)
            self.optimizer.build(self.network.model.trainable_variables)
        spec = tf.TensorSpec((batch // replicas, *view, 1), tf.float32)
        function = tf.function(
            self._graph, input_signature=[spec] * 3 + [tf.TensorSpec((), tf.float32)], autograph=False
        )
        self._compiled = function.get_concrete_function()

    def step(self, image: _Float32, seed: _Float32, target: _Float32, rate: float) -> tuple[_Float32, StepFigures]:
        """One step; see ``Stepper``."""
        arrays = (tf.constant(a) for a in (image, seed, target))
        logits, figures = self._compiled(*arrays, tf.constant(rate, tf.float32))
        loss, tp, fp, fn, norm, largest = figures.numpy().tolist()
        s = self._settings
        clipped = largest > s.clip_value if s.clip_norm is None else norm > s.clip_norm
        return np.asarray(logits.numpy()), StepFigures(loss, tp, fp, fn, self._voxels, norm, largest, clipped)

    def _graph(self, image: Any, seed: Any, target: Any, rate: Any) -> Any:
        variables = self.network.model.trainable_variables
        logits, total = self._strategy.run(self._share_of_replica, args=(image, seed, target))
        sizes = [int(np.prod(v.shape)) for v in variables]
        *flat, figures = tf.split(total, [*sizes, 4])
        gradients = [tf.reshape(g, v.shape) for g, v in zip(flat, variables, strict=True)]
        every = total[:-4]
        self.optimizer.learning_rate.assign(rate)
        # Outside of the replicas' context, so that the optimizer clips the sum and does not sum once more.
        self.optimizer.apply(gradients, variables)
        return logits, tf.concat([figures, [tf.norm(every), tf.reduce_max(tf.abs(every))]], 0)

    def _share_of_replica(self, image: Any, seed: Any, target: Any) -> tuple[Any, Any]:
        """The logits, and in one vector the sum over the replicas of gradients, loss and counts of voxels."""
        ops = import_keras().ops
        model = self.network.model
        with tf.GradientTape() as tape:
            logits = model([image, seed], training=True)
            loss = ops.sum(ops.binary_crossentropy(target, logits, from_logits=True)) / self._voxels
        gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
        found, true = logits >= 0, target > 0.5
        counts = [tf.math.count_nonzero(m, dtype=tf.float32) for m in (found & true, found & ~true, ~found & true)]
        own = tf.concat([*(tf.reshape(g, [-1]) for g in gradients), tf.stack([loss, *counts])], 0)
        return logits, tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, own)


def strategy_of(cluster: Cluster) -> Any:
    """TensorFlow's strategy for the replicas of a cluster, one device a process. To be made before anything else is.

    It waits, deaf to signals, until all replicas make theirs.
    """
    task = {"type": "worker", "index": cluster.rank}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": list(cluster.addresses)}, "task": task})
    if devices := tf.config.list_physical_devices("GPU"):
        tf.config.set_visible_devices(devices[0], "GPU")
    return tf.distribute.MultiWorkerMirroredStrategy()


class EventFile:
    """Scalars for TensorBoard; the file is made anew in ``folder`` by each run, and TensorBoard joins them."""

    def __init__(self, folder: Path, step: int) -> None:
        from tensorflow.core.util import event_pb2

        self._events = event_pb2
        with said_plainly(folder):
            folder.mkdir(parents=True, exist_ok=True)
        begun = time.time()
        self._writer = tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{begun:.6f}.graphkit"))
        self._write(event_pb2.Event(wall_time=begun, file_version="brain.Event:2"))
        # What an interrupted run wrote after its last checkpoint is written again: TensorBoard drops the first of them.
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        self._write(event_pb2.Event(wall_time=begun, step=step + 1, session_log=start))

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Adds the values of a step."""
        event = self._events.Event(wall_time=time.time(), step=step)
        for name, value in values.items():
            event.summary.value.add(tag=name, simple_value=value)
        self._write(event)

    def _write(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())
        self._writer.flush()
