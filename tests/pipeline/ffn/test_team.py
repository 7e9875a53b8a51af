"""Replicas meet, hand things over, and say in one message who did not come, differs, or was lost. No TensorFlow here."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from graphkit_pipeline.ffn.launch import Replica, free_addresses, launch
from graphkit_pipeline.ffn.team import Cluster, Team

from graphkit.errors import GraphkitError


def clusters(replicas: int, wait_s: float = 20.0) -> list[Cluster]:
    addresses = tuple(free_addresses(replicas))
    return [Cluster(addresses, rank, wait_s) for rank in range(replicas)]


def all_at_once(work: Any, members: list[Cluster]) -> list[Any]:
    """``work(cluster)`` of each in a thread; results or errors by rank."""
    results: list[Any] = [None] * len(members)

    def one(cluster: Cluster) -> None:
        try:
            results[cluster.rank] = work(cluster)
        except GraphkitError as error:
            results[cluster.rank] = error

    threads = [threading.Thread(target=one, args=(cluster,)) for cluster in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_three_replicas_gather_at_rank_0_hear_from_it_and_leave_together() -> None:
    def work(cluster: Cluster) -> tuple[list[bytes], bytes]:
        with Team(cluster, {"settings": {"steps": 3}}) as team:
            gathered = team.gather(bytes([cluster.rank]) * 100_000)
            return gathered, team.from_rank_0(b"from 0" if cluster.rank == 0 else b"")

    results = all_at_once(work, clusters(3))
    assert results[0] == ([bytes([r]) * 100_000 for r in range(3)], b"from 0")
    assert results[1:] == [([], b"from 0")] * 2


def test_who_leaves_first_in_the_end_is_not_lost() -> None:
    """Replica 1 is gone long before rank 0 lets replica 2 go."""

    class Slow(Team):
        def _send(self, rank: int, kind: bytes, data: bytes) -> None:
            if (self.rank, rank) == (0, 2):
                time.sleep(0.3)
            super()._send(rank, kind, data)

    def work(cluster: Cluster) -> str:
        with Slow(cluster, {}):
            return "done"

    assert all_at_once(work, clusters(3)) == ["done"] * 3


def test_replicas_that_were_given_other_things_say_which() -> None:
    def work(cluster: Cluster) -> None:
        Team(cluster, {"settings": {"steps": 3 + cluster.rank}, "volumes": [1, 2], "version": "1"})

    first, second = all_at_once(work, clusters(2))
    assert "differs from replica 0 in settings." in first.message
    assert second.message == first.message


def test_a_replica_that_never_starts_is_named_in_time() -> None:
    members = clusters(3, wait_s=2)
    begun = time.monotonic()
    first, second, _ = all_at_once(lambda c: Team(c, {}) if c.rank < 2 else None, members)
    assert time.monotonic() - begun < 60
    assert f"Replica 2 ({members[2].addresses[2]}) did not start within 2 s." in first.message
    assert "gave up before all replicas were there" in second.message or "within 2 s" in second.message


def test_rank_0_that_is_not_there_and_a_port_that_is_taken() -> None:
    members = clusters(2, wait_s=0.3)
    with pytest.raises(GraphkitError, match=r"Replica 0 \(127.0.0.1:\d+\) was not there"):
        Team(members[1], {})
    with socket.create_server(("", members[0].meeting[1])), pytest.raises(GraphkitError, match="cannot listen on port"):
        Team(members[0], {})


def test_strangers_are_not_taken_for_replicas() -> None:
    """Something that scans the port, and a replica that calls twice: the meeting goes on."""
    members = clusters(2)

    def work(cluster: Cluster) -> bytes:
        if cluster.rank:
            for _ in range(100):
                try:
                    with socket.create_connection(cluster.meeting, timeout=5) as stranger:
                        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    break
                except OSError:
                    time.sleep(0.05)
        with Team(cluster, {}) as team:
            return team.from_rank_0(b"here")

    assert all_at_once(work, members) == [b"here", b"here"]


def test_a_reason_to_stop_reaches_the_others() -> None:
    def work(cluster: Cluster) -> None:
        with Team(cluster, {}) as team:
            team.meet()
            if cluster.rank == 1:
                raise GraphkitError("No space left.")
            team.meet()

    members = clusters(3)
    results = all_at_once(work, members)
    assert results[1].message == "No space left."
    for other in (results[0], results[2]):
        assert other.message == f"Replica 1 ({members[0].addresses[1]}) stopped: No space left."
        assert "--resume" in other.hint


REPLICA = """
import json, os, sys, time
from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.launch import Replica
from graphkit_pipeline.ffn.team import Team
here = Replica.here()
try:
    with Team(here.cluster, {}, when_stuck=here.fail, grace_s=0.5) as team:
        what = sys.argv[1]
        if what == "hang" and here.cluster.rank != 1:
            while True:  # deaf to the others, as TensorFlow is
                time.sleep(0.1)
        if what in ("wait", "hang"):
            while True:
                time.sleep(0.05)
                team.check()
        if what == "refuse" and here.cluster.rank == 2:
            raise GraphkitError("No place to train at.", hint="Give larger volumes.")
