"""Whether neurons with many partners connect to each other more than their numbers of partners explain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.degrees import Which, by_degree, degrees
from graphkit.algorithms.shares import shares_of
from graphkit.errors import TimeLimitError
from graphkit.graph import Graph
from graphkit.motifs.nulls.by_name import sampler_of
from graphkit.motifs.nulls.sampling import Chain, Draw, Mixing, checked, mixing, sampled
from graphkit.progress import Progress, silent

__all__ = ["NormalisedRichClub", "RichClub", "normalised_rich_club", "rich_club", "rich_club_against"]


@dataclass(frozen=True, slots=True)
class RichClub:
    """The curve: at each degree k, the neurons of at least that degree and the connections among them."""

    k: NDArray[np.int64]
    """Every degree from 0 to the largest, int64."""
    neurons: NDArray[np.int64]
    connections: NDArray[np.int64]

    @property
    def phi(self) -> NDArray[np.float64]:
        """Connections over the ordered pairs of those neurons; NaN where there are fewer than two."""
        pairs = self.neurons * (self.neurons - 1)
        return shares_of(self.connections, pairs)


@dataclass(frozen=True, slots=True)
class NormalisedRichClub:
    """The curve beside that of null graphs."""

    observed: RichClub
    null_mean: NDArray[np.float64]
    """Mean of phi over the null graphs, by k."""
    null_sd: NDArray[np.float64]
    samples: int
    mixing: Mixing | None = None
    """How far the chains of the null graphs are from their start, where the null model has chains and they are known."""

    @property
    def ratio(self) -> NDArray[np.float64]:
        """phi over the mean of the nulls: above 1, a rich club. NaN where the nulls have no such connection."""
        return shares_of(self.observed.phi, self.null_mean)

    @property
    def z(self) -> NDArray[np.float64]:
        """(phi - mean of the nulls) / their standard deviation; NaN where they do not differ."""
        return shares_of(self.observed.phi - self.null_mean, self.null_sd)


def rich_club(graph: Graph, *, by: Which = "total") -> RichClub:
    """Phi(k) = E_k / (N_k (N_k - 1)) over the neurons of degree >= k; autapses left out.

    Colizza et al., Nature Physics 2, 110 (2006); ``>=`` and directed pairs as in Lin et al., Nature 634 (2024). Takes time in
    proportion to the connections, whatever the number of degrees.

    >>> club = rich_club(Graph.from_edges([1, 2, 1], [2, 1, 3]))
    >>> club.k.tolist(), club.neurons.tolist(), club.connections.tolist()
    ([0, 1, 2, 3], [3, 3, 2, 1], [3, 3, 2, 0])
    """
    degree = by_degree(degrees(graph), by)
    return _curve(graph, degree, int(degree.max(initial=0)))


def normalised_rich_club(graph: Graph, nulls: Iterable[Graph], *, by: Which = "total") -> NormalisedRichClub:
    """The curve of ``graph`` over that of null graphs, such as those of `graphkit.motifs.nulls`.

    Each null graph's neurons are ranked by their own degrees. One null graph at a time is in memory.
    """
    observed = rich_club(graph, by=by)
    return _normalised(observed, (_null_phi(null, observed, by) for null in nulls))


def rich_club_against(
    graph: Graph,
    model: str = "configuration",
    *,
    samples: int = 100,
    seed: int = 0,
    by: Which = "total",
    threads: int | None = None,
    progress: Progress = silent,
    **options: Any,
) -> NormalisedRichClub:
    """The curve of ``graph`` over that of ``samples`` random graphs of a null model, drawn side by side.

    The arguments are those of `graphkit.motifs.significance`. Stopped by Ctrl-C or a time limit after the first sample, it
    answers with those that are ready (``samples`` of the answer).

    Raises:
        GraphError: no such model, or an option of it is missing.
    """
    checked(samples, seed, threads)
    draw, observed = sampler_of(model, graph, **options), rich_club(graph, by=by)
    found: list[NDArray[np.float64]] = []
    chains: list[Chain] = []

    def measured(one: Draw) -> tuple[NDArray[np.float64], Chain | None]:
        return _null_phi(one.graph, observed, by), one.chain

    progress("null graphs", 0.0)
    try:
        for phi, chain in sampled(draw, samples, seed, measured, threads=threads):
            found.append(phi)
            if chain is not None:
                chains.append(chain)
            progress("null graphs", len(found) / samples)
    except (KeyboardInterrupt, TimeLimitError):
        if not found:
            raise
    return replace(_normalised(observed, found), mixing=mixing(chains) if chains else None)


def _null_phi(null: Graph, observed: RichClub, by: Which) -> NDArray[np.float64]:
    """phi of a null graph at the degrees of the original; 0 where fewer than two neurons are left."""
    return np.nan_to_num(_curve(null, by_degree(degrees(null), by), len(observed.k) - 1).phi)


def _normalised(observed: RichClub, phis: Iterable[NDArray[np.float64]]) -> NormalisedRichClub:
    n_degrees, count = len(observed.k), 0
    mean, squares = np.zeros(n_degrees), np.zeros(n_degrees)
    for phi in phis:
        count += 1
        step = phi - mean  # Welford
        mean += step / count
        squares += step * (phi - mean)
    if not count:
        return NormalisedRichClub(observed, np.full(n_degrees, np.nan), np.full(n_degrees, np.nan), 0)
    sd = np.sqrt(squares / (count - 1)) if count > 1 else np.full(n_degrees, np.nan)
    return NormalisedRichClub(observed, mean, sd, count)


def _curve(graph: Graph, degree: NDArray[np.int64], largest: int) -> RichClub:
    """An edge belongs to the clubs up to the lower degree of its two ends."""
    rows = np.repeat(np.arange(graph.n_neurons), np.diff(graph.indptr))
    between = rows != graph.indices
    lower = np.minimum(degree[rows[between]], degree[graph.indices[between]])
    capped = np.minimum(degree, largest)
    return RichClub(
        np.arange(largest + 1),
        _at_least(capped, largest),
        _at_least(np.minimum(lower, largest), largest),
    )


def _at_least(values: NDArray[np.int64], largest: int) -> NDArray[np.int64]:
    counts = np.bincount(values, minlength=largest + 1)
    tail: NDArray[np.int64] = np.cumsum(counts[::-1])[::-1].astype(np.int64)
    return tail
