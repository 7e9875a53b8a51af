"""A reconstruction as a whole: which stages are done, which are to be done, and doing them.

    RUN/run.json           what the run is of, for those who look at it
    RUN/stages/NAME.json   a stage's settings, what it took from, and what became of it
    RUN/blocks/NAME/       its blocks          RUN/tables/   tables between stages
    RUN/segmentation  RUN/clefts  RUN/dataset  RUN/report.html

A stage is done when its record says so and it took from what is there now; it is done again where a stage before it was.
What was killed goes on: finished blocks stay. A changed setting, or another image in the place of the former, is never taken
for the old one: the run stops and says which, and ``--from`` does that stage, and what takes from it, anew. A run that was moved,
its image with it or without, is the same run (see `inputs`).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from graphkit.errors import GraphkitError, UnknownNameError, did_you_mean
from graphkit.progress import Progress, silent
from graphkit_pipeline.block_files import claimed, is_finished
from graphkit_pipeline.config import RunConfig
from graphkit_pipeline.content import Content
from graphkit_pipeline.context import Context
from graphkit_pipeline.engine import Workers
from graphkit_pipeline.formats.disk import atomically, said_plainly
from graphkit_pipeline.inputs import changed, contents, merged, placeless, sources
from graphkit_pipeline.stages.listing import Stage, as_json, stages_of

__all__ = ["StageStatus", "asked_for", "reconstruct", "run_status"]

_IMAGE = "image"
_ANEW = ("it anew and what takes from it", "all anew that sees the image, and what takes from it")

State = Literal[
    "done", "done, with failed blocks", "out of date", "settings changed", "input changed", "begun", "not begun"
]


@dataclass(frozen=True, slots=True)
class StageStatus:
    """How far a stage is."""

    name: str
    does: str
    state: State
    seconds: float | None = None
    blocks: int = 0
    blocks_done: int = 0
    failed: tuple[str, ...] = ()
    outcome: dict[str, Any] | None = None


def reconstruct(
    config: RunConfig,
    *,
    first: str | None = None,
    last: str | None = None,
    progress: Progress = silent,
    begin: Callable[[int, int, Stage, bool], None] | None = None,
) -> list[StageStatus]:
    """Does what is not done yet, from the images to the dataset, and says how each stage ended.

    ``first`` does that stage, and those that take from it, anew, "image" all that see the image; ``last`` stops after that one.
    ``begin(number, of, stage, done)`` is told of each stage as its turn comes.

    Raises:
        GraphkitError: a setting or an input changed since its stage was done; another run is at work in the folder; what a stage
            says.
    """
    stages, anew = asked_for(config, first, last)
    folder = Path(config.output)
    looked = Context(config, folder)
    _ = looked.bounds  # an image that is not there leaves no folder behind
    given = {s.name: contents(sources(s.name, config), looked) for s in stages}
    with claimed(folder), Workers(config.engine) as workers:
        records = _Records(folder)
        _check_settings([s for s in stages if s.name not in anew], config, records, given)
        job = Context(config, folder, progress, workers=workers)
        job.check_input({s.name for s in stages if s.name in anew or not records.is_done(s)})
        _write_run(job)
        for name in anew:
            records.forget(name)
        for number, stage in enumerate(stages, start=1):
            if all(s.blocks is None for s in stages[number - 1 :]):
                workers.end()  # the stages that are left want the memory for themselves
            done = records.is_done(stage)
            if begin is not None:
                begin(number, len(stages), stage, done)
            if not done:
                _do(stage, replace(job, inputs=given[stage.name]), records, config)
            job = replace(job, failed={**job.failed, stage.name: records.failed(stage.name)})
    return run_status(config)


def asked_for(
    config: RunConfig, first: str | None = None, last: str | None = None
) -> tuple[tuple[Stage, ...], set[str]]:
    """The stages up to ``last``, and the names of those that ``first`` wants anew.

    Raises:
        GraphkitError: there is no such stage, or the first comes after the last.
    """
    stages = stages_of(config)
    names = [s.name for s in stages]
    until = _position(last, names) if last is not None else len(names) - 1
    anew = _with_what_follows(stages, first, config) if first is not None else set()
    if first is not None and min(names.index(name) for name in anew) > until:
        raise GraphkitError(f"--from {first} comes after --until {last}.", hint=f"The stages are {', '.join(names)}.")
    return stages[: until + 1], anew


def run_status(config: RunConfig) -> list[StageStatus]:
    """How far each stage is; reads only."""
    records, job = _Records(Path(config.output)), Context(config, Path(config.output))
    found = []
    for stage in stages_of(config):
        record = records.read(stage.name)
        blocks = done = 0
        if stage.blocks is not None and job.blocks_of(stage.name).is_dir():
            every = stage.blocks(job)
            blocks, done = len(every), sum(is_finished(job.blocks_of(stage.name), b) for b in every)
        failed = records.failed(stage.name)
        state: State = "not begun"
        if record is not None:
            now = contents(sources(stage.name, config), job)
            if not _same_settings(record, stage.settings(config), now):
                state = "settings changed"
            elif changed(record.get("inputs", {}), now):
                state = "input changed"
            elif record["state"] != "done":
                state = "begun"
            elif record["took"] != records.results(stage.takes):
                state = "out of date"
            else:
                state = "done, with failed blocks" if failed else "done"
        outcome = record.get("outcome") if record else None
        seconds = record.get("seconds") if record else None
        found.append(StageStatus(stage.name, stage.does, state, seconds, blocks, done, failed, outcome))
    return found


def _do(stage: Stage, job: Context, records: _Records, config: RunConfig) -> None:
    before = records.read(stage.name)
    settings, took = stage.settings(config), records.results(stage.takes)
    same = (
        before is not None
        and before["took"] == took
        and _same_settings(before, settings, job.inputs)
        and changed(before.get("inputs", {}), job.inputs) is None
    )
    if before is not None and same:  # the places are those where the inputs lay when the stage was begun
        settings, job = before["settings"], replace(job, inputs=merged(before.get("inputs", {}), job.inputs))
    record = {"stage": stage.name, "settings": settings, "took": took, "inputs": dict(job.inputs)}
    records.write(stage.name, {**record, "state": "begun"})
    start = time.monotonic()
    outcome = stage.do(replace(job, restart=not same))
    seconds = round(time.monotonic() - start, 2) + (before.get("seconds", 0.0) if same and before else 0.0)
    records.write(stage.name, {**record, "state": "done", "seconds": seconds, "outcome": as_json(outcome)})


def _same_settings(record: Mapping[str, Any], now: Mapping[str, Any], inputs: Mapping[str, Content]) -> bool:
    """Whether a stage was asked the same; where an input lay does not count if its content is known."""
    known = record.get("inputs", {}).keys() & inputs.keys()
    return placeless(record["settings"], known) == placeless(now, known)


def _position(name: str, names: Sequence[str]) -> int:
    if name not in names:
        hint = (
            did_you_mean(name, names) or f"The stages are {', '.join(names)}; --from image does all that see the image."
        )
        raise UnknownNameError(f"There is no stage {name!r}.", hint=hint)
    return names.index(name)


def _with_what_follows(stages: Sequence[Stage], first: str, config: RunConfig) -> set[str]:
    """A stage and all that take from it, at first or second hand; of "image" those that see the image."""
    if first == _IMAGE:
        found = {s.name for s in stages if _IMAGE in sources(s.name, config)}
    else:
        _position(first, [s.name for s in stages])
        found = {first}
    for stage in stages:  # in order: what a stage takes from stands before it
        if found & set(stage.takes):
            found.add(stage.name)
    return found


def _check_settings(
    stages: Sequence[Stage], config: RunConfig, records: _Records, given: Mapping[str, Mapping[str, Content]]
) -> None:
    for stage in stages:
        record = records.read(stage.name)
        if record is None:
            continue
        now, inputs = stage.settings(config), given[stage.name]
        if not _same_settings(record, now, inputs):
            known = record.get("inputs", {}).keys() & inputs.keys()
            old, new = placeless(record["settings"], known), placeless(now, known)
            its = {k for k in old.keys() & as_json(config.image).keys() if old[k] != new.get(k)}
            first = _IMAGE if its and _IMAGE in sources(stage.name, config) else stage.name
            raise GraphkitError(
                f"The settings of the stage {stage.name!r} changed since it was run: {_changes(old, new)}.",
                hint=f"Add --from {first} to do {_ANEW[first == _IMAGE]}, or name another output.",
            )
        if (other := changed(record.get("inputs", {}), inputs)) is not None:
            name, how = other
            first = _IMAGE if name == _IMAGE else stage.name
            raise GraphkitError(
                f"The stage {stage.name!r} was run on another {name} than {sources(stage.name, config)[name].location} is now: "
                f"{how}.",
                hint=f"Put the former one back, add --from {first} to do {_ANEW[first == _IMAGE]}, or name another output.",
            )


def _changes(old: Any, new: Any, where: str = "") -> str:
    """What differs between two settings: ``fill.seed was 0 and is 1``."""
    if isinstance(old, dict) and isinstance(new, dict):
        parts = [
            _changes(old.get(k), new.get(k), f"{where}.{k}" if where else k)
            for k in sorted({*old, *new})
            if old.get(k) != new.get(k)
        ]
        return ", ".join(parts)
    return f"{where} was {json.dumps(old)} and is {json.dumps(new)}"


def _write_run(job: Context) -> None:
    from importlib.metadata import version

    config = job.config
    about = {
        "format": "graphkit run",
        "format_version": 1,
        "name": config.name,
        "image": _absolute(job.image.location),
        "image_from_here": _from(job.folder, job.image.location),
        "offset": list(job.image.bounds.start),
        "voxel_size_nm": list(job.image.voxel_size_nm),
        "bounds": [list(job.bounds.start), list(job.bounds.stop)],
        "graphkit": version("graphkit"),
    }
    with atomically(job.folder / "run.json") as file:
        file.write(json.dumps(about, indent=1).encode())


def _absolute(location: str) -> str:
    return location if "://" in location else str(Path(location).absolute())


def _from(folder: Path, location: str) -> str | None:
    """The location as seen from the run's folder, for when both are moved."""
    return None if "://" in location else os.path.relpath(location, folder)


