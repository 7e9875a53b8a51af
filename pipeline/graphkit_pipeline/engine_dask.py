"""Blocks on Dask distributed: a local cluster of single-threaded processes, or a scheduler that runs elsewhere.

Dask starts the workers, moves the job to them, notices when one dies and starts another. Here stands only what a run of blocks
asks of it: no more blocks under way than there are places, one state a worker, and an end without stray processes.
"""

# mypy: disallow-untyped-calls=False
from __future__ import annotations

import contextlib
import gc
import logging
import os
import queue
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dask
from distributed import Client, Future, LocalCluster, WorkerPlugin, get_worker

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.engine import ONE_THREAD, Job, Outcome, attempt, set_up

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["LocalWorkers", "connected"]

_POLL_S = 1.0
_CLOSE_S = 5
_START_S = 30
_AGAIN_S = 0.1


class _JobOnWorker(WorkerPlugin):
    """Keeps a worker's state: made in the thread of the first block, so that the worker answers while a model loads."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._job, self._folder = job, folder

    def setup(self, worker: Worker) -> None:
        self._one_at_a_time = threading.Lock()
        self._ready = False

    def work(self, block: Block) -> Outcome:
        with self._one_at_a_time:
            if not self._ready:
                self._state, self._trouble = set_up(self._job)
                self._ready = True
            if self._trouble:
                return self._trouble
            if not self._folder.is_dir():
                return Outcome("stop", f"A worker does not see {self._folder}.\nUse a folder that all workers share.")
            return attempt(self._job, self._state, block, self._folder)

    def teardown(self, worker: Worker) -> None:
        """Lets go of the state: a model is many megabytes, and the process goes on to the next job."""
        self._ready, self._state, self._trouble = True, None, Outcome("stop", "The run of these blocks has ended.")
        gc.collect()  # models are full of cycles


def _work(plugin: str, block: Block) -> Outcome:
    """The task that Dask runs."""
    found = get_worker().plugins[plugin]
    assert isinstance(found, _JobOnWorker)
    return found.work(block)


class _DaskCrew:
    """The workers that a client reaches."""

    def __init__(self, client: Client, plugin: str, patience_s: float) -> None:
        self._client, self.plugin, self._patience_s = client, plugin, patience_s
        self._ended: queue.SimpleQueue[Future[Outcome]] = queue.SimpleQueue()
        self._active: dict[object, tuple[Future[Outcome], Block]] = {}
        self._places = 0
        self._looked = -1.0

    @property
    def places(self) -> int:
        """One a worker process. A cluster may grow and shrink, so it is asked again now and then."""
        now = time.monotonic()
        if now - self._looked > _POLL_S:
            self._places = len(self._client.ncores())
            self._looked = now
        return max(1, self._places)

    def submit(self, block: Block) -> None:
        future = self._client.submit(
            _work, self.plugin, block, key=f"{block.name}-{uuid.uuid4().hex}", pure=False, retries=0
        )
        self._active[future.key] = (future, block)
        future.add_done_callback(self._ended.put)

    def next(self) -> tuple[Block, Outcome]:
        alone_since = None
        while True:
            try:
                future = self._ended.get(timeout=_POLL_S)
            except queue.Empty:
                alone_since = self._refuse_to_wait(alone_since)
                continue
            _, block = self._active.pop(future.key)
            return block, self._outcome(future)

    def _outcome(self, future: Future[Outcome]) -> Outcome:
        from distributed import KilledWorker

        if future.cancelled() or future.status == "lost":
            return Outcome("stop", "The Dask scheduler went away.\nRun again: finished blocks are kept.")
        error = future.exception()
        if error is None:
            result: Outcome = future.result()
            return result
        if isinstance(error, KilledWorker):
            return Outcome("died", "The worker process died while it ran this block (killed, or out of memory).")
        return Outcome("raised", f"{type(error).__name__}: {error}")

    def _refuse_to_wait(self, since: float | None) -> float | None:
        """Since when there has been no worker; an error when that is too long."""
        if self._client.status != "running":
            raise GraphkitError("The Dask scheduler went away.", hint="Run again: finished blocks are kept.")
        if self._client.ncores():
            return None
        now = time.monotonic()
        since = now if since is None else since
        if now - since > self._patience_s:
            raise GraphkitError(
                f"No Dask worker has been there for {self._patience_s:.0f} s.",
                hint="Start workers, or raise patience_s.",
            )
        return since


class LocalWorkers:
    """Processes of one thread on this machine, that do one job after the other, all gone at the end, however it comes."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._started = contextlib.ExitStack()
        self._cluster: LocalCluster | None = None
        self._client: Client | None = None

    @contextlib.contextmanager
    def crew(self, job: Job, folder: Path, workers: int) -> Iterator[_DaskCrew]:
        """The processes with this job's state; ``workers`` of them at least. Where it ends in an error, so do they."""
        try:
            client = self._with(workers)
            crew = _crew_of(client, job, folder, self._patience_s)
            yield crew
        except BaseException:
            self.end()  # blocks may be under way
            raise
        with contextlib.suppress(Exception):
            client.unregister_worker_plugin(crew.plugin)

    def _with(self, workers: int) -> Client:
        """A client of a cluster of that many processes at least, started where there is none."""
        if self._client is None:
            _quieten()
            settings = {
                "distributed.scheduler.allowed-failures": 0,  # the engine itself counts, block by block
                "distributed.worker.multiprocessing-method": "spawn",  # a fork of a process with threads may hang
            }
            self._started.enter_context(dask.config.set(settings))
            self._started.callback(self._end_at_once)
            self._cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
                env=dict.fromkeys(ONE_THREAD, "1"),  # also of one that is started later, in place of one that died
            )
            self._client = Client(self._cluster, set_as_default=False)
        elif self._cluster is not None and len(self._cluster.worker_spec) < workers:
            self._cluster.scale(workers)
        with contextlib.suppress(TimeoutError):  # the first blocks are given to those that are there
            self._client.wait_for_workers(workers, timeout=min(self._patience_s, _START_S))
        return self._client

    def end(self) -> None:
        """Kills the processes: what is finished is on the disk, the rest is not wanted."""
        self._started.close()

    def _end_at_once(self) -> None:
        cluster, client = self._cluster, self._client
        self._cluster = self._client = None

        async def kill() -> None:
            for nanny in list(cluster.workers.values()) if cluster else []:
                nanny.close_gracefully()  # else it starts another worker for the one that died
                if nanny.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(nanny.pid, signal.SIGKILL)

        for step in (
            lambda: cluster and cluster.sync(kill),
            lambda: client and client.close(timeout=_CLOSE_S),
            lambda: cluster and cluster.close(timeout=_CLOSE_S),
        ):
            with contextlib.suppress(Exception):
                step()


