"""Censuses and matches of patterns, shared out among processes or the machines of a Dask cluster, and summed.

The neurons at which a search begins (its roots) are cut into shards of about equal expected work. A worker makes its own
graph, or pattern, once, by calling the function that it is sent: a dataset's snapshot is the same for all. What
comes back from a shard are some numbers, so what travels is small. The sum is the answer of one process, to the last digit.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError, MissingExtraError
from graphkit.graph import Graph
from graphkit.motifs.census import census_of_codes, census_share, census_to_share
from graphkit.motifs.pattern import Pattern, contradiction
from graphkit.motifs.plan import Plan, plan_of
from graphkit.motifs.search import count_share
from graphkit.progress import Progress, silent
from graphkit.stopping import current

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["SHARDS", "count_matches_on", "triad_census_on"]

SHARDS = 64
"""Several a worker, since a hub takes longer than its expected share."""

_RETRIES = 2
_POLL_S = 0.2
_T = TypeVar("_T")


def count_matches_on(
    cluster: Client | str | int,
    pattern_of: Callable[[], Pattern],
    *,
    shards: int = SHARDS,
    progress: Progress = silent,
) -> int:
    """`count_matches(pattern_of())`, by the workers of a Dask cluster.

    Args:
        cluster: a Dask client, the address of a scheduler (``tcp://host:8786``), or a number of processes of this machine.
        pattern_of: makes the pattern in a worker, for example from ``graphkit.open(url).graph(min_synapses=5)``.
        shards: in how many parts; does not change the answer.

    Raises:
        GraphError: ``shards`` or ``cluster`` is out of range.
        MissingExtraError: Dask is not installed.
    """

    def plan() -> Plan | None:
        pattern = pattern_of()
        return None if contradiction(pattern) is not None else plan_of(pattern)

    return sum(_shared_out(cluster, _matches, plan, shards, progress, "matches"))


def triad_census_on(
    cluster: Client | str | int,
    graph_of: Callable[[], Graph],
    *,
    shards: int = SHARDS,
    progress: Progress = silent,
) -> dict[str, int]:
    """`triad_census(graph_of())`, by the workers of a Dask cluster; arguments as of `count_matches_on`."""
    parts = list(_shared_out(cluster, _triangles, lambda: census_to_share(graph_of()), shards, progress, "triads"))
    return census_of_codes(np.sum([codes for codes, _ in parts], axis=0), parts[0][1])


def _matches(plan: Plan | None, shard: int, shards: int) -> int:
    return 0 if plan is None else count_share(plan, shard, shards)


def _triangles(whole: Any, shard: int, shards: int) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    return census_share(whole, shard, shards), whole[2]


def _shared_out(
    cluster: Client | str | int,
    work: Callable[[Any, int, int], _T],
    make: Callable[[], Any],
    shards: int,
    progress: Progress,
    stage: str,
) -> Iterator[_T]:
    """The results of all shards, in their order."""
    if isinstance(shards, bool) or not isinstance(shards, int) or shards < 1:
        raise GraphError(f"shards is {shards!r}; expected a whole number of at least 1.")
    token, stop = uuid.uuid4().hex, current()
    with _client(cluster) as client:
        futures: list[Any] = [
            client.submit(_one, work, make, token, shard, shards, pure=False, retries=_RETRIES)
            for shard in range(shards)
        ]
        try:
            for done, future in enumerate(futures):
                while not future.done():
                    stop.check()
                    _wait(future)
                yield future.result()
                progress(stage, (done + 1) / shards)
        finally:
            client.cancel(futures)  # type: ignore[no-untyped-call]


def _wait(future: Any) -> None:
    from distributed import TimeoutError as NotYet
    from distributed import wait

    with suppress(NotYet):
        wait([future], timeout=_POLL_S)  # type: ignore[no-untyped-call]


@contextmanager
def _client(cluster: Client | str | int) -> Iterator[Client]:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise MissingExtraError("distributed", "pipeline", "counting on a Dask cluster") from None
    if isinstance(cluster, Client):
        yield cluster
    elif isinstance(cluster, str):
        with Client(cluster, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            yield client
    elif isinstance(cluster, int) and cluster >= 1:
        local: Any = LocalCluster
        alone = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with local(n_workers=cluster, **alone) as workers, _client(workers.scheduler_address) as client:
            yield client
    else:
        raise GraphError(f"cluster is {cluster!r}; expected a Dask client, its address, or a number of processes.")


_held: tuple[str, Any] | None = None
_holding = threading.Lock()


def _one(work: Callable[[Any, int, int], _T], make: Callable[[], Any], token: str, shard: int, shards: int) -> _T:
    """In a worker: a shard of what was made for the first one, which is kept until another count begins."""
    global _held
    with _holding:
        if _held is None or _held[0] != token:
            _held = None
            _held = token, make()
        made = _held[1]
    return work(made, shard, shards)
