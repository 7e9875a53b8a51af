"""Training a flood-filling network on volumes with labels.

    out/network.keras     the network with the best validation so far (the latest where nothing is held out)
    out/log.jsonl         one line an interval: step, loss, F1 of the mask, validation
    out/checkpoint.npz    everything that a run needs to go on exactly where it was: weights, optimiser, examples, chance

All three are written atomically. A run that was killed and resumed gives the same network, bit for bit, as one that was not.
The step is Keras's own ``train_on_batch`` and so runs on each of its backends.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.ffn.augment import Augmentation
from graphkit_pipeline.ffn.examples import Example, canvas_shape, make_example
from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.network import FfnNetwork, build_network, compiled, save_network
from graphkit_pipeline.ffn.partitions import Centres, sample_centres
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings, logit
from graphkit_pipeline.formats.disk import atomically

__all__ = ["LabelledVolume", "TrainingReport", "TrainingSettings", "train_ffn"]

_CHECKPOINT, _LOG, _NETWORK = "checkpoint.npz", "log.jsonl", "network.keras"


@dataclass(frozen=True, slots=True)
class LabelledVolume:
    """An image (uint8) with the true labels (integers, 0 = background), both [z, y, x], and its voxel size."""

    image: NDArray[np.uint8]
    labels: NDArray[Any]
    voxel_size_nm: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What is trained, and how. Steps are gradient steps of ``batch`` fields of view each.

    The learning rate rises over ``warmup`` steps and falls to 0 along a cosine by the last; gradients are clipped by value.
    ``rings`` is how many deltas the field of view moves in an example, ``visits`` the most visits that an example gets. The
    steps take turns among ``examples`` canvases in the making, so that a batch's samples are of different objects and ages.
    ``validate_every`` and ``checkpoint_every`` are in steps.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    steps: int = 40_000
    batch: int = 4
    learning_rate: float = 1e-3
    warmup: int = 200
    clip_value: float = 0.7
    rings: int = 1
    visits: int = 8
    examples: int = 32
    connected: bool = True
    centres: int = 200_000
    least_voxels: int = 1000
    augmentation: Augmentation = field(default_factory=Augmentation)
    policy: FillPolicy = field(default_factory=FillPolicy)
    precision: str = "float32"
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
        for name in ("learning_rate", "clip_value"):
            if not getattr(self, name) > 0:
                raise GraphkitError(f"{name} must be positive, not {getattr(self, name)!r}.")
        if not 0 <= self.warmup <= self.steps:
            raise GraphkitError(f"warmup must be from 0 to the {self.steps} steps, not {self.warmup!r}.")


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """Where the network lies, and how it did: ``vi_sum`` is the best validation's, in bits, or None."""

    network: Path
    steps: int
    loss: float
    vi_sum: float | None


