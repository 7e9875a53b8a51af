"""How a signal spreads from seed neurons, as the papers model it: information flow ranks and signal cascades.

Both are random; each run has its own stream of numbers, drawn from (seed, run, connection), so that the answer depends neither on
the number of threads nor on the order of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.degrees import degrees
from graphkit.algorithms.shares import shares_of
from graphkit.edges import distinct
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import in_threads
from graphkit.progress import Progress, silent

__all__ = ["Cascade", "FlowRanks", "information_flow", "signal_cascade"]


@dataclass(frozen=True, slots=True)
class FlowRanks:
    """Of each neuron, shape (n,)."""

    layer: NDArray[np.float64]
    """Mean step at which it was reached, over the runs that reached it; seeds are 1, NaN where no run did."""
    reached: NDArray[np.int64]
    """Runs that reached it."""
    runs: int


@dataclass(frozen=True, slots=True)
class Cascade:
    """How many runs activated a neuron at each hop."""

    counts: NDArray[np.int64]
    """int64 of shape (n, max_hops + 1); column 0 is the seeds."""
    runs: int

    @property
    def reached(self) -> NDArray[np.float64]:
        """The share of runs that activated each neuron at any hop, shape (n,)."""
        shares: NDArray[np.float64] = self.counts.sum(axis=1) / self.runs
        return shares


def information_flow(
    graph: Graph,
    seeds: ArrayLike,
    *,
    saturation: float = 0.3,
    runs: int = 100,
    max_steps: int = 1000,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
) -> FlowRanks:
    """The layer of each neuron in a walk that starts with the neurons ``seeds`` (ids) and keeps all that it has reached.

    In each step every connection from a neuron that is reached to one that is not is passed with a probability that is the
    share of the target's input synapses that it carries over ``saturation``, at most 1. Schlegel et al., eLife 10, e66018
    (2021); as used by Dorkenwald et al. and Lin et al., Nature 634 (2024).

    A connection that is tried in every step is passed after a geometrically distributed number of steps, so one draw a connection
    and a shortest path give the same distribution as trying it again and again.

    Raises:
        GraphError: a seed is not in the graph; a number is out of bounds.
    """
    rows = _rows(graph, seeds)
    if not 0 < saturation <= 1:
        raise GraphError(f"saturation is {saturation!r}; expected above 0 and at most 1, for example 0.3.")
    _at_least_one(runs=runs, max_steps=max_steps)
    from graphkit.algorithms.flow_kernels import flow_layers

    received = degrees(graph).input_synapses
    chance = np.minimum(graph.synapses / received[graph.indices] / saturation, 1.0)
    total, reached = np.zeros(graph.n_neurons, np.int64), np.zeros(graph.n_neurons, np.int64)

    def one(run: int) -> NDArray[np.int32]:
        return flow_layers(graph.indptr, graph.indices, chance, rows, max_steps, seed, run)

    for layers in _over_runs(one, runs, threads, progress):
        found = layers > 0
        total[found] += layers[found]
        reached += found
    return FlowRanks(shares_of(total, reached), reached, runs)


def signal_cascade(
    graph: Graph,
    seeds: ArrayLike,
    *,
    p: float = 0.05,
    max_hops: int = 8,
    runs: int = 100,
    stop: ArrayLike = (),
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
) -> Cascade:
    """How often a signal from the neurons ``seeds`` (ids) activates each neuron, and at which hop.

    A neuron that is activated is so for one hop, and once: each of its synapses passes the signal on with the probability ``p``.
    Neurons of ``stop`` are activated and pass nothing on. Winding et al., Science 379, eadd9330 (2023), with their p = 0.05
    and 8 hops.

    Raises:
        GraphError: a seed is not in the graph; a number is out of bounds.
    """
    rows = _rows(graph, seeds)
    if not 0 < p <= 1:
        raise GraphError(f"p is {p!r}; expected a probability above 0 and at most 1, for example 0.05.")
    _at_least_one(runs=runs, max_hops=max_hops)
    from graphkit.algorithms.flow_kernels import cascade_hops

    stops = np.zeros(graph.n_neurons, dtype=np.bool_)
    if np.size(stop):
        stops[graph.index_of(stop)] = True
    chance = 1.0 - (1.0 - p) ** graph.synapses.astype(np.float64)
    counts = np.zeros((graph.n_neurons, max_hops + 1), dtype=np.int64)

    def one(run: int) -> NDArray[np.int32]:
        return cascade_hops(graph.indptr, graph.indices, chance, rows, stops, max_hops, seed, run)

    every = np.arange(graph.n_neurons)
    for hops in _over_runs(one, runs, threads, progress):
        found = hops >= 0
        counts[every[found], hops[found]] += 1
    return Cascade(counts, runs)


def _rows(graph: Graph, seeds: ArrayLike) -> NDArray[np.int64]:
    ids = np.atleast_1d(np.asarray(seeds))
    if ids.size == 0:
        raise GraphError("There is no seed neuron to start from.", hint="Give the ids of at least one.")
    return distinct(np.atleast_1d(graph.index_of(ids)))


def _at_least_one(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 1:
            raise GraphError(f"{name} is {value}; expected 1 or more.")


def _over_runs(
    one: Callable[[int], NDArray[np.int32]], runs: int, threads: int | None, progress: Progress
) -> Iterator[NDArray[np.int32]]:
    for done, result in enumerate(in_threads(one, range(runs), threads), start=1):
        progress("runs", done / runs)
        yield result
