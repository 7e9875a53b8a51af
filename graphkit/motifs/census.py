"""How many pairs and triples of neurons are connected in each possible way.

Autapses have no part in a census: whether a neuron connects to itself changes nothing in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import cores_available, in_threads
from graphkit.motifs.names import CLASS_OF_CODE, CONNECTED_TRIADS, DYADS, TRIADS, containment, wedges_of

__all__ = [
    "DyadCensus",
    "MotifCount",
    "census_of_codes",
    "census_share",
    "census_to_share",
    "dyad_census",
    "in_ranges",
    "motif_counts",
    "packable",
    "preload",
    "triad_census",
]

_FEW_PAIRS = 50_000  # below this a second thread costs more than it brings
_FEW_TO_READ = 500_000  # the same, where each pair is read and no more
_FEW_STEPS = 3_000_000  # the same, of wedges to be closed
_RANGES_A_THREAD = 16
_MAX_PACKED = 2**29  # a neuron and a dyad share an int32 in the kernels

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DyadCensus:
    """Unordered pairs of neurons by how they connect."""

    mutual: int
    asymmetric: int
    null: int


@dataclass(frozen=True, slots=True)
class MotifCount:
    """How often a motif occurs."""

    name: str
    code: str
    pattern: str
    n_neurons: int
    count: int
    """Copies of the pattern, whatever else connects their neurons; each set of connections once."""
    induced: int
    """Sets of neurons with exactly the connections of the pattern."""


def dyad_census(graph: Graph) -> DyadCensus:
    """The numbers of pairs of neurons with connections both ways, one way, and none.

    >>> dyad_census(Graph.from_edges([1, 2, 2], [2, 1, 3]))
    DyadCensus(mutual=1, asymmetric=1, null=1)
    """
    n = graph.n_neurons
    rows = np.arange(n, dtype=np.int64) * n
    out_keys = np.repeat(rows, np.diff(graph.indptr)) + graph.indices
    in_keys = np.repeat(rows, np.diff(graph.in_indptr)) + graph.in_indices
    keys = np.concatenate([out_keys, in_keys])
    keys.sort()
    n_autapses = int(np.count_nonzero(np.repeat(np.arange(n), np.diff(graph.indptr)) == graph.indices))
    # A pair (u, v) stands in both lists if u -> v and v -> u; so does every autapse.
    mutual = (int(np.count_nonzero(keys[1:] == keys[:-1])) - n_autapses) // 2
    asymmetric = graph.n_connections - n_autapses - 2 * mutual
    return DyadCensus(mutual, asymmetric, comb(n, 2) - mutual - asymmetric)


def triad_census(graph: Graph, *, threads: int | None = None) -> dict[str, int]:
    """The number of triples of neurons in each of the 16 classes of `graphkit.motifs.TRIADS`, by code, in that order.

    Takes time in proportion to the triangles' forward wedges, whatever the number of neurons. ``threads`` (all cores
    if not given) changes the time and not the answer.

    >>> census = triad_census(Graph.from_edges([1, 2, 1], [2, 3, 3]))
    >>> {code: count for code, count in census.items() if count}
    {'030T': 1}
    """
    n = graph.n_neurons
    if graph.n_connections == 0:
        return {motif.code: comb(n, 3) if motif.code == "003" else 0 for motif in TRIADS}
    packable(graph)
    from graphkit.motifs import kernels

    starts, packed, wedges = _support(graph, threads)
    forward_starts, forward = _forward(starts, packed, threads)
    many = len(forward) >= _FEW_PAIRS and _steps(starts, forward_starts) >= _FEW_STEPS
    parts = in_ranges(
        lambda begin, end: kernels.triangle_codes(begin, end, forward_starts, forward),
        forward_starts,
        threads,
        few=0 if many else len(forward) + 1,
    )
    codes: list[int] = np.stack(parts).sum(axis=0).tolist()
    n_both = int(np.count_nonzero(forward & 3 == 3))
    return _census(n, codes, wedges, len(forward) - n_both, n_both)


_Shareable = tuple[NDArray[np.int64], NDArray[np.int32], tuple[Any, ...]]


def census_to_share(graph: Graph) -> _Shareable:
    """What `census_share` works on, and what of the census is not shared."""
    none = np.zeros(1, np.int64), np.empty(0, np.int32)
    if graph.n_connections == 0:
        return *none, (graph.n_neurons, np.zeros((4, 4), np.int64), 0, 0)
    packable(graph)
    starts, packed, wedges = _support(graph, 1)
    forward_starts, forward = _forward(starts, packed, 1)
    n_both = int(np.count_nonzero(forward & 3 == 3))
    return forward_starts, forward, (graph.n_neurons, wedges, len(forward) - n_both, n_both)


def census_share(whole: _Shareable, share: int, shares: int) -> NDArray[np.int64]:
    """The triangles of one of ``shares`` parts of the neurons, by code; the sum over parts is for `census_of_codes`."""
    from graphkit.motifs import kernels

    forward_starts, forward, _ = whole
    begin, end = np.searchsorted(forward_starts, len(forward) * np.arange(share, share + 2) / shares).tolist()
    end = end if share < shares - 1 else len(forward_starts) - 1
    codes: NDArray[np.int64] = kernels.triangle_codes(begin, end, forward_starts, forward)
    return codes


def census_of_codes(codes: NDArray[np.int64], rest: tuple[Any, ...]) -> dict[str, int]:
    """The triad census from all triangles by code, and what was not shared."""
    return _census(rest[0], codes.tolist(), *rest[1:])


def _support(graph: Graph, threads: int | None) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """`kernels.support`, in parts."""
    from graphkit.motifs import kernels

    out, into = (graph.indptr, graph.indices), (graph.in_indptr, graph.in_indices)
    parts = in_ranges(
        lambda begin, end: kernels.support_part(begin, end, *out, *into),
        graph.indptr + graph.in_indptr,
        threads,
        few=_FEW_TO_READ,
    )
    starts, packed = _joined([part[:2] for part in parts])
    return starts, packed, np.asarray(np.sum([part[2] for part in parts], axis=0))


def _forward(
    starts: NDArray[np.int64], packed: NDArray[np.int32], threads: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The starts and neighbours of `kernels.forward_pairs`, in parts."""
    from graphkit.motifs import kernels

    order, rank = kernels.ranks(starts)
    if len(packed) < _FEW_TO_READ:
        only: tuple[NDArray[np.int64], NDArray[np.int32]] = kernels.forward_part(
            0, len(order), order, rank, starts, packed
        )
        return only
    by_rank = np.concatenate([[0], np.cumsum(np.diff(starts)[order])])
    return _joined(
        in_ranges(
            lambda begin, end: kernels.forward_part(begin, end, order, rank, starts, packed),
            by_rank,
            threads,
            few=_FEW_TO_READ,
        )
    )


