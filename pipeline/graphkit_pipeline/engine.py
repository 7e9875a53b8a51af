"""Where blocks run: in this process, on a local cluster of single-threaded processes, or on a Dask cluster by its address.

A job says what is done with a block::

    class Job(Protocol):
        def settings(self) -> dict: ...        what the result depends on, as JSON
        def setup(self) -> state: ...          once a worker process: loads the model
        def run(self, state, block) -> dict:   arrays by name; depends on nothing but the settings and the block

Every finished block is a file in the job's folder (see `block_files`). Running again does what is missing, with a result that is
the same to the byte whatever ran where, was killed, or was retried. A job with other settings is refused in the same folder:
hours of work are not thrown away by a changed number, unless ``restart`` says so.

A block that raises is tried again after the others, ``retries`` times; then it is set aside, listed in the report and in
``failed.json``, and the rest goes on. A block on which the worker process died (out of memory, a crash in C) is run again by
itself, so that none is blamed for its neighbour. A job whose setup fails, and a disk that is full, end the run at once.

Jobs that follow each other share the processes of one `Workers`: each is started once, and imports TensorFlow once. None is
started before there is a block to do, and a job's state is let go when its blocks are done.

What a worker process needs is sent to it by pickle: the job's class must stand in a module that can be imported there, and a
script that calls `run_blocks` with workers does so under ``if __name__ == "__main__":``.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import threading
import traceback
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.block_files import FAILED, claimed, is_finished, prepare, read_block, write_block
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.formats.disk import atomically

if TYPE_CHECKING:
    from graphkit_pipeline.engine_dask import LocalWorkers

__all__ = [
    "ONE_THREAD",
    "BlockReport",
    "Crew",
    "EngineSettings",
    "Job",
    "Outcome",
    "Workers",
    "attempt",
    "read_block",
    "run_blocks",
    "set_up",
]

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""What tells each library how many threads it may have."""


class Job(Protocol):
    """What is done with a block. It is sent to the workers by pickle, so it holds paths and numbers, not models."""

    def settings(self) -> dict[str, Any]:
        """All that the result depends on, as JSON; blocks made with other settings are not reused."""

    def setup(self) -> Any:
        """What `run` needs and is dear to make (a model); called once in each worker process.

        It draws from generators of its own only: Dask's threads draw from Python's `random` as well, so weights that are
        initialised after a global seed differ from process to process.
        """

    def run(self, state: Any, block: Block) -> dict[str, Any]:
        """The block's arrays by name."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Where blocks run, and how often one is tried.

    ``workers``     0 runs them in this process; a number or ``"cores"`` starts that many processes of one thread each
    ``scheduler``   the address of a running Dask scheduler (``tcp://host:8786``), used in place of ``workers``; its workers see
                    the same folders and can import graphkit. One thread a worker is best: a worker runs one block at a time
    ``retries``     how often a block is tried again before it is set aside
    ``patience_s``  how long to wait for a worker where there is none
    ``at_once``     with ``workers`` 0: so many blocks under way at once, each in a thread, where the job's blocks share a device
                    (``job.batch`` above 1); other jobs do one after the other
    """

    workers: int | Literal["cores"] = "cores"
    scheduler: str | None = None
    retries: int = 2
    patience_s: float = 300.0
    at_once: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.at_once, bool) or not isinstance(self.at_once, int) or self.at_once < 1:
            raise GraphkitError(f"at_once = {self.at_once!r}: expected 1 or a larger whole number of blocks.")
        if self.at_once > 1 and (self.workers != 0 or self.scheduler is not None):
            raise GraphkitError(
                f"at_once = {self.at_once} is for blocks in this process.", hint="Say workers = 0, and no scheduler."
            )
        if self.workers != "cores" and (not isinstance(self.workers, int) or self.workers < 0):
            raise GraphkitError(f'workers = {self.workers!r}: expected "cores" or a whole number, 0 for this process.')
        if not isinstance(self.retries, int) or self.retries < 0:
            raise GraphkitError(f"retries = {self.retries!r}: expected 0 or a larger whole number.")
        if not self.patience_s > 0:
            raise GraphkitError(f"patience_s = {self.patience_s!r}: expected a number of seconds above 0.")
        if self.scheduler is not None and "://" not in self.scheduler:
            raise GraphkitError(f"scheduler = {self.scheduler!r}: expected an address such as tcp://host:8786.")


