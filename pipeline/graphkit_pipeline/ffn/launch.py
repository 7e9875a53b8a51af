"""Replicas as processes of their own, and a parent that hears all signals, watches them, and says in one message what went wrong.

    graphkit train ffn --replicas 2                          parent ─┬─ rank 0
                                                                     └─ rank 1
    graphkit train ffn --cluster a:4000,b:4000 --rank 1      parent ─── rank 1     (rank 0 on the other host)

A replica runs the same command as its parent, told by the variable GRAPHKIT_REPLICA which rank it has, and leaves its answer in
a file. TensorFlow may hang in a replica, deaf to signals; the parent never imports it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from graphkit.errors import GraphkitError
from graphkit.termination import sigterm_as_ctrl_c
from graphkit_pipeline.ffn.team import Cluster

__all__ = ["Replica", "free_addresses", "launch"]

_VARIABLE = "GRAPHKIT_REPLICA"


@dataclass(frozen=True, slots=True)
class Replica:
    """What a replica's process was told by its parent."""

    cluster: Cluster
    answer: Path

    @classmethod
    def here(cls) -> Replica | None:
        """The replica that this process is, or None."""
        if (text := os.environ.get(_VARIABLE)) is None:
            return None
        told = json.loads(text)
        threading.Thread(target=_end_with, args=(told["parent"], Path(told["answer"]).parent), daemon=True).start()
        return cls(Cluster(tuple(told["addresses"]), told["rank"], told["wait_s"]), Path(told["answer"]))

    def end(self, answer: dict[str, Any]) -> NoReturn:
        """Leaves the answer and ends at once: TensorFlow would wait for replicas that are gone."""
        temporary = self.answer.with_suffix(".part")
        temporary.write_text(json.dumps(answer))
        temporary.replace(self.answer)
        sys.stderr.flush()
        os._exit("error" in answer)

    def fail(self, error: GraphkitError) -> NoReturn:
        """Ends with an error, which the parent says."""
        self.end({"error": error.message, "hint": error.hint})


def _end_with(parent: int, folder: Path) -> NoReturn:
    """Ends this process when its parent is gone, and removes the folder that the parent could not."""
    while os.getppid() == parent:
        time.sleep(1.0)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def free_addresses(replicas: int) -> list[str]:
    """Addresses on this machine that nobody listens on, for as many replicas; rank 0's next port is free too."""
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        while len(ports) < replicas:
            one, beside = socket.socket(), socket.socket()
            held.callback(one.close)
            held.callback(beside.close)
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                beside.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            ports.append(port)
        return [f"127.0.0.1:{port}" for port in ports]


def launch(
    command: Sequence[str],
    clusters: Sequence[Cluster],
    *,
    watch: Callable[[list[int]], None] | None = None,
    patience_s: float = 12.0,
) -> dict[str, Any]:
    """Runs ``command`` once for each of ``clusters``, which differ in their ranks; the answer of the first.

    The first shows its progress on this process's stderr. ``watch`` is given the process ids. A replica that ends with an error
    ends all, after ``patience_s`` in which the others may say what they saw; so does Ctrl-C.

    Raises GraphkitError with the message of the replica that knows best.
    """
    threads = str(max(1, (os.cpu_count() or 1) // len(clusters)))
    with tempfile.TemporaryDirectory(prefix="graphkit-replicas-") as name, contextlib.ExitStack() as cleanup:
        folder = Path(name)
        processes = []
        for k, cluster in enumerate(clusters):
            told = {
                "addresses": cluster.addresses,
                "rank": cluster.rank,
                "wait_s": cluster.wait_s,
                "parent": os.getpid(),
            }
            variables = {**os.environ, _VARIABLE: json.dumps({**told, "answer": str(folder / f"{k}.json")})}
            for variable in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
                variables.setdefault(variable, threads)
            errors = None if k == 0 else cleanup.enter_context((folder / f"{k}.txt").open("wb"))
            # In a session of its own: Ctrl-C is heard by the parent alone.
            processes.append(
                subprocess.Popen(
                    command, env=variables, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
                )
            )
        try:
            with sigterm_as_ctrl_c():  # so that no replica outlives the parent
                if watch is not None:
                    watch([p.pid for p in processes])
                ended = _await(processes, patience_s)
        finally:
            for process in processes:
                process.kill()
                process.wait()
            if sys.stderr.isatty():
                sys.stderr.write("\033[?25h")  # the cursor, which the bar of a replica that was killed has hidden
        answers = [_answer(folder / f"{k}.json") for k in range(len(processes))]
        if all(a is not None and "error" not in a for a in answers):
            return answers[0] or {}
        raise _what_happened(clusters, processes, answers, folder, ended)


def _await(processes: Sequence[subprocess.Popen[bytes]], patience_s: float) -> list[int]:
    """Returns when all have ended, or soon after the first that failed; which have ended by then."""
    end: float | None = None
    while any(p.poll() is None for p in processes) and (end is None or time.monotonic() < end):
        if end is None and any(p.poll() not in (None, 0) for p in processes):
            end = time.monotonic() + patience_s
        time.sleep(0.05)
    return [k for k, p in enumerate(processes) if p.poll() is not None]


def _answer(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return None


def _what_happened(
    clusters: Sequence[Cluster],
    processes: Sequence[subprocess.Popen[bytes]],
    answers: Sequence[dict[str, Any] | None],
    folder: Path,
    ended: Sequence[int],
) -> GraphkitError:
    """A replica that stopped for a reason of its own knows best; then how one ended; then one that saw another lost."""
    failures = [a for a in answers if a is not None and "error" in a]
    own = [a for a in failures if " was lost" not in a["error"] and " stopped: " not in a["error"]]
    if not own and (lost := [k for k in ended if answers[k] is None]):
        how = processes[lost[0]].returncode
        lines = (folder / f"{lost[0]}.txt").read_text(errors="replace").strip().splitlines() if lost[0] else []
        said = [line for line in lines if not line.endswith(" ...")]  # what is left is no progress
        ending = f"by signal {-how}" if how < 0 else f"with status {how}"
        name = clusters[lost[0]].named(clusters[lost[0]].rank)
        return GraphkitError(
            f"{name} was lost: it ended {ending}{f': {said[-1]}' if said else '.'}",
            hint="Run again with --resume: training goes on from the last checkpoint.",
        )
    for answer in [*own, *failures]:
        return GraphkitError(answer["error"], hint=answer["hint"])
    return GraphkitError("The replicas ended without an answer.", hint="Run again with --resume.")
