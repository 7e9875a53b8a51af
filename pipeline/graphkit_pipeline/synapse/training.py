"""Training of the synapse network: from volumes with truth to one file, resumable to the bit.

What a step sees is drawn from (seed, step) alone, so a run that was killed goes on from its checkpoint exactly as if it had
not been. Beside the network's file ``NAME.keras`` stand ``NAME.checkpoint.npz`` (weights, optimiser, step; replaced
atomically) and ``NAME.log.jsonl`` (one line a report). The same seed, volumes, machine and number of threads give
the same network; another machine or number of threads adds in another order and gives one that differs in rounding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.formats.disk import atomically
from graphkit_pipeline.synapse.augment import Turn, jitter, turns
from graphkit_pipeline.synapse.network import Network, build_network, save_network
from graphkit_pipeline.synapse.predict import check_image, check_voxel_size
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, TrainingSettings
from graphkit_pipeline.synapse.targets import SynapseTruth, Targets, cleft_loss, direction_loss, make_targets
from graphkit_pipeline.synapse.validation import validate_synapses

__all__ = ["Sampler", "TrainingReport", "train_synapses"]

_LOG_EVERY = 50


@dataclass(frozen=True)
class TrainingReport:
    """``first_step`` is where this call began (0, or a checkpoint's); ``log`` the lines of the whole training."""

    path: Path
    first_step: int
    steps: int
    log: tuple[dict[str, Any], ...]


def train_synapses(
    volumes: Sequence[SynapseTruth],
    settings: TrainingSettings,
    out: str | Path,
    *,
    network: NetworkSettings | None = None,
    validation: Sequence[SynapseTruth] = (),
    assign: AssignSettings | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> TrainingReport:
    """Trains a network on ``volumes`` and writes it to ``out`` (``NAME.keras``).

    With ``resume`` it goes on from the checkpoint beside ``out``, if there is one; without, a checkpoint there is an error.
    Every ``settings.validate_every`` steps, and at the end, the partners found in ``validation`` are scored and logged.

    Raises:
        GraphkitError: no volume, a volume that is not of the network's voxel size or smaller than its patch, no
            cleft in any, or a checkpoint that belongs to another training.
    """
    architecture, out = network or NetworkSettings(), Path(out)
    if out.suffix != ".keras":
        raise GraphkitError(f"A network is saved as FILE.keras, not {out.name!r}.")
    checkpoint, log_path = out.with_suffix(".checkpoint.npz"), out.with_suffix(".log.jsonl")
    if checkpoint.exists() and not resume:
        raise GraphkitError(
            f"{checkpoint} holds an earlier training.",
            hint="Resume it, or remove the file to begin anew.",
        )
    sampler = Sampler(volumes, settings, architecture, progress=progress)
    about = {"network": architecture.to_dict(), "training": settings.to_dict(), "volumes": sampler.digest}
    trained = build_network(architecture, seed=settings.seed, half_precision=settings.half_precision)
    _compile(trained.model, settings)
    first: int = 0
    log: list[dict[str, Any]] = []
    if checkpoint.exists():
        first, log = _restore(checkpoint, trained.model, about)
    for step in range(first, settings.steps):
        image, mask, direction = sampler.batch(step)
        trained.model.reset_metrics()
        losses = trained.model.train_on_batch(image, [mask, direction], return_dict=True)
        done = step + 1
        _check_losses(losses, done)
        last = done == settings.steps
        if done % _LOG_EVERY == 0 or last:
            log.append({"step": done, **{name: round(float(value), 5) for name, value in losses.items()}})
        if validation and (done % settings.validate_every == 0 or last):
            for number, truth in enumerate(validation):
                scores = validate_synapses(trained, truth, assign_settings=assign)
                log.append({"step": done, "validation": number, **scores.to_dict()})
        if done % _LOG_EVERY == 0 or last:
            _write_log(log_path, log)
        if done % settings.checkpoint_every == 0 or last:
            _keep(checkpoint, trained.model, done, about, log)
        progress("training synapses", done / settings.steps)
    final = build_network(architecture, seed=settings.seed)
    final.model.set_weights(trained.model.get_weights())
    save_network(final, out)
    return TrainingReport(out, first, settings.steps, tuple(log))


class Sampler:
    """The batches of a training: batch number ``step`` is the same whenever it is asked for."""

    def __init__(
        self,
        volumes: Sequence[SynapseTruth],
        settings: TrainingSettings,
        network: NetworkSettings,
        *,
        progress: Progress = silent,
    ) -> None:
        if not volumes:
            raise GraphkitError("There is no volume to train on.", hint="Give at least one volume with clefts.")
        self._settings, self._network = settings, network
        self._turns: tuple[Turn, ...] = turns(network.voxel_size_nm, network.patch)
        self._volumes: list[tuple[np.ndarray, Targets]] = []
        self._sites: list[list[np.ndarray]] = []
        digest = hashlib.blake2b(digest_size=16)
        for number, truth in enumerate(volumes):
            check_image(truth.image)
            check_voxel_size(Network(None, network), truth.voxel_size_nm, what=f"Training volume {number}")
            if any(n < p for n, p in zip(truth.image.shape, network.patch, strict=True)):
                raise GraphkitError(
                    f"Training volume {number} has the shape {truth.image.shape}, smaller than the patch {network.patch}.",
                    hint="Train on larger volumes or set a smaller patch.",
                )
            targets = make_targets(truth, sigma_nm=settings.direction_sigma_nm)
            self._volumes.append((truth.image, targets))
            self._sites.append(_voxels_by_site(targets))
            for part in (truth.image, targets.voxels, targets.sites, targets.directions):
                digest.update(np.ascontiguousarray(part).data)
            progress("reading truth", (number + 1) / len(volumes))
        self._places = [(v, s) for v, sites in enumerate(self._sites) for s in range(len(sites))]
        if not self._places:
            raise GraphkitError("No training volume holds a cleft; there is nothing to learn from.")
        self.digest = digest.hexdigest()

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image [b, z, y, x, 1], mask [b, z, y, x, 1] and direction [b, z, y, x, 3], float32."""
        rng = np.random.default_rng([self._settings.seed, step])
        samples = [self._sample(rng) for _ in range(self._settings.batch)]
        image, mask, direction = (np.stack(parts) for parts in zip(*samples, strict=True))
        return image, mask, direction

    def _sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        settings, patch = self._settings, np.asarray(self._network.patch)
        if rng.random() < settings.near_synapses:
            # Every site as often as any other, whatever its size; its voxel anywhere within the patch's middle half.
            number, site = self._places[rng.integers(len(self._places))]
            image, targets = self._volumes[number]
            voxel = np.asarray(np.unravel_index(rng.choice(self._sites[number][site]), image.shape))
            start = voxel - rng.integers(patch // 4, patch - patch // 4)
        else:
            number = int(rng.integers(len(self._volumes)))
            image, targets = self._volumes[number]
            start = rng.integers(0, np.asarray(image.shape) - patch + 1)
        start = np.clip(start, 0, np.asarray(image.shape) - patch)
        turn = self._turns[rng.integers(len(self._turns))]
        cut = image[tuple(slice(s, s + p) for s, p in zip(start, patch, strict=True))]
        scaled = (cut.astype(np.float32) - np.float32(self._network.mean)) / np.float32(self._network.spread)
        scaled = jitter(
            turn.scalars(scaled),
            rng,
            contrast=settings.contrast,
            brightness=settings.brightness,
            noise=settings.noise,
        )
        truth = targets.patch(start.tolist(), self._network.patch)
        return scaled[..., np.newaxis], turn.scalars(truth[..., :1]), turn.vectors(truth[..., 1:])


def _voxels_by_site(targets: Targets) -> list[np.ndarray]:
    order = np.argsort(targets.sites, kind="stable")
    _, starts = np.unique(targets.sites[order], return_index=True)
    return np.split(targets.voxels[order], starts[1:]) if len(order) else []


def _compile(model: Any, settings: TrainingSettings) -> None:
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

    def of_cleft(truth: Any, logit: Any) -> Any:
        return cleft_loss(truth[(*inside, 0)], logit[(*inside, 0)], settings.positive_weight)

    def of_direction(truth: Any, vector: Any) -> Any:
        return settings.direction_weight * direction_loss(truth[inside], vector[inside])

    optimiser = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
    model.compile(optimiser, loss=[of_cleft, of_direction])
    optimiser.build(model.trainable_variables)


def _check_losses(losses: dict[str, Any], step: int) -> None:
    if not all(np.isfinite(float(value)) for value in losses.values()):
        raise GraphkitError(
            f"The loss at step {step} is not a number; the training ran away.",
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
