"""What reconstruction errors would do to a figure: the same statistic on graphs with more of these errors.

A reconstruction misses synapses, finds false ones and some twice, splits neurons and merges them, at rates that its
evaluation measures (``graphkit evaluate``). Here they are made again, at random, on a graph; a figure that hardly moves can be
trusted at these rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.error_steps import found_again, merge, split
from graphkit.edges import csr_of_rows
from graphkit.errors import GraphError, TimeLimitError
from graphkit.graph import Graph
from graphkit.in_threads import cores_available
from graphkit.memory import available_bytes
from graphkit.progress import Progress, silent
from graphkit.stopping import check

__all__ = [
    "ErrorModel",
    "Interval",
    "Perturbation",
    "bytes_while_made",
    "interval",
    "measured",
    "measured_each",
    "most_ahead",
    "perturbation",
    "perturbed",
    "perturbed_and_origins",
    "with_errors",
    "with_those_asked",
]

_T = TypeVar("_T")
_D = TypeVar("_D")

_LARGE = 1_000_000
"""Connections, or rows of synapses, from which perturbed ones are made ahead, in threads."""

_MOST_AHEAD = 4

_BYTES_A_ROW = 66
"""Of memory at most while a graph is perturbed, for each connection, piece of one, and false synapse (measured: 48 to 60)."""

_POLL_S = 0.1

_ROUNDED = 1e-9
"""By which two shares that make 1 may be above it."""


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """How often a reconstruction errs; each a share, 0 for never.

    Each true synapse by itself is missed, found twice or found once, with the probabilities ``missed``, ``duplicated`` and what
    is left of 1. False ones come on top of these and are there once. So the synapses of a graph become, in the mean, 1 - missed
    + duplicated + false times as many.

    Attributes:
        missed: of the true synapses, those that are not found; below 1.
        false: false synapses for each true one. Their ends are drawn from the neurons in proportion to their synapses; where
            regions matter (`located_errors`), to those in the region of a true synapse drawn evenly.
        split: of the neurons, those that are in two pieces. A piece has a part of the synapses drawn evenly from 0 to a half.
        merged: of the neurons, those that are one with another, drawn at random.
        duplicated: of the true synapses, those that are found a second time: between the same two neurons, or pieces of them, in
            the same place, of the same transmitter. They make no connection that is not there. At most 1 - missed.
    """

    missed: float = 0.0
    false: float = 0.0
    split: float = 0.0
    merged: float = 0.0
    duplicated: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (("missed", 1.0), ("false", np.inf), ("split", 1.0), ("merged", 1.0), ("duplicated", 1.0)):
            value = getattr(self, name)
            if not (0 <= value <= most) or value == np.inf or (name == "missed" and value == 1):
                above = " and below 1" if name == "missed" else " and at most 1" if most == 1 else ""
                raise GraphError(f"{name} is {value!r}; expected a share of 0 or more{above}.")
        if self.missed + self.duplicated > 1 + _ROUNDED:
            raise GraphError(
                f"missed is {self.missed!r} and duplicated {self.duplicated!r}: together more than all synapses.",
                hint="Both are shares of the true synapses, and what is missed is not found a second time.",
            )


@dataclass(frozen=True, slots=True)
class Interval:
    """A statistic on the graph as it is, and on perturbed ones. Arrays have the statistic's own shape."""

    observed: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    level: float
    samples: int
    """Perturbed graphs that it rests on: fewer than were asked for where the work was stopped."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A graph with errors, and which of its neurons are which of those of the graph without."""

    graph: Graph
    origins: NDArray[np.int64]
    """Of each neuron of ``graph`` the row of the one that it is, or is a piece of; a merged neuron is the one whose id it has."""
    bodies: NDArray[np.int64]
    """Of each neuron asked about the row in ``graph`` of the one that holds it: of a split one its larger piece, which has its
    id; of two that are merged both are the same."""


