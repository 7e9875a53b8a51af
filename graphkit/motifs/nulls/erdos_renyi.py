"""Erdős-Rényi: as many connections, anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import comb, perm

import numpy as np
from numpy.typing import NDArray

from graphkit.edges import row_starts
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.names import CLASS_OF_CODE, TRIADS
from graphkit.motifs.nulls.sampling import Draw, Sampler, graphs

__all__ = ["KEEPS", "distinct_below", "erdos_renyi", "expected_triads", "sampler"]

KEEPS = "the numbers of neurons and of connections"


def erdos_renyi(graph: Graph, samples: int = 100, *, seed: int = 0, threads: int | None = None) -> Iterator[Graph]:
    """Random graphs with the neurons of ``graph`` and as many connections, autapses apart, between any two of them.

    Each such graph is as likely as another. The synapse counts are those of ``graph``, shuffled.

    Erdős & Rényi, Publicationes Mathematicae 6 (1959).

    Raises:
        GraphError: an argument is out of range.
    """
    return graphs(sampler(graph), samples, seed, threads)


def sampler(graph: Graph) -> Sampler:
    """What draws the samples of `erdos_renyi`."""
    graph = graph.without_autapses()
    n, m = graph.n_neurons, graph.n_connections

    def draw(rng: np.random.Generator, go_on: Callable[[], None]) -> Draw:
        from graphkit.motifs.nulls.rows import graph_of_rows

        go_on()
        key = distinct_below(n * (n - 1), m, rng)
        source, target = np.divmod(key, max(n - 1, 1))
        target += target >= source  # the neuron itself is left out
        synapses = graph.synapses[rng.permutation(graph.n_connections)]
        return Draw(graph_of_rows(graph, row_starts(source, n), target.astype(np.int32), synapses))

    return draw


def expected_triads(graph: Graph) -> dict[str, float]:
    """The expected triad census of `erdos_renyi`, exactly: each of the six connections of a triad is drawn without return.

    >>> round(sum(expected_triads(Graph.from_edges([1, 2, 3], [2, 3, 4])).values()), 6)
    4.0
    """
    graph = graph.without_autapses()
    n, m = graph.n_neurons, graph.n_connections
    expected = dict.fromkeys((motif.code for motif in TRIADS), 0.0)
    if n < 3:
        return expected
    pairs = n * (n - 1)
    for code, index in enumerate(CLASS_OF_CODE):
        there = code.bit_count()
        chance = Fraction(perm(m, there) * perm(pairs - m, 6 - there), perm(pairs, 6))
        expected[TRIADS[index].code] += float(comb(n, 3) * chance)
    return expected


def distinct_below(end: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """``count`` different integers of 0 ... end - 1, ascending; each set of them as likely as another."""
    if count > end:
        raise GraphError(f"There are no {count:,} different places among {end:,}.")
    if 2 * count > end:
        taken = np.zeros(end, dtype=np.bool_)
        taken[distinct_below(end, end - count, rng)] = True
        return np.flatnonzero(~taken)
    found = np.empty(0, dtype=np.int64)
    while len(found) < count:
        found = np.sort(np.concatenate([found, rng.integers(0, end, count - len(found) + 16)]))
        found = found[np.append(True, found[1:] != found[:-1])]  # np.unique takes a hundred times as long
    if len(found) > count:  # any of them may be too many
        found = np.delete(found, rng.choice(len(found), len(found) - count, replace=False))
    return found
