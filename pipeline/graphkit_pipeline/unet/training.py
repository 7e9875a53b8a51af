"""The training loop of a U-Net: from batches to one file, resumable to the bit.

What a step sees is drawn from (seed, step) alone, so a run that was killed goes on from its checkpoint exactly as if it had
not been. Beside the network's file ``NAME.keras`` stand ``NAME.checkpoint.npz`` (weights, optimiser, step; replaced
atomically) and ``NAME.log.jsonl`` (one line a report). The same seed, volumes, machine and number of threads give
the same network; another machine or number of threads adds in another order and gives one that differs in rounding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.formats.disk import atomically
from graphkit_pipeline.unet.network import Network, build_network, save_network
from graphkit_pipeline.unet.predict import check_image, check_voxel_size
from graphkit_pipeline.unet.settings import NetworkSettings, TrainingSettings

__all__ = ["Loss", "Sampler", "TrainingReport", "check_volume", "cut_patch", "train_network"]

_LOG_EVERY = 50

Loss = Callable[[Any, Any], Any]
"""From truth and output of one head, [b, z, y, x, channels] each and without the margin, to one number; in Keras's operations."""


class Sampler(Protocol):
    """What is learnt from. ``digest`` tells volumes apart; batch number ``step`` is the same whenever it is asked for."""

    digest: str

    def batch(self, step: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """Image float32 [b, z, y, x, 1], scaled, and the truth [b, z, y, x, channels] of each head."""


@dataclass(frozen=True)
class TrainingReport:
    """``first_step`` is where this call began (0, or a checkpoint's); ``log`` the lines of the whole training."""

    path: Path
    first_step: int
    steps: int
    log: tuple[dict[str, Any], ...]


def train_network(
    architecture: NetworkSettings,
    settings: TrainingSettings,
    out: str | Path,
    *,
    sampler: Callable[[], Sampler],
    losses: Sequence[Loss],
    validate: Callable[[Network[Any]], Sequence[dict[str, Any]]] | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> TrainingReport:
    """Trains a network on what ``sampler()`` draws and writes it to ``out`` (``NAME.keras``).

    ``losses`` has one for each of ``architecture.heads``. With ``resume`` it goes on from the checkpoint beside ``out``, if there
    is one; without, a checkpoint there is an error. Every ``settings.validate_every`` steps, and at the end, what ``validate``
    says of each held-out volume is logged.

    Raises:
        GraphkitError: what the sampler says of its volumes, a checkpoint that belongs to another training, or a loss that is
            no longer a number.
    """
    out = Path(out)
    if out.suffix != ".keras":
        raise GraphkitError(f"A network is saved as FILE.keras, not {out.name!r}.")
    checkpoint, log_path = out.with_suffix(".checkpoint.npz"), out.with_suffix(".log.jsonl")
    if checkpoint.exists() and not resume:
        raise GraphkitError(
            f"{checkpoint} holds an earlier training.",
            hint="Resume it, or remove the file to begin anew.",
        )
    source = sampler()
    about = {"network": architecture.to_dict(), "training": settings.to_dict(), "volumes": source.digest}
    trained = build_network(
        architecture, seed=settings.seed, precision="bfloat16" if settings.half_precision else "float32"
    )
    _compile(trained.model, settings, losses)
    first: int = 0
    log: list[dict[str, Any]] = []
    if checkpoint.exists():
        first, log = _restore(checkpoint, trained.model, about)
    for step in range(first, settings.steps):
        image, truth = source.batch(step)
        trained.model.reset_metrics()
        figures = trained.model.train_on_batch(image, truth, return_dict=True)
        done = step + 1
        _check_losses(figures, done, architecture.about)
        last = done == settings.steps
        if done % _LOG_EVERY == 0 or last:
            log.append({"step": done, **{name: round(float(value), 5) for name, value in figures.items()}})
        if validate is not None and (done % settings.validate_every == 0 or last):
            log += [{"step": done, "validation": n, **scores} for n, scores in enumerate(validate(trained))]
        if done % _LOG_EVERY == 0 or last:
            _write_log(log_path, log)
        if done % settings.checkpoint_every == 0 or last:
            _keep(checkpoint, trained.model, done, about, log)
        progress(f"training the {architecture.about} network", done / settings.steps)
    final = build_network(architecture, seed=settings.seed)
    final.model.set_weights(trained.model.get_weights())
    save_network(final, out)
    return TrainingReport(out, first, settings.steps, tuple(log))


def check_volume(number: int, image: np.ndarray, voxel_size_nm: Sequence[float], network: NetworkSettings) -> None:
    """Raises GraphkitError where training volume ``number`` is not what the network takes, or is smaller than its patch."""
    check_image(image, network)
    check_voxel_size(network, voxel_size_nm, what=f"Training volume {number}")
    if any(n < p for n, p in zip(image.shape, network.patch, strict=True)):
        raise GraphkitError(
            f"Training volume {number} has the shape {image.shape}, smaller than the patch {network.patch}.",
            hint="Train on larger volumes or set a smaller patch.",
        )


def cut_patch(image: np.ndarray, start: Sequence[int], network: NetworkSettings) -> np.ndarray:
    """float32, the patch of ``image`` that begins at ``start``, scaled as the network takes it."""
    cut = image[tuple(slice(s, s + p) for s, p in zip(start, network.patch, strict=True))]
    return np.asarray((cut.astype(np.float32) - np.float32(network.mean)) / np.float32(network.spread))


def _compile(model: Any, settings: TrainingSettings, losses: Sequence[Loss]) -> None:
    import keras

    warmup = min(settings.warmup_steps, settings.steps - 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 100 if warmup else settings.learning_rate,
        decay_steps=max(settings.steps - warmup, 1),
        alpha=0.01,
        warmup_target=settings.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    margin = settings.margin
    inside = (slice(None), *[slice(margin, -margin) if margin else slice(None)] * 3)

    def within(loss: Loss) -> Loss:
        return lambda truth, output: loss(truth[inside], output[inside])

    optimiser = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
    model.compile(optimiser, loss=[within(loss) for loss in losses])
    optimiser.build(model.trainable_variables)


def _check_losses(losses: dict[str, Any], step: int, about: str) -> None:
    if not all(np.isfinite(float(value)) for value in losses.values()):
        raise GraphkitError(
            f"The loss of the {about} network is not a number at step {step}; the training ran away.",
            hint="Lower learning_rate, or begin with more warmup_steps.",
        )


# -- checkpoint and log -------------------------------------------------------------------------------------------


def _variables(model: Any) -> list[Any]:
    return [*model.weights, *model.optimizer.variables]


def _keep(path: Path, model: Any, step: int, about: dict[str, Any], log: list[dict[str, Any]]) -> None:
    from keras import ops

    arrays: dict[str, Any] = {f"v{i}": np.asarray(ops.convert_to_numpy(v)) for i, v in enumerate(_variables(model))}
    state = json.dumps({"step": step, "about": about, "log": log})
    with atomically(path) as file:
        np.savez(file, state=np.asarray(state), **arrays)


def _restore(path: Path, model: Any, about: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    try:
        with np.load(path, allow_pickle=False) as kept:
            state = json.loads(str(kept["state"]))
            arrays = [kept[f"v{i}"] for i in range(len(kept.files) - 1)]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise GraphkitError(f"{path} cannot be read as a checkpoint.", hint="Remove it to begin anew.") from error
    now = json.loads(json.dumps(about))
    for part in ("network", "training", "volumes"):
        if state["about"][part] != now[part]:
            raise GraphkitError(
                f"{path} belongs to a training with other {part}{_difference(state['about'][part], now[part])}.",
                hint="Resume with what it was begun with, or remove the file to begin anew.",
            )
    for variable, array in zip(_variables(model), arrays, strict=True):
        variable.assign(array)
    return int(state["step"]), list(state["log"])


def _difference(before: Any, now: Any) -> str:
    if not isinstance(before, dict):
        return ""
    changed = [
        f"{name} {before.get(name)!r}, now {now.get(name)!r}" for name in now if before.get(name) != now.get(name)
    ]
    return f" settings: {'; '.join(changed)}"


def _write_log(path: Path, log: list[dict[str, Any]]) -> None:
    with atomically(path) as file:
        file.write("".join(json.dumps(line) + "\n" for line in log).encode())