def perturbed(graph: Graph, model: ErrorModel, *, seed: int = 0) -> Graph:
    """``graph`` with the errors of ``model``; the second pieces of split neurons have ids that the graph does not use.

    A merged neuron has the smaller of its two ids, and what they made onto each other becomes autapses. Attributes are left
    out. The errors come in the order in which a reconstruction makes them: splits and merges of neurons, then missed, false and
    duplicated synapses. Duplicates are drawn from a stream of their own: without them the same seed gives the same graph.

    >>> perturbed(Graph.from_edges([1, 2], [2, 3], [4, 4]), ErrorModel()).equals(Graph.from_edges([1, 2], [2, 3], [4, 4]))
    True
    """
    return perturbed_and_origins(graph, model, seed=seed)[0]


def perturbed_and_origins(graph: Graph, model: ErrorModel, *, seed: int = 0) -> tuple[Graph, NDArray[np.int64]]:
    """The same, and of each of its neurons the row in ``graph`` of the one that it is, or is a piece of, int64 of shape (n,).

    A merged neuron is the one whose id it has.

    >>> merged, origins = perturbed_and_origins(Graph.from_edges([7, 5], [5, 9], [4, 4]), ErrorModel(split=0.9), seed=1)
    >>> merged.ids.tolist(), origins.tolist()
    ([0, 1, 5, 7, 9], [0, 2, 0, 1, 2])
    """
    made = perturbation(graph, model, seed=seed)
    return made.graph, made.origins


def perturbation(
    graph: Graph,
    model: ErrorModel,
    *,
    seed: int = 0,
    least: int = 1,
    asked: NDArray[np.int64] | None = None,
    symmetric: bool = False,
) -> Perturbation:
    """``graph`` with the errors of ``model`` (`perturbed`), then without connections of fewer than ``least`` synapses.

    ``asked`` are rows of the neurons that are asked about, all if not given: they stay where they lose all connections, others
    do not. ``symmetric``: the graph has each connection both ways and is one of gap junctions, whose errors are the same either
    way: one is missed, or false, at both of its ends.

    >>> made = perturbation(Graph.from_edges([7, 5], [5, 9], [4, 4]), ErrorModel(merged=1.0), seed=1)
    >>> made.graph.ids.tolist(), made.bodies.tolist()  # 5 and 7 are one
    ([5, 9], [0, 0, 1])
    """
    rng = np.random.default_rng(seed)
    n = graph.n_neurons
    merged = np.arange(n)
    origins = np.arange(n)
    pre = np.repeat(np.arange(n), np.diff(graph.indptr))
    post, synapses = graph.indices.astype(np.int64), graph.synapses
    ids = graph.ids
    if symmetric:
        once = pre <= post
        pre, post, synapses = pre[once], post[once], synapses[once]
    if model.split and n:
        pre, post, synapses, ids, broken, _ = split(pre, post, synapses, ids, model.split, rng)
        origins = np.concatenate([origins, broken])
    if model.merged and len(ids) > 1:
        merged = merge(len(ids), model.merged, rng)
        pre, post = merged[pre], merged[post]
        kept = np.flatnonzero(merged == np.arange(len(ids)))
    else:
        kept = np.arange(len(ids))
    truth = synapses  # before any are missed: false ones lie where true ones do
    if model.missed:
        synapses = rng.binomial(synapses, 1 - model.missed)
    if model.duplicated:
        synapses = synapses + found_again(synapses, model.missed, model.duplicated, rng)
    if model.false and (total := int(truth.sum())):
        ends = [np.bincount(end, weights=truth, minlength=len(ids)) / total for end in (pre, post)]
        if symmetric:
            ends = [(ends[0] + ends[1]) / 2] * 2
        count = rng.poisson(model.false * total)
        pre, post = (
            np.concatenate([end, rng.choice(len(ids), count, p=p)]) for end, p in zip((pre, post), ends, strict=True)
        )
        synapses = np.concatenate([synapses, np.ones(count, dtype=np.int64)])
    del truth
    if not (found := synapses > 0).all():
        pre, post, synapses = pre[found], post[found], synapses[found]
    del found
    order = kept[np.argsort(ids[kept])]
    place = np.full(len(ids), -1)
    place[order] = np.arange(len(order))
    columns = [place[pre], place[post], synapses]
    if symmetric:
        back = columns[0] != columns[1]
        columns = [np.concatenate([columns[k], columns[m][back]]) for k, m in ((0, 1), (1, 0), (2, 2))]
    del pre, post
    made = Graph(ids[order], *csr_of_rows(columns, len(order), least=least, copy=synapses is graph.synapses))
    bodies = place[merged[np.arange(n) if asked is None else asked]]
    return with_those_asked(Perturbation(made, origins[order], bodies), asked is not None)