except GraphkitError as error:
    here.fail(error)
here.end({"rank": here.cluster.rank})
"""


def run(what: str, members: list[Cluster], **options: Any) -> dict[str, Any]:
    return launch([sys.executable, "-c", REPLICA, what], members, **options)


def test_launched_replicas_answer_and_are_gone() -> None:
    seen: list[int] = []
    assert run("finish", clusters(3), watch=seen.extend) == {"rank": 0}
    assert len(seen) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in seen)


@pytest.mark.parametrize(("what", "lost"), [("wait", 2), ("wait", 0), ("hang", 1)])
def test_a_killed_replica_ends_the_others_within_seconds_in_one_message(what: str, lost: int) -> None:
    members = clusters(3)
    seen: list[int] = []
    begun: list[float] = []

    def kill_when_all_have_met() -> None:
        while not seen or not _connected(members[0].meeting[1], seen[0], lines=2):
            time.sleep(0.05)
        begun.append(time.monotonic())
        os.kill(seen[lost], signal.SIGKILL)

    killer = threading.Thread(target=kill_when_all_have_met)
    killer.start()
    with pytest.raises(GraphkitError) as caught:
        run(what, members, watch=seen.extend)
    killer.join()
    assert caught.value.message == f"Replica {lost} ({members[0].addresses[lost]}) was lost: it ended by signal 9."
    assert time.monotonic() - begun[0] < 60  # they would wait for ever
    assert not any(Path(f"/proc/{pid}").exists() for pid in seen)


def _connected(port: int, _pid: int, lines: int) -> bool:
    """Whether rank 0 has let in so many: its meeting port no longer listens (state 0A) and has lines (01)."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    states = [row[3] for row in rows if int(row[1].split(":")[1], 16) == port]
    return states.count("01") == lines and "0A" not in states


def test_the_replica_that_has_a_reason_is_heard() -> None:
    with pytest.raises(GraphkitError, match="No place to train at") as caught:
        run("refuse", clusters(3))
    assert caught.value.hint == "Give larger volumes."


def test_a_replica_that_crashes_says_its_last_words() -> None:
    code = (
        "import json, os, time\nassert json.loads(os.environ['GRAPHKIT_REPLICA'])['rank'] == 0 or 1 / 0\ntime.sleep(60)"
    )
    with pytest.raises(GraphkitError, match=r"Replica 1 .* was lost: it ended with status 1: ZeroDivisionError"):
        launch([sys.executable, "-c", code], clusters(2), patience_s=0.1)


def test_progress_is_not_taken_for_last_words() -> None:
    code = (
        "import json, os, sys, time\nif json.loads(os.environ['GRAPHKIT_REPLICA'])['rank'] == 0: time.sleep(60)\n"
        "print('training ...', file=sys.stderr, flush=True)\nos.kill(os.getpid(), 9)"
    )
    with pytest.raises(GraphkitError, match=r"Replica 1 .* was lost") as caught:
        launch([sys.executable, "-c", code], clusters(2), patience_s=0.1)
    assert caught.value.message.endswith("it ended by signal 9.")


@pytest.mark.slow
def test_no_replica_outlives_its_parent(tmp_path: Path) -> None:
    script = (
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_team import clusters, run\n"
        "import tempfile\n"
        f"tempfile.tempdir = {str(tmp_path / 'temporary')!r}\n"
        f"run('wait', clusters(2), watch=lambda pids: open({str(tmp_path / 'pids')!r}, 'w').write(repr(pids)))\n"
    )
    (tmp_path / "temporary").mkdir()
    parent = subprocess.Popen([sys.executable, "-c", script])
    end = time.monotonic() + 60
    while not (tmp_path / "pids").exists() or not (text := (tmp_path / "pids").read_text()):
        assert time.monotonic() < end
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    pids = json.loads(text)
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_process_that_is_no_replica() -> None:
    assert Replica.here() is None


@pytest.mark.parametrize(
    ("addresses", "rank", "says"),
    [
        (("a:4000", "b"), 0, "'b' is no address of a replica"),
        (("a:4000", "b:x"), 0, "'b:x' is no address"),
        (("a:4000", "a:4000"), 0, "the same address"),
        (("a:4000", "b:4000"), 2, "rank must be from 0 to 1"),
    ],
)
def test_a_wrong_cluster_is_refused(addresses: tuple[str, ...], rank: int, says: str) -> None:
    with pytest.raises(GraphkitError, match=says):
        Cluster(addresses, rank)
