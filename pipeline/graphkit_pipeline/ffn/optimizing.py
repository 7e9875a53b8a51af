"""The learning rate of every step, and the optimizer: plain Keras 3, on any of its backends.

            rate |    /\\___            warm-up: a line from 0; then a cosine or a line to 0 at the last step, or constant
                 |   /     \\__
                 |  /         \\_
                 +--+-----------+-> step
                  warmup       steps

References: Goyal et al. 2017, Accurate, large minibatch SGD (linear scaling, warm-up); Krizhevsky 2014, One weird trick (square
root); Dong et al. 2019, Scaling distributed training of flood-filling networks on HPC infrastructure for brain mapping.
"""

from __future__ import annotations

import math
from typing import Any

from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.ffn.training_settings import TrainingSettings

__all__ = ["build_optimizer", "learning_rate"]


def learning_rate(settings: TrainingSettings, step: int, replicas: int = 1) -> float:
    """The rate of the step after ``step`` steps, with as many ``replicas`` as that."""
    s = settings
    peak = s.learning_rate * {"none": 1.0, "linear": float(replicas), "square-root": math.sqrt(replicas)}[s.scaling]
    if step < s.warmup:
        return peak * step / s.warmup
    if s.schedule == "constant":
        return peak
    done = min(1.0, (step - s.warmup) / max(1, s.steps - s.warmup))
    return peak * (0.5 * (1.0 + math.cos(math.pi * done)) if s.schedule == "cosine" else 1.0 - done)


def build_optimizer(settings: TrainingSettings) -> Any:
    """A Keras optimizer; its rate is set before every step. It clips the gradients that it is given, by value or norm."""
    keras = import_keras()
    s = settings
    clip = {"clipvalue": s.clip_value} if s.clip_norm is None else {"global_clipnorm": s.clip_norm}
    if s.optimizer == "sgd":
        return keras.optimizers.SGD(s.learning_rate, momentum=s.momentum, **clip)
    if s.optimizer == "adamw":
        return keras.optimizers.AdamW(s.learning_rate, weight_decay=s.weight_decay, **clip)
    return keras.optimizers.Adam(s.learning_rate, **clip)