def _quieten() -> None:
    """Keeps Dask's own words off the screen for good: ``silence_logs`` ends with the cluster, before its last connections."""
    for handler in logging.getLogger("distributed").handlers:
        handler.setLevel(logging.CRITICAL)


@contextlib.contextmanager
def connected(job: Job, folder: Path, address: str, patience_s: float) -> Iterator[_DaskCrew]:
    """The workers of the scheduler at ``address``, which stay when the run ends; its blocks under way are cancelled."""
    try:
        client = Client(address, set_as_default=False, timeout=f"{min(patience_s, 30):.0f}s")
    except (OSError, ValueError) as error:
        raise GraphkitError(
            f"No Dask scheduler answers at {address}.", hint="Start one (dask scheduler), or correct the address."
        ) from error
    crew = _crew_of(client, job, folder, patience_s)
    try:
        yield crew
    finally:
        with contextlib.suppress(Exception):
            client.cancel([future for future, _ in crew._active.values()])
            client.unregister_worker_plugin(crew.plugin)
        client.close(timeout=_CLOSE_S)


def _crew_of(client: Client, job: Job, folder: Path, patience_s: float) -> _DaskCrew:
    name = f"graphkit-{uuid.uuid4().hex}"
    until = time.monotonic() + patience_s
    while True:
        try:
            client.register_plugin(_JobOnWorker(job, folder), name=name)
        except OSError as error:  # a worker died while it was told; tell them all again
            if client.status != "running" or time.monotonic() > until:
                raise GraphkitError(
                    "The Dask workers cannot be told what to do: the connection breaks.",
                    hint="Run again: finished blocks are kept.",
                ) from error
            time.sleep(_AGAIN_S)
        else:
            return _DaskCrew(client, name, patience_s)
