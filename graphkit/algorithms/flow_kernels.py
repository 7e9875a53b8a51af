"""Compiled loops of signals that spread."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["cascade_hops", "flow_layers"]


@numba.njit(nogil=True)
def _uniform(seed: int, run: int, number: int) -> float:  # pragma: no cover - compiled
    """A number in (0, 1) that depends on its three arguments only: SplitMix64 (Steele, Lea & Flood 2014), chained."""
    z = np.uint64(0)
    for word in (seed, run, number):
        z = (z ^ np.uint64(word)) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(12)) + 0.5) / 4503599627370496.0


@compiled
def flow_layers(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    chance: NDArray[np.float64],
    seeds: NDArray[np.int64],
    max_steps: int,
    seed: int,
    run: int,
) -> NDArray[np.int32]:  # pragma: no cover - compiled
    """The step at which each neuron is reached, int32 of shape (n,): 1 for seeds, 0 where it is not within ``max_steps``.

    Dijkstra over whole steps: neurons wait in a bucket for the step at which they may be reached (chains by ``after``), and the
    first bucket that holds them counts.
    """
    n = len(indptr) - 1
    layer = np.zeros(n, dtype=np.int32)
    best = np.full(n, max_steps + 1, dtype=np.int32)
    first = np.full(max_steps + 2, -1, dtype=np.int64)
    n_waiting = 0
    who, after = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.int64)
    for s in seeds:
        best[s] = 1
        if n_waiting == len(who):
            who, after = _longer(who, after)
        who[n_waiting], after[n_waiting] = s, first[1]
        first[1] = n_waiting
        n_waiting += 1
    for step in range(1, max_steps + 1):
        while first[step] >= 0:
            entry = first[step]
            first[step] = after[entry]
            u = who[entry]
            if layer[u]:
                continue
            layer[u] = step
            for k in range(indptr[u], indptr[u + 1]):
                v = indices[k]
                if layer[v] or best[v] <= step + 1:
                    continue
                p = chance[k]
                wait = 1.0
                if p < 1.0:
                    wait = np.ceil(np.log(_uniform(seed, run, k)) / np.log1p(-p))
                if step + wait < best[v]:
                    at = np.int64(step + wait)
                    best[v] = at
                    if n_waiting == len(who):
                        who, after = _longer(who, after)
                    who[n_waiting], after[n_waiting] = v, first[at]
                    first[at] = n_waiting
                    n_waiting += 1
    return layer


@numba.njit(nogil=True)
def _longer(
    who: NDArray[np.int32], after: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:  # pragma: no cover - compiled
    n = len(who)
    longer_who, longer_after = np.empty(2 * n, dtype=np.int32), np.empty(2 * n, dtype=np.int64)
    longer_who[:n], longer_after[:n] = who, after
    return longer_who, longer_after


@compiled
def cascade_hops(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    chance: NDArray[np.float64],
    seeds: NDArray[np.int64],
    stops: NDArray[np.bool_],
    max_hops: int,
    seed: int,
    run: int,
) -> NDArray[np.int32]:  # pragma: no cover - compiled
    """The hop at which each neuron is activated, int32 of shape (n,): 0 for seeds, -1 where it is not within ``max_hops``."""
    n = len(indptr) - 1
    hops = np.full(n, -1, dtype=np.int32)
    queue = np.empty(n, dtype=np.int32)
    n_queued = 0
    for s in seeds:
        hops[s] = 0
        queue[n_queued] = s
        n_queued += 1
    at = 0
    while at < n_queued:
        u = queue[at]
        at += 1
        if stops[u] or hops[u] == max_hops:
            continue
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if hops[v] < 0 and (chance[k] >= 1.0 or _uniform(seed, run, k) < chance[k]):
                hops[v] = hops[u] + 1
                queue[n_queued] = v
                n_queued += 1
    return hops
