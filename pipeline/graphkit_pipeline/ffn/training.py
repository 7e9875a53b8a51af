"""Training a flood-filling network on volumes with labels.

    out/network.keras     the network with the best validation so far (the latest where nothing is held out), with its score
    out/log.jsonl         one line an interval: step, loss, F1 of the mask, gradients, validation
    out/record.json       what it was trained with: settings, volumes, versions
    out/checkpoint.npz    everything that a run needs to go on exactly where it was: weights, optimiser, examples

All are written atomically. A run that was killed and resumed gives the same network, bit for bit, as one that was not.
"""

from __future__ import annotations

import io
import json
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit import __version__
from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.backend import import_keras
from graphkit_pipeline.ffn.calls import compiled
from graphkit_pipeline.ffn.examples import canvas_shape
from graphkit_pipeline.ffn.labelled import LabelledVolume, check_volumes
from graphkit_pipeline.ffn.network import FfnNetwork, save_network
from graphkit_pipeline.ffn.optimizing import learning_rate
from graphkit_pipeline.ffn.pool import ExamplePool
from graphkit_pipeline.ffn.start import Start, check_start, start_of
from graphkit_pipeline.ffn.stepping import build_stepper
from graphkit_pipeline.ffn.team import Cluster, Team
from graphkit_pipeline.ffn.training_log import Tally, TrainingLog, record_of
from graphkit_pipeline.ffn.training_settings import TrainingSettings, with_defaults
from graphkit_pipeline.ffn.validation import validate
from graphkit_pipeline.formats.disk import atomically, said_plainly

__all__ = ["LabelledVolume", "TrainingReport", "TrainingSettings", "train_ffn"]

_CHECKPOINT, _LOG, _NETWORK, _RECORD = "checkpoint.npz", "log.jsonl", "network.keras", "record.json"
_VERSION = 2


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """Where the network lies, and how it did: ``vi_sum`` is the kept network's in bits, or None where nothing was held out."""

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
    start: FfnNetwork | str | Path | None = None,
    resume: bool = False,
    tensorboard: str | Path | None = None,
    cluster: Cluster | None = None,
    when_stuck: Callable[[GraphkitError], None] | None = None,
    progress: Progress = silent,
) -> TrainingReport:
    """Trains on ``volumes`` and writes to the folder ``out``.

    ``start`` is a network to begin from, in place of chance: its file, a checkpoint of google/ffn, or one in memory (of one
    process). It must have the depth, features and normalisation of ``settings.network``; all else may differ.
    ``validation`` volumes are segmented at intervals; the network whose mean VI (truth 0 ignored) or adapted Rand error is the
    lowest is kept, as ``settings.keep`` says.
    With ``resume`` a run goes on from its last checkpoint, or begins where there is none.
    ``tensorboard`` is a folder for TensorBoard's files (TensorFlow only).
    With ``cluster`` this process is one of several that train the same network on the same volumes, in step; none of them
    may have used TensorFlow before. Rank 0 alone reads and writes ``out``. ``when_stuck`` is called, from a thread, where another
    replica was lost and TensorFlow does not give this one back.

    Raises GraphkitError for volumes that do not fit the network, a ``start`` of another shape or input, an ``out`` that holds
    another run, a loss that is no longer a number, and a replica that does not come or is lost.

    Januszewski et al. 2018, High-precision automated reconstruction of neurons with flood-filling networks.
    """
    folder = Path(out)
    for what, given in (("Volume", volumes), ("Held-out volume", validation)):
        check_volumes(given, canvas_shape(settings.network, settings.rings), settings.network.voxel_size_nm, what=what)
    if not volumes:
        raise GraphkitError("There is no volume to train on.", hint="Give at least one image with labels.")
    begins = None if start is None else start_of(start)
    if begins is not None:
        check_start(begins, settings.network)
    if cluster is None:
        return _train(volumes, settings, folder, validation, begins, resume, tensorboard, progress)
    settings.of_all(len(cluster.addresses))
    greeting = {
        "settings": asdict(settings),
        "volumes": [_checksum(v) for v in volumes],
        "validation": len(validation),
        "start": begins and begins.sha256,
        "version": __version__,
    }
    with Team(cluster, greeting, when_stuck=when_stuck, progress=progress) as team:
        return _train(volumes, settings, folder, validation, begins, resume, tensorboard, progress, cluster, team)


