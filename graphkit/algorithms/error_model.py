"""What reconstruction errors would do to a figure: the same statistic on graphs with more of these errors.

A reconstruction misses synapses, finds false ones, splits neurons and merges them, at rates that its evaluation measures
(``graphkit evaluate``). Here they are made again, at random, on a graph; a figure that hardly moves can be trusted at these
rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.progress import Progress, silent

__all__ = ["ErrorModel", "Interval", "perturbed", "perturbed_and_origins", "with_errors"]


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """How often a reconstruction errs; each a share, 0 for never.

    Attributes:
        missed: of the true synapses, those that are not found; below 1.
        false: false synapses for each true one. Their ends are drawn from the neurons in proportion to their synapses.
        split: of the neurons, those that are in two pieces. A piece has a part of the synapses drawn evenly from 0 to a half.
        merged: of the neurons, those that are one with another, drawn at random.
    """

    missed: float = 0.0
    false: float = 0.0
    split: float = 0.0
    merged: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (("missed", 1.0), ("false", np.inf), ("split", 1.0), ("merged", 1.0)):
            value = getattr(self, name)
            if not (0 <= value <= most) or value == np.inf or (name == "missed" and value == 1):
                raise GraphError(
                    f"{name} is {value!r}; expected a share of 0 or more" + (" and below 1." if most == 1 else ".")
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


def perturbed(graph: Graph, model: ErrorModel, *, seed: int = 0) -> Graph:
    """``graph`` with the errors of ``model``; the second pieces of split neurons have ids that the graph does not use.

    A merged neuron has the smaller of its two ids, and what they made onto each other becomes autapses. Attributes are left
    out. The errors come in the order in which a reconstruction makes them: splits and merges of neurons, then missed and
    false synapses.

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
    rng = np.random.default_rng(seed)
    n = graph.n_neurons
    origins = np.arange(n)
    pre = np.repeat(np.arange(n), np.diff(graph.indptr))
    post, synapses = graph.indices.astype(np.int64), graph.synapses
    ids = graph.ids
    if model.split and n:
        pre, post, synapses, ids, broken = _split(pre, post, synapses, ids, model.split, rng)
        origins = np.concatenate([origins, broken])
    if model.merged and len(ids) > 1:
        merged = _merge(len(ids), model.merged, rng)
        pre, post = merged[pre], merged[post]
        ids = ids.copy()
        gone = np.flatnonzero(merged != np.arange(len(ids)))
        kept = np.setdiff1d(np.arange(len(ids)), gone)
    else:
        kept = np.arange(len(ids))
    total = int(synapses.sum())
    out_ends, in_ends = (np.bincount(end, weights=synapses, minlength=len(ids)) for end in (pre, post))
    if model.missed:
        synapses = rng.binomial(synapses, 1 - model.missed)
        found = synapses > 0
        pre, post, synapses = pre[found], post[found], synapses[found]
    if model.false and total:
        count = rng.poisson(model.false * total)
        pre = np.concatenate([pre, rng.choice(len(ids), count, p=out_ends / total)])
        post = np.concatenate([post, rng.choice(len(ids), count, p=in_ends / total)])
        synapses = np.concatenate([synapses, np.ones(count, dtype=np.int64)])
    made = Graph.from_edges(ids[pre], ids[post], synapses, ids=ids[kept])
    return made, origins[kept[np.argsort(ids[kept])]]


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
    if samples < 1:
        raise GraphError(f"samples is {samples}; expected 1 or more.")
    if not 0 < level < 1:
        raise GraphError(f"level is {level!r}; expected between 0 and 1, for example 0.9.")
    measure: Callable[..., ArrayLike] = statistic if origins else lambda one, _: statistic(one)  # type: ignore[call-arg]
    observed = np.asarray(measure(graph, np.arange(len(graph))), dtype=np.float64)
    found = np.empty((samples, *observed.shape))
    for number, (sample, rows) in enumerate(_samples(graph, model, samples, seed)):
        value = np.asarray(measure(sample, rows), dtype=np.float64)
        if value.shape != observed.shape:
            raise GraphError(
                f"The statistic has the shape {value.shape} on a perturbed graph and {observed.shape} on the graph itself.",
                hint="Give one of a fixed shape: splits and merges change the number of neurons.",
            )
        found[number] = value
        progress("perturbed graphs", (number + 1) / samples)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Interval(observed, found.mean(axis=0), low, high, level, samples)


def _samples(graph: Graph, model: ErrorModel, samples: int, seed: int) -> Iterator[tuple[Graph, NDArray[np.int64]]]:
    for number in range(samples):
        yield perturbed_and_origins(
            graph, model, seed=np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0]
        )


def _split(
    pre: NDArray[np.int64],
    post: NDArray[np.int64],
    synapses: NDArray[np.int64],
    ids: NDArray[np.int64],
    share: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of second pieces follow those of the neurons; the rows of which they are pieces come last."""
    n = len(ids)
    broken = np.flatnonzero(rng.random(n) < share)
    part = np.zeros(n)
    part[broken] = rng.uniform(0, 0.5, len(broken))
    piece = np.arange(n)
    piece[broken] = n + np.arange(len(broken))
    for end in ("pre", "post"):
        rows = pre if end == "pre" else post
        moved = rng.binomial(synapses, part[rows])
        there = moved > 0
        others = post if end == "pre" else pre
        rows = np.concatenate([rows, piece[rows[there]]])
        others = np.concatenate([others, others[there]])
        synapses = np.concatenate([synapses - moved, moved[there]])
        left = synapses > 0
        rows, others, synapses = rows[left], others[left], synapses[left]
        pre, post = (rows, others) if end == "pre" else (others, rows)
        part, piece = np.append(part, np.zeros(len(broken))), np.append(piece, n + np.arange(len(broken)))
    free = np.setdiff1d(np.arange(n + len(broken)), ids)[: len(broken)]
    return pre, post, synapses, np.concatenate([ids, free]), broken


def _merge(n: int, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The row that each row becomes: pairs of rows, drawn at random, become the first of the two."""
    n_pairs = rng.binomial(n, share) // 2
    pairs = np.sort(rng.permutation(n)[: 2 * n_pairs].reshape(-1, 2), axis=1)
    becomes = np.arange(n)
    becomes[pairs[:, 1]] = pairs[:, 0]
    return becomes
