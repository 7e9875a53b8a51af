"""What is trained, and how: every default of training is written here, once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.augment import Augmentation
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings

__all__ = ["TrainingSettings", "with_defaults"]

_WORDS = {
    "optimizer": ("adam", "adamw", "sgd"),
    "schedule": ("cosine", "linear", "constant"),
    "scaling": ("none", "linear", "square-root"),
    "precision": ("float32", "bfloat16"),
    "keep": ("vi_sum", "rand_error"),
}


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What is trained, and how. Steps are gradient steps of ``batch`` fields of view each.

    ``optimizer`` takes ``momentum`` (sgd) and ``weight_decay`` (adamw). The learning rate rises over ``warmup`` steps and falls
    to 0 by the last, along a cosine or a line, or stays. Gradients are clipped by value or, where ``clip_norm`` is given, by the
    norm of all of them.
    With several replicas ``scaling`` "none" shares the batch among them, so that the network is the same whatever their
    number; "linear" and "square-root" give each a whole batch, and multiply the rate by their number or its root.
    ``rings`` is how many deltas the field of view moves in an example, ``visits`` the most visits that an example gets. The
    steps take turns among ``examples`` canvases in the making, so that a batch's samples are of different objects and ages.
    ``precision`` "bfloat16" computes in 16 bits (mixed_bfloat16) and keeps weights and logits in 32.
    ``keep`` is the figure by which the best network is chosen: the lowest VI sum, or adapted Rand error, of the validation.
    ``validate_every`` and ``checkpoint_every`` are in steps.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    steps: int = 40_000
    batch: int = 4
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.01
    learning_rate: float = 1e-3
    warmup: int = 200
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    scaling: Literal["none", "linear", "square-root"] = "none"
    clip_value: float = 0.7
    clip_norm: float | None = None
    rings: int = 1
    visits: int = 8
    examples: int = 32
    connected: bool = True
    centres: int = 200_000
    least_voxels: int = 1000
    augmentation: Augmentation = field(default_factory=Augmentation)
    policy: FillPolicy = field(default_factory=FillPolicy)
    precision: Literal["float32", "bfloat16"] = "float32"
    keep: Literal["vi_sum", "rand_error"] = "vi_sum"
    log_every: int = 200
    checkpoint_every: int = 1000
    validate_every: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "rings", "visits", "centres", "log_every", "checkpoint_every", "validate_every"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise GraphkitError(f"{name} must be a whole number of at least 1, not {value!r}.")
        if self.examples < self.batch or self.examples % self.batch:
            raise GraphkitError(f"examples must be a multiple of the batch of {self.batch}, not {self.examples!r}.")
        for name in ("learning_rate", "clip_value", *(["clip_norm"] if self.clip_norm is not None else [])):
            if not getattr(self, name) > 0:
                raise GraphkitError(f"{name} must be positive, not {getattr(self, name)!r}.")
        if not math.isfinite(self.learning_rate):
            raise GraphkitError(f"learning_rate must be a finite number, not {self.learning_rate!r}.")
        if isinstance(self.least_voxels, bool) or not isinstance(self.least_voxels, int) or self.least_voxels < 0:
            raise GraphkitError(f"least_voxels must be a whole number of at least 0, not {self.least_voxels!r}.")
        if not 0 <= self.momentum < 1:
            raise GraphkitError(f"momentum must be from 0 to below 1, not {self.momentum!r}.")
        if not (self.weight_decay >= 0 and math.isfinite(self.weight_decay)):
            raise GraphkitError(f"weight_decay must be 0 or more, not {self.weight_decay!r}.")
        if not 0 <= self.warmup <= self.steps:
            raise GraphkitError(
                f"warmup must be from 0 to the {self.steps} steps, not {self.warmup!r}.",
                hint="Fewer steps need a shorter warmup: give both.",
            )
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise GraphkitError(f"seed must be a whole number of at least 0, not {self.seed!r}.")
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise GraphkitError(f"{name} must be {', '.join(map(repr, words))}, not {getattr(self, name)!r}.")
        self.policy.deltas_of(self.network)
        if self.network.init < self.network.move:
            raise GraphkitError(
                f"The network's init is {self.network.init}, below its move = {self.network.move}: no fill could begin."
            )

    def of_all(self, replicas: int) -> tuple[int, int]:
        """The batch and the number of examples of all replicas together.

        Raises GraphkitError where a batch cannot be shared equally.
        """
        if self.scaling == "none" and self.batch % replicas:
            raise GraphkitError(
                f"A batch of {self.batch} cannot be shared among {replicas} replicas.",
                hint="Give a batch that is a multiple of their number, or set scaling.",
            )
        times = 1 if self.scaling == "none" else replicas
        return self.batch * times, self.examples * times


def with_defaults(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run, with those that it was begun without, because they did not exist yet, at their defaults."""
    return {
        name: with_defaults(value, defaults[name])
        if isinstance(defaults.get(name), dict) and isinstance(value, dict)
        else value
        for name, value in {**defaults, **given}.items()
    }