def _train(
    volumes: Sequence[LabelledVolume],
    settings: TrainingSettings,
    folder: Path,
    validation: Sequence[LabelledVolume],
    start: Start | None,
    resume: bool,
    tensorboard: str | Path | None,
    progress: Progress,
    cluster: Cluster | None = None,
    team: Team | None = None,
) -> TrainingReport:
    """The run itself; of several replicas, rank 0 ``leads``: it logs, validates and writes."""
    leads = team is None or team.rank == 0
    checkpoint = b""
    if leads:
        if not resume and (folder / _CHECKPOINT).exists():
            raise GraphkitError(f"{folder} already holds a training run.", hint="Resume it, or give another folder.")
        with said_plainly(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if resume and (folder / _CHECKPOINT).exists():
            checkpoint = (folder / _CHECKPOINT).read_bytes()
    if team is not None:
        checkpoint = team.from_rank_0(checkpoint)
    if tensorboard is not None and import_keras().backend.backend() != "tensorflow":
        raise GraphkitError(
            "TensorBoard's files are written by TensorFlow, and Keras runs on another backend.",
            hint="Leave KERAS_BACKEND out, or read the same figures from log.jsonl.",
        )
    progress("places to train at", 0.0)
    run = _Run(volumes, settings, start, cluster, team, validation=validation)
    try:
        if checkpoint:
            run.restore(checkpoint, folder / _CHECKPOINT)
        elif start is not None:
            run.network.model.set_weights(start.weights())
        if leads:
            log = TrainingLog(folder / _LOG, None if tensorboard is None else Path(tensorboard), run.step)
            record = record_of(settings, list(volumes), list(validation), run.replicas, start)
            _write_json(folder / _RECORD, {**record, "kept": run.kept})
            predict = compiled(run.network) if validation else None
        while run.step < settings.steps:
            run.train_step()
            at_end = run.step == settings.steps
            progress("training", run.step / settings.steps)
            validates = bool(validation) and (run.step % settings.validate_every == 0 or at_end)
            if leads:
                line: dict[str, Any] = {}
                if run.step % settings.log_every == 0 or at_end:
                    line = run.figures()
                if validates:
                    progress("validation", run.step / settings.steps)
                    scores = validate(run.network, validation, settings.policy, predict)
                    line |= scores
                    if run.kept is None or scores[settings.keep] < run.kept[settings.keep]:
                        run.kept = {"step": run.step, **scores}
                        save_network(run.network, folder / _NETWORK, record={**record, "kept": run.kept})
                        _write_json(folder / _RECORD, {**record, "kept": run.kept})
                if line:
                    log.write(run.step, line)
            if validates and team is not None:
                team.meet()
            if run.step % settings.checkpoint_every == 0 or at_end:
                if leads and not validation:
                    save_network(run.network, folder / _NETWORK, record={**record, "kept": {"step": run.step}})
                run.save(folder / _CHECKPOINT)
    finally:
        run.pool.close()
    return TrainingReport(folder / _NETWORK, run.step, run.loss, None if run.kept is None else run.kept["vi_sum"])


class _Run:
    """A training run: the network with its optimiser, and the examples in the making; of one replica, or the only one."""

    def __init__(
        self,
        volumes: Sequence[LabelledVolume],
        settings: TrainingSettings,
        start: Start | None = None,
        cluster: Cluster | None = None,
        team: Team | None = None,
        *,
        validation: Sequence[LabelledVolume] = (),
    ) -> None:
        self.settings, self.start, self.team = settings, start, team
        leads = team is None or team.rank == 0
        held_out = [_checksum(v) for v in validation] if leads else None  # the others may have none
        self.given = {"volumes": [_checksum(v) for v in volumes], "held-out volumes": held_out}
        self.replicas = 1 if team is None else team.replicas
        self.pool = ExamplePool(volumes, settings, 0 if team is None else team.rank, self.replicas)
        if team is not None:
            import_keras()
            team.meet()  # TensorFlow takes seconds to load, and longer on some than on others
        self.stepper = build_stepper(settings, cluster)
        self.network = self.stepper.network
        self.step = 0
        self.loss = float("nan")
        self.kept: dict[str, Any] | None = None
        self.tally = Tally()
        self._since = time.perf_counter()

    def train_step(self) -> None:
        """One gradient step; the predictions go back to the examples' canvases."""
        image, seed, target = self.pool.batch(self.step)
        rate = learning_rate(self.settings, self.step, self.replicas)
        try:
            logits, figures = self.stepper.step(image, seed, target, rate)
        except Exception as error:
            if self.team is None:
                raise
            raise self.team.reason(error) from None
        if self.team is not None:
            self.team.check()
        self.loss = figures.loss
        if not np.isfinite(self.loss):
            raise GraphkitError(
                f"The loss is {self.loss} at step {self.step + 1}: training has diverged.",
                hint="Lower the learning rate or clip_value, and resume from the last checkpoint.",
            )
        self.pool.put_back(logits)
        self.tally.add(figures, self.pool.moves_of_finished())
        self.step += 1

    def figures(self) -> dict[str, Any]:
        """The line of the log since the last call, and the seconds that it took."""
        before, self._since = self._since, time.perf_counter()
        rate = learning_rate(self.settings, self.step, self.replicas)
        return {**self.tally.means(), "learning_rate": rate, "seconds": round(self._since - before, 2)}

    def save(self, path: Path) -> None:
        """Writes the checkpoint, atomically; rank 0 for all, with the others' examples."""
        pool = self.pool.state()
        if self.team is not None:
            parts = [_from_bytes(data) for data in self.team.gather(_to_bytes(pool))]
            if self.team.rank:
                return
            pool = {name: np.concatenate([part[name] for part in parts]) for name in pool}
        arrays: dict[str, NDArray[Any]] = {f"pool_{name}": a for name, a in pool.items()}
        for name, variables in self._variables().items():
            for k, v in enumerate(variables):
                arrays[f"{name}{k}"] = np.asarray(import_keras().ops.convert_to_numpy(v))
        state = {
            "version": _VERSION,
            "settings": asdict(self.settings),
            "replicas": self.replicas,
            "given": self.given,
            "start": self.start and self.start.recorded(),
            "step": self.step,
            "loss": self.loss,
            "kept": self.kept,
            "sums": self.tally.sums,
        }
        with atomically(path) as file:
            np.savez(file, state=np.array(json.dumps(state)), **arrays)  # type: ignore[arg-type]

    def restore(self, checkpoint: bytes, path: Path) -> None:
        """Goes back to the checkpoint, read from ``path``, of a run with the same settings."""
        try:
            arrays = _from_bytes(checkpoint)
            state = json.loads(str(arrays["state"]))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise GraphkitError(f"The checkpoint {path} cannot be read: {error}") from None
        if "start" in state:  # a run of an earlier graphkit does not say
            self._check_same_start(state["start"], path)
        mine = json.loads(json.dumps(asdict(self.settings)))
        its = with_defaults(state["settings"], json.loads(json.dumps(asdict(TrainingSettings()))))
        if changed := [name for name in mine if its.get(name) != mine[name]]:
            longer = f"Go on from its network in another folder: -o OTHER --start {path.with_name(_NETWORK)}."
            raise GraphkitError(
                f"{path} is of a run with other settings: {', '.join(changed)}.",
                hint=longer
                if changed == ["steps"]
                else "Resume with the settings that it was begun with, or train in another folder.",
            )
        for what, those in state.get("given", {}).items():  # a run of an earlier graphkit does not say
            now = self.given[what]
            if now is not None and those != now:
                raise GraphkitError(
                    f"{path} is of a run with other {what}: {len(those)} then, {len(now)} now, not all the same.",
                    hint="Resume with the same images and labels, or train in another folder.",
                )
        if self.settings.scaling != "none" and (were := state.get("replicas", 1)) != self.replicas:
            raise GraphkitError(
                f"{path} is of a run on {were} replicas, and this is one on {self.replicas}.",
                hint=f"With scaling = {self.settings.scaling!r} the batch hangs on their number: resume with as many.",
            )
        for name, variables in self._variables().items():
            for k, variable in enumerate(variables):
                variable.assign(arrays[f"{name}{k}"])
        self.step, self.loss = state["step"], state["loss"]
        if state.get("version") != _VERSION:  # of an earlier graphkit: the same network, with new examples
            self.kept = None if state.get("best") is None else {"vi_sum": state["best"]}
            return
        self.kept = state["kept"]
        self.tally.sums = state["sums"]
        self.pool.restore({name.removeprefix("pool_"): a for name, a in arrays.items() if name.startswith("pool_")})

    def _check_same_start(self, recorded: dict[str, Any] | None, path: Path) -> None:
        mine = None if self.start is None else self.start.recorded()
        if (recorded and recorded["sha256"]) == (mine and mine["sha256"]):
            return
        was, now = ("chance" if one is None else one["network"] or "a network in memory" for one in (recorded, mine))
        raise GraphkitError(
            f"{path} is of a run that began from {was}, and this one would begin from {now}.",
            hint=f"{'Leave --start out' if recorded is None else 'Give the --start that it was begun with'}, "
            "or train in another folder.",
        )

    def _variables(self) -> dict[str, Any]:
        # Without the rate, which is set before every step.
        of_optimizer = [v for v in self.stepper.optimizer.variables if v.name != "learning_rate"]
        return {"weight": self.network.model.variables, "optimizer": of_optimizer}


def _to_bytes(arrays: dict[str, NDArray[Any]]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _from_bytes(data: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(data)) as stored:
        return {name: stored[name] for name in stored.files}


def _checksum(volume: LabelledVolume) -> list[int]:
    """Shape and CRC-32 of image and labels, so that replicas know that they were given the same."""
    arrays = (np.ascontiguousarray(volume.image), np.ascontiguousarray(volume.labels, dtype=np.int64))
    return [*volume.image.shape, *(zlib.crc32(a.data) for a in arrays)]


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with atomically(path) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())
