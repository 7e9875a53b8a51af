"""What a training run writes about itself: a line an interval, the record of its settings, and TensorBoard's files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphkit_pipeline.ffn.start import Start
from graphkit_pipeline.ffn.stepping import StepFigures
from graphkit_pipeline.ffn.training_settings import TrainingSettings
from graphkit_pipeline.formats.disk import atomically, said_plainly

__all__ = ["Tally", "TrainingLog", "cut_log", "record_of"]

_TAGS = {
    "loss": "training/loss",
    "accuracy": "training/accuracy",
    "f1": "training/f1",
    "moves_per_example": "training/moves_per_example",
    "learning_rate": "training/learning_rate",
    "gradient_norm": "gradients/norm",
    "gradient_largest": "gradients/largest",
    "clipped": "gradients/clipped_steps",
    "vi_sum": "validation/vi_sum",
    "vi_split": "validation/vi_split",
    "vi_merge": "validation/vi_merge",
    "rand_error": "validation/rand_error",
    "moves": "validation/moves",
}


class Tally:
    """Sums of the steps' figures since the last line of the log; plain numbers, so that a checkpoint keeps them."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}

    def add(self, figures: StepFigures, moves_of_finished: list[int]) -> None:
        """Takes in one step."""
        values = {**asdict(figures), "steps": 1, "finished": len(moves_of_finished), "made": sum(moves_of_finished)}
        for name, value in values.items():
            if value is not None and name != "largest":
                self.sums[name] = self.sums.get(name, 0.0) + float(value)
        if figures.largest is not None:
            self.sums["largest"] = max(self.sums.get("largest", 0.0), figures.largest)

    def means(self) -> dict[str, Any]:
        """The line of the log for the steps since the last call."""
        t, self.sums = self.sums, {}
        tp, fp, fn = t["true_positive"], t["false_positive"], t["false_negative"]
        line = {
            "loss": t["loss"] / t["steps"],
            "f1": 2 * tp / (2 * tp + fp + fn) if tp else 0.0,
            "accuracy": 1.0 - (fp + fn) / t["voxels"],
        }
        if t["finished"]:
            line["moves_per_example"] = t["made"] / t["finished"]
        if "norm" in t:
            line |= {
                "gradient_norm": t["norm"] / t["steps"],
                "gradient_largest": t["largest"],
                "clipped": t["clipped"] / t["steps"],
            }
        return line


class TrainingLog:
    """``log.jsonl``, and with ``tensorboard`` the same figures in that folder."""

    def __init__(self, path: Path, tensorboard: Path | None, step: int) -> None:
        cut_log(path, step)
        self._path = path
        self._events = None
        if tensorboard is not None:
            from graphkit_pipeline.ffn.on_tensorflow import EventFile

            self._events = EventFile(tensorboard, step)

    def write(self, step: int, line: dict[str, Any]) -> None:
        """Adds a line."""
        with said_plainly(self._path), self._path.open("a") as log:
            log.write(json.dumps({"step": step, **line}) + "\n")
        if self._events is not None:
            self._events.scalars(step, {_TAGS[name]: float(value) for name, value in line.items() if name in _TAGS})


def cut_log(path: Path, step: int) -> None:
    """Drops the lines after the checkpoint's step, and what a full disk cut: the resumed run writes them again."""
    if not path.exists():
        return
    kept = [line for line in path.read_text().splitlines() if 0 <= _step_of(line) <= step]
    with atomically(path) as file:
        file.write("".join(f"{line}\n" for line in kept).encode())


def _step_of(line: str) -> int:
    """-1 where it is no whole line."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return -1


def record_of(
    settings: TrainingSettings, volumes: list[Any], validation: list[Any], replicas: int, start: Start | None = None
) -> dict[str, Any]:
    """What a network was trained with: settings, where it began, variations that were on, shapes of the volumes, versions."""
    import numpy as np

    from graphkit import __version__
    from graphkit_pipeline.backend import import_keras

    keras = import_keras()
    return {
        "settings": asdict(settings),
        "start": start and start.recorded(),
        "augmentations": settings.augmentation.switched_on(),
        "volumes": [list(v.image.shape) for v in volumes],
        "validation": [list(v.image.shape) for v in validation],
        "replicas": replicas,
        "versions": {
            "graphkit": __version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "backend": keras.backend.backend(),
        },
    }