def train_ffn(
    volumes: Sequence[LabelledVolume],
    settings: TrainingSettings,
    out: str | Path,
    *,
    validation: Sequence[LabelledVolume] = (),
    start: FfnNetwork | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> TrainingReport:
    """Trains on ``volumes`` and writes to the folder ``out``.

    ``start`` is a network of the same shape to begin from, in place of chance. ``validation`` volumes are segmented at
    intervals; the network whose mean VI (truth 0 ignored) is the lowest is kept.
    With ``resume`` a run goes on from its last checkpoint, or begins where there is none.

    Raises GraphkitError for volumes that do not fit the network, an ``out`` that holds another run, and a loss that is no
    longer a number.

    Januszewski et al. 2018, High-precision automated reconstruction of neurons with flood-filling networks.
    """
    folder = Path(out)
    _check_volumes([*volumes, *validation], settings)
    if not volumes:
        raise GraphkitError("There is no volume to train on.", hint="Give at least one image with labels.")
    if not resume and (folder / _CHECKPOINT).exists():
        raise GraphkitError(f"{folder} already holds a training run.", hint="Resume it, or give another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    progress("places to train at", 0.0)
    run = _Run(volumes, settings)
    if start is not None:
        run.begin_from(start)
    if resume and (folder / _CHECKPOINT).exists():
        run.restore(folder / _CHECKPOINT)
        _cut_log(folder / _LOG, run.step)
    predict = compiled(run.network) if validation else None
    while run.step < settings.steps:
        run.train_step()
        at_end = run.step == settings.steps
        progress("training", run.step / settings.steps)
        line: dict[str, Any] = {}
        if run.step % settings.log_every == 0 or at_end:
            line = run.figures()
        if validation and (run.step % settings.validate_every == 0 or at_end):
            line.update(_validate(run.network, validation, settings, predict))
            if run.best is None or line["vi_sum"] < run.best:
                run.best = line["vi_sum"]
                save_network(run.network, folder / _NETWORK)
        if line:
            with (folder / _LOG).open("a") as log:
                log.write(json.dumps({"step": run.step, **line}) + "\n")
        if run.step % settings.checkpoint_every == 0 or at_end:
            if not validation:
                save_network(run.network, folder / _NETWORK)
            run.save(folder / _CHECKPOINT)
    return TrainingReport(folder / _NETWORK, run.step, run.loss, run.best)


class _Run:
    """A training run: the network with its optimiser, the examples in the making, and chance."""

    def __init__(self, volumes: Sequence[LabelledVolume], settings: TrainingSettings) -> None:
        s = settings
        self.settings = s
        self.network = build_network(s.network, seed=s.seed, precision=s.precision)
        self.trainer, self.recorder = _trainer(self.network, s)
        self.volumes = [(np.ascontiguousarray(v.image), _compact(v.labels)) for v in volumes]
        radius = tuple(n // 2 for n in canvas_shape(s.network, s.rings))
        # Places hang on the seed and the volumes alone, so that a resumed run finds the same ones.
        self.centres: Centres = sample_centres(
            [labels for _, labels in self.volumes],
            radius=(radius[0], radius[1], radius[2]),
            margin=(radius[0], radius[1], radius[2]),
            count=s.centres,
            rng=np.random.default_rng([s.seed, 1]),
            least_voxels=s.least_voxels,
        )
        self.rng = np.random.default_rng([s.seed, 2])
        self.examples: list[Example] = [self._new_example() for _ in range(s.examples)]
        self.step = 0
        self.loss = float("nan")
        self.best: float | None = None
        self._sums = np.zeros(5)  # loss, true positives, false positives, false negatives, steps
        self._since = time.perf_counter()
        self._move = logit(s.network.move)

    def begin_from(self, start: FfnNetwork) -> None:
        """Takes the weights of another network."""
        ours, its = self.network.settings, start.settings
        shape = ("field_of_view", "depth", "features")
        if any(getattr(ours, name) != getattr(its, name) for name in shape):
            raise GraphkitError(
                f"The network to begin from has {', '.join(f'{n} {getattr(its, n)}' for n in shape)}; "
                f"the one to be trained {', '.join(f'{n} {getattr(ours, n)}' for n in shape)}.",
                hint="Train a network of the same shape, or begin from nothing.",
            )
        self.network.model.set_weights(start.model.get_weights())

    def train_step(self) -> None:
        """One gradient step; the predictions go back to the examples' canvases."""
        s = self.settings
        first = self.step * s.batch % s.examples
        turn = range(first, first + s.batch)
        views = [self._next_view(k) for k in turn]
        examples = self.examples[first : first + s.batch]
        image, seed, target = (
            np.stack([getattr(e, name)[v] for e, v in zip(examples, views, strict=True)])[..., None]
            for name in ("image", "seed", "target")
        )
        self.loss = float(self.trainer.train_on_batch([image, seed], target))
        if not np.isfinite(self.loss):
            raise GraphkitError(
                f"The loss is {self.loss} at step {self.step + 1}: training has diverged.",
                hint="Lower the learning rate or clip_value, and resume from the last checkpoint.",
            )
        logits = np.asarray(import_keras().ops.convert_to_numpy(self.recorder.last))
        for k, (example, view) in enumerate(zip(examples, views, strict=True)):
            example.seed[view] = logits[k, ..., 0]
        found, true = logits >= 0, target > 0.5
        self._sums += (self.loss, (found & true).sum(), (found & ~true).sum(), (~found & true).sum(), 1)
        self.step += 1

    def figures(self) -> dict[str, Any]:
        """Mean loss and F1 of the mask since the last call, and the seconds that it took."""
        loss, tp, fp, fn, steps = self._sums.tolist()
        self._sums[:] = 0
        before, self._since = self._since, time.perf_counter()
        f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
        return {"loss": loss / steps, "f1": f1, "seconds": round(self._since - before, 2)}

    def save(self, path: Path) -> None:
        """Writes the checkpoint, atomically."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, variables in self._variables().items():
            for k, v in enumerate(variables):
                arrays[f"{name}{k}"] = np.asarray(import_keras().ops.convert_to_numpy(v))
        for k, e in enumerate(self.examples):
            arrays |= {f"image_{k}": e.image, f"target_{k}": e.target, f"seed_{k}": e.seed}
            arrays[f"visits_{k}"] = np.array(e.visits, dtype=np.int64).reshape(-1, 3)
        state = {
            "settings": asdict(self.settings),
            "step": self.step,
            "loss": self.loss,
            "best": self.best,
            "rng": self.rng.bit_generator.state,
            "sums": self._sums.tolist(),
        }
        with atomically(path) as file:
            np.savez(file, state=np.array(json.dumps(state)), **arrays)  # type: ignore[arg-type]

    def restore(self, path: Path) -> None:
        """Goes back to a checkpoint of a run with the same settings."""
        try:
            with np.load(path) as stored:
                arrays = {name: stored[name] for name in stored.files}
            state = json.loads(str(arrays["state"]))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise GraphkitError(f"The checkpoint {path} cannot be read: {error}") from None
        mine = json.loads(json.dumps(asdict(self.settings)))
        its = _with_defaults(state["settings"], json.loads(json.dumps(asdict(TrainingSettings()))))
        if changed := [name for name in mine if its.get(name) != mine[name]]:
            raise GraphkitError(
                f"{path} is of a run with other settings: {', '.join(changed)}.",
                hint="Resume with the settings that it was begun with, or train in another folder.",
            )
        for name, variables in self._variables().items():
            for k, variable in enumerate(variables):
                variable.assign(arrays[f"{name}{k}"])
        for k in range(self.settings.examples):
            visits = [(int(z), int(y), int(x)) for z, y, x in arrays[f"visits_{k}"]]
            self.examples[k] = Example(arrays[f"image_{k}"], arrays[f"target_{k}"], arrays[f"seed_{k}"], visits)
        self.step, self.loss, self.best = state["step"], state["loss"], state["best"]
        self.rng.bit_generator.state = state["rng"]
        self._sums = np.array(state["sums"])

    def _variables(self) -> dict[str, Any]:
        return {"weight": self.network.model.variables, "optimizer": self.trainer.optimizer.variables}

    def _next_view(self, k: int) -> tuple[slice, slice, slice]:
        while (view := self.examples[k].next_visit(self.settings.network.field_of_view, self._move)) is None:
            self.examples[k] = self._new_example()
        return view

    def _new_example(self) -> Example:
        s = self.settings
        volume, *centre = self.centres.draw(self.rng)
        image, labels = self.volumes[volume]
        place = (centre[0], centre[1], centre[2])
        return make_example(
            image,
            labels,
            place,
            s.network,
            s.augmentation,
            self.rng,
            rings=s.rings,
            visits=s.visits,
            connected=s.connected,
        )


def _trainer(network: FfnNetwork, settings: TrainingSettings) -> tuple[Any, Any]:
    """The network as a compiled Keras model that keeps its last logits, and the layer that keeps them.

    The logits of a training step are needed for the canvas; a second, plain call for them would cost a third more.
    """
    keras = import_keras()
    shape = (settings.batch, *settings.network.field_of_view, 1)

    class Recorder(keras.layers.Layer):  # type: ignore[misc,name-defined]
        def build(self, _shape: Any) -> None:
            self.last = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="last")

        def call(self, logits: Any) -> Any:
            if logits.shape[0] is not None or keras.backend.backend() == "tensorflow":
                self.last.assign(keras.ops.reshape(logits, shape))
            return logits

    recorder = Recorder(dtype="float32")
    inputs = [keras.Input(batch_shape=shape, name=name) for name in ("image", "seed")]
    trainer = keras.Model(inputs, recorder(network.model(inputs)))
    if settings.warmup:
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, settings.steps - settings.warmup),
            warmup_target=settings.learning_rate,
            warmup_steps=settings.warmup,
        )
    else:
        rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, settings.steps)
    trainer.compile(
        optimizer=keras.optimizers.Adam(rate, clipvalue=settings.clip_value),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        # XLA makes three-dimensional convolutions ten times slower on a CPU; JAX runs in no other way.
        jit_compile=keras.backend.backend() == "jax",
    )
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer, recorder


def _validate(
    network: FfnNetwork, volumes: Sequence[LabelledVolume], settings: TrainingSettings, predict: Any
) -> dict[str, Any]:
    """Mean figures of real segmentations of the held-out volumes; truth 0 is ignored, found 0 is a label."""
    from graphkit_pipeline.evaluation.overlap import count_overlap
    from graphkit_pipeline.evaluation.segmentation import score_overlap

    split, merge, moves, seconds = [], [], 0, 0.0
    for volume in volumes:
        result = segment_array(volume.image, network, settings.policy, predict=predict)
        score = score_overlap(count_overlap([(result.labels, volume.labels.astype(np.int64))]))
        split.append(score.vi_split)
        merge.append(score.vi_merge)
        moves += result.counts.moves
        seconds += result.counts.total_s
    figures = {"vi_split": float(np.mean(split)), "vi_merge": float(np.mean(merge))}
    return {**figures, "vi_sum": sum(figures.values()), "moves": moves, "fill_s": round(seconds, 2)}


def _check_volumes(volumes: Sequence[LabelledVolume], settings: TrainingSettings) -> None:
    canvas = canvas_shape(settings.network, settings.rings)
    for k, v in enumerate(volumes):
        if v.image.dtype != np.uint8 or v.labels.dtype.kind not in "iu":
            raise GraphkitError(
                f"Volume {k} has an image of {v.image.dtype} and labels of {v.labels.dtype}; expected uint8 and integers."
            )
        if v.image.ndim != 3 or v.image.shape != v.labels.shape:
            raise GraphkitError(
                f"Volume {k} has an image of shape {v.image.shape} and labels of shape {v.labels.shape}; "
                "expected the same [z, y, x]."
            )
        if any(n < c for n, c in zip(v.image.shape, canvas, strict=True)):
            raise GraphkitError(f"Volume {k} has the shape {v.image.shape}, smaller than the training canvas {canvas}.")
        expected = settings.network.voxel_size_nm
        if v.voxel_size_nm and expected and not np.allclose(v.voxel_size_nm, expected, rtol=1e-3):
            raise GraphkitError(
                f"Volume {k} has voxels of {v.voxel_size_nm} nm, the network's are {expected} nm (z, y, x).",
                hint="Resample the volume, or set the network's voxel_size_nm.",
            )


def _with_defaults(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run, with those that it was begun without, because they did not exist yet, at their defaults."""
    filled = {**defaults, **given}
    return {
        name: _with_defaults(value, defaults[name])
        if isinstance(defaults.get(name), dict) and isinstance(value, dict)
        else value
        for name, value in filled.items()
    }


def _compact(labels: NDArray[Any]) -> NDArray[np.int32]:
    """The same objects under small ids, 0 kept: a quarter of the memory."""
    ids, where = np.unique(labels, return_inverse=True)
    new = np.zeros(len(ids), dtype=np.int32)
    new[ids != 0] = np.arange(1, np.count_nonzero(ids) + 1)
    return np.ascontiguousarray(new[where.reshape(labels.shape)])


def _cut_log(path: Path, step: int) -> None:
    """Drops the lines after the checkpoint's step: the resumed run writes them again."""
    if not path.exists():
        return
    kept = [line for line in path.read_text().splitlines() if line.strip() and json.loads(line)["step"] <= step]
    with atomically(path) as file:
        file.write("".join(f"{line}\n" for line in kept).encode())