def _steps(starts: NDArray[np.int64], forward_starts: NDArray[np.int64]) -> int:
    """Wedges u -> v -> w along forward pairs, of which each triangle closes one: of v, those from below times those above."""
    above = np.diff(forward_starts)
    return int(((np.sort(np.diff(starts)) - above) * above).sum())


def _joined(
    parts: list[tuple[NDArray[np.int64], NDArray[np.int32]]],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """One pair of starts and neighbours from those of consecutive rows."""
    if len(parts) == 1:
        return parts[0]
    ends, before = [np.zeros(1, dtype=np.int64)], 0
    for starts, neighbours in parts:
        ends.append(starts[1:] + before)
        before += len(neighbours)
    return np.concatenate(ends), np.concatenate([neighbours for _, neighbours in parts])


def motif_counts(graph: Graph, *, threads: int | None = None) -> list[MotifCount]:
    """A row for each of the two connected dyads and the 13 connected triads, in the order of the literature."""
    pairs = dyad_census(graph)
    induced_pairs = {"A": pairs.asymmetric, "M": pairs.mutual}
    copies_of_pair = {"A": pairs.asymmetric + 2 * pairs.mutual, "M": pairs.mutual}
    rows = [MotifCount(m.name, m.code, m.pattern, 2, copies_of_pair[m.code], induced_pairs[m.code]) for m in DYADS]
    induced = list(triad_census(graph, threads=threads).values())
    copies = containment().tolist()
    for index, motif in enumerate(TRIADS):
        if motif in CONNECTED_TRIADS:
            count = sum(times * found for times, found in zip(copies[index], induced, strict=True))
            rows.append(MotifCount(motif.name, motif.code, motif.pattern, 3, count, induced[index]))
    return rows


def preload() -> None:
    """Load the compiled kernels of the triad census, which takes half a second, before they are wanted.

    Reading tables leaves the interpreter idle, so a thread that does this beside it takes no time of its own.
    """
    triad_census(Graph.from_edges([0], [1]))


def packable(graph: Graph) -> None:
    """Raises GraphError if the graph has too many neurons for the kernels (2**29, thousands of times FlyWire)."""
    if graph.n_neurons >= _MAX_PACKED:
        raise GraphError(f"A census holds at most {_MAX_PACKED - 1:,} neurons, but there are {graph.n_neurons:,}.")


def in_ranges(
    work: Callable[[int, int], _T], starts: NDArray[np.int64], threads: int | None, *, few: int = _FEW_PAIRS
) -> list[_T]:
    """``work(begin, end)`` over ranges of rows with about as many pairs each, on several threads, in the rows' order.

    ``starts`` is the row pointer of the pairs. There is at least one range, if only an empty one; with fewer than ``few``
    pairs there is no other.
    """
    if threads is not None and threads < 1:
        raise GraphError(f"threads is {threads}; expected 1 or more.")
    n_rows, n_pairs = len(starts) - 1, int(starts[-1])
    n_threads = threads or cores_available()
    if n_pairs < few:
        return [work(0, n_rows)]
    n_ranges = n_threads * _RANGES_A_THREAD
    bounds = np.searchsorted(starts, np.linspace(0, n_pairs, n_ranges + 1)[1:-1].astype(np.int64)).tolist()
    ranges = [(begin, end) for begin, end in zip([0, *bounds], [*bounds, n_rows], strict=True) if begin < end]
    return list(in_threads(lambda bounds: work(*bounds), ranges, threads))


def _census(n: int, triangles: list[int], wedges: NDArray[np.int64], n_one_way: int, n_both: int) -> dict[str, int]:
    """All 16 classes, as exact integers.

    Triangles are given by code; pairs of neighbours (wedges) by the dyads of their centre, closed ones among them; and
    every connected pair stands in n - 2 triads.
    """
    found = [0] * len(TRIADS)
    for first in (1, 2, 3):
        for second in range(first, 4):
            found[CLASS_OF_CODE[first << 4 | second << 2]] += int(wedges[first, second])
    for code, count in enumerate(triangles):
        if count == 0:
            continue
        found[CLASS_OF_CODE[code]] += count
        for wedge, _ in wedges_of(code):
            found[CLASS_OF_CODE[wedge]] -= count
    census = dict(zip((motif.code for motif in TRIADS), found, strict=True))
    # A code begins with its numbers of mutual, asymmetric and null dyads.
    census["012"] = n_one_way * (n - 2) - sum(int(code[1]) * count for code, count in census.items())
    census["102"] = n_both * (n - 2) - sum(int(code[0]) * count for code, count in census.items())
    census["003"] = comb(n, 3) - sum(census.values())
    return census