class _Records:
    """RUN/stages: one file a stage, replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "stages"

    def read(self, name: str) -> dict[str, Any] | None:
        """A stage's record; None where it was never begun, or the record is damaged (then it is done again)."""
        try:
            record = json.loads((self._folder / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) and {"settings", "took", "state"} <= set(record) else None

    def write(self, name: str, record: dict[str, Any]) -> None:
        with said_plainly(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        with atomically(self._folder / f"{name}.json") as file:
            file.write(json.dumps(record, indent=1).encode())

    def forget(self, name: str) -> None:
        (self._folder / f"{name}.json").unlink(missing_ok=True)

    def failed(self, name: str) -> tuple[str, ...]:
        """Names of the stage's blocks that were set aside."""
        record = self.read(name) or {}
        return tuple(sorted((record.get("outcome") or {}).get("failed", {})))

    def results(self, names: Sequence[str]) -> dict[str, str | None]:
        """What identifies the results of stages: their settings, what they took, which blocks failed."""
        return {name: self._result(name) for name in names}

    def _result(self, name: str) -> str | None:
        record = self.read(name)
        if record is None or record["state"] != "done":
            return None
        keys = [content["key"] for content in record.get("inputs", {}).values()]
        said = [record["settings"], record["took"], self.failed(name), *([keys] if keys else [])]
        text = json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def is_done(self, stage: Stage) -> bool:
        """Whether nothing is left to do; blocks that failed are tried again."""
        record = self.read(stage.name)
        return (
            record is not None
            and record["state"] == "done"
            and record["took"] == self.results(stage.takes)
            and not self.failed(stage.name)
        )
