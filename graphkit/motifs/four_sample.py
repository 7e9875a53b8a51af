"""The census of four neurons estimated from random paths and stars: for graphs where the exact one takes too long.

In the support (the undirected graph) all paths of four neurons are equally likely to be drawn: the middle pair {u, v} with a
probability in proportion to (d(u) - 1) (d(v) - 1), then another neighbour of each. A set of four neurons whose connected
pairs hold P paths through all four is drawn with probability P / W, W being all paths (and closed ones, which count as
drawn in vain), so that W / P times the share of draws of a class is an unbiased estimate of it. Stars, which hold no
such path, are estimated in the same way from triples of neighbours of a centre. The draws of a class are binomial: the
intervals are Clopper & Pearson's, which hold at least as often as they say, for each class by itself.
Jha, Seshadhri & Pinar, Path sampling, WWW 2015; Wang et al., MOSS-5, IEEE TKDE 30 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.four_census import Support, support_of
from graphkit.motifs.four_nodes import four_nodes

__all__ = ["FourNodeSample", "sampled_four_node_census"]

_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class FourNodeSample:
    """Estimates for the 199 connected classes, in the order of their codes."""

    codes: tuple[str, ...]
    estimate: NDArray[np.float64]  # (199,) sets of four neurons with exactly these connections
    low: NDArray[np.float64]  # (199,) bounds of the interval
    high: NDArray[np.float64]
    confidence: float
    samples: int
    """Paths drawn, and as many stars."""


def sampled_four_node_census(graph: Graph, samples: int, seed: int, *, confidence: float = 0.95) -> FourNodeSample:
    """Unbiased estimates of `graphkit.motifs.four_node_census`, from ``samples`` random paths and as many random stars.

    Raises:
        GraphError: ``samples`` is not positive, or ``confidence`` not between 0 and 1.
    """
    if samples < 1:
        raise GraphError(f"samples is {samples}; expected 1 or more.")
    if not 0 < confidence < 1:
        raise GraphError(f"confidence is {confidence}; expected a number between 0 and 1, such as 0.95.")
    tables = four_nodes()
    support = support_of(graph)
    rng = np.random.default_rng(seed)
    n_paths, n_stars = _held()
    totals, drawn = [], []
    for draw in (_Paths(support), _Stars(support)):
        found = np.zeros(len(tables.motifs), dtype=np.int64)
        for begin in range(0, samples if draw.total else 0, _AT_ONCE):
            classes = tables.class_of_code[_codes(support, *draw(rng, min(_AT_ONCE, samples - begin)))]
            found += np.bincount(classes[classes >= 0], minlength=len(found))
        totals.append(float(draw.total))
        drawn.append(found)
    by_path = n_paths > 0
    hits = np.where(by_path, drawn[0], drawn[1])
    scale = np.where(by_path, totals[0] / np.maximum(n_paths, 1), totals[1] / np.maximum(n_stars, 1))
    low, high = _interval(hits, samples, confidence)
    codes = tuple(motif.code for motif in tables.motifs)
    return FourNodeSample(codes, scale * hits / samples, scale * low, scale * high, confidence, samples)


class _Paths:
    """Draws paths w - u - v - x; x may be w, which makes no set of four."""

    def __init__(self, support: Support) -> None:
        self._support = support
        self._rows = np.repeat(np.arange(len(support.order)), np.diff(support.starts))
        degree = np.diff(support.starts)
        below = (support.packed >> 2) < self._rows
        self._pair = np.flatnonzero(below)
        weights = (degree[self._rows[below]] - 1) * (degree[support.packed[below] >> 2] - 1)
        self._upto = np.cumsum(weights)
        self.total = int(self._upto[-1]) if len(weights) else 0

    def __call__(self, rng: np.random.Generator, k: int) -> tuple[NDArray[np.int64], ...]:
        s = self._support
        pair = self._pair[np.searchsorted(self._upto, rng.integers(0, self.total, k), side="right")]
        u, v = self._rows[pair], (s.packed[pair] >> 2).astype(np.int64)
        return u, v, _other(s, rng, u, v), _other(s, rng, v, u)


class _Stars:
    """Draws a centre and three of its neighbours."""

    def __init__(self, support: Support) -> None:
        self._support = support
        degree = np.diff(support.starts)
        self._upto = np.cumsum(degree * (degree - 1) * (degree - 2) // 6)
        self.total = int(self._upto[-1]) if len(degree) else 0

    def __call__(self, rng: np.random.Generator, k: int) -> tuple[NDArray[np.int64], ...]:
        s = self._support
        u = np.searchsorted(self._upto, rng.integers(0, self.total, k), side="right")
        degree = s.starts[u + 1] - s.starts[u]
        first = rng.integers(0, degree)
        second = rng.integers(0, degree - 1)
        second += second >= first
        third = rng.integers(0, degree - 2)
        third += third >= np.minimum(first, second)
        third += third >= np.maximum(first, second)
        return u, *((s.packed[s.starts[u] + at] >> 2).astype(np.int64) for at in (first, second, third))


def _other(
    support: Support, rng: np.random.Generator, of: NDArray[np.int64], but: NDArray[np.int64]
) -> NDArray[np.int64]:
    """A random neighbour of each neuron, other than ``but``, which is one of them."""
    at = support.starts[of] + rng.integers(0, support.starts[of + 1] - support.starts[of] - 1)
    drawn = (support.packed[at] >> 2).astype(np.int64)
    # lists ascend: from the place of ``but`` on, take the next
    after = (support.packed[np.minimum(at + 1, len(support.packed) - 1)] >> 2).astype(np.int64)
    return np.asarray(np.where(drawn >= but, after, drawn))


def _codes(
    support: Support, u: NDArray[np.int64], v: NDArray[np.int64], w: NDArray[np.int64], x: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The code of each four neurons; 0 where two are the same."""
    from graphkit.motifs import four_kernels

    return np.asarray(four_kernels.codes_of(support.starts, support.packed, np.stack([u, v, w, x], axis=1)))


@cache
def _held() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Paths through all four neurons, and stars, in the connected pairs of each class."""
    paths, stars = [], []
    for motif in four_nodes().motifs:
        joined = {frozenset(edge) for edge in motif.edges}
        ways = sum(all(frozenset(p[k : k + 2]) in joined for k in range(3)) for p in permutations(range(4)))
        paths.append(ways // 2)
        stars.append(sum(all(frozenset((c, k)) in joined for k in range(4) if k != c) for c in range(4)))
    return np.array(paths), np.array(stars)


def _interval(hits: NDArray[np.int64], n: int, confidence: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Clopper & Pearson, Biometrika 26 (1934): bounds of a probability of which ``hits`` of ``n`` draws were seen."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = np.where(hits > 0, betaincinv(np.maximum(hits, 1), n - hits + 1, tail), 0.0)
    high = np.where(hits < n, betaincinv(hits + 1, np.maximum(n - hits, 1), 1 - tail), 1.0)
    return low, high
