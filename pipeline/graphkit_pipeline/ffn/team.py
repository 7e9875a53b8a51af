"""Several processes that train one network: how they meet, hand things to rank 0, and learn that one of them was lost.

    rank 0 listens at its port + 1     <── hello (rank, settings, checksums of the volumes) ── rank 1, rank 2, ...
       all are there and agree         ── the checkpoint ──>
       ...                             <── examples, at a checkpoint ──
    a line that breaks, or is silent for 15 s: its replica was lost, and rank 0 tells the others which

TensorFlow's own processes wait for each other for ever, and hear no signal meanwhile. So they meet here first, and these lines
say within seconds who was lost. Nothing here needs TensorFlow. What goes over the lines is never unpickled.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent

__all__ = ["Cluster", "Team"]

_HEAD = struct.Struct(">cQ")
_HELLO, _DATA, _FAILURE = b"H", b"D", b"E"
_RESUME = "Start all of them again with --resume: they go on from the last checkpoint."


@dataclass(frozen=True, slots=True)
class Cluster:
    """All replicas by their addresses (host:port, rank 0 first), and which of them this process is.

    Rank 0 needs its port and the next one; ``wait_s`` is how long replicas wait for each other to begin.
    """

    addresses: tuple[str, ...]
    rank: int
    wait_s: float = 120.0

    def __post_init__(self) -> None:
        for address in self.addresses:
            host, _, port = address.rpartition(":")
            if not host or not port.isdecimal() or not 0 < int(port) < 65535:
                raise GraphkitError(
                    f"{address!r} is no address of a replica.",
                    hint="Give host:port for each, for example node1:4000,node2:4000.",
                )
        if len(set(self.addresses)) != len(self.addresses):
            raise GraphkitError(f"Two replicas have the same address: {', '.join(self.addresses)}.")
        if not 0 <= self.rank < len(self.addresses):
            raise GraphkitError(
                f"The rank must be from 0 to {len(self.addresses) - 1}, one of each address, not {self.rank!r}."
            )
        if not self.wait_s > 0:
            raise GraphkitError(f"The seconds to wait for the others must be positive, not {self.wait_s!r}.")

    @property
    def meeting(self) -> tuple[str, int]:
        """Where rank 0 waits for the others."""
        host, _, port = self.addresses[0].rpartition(":")
        return host, int(port) + 1

    def named(self, rank: int) -> str:
        """How a replica is called in messages."""
        return f"Replica {rank} ({self.addresses[rank]})"


class Team:
    """The lines between rank 0 and the others; a context that opens with their meeting.

    ``greeting`` (JSON values) must be the same on all. ``when_stuck`` is called, from a thread, where a replica was lost and this
    process has not asked for it ``grace_s`` seconds later, because it hangs.

    Raises GraphkitError where a replica does not come in time, or another one comes.
    """

    def __init__(
        self,
        cluster: Cluster,
        greeting: dict[str, Any],
        *,
        when_stuck: Callable[[GraphkitError], None] | None = None,
        grace_s: float = 8.0,
        progress: Progress = silent,
    ) -> None:
        self.rank, self.replicas = cluster.rank, len(cluster.addresses)
        self._cluster = cluster
        self._when_stuck, self._grace_s = when_stuck, grace_s
        self._lines: dict[int, socket.socket] = {}
        self._inbox: dict[int, queue.Queue[bytes]] = {}
        self._sending = threading.Lock()
        self._failed = threading.Event()
        self._failure: GraphkitError | None = None
        self._heard = self._closing = False
        plain = json.loads(json.dumps({**greeting, "replicas": self.replicas}))
        try:
            if self.rank == 0:
                self._await_others(plain, progress)
            else:
                self._go_to_rank_0(plain)
        except BaseException:
            self._hang_up()
            raise
        for rank, line in self._lines.items():
            self._inbox[rank] = queue.Queue()
            threading.Thread(target=self._listen, args=(rank, line), daemon=True, name=f"replica {rank}").start()

    def gather(self, data: bytes) -> list[bytes]:
        """On rank 0 the data of all, by rank; on the others nothing."""
        if self.rank:
            self._send(0, _DATA, data)
            return []
        return [data, *(self._receive(rank) for rank in range(1, self.replicas))]

    def from_rank_0(self, data: bytes = b"") -> bytes:
        """On all, the data that rank 0 gives."""
        if self.rank:
            return self._receive(0)
        for rank in self._lines:
            self._send(rank, _DATA, data)
        return data

    def meet(self) -> None:
        """Waits until all are here."""
        self.gather(b"")
        self.from_rank_0()

    def check(self) -> None:
        """Raises GraphkitError where a replica was lost."""
        if self._failed.is_set():
            raise self._error()

    def reason(self, error: Exception, patience_s: float = 10.0) -> GraphkitError:
        """What is behind an error of TensorFlow's: most often that a replica was lost."""
        if self._failed.wait(patience_s):
            return self._error()
        said = str(error).strip().splitlines() or [type(error).__name__]
        return GraphkitError(f"The replicas no longer work together: {said[0]}", hint=_RESUME)

    def __enter__(self) -> Team:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        """The common end, before which nobody leaves; or the others are told why this replica ends."""
        if error is None:
            self.gather(b"")
            self._closing = (
                self.rank == 0
            )  # all are here: a line that ends now is of one who left, not of one who was lost
            self.from_rank_0()
        self._closing = self._heard = True
        if error is not None:
            why = error.message if isinstance(error, GraphkitError) else type(error).__name__
            for rank in self._lines:
                self._tell(rank, f"{self._cluster.named(self.rank)} stopped: {why}")
        self._hang_up()

    # -- meeting ----------------------------------------------------------------------------------------------------

    def _await_others(self, greeting: dict[str, Any], progress: Progress) -> None:
        _, port = self._cluster.meeting
        end = time.monotonic() + self._cluster.wait_s
        try:
            listener = socket.create_server(("", port), backlog=self.replicas)
        except OSError as error:
            raise GraphkitError(
                f"Rank 0 cannot listen on port {port}: {error.strerror}.", hint="Give it another port in --cluster."
            ) from None
        differing: str | None = None
        with listener:
            while len(self._lines) < self.replicas - 1:
                progress("waiting for the other replicas", len(self._lines) / (self.replicas - 1))
                listener.settimeout(max(0.01, end - time.monotonic()))
                try:
                    line, _ = listener.accept()
                except TimeoutError:
                    missing = [r for r in range(1, self.replicas) if r not in self._lines]
                    names = ", ".join(self._cluster.named(r) for r in missing)
                    raise GraphkitError(
                        f"{names} did not start within {self._cluster.wait_s:g} s.",
                        hint="Start each with the same command and its own --rank, or --wait for more seconds.",
                    ) from None
                rank, its = self._hello_of(line)
                if rank is None:
                    line.close()
                    continue
                self._lines[rank] = line
                if others := [name for name in sorted({*greeting, *its}) if its.get(name) != greeting.get(name)]:
                    differing = (
                        differing or f"{self._cluster.named(rank)} differs from replica 0 in {', '.join(others)}."
                    )
        if differing:
            for rank in self._lines:
                self._tell(rank, differing)
            raise GraphkitError(differing, hint="Give all the same volumes, settings and version of graphkit.")
        for rank in self._lines:
            self._send(rank, _DATA, b"")

    def _hello_of(self, line: socket.socket) -> tuple[int | None, dict[str, Any]]:
        """Rank and greeting of who calls; None for a stranger."""
        _lively(line)
        line.settimeout(5.0)
        try:
            kind, data = _read(line, limit=1 << 24)
            hello = json.loads(data) if kind == _HELLO else {}
            rank = hello["rank"]
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return None, {}
        line.settimeout(None)
        if not isinstance(rank, int) or not 0 < rank < self.replicas or rank in self._lines:
            return None, {}
        return rank, hello["greeting"]

    def _go_to_rank_0(self, greeting: dict[str, Any]) -> None:
        end = time.monotonic() + self._cluster.wait_s
        while True:
            try:
                line = socket.create_connection(self._cluster.meeting, timeout=max(0.01, end - time.monotonic()))
                break
            except OSError:
                if time.monotonic() > end:
                    raise self._nobody_there() from None
                time.sleep(0.1)
        _lively(line)
        self._lines[0] = line
        try:
            _write(line, _HELLO, json.dumps({"rank": self.rank, "greeting": greeting}).encode())
            line.settimeout(max(0.01, end - time.monotonic()) + 5.0)
            kind, data = _read(line)
        except TimeoutError:
            raise self._nobody_there() from None
        except (OSError, EOFError):
            raise GraphkitError(f"{self._cluster.named(0)} gave up before all replicas were there.") from None
        line.settimeout(None)
        if kind == _FAILURE:
            raise GraphkitError(data.decode(), hint="Give all the same volumes, settings and version of graphkit.")

    def _nobody_there(self) -> GraphkitError:
        host, port = self._cluster.meeting
        return GraphkitError(
            f"{self._cluster.named(0)} was not there, or not all others, within {self._cluster.wait_s:g} s.",
            hint=f"Rank 0 must be started, and {host}:{port} be reached from here; or --wait for more seconds.",
        )

    # -- lines ------------------------------------------------------------------------------------------------------

    def _listen(self, rank: int, line: socket.socket) -> None:
        try:
            while True:
                kind, data = _read(line)
                if kind == _FAILURE:
                    self._fail(data.decode())
                    return
                self._inbox[rank].put(data)
        except (OSError, EOFError):
            self._fail(f"{self._cluster.named(rank)} was lost.")

    def _fail(self, message: str) -> None:
        if self._closing or self._failed.is_set():
            return
        self._failure = GraphkitError(message, hint=_RESUME)
        self._failed.set()
        for rank in self._lines:
            self._tell(rank, message)
        if self._when_stuck is not None:
            timer = threading.Timer(self._grace_s, self._still_stuck)
            timer.daemon = True
            timer.start()

    def _still_stuck(self) -> None:
        if not self._heard and self._when_stuck is not None and self._failure is not None:
            self._when_stuck(self._failure)

    def _error(self) -> GraphkitError:
        self._heard = True
        return self._failure or GraphkitError("A replica was lost.", hint=_RESUME)

    def _receive(self, rank: int) -> bytes:
        while True:
            try:
                return self._inbox[rank].get(timeout=0.1)
            except queue.Empty:
                self.check()

    def _send(self, rank: int, kind: bytes, data: bytes) -> None:
        try:
            with self._sending:
                _write(self._lines[rank], kind, data)
        except OSError:
            self._fail(f"{self._cluster.named(rank)} was lost.")
            raise self._error() from None

    def _tell(self, rank: int, message: str) -> None:
        """A failure, where the line still stands and nobody else is writing to it."""
        if self._sending.acquire(timeout=1.0):
            try:
                with contextlib.suppress(OSError):
                    _write(self._lines[rank], _FAILURE, message.encode())
            finally:
                self._sending.release()

    def _hang_up(self) -> None:
        for line in self._lines.values():
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)  # a plain close would wait for the thread that listens
            line.close()


def _lively(line: socket.socket) -> None:
    """A line that notices within 15 s that the machine at its other end is gone."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 2)):
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _write(line: socket.socket, kind: bytes, data: bytes) -> None:
    line.sendall(_HEAD.pack(kind, len(data)) + data)


def _read(line: socket.socket, limit: int | None = None) -> tuple[bytes, bytes]:
    kind, size = _HEAD.unpack(_exactly(line, _HEAD.size))
    if limit is not None and size > limit:
        raise ValueError("too long")
    return kind, _exactly(line, size)


def _exactly(line: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = line.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