@dataclass(frozen=True, slots=True)
class BlockReport:
    """What became of the blocks: how many were done now and were there before, and those set aside with their errors."""

    done: int
    skipped: int
    failed: tuple[tuple[Block, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt at a block ended. It is plain text, since an exception may not survive the way between processes.

    ``raised`` counts against the block, as does ``died`` (with its worker); ``stop`` ends the run.
    """

    what: Literal["done", "raised", "died", "stop"]
    message: str = ""
    details: str = ""


class Crew(Protocol):
    """Workers: takes up to ``places`` blocks at a time and gives back how they ended, in any order."""

    @property
    def places(self) -> int: ...

    def submit(self, block: Block) -> None: ...

    def next(self) -> tuple[Block, Outcome]: ...


def run_blocks(
    job: Job,
    blocks: Iterable[Block],
    folder: Path | str,
    *,
    engine: EngineSettings | Workers | None = None,
    progress: Progress = silent,
    stage: str = "blocks",
    restart: bool = False,
    settings: dict[str, Any] | None = None,
) -> BlockReport:
    """Runs ``job`` on every block that ``folder`` has no whole file of, and says what became of them.

    ``engine`` says where they run; `Workers` stay for the next job, those of settings end with this one. ``restart`` removes what
    the folder's blocks hold, and does them all. ``progress`` is told of ``stage``. ``settings`` are kept with the blocks in place
    of the job's own, which name its inputs by their places.

    Raises GraphkitError where the folder holds blocks made with other settings or is in use by another run, where the job's setup
    fails, the disk is full, or no worker comes. Blocks that fail do not raise: see the report.
    """
    place = Path(folder).absolute()
    every = tuple(blocks)
    with contextlib.ExitStack() as stack:
        workers = engine if isinstance(engine, Workers) else stack.enter_context(Workers(engine))
        stack.enter_context(claimed(place))
        own = job.settings()
        prepare(place, type(job).__name__, own if settings is None else settings, restart=restart, formerly=own)
        todo = [block for block in every if not is_finished(place, block)]
        skipped = len(every) - len(todo)
        progress(stage, skipped / len(every) if every else 1.0)
        if not todo:
            return BlockReport(0, skipped)
        stack.enter_context(_one_thread_each())
        crew = stack.enter_context(workers.crew(job, place, len(todo)))
        return _worked_through(crew, todo, skipped, workers.engine.retries, progress, stage, place)


class Workers(AbstractContextManager["Workers"]):
    """Who does the blocks of jobs that follow each other: the same processes, from the first block to the end of the ``with``."""

    def __init__(self, engine: EngineSettings | None = None) -> None:
        self.engine = engine or EngineSettings()
        self._local: LocalWorkers | None = None

    def crew(self, job: Job, folder: Path, blocks: int) -> AbstractContextManager[Crew]:
        """Those who do a job's blocks; no more of them than blocks are started for it."""
        engine = self.engine
        if engine.scheduler is None and engine.workers == 0:
            if engine.at_once > 1 and getattr(job, "batch", 1) > 1:
                return contextlib.nullcontext(_InThreads(job, folder, engine.at_once))
            return contextlib.nullcontext(_Here(job, folder))
        from graphkit_pipeline.engine_dask import LocalWorkers, connected

        if engine.scheduler is not None:
            return connected(job, folder, engine.scheduler, engine.patience_s)
        if self._local is None:
            self._local = LocalWorkers(engine.patience_s)
        workers = len(os.sched_getaffinity(0)) if engine.workers == "cores" else engine.workers
        return self._local.crew(job, folder, min(workers, blocks))

    def end(self) -> None:
        """Ends the processes that were started; more blocks start others."""
        if self._local is not None:
            self._local.end()

    def __exit__(self, *_: object) -> None:
        self.end()


def attempt(job: Job, state: Any, block: Block, folder: Path) -> Outcome:
    """Runs one block in this process and writes its file.

    A block whose file is there is done: its worker was killed after it wrote the file and before it could say so.
    """
    if is_finished(folder, block):
        return Outcome("done")
    try:
        arrays = job.run(state, block)
    except Exception as error:
        return Outcome("raised", _in_words(error), traceback.format_exc())
    try:
        write_block(folder, block, arrays)
    except GraphkitError as error:
        # a full or forbidden disk is no fault of the block's: every other would fail as well
        disk = isinstance(error.__cause__, OSError)
        return Outcome("stop" if disk else "raised", str(error), "" if disk else traceback.format_exc())
    except OSError as error:
        return Outcome("stop", f"Cannot write to {folder}: {error.strerror or errno.errorcode.get(error.errno or 0)}.")
    return Outcome("done")


def set_up(job: Job) -> tuple[Any, Outcome | None]:
    """The job's state, or why there is none."""
    try:
        return job.setup(), None
    except GraphkitError as error:
        return None, Outcome("stop", str(error))
    except Exception as error:
        return None, Outcome("stop", f"{type(job).__name__} cannot start: {_in_words(error)}", traceback.format_exc())


def _worked_through(
    crew: Crew, todo: list[Block], skipped: int, retries: int, progress: Progress, stage: str, folder: Path
) -> BlockReport:
    queue, suspects = deque(todo), deque[Block]()
    tries: Counter[Block] = Counter()
    failed: dict[Block, Outcome] = {}
    active = done = 0
    while queue or suspects or active:
        while queue and active < crew.places:
            crew.submit(queue.popleft())
            active += 1
        if suspects and not active:
            # alone, so that if the worker dies again it is this block's doing
            crew.submit(suspects.popleft())
            active += 1
        block, outcome = crew.next()
        active -= 1
        if outcome.what == "stop":
            raise _as_error(outcome)
        if outcome.what == "done":
            done += 1
        else:
            tries[block] += 1
            if tries[block] > retries:
                failed[block] = outcome
                _list_failed(folder, failed, tries)
            elif outcome.what == "died":
                suspects.append(block)
            else:
                queue.append(block)
        progress(stage, (skipped + done + len(failed)) / (skipped + len(todo)))
    in_order = sorted(failed, key=lambda block: block.index)
    return BlockReport(done, skipped, tuple((block, failed[block].message) for block in in_order))


def _list_failed(folder: Path, failed: dict[Block, Outcome], tries: Counter[Block]) -> None:
    rows = [
        {
            "block": block.name,
            "index": block.index,
            "box": {"start": block.box.start, "stop": block.box.stop},
            "tries": tries[block],
            "error": failed[block].message,
            "traceback": failed[block].details,
        }
        for block in sorted(failed, key=lambda block: block.index)
    ]
    with atomically(folder / FAILED) as file:
        file.write(json.dumps(rows, indent=1).encode())


class _Here:
    """One place, in this process."""

    places = 1

    def __init__(self, job: Job, folder: Path) -> None:
        self._job, self._folder = job, folder
        self._block: Block | None = None
        self._state, self._trouble = set_up(job)

    def submit(self, block: Block) -> None:
        self._block = block

    def next(self) -> tuple[Block, Outcome]:
        assert self._block is not None
        return self._block, self._trouble or attempt(self._job, self._state, self._block, self._folder)


class _InThreads:
    """Several places in this process, with one state for all: the job's ``run`` is called from several threads at once."""

    def __init__(self, job: Job, folder: Path, places: int) -> None:
        self.places = places
        self._job, self._folder = job, folder
        self._state, self._trouble = set_up(job)
        self._ended: queue.SimpleQueue[tuple[Block, Outcome]] = queue.SimpleQueue()

    def submit(self, block: Block) -> None:
        # daemons: a run that is interrupted does not wait for the blocks under way
        threading.Thread(target=self._work, args=(block,), name=block.name, daemon=True).start()

    def next(self) -> tuple[Block, Outcome]:
        return self._ended.get()

    def _work(self, block: Block) -> None:
        outcome = self._trouble or attempt(self._job, self._state, block, self._folder)
        self._ended.put((block, outcome))


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """One thread a library, here and in the processes that are started: sums then have one order, on any number of workers.

    BLAS and OpenMP obey even where this process has used them already; TensorFlow keeps the threads it began with.
    """
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        with threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _in_words(error: BaseException) -> str:
    return str(error) if isinstance(error, GraphkitError) else f"{type(error).__name__}: {error}"


def _as_error(outcome: Outcome) -> GraphkitError:
    message, _, hint = outcome.message.partition("\n")
    error = GraphkitError(message, hint=hint or None)
    if outcome.details:
        error.add_note(outcome.details)
    return error
