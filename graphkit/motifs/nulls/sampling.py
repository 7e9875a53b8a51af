"""Samples of a null model: sample i depends on the seed and on i only, so they are drawn side by side and come in order.

A model is a function that draws one graph (`Draw`); what a chain of small moves has forgotten of its start is measured with
it, because a chain that is too short gives graphs that resemble the original, and significance that is not there.
"""

from __future__ import annotations

import math
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.stopping import Stop, current

__all__ = ["Chain", "Draw", "Mixing", "Sampler", "ShortChainWarning", "cores", "graphs", "mixing", "sampled"]

_T = TypeVar("_T")

_POLL_S = 0.1

_REMEMBERED = 0.05
"""A chain is too short if more than this share of the distance to the start's connections is still to go."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a chain did on the way to one sample."""

    attempts: int
    moves: int
    left_half: float
    """Share of the original connections that were there after half of the attempts."""
    left: float
    """Share of the original connections that are in the sample."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One sample; ``chain`` is None where it is drawn at once, without a chain."""

    graph: Graph
    chain: Chain | None = None


class Sampler(Protocol):
    """Draws one sample; calls ``go_on`` now and then, which raises when the sample is not wanted any more."""

    def __call__(self, rng: np.random.Generator, go_on: Callable[[], None]) -> Draw: ...


@dataclass(frozen=True, slots=True)
class Mixing:
    """How far the chains of all samples are from where they started, on the average."""

    attempts: int
    """Of one sample."""
    moved: float
    """Moves carried out per attempt."""
    left: float
    """Share of the original connections that are in a sample. Not 0 in the end either: hubs meet again by chance."""
    remembered: float
    """Share of the way to the chain's own equilibrium that is still to go: 0 is mixed, 1 has not moved."""
    warning: str | None
    """What to do about a chain that was too short, or could not move."""


class ShortChainWarning(UserWarning):
    """The samples of a null model still resemble the original more than they should."""


def graphs(draw: Sampler, samples: int, seed: int, threads: int | None) -> Iterator[Graph]:
    """The graphs of ``samples`` samples, in order. After the last one a chain that was too short is warned about.

    Raises:
        GraphError: ``samples``, ``seed`` or ``threads`` is out of range.
    """
    checked(samples, seed, threads)
    return _graphs(draw, samples, seed, threads)


def _graphs(draw: Sampler, samples: int, seed: int, threads: int | None) -> Iterator[Graph]:
    chains = []
    for one in sampled(draw, samples, seed, lambda found: found, threads=threads):
        if one.chain is not None:
            chains.append(one.chain)
        yield one.graph
    if chains and (warning := mixing(chains).warning):
        warnings.warn(warning, ShortChainWarning, stacklevel=2)


def sampled(
    draw: Sampler, samples: int, seed: int, use: Callable[[Draw], _T], *, threads: int | None = None
) -> Iterator[_T]:
    """``use(draw)`` of samples 0, 1, 2 ..., in order, made by several threads. As many samples are in memory as threads, and one.

    Whatever is raised while one is waited for, Ctrl-C too, comes out here, and ends the others soon.

    Raises:
        TimeLimitError: the time limit (``graphkit.stopping``) has come.
    """
    stop, unwanted = current(), threading.Event()

    def go_on() -> None:
        if unwanted.is_set() or stop.over():
            raise _Unwanted

    def one(index: int) -> _T:
        return use(draw(np.random.default_rng([seed, index]), go_on))

    n_threads = min(threads or cores(), samples)
    try:
        if n_threads <= 1:
            yield from map(one, range(samples))
        else:
            yield from _in_threads(one, samples, n_threads, stop)
    except _Unwanted:
        raise stop.error() from None
    finally:
        unwanted.set()


def _in_threads(one: Callable[[int], _T], samples: int, n_threads: int, stop: Stop) -> Iterator[_T]:
    from concurrent.futures import ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="null")
    try:
        ahead = n_threads + 1  # so that no thread waits for the first of them to be taken
        waiting = [pool.submit(one, index) for index in range(min(ahead, samples))]
        for index in range(ahead, samples + ahead):
            while not wait(waiting[:1], _POLL_S).done:
                stop.check()
            found = waiting.pop(0).result()
            if index < samples:
                waiting.append(pool.submit(one, index))
            yield found
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Unwanted(Exception):
    """Ends the drawing of a sample that nobody waits for."""


def checked(samples: int, seed: int, threads: int | None) -> None:
    """Raises GraphError where one of them is out of range."""
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise GraphError(f"samples is {samples!r}; expected a whole number of at least 1.")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise GraphError(f"seed is {seed!r}; expected a whole number of at least 0.")
    if threads is not None and threads < 1:
        raise GraphError(f"threads is {threads}; expected 1 or more.")


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mixing(chains: Sequence[Chain]) -> Mixing:
    """The diagnostic of samples that came from chains.

    If the share of original connections decays geometrically towards its equilibrium, then from 1 over ``left_half`` to
    ``left`` each half of the chain multiplies the distance by q = (left_half - left) / (1 - left_half), and q squared is
    what remains of the start. Where the mean over samples leaves q uncertain, only what is beyond two standard errors counts.
    """
    attempts, n = chains[0].attempts, len(chains)
    moved = sum(c.moves for c in chains) / max(sum(c.attempts for c in chains), 1)
    half, left = np.array([c.left_half for c in chains]), np.array([c.left for c in chains])
    gone = 1.0 - float(half.mean())
    if gone == 0.0:
        same = float(left.mean()) == 1.0
        remembered = 1.0
        error = 0.0
    else:
        same = False
        remembered = min(max(float((half - left).mean()) / gone, 0.0), 1.0) ** 2
        error = float((half - left).std(ddof=1)) / math.sqrt(n) / gone if n > 1 else 0.0
    q = math.sqrt(remembered) - 2 * error
    warning = None
    if same and moved == 0:
        warning = (
            f"None of {attempts * n:,} attempts could change the graph: as far as they tell, no other graph has what "
            "this null model keeps, so every sample is the graph itself."
        )
    elif q > 0 and q * q > _REMEMBERED:
        warning = (
            f"The chains were too short: after {attempts:,} attempts a sample still has {left.mean():.0%} of the original "
            f"connections, and {remembered:.0%} of the way to a random graph is still to go. Give more attempts a connection."
        )
    return Mixing(attempts, moved, float(left.mean()), remembered, warning)