def with_those_asked(one: Perturbation, alone: bool) -> Perturbation:
    """The same; if ``alone``, without neurons that have no connection and hold none that is asked about."""
    stays = (np.diff(one.graph.indptr) > 0) | (np.diff(one.graph.in_indptr) > 0)
    stays[one.bodies] = True
    if not alone or stays.all():
        return one
    bodies = (np.cumsum(stays) - 1)[one.bodies]
    return Perturbation(one.graph.subgraph(one.graph.ids[stays]), one.origins[stays], bodies)


def with_errors(
    statistic: Callable[[Graph, NDArray[np.int64]], ArrayLike] | Callable[[Graph], ArrayLike],
    graph: Graph,
    model: ErrorModel,
    *,
    samples: int = 100,
    level: float = 0.9,
    seed: int = 0,
    origins: bool = False,
    progress: Progress = silent,
) -> Interval:
    """``statistic`` of ``graph`` and of ``samples`` perturbed ones, with the interval that holds ``level`` of these.

    The statistic is a number or an array of one shape, such as the counts of a census. Sample i depends on ``seed`` and i only.
    With ``origins`` the statistic also takes the rows in ``graph`` that the neurons come from (`perturbed_and_origins`).

    Raises:
        GraphError: ``samples`` or ``level`` is out of bounds, or the statistic changes its shape.
    """
    if not 0 < level < 1:
        raise GraphError(f"level is {level!r}; expected between 0 and 1, for example 0.9.")
    measure: Callable[..., ArrayLike] = statistic if origins else lambda one, _: statistic(one)  # type: ignore[call-arg]
    observed = np.asarray(measure(graph, np.arange(len(graph))), dtype=np.float64)

    def value(one: Perturbation) -> NDArray[np.float64]:
        found = np.asarray(measure(one.graph, one.origins), dtype=np.float64)
        if found.shape != observed.shape:
            raise GraphError(
                f"The statistic has the shape {found.shape} on a perturbed graph and {observed.shape} on the graph itself.",
                hint="Give one of a fixed shape: splits and merges change the number of neurons.",
            )
        return found

    drawn = measured(value, graph, model, samples=samples, seed=seed, progress=progress)
    return Interval(observed, *interval(np.stack(drawn), level), level, len(drawn))


def measured(
    measure: Callable[[Perturbation], _T],
    graph: Graph,
    model: ErrorModel,
    *,
    samples: int = 100,
    seed: int = 0,
    least: int = 1,
    asked: NDArray[np.int64] | None = None,
    symmetric: bool = False,
    threads: int | None = None,
    progress: Progress = silent,
) -> list[_T]:
    """``measure`` of each of ``samples`` perturbations, in their order, of which number i depends on ``seed`` and i only.

    ``threads`` make perturbations ahead (of a small graph one, else up to four, as many as half of the memory that is left has
    room for, if not given), and hold as many in memory; they are measured one by one. There are fewer where the work was
    stopped (Ctrl-C, a time limit) after the first.

    Raises:
        GraphError: ``samples`` or ``threads`` is not at least 1.
    """

    def draw(own: int) -> Perturbation:
        return perturbation(graph, model, seed=own, least=least, asked=asked, symmetric=symmetric)

    most = most_ahead(graph.n_connections, bytes_while_made(graph.n_connections, graph.n_synapses, model))
    return measured_each(measure, draw, samples=samples, seed=seed, threads=threads, most=most, progress=progress)


