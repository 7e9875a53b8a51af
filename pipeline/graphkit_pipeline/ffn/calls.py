"""Calls of a network on arrays, begun and fetched apart, whichever backend Keras runs on.

    fetch = start(images, seeds)        an accelerator is at work meanwhile
    logits = fetch()                    the two arrays may change only now

A call has one shape for good, and is compiled for it: a graph of TensorFlow or ``jit`` of JAX; PyTorch is called as it is. What
gains nothing by being begun early, a processor without accelerator, does its work in ``fetch``. float32 is that everywhere: what
accelerators put in its place unasked has 10 bits of mantissa.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.backend import import_keras

if TYPE_CHECKING:
    from graphkit_pipeline.ffn.network import FfnNetwork

__all__ = ["IN_FLIGHT", "Fetch", "Predict", "Start", "compiled", "prepared"]

Views = NDArray[np.float32]
Predict = Callable[[Views, Views], Views]
"""Image and seed logits [z, y, x] in, logits [z, y, x] out."""
Fetch = Callable[[], Views]
Start = Callable[[Views, Views], Fetch]
"""Images and seed logits [batch, z, y, x] in; the logits, of that shape, when they are fetched."""

IN_FLIGHT = 2
"""Calls that may be begun before the first of them is fetched."""


def compiled(network: FfnNetwork) -> Predict:
    """The network as a function of one field of view; compiled it is seven times as fast as a call of the model."""
    start = prepared(network, 1)

    def run(image: Views, seed: Views) -> Views:
        logits: Views = start(image[None], seed[None])()[0]
        return logits

    return run


def prepared(network: FfnNetwork, batch: int) -> Start:
    """The network on ``batch`` fields of view at once; up to ``IN_FLIGHT`` calls may be under way."""
    shape = (batch, *network.settings.field_of_view, 1)
    makers = {"tensorflow": _on_tensorflow, "jax": _on_jax, "torch": _on_torch}
    return makers[import_keras().backend.backend()](network.model, shape)


def _on_tensorflow(model: Any, shape: tuple[int, ...]) -> Start:
    import tensorflow as tf

    accelerated = bool(tf.config.list_logical_devices("GPU"))
    if accelerated:
        tf.config.experimental.enable_tensor_float_32_execution(False)
    graph = tf.function(
        lambda images, seeds: model([images, seeds], training=False),
        input_signature=[tf.TensorSpec(shape, tf.float32)] * 2,
        autograph=False,
    ).get_concrete_function()

    def run(images: Views, seeds: Views) -> Any:
        return graph(tf.constant(images.reshape(shape)), tf.constant(seeds.reshape(shape)))

    def start(images: Views, seeds: Views) -> Fetch:
        logits = run(images, seeds)
        return lambda: np.asarray(logits.numpy())[..., 0]

    def later(images: Views, seeds: Views) -> Fetch:
        return lambda: np.asarray(run(images, seeds).numpy())[..., 0]

    return start if accelerated else later


def _on_jax(model: Any, shape: tuple[int, ...]) -> Start:
    import jax

    trained = [v.value for v in model.trainable_variables]
    fixed = [v.value for v in model.non_trainable_variables]

    def called(trained: Any, fixed: Any, images: Any, seeds: Any) -> Any:
        with jax.default_matmul_precision("highest"):
            return model.stateless_call(trained, fixed, [images, seeds], training=False)[0][..., 0]

    run = jax.jit(called)

    def start(images: Views, seeds: Views) -> Fetch:
        logits = run(trained, fixed, images.reshape(shape), seeds.reshape(shape))
        logits.copy_to_host_async()
        return lambda: np.asarray(logits)

    return start


def _on_torch(model: Any, shape: tuple[int, ...]) -> Start:
    import torch

    device = model.variables[0].value.device

    def run(images: Views, seeds: Views) -> Any:
        with torch.no_grad(), torch.backends.cudnn.flags(benchmark=True, allow_tf32=False):
            views = [torch.from_numpy(array.reshape(shape)).to(device) for array in (images, seeds)]
            return model(views, training=False)[..., 0]

    def start(images: Views, seeds: Views) -> Fetch:
        logits = run(images, seeds)
        return lambda: np.asarray(logits.cpu().numpy())

    def later(images: Views, seeds: Views) -> Fetch:
        return lambda: np.asarray(run(images, seeds).numpy())

    return later if device.type == "cpu" else start