def bytes_while_made(rows: int, synapses: int, model: ErrorModel, *, a_row: int = _BYTES_A_ROW) -> int:
    """The memory at most that it takes to perturb ``rows`` of connections that have so many synapses, the result included.

    ``a_row`` is that of a row, a piece of one, or a false synapse.
    """
    return a_row * int(rows * (1 + model.split) + synapses * model.false)


def most_ahead(rows: int, each_bytes: int) -> int:
    """How many perturbations of so many rows are made at once: of few rows one, else up to four, as many of this size as half
    of the memory that is left has room for; at least one."""
    if rows < _LARGE:
        return 1
    left = available_bytes()
    return _MOST_AHEAD if left is None else min(max(left // 2 // max(each_bytes, 1), 1), _MOST_AHEAD)


def measured_each(
    measure: Callable[[_D], _T],
    draw: Callable[[int], _D],
    *,
    samples: int,
    seed: int = 0,
    threads: int | None = None,
    most: int = 1,
    progress: Progress = silent,
) -> list[_T]:
    """The same of what ``draw`` makes of a seed; at most ``most`` threads where their number is not given."""
    if samples < 1:
        raise GraphError(f"samples is {samples}; expected 1 or more.")
    if threads is not None and threads < 1:
        raise GraphError(f"threads is {threads}; expected 1 or more.")

    def drawn(number: int) -> _D:
        return draw(int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]))

    found: list[_T] = []
    progress("perturbed graphs", 0.0)
    try:
        for one in _ahead(drawn, samples, threads or min(cores_available(), most)):
            found.append(measure(one))
            progress("perturbed graphs", len(found) / samples)
    except (KeyboardInterrupt, TimeLimitError):
        if not found:
            raise
    return found


def _ahead(draw: Callable[[int], _T], samples: int, threads: int) -> Iterator[_T]:
    """``draw`` of 0, 1, 2 ... in their order, the next ones made meanwhile.

    Raises:
        TimeLimitError: the time limit (``graphkit.stopping``) has come.
    """
    if threads == 1:
        for number in range(samples):
            check()
            yield draw(number)
        return
    from concurrent.futures import ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(threads, thread_name_prefix="perturbed")
    try:
        waiting = [pool.submit(draw, number) for number in range(min(threads, samples))]
        for number in range(threads, samples + threads):
            while not wait(waiting[:1], _POLL_S).done:
                check()
            check()
            one = waiting.pop(0).result()
            if number < samples:
                waiting.append(pool.submit(draw, number))
            yield one
            del one
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def interval(
    values: NDArray[np.float64], level: float = 0.9, *, left_out: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(mean, low, high) over the first axis, that hold ``level`` of the values in their middle.

    Where one is NaN, so are all three; with ``left_out`` they are of the values that are not.

    >>> interval(np.array([[1.0, np.nan], [3.0, 5.0]]), 0.5, left_out=True)
    (array([2., 5.]), array([1.5, 5. ]), array([2.5, 5. ]))
    """
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.count_nonzero(~np.isnan(ordered), axis=0)
    undefined = count == 0 if left_out else count < len(ordered)
    total = np.where(np.isnan(ordered), 0.0, ordered).sum(axis=0)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=~undefined)
    ends = []
    for share in ((1 - level) / 2, (1 + level) / 2):
        at = share * np.maximum(count - 1, 0)
        below = np.floor(at).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        one, other = (np.take_along_axis(ordered, k[None], axis=0)[0] for k in (below, above))
        ends.append(np.where(undefined, np.nan, one + (at - below) * (other - one)))
    return mean, ends[0], ends[1]
